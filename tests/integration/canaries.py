# SPDX-License-Identifier: Apache-2.0
"""R16: no log and no diagnostic holds a word, a nickname or an id. A thousand canaries, words and
nicknames that are nowhere else, go through a real keeper, with all that parents do with them; then
everything that programs say for themselves is searched, and the access log, text and raw rows."""

import glob
import json
import os
import re
import sqlite3
import subprocess
import sys
import time
import wave

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import dbus                     # noqa: E402
import sodium                   # noqa: E402
import story                    # noqa: E402
from keeper import Keeper       # noqa: E402
from tap import Tap             # noqa: E402

WORLD = os.environ["CUBBY_SANDBOX_DIR"]
HOME = os.path.join(WORLD, "home", "parent")
SHARED = os.path.join(WORLD, "tmp", "canaries.json")
NICKNAMES, WORDS, A_TIME = 20, 980, 20
PASSPHRASE = b"velvet harbour nineteen umbrellas"


def canaries():
    """Letters alone, so that no number and no hash has one by chance."""
    letters = "bcdfghjklmnpqrstvwxz"
    return ["zq" + "".join(letters[byte % 20] for byte in os.urandom(12))
            for _ in range(NICKNAMES + WORDS)]


def save(known):
    with open(os.open(SHARED, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666), "w",
              encoding="utf-8") as file:
        json.dump(known, file)


def load():
    with open(SHARED, encoding="utf-8") as file:
        return json.load(file)


# ---- As somebody else ----

def patient(call, *arguments):
    """The keeper rations its callers."""
    while True:
        try:
            return call(*arguments)
        except dbus.DBusException as error:
            if not error.get_dbus_name().endswith(("RateLimited", "Busy")):
                raise
            time.sleep(0.05)


def household(known):
    """Parent: the household and its profiles, each with its consents."""
    keeper = Keeper()
    secrets, code = keeper.setup("Robin", PASSPHRASE)
    known.update(home=secrets["home"].hex(), code=code.hex())
    for name in known["nicknames"]:
        path = str(patient(keeper.call, "Profiles", "Add", "ssa{sv}", name, "child"))
        profile = path.rpartition("/")[2]
        known["ids"].append(profile)
        patient(keeper.grant, [keeper.consent(secrets["sign"], profile, kind)
                               for kind in ("audio", "transcript")])


