# SPDX-License-Identifier: Apache-2.0
"""Approved copies, and what became of them."""

import json
import os
import time

import dbus

import sodium
from keeper import memfd, parts_of
from live_calls.base import error_of


class Export:
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
