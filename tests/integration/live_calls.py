# SPDX-License-Identifier: Apache-2.0
"""How each member of the bus API is called by somebody who may, and what must come back. A method
Interface_Member makes the call and asserts; the name is how live.py finds it."""

import json
import os
import struct
import subprocess
import time
import xml.etree.ElementTree as ElementTree

import dbus

import sodium
from keeper import Keeper, NAME, PATH, memfd, parts_of

KINDS = {1: "audio", 2: "transcript", 3: "location"}
PROPERTIES = "org.freedesktop.DBus.Properties"
# In this order, after everything else.
LAST = ["Drill.Run", "Drill.Last", "Consent.Grant", "Consent.Withdraw", "Voiceprints.Enrol", "Voiceprints.Erase", "Archive.Delete", "Job.Wait", "Profiles.Add",
        "Profiles.Remove", "Parents.Setup", "Parents.Nonce", "Parents.Challenge", "Parents.Prove",
        "Parents.Lock", "Parents.ChangeDoor", "Parents.Add", "Parents.Remove", "Parents.FormerKeys",
        "Parents.ListOld", "Parents.Reseal", "Parents.Reset"]
SIGNALS = {"Intake.PolicyChanged", "Intake.Played", "Job.Finished", "Status.Alert"}
# Who may do what, a second time: the XML is followed by everything, so that a slip in it would be
# followed too. A change of the law is written in both places.
LAW = {
    "anyone": "Status.Version Status.ErasureLevel Status.Sandbox Status.Household Status.Identity "
              "Status.Policy",
    "ear": "Intake.Policy Intake.GetVoiceprints Intake.PolicyChanged Intake.Played Intake.Forget",
    "ear parent": "Parents.Household",
    "ear proof": "Intake.Begin Intake.Commit Intake.Abort",
    "parent": "Drill.Run Drill.Last Status.Describe Status.Seen Status.Alert Parents.Nonce Parents.Setup Parents.List "
              "Parents.Challenge Parents.Prove Parents.Lock Parents.Reset Profile.Name Profile.Type Profile.Created Profiles.Remove "
              "Consent.Withdraw Consent.Show Log.Receipts Archive.List Archive.ListMany Archive.Delete Job.State Job.Done Job.Total "
              "Job.Receipt Job.Problem Job.Wait Job.Finished Log.List Log.Read Log.Checkpoint "
              "Log.Checkpoints Retention.Set "
              "Retention.Show Profiles.Keep Archive.Move Export.Refuse Export.Cancel "
              "Export.History Export.Recalls Voiceprints.List Voiceprints.Erase",
    "proof": "Parents.Add Parents.Remove Parents.ChangeDoor Parents.FormerKeys Parents.ListOld Parents.Reseal Voiceprints.Enrol Voiceprints.Get Log.Keys Profiles.Add Profiles.Rename Consent.Grant Archive.Open Archive.OpenMany Archive.Read Export.BeginApproval Export.Approve "
             "Export.List Export.Candidates Export.Begin Export.Resume Export.Fetch Export.Wrote "
             "Export.Finish",
}
TITLES = {
    "signals": "R13 signals reach whom they are for and nobody else",
    "introspect": "busctl introspects every object and walks the tree",
    "introspect-outside": "R13 others see in the tree a keeper, and nobody of the household",
    "example": "the example client lists and deletes",
    "wrong-boxes": "R24 a proof for another connection or key is refused",
}


def error_of(function, *arguments, **named):
    """The last part of the keeper's error name."""
    try:
        function(*arguments, **named)
    except dbus.DBusException as error:
        assert error.get_dbus_name().startswith(f"{NAME}.Error."), error
        assert error.get_dbus_message(), "an error without a sentence"
        return error.get_dbus_name().rpartition(".")[2]
    return ""


