# SPDX-License-Identifier: Apache-2.0
"""R17: the attacker (house.py) in the database and the other files of a stopped keeper, with and without
the laws that the database has in it.

usage: in_the_files.py CUBBYD"""

import contextlib
import os
import shutil
import sqlite3
import sys

from house import WORDS, dbus, pages, run, sodium, tamper

PAGE, PAGE_SLOTS = 4096, 127
CHILD_ITEM = "(SELECT item FROM item JOIN profile USING (profile) WHERE type = 'child')"
CHILD, ADULT = ("(SELECT profile FROM profile WHERE type = '%s')" % each for each in ("child", "adult"))
COPY = "(SELECT copy FROM copy)"
CHILDS_PART = f"FROM part WHERE item = {CHILD_ITEM} AND part.kind = copy_part.kind"
FORGED = f"""INSERT INTO copy (id, item, header, purpose, recipient, approved_min, review)
    SELECT %s, %s, header, '{WORDS[0]}', '{WORDS[1]}', started_min, 'heard' FROM item
    WHERE item = {CHILD_ITEM}"""
FORGED_PARTS = f"""INSERT INTO copy_part (copy, kind, slot, slot_tag, expires_min, bytes, hash, body,
    veiled) SELECT (SELECT max(copy) FROM copy), kind, slot, slot_tag, expires_min, bytes, part.hash,
    body, veiled FROM part WHERE item = {CHILD_ITEM}"""
