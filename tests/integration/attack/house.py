# SPDX-License-Identifier: Apache-2.0
"""R17: an attacker inside the house. Root, the database and every other file, the bus in whatever
role, a parent's proof and the `release` key are the attacker's; the `home` key is not, for whoever has
that is a parent. Everything is tried to get an item of a child into an export. What an export hands
out is opened with the key at hand, and counted: 0. What crossed the bus is in the access log.

Here is the house with a real keeper, and the attacker's exporter."""

import contextlib
import json
import os
import shutil
import sys
import tempfile

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support")]
import dbus                                                     # noqa: E402
import pages                                                    # noqa: E402
import sodium                                                   # noqa: E402
from keeper import Keeper, memfd, parts_of                      # noqa: E402
from keeper_world import World, join                            # noqa: E402
from tap import Tap                                             # noqa: E402

PARENT, PASSPHRASE = "Anna", "velvet harbour nineteen umbrellas"
ADULTS, CHILDS = b"AN ADULT SAID THIS", b"MIA SAID THIS AND NOBODY ELSE"
WORDS = ("wake words", "Acme Lab")


class House:
    """A child with an item, an adult with two, of which one is approved; and the attacker."""

    def __init__(self, cubbyd):
        join()
        self.memory = tempfile.mkdtemp(prefix="cubby-attack-",
                                       dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
        self.world = World(cubbyd, f"{self.memory}/state")
        self.state, self.base = self.world.state, f"{self.memory}/base"
        assert self.world.start()
        self.keeper = self.world.client()
        secrets, self.code = self.keeper.setup(PARENT, PASSPHRASE.encode())
        self.prove("home")
        self.mia = self.person("mia", "child")
        self.person("dad", "adult")
        self.keeper.grant([self.keeper.consent(secrets["sign"], self.mia, kind)
                           for kind in ("audio", "transcript")])
        self.home, self.release = sodium.box_public(secrets["home"]), secrets["release"]
        self.child = self.said("mia", CHILDS)
        self.adult, self.other = self.said("dad", ADULTS), self.said("dad", ADULTS)
        self.approve(self.adult, ADULTS)
        # What counts can see: the child's words are there, for who has the key.
        assert CHILDS in self.keeper.open(self.child, secrets["home"])["audio"]
        self.key = self.keeper.identity()["key"]
        self.stop()
        shutil.copytree(self.state, self.base)
        self.start()

    def end(self):
        self.keeper.close()
        self.world.end()
        shutil.rmtree(self.memory)

    def person(self, name, kind):
        return str(self.keeper.call("Profiles", "Add", "ssa{sv}", name, kind)).rpartition("/")[2]

    def said(self, profile, words):
        return self.keeper.keep(profile, self.home, [("audio", b"fLaC" + words),
                                                     ("transcript", words)])

    def prove(self, *secrets):
        return self.keeper.prove(PARENT, None, secrets, code=self.code)

    def start(self):
        assert self.world.start(), "it does not start"
        self.keeper = self.world.client()
        self.prove("release")

    def stop(self):
        self.keeper.close()
        self.world.stop()

    def anew(self):
        shutil.rmtree(self.state)
        shutil.copytree(self.base, self.state)

    # The attacker's exporter.

    def approve(self, item, words, bodies=None, **options):
        """Seals what there is to the release key. bodies: ciphertext as it is."""
        public, secret = sodium.box_pair()
        copy, kinds, sealed, _ = self.keeper.call("Export", "BeginApproval", "saya{sv}", item,
                                                  public)
        keys = sodium.unseal(public, secret, bytes(sealed))
        fk, head = sodium.header(sodium.box_public(self.release))
        parts, content = parts_of(bodies or [
            (str(kind), sodium.body(fk, keys[32 * i:32 * i + 32], bytes.fromhex(copy), str(kind),
                                    b"fLaC" + words)) for i, kind in enumerate(kinds)])
        fd = memfd(content)
        self.keeper.call("Export", "Approve", "saya(stt)hssa{sv}", copy, head, parts,
                         dbus.types.UnixFd(fd), *WORDS, dbus.Dictionary(options, signature="sv"))
        os.close(fd)
        return str(copy)

    def sealed(self, item):
        """An item's ciphertext, as whoever has a proof gets it: [(kind, body)]."""
        public, _ = sodium.box_pair()
        _, parts, bodies, _ = self.keeper.call("Archive", "Open", "sasaya{sv}", item,
                                               dbus.Array([], signature="s"), public)
        bodies = self.keeper.contents(bodies)
        return [(str(kind), bodies[int(at):int(at) + int(n)]) for kind, at, n in parts]

    def begin(self):
        return str(self.keeper.call("Export", "Begin", "ssssa{sv}", *WORDS, "hf", "flac")[0])

    def fetch(self, export):
        """[(token, what of it the release key opens)]: whatever does not open is empty."""
        public, private = sodium.box_pair()
        items, bodies, sealed = self.keeper.call("Export", "Fetch", "saya{sv}", export, public)
        bodies, keys = self.keeper.contents(bodies), sodium.unseal(public, private, bytes(sealed))
        found, first = [], 0
        for token, copy, head, parts in items:
            content = {}
            with contextlib.suppress(sodium.Refused):
                content = self.keeper._opened(str(copy), head, parts, bodies, keys[32 * first:],
                                              self.release)
            found.append((str(token), content))
            first += len(parts)
        return found

    def wrote(self, export, tokens):
        rows = [(token, dbus.UInt64(7), *[dbus.ByteArray(os.urandom(32))] * 4) for token in tokens]
        self.keeper.call("Export", "Wrote", "sa(stayayayay)a{sv}", export,
                         dbus.Array(rows, signature="(stayayayay)"))

    def finish(self, export):
        """The tokens in the manifest, once all recalls are heeded."""
        head, heeded = "", 0
        while not head:
            head, lines, heeded = self.keeper.call("Export", "Finish", "sua{sv}", export,
                                                   dbus.UInt32(heeded))
            lines = self.keeper.contents(lines).decode().splitlines()
        return [json.loads(line)["token"] for line in lines]

    def recalls(self):
        """{token: reason} of the newest list."""
        head, lines = self.keeper.call("Export", "Recalls")
        sodium.verify(str(head), "cubby-recalls-1", bytes.fromhex(self.key))
        rows = map(json.loads, self.keeper.contents(lines).decode().splitlines())
        return {row["token"]: row["reason"] for row in rows}

    def given_away(self):
        """How many items of a child, and of an adult, an export hands out."""
        childs = adults = 0
        try:
            export = self.begin()
            for _, content in self.fetch(export):
                said = b"".join(content.values())
                childs += CHILDS in said
                adults += ADULTS in said
            self.keeper.call("Export", "Cancel", "sa{sv}", export)
        except dbus.DBusException as error:
            assert error.get_dbus_name().endswith((".NotFound", ".NotAuthorized", ".Failed")), error
        return childs, adults

    def by_every_road(self):
        """The child's items that come out by what the attacker has, after what was done."""
        keeper, child = self.keeper, self.child
        for read in (lambda: keeper.open(child, self.release).values(),
                     lambda: [part for parts in keeper.open_many([child], self.release)[0].values()
                              for part in parts.values()],
                     lambda: [keeper.read(child, "audio", self.release)]):
            with contextlib.suppress(dbus.DBusException, sodium.Refused):
                assert CHILDS not in b"".join(read())
        with contextlib.suppress(dbus.DBusException):
            self.approve(self.child, b"", self.sealed(self.child))
        return self.given_away()[0]

    # The access log.

    def log(self, after=0):
        entries, more = [], True
        while more:
            page, more = self.keeper.call("Log", "List", "ta{sv}", dbus.UInt64(after))
            entries += [(int(row[0]), json.loads(row[2])) for row in page]
            after = entries[-1][0] if page else after
        return entries

    def last(self):
        return self.log()[-1][0]


@contextlib.contextmanager
def logged(house, **wanted):
    """What is done inside leaves an entry with these members."""
    after = house.last()
    yield
    found = [entry for _, entry in house.log(after)]
    assert any(all(entry.get(key) == value for key, value in wanted.items()) for entry in found), \
        (wanted, found)


def refused(name, call, *arguments, **options):
    try:
        call(*arguments, **options)
    except dbus.DBusException as error:
        assert error.get_dbus_name().endswith(f".{name}"), error
        assert error.get_dbus_message(), error
        return
    raise AssertionError(f"{arguments} was not refused")


def tamper(house, steps, walls=False):
    """Runs SQL on the files as who knows their format does, without the schema's triggers, or with
    them."""
    with pages.database(f"{house.state}/cubby.db") as db:
        triggers = [] if walls else db.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            db.execute(f"DROP TRIGGER {name}")
        for step in steps:
            db.execute(step)
        for _, sql in triggers:
            db.execute(sql)


def run(tests, *more):
    """The tests of a program, in their order, on one house."""
    tap, house = Tap(), House(sys.argv[1])
    given = [house, *(each(house) for each in more)]
    try:
        for name, function in list(tests.items()):
            if name.startswith("test_"):
                tap.run(name, function, *given)
    finally:
        house.end()
    return tap.done()
