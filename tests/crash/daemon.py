#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""R4, R8, R12, R14: kill -9 of the whole keeper, on a bus of its own: in its first start, while its key is
sealed, in Setup, while the household's keys change, and at work. After each the keeper starts again and must hold
what it had answered for.

usage: daemon.py CUBBYD

CUBBYD: the one with failpoints. It is spoken to by a client of its own (tests/support/keeper.py)."""

import os
import random
import re
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
try:
    import dbus
except ImportError:
    print("1..0 # SKIP python3-dbus is not installed")
    sys.exit(0)
import keeper_world
import sodium
from report import Report

AT_START = ("step-committed:2", "age-written:1", "device-key-written:1", "device-key-synced:1",
            "device-key-renamed:1")
AT_SEALING = ("device-key-written:1", "device-key-synced:1", "device-key-exchanged:1")
AT_SETUP = ("setup-before-commit:1", "setup-committed:1")
AT_WORK = ("keep-before-commit:1", "keep-committed:2", "ask-before-commit:1", "ask-committed:1",
           "erase-slot-zeroed:2", "erase-slots-synced:1", "erase-after-bodies:1",
           "erase-after-metadata:1", "scrub-head-synced:1", "erase-after-checkpoint:1",
           "receipt-before-commit:1", "receipt-committed:1", "")
AT_REMOVAL = ("parent-remove-doors-ended:1", "parent-remove-before-commit:1", "reseal-committed:1",
              "reseal-checkpointed:1")
PASSPHRASE = "four quite ordinary words"


class Family:
    """What this keeper answered for so far."""

    def __init__(self, world):
        self.world = world
        self.secrets = None
        self.kept, self.between, self.deleted = {}, set(), set()
        self.log_seq = 0

    def begin(self):
        keeper = self.world.client()
        self.secrets, _ = keeper.setup("Robin", PASSPHRASE)
        path = str(keeper.call("Profiles", "Add", "ssa{sv}", "mia", "child"))
        keeper.grant([keeper.consent(self.secrets["sign"], path.rpartition("/")[2], kind)
                      for kind in ("audio", "transcript")])
        keeper.close()
        self.work(1)

    def work(self, rounds=40):
        """Keeps two and deletes one, again and again, until the keeper is gone."""
        keeper = self.world.client()
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

    def more_parents(self):
        """Bert, who will go, and Cara, who stays. Their codes are their names."""
        keeper = self.world.client()
        keeper.prove("Robin", PASSPHRASE)
        for name in ("Bert", "Cara"):
            keeper.add_parent(name, self.secrets["sign"], dict(self.secrets, sign=os.urandom(32)),
                              PASSPHRASE + name, name.encode() * 4)
        keeper.close()

    def remove_bert(self):
        """As a parent's client does it, from wherever the keeper is."""
        keeper = self.world.client()
        try:
            secrets = keeper.prove("Robin", PASSPHRASE)
            if "Bert" in [str(row[0]) for row in keeper.call("Parents", "List")]:
                cara = keeper.call("Parents", "Household")[1][1]
                secrets = keeper.remove_parent("Bert", secrets, [
                    ("Robin", sodium.sign_public(secrets["sign"])),
                    ("Cara", bytes.fromhex(sodium.verify(str(cara), "cubby-parent-1")["parent"]))])
            new, old = sodium.box_public(secrets["home"]), sodium.box_public(self.secrets["home"])
            moved = [(str(item), b"\1" + sodium.blake2b(new)[:8] + sodium.seal(new, sodium.unseal(
                old, self.secrets["home"], bytes(header)[9:]))) for item, header in
                     keeper.call("Parents", "ListOld", "sta{sv}", "home", 0)[0]]
            for page in (moved, []):
                keeper.call("Parents", "Reseal", "sa(say)a{sv}", "home",
                            dbus.Array(page, signature="(say)"))
            assert keeper.call("Parents", "ListOld", "sta{sv}", "home", 0) == ([], 0, 0)
        finally:
            keeper.close()
        self.secrets = secrets

    def cara_opens(self):
        keeper = self.world.client()
        assert keeper.prove("Cara", None, code=b"Cara" * 4)["home"] == self.secrets["home"]
        for item in self.kept:
            assert keeper.open(item, self.secrets["home"])["transcript"] == self.kept[item]
        keeper.close()

    def holds(self):
        """After a start. Anything that does not hold raises."""
        keeper = self.world.client()
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
    assert not world.start(CUBBY_FAILPOINT=point) and world.killed(), "it was not killed"
    assert world.start(), "it does not start again"
    Family(world).begin()
    world.stop()


def at_sealing(world, point):
    """The key's file was plain, and is to be sealed with a credential."""
    credentials, key = os.path.join(world.place, "credentials"), os.path.join(world.state, "device.key")
    os.makedirs(credentials, exist_ok=True)
    with open(os.path.join(credentials, "cubby.device-key"), "wb") as file:
        file.write(bytes(32))
    world.anew()
    assert world.start()
    with open(key, "rb") as file:
        plain = file.read()
    world.stop()
    with_it = {"CREDENTIALS_DIRECTORY": credentials}
    assert not world.start(CUBBY_FAILPOINT=point, **with_it) and world.killed(), "it was not killed"
    assert world.start(**with_it), "it does not start again"
    world.stop()
    with open(key, "rb") as file:
        assert sodium.unwrap(bytes(32), "cubby.device-key", file.read()) == plain, "another key"
    assert not os.path.exists(key + ".new"), "the plain one is there, too"


def at_setup(world, point):
    world.anew()
    assert world.start(CUBBY_FAILPOINT=point), "it does not start"
    family = Family(world)
    try:
        family.begin()
        raise AssertionError("Setup went through")
    except dbus.DBusException:
        pass
    assert world.killed(), "it was not killed"
    assert world.start(), "it does not start again"
    keeper = world.client()
    there = bool(keeper.get("Status", "Household"))
    assert there == point.startswith("setup-committed"), "half a household"
    if not there:
        keeper.close()
        family.begin()
    world.stop()


def at_removal(world, point):
    world.anew()
    assert world.start(CUBBY_FAILPOINT=point), "it does not start"
    family = Family(world)
    family.begin()
    family.more_parents()
    try:
        family.remove_bert()
        raise AssertionError("the removal went through")
    except dbus.DBusException:
        pass
    assert world.killed(), "it was not killed"
    assert world.start(), "it does not start again"
    family.remove_bert()
    family.holds()
    family.cara_opens()
    world.stop()


def at_work(world, family, point):
    assert world.start(CUBBY_FAILPOINT=point), "it does not start"
    if not point:
        threading.Timer(random.random() * 0.3, world.process.kill).start()
    family.work()
    assert world.killed(), "it was not killed"
    assert world.start(), "it does not start again"
    family.holds()
    world.stop()


def main(cubbyd):
    keeper_world.join()
    report = Report(len(AT_START) + len(AT_SEALING) + len(AT_SETUP) + len(AT_REMOVAL) + len(AT_WORK))
    world = keeper_world.World(cubbyd)
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
        for point in AT_SEALING:
            case(f"while_the_key_is_sealed_at_{point}", at_sealing, world, point)
        for point in AT_SETUP:
            case(f"in_setup_at_{point}", at_setup, world, point)
        for point in AT_REMOVAL:
            case(f"while_keys_change_at_{point}", at_removal, world, point)
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
