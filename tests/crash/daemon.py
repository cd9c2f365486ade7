#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""R4, R8, R14: kill -9 of the whole keeper, on a bus of its own, twenty times: in its first start, in
Setup, and at work. After each the keeper starts again and must hold what it had answered for.

usage: daemon.py CUBBYD

CUBBYD: the one with failpoints. It is spoken to by a client of its own (tests/support/keeper.py)."""

import grp
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
try:
    import dbus
except ImportError:
    print("1..0 # SKIP python3-dbus is not installed")
    sys.exit(0)
import sodium
from keeper import Keeper
from report import Report

AT_START = ("step-committed:2", "age-written:1", "device-key-written:1", "device-key-synced:1",
            "device-key-renamed:1")
AT_SETUP = ("setup-before-commit:1", "setup-committed:1")
AT_WORK = ("keep-before-commit:1", "keep-committed:2", "ask-before-commit:1", "ask-committed:1",
           "erase-slot-zeroed:2", "erase-slots-synced:1", "erase-after-bodies:1",
           "erase-after-metadata:1", "scrub-head-synced:1", "erase-after-checkpoint:1",
           "receipt-before-commit:1", "receipt-committed:1", "")
# Groups that every Debian has stand for ears and parents.
GROUPS = ("games", "users")
NOBODY = 65534
PASSPHRASE = "four quite ordinary words"
# The leak checker traces its process from outside, which the keeper's filter forbids.
os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path=%s/bus</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/>
<allow receive_sender="*"/></policy></busconfig>"""


class World:
    """A bus, a state directory, and a keeper that comes and goes."""

    def __init__(self, cubbyd):
        self.cubbyd = cubbyd
        self.place = tempfile.mkdtemp(prefix="cubby-daemon-")
        os.chmod(self.place, 0o755)
        self.state = os.path.join(self.place, "state")
        self.address = f"unix:path={self.place}/bus"
        for name, text in (("bus.conf", BUS_CONFIG % self.place),
                           ("cubbyd.conf", "[groups]\near = %s\nparents = %s\n" % GROUPS)):
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

    def start(self, point=""):
        """True when it is ready, False when it died before."""
        ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        ready.bind(f"{self.place}/ready")
        ready.settimeout(0.02)
        self.process = subprocess.Popen(
            [self.cubbyd, "--bus", self.address, "--state-dir", self.state, "--config",
             f"{self.place}/cubbyd.conf"], stderr=subprocess.DEVNULL,
            env={**os.environ, "NOTIFY_SOCKET": f"{self.place}/ready", "CUBBY_FAILPOINT": point})
        try:
            for _ in range(1000):
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


