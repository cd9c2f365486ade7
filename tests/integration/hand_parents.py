# SPDX-License-Identifier: Apache-2.0
"""Parents who come and go, and what opens for whom. Steps of hand_story.py, in its household."""

import json
import os
import shutil
import sqlite3
import subprocess
import tempfile

import hand_story as hand
import hand_words
import sodium
import story
from keeper import Keeper


def another_parent():
    """R22: a second parent opens and consents, and the ear keeps what they consented to."""
    hand.secret_file("bens", "copper lantern meadow thirteen")
    hand.secret_file("weak", "12345678")
    said = hand.cubby("parent", "add", "Ben", "--new-passphrase-file", f"{hand.SHARED}/weak",
                      *hand.CODE, status=1)
    assert "Drawn for you: " in said and len(said.rpartition(": ")[2].split()) == 4, said
    hand.cubby("parent", "add", "Ben", "--new-passphrase-file", f"{hand.SHARED}/bens",
          "--new-recovery-file", f"{hand.HOME}/bens-code", "--parent", "Anna", *hand.CODE)
    assert [(row["name"], row["founding"]) for row in hand.asked("parent", "list")] == \
        [("Anna", True), ("Ben", False)]
    assert "several parents" in hand.cubby("show", hand.asked("list")[0]["id"], *hand.CODE, status=1)
    bens = ("--parent", "Ben", "--recovery-file", f"{hand.HOME}/bens-code")
    hand.cubby("profile", "add", "lea", "--child", *bens)
    hand.cubby("consent", "grant", "lea", "transcript", *bens)
    assert hand.hears("lea") is True
    row, = hand.asked("list", "lea", "--transcripts", *bens)
    assert row["transcript"] == story.CHILDS_WORDS
    assert hand.asked("list", "lea", "--transcripts", "--parent", "Anna", *hand.CODE) == [row]


def passphrase_and_code_change():
    """R24: a changed passphrase opens, the old one does not; so a code; the code opens for both."""
    hand.secret_file("new", "seven purple kettles whistle")
    ben, item = ("--parent", "Ben"), hand.asked("list", "lea")[0]["id"]
    hand.cubby("parent", "passphrase", *ben, "--recovery-file", f"{hand.HOME}/bens-code",
          "--new-passphrase-file", f"{hand.SHARED}/new")
    hand.cubby("show", item, *ben, passphrase="new")
    assert "wrong passphrase" in hand.cubby("show", item, *ben, passphrase="bens", status=4)
    said = hand.asked("parent", "recovery", *ben, "--recovery-file", f"{hand.HOME}/bens-code",
                 "--new-recovery-file", f"{hand.HOME}/bens-new", "--qr", f"{hand.HOME}/bens.png")
    assert os.stat(f"{hand.HOME}/bens.png").st_mode & 0o777 == 0o600
    assert said["recovery_code"] is None
    hand.cubby("show", item, *ben, "--recovery-file", f"{hand.HOME}/bens-new")
    hand.cubby("show", item, *ben, "--recovery-file", f"{hand.HOME}/bens-code", status=4)


def scanned(picture):
    """What a reader of QR codes sees on it."""
    done = subprocess.run(["zbarimg", "--raw", "-q", picture], capture_output=True, text=True,
                          timeout=60, check=False)
    return done.stdout.strip()


def qr_is_read():
    """R24: the recovery code can be read from its PNG, and from the terminal."""
    with open(f"{hand.HOME}/bens-new", encoding="utf-8") as file:
        assert scanned(f"{hand.HOME}/bens.png") == file.read().strip()
    status, said = hand_words.Terminal("cubby", "parent", "recovery", "--parent", "Ben",
                                       "--recovery-file", f"{hand.HOME}/bens-new", LC_ALL="C.UTF-8").finish()
    assert status == 0, said
    rows = [line.partition("\033[97;40m")[2].partition("\033[0m")[0] for line in said.split("\n")]
    lit = [[[char in "\u2580\u2588", char in "\u2584\u2588"] for char in row] for row in rows if row]
    lines = [bytes(255 * cell[half] for cell in row for _ in range(4)) for row in lit
             for half in (0, 1) for _ in range(4)]
    with open(f"{hand.SHARED}/terminal.pgm", "wb") as file:
        file.write(b"P5 %d %d 255\n" % (len(lines[0]), len(lines)) + b"".join(lines))
    code = scanned(f"{hand.SHARED}/terminal.pgm")
    assert code and code in said, said
    with open(f"{hand.HOME}/bens-new", "w", encoding="utf-8") as file:     # opens from here on
        file.write(code + "\n")


