# SPDX-License-Identifier: Apache-2.0
"""R14: the access log in root's hands. Each manipulation is done by SQL on the files of a stopped
keeper; then the real keeper starts on them and the real program looks. A naive thief changes what a
row says; a skilful one computes the hash chain anew, so that only the tags or an earlier look show
it."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import pages            # noqa: E402
import sodium           # noqa: E402
from tap import Tap     # noqa: E402

WORLD = os.environ["CUBBY_SANDBOX_DIR"]
STATE, SAFE, EARLY = (os.path.join(WORLD, name) for name in ("state", "state.safe", "state.early"))
HOME = os.path.join(WORLD, "home", "parent")
PASSPHRASE = "velvet harbour nineteen umbrellas"
CODE = f"{HOME}/recovery"
CODE_GIVEN = ("--recovery-file", CODE)
NEW, SEEN = "new", "seen"       # a client that never looked before, and one that did


def run(*command, role="parent", client=NEW):
    return subprocess.run(["sandbox", "--as", role, "env", f"XDG_STATE_HOME={HOME}/{client}",
                           f"CUBBY_PASSPHRASE_FILE={WORLD}/tmp/passphrase"
                           if command[1] == "setup" else "A=", *command],
                          capture_output=True, text=True, timeout=60, check=False,
                          stdin=subprocess.DEVNULL)


def keeper(what):
    done = run("sandbox", f"--{what}", "keeper", role="root")
    assert done.returncode == 0, done.stdout + done.stderr


def verify(*more, client=NEW):
    """(exit status, first bad entry or 0, what all was said)"""
    if client == NEW:
        shutil.rmtree(f"{HOME}/{NEW}", ignore_errors=True)
    done = run("cubby", "log", "--verify", "--json", *more, client=client)
    found = json.loads(done.stdout) if done.stdout else {}
    return done.returncode, found.get("first_bad", 0), f"{done.stdout}{done.stderr}"


# ---- Root ----

def database():
    db = sqlite3.connect(f"{STATE}/cubby.db", isolation_level=None)
    db.row_factory = sqlite3.Row
    return db


def change(how):
    """Runs how(db) without the database's triggers; the files keep their owner."""
    owner = os.stat(STATE)
    db = database()
    triggers = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for name, _ in triggers:
        db.execute(f"DROP TRIGGER {name}")
    how(db)
    for _, sql in triggers:
        db.execute(sql)
    db.close()
    pages.sums_put(f"{STATE}/cubby.db")
    for name in os.listdir(STATE):
        os.chown(f"{STATE}/{name}", owner.st_uid, owner.st_gid)


def rows(db):
    return [dict(row) for row in db.execute("SELECT * FROM log ORDER BY seq")]


def body_hash(row):
    return row["body_hash"] or sodium.blake2b(row["body"].encode(), row["salt"])


def rewrite(db, entries, chained):
    """These entries for those there are; chained: with a chain that holds."""
    previous = bytes(32)
    db.execute("DELETE FROM log")
    for seq, row in enumerate(entries, 1):
        row = dict(row, seq=seq)
        if chained:
            row["hash"] = sodium.blake2b(previous + seq.to_bytes(8, "little")
                                         + row["time_min"].to_bytes(8, "little") + body_hash(row))
        previous = row["hash"]
        db.execute("INSERT INTO log (seq, time_min, body, salt, hash, tag, body_hash) "
                   "VALUES (:seq, :time_min, :body, :salt, :hash, :tag, :body_hash)", row)
    db.execute("UPDATE log_slot SET seq = ?", (len(entries),))


def edit(entries):
    entries[4]["body"] = '{"outcome": "done", "uid": 4, "what": "list"}'


def reorder(entries):
    entries[3], entries[4] = entries[4], entries[3]


def remove(entries):
    del entries[5]


def insert(entries):
    entries.insert(5, dict(entries[2], body='{"outcome": "done", "uid": 0, "what": "open"}'))


def truncate(entries):
    del entries[-2:]


def untag(entries):
    for row in entries[4:]:
        row["tag"] = None


def empty(entries):
    entries[4].update(body_hash=body_hash(entries[4]), body="{}", salt=bytes(16))


def with_entries(how, chained):
    def changed(db):
        entries = rows(db)
        how(entries)
        rewrite(db, entries, chained)
    return changed


def cut(db):
    """The rows alone, as somebody does who knows nothing of the slot."""
    db.execute("DELETE FROM log WHERE seq > (SELECT max(seq) FROM log) - 2")


def key_exchange(db):
    """A first key of the thief's, sealed to the household as anybody can; the tags to go with it."""
    key = os.urandom(32)
    home = json.loads(db.execute("SELECT statement FROM household").fetchone()[0])["home"]
    db.execute("UPDATE log_key SET sealed = ?", (sodium.seal(bytes.fromhex(home), key),))
    entries = rows(db)
    for row in entries:
        row["tag"] = sodium.blake2b(b"tag" + row["hash"], key)[:16]
        key = sodium.blake2b(b"next", key)
    rewrite(db, entries, False)