class Calls:
    def __init__(self, keeper, role, context, passphrase):
        self.keeper, self.role, self.context, self.passphrase = keeper, role, context, passphrase
        self.secrets = {k: bytes.fromhex(v) for k, v in context.get("secrets", {}).items()}
        self.home = sodium.box_public(self.secrets["home"])

    # Properties.

    def read(self, interface, name, signature, path):
        value = self.keeper.get(interface, name, path)
        assert self.keeper._count(signature) == 1
        kinds = {"s": dbus.String, "b": dbus.Boolean, "t": dbus.UInt64, "u": dbus.UInt32,
                 "as": dbus.Array}
        assert isinstance(value, kinds[signature]), (signature, type(value))
        expected = {"Job.State": "done", "Job.Problem": "", "Profile.Type": "child",
                    "Profile.Name": "mia", "Status.Household": True, "Job.Done": 1, "Job.Total": 1}
        if f"{interface}.{name}" in expected:
            assert value == expected[f"{interface}.{name}"], value
        if name == "Identity":
            sodium.verify(str(value), "cubby-device-1")
        if name == "ErasureLevel":
            assert value in ("E0", "E1", "E2"), value
        if name == "Sandbox":
            assert "not-dumpable" in value and "no-new-privs" in value, value

    def get_all(self, interface, path, readable):
        try:
            found = self.keeper.call(PROPERTIES, "GetAll", "s", f"{NAME}.{interface}", path=path)
        except dbus.DBusException as error:
            assert error.get_dbus_name() == f"{NAME}.Error.NotAuthorized" and not readable, error
            return
        assert set(found) == readable, (set(found), readable)

    def cannot_set(self, interface, path):
        try:
            self.keeper.call(PROPERTIES, "Set", "ssv", f"{NAME}.{interface}", "Version",
                             dbus.String("9"), path=path)
        except dbus.DBusException:
            return
        raise AssertionError("Set was answered")

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

    # Parents.

    def Parents_Setup(self):
        assert error_of(Keeper().setup, "Eve", b"another household entirely please") == "Exists"

    def Drill_Run(self):
        found = self.keeper.call("Drill", "Run")
        assert isinstance(found, dbus.Array) and not found, [str(one) for one in found]

    def Drill_Last(self):
        ended, found = self.keeper.call("Drill", "Last")
        assert abs(time.time() - ended) < 300 and not found, (ended, found)

    def Parents_Reset(self):
        """Only that a wrong name erases nothing; the rest is in reset.py."""
        before = self.keeper.call("Status", "Describe")["items"]
        assert error_of(self.keeper.call, "Parents", "Reset", "sa{sv}", "Nobody") == "InvalidArgument"
        assert error_of(self.keeper.call, "Parents", "Reset", "sa{sv}", "") == "InvalidArgument"
        assert self.keeper.call("Status", "Describe")["items"] == before
        assert self.keeper.get("Status", "Household")

    def Parents_List(self):
        (name, created, founding), = self.keeper.call("Parents", "List")
        assert (name, founding) == (self.context["parent"], True) and created > 1600000000

    def Parents_Household(self):
        household, others = self.keeper.call("Parents", "Household")
        body = sodium.verify(str(household), "cubby-household-1")
        assert body["home"] == self.home.hex()
        for text in others:
            assert sodium.verify(str(text), "cubby-parent-1")["key"] == body["key"]

    def Parents_Add(self):
        keeper, words = self.keeper, b"another parent of this family"
        mine = dict(self.secrets, sign=os.urandom(32))

        def add(changed=()):
            keeper.add_parent("Bert", self.secrets["sign"], mine, words, os.urandom(16), changed)
        # R22: nobody becomes a parent but by a parent's word for just that name and key.
        assert error_of(keeper.add_parent, "Bert", os.urandom(32), mine, words, b"c" * 16) \
            == "InvalidArgument"
        assert error_of(add, {"name": "Carl"}) == "InvalidArgument"
        assert error_of(add, {"parent": "00" * 31}) == "InvalidArgument"
        assert error_of(keeper.add_parent, self.context["parent"], self.secrets["sign"], mine,
                        words, b"c" * 16) == "Exists"
        add()
        assert error_of(add) == "Exists"
        names = [str(row[0]) for row in keeper.call("Parents", "List")]
        assert names == [self.context["parent"], "Bert"], names
        other = Keeper()
        assert other.prove("Bert", words) == mine
        mia = self.context["mia"]
        other.grant([other.consent(mine["sign"], mia, kind) for kind in ("audio", "transcript")])
        assert error_of(other.grant, [other.consent(self.secrets["sign"], mia, "audio")]), \
            "R22: a consent signed with another parent's key"

    def Parents_Remove(self):
        keeper, words, me = self.keeper, b"another parent of this family", self.context["parent"]
        mine = (me, sodium.sign_public(self.secrets["sign"]))

        def remove(name="Bert", secrets=None, remain=(mine,), **wrong):
            return error_of(keeper.remove_parent, name, secrets or self.secrets, remain, **wrong)
        assert remove("nobody") == "NotFound"
        assert remove(me) == "InvalidArgument"
        other = Keeper()
        other.prove("Bert", words)
        other.call("Export", "List")
        # R12: nothing changes but by the word of who proved, for all who remain and nobody else.
        stranger = dict(self.secrets, sign=os.urandom(32))
        bert, = [bytes.fromhex(json.loads(str(text))["parent"])
                 for text in keeper.call("Parents", "Household")[1]]
        for wrong in ({"secrets": stranger}, {"remain": ()}, {"remain": (mine, ("Bert", bert))},
                      {"changed": {"number": 2}}, {"changed": {"before": "00" * 32}},
                      {"changed": {"removed": mine[1].hex()}}, {"boxes": []},
                      {"boxes": [(me, b"short", b"short")]}):
            assert remove(**wrong) == "InvalidArgument", wrong
        assert other.call("Export", "List") is not None, "nothing was removed"
        new = keeper.remove_parent("Bert", self.secrets, (mine,))
        assert error_of(other.call, "Export", "List") == "NotAuthorized", "still proved"
        assert error_of(other.prove, "Bert", words) == "NotFound"
        assert [str(row[0]) for row in keeper.call("Parents", "List")] == [me]
        assert remove() == "NotFound"
        self.former, self.secrets, self.home = self.secrets, new, sodium.box_public(new["home"])
        code = bytes.fromhex(self.context["code"])
        for opener in ((self.passphrase, None), (None, code)):
            assert Keeper().prove(me, opener[0], code=opener[1]) == new, "R12: the new keys"
        keeper.grant([keeper.consent(self.secrets["sign"], self.context["mia"], kind)
                      for kind in ("audio", "transcript")])

    def Parents_FormerKeys(self):
        (home, release), = self.keeper.call("Parents", "FormerKeys")
        for kind, box in (("home", home), ("release", release)):
            public = sodium.box_public(self.secrets[kind])
            assert sodium.unseal(public, self.secrets[kind], bytes(box)) == self.former[kind]

    def Parents_ListOld(self):
        def listed():
            entries, after = [], 0
            while True:
                page, more = self.keeper.call("Log", "List", "ta{sv}", dbus.UInt64(after))
                entries += [json.loads(str(entry[2])) for entry in page]
                if not more:
                    return [entry.get("items", 0) for entry in entries
                            if entry.get("method") == "Parents.ListOld"]
                after = page[-1][0]
        before, told = listed(), []
        for kind in ("home", "release"):
            headers, after, left = self.keeper.call("Parents", "ListOld", "sta{sv}", kind, 0)
            assert len(headers) == left and after == 0, (kind, len(headers), left, after)
            old = sodium.blake2b(sodium.box_public(self.former[kind]))[:8]
            assert all(bytes(header)[1:9] == old for _, header in headers)
            told += [len(headers)] if headers else []
        assert told and listed() == before + told, "R14: such a listing is in the log"
        assert error_of(self.keeper.call, "Parents", "ListOld", "sta{sv}", "sign", 0) \
            == "InvalidArgument"

    def Parents_Reseal(self):
        call, former, new = self.keeper.call, self.former, self.secrets

        def reseal(kind, headers):
            call("Parents", "Reseal", "sa(say)a{sv}", kind,
                 dbus.Array([dbus.Struct((one, dbus.ByteArray(header))) for one, header in headers],
                            signature="(say)"))

        def anew(kind, header):
            public, before = sodium.box_public(new[kind]), sodium.box_public(former[kind])
            return b"\1" + sodium.blake2b(public)[:8] + sodium.seal(
                public, sodium.unseal(before, former[kind], header[9:]))
        moved = 0
        for kind in ("home", "release"):
            old = [(str(one), bytes(header)) for one, header in
                   call("Parents", "ListOld", "sta{sv}", kind, 0)[0]]
            for wrong in (old[:1], [("00" * 16, b"short")]):
                assert not wrong or error_of(reseal, kind, wrong) == "InvalidArgument", wrong
            reseal(kind, [])
            assert len(call("Parents", "ListOld", "sta{sv}", kind, 0)[0]) == len(old), \
                "the end is told too early"
            reseal(kind, [(one, anew(kind, header)) for one, header in old])
            moved += len(old)
            assert call("Parents", "ListOld", "sta{sv}", kind, 0) == ([], 0, 0)
        reseal("home", [])
        assert moved > 0, "there was nothing to seal anew"

    def Parents_ChangeDoor(self):
        keeper, name = self.keeper, self.context["parent"]
        new = b"quite another passphrase altogether"

        def change(kind, **openers):
            keeper.call("Parents", "ChangeDoor", "saya{sv}", kind,
                        keeper.doors(self.secrets, **openers))
        for kind, openers in (("window", {"passphrase": new}), ("recovery", {"passphrase": new}),
                              ("passphrase", {"passphrase": new, "code": b"c" * 16}),
                              ("passphrase", {})):
            assert error_of(change, kind, **openers) == "InvalidArgument", (kind, openers)
        change("passphrase", passphrase=new)
        assert Keeper().prove(name, new) == self.secrets
        assert error_of(Keeper().prove, name, self.passphrase) == "NotAuthorized"
        change("passphrase", passphrase=self.passphrase)
        assert error_of(Keeper().prove, name, new) == "NotAuthorized"
        code = os.urandom(16)
        change("recovery", code=code)
        assert Keeper().prove(name, None, code=code) == self.secrets
        assert error_of(Keeper().prove, name, None,
                        code=bytes.fromhex(self.context["code"])) == "NotAuthorized"
        change("recovery", code=bytes.fromhex(self.context["code"]))

    def Parents_Challenge(self):
        for door in ("passphrase", "recovery"):
            salt, passes, memory, wait = self.keeper.call("Parents", "Challenge", "ssa{sv}",
                                                          self.context["parent"], door)
            assert len(salt) == 16 and wait == 0 and (passes > 0) == (door == "passphrase")
        assert error_of(self.keeper.call, "Parents", "Challenge", "ssa{sv}", "Nobody",
                        "passphrase") == "NotFound"
        assert error_of(self.keeper.call, "Parents", "Challenge", "ssa{sv}",
                        self.context["parent"], "window") == "InvalidArgument"

    def Parents_Nonce(self):
        first, second = self.keeper.nonce(), self.keeper.nonce()
        assert len(first) == 64 and first != second
        # R24: the box repeats the last one, once; not one of before, of another's, or none.
        for stale in (first, Keeper().nonce(), "", second[:62]):
            assert error_of(self.keeper.prove, self.context["parent"], None, ("home",),
                            code=bytes.fromhex(self.context["code"]), nonce=stale) \
                == "InvalidArgument", stale

    def Parents_Prove(self):
        assert error_of(self.keeper.prove, self.context["parent"], b"not the passphrase") \
            == "NotAuthorized"
        other = Keeper()
        assert other.prove(self.context["parent"], self.passphrase, ("release",)) \
            == {"release": self.secrets["release"]}
        assert other.prove(self.context["parent"], None, ("home",),
                           code=bytes.fromhex(self.context["code"])) \
            == {"home": self.secrets["home"]}

    def Parents_Lock(self):
        other = Keeper()
        other.prove(self.context["parent"], self.passphrase)
        assert other.call("Export", "List") is not None
        other.call("Parents", "Lock")
        assert error_of(other.call, "Export", "List") == "NotAuthorized", "still proved"

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

    # Archive and jobs.

    def Archive_List(self):
        items = self.keeper.list()
        ids = [str(item[0]) for item in items]
        assert set(self.context["items"][-1:]) <= set(ids), ids
        started = [int(item[2]) for item in items]
        assert started == sorted(started, reverse=True) and not any(s % 60 for s in started)
        assert {str(i[1]) for i in self.keeper.list(profile="otto")} <= {self.context["otto"]}
        assert error_of(lambda: self.keeper.list(profile="nobody")) == "NotFound"
        assert error_of(lambda: self.keeper.list(colour="red")) == "InvalidArgument"
        seen, cursor = [], ""
        while True:
            page, cursor = self.keeper.call(
                "Archive", "List", "a{sv}a{sv}", dbus.Dictionary({}, signature="sv"),
                dbus.Dictionary({"cursor": cursor, "limit": dbus.UInt32(1)} if cursor else
                                {"limit": dbus.UInt32(1)}, signature="sv"))
            seen += [str(item[0]) for item in page]
            if not cursor:
                break
        assert seen == ids, "pages are not the list"

    def list_many(self, **options):
        """Read by lib/base/listing.h, as rows of List."""
        fd, cursor = self.keeper.call("Archive", "ListMany", "a{sv}a{sv}",
                                      dbus.Dictionary({}, signature="sv"),
                                      dbus.Dictionary(options, signature="sv"))
        fd = fd.take()
        try:
            data = os.pread(fd, 1 << 24, 0)
        finally:
            os.close(fd)
        rows, at = [], 0
        while at < len(data):
            item, profile, started, n = struct.unpack_from("<16s16sQI", data, at)
            parts = list(struct.iter_unpack("<IIQ", data[at + 44:at + 44 + 16 * n]))
            rows.append((item.hex(), profile.hex(), started,
                         [(KINDS[kind], expires, size) for kind, size, expires in parts]))
            at += 44 + 16 * n
        return rows, str(cursor)

    def Archive_ListMany(self):
        listed = [(str(item), str(profile), int(started),
                   [(str(kind), int(expires), int(size)) for kind, expires, size in parts])
                  for item, profile, started, parts in self.keeper.list()]
        assert self.list_many() == (listed, ""), "not what List tells"
        seen, cursor = [], ""
        while True:
            page, cursor = self.list_many(limit=dbus.UInt32(1),
                                          **({"cursor": cursor} if cursor else {}))
            assert len(page) == 1, page
            seen += page
            if not cursor:
                break
        assert seen == listed, "pages are not the list"
        assert error_of(self.list_many, colour="red") == "InvalidArgument"
        assert error_of(self.list_many, cursor="zz") == "InvalidArgument"
        assert "Archive.ListMany" in [body.get("method") for body in self.log("list")], \
            "R14: not in the log"

    def Archive_Open(self):
        item = self.context["items"][-1]
        content = self.keeper.open(item, self.secrets["home"])
        assert content["transcript"] == b'{"text": "child"}' and content["audio"][:4] == b"fLaC"
        assert set(self.keeper.open(item, self.secrets["home"], ["transcript"])) == {"transcript"}
        assert error_of(self.keeper.open, "00" * 16, self.secrets["home"]) == "NotFound"
        try:
            self.keeper.open(item, self.secrets["release"])
        except sodium.Refused:
            return
        raise AssertionError("R17: the release key opened a child's item")

    def Archive_OpenMany(self):
        item, gone = self.context["items"][-1], "00" * 16
        opened, reached = self.keeper.open_many([gone, item], self.secrets["home"])
        assert reached == 2 and list(opened) == [item], (reached, list(opened))
        assert opened[item]["transcript"] == b'{"text": "child"}' and opened[item]["audio"][:4] == b"fLaC"
        opened, _ = self.keeper.open_many([item], self.secrets["home"], ["transcript"])
        assert set(opened[item]) == {"transcript"}
        for ids, kinds in (([item, "zz"], []), ([item], ["dreams"]), ([item] * 501, [])):
            assert error_of(self.keeper.open_many, ids, self.secrets["home"], kinds) \
                == "InvalidArgument", len(ids)
        try:
            self.keeper.open_many([item], self.secrets["release"])
        except sodium.Refused:
            return
        raise AssertionError("R17: the release key opened a child's item")

    def Archive_Read(self):
        item = self.context["items"][-1]
        assert self.keeper.read(item, "transcript", self.secrets["home"]) == b'{"text": "child"}'
        assert self.keeper.read(item, "audio", self.secrets["home"])[:4] == b"fLaC"
        for kind, offset, wrong in (("dreams", 0, "InvalidArgument"), ("audio", 2 ** 40, "InvalidArgument")):
            assert error_of(self.keeper.read_piece, item, kind, offset)  == wrong
        assert error_of(self.keeper.read_piece, "00" * 16, "audio", 0) == "NotFound"
        # Only what is in the log comes with a key.
        before = len(self.opens())
        _, _, _, keys = self.keeper.read_piece(item, "audio", 1)
        assert keys == b"" and len(self.opens()) == before
        _, _, _, keys = self.keeper.read_piece(item, "audio", 0)
        assert len(keys) == 32 and len(self.opens()) == before + 1, "R14: not in the log"

    def opens(self):
        return self.log("open")

    def log(self, what):
        found, after, more = [], 0, True
        while more:
            entries, more = self.keeper.call("Log", "List", "ta{sv}", dbus.UInt64(after))
            found += [json.loads(str(entry[2])) for entry in entries]
            after = int(entries[-1][0])
        return [body for body in found if body.get("what") == what]

    def Archive_Delete(self):
        assert error_of(self.keeper.delete) == "InvalidArgument", "an empty selection deleted"
        assert error_of(lambda: self.keeper.delete(ids=dbus.Array(["00" * 16], signature="s"))) \
            == "NotFound"
        item = self.context["items"][{"parent": 0, "proof": 1}[self.role]]
        pick = dbus.Dictionary({"ids": dbus.Array([item], signature="s")}, signature="sv")
        job, items = self.keeper.call("Archive", "Delete", "a{sv}a{sv}", pick,
                                      dbus.Dictionary({"dry-run": True}, signature="sv"))
        assert (job, items) == ("/", 1)
        assert item in [str(i[0]) for i in self.keeper.list()], "a dry run deleted"
        state, receipt, problem = self.keeper.delete(**pick)
        assert state == "done", problem
        receipt = sodium.verify(receipt, "cubby-receipt-1",
                                bytes.fromhex(self.keeper.identity()["key"]))
        assert receipt["items"] == 1 and item not in json.dumps(receipt), "R9: not content-free"
        assert item not in [str(i[0]) for i in self.keeper.list()]

    def Job_Wait(self):
        state, receipt, problem = self.keeper.call("Job", "Wait", path=self.context["job"])
        assert (state, problem) == ("done", "") and receipt

    # Intake.

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

    # Export.

    def _approve(self):
        """A released copy of the adult's item; there may be one already."""
        for copy, item, *_ in self.keeper.call("Export", "List")[0]:
            if item == self.context["adult_item"]:
                return str(copy)
        content = self.keeper.open(self.context["adult_item"], self.secrets["home"])
        public, secret = sodium.box_pair()
        copy, kinds, sealed, _ = self.keeper.call("Export", "BeginApproval", "saya{sv}",
                                                  self.context["adult_item"], public)
        keys = sodium.unseal(public, secret, bytes(sealed))
        fk, head = sodium.header(sodium.box_public(self.secrets["release"]))
        bodies = [(str(kind), sodium.body(fk, keys[32 * i:32 * i + 32], bytes.fromhex(str(copy)),
                                          str(kind), content[str(kind)]))
                  for i, kind in enumerate(kinds)]
        parts, sealed_bodies = parts_of(bodies)
        fd = memfd(sealed_bodies)
        expires = self.keeper.call("Export", "Approve", "saya(stt)hssa{sv}", str(copy), head, parts,
                                   dbus.types.UnixFd(fd), "testing", "nobody")
        os.close(fd)
        assert 0 < expires - time.time() <= 30 * 86400 + 60
        return str(copy)

    def Export_BeginApproval(self):
        public = sodium.box_pair()[0]
        for item, name in ((self.context["items"][-1], "NotAuthorized"), ("00" * 16, "NotFound")):
            found = error_of(self.keeper.call, "Export", "BeginApproval", "saya{sv}", item, public)
            assert found == name, f"R17: {found}"

    def Export_Approve(self):
        self._approve()

    def Export_List(self):
        copy = self._approve()
        rows, cursor = self.keeper.call("Export", "List")
        assert cursor == ""
        rows = [row for row in rows if row[0] == copy]
        assert rows and rows[0][1] == self.context["adult_item"] and rows[0][4] == "testing"

    def Export_Candidates(self):
        self._approve()
        rows, cursor = self.keeper.call("Export", "Candidates", "sa{sv}", "")
        assert cursor == ""
        ids = {str(row[0]) for row in rows}
        assert not ids & set(self.context["items"]), "R17: a child's item is offered for review"
        assert self.context["adult_item"] not in ids, "what is approved is offered again"
        child = error_of(self.keeper.call, "Export", "Candidates", "sa{sv}", "mia")
        assert child in ("NotAuthorized", "NotFound"), f"R17: {child}"

    def _begin(self):
        self._approve()
        return self.keeper.call("Export", "Begin", "ssssa{sv}", "testing", "nobody", "hf", "flac")

    def Export_Begin(self):
        export, salt, items, excluded = self._begin()
        assert items == 1 and len(salt) == 16
        reasons = {str(reason): int(n) for reason, n in excluded}
        assert reasons.get("child", 0) >= 1, f"R17: children are not said to be left out: {reasons}"
        for words, name in ((("selling", "nobody", "hf", "flac"), "NotFound"),
                            (("testing", "", "hf", "flac"), "InvalidArgument"),
                            (("testing", "nobody", "mp3", "flac"), "InvalidArgument")):
            found = error_of(self.keeper.call, "Export", "Begin", "ssssa{sv}", *words)
            assert found == name, f"R17: an approval for something else was taken: {words} {found}"
        self.keeper.call("Export", "Cancel", "sa{sv}", export)

    def Export_Resume(self):
        export = self._begin()[0]
        found = self.keeper.call("Export", "Resume", "sa{sv}", export)
        assert list(map(str, found[:4])) == ["testing", "nobody", "hf", "flac"]
        assert list(map(int, found[5:])) == [1, 0, 0]
        self.keeper.call("Export", "Cancel", "sa{sv}", export)
        assert error_of(self.keeper.call, "Export", "Resume", "sa{sv}", export) == "NotFound"

    def Export_Fetch(self):
        export = self._begin()[0]
        (token, copy, content), = self.keeper.fetch(export, self.secrets["release"])
        assert content["transcript"] == b'{"text": "adult"}'
        assert token not in (copy, self.context["adult_item"])
        self.keeper.call("Export", "Cancel", "sa{sv}", export)
        for name in (export, self.context["items"][-1], self.context["adult_item"], copy):
            found = error_of(self.keeper.fetch, name, self.secrets["release"])
            assert found == "NotFound", f"R17: {found}"

    def _wrote(self, export, token, lines=1):
        self.keeper.call("Export", "Wrote", "sa(stayayayay)a{sv}", export, dbus.Array(
            [(token, dbus.UInt64(7), dbus.ByteArray(b"h" * 32), dbus.ByteArray(b"s" * 32),
              dbus.ByteArray(b"p" * 32), dbus.ByteArray(b"l" * 32 * lines))],
            signature="(stayayayay)"))

    def Export_Wrote(self):
        export = self._begin()[0]
        (token, _, _), = self.keeper.fetch(export, self.secrets["release"])
        assert error_of(self._wrote, export, token, 2) == "InvalidArgument"
        assert error_of(self._wrote, export, "x") == "InvalidArgument"
        self._wrote(export, token)
        assert self.keeper.fetch(export, self.secrets["release"]) == []
        self.keeper.call("Export", "Cancel", "sa{sv}", export)

    def Export_Finish(self):
        export = self._begin()[0]
        assert error_of(self.keeper.call, "Export", "Finish", "sua{sv}", export,
                        dbus.UInt32(0)) == "Busy"
        (token, _, _), = self.keeper.fetch(export, self.secrets["release"])
        self._wrote(export, token)
        manifest, lines, now = self.keeper.call("Export", "Finish", "sua{sv}", export,
                                                dbus.UInt32(0))
        content = self.keeper.contents(lines)
        body = sodium.verify(str(manifest), "cubby-manifest-1")
        assert body["lines"] == sodium.blake2b(content).hex() and body["items"] == 1 and now == 0
        line, = map(json.loads, content.decode().splitlines())
        assert line["token"] == token and line["bytes"] == 7
        self.context["export"], self.context["token"] = str(export), token

    def Export_Cancel(self):
        export = "00" * 16
        if self.role == "proof":
            export = self._begin()[0]
            self.keeper.call("Export", "Cancel", "sa{sv}", export)
        assert error_of(self.keeper.call, "Export", "Cancel", "sa{sv}", export) == "NotFound"

    def Export_History(self):
        rows, cursor = self.keeper.call("Export", "History")
        assert cursor == ""
        assert all(len(row) == 7 for row in rows)

    def Export_Recalls(self):
        numbers = []
        for _ in range(2):
            recalls, lines = self.keeper.call("Export", "Recalls")
            content = self.keeper.contents(lines)
            body = sodium.verify(str(recalls), "cubby-recalls-1")
            assert body["lines"] == sodium.blake2b(content).hex()
            numbers.append(body["number"])
        assert numbers[1] == numbers[0] + 1

    def Export_Refuse(self):
        assert error_of(self.keeper.call, "Export", "Refuse", "asa{sv}", dbus.Array(
            [self.context["items"][-1]], signature="s")) in ("NotAuthorized", "NotFound"), "R17"
        assert error_of(self.keeper.call, "Export", "Refuse", "asa{sv}",
                        dbus.Array([], signature="s")) == "InvalidArgument"
        job = self.keeper.call("Export", "Refuse", "asa{sv}",
                               dbus.Array([self.context["adult_item"]], signature="s"))
        if job != "/":
            state = self.keeper.call("Job", "Wait", path=job, timeout=60)[0]
            assert state == "done", state

    def Archive_Move(self):
        item = self.context["items"][-1]
        for profile in ("mia", "otto", "nobody"):
            found = error_of(self.keeper.call, "Archive", "Move", "ssa{sv}", item, profile)
            assert found in ("NotAuthorized", "NotFound", "InvalidArgument"), f"R17: {found}"

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

    # What every object on a bus has.

    def standard(self, tap):
        call = self.keeper.call
        tap.run(f"{self.role}: Peer.Ping answers", call, "org.freedesktop.DBus.Peer", "Ping", "")
        tap.run(f"{self.role}: Introspect answers", lambda: ElementTree.fromstring(
            call("org.freedesktop.DBus.Introspectable", "Introspect", "")))
        manager = ("org.freedesktop.DBus.ObjectManager", "GetManagedObjects", "")
        if self.role in ("parent", "proof"):
            tap.run(f"R13 {self.role}: GetManagedObjects answers", call, *manager)
        else:
            try:
                call(*manager)
                tap.ok(False, f"R13 {self.role}: GetManagedObjects is denied")
            except dbus.DBusException as error:
                tap.ok(error.get_dbus_name().endswith(("AccessDenied", "NotAuthorized")),
                       f"R13 {self.role}: GetManagedObjects is denied", error)