class Family:
    """What this keeper answered for so far."""

    def __init__(self, world):
        self.world = world
        self.secrets = None
        self.kept, self.between, self.deleted = {}, set(), set()
        self.log_seq = 0

    def client(self):
        """Nobody in particular, but no root: that one holds no role."""
        if os.geteuid() != 0:
            return Keeper(self.world.address)
        os.seteuid(NOBODY)
        try:
            return Keeper(self.world.address)
        finally:
            os.seteuid(0)

    def begin(self):
        keeper = self.client()
        self.secrets, _ = keeper.setup("Robin", PASSPHRASE)
        path = str(keeper.call("Profiles", "Add", "ssa{sv}", "mia", "child"))
        keeper.grant([keeper.consent(self.secrets["sign"], path.rpartition("/")[2], kind)
                      for kind in ("audio", "transcript")])
        keeper.close()
        self.work(1)

    def work(self, rounds=40):
        """Keeps two and deletes one, again and again, until the keeper is gone."""
        keeper = self.client()
        home = sodium.box_public(self.secrets["home"])
        try:
            for i in range(rounds):
                for _ in range(2):
                    word = b"word %d %d" % (i, random.getrandbits(60))
                    item = keeper.keep("mia", home, [("audio", b"fLaC" + word * 20),
                                                     ("transcript", word)])
                    self.kept[item] = word
                gone = random.choice(sorted(self.kept))
                del self.kept[gone]
                self.between.add(gone)
                job, _ = keeper.call("Archive", "Delete", "a{sv}a{sv}", dbus.Dictionary(
                    {"ids": dbus.Array([gone], signature="s")}, signature="sv"))
                self.between.discard(gone)
                self.deleted.add(gone)
                state = str(keeper.call("Job", "Wait", "a{sv}", path=job)[0])
                assert state == "done", state
        except dbus.DBusException as error:
            if error.get_dbus_name().startswith("org.cubby."):
                raise
        finally:
            keeper.close()

    def holds(self):
        """After a start. Anything that does not hold raises."""
        keeper = self.client()
        listed = {str(row[0]) for row in keeper.list()}
        assert not self.deleted & listed, "what was deleted is back"
        assert set(self.kept) <= listed, "what was kept is lost"
        for item in self.between & listed:
            self.kept[item] = None
        self.deleted |= self.between - listed
        self.between = set()
        assert int(keeper.call("Status", "Describe")["erasing"]) == 0, "deletions are pending"
        keeper.prove("Robin", PASSPHRASE)
        for item in random.sample(sorted(self.kept), min(3, len(self.kept))):
            opened = keeper.open(item, self.secrets["home"])
            assert self.kept[item] in (None, opened["transcript"]), "another word"
        seqs = [int(entry[0]) for entry in self.log(keeper)]
        assert seqs == list(range(1, len(seqs) + 1)), "the log has a hole"
        assert len(seqs) >= self.log_seq, "the log is shorter"
        self.log_seq = len(seqs)
        keeper.close()

    @staticmethod
    def log(keeper):
        entries, more = [], True
        while more:
            page, more = keeper.call("Log", "List", "ta{sv}",
                                     dbus.UInt64(int(entries[-1][0]) if entries else 0))
            entries += page
        return entries


def at_start(world, point):
    world.anew()
    assert not world.start(point) and world.killed(), "it was not killed"
    assert world.start(), "it does not start again"
    Family(world).begin()
    world.stop()


def at_setup(world, point):
    world.anew()
    assert world.start(point), "it does not start"
    family = Family(world)
    try:
        family.begin()
        raise AssertionError("Setup went through")
    except dbus.DBusException:
        pass
    assert world.killed(), "it was not killed"
    assert world.start(), "it does not start again"
    keeper = family.client()
    there = bool(keeper.get("Status", "Household"))
    assert there == point.startswith("setup-committed"), "half a household"
    if not there:
        keeper.close()
        family.begin()
    world.stop()


def at_work(world, family, point):
    assert world.start(point), "it does not start"
    if not point:
        threading.Timer(random.random() * 0.3, world.process.kill).start()
    family.work()
    assert world.killed(), "it was not killed"
    assert world.start(), "it does not start again"
    family.holds()
    world.stop()


def main(cubbyd):
    os.setgroups([grp.getgrnam(name).gr_gid for name in GROUPS])
    report = Report(len(AT_START) + len(AT_SETUP) + len(AT_WORK))
    world = World(cubbyd)
    random.seed(1)

    def case(name, function, *arguments):
        name = "test_r8_killed_" + re.sub(r"\W", "_", name)
        try:
            function(*arguments)
            report.case(name, True)
        except (AssertionError, dbus.DBusException, subprocess.TimeoutExpired) as problem:
            report.case(name, False, f"{type(problem).__name__}: {problem}")
            if world.process.poll() is None:
                world.stop()

    try:
        for point in AT_START:
            case(f"in_the_first_start_at_{point}", at_start, world, point)
        for point in AT_SETUP:
            case(f"in_setup_at_{point}", at_setup, world, point)
        world.anew()
        family = Family(world)
        assert world.start()
        family.begin()
        world.stop()
        for point in AT_WORK:
            case(f"at_work_at_{point or 'random'}", at_work, world, family, point)
    finally:
        world.end()
    return 1 if report.failed else 0


sys.exit(main(sys.argv[1]))
