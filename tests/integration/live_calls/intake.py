# SPDX-License-Identifier: Apache-2.0
"""What ears do."""

import json
import os
import struct
import time

import dbus

import sodium
from keeper import Keeper, memfd, parts_of
from live_calls.base import error_of, keeper_count


class Intake:
    def Intake_Policy(self):
        household, parents, policy, profiles, consents, policies = \
            self.keeper.call("Intake", "Policy")
        founder = bytes.fromhex(sodium.verify(str(household), "cubby-household-1")["key"])
        assert policy == self.keeper.call("Status", "Policy")[1]
        assert (self.context["mia"], "mia", "child") in [tuple(map(str, p)) for p in profiles]
        kinds = [json.loads(text)["statement"] for text in consents]
        for text, kind in zip(consents, kinds):
            sodium.verify(str(text), kind, founder)
        assert sorted(kinds) == ["cubby-consent-1"] * 2 + ["cubby-enrolment-1"], kinds
        assert all(sodium.verify(str(text), "cubby-parent-1") for text in parents)
        assert [str(p[0]) for p in policies] == [str(policy)] and 2592000 in policies[0], policies

    def Intake_GetVoiceprints(self):
        keeper = self.keeper
        public, secret = sodium.box_pair()
        statements, box = keeper.call("Intake", "GetVoiceprints", "aya{sv}",
                                      dbus.ByteArray(public))
        voiceprint = bytes.fromhex(self.context["voiceprint"])
        found = [sodium.verify(str(text), "cubby-enrolment-1") for text in statements]
        assert [statement["profile"] for statement in found] == [self.context["otto"]]
        assert voiceprint[48:64] not in bytes(box), "not in a box"
        assert sodium.unseal(public, secret, bytes(box)) == \
            struct.pack("<H", len(voiceprint)) + voiceprint
        for key in (b"", bytes(31), bytes(32)):
            assert error_of(keeper.call, "Intake", "GetVoiceprints", "aya{sv}",
                            dbus.ByteArray(key)) == "InvalidArgument"

    def _target(self):
        return "mia" if self.role == "ear" else "otto"

    def Intake_Begin(self):
        begin = self.keeper.begin
        wrong = {"ear": [("otto", ["audio"], "NoConsent"), ("mia", ["location"], "NoConsent"),
                         ("gone", ["audio"], "NoConsent")],
                 "proof": [("mia", ["audio"], "NotAuthorized")]}[self.role]
        wrong += [("nobody", ["audio"], "NotFound"),
                  (self._target(), ["dreams"], "InvalidArgument"),
                  (self._target(), [], "InvalidArgument"),
                  (self._target(), ["audio", "audio"], "InvalidArgument")]
        for profile, kinds, name in wrong:
            found = error_of(begin, profile, kinds)
            assert found == name, (profile, kinds, found)
        opened = [begin(self._target(), ["audio"])[0] for _ in range(4)]
        assert error_of(begin, self._target(), ["audio"]) in ("QuotaExceeded", "Busy")
        for item in opened:
            self.keeper.call("Intake", "Abort", "sa{sv}", item)

    def Intake_Commit(self):
        keeper = self.keeper
        item, keys = keeper.begin(self._target(), ["audio"])
        fk, head = sodium.header(self.home)
        body = sodium.body(fk, keys["audio"], bytes.fromhex(item), "audio", b"fLaC")
        parts, content = parts_of([("audio", body)])

        def commit(head=head, parts=parts, fd=None, item=item):
            fd = memfd(content) if fd is None else fd
            try:
                return keeper.call("Intake", "Commit", "saya(stt)ha{sv}", item, head, parts,
                                   dbus.types.UnixFd(fd))
            finally:
                os.close(fd)

        def sized(kind, at, size):
            return dbus.Array([(kind, dbus.UInt64(at), dbus.UInt64(size))], signature="(stt)")
        size = len(body)
        pipe, write = os.pipe()
        for what, arguments in {
                "unsealed": {"fd": memfd(content, 0)}, "half sealed": {"fd": memfd(content, 0x6)},
                "a pipe": {"fd": pipe}, "a file": {"fd": os.open("/etc/passwd", os.O_RDONLY)},
                "empty": {"fd": memfd(b"")}, "too long": {"fd": memfd(content + b"x")},
                "size that lies": {"parts": sized("audio", 0, size + 4096)},
                "size that lies low": {"parts": sized("audio", 0, size - 17)},
                "a gap": {"parts": sized("audio", 1, size - 1)},
                "overflow": {"parts": sized("audio", 2 ** 64 - 1, size)},
                "another kind": {"parts": sized("transcript", 0, size)},
                "no parts": {"parts": dbus.Array([], signature="(stt)")},
                "short header": {"head": head[:-1]}, "another version": {"head": b"\x02" + head[1:]},
                "another recipient": {"head": sodium.header(sodium.box_pair()[0])[1]}}.items():
            assert error_of(lambda: commit(**arguments)) == "InvalidArgument", what
        os.close(write)
        assert error_of(lambda: commit(item="00" * 16)) == "NotFound"
        before = len(keeper_count(self))
        (kind, expires), = commit()
        assert kind == "audio" and 0 < expires - time.time() <= 30 * 86400 + 60, "R2: no expiry"
        assert error_of(commit) == "NotFound", "committed twice"
        assert len(keeper_count(self)) in (before, before + 1)

    def Intake_Abort(self):
        item, _ = self.keeper.begin(self._target(), ["audio"])
        self.keeper.call("Intake", "Abort", "sa{sv}", item)
        assert error_of(self.keeper.call, "Intake", "Abort", "sa{sv}", item) == "NotFound"
        # R1: what was handed over is not forgotten, and the one who did hand it over is told so.
        item = self.keeper.keep(self._target(), self.home, [("audio", b"late answer")])
        assert error_of(self.keeper.call, "Intake", "Abort", "sa{sv}", item) == "Exists"
        assert error_of(Keeper().call, "Intake", "Abort", "sa{sv}", item) \
            in ("NotFound", "NotAuthorized"), "another connection's item"
        item, _ = self.keeper.begin(self._target(), ["audio"])
        assert error_of(Keeper().call, "Intake", "Abort", "sa{sv}", item) \
            in ("NotFound", "NotAuthorized"), "another connection's item"
        self.keeper.call("Intake", "Abort", "sa{sv}", item)

    def Intake_Forget(self):
        forget = self.keeper.call
        item = self.keeper.keep("mia", self.home, [("audio", b"not for ever")])
        outcome, items = forget("Intake", "Forget", "ssa{sv}", "last", "mia")
        assert (str(outcome), items) == ("done", 1)
        assert error_of(self.keeper.call, "Intake", "Abort", "sa{sv}", item) == "NotFound"
        for span, profile, name in (("last", "nobody", "NotFound"), ("ever", "", "InvalidArgument")):
            assert error_of(forget, "Intake", "Forget", "ssa{sv}", span, profile) == name, span
