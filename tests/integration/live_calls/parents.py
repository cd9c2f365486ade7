# SPDX-License-Identifier: Apache-2.0
"""The household, those who look after it, and the drill."""

import json
import os
import time

import dbus

import sodium
from keeper import Keeper
from live_calls.base import error_of


class Parents:
    def Parents_Setup(self):
        assert error_of(Keeper().setup, "Eve", b"another household entirely please") == "Exists"

    def Drill_Run(self):
        found = self.keeper.call("Drill", "Run")
        assert isinstance(found, dbus.Array) and not found, [str(one) for one in found]

    def Drill_Last(self):
        ended, found = self.keeper.call("Drill", "Last")
        assert abs(time.time() - ended) < 300 and not found, (ended, found)

    def Parents_Reset(self):
        """Only that a wrong name erases nothing; the rest is tried by the forensic tests."""
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
