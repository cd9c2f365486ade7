# SPDX-License-Identifier: Apache-2.0
"""R19: the attacker (house.py) deceives who has an export: forged manifests, replayed and stale lists of
recalls, a keeper that was set back to an earlier day.

usage: at_the_recipient.py CUBBYD CUBBY"""

import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import time

from house import WORDS, dbus, run, sodium, tamper


class Recipient:
    """Who has an export, as one writes it by docs/FORMATS.md, and no keeper."""

    def __init__(self, house):
        self.house, self.cubby, self.top = house, sys.argv[2], f"{house.memory}/set"
        self.token = ""
        self.seen = f"{house.memory}/seen"

    def take(self):
        house = self.house
        export, salt = house.keeper.call("Export", "Begin", "ssssa{sv}", *WORDS, "hf", "flac")[:2]
        os.makedirs(f"{self.top}/audio")
        rows, lines = [], []
        for token, content in house.fetch(str(export)):
            sound = content["audio"] + os.urandom(64)
            line = json.dumps({"file_name": f"audio/{token}.flac"}).encode() + b"\n"
            with open(f"{self.top}/audio/{token}.flac", "wb") as file:
                file.write(sound)
            self.token = token
            rows.append((token, dbus.UInt64(len(sound)), *(
                dbus.ByteArray(sodium.blake2b(each, bytes(salt)))
                for each in (sound, sound[:64], sound, line))))
            lines.append(line)
        house.keeper.call("Export", "Wrote", "sa(stayayayay)a{sv}", export,
                          dbus.Array(rows, signature="(stayayayay)"))
        head, content, _ = house.keeper.call("Export", "Finish", "sua{sv}", export, dbus.UInt32(0))
        self.write("metadata.jsonl", b"".join(lines))
        self.write("cubby-manifest.jsonl",
                   str(head).encode() + b"\n" + house.keeper.contents(content))

    def write(self, name, content):
        with open(f"{self.top}/{name}", "wb") as file:
            file.write(content)

    def read(self, name):
        with open(f"{self.top}/{name}", "rb") as file:
            return file.read()

    def newest(self, name):
        head, lines = self.house.keeper.call("Export", "Recalls")
        self.write(f"../{name}", str(head).encode() + b"\n" + self.house.keeper.contents(lines))
        return f"{self.top}/../{name}"

    def refuses(self, *more):
        """As a whole, whoever has never seen a list: nothing in it is looked at."""
        status, said = self.verify(*more, seen=f"{self.house.memory}/nobody")
        assert status == 1 and '"findings": []' in said and '"valid": false' in said, said
        return said

    def verify(self, *more, seen=None, key=None):
        done = subprocess.run(
            [self.cubby, "export", "verify", self.top, "--json", "--key", key or self.house.key,
             *more],
            capture_output=True, text=True, timeout=30, check=False,
            env=dict(os.environ, XDG_STATE_HOME=seen or self.seen))
        return done.returncode, done.stdout + done.stderr


def test_r19_a_forged_manifest_is_refused(house, recipient):
    recipient.take()
    status, said = recipient.verify()
    assert status == 0, said
    genuine = recipient.read("cubby-manifest.jsonl")
    head, *rows = genuine.decode().splitlines()
    body = unsigned(head)
    childs = json.loads(rows[0].replace(json.loads(rows[0])["token"], house.child))
    more = "\n".join([*rows, json.dumps(childs)]) + "\n"
    named = dict(body, items=len(rows) + 1, lines=sodium.blake2b(more.encode()).hex())
    for forged in (f"{head}\n{more}",                              # a line more
                   f"{json.dumps(dict(json.loads(head), **named))}\n{more}",   # as the head says
                   f"{sodium.sign(os.urandom(32), 'cubby-manifest-1', named)}\n{more}",  # signed
                   head.replace("wake words", "anything") + "\n" + "\n".join(rows) + "\n"):
        recipient.write("cubby-manifest.jsonl", forged.encode())
        recipient.refuses()
    recipient.write("cubby-manifest.jsonl", genuine)


def test_r19_neither_a_pipe_nor_a_file_without_an_end_holds_the_verifier_up(house, recipient):
    for name, said_of in (("metadata.jsonl", '"metadata.jsonl"'),
                          ("cubby-manifest.jsonl", "no regular file")):
        genuine, path = recipient.read(name), f"{recipient.top}/{name}"
        os.remove(path)
        os.mkfifo(path)
        status, said = recipient.verify()
        assert status == 1 and said_of in said, said
        os.remove(path)
        recipient.write(name, genuine)
    genuine = recipient.read("metadata.jsonl")
    os.truncate(f"{recipient.top}/metadata.jsonl", 1 << 30)     # of zeros, without a line's end
    status, said = recipient.verify()
    assert status == 1 and '"metadata.jsonl"' in said, said
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert peak < 700 << 10, f"{peak} KiB were read into memory"
    recipient.write("metadata.jsonl", genuine)
    assert recipient.verify()[0] == 0


