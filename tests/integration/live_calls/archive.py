# SPDX-License-Identifier: Apache-2.0
"""What is kept, and how it goes."""

import json
import os
import struct

import dbus

import sodium
from live_calls.base import error_of

KINDS = {1: "audio", 2: "transcript", 3: "location"}


class Archive:
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