def key_drop(db):
    db.execute("DELETE FROM log_key")


# ---- The stories ----

def begin(tap):
    with open(f"{WORLD}/tmp/passphrase", "w", encoding="utf-8") as file:
        file.write(PASSPHRASE + "\n")
    os.chmod(f"{WORLD}/tmp/passphrase", 0o644)
    done = run("cubby", "setup", "--parent", "Robin", *CODE_GIVEN, client=SEEN)
    tap.ok(done.returncode == 0, "a household is made", done.stdout + done.stderr)
    with open(f"{HOME}/{SEEN}/cubby/log.json", encoding="utf-8") as file:
        seen = json.load(file)
    tap.ok(seen["statement"] == "cubby-checkpoint-1" and seen["seq"] >= 1,
           "R14 whoever made it holds a checkpoint", seen)
    for _ in range(4):
        run("cubby", "list")
    keeper("stop")
    shutil.copytree(STATE, EARLY, copy_function=copy_owned)
    keeper("start")
    for _ in range(6):
        run("cubby", "list")
    run("cubby", "list", role="stranger")
    done = run("cubby", "log", "--verify", client=SEEN)
    tap.ok(done.returncode == 0 and done.stdout.startswith("The access log is whole: ")
           and "without a passphrase" in done.stdout,
           "R14 it is whole, and what was not checked is said", done.stdout + done.stderr)
    done = run("cubby", "log", "--verify", *CODE_GIVEN, client=SEEN)
    tap.ok(done.returncode == 0 and "mark each entry got" in done.stdout,
           "R14 and with the key every tag holds", done.stdout + done.stderr)
    keeper("stop")
    shutil.copytree(STATE, SAFE, copy_function=copy_owned)


def copy_owned(source, target):
    shutil.copy2(source, target)
    owner = os.stat(source)
    os.chown(target, owner.st_uid, owner.st_gid)


def put_back(path, only=None):
    for name in os.listdir(STATE):
        if not only or name.startswith(only):
            os.unlink(f"{STATE}/{name}")
    for name in os.listdir(path):
        if not only or name.startswith(only):
            copy_owned(f"{path}/{name}", f"{STATE}/{name}")


def head():
    db = database()
    found, = db.execute("SELECT max(seq) FROM log").fetchone()
    db.close()
    return found


def tell(tap, title, expected, words, *more, client=NEW):
    status, first_bad, said = verify(*more, client=client)
    tap.ok((status, first_bad) == (1 if expected else 0, expected)
           and words in said, title, f"expected {expected or 'no'} bad entry: {said}")


def story(tap, title, how, without, with_key, words, seen=None):
    """One manipulation, looked at without and with the key by a client that never looked before
    (0: nothing is found), and by one that did."""
    change(how)
    keeper("start")
    tell(tap, f"R14 {title}, without the key: "
         f"{f'entry {without}' if without else 'not to be seen'}", without,
         words if without else "")
    tell(tap, f"R14 {title}, with the key: entry {with_key}", with_key, words,
         *CODE_GIVEN)
    if seen:
        tell(tap, f"R14 {title}, without the key, seen before: entry {seen}", seen, "last looked",
             client=SEEN)
        status = run("cubby", "status", client=SEEN).stdout
        tap.ok("ALERT       the access log was changed" in status, f"{title}: the status tells",
               status)
    keeper("stop")
    put_back(SAFE)


def replay(tap, end):
    """An old database, and an old copy of everything."""
    put_back(EARLY, "cubby.db")
    early = head()
    keeper("start")
    for more in ((), CODE_GIVEN):
        tell(tap, f"R14 an old database put back: entry {early + 1}", early + 1, "put back", *more)
    tell(tap, "R14 the same, seen before", early + 1, "put back", client=SEEN)
    for _ in range(3):
        run("cubby", "list")
    keeper("stop")
    # Cut by hand where the new key began: its number is given a second time.
    change(lambda db: db.execute("DELETE FROM log WHERE seq > ?", (early,)))
    change(lambda db: db.execute("UPDATE log_slot SET slot_tag = zeroblob(16)"))
    keeper("start")
    tell(tap, "R14 the number of an entry given twice is told", early + 1, "put back", *CODE_GIVEN)
    alerts = json.loads(run("cubby", "status", "--json").stdout)["alerts"]
    tap.ok(any("log" in alert for alert in alerts), "with an alert", alerts)
    keeper("stop")
    db = database()
    keys = [key for key, in db.execute("SELECT first_seq FROM log_key ORDER BY number")]
    db.close()
    tap.ok(keys == [1, early + 1, early + 1], "and both keys are kept", keys)
    put_back(EARLY)
    keeper("start")
    tell(tap, "R14 an old copy of all files shows nothing by itself", 0, "")
    tell(tap, f"R14 whoever looked before sees it: entry {early + 1}", early + 1, "last looked",
         client=SEEN)
    for _ in range(end - early + 3):
        run("cubby", "list")
    tell(tap, "R14 also when it has grown as long again", end, "last looked", client=SEEN)
    keeper("stop")
    put_back(SAFE)


