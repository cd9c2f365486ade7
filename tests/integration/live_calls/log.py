# SPDX-License-Identifier: Apache-2.0
"""The status, and who looked."""

import json
import os
import struct

import dbus

import sodium


class Log:
    # Status.

    def Status_Policy(self):
        text, digest = self.keeper.call("Status", "Policy")
        assert sodium.blake2b(str(text).encode()).hex() == digest, "R30: not the hash of the text"

    def Status_Describe(self):
        facts = self.keeper.call("Status", "Describe")
        assert {"profiles", "items", "hidden", "erasing", "released", "alerts"} <= set(facts), set(facts)
        assert facts["profiles"] >= 2

    def Status_Seen(self):
        self.keeper.call("Status", "Seen")

    # Log.

    def Log_List(self):
        entries, after, more = [], 0, True
        while more:
            page, more = self.keeper.call("Log", "List", "ta{sv}", dbus.UInt64(after))
            entries += page
            after = page[-1][0]
        previous = bytes(32)
        for number, (seq, minute, body, salt, digest) in enumerate(entries, 1):
            assert seq == number, "R14: a gap"
            body_hash = sodium.blake2b(str(body).encode(), bytes(salt))
            previous = sodium.blake2b(previous + int(seq).to_bytes(8, "little")
                                      + int(minute).to_bytes(8, "little") + body_hash)
            assert previous == bytes(digest), f"R14: entry {seq} breaks the chain"
            for word in ("mia", "otto", *self.context["items"]):
                assert word not in str(body), f"R16: {word} in the log"
        assert len(entries) > 10

    def entries(self):
        """Log.Read, read by docs/FORMATS.md: (seq, minute, tagged, emptied, salt, hash, tag, body
        hash, body) of each."""
        found, after, more = [], 0, True
        while more:
            fd, more = self.keeper.call("Log", "Read", "ta{sv}", dbus.UInt64(after))
            fd = fd.take()
            try:
                content = os.pread(fd, os.fstat(fd).st_size, 0)
            finally:
                os.close(fd)
            at = 0
            while at < len(content):
                seq, minute, flags, n = struct.unpack_from("<QQII", content, at)
                salt, digest, tag, body_hash = struct.unpack_from("16s32s16s32s", content, at + 24)
                assert content[at + 120 + n] == 0
                found.append((seq, minute, flags & 1, flags & 2, salt, digest, tag, body_hash,
                              content[at + 120:at + 120 + n]))
                at += 121 + n
                after = seq
        return found

    def Log_Read(self):
        entries = self.entries()
        listed, _ = self.keeper.call("Log", "List", "ta{sv}", dbus.UInt64(0))
        assert [(s, m, b.decode(), salt, d) for s, m, _, _, salt, d, _, _, b in
                entries[:len(listed)]] == \
            [(int(s), int(m), str(b), bytes(salt), bytes(d)) for s, m, b, salt, d in listed]
        assert self.keeper.call("Log", "Read", "ta{sv}", dbus.UInt64(2 ** 64 - 1))[1] == False

    def Log_Keys(self):
        """R14: with the first key every tag is what it has to be, and none is missing."""
        (first, sealed), = self.keeper.call("Log", "Keys")
        entries = self.entries()
        key = sodium.unseal(self.home, self.secrets["home"], bytes(sealed))
        assert json.loads(entries[int(first) - 1][8])["key"] == \
            sodium.blake2b(bytes(sealed)).hex()[:32]
        for seq, _, tagged, _, _, digest, its, _, _ in entries:
            assert bool(tagged) == (seq >= first), seq
            if tagged:
                assert sodium.blake2b(b"tag" + digest, key)[:16] == its, f"entry {seq}"
                key = sodium.blake2b(b"next", key)

    def Log_Receipts(self):
        receipts, following = self.keeper.call("Log", "Receipts", "ta{sv}", 0)
        key = bytes.fromhex(self.keeper.identity()["key"])
        found = [sodium.verify(str(text), "cubby-receipt-1", key) for text in receipts]
        assert found and (following == 0 or len(found) == 15), (len(found), following)
        ended = [receipt["log_seq"] for receipt in found]
        assert ended == sorted(ended, reverse=True), ended

    def Log_Checkpoint(self):
        text = str(self.keeper.call("Log", "Checkpoint"))
        found = sodium.verify(text, "cubby-checkpoint-1", bytes.fromhex(
            self.keeper.identity()["key"]))
        entries = self.entries()
        assert found["seq"] == found["entries"] == entries[-1][0], found
        assert found["hash"] == entries[-1][5].hex()

    def Log_Checkpoints(self):
        """A day has not passed yet; what there is is signed."""
        for text in self.keeper.call("Log", "Checkpoints", "ta{sv}", dbus.UInt64(0)):
            sodium.verify(str(text), "cubby-checkpoint-1")