def deposits(known):
    """Ear: an item for each twenty words. Some begin and come to nothing; some are for nobody."""
    keeper = Keeper()
    home = sodium.box_public(bytes.fromhex(known["home"]))
    for at in range(0, WORDS, A_TIME):
        record = {"text": " ".join(known["words"][at:at + A_TIME]), "confidence": 0.5,
                  "duration_ms": 100}
        known["ids"].append(patient(
            keeper.keep, known["nicknames"][at // A_TIME % NICKNAMES], home,
            [("transcript", json.dumps(record).encode())]))
    for name in known["words"][:10]:
        for call in (lambda: keeper.begin(name, ["transcript"]),
                     lambda: keeper.begin(known["nicknames"][0], [name]),
                     lambda: keeper.open(known["ids"][-1], b""),
                     lambda: keeper.delete(profile=name)):
            try:
                patient(call)
            except dbus.DBusException:
                pass


def opens(known):
    """Parent: all are opened, and what is not there is asked for by its name."""
    keeper = Keeper()
    secrets = keeper.prove("Robin", None, ("home",), code=bytes.fromhex(known["code"]))
    for item, word in zip(known["ids"][NICKNAMES:], known["words"][::A_TIME]):
        assert word.encode() in patient(keeper.open, item, secrets["home"])["transcript"]
    for call in (lambda name: keeper.list(profile=name),
                 lambda name: keeper.open(name, secrets["home"]),
                 lambda name: keeper.call("Consent", "Show", "sa{sv}", name),
                 lambda name: keeper.call("Profiles", "Remove", "sa{sv}", name),
                 lambda name: keeper.call("Parents", "Challenge", "ssa{sv}", name, name)):
        for name in known["words"][:10]:
            try:
                patient(call, name)
            except dbus.DBusException:
                pass


STEPS = {"household": household, "deposits": deposits, "opens": opens}


def step(name):
    known = load()
    STEPS[name](known)
    save(known)


# ---- As root ----

class Said:
    """What programs said of themselves."""

    def __init__(self):
        self.texts = {}

    def run(self, *command, role="parent", fails=False):
        """A program; what it was asked for goes to standard output and is not looked at. Where it
        fails, it tells who typed it what was wrong; that stays on that terminal."""
        done = subprocess.run(["sandbox", "--as", role, *command], capture_output=True, text=True,
                              timeout=120, check=False, stdin=subprocess.DEVNULL)
        assert (done.returncode != 0) == fails, (command, done.returncode, done.stderr)
        if not fails:
            name = f"{command[0]} {command[1]} {len(self.texts)}"
            self.texts[name] = done.stderr.encode()
        return done.stdout

    def gather(self):
        """Every log of the world, and the access log: as text, and as rows."""
        for path in glob.glob(f"{WORLD}/log/*"):
            with open(path, "rb") as file:
                self.texts[path] = file.read()
        self.texts["bodies"] = self.run("cubby", "log", "--json").encode()
        self.texts["doctor"] = self.run("cubby", "doctor").encode()
        self.run("sandbox", "--stop", "keeper", role="root")
        db = sqlite3.connect(f"{WORLD}/state/cubby.db")
        for table in ("log", "log_key", "log_checkpoint", "log_slot", "log_opener", "drill"):
            rows = db.execute(f"SELECT * FROM {table}").fetchall()
            self.texts[f"rows of {table}"] = b"\n".join(
                value if isinstance(value, bytes) else str(value).encode()
                for row in rows for value in row)
        db.close()

    def found(self, needles, ids):
        """Which of them is where: a text in any case, an id as text and as bytes."""
        words = re.compile(b"|".join(map(re.escape, (n.lower().encode() for n in needles))))
        raw = re.compile(b"|".join(re.escape(bytes.fromhex(i)) for i in ids), re.S)
        hexes = re.compile(b"|".join(i.encode() for i in ids))
        return [(name, hit.group()) for name, text in self.texts.items()
                for hit in [*words.finditer(text.lower()), *hexes.finditer(text.lower()),
                            *raw.finditer(text)]]


def as_role(role, name):
    done = subprocess.run(["sandbox", "--as", role, "/usr/bin/python3", "-B", __file__, name],
                          capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def life(said, known):
    """What a family does with the command line."""
    code = ("--recovery-file", f"{HOME}/code")
    first, second, third = known["nicknames"][:3]
    items = known["ids"][NICKNAMES:]
    said.run("cubby", "list", "--json")
    said.run("cubby", "list", first)
    said.run("cubby", "list", second, "--transcripts", *code)
    said.run("cubby", "show", items[0], *code)
    said.run("cubby", "retention", "set", first, "transcript", "1h")
    said.run("cubby", "consent", "withdraw", second, "transcript")
    said.run("cubby", "delete", items[3], "--yes", "--receipt", f"{HOME}/receipt.json")
    said.run("cubby", "delete", "--profile", third, "--yes")
    said.run("cubby", "profile", "remove", third, "--yes")
    said.run("cubby", "show", items[3], *code, fails=True)
    said.run("cubby", "profile", "remove", known["words"][0], "--yes", fails=True)
    said.run("cubby", "consent", "grant", first, known["words"][1], fails=True)
    said.run("cubby", "list", first, role="stranger", fails=True)
    said.run("cubby", "drill")
    with wave.open(f"{WORLD}/tmp/said.wav", "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(bytes(32000) + story.samples(story.CHILDS) + bytes(64000))
    os.chmod(f"{WORLD}/tmp/said.wav", 0o644)
    heard = said.run("cubby-listen", "--json", "--file", f"{WORLD}/tmp/said.wav", "--profile",
                     first, "--utterances", "1", role="ear")
    assert "forward ten" in heard and '"kept": true' in heard.replace('":t', '": t'), heard
    said.run("sandbox", "--stop", "keeper", role="root")
    said.run("sandbox", "--start", "keeper", role="root")
    said.run("cubby", "status")
    said.run("cubby", "log", "--verify", *code)


def main():
    tap, said, all_of_them = Tap(), Said(), canaries()
    save({"nicknames": all_of_them[:NICKNAMES], "words": all_of_them[NICKNAMES:], "ids": []})
    os.chmod(SHARED, 0o666)
    for role, name in (("parent", "household"), ("ear", "deposits"), ("parent", "opens")):
        as_role(role, name)
    known = load()
    tap.ok(len(set(known["ids"])) == NICKNAMES + WORDS // A_TIME, "all were kept", len(known["ids"]))
    with open(f"{HOME}/code", "w", encoding="utf-8") as file:
        file.write(recovery_text(bytes.fromhex(known["code"])) + "\n")
    os.chmod(f"{HOME}/code", 0o644)
    life(said, known)
    said.gather()
    needles = all_of_them + ["forward ten"]
    sizes = {name: len(text) for name, text in said.texts.items()}
    tap.ok(sizes["bodies"] > 10000 and sizes["rows of log"] > 10000
           and any("keeper" in name and size for name, size in sizes.items()),
           "there is something to search", sizes)
    found = said.found(needles, known["ids"])
    tap.ok(not found, f"R16 none of {len(needles)} words and nicknames and {len(known['ids'])} ids "
           f"is in {len(said.texts)} logs and diagnostics", found[:20])
    for what, planted in (("a word", all_of_them[500].upper().encode()),
                          ("a nickname", all_of_them[3].encode()),
                          ("an id", known["ids"][40].encode()),
                          ("the bytes of an id", bytes.fromhex(known["ids"][41]))):
        for name in ("bodies", "rows of log", next(n for n in said.texts if "keeper" in n)):
            kept = said.texts[name]
            said.texts[name] = kept + b"..." + planted + b"..."
            hits = said.found(needles, known["ids"])
            tap.ok([hit[0] for hit in hits] == [name],
                   f"{what} planted in {os.path.basename(name)} is found", hits)
            said.texts[name] = kept
    return tap.done()


def recovery_text(code):
    """As people write it down: lib/crypt/recovery.c."""
    whole = int.from_bytes(code + sodium.blake2b(b"cubby recovery" + code)[:4], "big")
    digits = "".join("0123456789ABCDEFGHJKMNPQRSTVWXYZ"[whole >> shift & 31]
                     for shift in range(155, -1, -5))
    return "-".join(digits[at:at + 4] for at in range(0, 32, 4))


if __name__ == "__main__":
    sys.exit(step(sys.argv[1]) if len(sys.argv) > 1 else main())