def good(*command):
    done = run("cubby", *command)
    assert done.returncode == 0, (command, done.stderr)
    return done.stdout


def keep_something(name):
    """An adult who allows sound, with one recording."""
    with open(f"{WORLD}/tmp/said.wav", "wb") as file:
        file.write(b"RIFF" + (36 + 32000).to_bytes(4, "little") + b"WAVEfmt " +
                   bytes.fromhex("1000000001000100803e0000007d000002001000") + b"data" +
                   (32000).to_bytes(4, "little") + os.urandom(32000))
    os.chmod(f"{WORLD}/tmp/said.wav", 0o644)
    good("profile", "add", name, "--adult", *CODE_GIVEN)
    good("consent", "grant", name, "audio", *CODE_GIVEN)
    good("import", f"{WORLD}/tmp/said.wav", "--profile", name, *CODE_GIVEN)


def receipt(tap):
    """A receipt is a checkpoint: kept on paper, it shows what a new client could not know."""
    keeper("start")
    keep_something("ada")
    good("delete", "--all", "--yes", "--receipt", f"{HOME}/receipt.json")
    with open(f"{HOME}/receipt.json", encoding="utf-8") as file:
        seq = json.load(file)["log_seq"]
    tell(tap, "R14 the log holds what the receipt says", 0, "", "--receipt",
         f"{HOME}/receipt.json")
    keeper("stop")
    change(with_entries(edit, True))
    keeper("start")
    tell(tap, f"R14 written anew, it does not: entry {seq}", seq, "receipt was made", "--receipt",
         f"{HOME}/receipt.json")
    keeper("stop")
    put_back(SAFE)


def told(pseudonyms, known):
    """The pseudonyms that any 16 bytes of the database as key, or any key of the slots, make of any
    16 bytes of the database, or of the ids that one may have known before."""
    db = database()
    blobs = set()
    for table, in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        for row in db.execute(f"SELECT * FROM {table}"):
            blobs |= {value for value in row if isinstance(value, bytes) and len(value) == 16}
    db.close()
    with open(f"{STATE}/slots.bin", "rb") as file:
        slots = file.read()
    keys = {slots[at:at + n] for at in range(0, len(slots), 16) for n in (16, 32)}
    return {made for key in keys | blobs for message in known | (blobs if key in blobs else set())
            for made in (sodium.blake2b(message, key)[:8].hex(),) if made in pseudonyms}


def pseudonyms(tap):
    keeper("start")
    keep_something("ada")
    item, = json.loads(good("list", "--json"))
    good("play", item["id"], "-o", f"{HOME}/played.wav", *CODE_GIVEN)
    bodies = json.loads(good("log", "--json"))
    names = {body[member] for body in bodies for member in ("profile", "item") if member in body}
    tap.ok(len(names) == 2, "the log has a name for the profile and one for the item", names)
    keeper("stop")
    db = database()
    known, key = db.execute("SELECT id, log_key FROM profile").fetchone()
    db.close()
    known = {known, bytes.fromhex(item["id"])}
    tap.ok(told(names, known) == names, "R14 while the profile is there, its key tells whose they are")
    keeper("start")
    good("profile", "remove", "ada", "--yes")
    tell(tap, "R14 the profile is gone, and the log verifies", 0, "", *CODE_GIVEN)
    keeper("stop")
    tap.ok(told(names, known) == set(), "R14 nothing tells any more, not even who knew the ids",
           told(names, known))
    left = [name for name in os.listdir(STATE) for secret in (key, *known)
            if secret in open(f"{STATE}/{name}", "rb").read()]
    tap.ok(not left, "R14 key and ids are in no file", left)
    put_back(SAFE)


def main():
    tap = Tap()
    begin(tap)
    end = head()
    changed, written = "not what was written there", "does not bear the keeper's mark"
    for name, how, bad in (("edited", edit, 5), ("reordered", reorder, 4), ("put in", insert, 6)):
        story(tap, f"an entry {name}", with_entries(how, False), bad, bad, changed)
        story(tap, f"an entry {name} skilfully", with_entries(how, True), 0, bad, written, end)
    story(tap, "an entry taken out", lambda db: db.execute("DELETE FROM log WHERE seq = 6"),
          6, 6, "is missing")
    story(tap, "an entry taken out skilfully", with_entries(remove, True), 0, 6, written, end)
    story(tap, "the end cut off", cut, end - 1, end - 1, "not as long as it had left it")
    story(tap, "the end cut off skilfully", with_entries(truncate, False), 0, end - 1,
          "", end)
    story(tap, "tags taken away", with_entries(untag, False), 0, 5, written)
    story(tap, "another first key", key_exchange, 0, 1, "the key was exchanged")
    story(tap, "no first key", key_drop, 0, 1, "the key was exchanged")
    story(tap, "a body emptied too early", with_entries(empty, False), 5, 5, "24 months")
    replay(tap, end)
    receipt(tap)
    pseudonyms(tap)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