# What the law of the file refuses as it stands, and whatever it does not.
LAWLESS = {
    "the item in an adult's profile": [f"UPDATE item SET profile = {ADULT} WHERE profile = {CHILD}"],
    "the item without its veil in an adult's profile": [
        "UPDATE part SET veiled = 0",
        f"UPDATE item SET profile = {ADULT} WHERE profile = {CHILD}"],
    "an approved item in the child's profile": [
        "UPDATE part SET veiled = 0",
        f"UPDATE item SET profile = {CHILD} WHERE item IN (SELECT item FROM copy)"],
    "the child declared an adult": ["UPDATE profile SET type = 'adult'"],
    "profiles with each other's ids": ["UPDATE profile SET id = x'00112233445566778899aabbccddeeff' "
                                       "WHERE type = 'child'"],
    "profiles with each other's rows": [
        "CREATE TEMP TABLE both AS SELECT sum(profile) AS rows FROM profile WHERE name IN ('mia', 'dad')",
        "UPDATE profile SET profile = profile + 1000 WHERE name IN ('mia', 'dad')",
        "UPDATE profile SET profile = (SELECT rows FROM both) + 1000 - profile "
        "WHERE name IN ('mia', 'dad')"],
    "an adult in the place of the child": [
        "INSERT OR REPLACE INTO profile (profile, id, name, type, created_min) SELECT profile, "
        "randomblob(16), 'zoe', 'adult', created_min FROM profile WHERE type = 'child'"],
    "an adult where the child was": [
        "CREATE TEMP TABLE was AS SELECT profile FROM profile WHERE type = 'child'",
        "DELETE FROM profile WHERE type = 'child'",
        "INSERT INTO profile (profile, id, name, type, created_min) SELECT profile, randomblob(16), "
        "'zoe', 'adult', 1 FROM temp.was"],
    "an adult's item in the place of the child's": [
        "INSERT OR REPLACE INTO item (item, id, profile, started_min, uid, header) SELECT item, id, "
        f"{ADULT}, started_min, uid, header FROM item WHERE item = {CHILD_ITEM}"],
    "an adult's item where the child's was": [
        f"CREATE TEMP TABLE was AS SELECT * FROM item WHERE item = {CHILD_ITEM}",
        f"DELETE FROM item WHERE item = {CHILD_ITEM}",
        "INSERT INTO item (item, id, profile, started_min, uid, header) SELECT item, id, "
        f"{ADULT}, started_min, uid, header FROM temp.was"],
    "an approval of the child's item": [FORGED % ("randomblob(16)", "item"), FORGED_PARTS],
    "an approval with the child's id": [FORGED % ("id", "item"), FORGED_PARTS],
    "an approval moved to the child's item": [f"UPDATE copy SET item = {CHILD_ITEM}"],
    "the child's header in an approval": [
        f"UPDATE copy SET header = (SELECT header FROM item WHERE item = {CHILD_ITEM})"],
    "the child's part in an adult's approval": [
        f"UPDATE copy_part SET body = (SELECT body {CHILDS_PART}), hash = (SELECT hash {CHILDS_PART})"],
    "the child's slot in an adult's approval": [
        f"UPDATE copy_part SET slot = (SELECT slot {CHILDS_PART}), "
        f"slot_tag = (SELECT slot_tag {CHILDS_PART})"],
    "the child's part in an adult's item": [
        "INSERT OR REPLACE INTO part (item, kind, slot, slot_tag, made_min, expires_min, bytes, hash, "
        "body) SELECT (SELECT item FROM copy), kind, slot, slot_tag, made_min, expires_min, bytes, "
        f"hash, body FROM part WHERE item = {CHILD_ITEM}"],
    "the child's body in an adult's item": [
        f"UPDATE OR REPLACE part SET body = (SELECT max(body) FROM part WHERE item = {CHILD_ITEM}) "
        "WHERE item = (SELECT item FROM copy) AND kind = 1"],
    "everything of the child's as an adult's approval": [
        FORGED % ("id", "(SELECT item FROM copy)"), FORGED_PARTS],
    "a link to what nobody approved": [
        "INSERT INTO export_item (export, copy, token) SELECT export, 1000, randomblob(16) FROM export"],
    "an item refused by its owner, as if reviewed": [
        f"INSERT INTO refusal (item, refused_min) VALUES ({CHILD_ITEM}, 1)"],
    "an approval for longer than 30 days": [
        "INSERT INTO body (sealed) VALUES (x'00')",
        "INSERT INTO copy (id, item, header, purpose, recipient, approved_min, review) SELECT "
        "randomblob(16), item, header, purpose, recipient, approved_min, review FROM copy",
        "INSERT INTO copy_part (copy, kind, slot, slot_tag, expires_min, bytes, hash, body) SELECT "
        "(SELECT max(copy) FROM copy), 1, 100, slot_tag, expires_min + 1440, 1, hash, "
        "(SELECT max(body) FROM body) FROM copy_part WHERE kind = 1"],
    "an approval back from its erasure": [
        "INSERT INTO job (reason, items, parts, state, asked_min, salt, commitment) VALUES "
        "('delete', 1, 1, 'queued', 1, zeroblob(16), zeroblob(32))",
        "UPDATE copy_part SET job = (SELECT max(job) FROM job)",
        "UPDATE copy_part SET job = NULL"],
    "another name for what is exported": [
        "UPDATE export_item SET token = randomblob(16) WHERE hash IS NULL"],
    "another approval under its name": ["UPDATE export_item SET copy = 1000 WHERE hash IS NULL"],
    "an export that goes on after its end": ["UPDATE export SET ended_min = NULL"],
    "another file in an export that has ended": ["UPDATE export_item SET bytes = 8 WHERE bytes = 7"],
    "an approval for everybody": ["UPDATE copy SET recipient = 'everybody'"],
    "an export for everybody": ["UPDATE export SET recipient = 'everybody'"],
}
# What it has nothing against: the key has.
FREE = {
    "profiles with each other's names": [
        "UPDATE profile SET name = 'x' WHERE name = 'dad'",
        "UPDATE profile SET name = 'dad' WHERE name = 'mia'",
        "UPDATE profile SET name = 'mia' WHERE name = 'x'"],
    "the child's ciphertext in an adult's approval": [
        "UPDATE body SET sealed = (SELECT sealed FROM body JOIN part USING (body) WHERE "
        f"item = {CHILD_ITEM} AND kind = 1) WHERE body IN (SELECT body FROM copy_part)",
        f"UPDATE copy_part SET hash = (SELECT hash {CHILDS_PART}), bytes = (SELECT bytes {CHILDS_PART})"],
    "the item of nobody": [
        f"INSERT INTO item (id, profile, started_min, uid, header) SELECT randomblob(16), 1000, "
        f"started_min, uid, header FROM item WHERE item = {CHILD_ITEM}"],
}


def with_tampered(house, name, steps, walls):
    """The child's items that come out after it, or None where the file refused."""
    house.stop()
    house.anew()
    try:
        tamper(house, steps, walls)
    except sqlite3.IntegrityError as error:
        assert walls, (name, error)
        house.anew()
        house.start()
        return None
    # A keeper that will not serve such a file exports nothing of it.
    if not house.world.start():
        house.anew()
        house.start()
        return 0
    house.keeper = house.world.client()
    house.prove("release")
    return house.by_every_road()


