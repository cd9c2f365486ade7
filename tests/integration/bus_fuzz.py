#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""R13: a running keeper on a real bus, called with whatever: every method of schemas/dbus and some
that are none, as parent (with and without a proof), ear, stranger and root, in any order; arguments of
wrong types, huge ones, edges of ranges, descriptors that are shut, unread or no memfd, connections
that leave before the answer or never read it. It must not die, must answer or refuse each call with an
error that the XML declares, must answer nothing to whom it does not allow, and keeps no descriptor.

usage: bus_fuzz.py CUBBYD CUBBYD_FAILPOINTS [SEED]

300 calls (150 under a sanitizer), always the same; with CUBBY_TEST_SLOW=1 10,000 of another seed each
time (6 min on a very busy machine). The seed is printed: with it the same calls are made again. A
keeper that keeps descriptors, on purpose, has to be found."""

import collections
import functools
import grp
import os
import random
import sys
import time
import xml.etree.ElementTree as ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "support"), os.path.join(HERE, "..", "crash")]
try:
    import dbus
    import dbus.lowlevel
except ImportError:
    print("1..0 # SKIP python3-dbus is not installed")
    sys.exit(0)
import sodium                                               # noqa: E402
from keeper import Keeper, NAME, PATH, memfd                # noqa: E402
from keeper_world import GROUPS, NOBODY, World, join        # noqa: E402
from report import Report                                   # noqa: E402

# The passphrase is stretched once, and not for every connection.
SALT = os.urandom(16)
sodium.argon2id = functools.lru_cache(sodium.argon2id)
SCHEMAS = os.path.join(HERE, "..", "..", "schemas", "dbus")
SLOW = os.environ.get("CUBBY_TEST_SLOW") == "1"
PARENT, PASSPHRASE = "Robin", "four quite ordinary words"
EAR, PARENTS = ([grp.getgrnam(name).gr_gid] for name in GROUPS)
# Who calls: the groups they are in as they connect, what they may be, and whether they prove.
ROLES = {"stranger": ([], {"anyone"}), "root": (PARENTS, {"anyone"}),
         "ear": (EAR, {"anyone", "ear"}), "parent": (PARENTS, {"anyone", "parent"}),
         "proved": (PARENTS, {"anyone", "parent", "proof"})}
# What needs no declaration, of the keeper and of the bus.
ALWAYS = {"NotAuthorized", "InvalidArgument", "RateLimited", "Busy", "Failed"}
OF_THE_BUS = {f"org.freedesktop.DBus.Error.{name}" for name in (
    "UnknownMethod", "UnknownInterface", "UnknownObject", "UnknownProperty", "PropertyReadOnly",
    "InvalidArgs", "LimitsExceeded", "AccessDenied")}
OWN_FAULT = "its log says why"
EDGES = [0, 1, 2, 59, 60, 500, 501, 86400, 2**31 - 1, 2**31, 2**32 - 1]
MANY = 2000

Method = collections.namedtuple("Method", "interface name signature names roles errors")


def methods():
    found = []
    for file in sorted(os.listdir(SCHEMAS)):
        for interface in ElementTree.parse(os.path.join(SCHEMAS, file)).getroot():
            for element in interface.findall("method"):
                notes = {note.get("name"): note.get("value")
                         for note in element.findall("annotation")}
                given = [arg for arg in element.findall("arg")
                         if arg.get("direction", "in") == "in"]
                found.append(Method(
                    interface.get("name"), element.get("name"),
                    "".join(arg.get("type") for arg in given),
                    [arg.get("name") for arg in given],
                    set(notes.get("org.cubby.Access", "").split()),
                    set(notes.get("org.cubby.Errors", "").split()) | ALWAYS))
    return found


class Values:
    """Arguments of a signature: things of this household, edges, and nonsense."""

    def __init__(self, rng, words, sensible):
        self.rng, self.words, self.sensible = rng, words, sensible

    def named(self, name, signature):
        """More often than not what an argument of this name is meant to be."""
        if name == "options" and self.rng.random() < 0.8:
            return dbus.Dictionary({}, signature="sv")
        if name in self.sensible and self.rng.random() < 0.7:
            return self.sensible[name]
        return self.of(signature)

    def text(self):
        rng = self.rng
        kind = rng.random()
        if kind < 0.7:
            return rng.choice(self.words)
        if kind < 0.75:
            return "x" * rng.choice((255, 4096, 30000, 60000))
        return "".join(rng.choice("aZ09 -_/.\n\u00e9\u4e2d\U0001f9f8%\"'") for _ in range(rng.randrange(40)))

    def descriptor(self):
        rng = self.rng
        how = rng.randrange(6)
        if how == 0:
            fd = memfd(rng.randbytes(rng.choice((1, 1066, 5000))))
        elif how == 1:
            fd = memfd(b"not sealed", seals=0)
        elif how == 2:
            fd = os.open(rng.choice(("/dev/null", "/dev/zero", "/", "/proc/self/mem")), os.O_RDONLY)
        elif how == 3:      # nobody will ever write
            fd, other = os.pipe()
            os.close(other)
        elif how == 4:      # nobody will ever read
            other, fd = os.pipe()
            os.close(other)
        else:
            fd = memfd(b"")
        taken = dbus.types.UnixFd(fd)
        os.close(fd)
        return taken

    def of(self, signature, depth=0):
        rng = self.rng
        code = signature[0]
        if code in "sog":
            return {"o": dbus.ObjectPath("/a"), "g": dbus.Signature("s")}.get(code) or self.text()
        if code == "b":
            return rng.random() < 0.5
        if code in "ynqiuxt":
            low, high = {"y": (0, 2**8), "n": (-2**15, 2**15), "q": (0, 2**16), "i": (-2**31, 2**31),
                         "u": (0, 2**32), "x": (-2**63, 2**63), "t": (0, 2**64)}[code]
            value = rng.choice(EDGES + [low, high - 1, rng.randrange(low, high)])
            return min(max(value, low), high - 1)
        if code == "d":
            return rng.choice((0.0, -1.0, float("inf"), float("nan"), 1e308))
        if code == "h":
            return self.descriptor()
        if code == "v":
            inner = rng.choice(("s", "u", "b", "t", "x", "as", "ay", "d", "v", "a{sv}"))
            if depth > 4:
                inner = "u"
            return self.variant(inner, depth)
        if signature == "ay":
            return dbus.ByteArray(rng.randbytes(rng.choice((0, 1, 31, 32, 33, 89, 200, 60000))))
        if code == "a":
            n = rng.choice((0, 1, 1, 2, 3, MANY if len(signature) < 4 and rng.random() < 0.2 else 4))
            if signature[1] == "{":
                return dbus.Dictionary(dict(self.entry(depth) for _ in range(n)),
                                       signature=signature[2:-1])
            return dbus.Array([self.of(signature[1:], depth + 1) for _ in range(n)],
                              signature=signature[1:])
        return dbus.Struct([self.of(str(part), depth + 1) for part in dbus.Signature(signature[1:-1])])

    def variant(self, inner, depth):
        value = self.of(inner, depth + 1)
        kinds = {"s": dbus.String, "u": dbus.UInt32, "b": dbus.Boolean, "t": dbus.UInt64,
                 "x": dbus.Int64, "d": dbus.Double}
        if inner == "v":
            return dbus.String("v", variant_level=2)
        if inner in kinds:
            return kinds[inner](value, variant_level=1)
        if inner == "ay":
            return dbus.ByteArray(value, variant_level=1)
        return type(value)(value, signature=value.signature, variant_level=1)

    def entry(self, depth):
        key = self.rng.choice(("ids", "profile", "since", "until", "kind", "all", "cursor", "limit",
                               "dry-run", "location", "")) if self.rng.random() < 0.9 else self.text()
        return key, self.of("v", depth + 1)


class Fuzz:
    def __init__(self, cubbyd, seed, **environment):
        join()
        self.rng = random.Random(seed)
        self.world = World(cubbyd)
        self.methods = methods()
        self.tally = collections.Counter()
        self.wrong = []
        assert self.world.start(**environment), "it does not start"
        keeper = self.world.client()
        self.secrets, _ = keeper.setup(PARENT, PASSPHRASE, SALT)
        profile = str(keeper.call("Profiles", "Add", "ssa{sv}", "mia", "child"))
        child = profile.rpartition("/")[2]
        statements = [keeper.consent(self.secrets["sign"], child, kind)
                      for kind in ("audio", "transcript")]
        keeper.grant(statements)
        home = sodium.box_public(self.secrets["home"])
        items = [keeper.keep("mia", home, [("audio", b"fLaC"), ("transcript", b"words")])
                 for _ in range(4)]
        sensible = {"id": items[0], "ids": dbus.Array(items[:2], signature="s"), "profile": "mia",
                    "kind": "audio", "kinds": dbus.Array(["audio"], signature="s"), "name": "leo",
                    "type": "child", "reply_key": dbus.ByteArray(home), "door": "passphrase",
                    "after": 0, "offset": 0, "keep_s": 3600, "span": "last",
                    "selection": dbus.Dictionary({"profile": "mia"}, signature="sv"),
                    "statements": dbus.Array(statements, signature="s"), "format": "hf",
                    "encoding": "flac", "purpose": "words", "recipient": "lab"}
        self.values = Values(self.rng, ["", "mia", child, "audio", "transcript", "location", "child",
                                        "adult", "today", "passphrase", PARENT, "lab", "hf", "flac",
                                        statements[0], *items], sensible)
        self.paths = [PATH, PATH, PATH, PATH, profile, f"{PATH}/job/1", "/", "/nowhere"]
        # What it opens for its own look at the database it keeps for the next one.
        keeper.delete(ids=dbus.Array([items.pop()], signature="s"))
        keeper.call("Drill", "Run")
        keeper.close()
        self.callers = {}

    def end(self):
        self.world.end()

    # Callers.

    def connect(self, role):
        """A connection of that role. The bus looks at the groups as it begins."""
        if os.geteuid() != 0:
            return self.world.client()
        os.setgroups(ROLES[role][0])
        if role != "root":
            os.seteuid(NOBODY)
        try:
            keeper = Keeper(self.world.address)
        finally:
            os.seteuid(0)
            join()
        if role == "proved":
            self.prove(keeper)
        return keeper

    @staticmethod
    def prove(keeper):
        try:
            keeper.prove(PARENT, PASSPHRASE)
        except (dbus.DBusException, sodium.Refused, ValueError, AssertionError):
            pass        # another call has changed the door, or erased all of it

    def caller(self, role):
        if role not in self.callers:
            self.callers[role] = self.connect(role)
        return self.callers[role]

    # Calls.

    def message(self):
        """A call, and the method it is for; None where there is none such."""
        rng = self.rng
        method = rng.choice(self.methods)
        interface, name, signature, path = method.interface, method.name, method.signature, PATH
        names = method.names
        if interface.endswith((".Job", ".Profile")) or rng.random() < 0.05:
            path = rng.choice(self.paths)
        how = rng.random()
        if how < 0.1:
            signature = rng.choice(("", "s", "ay", "a{sv}", "h", "v", "(ss)a{sv}", signature + "s",
                                    "aas", signature[:-5] if signature.endswith("a{sv}") else "u"))
            names = ()
        elif how < 0.13:
            name, method = rng.choice(("Get", "Set", "", "list")) or "X", None
        elif how < 0.16:
            interface, method = rng.choice((f"{NAME}.Nothing", "org.freedesktop.DBus.Peer",
                                            "org.freedesktop.DBus.Properties")), None
        # Who erases everything leaves nothing to be tried.
        if name == "Reset" and rng.random() < 0.9:
            name, method = "List", self.find(f"{NAME}.Parents", "List")
            signature, names = method.signature, method.names
        message = dbus.lowlevel.MethodCallMessage(NAME, path, interface, name)
        arguments = [self.values.named(names[i] if i < len(names) else "", str(part))
                     for i, part in enumerate(dbus.Signature(signature))]
        message.append(signature=signature, *arguments)
        return message, method, f"{interface[len(NAME) + 1:]}.{name}({signature})"

    def find(self, interface, name):
        return next(m for m in self.methods if (m.interface, m.name) == (interface, name))

    def judge(self, role, method, what, error):
        short = error.get_dbus_name() if error else ""
        self.tally[short.rpartition(".")[2] or "answered"] += 1
        if not error:
            if method and not method.roles & ROLES[role][1]:
                self.wrong.append(f"{role} was answered: {what}")
            return
        text = error.get_dbus_message() or ""
        declared = OF_THE_BUS | {f"{NAME}.Error.{name}" for name in
                                 (method.errors if method else ALWAYS | {"NotFound"})}
        if short not in declared:
            self.wrong.append(f"{role}: {what}: {short} is not declared: {text}")
        elif OWN_FAULT in text or not text:
            self.wrong.append(f"{role}: {what}: {short}: {text or 'without a word'}")

    def call(self):
        rng = self.rng
        role, = rng.choices(list(ROLES), (1, 1, 2, 2, 4))
        message, method, what = self.message()
        keeper = self.caller(role)
        connection = keeper.bus
        how = rng.random()
        try:
            if how < 0.06:      # leaves before the answer
                connection.send_message(message)
                connection.flush()
                self.drop(role)
                self.tally["left"] += 1
            elif how < 0.12:    # reads it when it likes
                message.set_no_reply(rng.random() < 0.5)
                connection.send_message(message)
                self.tally["unread"] += 1
            else:
                connection.send_message_with_reply_and_block(message, 120.0)
                self.judge(role, method, what, None)
        except dbus.DBusException as error:
            if error.get_dbus_name().endswith(("NoReply", "Timeout", "ServiceUnknown")):
                self.wrong.append(f"{role}: {what}: {error}")
            elif error.get_dbus_name().endswith("Disconnected"):
                self.drop(role)
            else:
                self.judge(role, method, what, error)

    def drop(self, role):
        self.callers.pop(role).close()

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.world.process.pid}/fd"))

    def settled(self, most, seconds=60):
        """Nobody is connected any more: does it hold no more than before?"""
        end = time.monotonic() + seconds
        with_one = self.world.client()
        while self.descriptors() > most and time.monotonic() < end:
            with_one.get("Status", "Version")
            time.sleep(0.01)
        with_one.close()
        return self.descriptors()

    def run(self, calls):
        first = self.settled(0, 0)
        for n in range(calls):
            self.call()
            if self.rng.random() < 0.01 and self.callers:
                self.drop(self.rng.choice(sorted(self.callers)))
            assert self.world.process.poll() is None, \
                f"it died at call {n}, status {self.world.process.returncode}"
        while self.callers:
            self.drop(next(iter(self.callers)))
        return first


def fuzz(cubbyd, seed, calls):
    fuzzing = Fuzz(cubbyd, seed)
    try:
        first = fuzzing.run(calls)
        last = fuzzing.settled(first)
        assert not fuzzing.wrong, "\n".join(fuzzing.wrong[:20])
        assert last <= first, f"{first} descriptors became {last}"
        assert fuzzing.tally["answered"] > calls // 30, f"hardly an answer: {fuzzing.tally}"
        fuzzing.world.stop()
        assert fuzzing.world.process.returncode == 0, \
            f"it died at its end, status {fuzzing.world.process.returncode}"
        return f"{calls} calls: {dict(fuzzing.tally.most_common())}"
    finally:
        fuzzing.end()


def seeded(cubbyd, seed):
    """A keeper that forgets to close what it is handed."""
    fuzzing = Fuzz(cubbyd, seed, CUBBY_SEEDED_FAULT="descriptor-left")
    try:
        fuzzing.methods = [m for m in fuzzing.methods if "h" in m.signature]
        first = fuzzing.run(80)
        last = fuzzing.settled(first, 1)
        assert last > first, f"it keeps descriptors, and {first} are {last}"
        return f"{first} descriptors became {last}"
    finally:
        fuzzing.end()


def main(cubbyd, failpoints, seed=None):
    seed = int(seed) if seed else random.SystemRandom().randrange(2**32) if SLOW else 1
    with open(cubbyd, "rb") as file:
        calls = 150 if b"__asan_init" in file.read() else 300
    report = Report(2)
    for name, function, arguments in (
            ("test_r13_whatever_is_called", fuzz, (cubbyd, seed, 10000 if SLOW else calls)),
            ("test_r13_a_descriptor_that_stays_is_found", seeded, (failpoints, seed))):
        begun = time.monotonic()
        try:
            report.case(name, True, f"seed {seed}: {function(*arguments)}, "
                                    f"{time.monotonic() - begun:.1f} s")
        except (AssertionError, dbus.DBusException) as problem:
            report.case(name, False, f"seed {seed}: {problem}".replace("\n", "\n# "))
    return 1 if report.failed else 0


sys.exit(main(*sys.argv[1:]))