def state_copy(query):
    """Rows of the keeper's database, as root reads them from the disk."""
    with tempfile.TemporaryDirectory() as copy:     # the keeper lets nobody else open it
        for name in ("cubby.db", "cubby.db-wal"):
            shutil.copy(f"{hand.WORLD}/state/{name}", copy)
        db = sqlite3.connect(f"{copy}/cubby.db")
        rows = db.execute(query).fetchall()
        db.close()
    return rows


def door_keys():
    """As root: (slot keys of every door, all that is in slots.bin)."""
    doors = state_copy("SELECT slot_id, slot_tag FROM door")
    with open(f"{hand.WORLD}/state/slots.bin", "rb") as file:
        slots = file.read()
    keys = {slots[at:at + 32] for at in range(0, len(slots), 32)} - {bytes(32)}
    return {key for key in keys for owner, tag in doors
            if sodium.blake2b(b"owner" + owner + bytes([16]), key)[:16] == tag}, slots


HEADERS = "SELECT header FROM item UNION ALL SELECT header FROM copy"


def opened_by(secret):
    """How many of the household's sealed keys root opens with this secret: items, copies, the
    access log's first keys."""
    public, n = sodium.box_public(secret), 0
    boxes = [header[9:] for header, in state_copy(HEADERS)]
    for box in boxes + [sealed for sealed, in state_copy("SELECT sealed FROM log_key")]:
        try:
            sodium.unseal(public, secret, box)
            n += 1
        except sodium.Refused:
            pass
    return n


def taken(name):
    """As a parent who means to keep the household's secrets: prints them."""
    secrets = Keeper().prove(name, None, code=hand.code_of("bens-new"))
    print(json.dumps({kind: secret.hex() for kind, secret in secrets.items()}))


def switched(name):
    """As Anna's client, struck down as soon as the keys have changed, and one key moved."""
    keeper = Keeper()
    secrets = keeper.prove("Anna", None, code=hand.code_of("recovery"))
    texts = [json.loads(str(text)) for text in keeper.call("Parents", "Household")[1]]
    remain = [("Anna", sodium.sign_public(secrets["sign"]))] + [
        (body["name"], bytes.fromhex(body["parent"])) for body in texts if body["name"] != name]
    new = keeper.remove_parent(name, secrets, remain)
    header, *_ = keeper.call("Parents", "ListOld", "sta{sv}", "home", 0)[0]
    public, former = sodium.box_public(new["home"]), sodium.box_public(secrets["home"])
    fk = sodium.unseal(former, secrets["home"], bytes(header[1])[9:])
    anew = b"\1" + sodium.blake2b(public)[:8] + sodium.seal(public, fk)
    keeper.call("Parents", "Reseal", "sa(say)a{sv}", "home", [(str(header[0]), anew)])
    os.kill(os.getpid(), 9)