def running(house):
    """An export under way, which lies in the file that is tampered with, beside one that ended."""
    export = house.begin()
    house.wrote(export, [token for token, _ in house.fetch(export)])
    assert len(house.finish(export)) == 1
    export = house.begin()
    house.stop()
    shutil.rmtree(house.base)
    shutil.copytree(house.state, house.base)
    house.start()
    return export


def test_r17_the_files_law_refuses(house):
    running(house)
    for name, steps in LAWLESS.items():
        assert with_tampered(house, name, steps, True) is None, f"went through: {name}"


def test_r17_without_the_law_nothing_comes_out(house):
    for name, steps in {**LAWLESS, **FREE}.items():
        assert with_tampered(house, name, steps, False) == 0, name
    for name, steps in FREE.items():
        assert with_tampered(house, name, steps, True) == 0, name


def test_r17_a_running_export_asks_again_whose_an_item_is(house):
    """The link to what was approved is there; what it was approved as is not any more."""
    export = running(house)
    assert len(house.fetch(export)) == 1
    for steps in ([f"UPDATE item SET profile = {CHILD} WHERE item IN (SELECT item FROM copy)"],
                  ["UPDATE copy SET purpose = 'something else'"],
                  ["UPDATE copy SET recipient = 'somebody else'"],
                  ["UPDATE profile SET removing = 1 WHERE type = 'adult'"]):
        house.stop()
        house.anew()
        tamper(house, steps)
        house.start()
        assert house.fetch(export) == [], steps
    house.stop()
    house.anew()
    house.start()


def test_r17_a_file_without_its_law_is_not_served(house):
    house.stop()
    house.anew()
    with pages.database(f"{house.state}/cubby.db") as db:
        db.execute("DROP TRIGGER copy_only_of_an_adult")
    assert not house.world.start()
    house.anew()
    house.start()


# ---- In the other files ----

def slot_at(number):
    return number // PAGE_SLOTS * PAGE + 32 + number % PAGE_SLOTS * 32


def test_r17_swapped_slots_open_nothing(house):
    house.stop()
    house.anew()
    with contextlib.closing(sqlite3.connect(f"{house.state}/cubby.db")) as db:
        of_child, of_copy = (
            [slot for slot, in db.execute(f"SELECT slot FROM {table} ORDER BY kind")] for table in
            (f"part WHERE item = {CHILD_ITEM}", "copy_part"))
    with open(f"{house.state}/slots.bin", "r+b") as file:
        for one, other in zip(of_child, of_copy):
            keys = [os.pread(file.fileno(), 32, slot_at(slot)) for slot in (one, other)]
            for slot, key in zip((other, one), keys):
                os.pwrite(file.fileno(), key, slot_at(slot))
    house.start()
    assert house.by_every_road() == 0
    house.stop()
    # With the tags of the rows to go with them, and the rows of the child's ciphertext.
    tamper(house, LAWLESS["the child's slot in an adult's approval"]
           + LAWLESS["the child's part in an adult's approval"], False)
    if house.world.start():
        house.keeper = house.world.client()
        house.prove("release")
        assert house.by_every_road() == 0
        house.stop()
    house.anew()
    house.start()


def test_r17_every_key_in_the_files_and_the_release_key_open_nothing(house):
    with open(f"{house.state}/slots.bin", "rb") as file:
        slots = file.read()
    with contextlib.closing(sqlite3.connect(f"{house.base}/cubby.db")) as db:
        head, = db.execute(f"SELECT header FROM item WHERE item = {CHILD_ITEM}").fetchone()
    keys = [slots[at:at + 32] for at in range(0, len(slots), 32)]
    for key in [house.release, *keys]:
        try:
            sodium.header_open(bytes(head), key)
        except sodium.Refused:
            continue
        raise AssertionError("a key opened the child's item")


def test_r17_swapped_wraps_give_no_home_key(house):
    """Who asks for `release` never gets `home` in its place."""
    house.stop()
    tamper(house, ["CREATE TEMP TABLE was AS SELECT * FROM wrap",
                   "UPDATE wrap SET wrapped = (SELECT wrapped FROM was WHERE was.parent = wrap.parent "
                   "AND was.kind = wrap.kind AND was.secret = CASE wrap.secret WHEN 'home' THEN "
                   "'release' ELSE 'home' END) WHERE secret <> 'sign'"], False)
    assert house.world.start()
    house.keeper = house.world.client()
    try:
        house.prove("release")
    except (sodium.Refused, dbus.DBusException):
        pass
    else:
        raise AssertionError("a wrap opened under another's name")
    house.stop()
    house.anew()
    house.start()


if __name__ == "__main__":
    sys.exit(run(globals()))
