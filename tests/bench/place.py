# SPDX-License-Identifier: Apache-2.0
"""Where things are measured: a disk of their own, and a bus with the real cubbyd on it."""

import os
import shutil
import socket
import subprocess
import tempfile
import time

GIB = 1 << 30
# Groups that every Debian has stand for ears and parents; nobody is in the second.
GROUPS, NOBODY, PARENTS_GID = ("games", "users"), 65534, 100
BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path=%s/bus</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/>
<allow receive_sender="*"/></policy></busconfig>"""


def run(*command, **options):
    return subprocess.run([str(part) for part in command], check=True, **options)


def timed_ms(*command):
    begin = time.monotonic()
    run(*command, stdout=subprocess.DEVNULL)
    return (time.monotonic() - begin) * 1e3


class Disk:
    """A directory on an ext4 of its own, or, without root, just a directory here."""

    def __init__(self, gib):
        self.note, self.mounted = "", False
        self.place = tempfile.mkdtemp(prefix="cb-", dir="/tmp" if os.geteuid() == 0 else ".")
        self.where = os.path.join(self.place, "d")
        os.mkdir(self.where)
        if os.geteuid() != 0:
            self.note = "without root: in the current directory, not on a loop image"
            return
        image = os.path.join(self.place, "image")
        with open(image, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, gib * GIB)
        run("mkfs.ext4", "-q", "-b", "4096", "-m", "0", "-N", str(gib * 100000), "-E",
            "nodiscard,lazy_itable_init=0,lazy_journal_init=0", image)
        run("flock", "/tmp/.cubby-loop.lock", "mount", "-o", "loop,nodiscard", image, self.where)
        self.mounted = True

    def path(self, name):
        return os.path.join(self.where, name)

    def fresh(self, name):
        path = self.path(name)
        shutil.rmtree(path, ignore_errors=True)
        os.mkdir(path, 0o700)
        return path

    def settle(self):
        """What an earlier step left to be written does not count in the next."""
        if self.mounted:
            run("sync", "-f", self.where)
        else:
            os.sync()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.mounted:
            subprocess.run(["umount", "-l", self.where], check=False)
        shutil.rmtree(self.place, ignore_errors=True)


class World:
    """A bus of its own, and the real cubbyd on a state directory."""

    def __init__(self, cubbyd):
        self.cubbyd, self.process = cubbyd, None
        self.place = tempfile.mkdtemp(prefix="cb-bus-", dir="/tmp")
        os.chmod(self.place, 0o755)
        self.address = f"unix:path={self.place}/bus"
        for name, text in (("bus.conf", BUS_CONFIG % self.place),
                           ("cubbyd.conf", "[groups]\near = %s\nparents = %s\n" % GROUPS)):
            with open(os.path.join(self.place, name), "w", encoding="utf-8") as file:
                file.write(text)
        self.bus = subprocess.Popen(["dbus-daemon", "--nofork", "--nopidfile",
                                     f"--config-file={self.place}/bus.conf"],
                                    stderr=subprocess.DEVNULL)
        while not os.path.exists(f"{self.place}/bus"):
            time.sleep(0.005)

    def start(self, state):
        """How long it takes to be ready, in ms: to own its name, every erasure finished."""
        ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        ready.bind(f"{self.place}/ready")
        ready.settimeout(60)
        begin = time.monotonic()
        self.process = subprocess.Popen(
            [self.cubbyd, "--bus", self.address, "--state-dir", state, "--config",
             f"{self.place}/cubbyd.conf"], stderr=subprocess.DEVNULL,
            env={**os.environ, "NOTIFY_SOCKET": f"{self.place}/ready"})
        try:
            while ready.recv(100) != b"READY=1":
                pass
        except socket.timeout as problem:
            raise SystemExit(f"cubbyd does not start on {state}") from problem
        took = (time.monotonic() - begin) * 1e3
        ready.close()
        os.unlink(f"{self.place}/ready")
        return took

    def resident_mib(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) / 1024 for line in file if line.startswith("VmRSS"))

    def stop(self):
        self.process.terminate()
        self.process.wait(60)

    def end(self):
        self.bus.terminate()
        self.bus.wait()
        shutil.rmtree(self.place)


class Gocryptfs:
    """A directory that gocryptfs encrypts, on this disk; None where there is no such program."""

    def __init__(self, disk):
        self.disk, self.where = disk, None

    def __enter__(self):
        if not shutil.which("gocryptfs") or not os.access("/dev/fuse", os.W_OK):
            return None
        cipher, where = self.disk.fresh("cipher"), self.disk.fresh("plain")
        password = os.path.join(self.disk.place, "password")
        with open(password, "w", encoding="ascii") as file:
            file.write("not a secret\n")
        options = ("-q", "-passfile", password)
        run("gocryptfs", "-init", "-scryptn", "10", *options, cipher)
        run("gocryptfs", *options, cipher, where)
        self.where = where
        return where

    def __exit__(self, *_):
        if self.where:
            subprocess.run(["umount", self.where], check=False)
