# SPDX-License-Identifier: Apache-2.0
"""Profiles, and what may be kept of them."""

import os

import dbus

import sodium
from keeper import NAME, PATH
from live_calls.base import error_of


class Profiles:
    # Profiles and consent.

    def Profiles_Add(self):
        call = self.keeper.call
        for name, kind, wrong in (("mia", "child", "Exists"), ("MIA", "child", "Exists"),
                                  ("", "child", "InvalidArgument"),
                                  ("a b", "child", "InvalidArgument"),
                                  ("x" * 33, "child", "InvalidArgument"),
                                  ("zed", "dog", "InvalidArgument")):
            assert error_of(call, "Profiles", "Add", "ssa{sv}", name, kind) == wrong, name
        path = str(call("Profiles", "Add", "ssa{sv}", f"zoe-{self.role}", "child"))
        assert path.startswith(f"{PATH}/profile/"), path

    def Profiles_Rename(self):
        call = self.keeper.call
        for old, new, wrong in (("nobody", "ida", "NotFound"), ("mia", "otto", "Exists"),
                                ("mia", "a b", "InvalidArgument"), ("mia", "", "InvalidArgument")):
            assert error_of(call, "Profiles", "Rename", "ssa{sv}", old, new) == wrong, (old, new)
        call("Profiles", "Rename", "ssa{sv}", "mia", "Mia2")
        call("Profiles", "Rename", "ssa{sv}", self.context["mia"], "mia")
        assert error_of(call, "Profiles", "Rename", "ssa{sv}", "Mia2", "x") == "NotFound"

    def Profiles_Keep(self):
        assert error_of(self.keeper.call, "Profiles", "Keep", "sa{sv}", "nobody") == "NotFound"
        self.keeper.call("Profiles", "Keep", "sa{sv}", "mia")

    def Profiles_Remove(self):
        call = self.keeper.call
        assert error_of(call, "Profiles", "Remove", "sa{sv}", "nobody") == "NotFound"
        objects = call("org.freedesktop.DBus.ObjectManager", "GetManagedObjects", "")
        names = [found[f"{NAME}.Profile"]["Name"] for found in objects.values()
                 if f"{NAME}.Profile" in found]
        gone = "gone" if "gone" in names else f"zoe-{self.role}"
        job = call("Profiles", "Remove", "sa{sv}", gone)
        state, _, problem = call("Job", "Wait", "a{sv}", path=job)
        assert state == "done", problem
        assert error_of(call, "Profiles", "Remove", "sa{sv}", gone) == "NotFound"

    def Consent_Grant(self):
        seed, mia = self.secrets["sign"], self.context["mia"]
        keeper = self.keeper
        good = [keeper.consent(seed, mia, kind) for kind in ("audio", "transcript")]
        # R2, R21, R22: for ever, under another policy, by a stranger's key, for nobody.
        wrong = [(keeper.consent(seed, mia, "audio", keep), "InvalidArgument")
                 for keep in (0, -1, 2 ** 31, 2 ** 62, 31 * 86400)]
        wrong += [(keeper.consent(seed, mia, "audio", policy="00" * 32), "NoConsent"),
                  (keeper.consent(os.urandom(32), mia, "audio"), None),
                  (keeper.consent(seed, "00" * 16, "audio"), "NotFound"),
                  (keeper.consent(seed, mia, "training"), "InvalidArgument"),
                  (keeper.consent(seed, mia, "audio", method="trust me"), "InvalidArgument"),
                  (good[0].replace('"audio"', '"location"'), "InvalidArgument"),
                  ("{}", "InvalidArgument")]
        for statement, name in wrong:
            found = error_of(keeper.grant, [good[0], statement])
            assert found == name or (name is None and found), (statement, found)
        keeper.grant(good)

    def Consent_Withdraw(self):
        call = self.keeper.call
        if self.role == "proof":
            self.keeper.grant([self.keeper.consent(self.secrets["sign"], self.context["mia"],
                                                   "location")])
        assert error_of(call, "Consent", "Withdraw", "sasa{sv}", "nobody",
                        dbus.Array([], signature="s")) == "NotFound"
        assert error_of(call, "Consent", "Withdraw", "sasa{sv}", "mia",
                        dbus.Array(["dreams"], signature="s")) == "InvalidArgument"
        job = call("Consent", "Withdraw", "sasa{sv}", "mia",
                   dbus.Array(["location"], signature="s"))
        if job != "/":
            assert call("Job", "Wait", "a{sv}", path=job)[0] == "done"
        states = {str(k): str(s) for _, k, s, *_ in call("Consent", "Show", "sa{sv}", "mia")}
        assert states.get("audio") == "in force" and states.get("location") != "in force", states

    def Consent_Show(self):
        consents = self.keeper.call("Consent", "Show", "sa{sv}", "")
        assert all(state in ("in force", "withdrawn", "policy changed")
                   for _, _, state, *_ in consents), consents
        assert {str(row[5]) for row in consents} == {"local-parent-key"}, "R22: the method"
        kinds = {str(kind) for profile, kind, state, *_ in consents
                 if profile == self.context["mia"] and state == "in force"}
        assert kinds == {"audio", "transcript"}, kinds
        assert error_of(self.keeper.call, "Consent", "Show", "sa{sv}", "nobody") == "NotFound"

    # Voiceprints.

    def Voiceprints_Enrol(self):
        keeper, seed, otto = self.keeper, self.secrets["sign"], self.context["otto"]
        voiceprint = bytes.fromhex(self.context["voiceprint"])

        def statement(seed=seed, profile=otto, voiceprint=voiceprint, **changed):
            return keeper.enrolment(seed, profile, voiceprint, **changed)
        # R27, R2, R21: of a child, for ever, under another policy, by a stranger, for nobody,
        # another voiceprint than the one signed for, bytes that are none.
        wrong = [(statement(profile=self.context["mia"]), voiceprint, "InvalidArgument"),
                 (statement(keep_s=366 * 86400), voiceprint, "InvalidArgument"),
                 (statement(keep_s=0), voiceprint, "InvalidArgument"),
                 (statement(policy="00" * 32), voiceprint, "NoConsent"),
                 (statement(seed=os.urandom(32)), voiceprint, "InvalidArgument"),
                 (statement(profile="00" * 16), voiceprint, "NotFound"),
                 (statement(), keeper.voiceprint(), "InvalidArgument"),
                 (statement(voiceprint=b"x"), b"x", "InvalidArgument")]
        for text, sent, name in wrong:
            assert error_of(keeper.enrol, text, sent) == name, (text, name)
        # In place of the older one, which is erased.
        job = keeper.enrol(statement(), voiceprint)
        assert keeper.call("Job", "Wait", "a{sv}", path=job)[0] == "done"

    def Voiceprints_Get(self):
        for profile in ("nobody", "mia"):
            assert error_of(self.keeper.call, "Voiceprints", "Get", "saya{sv}", profile,
                            sodium.box_pair()[0]) == "NotFound"
        public, secret = sodium.box_pair()
        box = self.keeper.call("Voiceprints", "Get", "saya{sv}", "otto", public)
        given = sodium.unseal(public, secret, bytes(box))
        assert given[2:] == bytes.fromhex(self.context["voiceprint"])
        assert int.from_bytes(given[:2], "little") == len(given) - 2

    def Voiceprints_List(self):
        rows = self.keeper.call("Voiceprints", "List")
        assert [(str(row[0]), str(row[1])) for row in rows] == [(self.context["otto"], "in force")]
        assert rows[0][2] < rows[0][3] <= rows[0][2] + 365 * 86400

    def Voiceprints_Erase(self):
        call = self.keeper.call
        for profile in ("nobody", "mia"):
            assert error_of(call, "Voiceprints", "Erase", "sa{sv}", profile) == "NotFound"
        if self.role != "proof":
            return
        job = call("Voiceprints", "Erase", "sa{sv}", "otto")
        state, receipt, problem = call("Job", "Wait", "a{sv}", path=job)
        assert state == "done", problem
        receipt = sodium.verify(str(receipt), "cubby-receipt-1")
        assert (receipt["items"], receipt["parts"]) == (0, 1), receipt
        assert len(call("Voiceprints", "List")) == 0
        assert error_of(call, "Voiceprints", "Erase", "sa{sv}", "otto") == "NotFound"
        voiceprint = bytes.fromhex(self.context["voiceprint"])
        self.keeper.enrol(self.keeper.enrolment(self.secrets["sign"], self.context["otto"],
                                                voiceprint), voiceprint)

    # Retention.

    def Retention_Set(self):
        call = self.keeper.call
        for keep, kind, wrong in ((0, "audio", "InvalidArgument"), (59, "audio", "InvalidArgument"),
                                  (2 ** 32 - 1, "audio", "InvalidArgument"),
                                  (30 * 86400 + 1, "audio", "InvalidArgument"),
                                  (3600, "dreams", "InvalidArgument"),
                                  (30 * 86400, "audio", "NoConsent")):
            found = error_of(call, "Retention", "Set", "ssua{sv}", "mia", kind, dbus.UInt32(keep))
            assert found == wrong, (keep, kind, found)
        assert error_of(call, "Retention", "Set", "ssua{sv}", "nobody", "audio",
                        dbus.UInt32(60)) == "NotFound"
        keep_s = self.retention("audio") - 60
        assert call("Retention", "Set", "ssua{sv}", "mia", "audio", dbus.UInt32(keep_s)) == "/"
        assert self.retention("audio") == keep_s

    def retention(self, kind):
        found, = [int(keep) for _, k, keep, _ in
                  self.keeper.call("Retention", "Show", "sa{sv}", "mia") if k == kind]
        return found

    def Retention_Show(self):
        rows = self.keeper.call("Retention", "Show", "sa{sv}", "")
        assert len(rows) % 3 == 0 and len(rows) >= 6, rows
        assert all(keep <= cap for _, _, keep, cap in rows), rows
        assert error_of(self.keeper.call, "Retention", "Show", "sa{sv}", "nobody") == "NotFound"