def keys_change():
    """R12: who was removed opens nothing with the secret they kept, root or not; the others all."""
    hand.secret_file("caras", "violet engine fourteen harvest")
    hand.cubby("parent", "add", "Cara", "--new-passphrase-file", f"{hand.SHARED}/caras",
          "--new-recovery-file", f"{hand.HOME}/caras-code", "--parent", "Anna", *hand.CODE)
    kept = bytes.fromhex(json.loads(hand.mine("taken", "Ben").stdout)["home"])
    rows = hand.asked("list", "--transcripts", "--parent", "Anna", *hand.CODE)
    every = len(state_copy(HEADERS))
    assert opened_by(kept) == every + 1 and every >= hand.ITEMS, (opened_by(kept), every)
    headers = [header for header, in state_copy(HEADERS)]
    done = hand.mine("switched", "Ben")
    assert done.returncode == 128 + 9, done
    assert opened_by(kept) == every - 1, "a box more around the log's key, and one key moved"
    assert "not this household's" in hand.run("/usr/bin/python3", "-B", os.path.abspath(hand.__file__),
                                         "deposits", "1", role="ear", status=1), \
        "something was kept for the old key"
    # Cara knows of nothing: her next passphrase takes the new keys, opens old and new, and goes on.
    assert hand.hears("lea") is True
    new, = {row["id"] for row in hand.asked("list")} - {row["id"] for row in rows}
    caras = ("--parent", "Cara")
    hand.cubby("show", new, *caras, passphrase="caras")
    assert opened_by(kept) == 0
    after = hand.asked("list", "--transcripts", *caras, "--recovery-file", f"{hand.HOME}/caras-code")
    assert [row for row in after if row["id"] != new] == rows
    assert hand.asked("list", "--transcripts", "--parent", "Anna", *hand.CODE) == after
    hand.cubby("show", rows[0]["id"], *caras, passphrase="caras")
    with open(f"{hand.WORLD}/state/cubby.db", "rb") as file, \
            open(f"{hand.WORLD}/state/cubby.db-wal", "rb") as log:
        raw = file.read() + log.read()
    assert not [header for header in headers if header[9:] in raw], "an old header is on the disk"
    whats = [entry["what"] for entry in hand.asked("log")]
    assert whats.count("reseal") == 1 and whats.count("keys-taken") == 3, whats
    for who in ("Anna", *hand.CODE), ("Cara", "--recovery-file", f"{hand.HOME}/caras-code"):
        assert "Checked with your key" in hand.cubby("log", "--verify", "--parent", *who)


def a_parent_is_removed():
    """R13: who was removed can do nothing more; what they consented to stays until withdrawn."""
    item = hand.asked("list", "lea")[-1]["id"]
    assert "themselves" in hand.cubby("parent", "remove", "Anna", "--yes", "--parent", "Anna", *hand.CODE,
                                 status=1)
    before, _ = door_keys()
    keys_change()
    after, slots = door_keys()
    assert (len(before), len(after)) == (4, 4), (len(before), len(after))
    assert not [key for key in before - after if key in slots], "R24: the key of a door is still there"
    for way in (("--recovery-file", f"{hand.HOME}/bens-new"), ()):
        assert "no parent" in hand.cubby("show", item, "--parent", "Ben", *way, passphrase="new",
                                    status=10)
    hand.cubby("parent", "remove", "Cara", "--yes", "--parent", "Anna", *hand.CODE)
    assert "no parent" in hand.cubby("parent", "remove", "Ben", "--yes", *hand.CODE, status=10)
    assert [row["name"] for row in hand.asked("parent", "list")] == ["Anna"]
    hand.cubby("show", item, *hand.CODE)
    assert hand.hears("lea") is True
    hand.cubby("consent", "withdraw", "lea")
    assert hand.hears("lea") is False
    whats = [entry["what"] for entry in hand.asked("log")]
    assert {"parent-add", "parent-remove", "passphrase"} <= set(whats)
    # The founder may go, too, and the name is free again.
    hand.cubby("parent", "add", "Ben", "--new-passphrase-file", f"{hand.SHARED}/new",
          "--new-recovery-file", f"{hand.HOME}/bens-last", *hand.CODE)
    bens = ("--recovery-file", f"{hand.HOME}/bens-last")
    hand.cubby("parent", "remove", "Anna", "--yes", "--parent", "Ben", *bens)
    hand.cubby("show", item, *hand.CODE, status=10)
    hand.cubby("consent", "grant", "lea", "transcript", *bens)
    assert hand.hears("lea") is True
    hand.cubby("log", "--verify", *bens)
    hand.cubby("reset", "--parent", "Anna", "--yes", status=1)
    hand.cubby("reset", "--parent", "Ben", "--yes")