def keeper_count(calls):
    """The items there are, as far as this role may see them."""
    return calls.keeper.list() if calls.role == "proof" else []


def wrong_boxes(context, passphrase):
    keeper, other = Keeper(), Keeper()
    name = context["parent"]
    for lie in ({"caller": other.me}, {"other_key": sodium.box_pair()[0]}, {"caller": ":1.0"}):
        found = error_of(lambda: keeper.prove(name, passphrase, **lie))
        assert found in ("InvalidArgument", "NotAuthorized"), (lie, found)
        assert error_of(keeper.call, "Export", "List") == "NotAuthorized"
    keeper.prove(name, passphrase)
    assert error_of(other.call, "Export", "List") == "NotAuthorized", "a proof spread"


def signals(context, passphrase):
    """Who hears what when a parent grants and erases."""
    listeners = {}
    listen = ("import sys; sys.path[:0] = %r; import live_calls; live_calls.listen()" %
              [[os.path.dirname(os.path.abspath(__file__)),
                os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support")]][0])
    for role in ("stranger", "ear", "parent"):
        listeners[role] = subprocess.Popen(
            ["sandbox", "--as", role, "/usr/bin/python3", "-B", "-c", listen],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    for process in listeners.values():
        assert process.stdout.readline() == "listening\n"
    keeper = Keeper()
    secrets = keeper.prove(context["parent"], passphrase)
    keeper.grant([keeper.consent(secrets["sign"], context["mia"], "location")])
    keeper.call("Profiles", "Add", "ssa{sv}", "signal", "child")
    keeper.open(context["items"][-1], secrets["home"])
    state, _, _ = keeper.delete(ids=dbus.Array(context["items"][-1:], signature="s"))
    assert state == "done"
    heard = {role: process.communicate("\n", timeout=20)[0].split()
             for role, process in listeners.items()}
    assert heard["stranger"] == [], heard
    assert "PolicyChanged" in heard["ear"] and "Finished" not in heard["ear"], heard
    assert heard["ear"].count("Played") == 1 and "Played" not in heard["parent"], heard
    assert "InterfacesAdded" not in heard["ear"], heard
    assert "InterfacesAdded" in heard["parent"], heard
    assert "Finished" not in heard["parent"], "a job's end went to another connection"


def listen():
    """Prints the names of all the keeper's signals that reach this process until stdin says so."""
    from dbus.mainloop.glib import DBusGMainLoop
    from gi.repository import GLib
    loop = GLib.MainLoop()
    keeper = Keeper(mainloop=DBusGMainLoop())
    heard = []
    keeper.bus.add_signal_receiver(lambda *_, **k: heard.append(k["name"]), bus_name=NAME,
                                   member_keyword="name")
    for interface, member in (("Intake", "Policy"), ("Parents", "List")):
        try:    # so that the keeper knows us, in the role we have
            keeper.call(interface, member)
        except dbus.DBusException:
            pass
    print("listening", flush=True)

    def ended(*_):
        # What was sent before is in our queue before the answer to this.
        keeper.call("org.freedesktop.DBus.Peer", "Ping", "")
        GLib.timeout_add(300, loop.quit)
        return False
    GLib.io_add_watch(0, GLib.IO_IN | GLib.IO_HUP, ended)
    loop.run()
    print(" ".join(heard))


def introspect(context, _):
    """As parent: every object answers busctl, and the tree leads to all of them."""
    address = f"--address={os.environ['DBUS_SYSTEM_BUS_ADDRESS']}"
    for path in (PATH, context["profile_path"], context["job"], "/", "/org", "/org/cubby",
                 f"{PATH}/profile"):
        subprocess.run(["busctl", address, "introspect", NAME, path], check=True,
                       capture_output=True)
        text = Keeper().call("org.freedesktop.DBus.Introspectable", "Introspect", "", path=path)
        ElementTree.fromstring(str(text))
    tree = subprocess.run(["busctl", address, "tree", "--list", NAME], check=True,
                          capture_output=True, text=True)
    assert {PATH, context["profile_path"]} <= set(tree.stdout.split()), tree
    assert "Failed" not in tree.stderr, tree.stderr


def introspect_outside(context, _):
    """As root or stranger: the object itself, and nothing of who is in the household."""
    address = f"--address={os.environ['DBUS_SYSTEM_BUS_ADDRESS']}"
    tree = subprocess.run(["busctl", address, "tree", "--list", NAME], check=True,
                          capture_output=True, text=True)
    assert tree.stdout.split() == ["/", "/org", "/org/cubby", PATH], tree
    assert "Failed" not in tree.stderr and context["mia"] not in tree.stderr, tree.stderr
    subprocess.run(["busctl", address, "introspect", NAME, PATH], check=True, capture_output=True)
    done = subprocess.run(["busctl", address, "introspect", NAME, context["profile_path"]],
                          check=False, capture_output=True, text=True)
    assert done.returncode != 0, done.stdout


def example(context, _):
    """docs/examples/list-and-delete.py, as an integrator would run it."""
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs",
                          "examples", "list-and-delete.py")
    listed = subprocess.run(["/usr/bin/python3", "-B", script], capture_output=True, text=True,
                            check=True).stdout
    ids = [line.split()[0] for line in listed.splitlines()]
    assert ids, "nothing listed"
    said = subprocess.run(["/usr/bin/python3", "-B", script, ids[0]], capture_output=True,
                          text=True, check=True).stdout
    assert "done" in said, said
    assert ids[0] not in [str(item[0]) for item in Keeper().list()]


STEPS = {"signals": signals, "introspect": introspect,
         "introspect-outside": introspect_outside, "example": example, "wrong-boxes": wrong_boxes}
