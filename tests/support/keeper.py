# SPDX-License-Identifier: Apache-2.0
"""An independent client of the keeper for tests: python3-dbus and libsodium, no line of libcubby.
One Keeper is one connection, and so one proof."""

import json
import os
import struct
import time

import dbus
import dbus.bus

import sodium

NAME, PATH = "org.cubby.Cubby1", "/org/cubby/Cubby1"
MEMORY_BYTES, PASSES = 64 << 20, 3
A_SV = dbus.Dictionary({}, signature="sv")


def memfd(content, seals=0xf):
    """A memfd with this content; 0xf: sealed against seal, shrink, grow and write."""
    import fcntl
    fd = os.memfd_create("bodies", os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
    os.write(fd, content)
    if seals:
        fcntl.fcntl(fd, 1033, seals)    # F_ADD_SEALS
    return fd


def parts_of(bodies):
    """[(kind, body)] as the list of (kind, offset, length), and the bytes."""
    parts, at = [], 0
    for kind, body in bodies:
        parts.append((kind, dbus.UInt64(at), dbus.UInt64(len(body))))
        at += len(body)
    return dbus.Array(parts, signature="(stt)"), b"".join(body for _, body in bodies)


class Keeper:
    def __init__(self, address=None, mainloop=None):
        self.bus = dbus.bus.BusConnection(address or os.environ["DBUS_SYSTEM_BUS_ADDRESS"],
                                          mainloop=mainloop)
        self.me = self.bus.get_unique_name()

    def close(self):
        self.bus.close()

    def call(self, interface, member, signature="a{sv}", *arguments, path=PATH, timeout=30,
             dest=NAME):
        """One call. A short interface name is one of ours; a{sv} at the end may be left out."""
        if "." not in interface:
            interface = f"{NAME}.{interface}"
        if signature.endswith("a{sv}") and len(arguments) < self._count(signature):
            arguments += (A_SV,)
        return self.bus.call_blocking(dest, path, interface, member, signature, arguments,
                                      timeout=timeout, byte_arrays=True)

    @staticmethod
    def _count(signature):
        return len(list(dbus.Signature(signature)))

    def get(self, interface, name, path=PATH):
        return self.call("org.freedesktop.DBus.Properties", "Get", "ss", f"{NAME}.{interface}",
                         name, path=path)

    # Parents.

    def identity(self):
        return sodium.verify(str(self.get("Status", "Identity")), "cubby-device-1")

    def nonce(self):
        return bytes(self.call("Parents", "Nonce")).hex()

    def _for_keeper(self, message):
        return sodium.seal(bytes.fromhex(self.identity()["box"]), json.dumps(message).encode())

    def setup(self, name, passphrase, salt=None):
        """Makes a household; returns its secrets and recovery code (16 bytes)."""
        secrets = {"home": sodium.box_pair()[1], "release": sodium.box_pair()[1],
                   "sign": os.urandom(32)}
        code = os.urandom(16)
        household = sodium.sign(secrets["sign"], "cubby-household-1", {
            "founder_name": name, "time_s": int(time.time()),
            "home": sodium.box_public(secrets["home"]).hex(),
            "release": sodium.box_public(secrets["release"]).hex()})
        self.call("Parents", "Setup", "ssaya{sv}", name, household,
                  self.doors(secrets, passphrase, code, salt))
        return secrets, code

    def doors(self, secrets, passphrase=None, code=None, salt=None):
        """Doors to these secrets, in a box for the keeper."""
        doors = []
        for kind, opener, passes, memory in (("passphrase", passphrase, PASSES, MEMORY_BYTES),
                                             ("recovery", code, 0, 0)):
            if not opener:
                continue
            salt = salt or os.urandom(16)
            if passes:
                proof, half = sodium.argon2id(opener, salt, passes, memory)
            else:
                both = sodium.blake2b(opener, salt, 64)
                proof, half = both[:32], both[32:]
            doors.append({"kind": kind, "salt": salt.hex(), "passes": passes,
                          "memory_bytes": memory, "proof": proof.hex(),
                          "wraps": {secret: sodium.wrap(half, secret, value).hex()
                                    for secret, value in secrets.items()}})
        return self._for_keeper({"caller": self.me, "nonce": self.nonce(), "doors": doors})

    def add_parent(self, name, seed, secrets, passphrase, code, changed=()):
        """As the parent of `seed`; `secrets` are the new one's."""
        statement = sodium.sign(seed, "cubby-parent-1", {
            "name": name, "parent": sodium.sign_public(secrets["sign"]).hex(),
            "time_s": int(time.time()), **dict(changed)})
        self.call("Parents", "Add", "ssaya{sv}", name, statement,
                  self.doors(secrets, passphrase, code))

    def remove_parent(self, name, secrets, remain, changed=(), boxes=None):
        """As the parent of `secrets`; `remain`: name and public key of each who stays. Returns the
        new secrets."""
        household, texts = self.call("Parents", "Household")
        before, number = str(household), 1
        removed = None
        for text in texts:
            body = json.loads(str(text))
            if body["statement"] == "cubby-keys-1":
                before, number = str(text), body["number"] + 1
            elif body["name"] == name:
                removed = body["parent"]
        new = {kind: sodium.box_pair()[1] for kind in ("home", "release")}
        statement = sodium.sign(secrets["sign"], "cubby-keys-1", {
            "number": number, "before": sodium.blake2b(before.encode()).hex(),
            "removed": removed or "00" * 32, "parents": [key.hex() for _, key in remain],
            "home": sodium.box_public(new["home"]).hex(),
            "release": sodium.box_public(new["release"]).hex(), "time_s": int(time.time()),
            **dict(changed)})
        gifts = [(one, *(sodium.seal(sodium.sign_box_public(key), new[kind])
                         for kind in ("home", "release"))) for one, key in remain]
        former = [sodium.seal(sodium.box_public(new[kind]), secrets[kind])
                  for kind in ("home", "release")]
        gifts = gifts if boxes is None else boxes
        self.call("Parents", "Remove", "ssa(sayay)ayaya{sv}", name, statement,
                  dbus.Array([dbus.Struct((one, dbus.ByteArray(home), dbus.ByteArray(release)))
                              for one, home, release in gifts], signature="(sayay)"), *former)
        return {**new, "sign": secrets["sign"]}

    def prove(self, name, passphrase, secrets=("home", "release", "sign"), code=None,
              caller=None, other_key=None, nonce=None):
        """Proves this connection; returns the secrets asked for. `caller`, `other_key`
        and `nonce` let a test lie about what the box is bound to."""
        door = "recovery" if code else "passphrase"
        salt, passes, memory, _ = self.call("Parents", "Challenge", "ssa{sv}", name, door)
        if code:
            both = sodium.blake2b(code, bytes(salt), 64)
            proof, half = both[:32], both[32:]
        else:
            proof, half = sodium.argon2id(passphrase, bytes(salt), int(passes), int(memory))
        public, secret = sodium.box_pair()
        box = self._for_keeper({"caller": caller or self.me, "proof": proof.hex(),
                                "nonce": self.nonce() if nonce is None else nonce,
                                "reply_key": (other_key or public).hex()})
        sealed, lasts = self.call("Parents", "Prove", "ssayasaya{sv}", name, door, box,
                                  dbus.Array(secrets, signature="s"), public)
        assert 0 < lasts <= 300, lasts
        wraps = json.loads(sodium.unseal(public, secret, bytes(sealed)))
        assert set(wraps) == set(secrets), (set(wraps), secrets)
        found = {name: sodium.unwrap(half, name, bytes.fromhex(text))
                 for name, text in wraps.items() if len(text) != 2 * 80}
        for name in set(wraps) - set(found):
            found[name] = sodium.unseal(*sodium.sign_box(found["sign"]), bytes.fromhex(wraps[name]))
        return found

    # Consent, items.

    def consent(self, seed, profile, kind, keep_s=86400, **changed):
        """A signed statement of consent; `changed` overwrites members."""
        _, policy = self.call("Status", "Policy")
        return sodium.sign(seed, "cubby-consent-1", {
            "profile": profile, "kind": kind, "keep_s": keep_s, "time_s": int(time.time()),
            "policy": str(policy), "method": "local-parent-key", **changed})

    def grant(self, statements):
        self.call("Consent", "Grant", "asa{sv}", dbus.Array(statements, signature="s"))

    # Voiceprints.

    @staticmethod
    def voiceprint(dimensions=80):
        """One of nobody's voice, in the form of lib/speaker/voiceprint.h."""
        return struct.pack(f"<8s32sHHI{dimensions}f", b"cubbyvp1", os.urandom(32), 5, dimensions,
                           12000, *(byte / 7 - 18 for byte in os.urandom(dimensions)))

    def enrolment(self, seed, profile, voiceprint, keep_s=30 * 86400, **changed):
        """A signed consent to this voiceprint; `changed` overwrites members."""
        _, policy = self.call("Status", "Policy")
        return sodium.sign(seed, "cubby-enrolment-1", {
            "profile": profile, "voiceprint": sodium.blake2b(voiceprint).hex(), "keep_s": keep_s,
            "time_s": int(time.time()), "policy": str(policy), **changed})

    def enrol(self, statement, voiceprint):
        box = sodium.seal(bytes.fromhex(self.identity()["box"]), voiceprint)
        return str(self.call("Voiceprints", "Enrol", "saya{sv}", statement, dbus.ByteArray(box)))

    def begin(self, profile, kinds):
        """(id, slot keys by kind)"""
        public, secret = sodium.box_pair()
        item, sealed, _ = self.call("Intake", "Begin", "sasaya{sv}", profile,
                                    dbus.Array(kinds, signature="s"), public)
        keys = sodium.unseal(public, secret, bytes(sealed))
        return str(item), {kind: keys[32 * i:32 * i + 32] for i, kind in enumerate(kinds)}

    def commit(self, item, keys, home_public, contents):
        fk, head = sodium.header(home_public)
        bodies = [(kind, sodium.body(fk, keys[kind], bytes.fromhex(item), kind, content))
                  for kind, content in contents]
        parts, content = parts_of(bodies)
        fd = memfd(content)
        try:
            return self.call("Intake", "Commit", "saya(stt)ha{sv}", item, head, parts,
                             dbus.types.UnixFd(fd))
        finally:
            os.close(fd)

    def keep(self, profile, home_public, contents):
        """Begin, seal, commit; returns the id."""
        item, keys = self.begin(profile, [kind for kind, _ in contents])
        self.commit(item, keys, home_public, contents)
        return item

    def open(self, item, secret, kinds=()):
        """What was kept: {kind: content}."""
        public, private = sodium.box_pair()
        head, parts, bodies, sealed = self.call(
            "Archive", "Open", "sasaya{sv}", item, dbus.Array(kinds, signature="s"), public)
        keys = sodium.unseal(public, private, bytes(sealed))
        return self._opened(item, head, parts, self.contents(bodies), keys, secret)

    def open_many(self, items, secret, kinds=()):
        """What was kept of several: ({item: {kind: content}}, how many ids are done with)."""
        public, private = sodium.box_pair()
        found, reached, bodies, sealed = self.call(
            "Archive", "OpenMany", "asasaya{sv}", dbus.Array(items, signature="s"),
            dbus.Array(kinds, signature="s"), public)
        bodies, keys = self.contents(bodies), sodium.unseal(public, private, bytes(sealed))
        opened, first = {}, 0
        for item, head, parts in found:
            opened[str(item)] = self._opened(str(item), head, parts, bodies, keys[32 * first:],
                                             secret)
            first += len(parts)
        assert len(keys) == 32 * first
        return opened, int(reached)

    def read_piece(self, item, kind, offset):
        """(header, size, ciphertext, keys) of one piece."""
        public, private = sodium.box_pair()
        head, size, piece, sealed = self.call("Archive", "Read", "sstaya{sv}", item, kind,
                                              dbus.UInt64(offset), public)
        return bytes(head), int(size), bytes(piece), sodium.unseal(public, private, bytes(sealed))

    def read(self, item, kind, secret):
        """One kind of an item, in pieces."""
        head, size, body, key = self.read_piece(item, kind, 0)
        while len(body) < size:
            body += self.read_piece(item, kind, len(body))[2]
        return sodium.body_open(sodium.header_open(head, secret), key, bytes.fromhex(item), kind,
                                body)

    @staticmethod
    def contents(memfd_received):
        """All that is in a memfd."""
        fd = memfd_received.take()
        try:
            return os.pread(fd, os.fstat(fd).st_size, 0)
        finally:
            os.close(fd)

    @staticmethod
    def _opened(item, head, parts, bodies, keys, secret):
        fk = sodium.header_open(bytes(head), secret)
        return {str(kind): sodium.body_open(fk, keys[32 * i:32 * i + 32], bytes.fromhex(item),
                                            str(kind), bodies[int(at):int(at) + int(length)])
                for i, (kind, at, length) in enumerate(parts)}

    def fetch(self, export, secret):
        """The next items of an export: [(token, copy, {kind: content})]."""
        public, private = sodium.box_pair()
        items, bodies, sealed = self.call("Export", "Fetch", "saya{sv}", export, public)
        bodies, keys = self.contents(bodies), sodium.unseal(public, private, bytes(sealed))
        found, first = [], 0
        for token, copy, head, parts in items:
            found.append((str(token), str(copy), self._opened(str(copy), head, parts, bodies,
                                                              keys[32 * first:], secret)))
            first += len(parts)
        return found

    def list(self, **selection):
        return self.call("Archive", "List", "a{sv}a{sv}",
                         dbus.Dictionary(selection, signature="sv"))[0]

    def delete(self, **selection):
        """Deletes and waits; (state, receipt, problem)."""
        job, _ = self.call("Archive", "Delete", "a{sv}a{sv}",
                           dbus.Dictionary(selection, signature="sv"))
        return tuple(str(x) for x in self.call("Job", "Wait", "a{sv}", path=job, timeout=60))
