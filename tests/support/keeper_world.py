# SPDX-License-Identifier: Apache-2.0
"""A keeper on a bus of its own, without a sandbox: for tests that kill it or look at its disk. Who
calls `join()` first stands for ear and parent."""

import grp
import os
import shutil
import socket
import subprocess
import tempfile
import time

from keeper import Keeper

# Groups that every Debian has stand for ears and parents.
GROUPS = ("games", "users")
NOBODY = 65534
# The leak checker traces its process from outside, which the keeper's filter forbids.
os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path=%s/bus</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/>
<allow receive_sender="*"/></policy></busconfig>"""
CONFIG = """[groups]
ear = %s
parents = %s
[bus]
rate = 6000
"""


def join():
    """This process is in the groups of both from here on."""
    os.setgroups([grp.getgrnam(name).gr_gid for name in GROUPS])


class World:
    """A bus, a state directory, and a keeper that comes and goes."""

    def __init__(self, cubbyd, state=None):
        self.cubbyd = cubbyd
        self.place = tempfile.mkdtemp(prefix="cubby-daemon-")
        os.chmod(self.place, 0o755)
        self.state = state or os.path.join(self.place, "state")
        self.address = f"unix:path={self.place}/bus"
        for name, text in (("bus.conf", BUS_CONFIG % self.place),
                           ("cubbyd.conf", CONFIG % GROUPS)):
            with open(os.path.join(self.place, name), "w", encoding="utf-8") as file:
                file.write(text)
        self.bus = subprocess.Popen(["dbus-daemon", "--nofork", "--nopidfile",
                                     f"--config-file={self.place}/bus.conf"],
                                    stderr=subprocess.DEVNULL)
        self.wait_for(lambda: os.path.exists(f"{self.place}/bus"))
        self.process = None

    @staticmethod
    def wait_for(true):
        end = time.monotonic() + 20
        while not true():
            assert time.monotonic() < end, "waited in vain"
            time.sleep(0.005)

    def start(self, **environment):
        """True when it is ready, False when it died before."""
        ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        ready.bind(f"{self.place}/ready")
        ready.settimeout(0.02)
        self.process = subprocess.Popen(
            [self.cubbyd, "--bus", self.address, "--state-dir", self.state, "--config",
             f"{self.place}/cubbyd.conf"], stderr=subprocess.DEVNULL,
            env={**os.environ, "NOTIFY_SOCKET": f"{self.place}/ready", **environment})
        try:
            for _ in range(3000):
                try:
                    return ready.recv(100) == b"READY=1"
                except socket.timeout:
                    if self.process.poll() is not None:
                        return False
            raise AssertionError("neither ready nor dead")
        finally:
            ready.close()
            os.unlink(f"{self.place}/ready")

    def killed(self):
        """It died of kill -9."""
        return self.process.wait(20) == -9

    def stop(self):
        self.process.terminate()
        self.process.wait(20)

    def anew(self):
        shutil.rmtree(self.state, ignore_errors=True)

    def end(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.bus.terminate()
        self.bus.wait()
        shutil.rmtree(self.place)

    def client(self, **options):
        """Nobody in particular, but no root: that one holds no role."""
        if os.geteuid() != 0:
            return Keeper(self.address, **options)
        os.seteuid(NOBODY)
        try:
            return Keeper(self.address, **options)
        finally:
            os.seteuid(0)
