# SPDX-License-Identifier: Apache-2.0
"""A family whose every byte is known to the test: what was given to the keeper, what the keeper gave
back, and what root reads in its files. Later it is looked for on the raw disk."""

import collections
import copy
import ctypes
import json
import os
import random
import shutil
import sqlite3
import struct
import tempfile

import dbus

import disk
import sodium
from keeper import memfd, parts_of

PASSPHRASE = b"velvet harbour nineteen umbrellas"
DAY_S = 86400
KEEP_S = {"audio": 5 * DAY_S, "transcript": 20 * DAY_S, "location": 5 * DAY_S}
VOICE_S = 10 * DAY_S
CROWD = 300
CHILDREN, ADULT = ("Adelgundis", "Balthasar"), "Cunigunde"

# Something to look for. owner: what it must go with: an item's id, (id, kind) of a part, a profile's
# nickname, "never" for what must not be written; what root saw in the keeper's files owns itself.
Needle = collections.namedtuple("Needle", "kind owner content")


class Item:
    def __init__(self, number, profile, day, kinds, source=None):
        self.id, self.profile, self.day = number, profile, day
        self.kinds, self.source = set(kinds), source


def flac(pcm):
    """As a FLAC stream, by libsndfile."""
    class Info(ctypes.Structure):
        _fields_ = [("frames", ctypes.c_int64), *((name, ctypes.c_int) for name in
                    ("rate", "channels", "format", "sections", "seekable"))]
    sndfile = ctypes.CDLL("libsndfile.so.1")
    sndfile.sf_open_fd.restype = ctypes.c_void_p
    fd = os.memfd_create("flac")
    info = Info(0, 16000, 1, 0x170002, 0, 0)    # FLAC, 16 bits
    file = ctypes.c_void_p(sndfile.sf_open_fd(fd, 0x20, ctypes.byref(info), 0))
    assert file, "libsndfile writes no FLAC"
    sndfile.sf_write_short(file, pcm, ctypes.c_int64(len(pcm) // 2))
    sndfile.sf_close(file)
    stream = os.pread(fd, 1 << 24, 0)
    os.close(fd)
    return stream


def pieces(content, step=2048, size=32):
    return [content[at:at + size] for at in range(step // 2, len(content) - size, step)]


class Found:
    """How often each needle is on a disk, and what went before."""

    def __init__(self, copies, gone):
        self.copies, self.gone = copies, gone

    def of(self, true):
        return [needle for needle in self.copies if true(needle)]

    def is_gone(self, needle):
        return needle.owner in self.gone or needle.owner == "never"

    def left(self):
        """What should not be there."""
        return self.of(lambda n: self.is_gone(n) and self.copies[n])

    def missing(self):
        """What should be: of each kind of each owner something. An id is not written as hex
        everywhere, and a piece of ciphertext may lie across two pages."""
        staying = self.of(lambda n: not self.is_gone(n))
        seen = {(n.kind, n.owner) for n in staying if self.copies[n]}
        return [n for n in staying if (n.kind, n.owner) not in seen]

    def told(self, needles):
        counts = collections.Counter()
        for needle in needles:
            counts[needle.kind] += self.copies[needle] or 1
        return ", ".join(f"{n} {kind}" for kind, n in counts.items())

    def sum(self):
        sought = self.of(self.is_gone)
        there = len({(n.kind, n.owner) for n in self.copies.keys() - set(sought)})
        missing = len({(n.kind, n.owner) for n in self.missing()})
        return (f"{len(sought)} needles of what is gone: {sum(self.copies[n] for n in sought)} "
                f"copies ({self.told(self.left()) or 'none'}); {there - missing} of "
                f"{there} of what stays")


class Planted:
    def __init__(self, world, state):
        self.world, self.state = world, state
        self.random = random.Random(1)
        self.needles, self.rows, self.items, self.said = [], {}, [], []
        self.profiles, self.gone, self.slots, self.veils = {}, set(), set(), set()
        self.day = 0
        self.keeper = self.secrets = None

    def again(self, state, seed):
        """To go on from here on a copy of the disk."""
        self.state, self.random = state, random.Random(seed)
        self.items = [copy.copy(item) for item in self.items]
        self.needles, self.said = list(self.needles), list(self.said)
        self.profiles, self.rows, self.veils = dict(self.profiles), dict(self.rows), set(self.veils)
        self.gone, self.slots = set(), set(self.slots)
        return self

    # The keeper.

    def start(self, cubbyd=None, **environment):
        self.world.state = self.state
        usual, self.world.cubbyd = self.world.cubbyd, cubbyd or self.world.cubbyd
        try:
            assert self.world.start(**environment), "the keeper does not start"
        finally:
            self.world.cubbyd = usual
        self.keeper = self.world.client()

    def stop(self):
        if self.keeper:
            self.keeper.close()
            self.world.stop()
        self.keeper = None

    def later(self, seconds):
        """While the keeper is stopped: so much powered time goes by (docs/FORMATS.md)."""
        with open(f"{self.state}/clock", "r+b") as file:
            records = {}
            for at in (0, 4096):
                file.seek(at)
                body = file.read(16 + 30 * 8)
                if file.read(32) == sodium.blake2b(body):
                    records[struct.unpack_from("<Q", body, 16)[0]] = (at, body)
            seq = max(records)
            at, body = records[seq]
            powered, = struct.unpack_from("<q", body, 24)
            body = body[:16] + struct.pack("<Qq", seq + 1, powered + seconds) + body[32:]
            file.seek(4096 - at)
            file.write(body + sodium.blake2b(body))

    # What is kept.

    def note(self, kind, owner, *contents):
        self.needles += [Needle(kind, owner, content) for content in contents]

    def note_id(self, owner, number):
        self.note("ids", owner, bytes.fromhex(number), number.encode())

    def slot_key(self, profile, owner, given):
        """What lies in the slot of a part: what was given to seal under, without the profile's
        veil, which is in a slot of its own."""
        keys = self.slots_now()
        for veil in [*self.veils, *keys]:
            mask = sodium.blake2b(b"veil" + owner, veil)
            key = bytes(a ^ b for a, b in zip(given, mask))
            if key in keys:
                if veil not in self.veils:
                    self.note("veils", profile, veil[:16], veil[16:])
                self.veils.add(veil)
                return key
        raise AssertionError("a key was handed out that is under no veil")

    def note_part(self, item, kind, given, body):
        owner = (item.id, kind)
        name = bytes.fromhex(item.id) + bytes([sodium.KINDS[kind]])
        key = self.slot_key(item.profile, name, given)
        tag = sodium.blake2b(b"owner" + name, key)
        self.note("keys handed out", "never", given[:16], given[16:])
        self.note("slot keys", owner, key[:16], key[16:])
        self.note("hashes", owner, tag[:16], sodium.blake2b(body))
        self.note("ciphertext", owner, body[1:33], *pieces(body), body[-32:])

    def canary(self, word):
        return f"{word}{self.random.getrandbits(80):020x}"

    def content(self, kind, seconds):
        """Something to keep, which must never be written as it is."""
        if kind == "location":
            return b"52.52,13.41"
        if kind == "transcript":
            words = self.canary("what the child said ")
            self.said.append(words.encode())
            self.note("words", "never", words.encode(), words.encode("utf-16-le"))
            return json.dumps({"text": words, "confidence": 0.9, "duration_ms": 900}).encode()
        pcm = self.random.randbytes(int(32000 * seconds))
        stream = flac(pcm)
        self.said += [pcm, stream]
        self.note("sound", "never", *pieces(pcm))
        self.note("FLAC", "never", *pieces(stream))
        return stream

    def sealed(self, item, keys, contents, recipient):
        """Header and bodies of an item, noted."""
        fk, head = sodium.header(recipient)
        bodies = [(kind, sodium.body(fk, keys[kind], bytes.fromhex(item.id), kind, content))
                  for kind, content in contents.items()]
        self.items.append(item)
        self.note_id(item.id, item.id)
        self.note("headers", item.id, head[9:41], head[-32:])
        for kind, body in bodies:
            self.note_part(item, kind, keys[kind], body)
        parts, content = parts_of(bodies)
        return head, parts, dbus.types.UnixFd(memfd(content))

    def keep(self, profile, kinds=("audio", "transcript"), seconds=0.5):
        number, keys = self.keeper.begin(profile, list(kinds))
        item = Item(number, profile, self.day, kinds)
        contents = {kind: self.content(kind, seconds) for kind in kinds}
        self.keeper.call("Intake", "Commit", "saya(stt)ha{sv}", number,
                         *self.sealed(item, keys, contents,
                                      sodium.box_public(self.secrets["home"])))
        return item, contents

    def approve(self, source, contents):
        """A copy for the training export, with the only other free text there is."""
        public, secret = sodium.box_pair()
        number, kinds, sealed, _ = self.keeper.call("Export", "BeginApproval", "saya{sv}",
                                                    source.id, public)
        both = sodium.unseal(public, secret, bytes(sealed))
        keys = {str(kind): both[32 * i:32 * i + 32] for i, kind in enumerate(kinds)}
        item = Item(str(number), source.profile, self.day, keys, source.id)
        texts = [self.canary(word) for word in ("for the purpose of ", "to ")]
        self.note("names", item.id, *(text.encode() for text in texts))
        self.keeper.call("Export", "Approve", "saya(stt)hssa{sv}", item.id,
                         *self.sealed(item, keys, {kind: contents[kind] for kind in keys},
                                      sodium.box_public(self.secrets["release"])), *texts)

    def enrol(self, number):
        """The voice of the adult with this id. What root sees of it, look() adds."""
        voiceprint = self.keeper.voiceprint()
        statement = self.keeper.enrolment(self.secrets["sign"], number, voiceprint, VOICE_S)
        self.keeper.enrol(statement, voiceprint)
        self.note("voiceprints", "never", voiceprint[8:40], voiceprint[48:80], voiceprint[-32:])
        self.note("enrolments", "voice", json.loads(statement)["signature"][:64].encode(),
                  sodium.blake2b(voiceprint).hex().encode())

    def begin(self):
        """A household, two children and a grown-up, and what they say on the first day."""
        self.start()
        founder = self.canary("Robin ")
        self.secrets, _ = self.keeper.setup(founder[:32], PASSPHRASE)
        self.founder = founder[:32]
        for word in (*CHILDREN, ADULT):
            name = self.canary(word)[:32]
            path = str(self.keeper.call("Profiles", "Add", "ssa{sv}", name,
                                        "adult" if word == ADULT else "child"))
            number = path.rpartition("/")[2]
            self.profiles[word] = name
            self.note("names", name, name.encode())
            self.note_id(name, number)
            consents = [self.keeper.consent(self.secrets["sign"], number, kind, keep_s)
                        for kind, keep_s in KEEP_S.items()]
            self.keeper.grant(consents)
            self.note("consents", name, *(json.loads(text)["signature"][:64].encode()
                                          for text in consents))
        self.enrol(number)
        for _ in range(3):
            for child in CHILDREN:
                self.keep(self.profiles[child])
        self.approve(*self.keep(self.profiles[ADULT]))
        # Enough that pages of the database are split, which leaves stale bytes in their gaps.
        for i in range(CROWD):
            if i % 100 == 0:    # a connection has a burst of 500 calls
                self.keeper.close()
                self.keeper = self.world.client()
            self.keep(self.profiles[CHILDREN[i % 2]], ("transcript",))
        self.stop()
        self.look()

    def day_begin(self, kind, cubbyd=None, **environment):
        """The next day; `kind` may want it to be later."""
        from deletions import LATER_S
        if kind in LATER_S:
            self.later(LATER_S[kind])
        self.day = 1
        self.start(cubbyd, **environment)
        for child in CHILDREN:
            for kinds in (("audio", "transcript", "location"), ("transcript",)):
                self.keep(self.profiles[child], kinds)
        self.look()

    # What root sees.

    def look(self):
        """Remembers what is in the keeper's files now."""
        slots, rows = self.slots_now(), self.rows_now()
        self.slots |= slots
        self.rows.update(rows)
        return slots | rows.keys()

    def compare(self):
        """Whatever was ever seen in these files and is not there now is gone. To be asked when the
        keeper has ended or an erasure is to follow: only these see to what is merely replaced, as
        the tag of the log's key is with every entry."""
        now = self.look()
        self.gone |= (self.slots | self.rows.keys()) - now

    def slots_now(self):
        with open(f"{self.state}/slots.bin", "rb") as file:
            content = file.read()
        keys = {content[at:at + 32] for at in range(0, len(content), 32) if at % 4096}
        return {key for key in keys if any(key)}

    def rows_now(self):
        """Every value in the database that is long enough to tell, and the device key, by where it
        is."""
        found = {self.founder.encode(): "names"}
        with open(f"{self.state}/device.key", "rb") as file:
            found[file.read()] = "device key"
        with tempfile.TemporaryDirectory() as place:
            for name in ("cubby.db", "cubby.db-wal"):
                if os.path.exists(f"{self.state}/{name}"):
                    shutil.copy(f"{self.state}/{name}", place)
            database = sqlite3.connect(f"{place}/cubby.db")
            # The configuration's, which come again with the next start.
            policies = {value for value, in database.execute("SELECT hash FROM policy")}
            for name, in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'"
                                          " AND name NOT LIKE 'sqlite%'").fetchall():
                for value in (one for row in database.execute(f"SELECT * FROM {name}") for one in row):
                    if isinstance(value, bytes) and len(value) >= 16 and value not in policies:
                        found[value[:32]] = f"values of {name}"
                    elif isinstance(value, str) and len(value) > 200:   # signed at its end
                        found[value[-48:].encode()] = f"texts of {name}"
            database.close()
        return found

    def count(self, program, image):
        """Looks for all of it."""
        sought = list(dict.fromkeys([*self.needles, *(Needle("slots", key, key) for key in self.slots),
                                     *(Needle(kind, value, value)
                                       for value, kind in self.rows.items())]))
        counts = disk.count(program, image, [needle.content for needle in sought])
        return Found(dict(zip(sought, counts)), set(self.gone))

    # What goes.

    def goes(self, items, kinds=None):
        """These items, or these kinds of them, are gone from here on, with their copies."""
        chosen = {item.id for item in items}
        for item in [*items, *(one for one in self.items if one.source in chosen)]:
            lost = item.kinds & set(kinds or item.kinds)
            self.gone |= {(item.id, kind) for kind in lost}
            item.kinds = item.kinds - lost
            if not item.kinds:
                self.gone.add(item.id)
                self.items.remove(item)

    def ended(self, job, level):
        """Waits for an erasure, which says what it achieved."""
        state, receipt, problem = map(str, self.keeper.call("Job", "Wait", path=job, timeout=60))
        if level is None:
            return
        assert state == "done", f"{state}: {problem}"
        said = sodium.verify(receipt, "cubby-receipt-1")["erasure_level"]
        status = str(self.keeper.get("Status", "ErasureLevel"))
        assert said == status == level, f"the receipt says {said}, the status {status}, not {level}"

    def delete(self, kind, level):
        from deletions import KINDS
        KINDS[kind](self, level)