def unsigned(statement):
    return {name: value for name, value in json.loads(statement).items()
            if name not in ("statement", "key", "signature")}


def test_r19_time_counts_without_a_keeper(house, recipient):
    """Statements as a keeper signs them, by one of our own: an approval that has ended needs no list,
    and a list from tomorrow is a wrong clock's."""
    seed, genuine = os.urandom(32), recipient.read("cubby-manifest.jsonl")
    head, row = genuine.decode().splitlines()
    body, item, now = unsigned(head), json.loads(row), int(time.time())
    for expires, expected in ((now + 86400, 0), (now - 1, 1)):
        lines = json.dumps(dict(item, expires_s=expires)) + "\n"
        text = sodium.sign(seed, "cubby-manifest-1", dict(
            body, expires_s=expires, made_s=now - 86400,
            lines=sodium.blake2b(lines.encode()).hex()))
        recipient.write("cubby-manifest.jsonl", f"{text}\n{lines}".encode())
        key = json.loads(text)["key"]
        status, said = recipient.verify(key=key)
        assert status == expected and ("expired" in said) == bool(expected), said
    for issued, word in ((now, "expired"), (now + 2 * 86400, "from the future")):
        text = sodium.sign(seed, "cubby-recalls-1", {
            "number": 7, "issued_s": issued, "items": 0, "lines": sodium.blake2b(b"").hex()})
        recipient.write("../mine.jsonl", f"{text}\n".encode())
        status, said = recipient.verify("--recalls", f"{recipient.top}/../mine.jsonl", key=key)
        assert status == 1 and word in said, said
    recipient.write("cubby-manifest.jsonl", genuine)


def test_r19_replayed_and_stale_lists_are_refused(house, recipient):
    before = recipient.newest("before.jsonl")
    assert recipient.verify("--recalls", before)[0] == 0
    early = f"{house.memory}/early"
    house.stop()
    shutil.copytree(house.state, early)
    house.start()
    house.keeper.call("Archive", "Move", "ssa{sv}", house.adult, "mia")
    status, said = recipient.verify("--recalls", recipient.newest("newest.jsonl"))
    assert status == 1 and "recalled" in said and "moved" in said, said
    # Replayed.
    status, said = recipient.verify("--recalls", before)
    assert status == 1 and "old one" in said, said
    # By the clock.
    time.sleep(1.1)
    assert "days old" in recipient.refuses("--recalls", before, "--max-age", "1s")
    # Lines taken out, and a signature of somebody else's.
    with open(f"{recipient.top}/../newest.jsonl", encoding="utf-8") as file:
        head, *rows = file.read().splitlines()
    body = unsigned(head)
    body.update(items=0, lines=sodium.blake2b(b"").hex())
    for forged in ("".join(f"{line}\n" for line in [head, *rows[1:]]),
                   sodium.sign(os.urandom(32), "cubby-recalls-1", body) + "\n"):
        recipient.write("../forged.jsonl", forged.encode())
        recipient.refuses("--recalls", f"{recipient.top}/../forged.jsonl")
    # Unsaid in the database, its number set back, or every file from before.
    for steps in (["DELETE FROM recall"], ["UPDATE recall_list SET number = 1"]):
        house.stop()
        try:
            tamper(house, steps, True)
        except sqlite3.IntegrityError:
            pass
        else:
            raise AssertionError(f"went through: {steps}")
        house.start()
    house.stop()
    tamper(house, ["UPDATE recall_list SET number = 0"], False)
    house.start()
    status, said = recipient.verify("--recalls", recipient.newest("again.jsonl"))
    assert status == 1 and "old one" in said, said
    house.stop()
    shutil.rmtree(house.state)
    shutil.copytree(early, house.state)
    house.start()
    # As high as the newest, and higher: neither knows of the recall, and neither unsays it.
    for name in ("restored.jsonl", "later.jsonl"):
        status, said = recipient.verify("--recalls", recipient.newest(name))
        assert recipient.token.encode() not in recipient.read(f"../{name}")
        assert status == 1 and "moved" in said, said
    assert house.by_every_road() == 0


if __name__ == "__main__":
    sys.exit(run(globals(), Recipient))
