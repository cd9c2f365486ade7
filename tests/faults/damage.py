#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""R8: one file of the state directory is damaged: bits flipped, bytes or a sector overwritten, cut
short. Then the real cubbyd starts, or refuses; what is listed opens as what was said, or as an error;
one item is deleted. It must not die, another item's key must not be touched, nothing that was erased
may come back, and nothing that was kept may be missing without an alert, an error or a refusal.

First at places where, before the keeper looked for it, nobody would have been told; then at random.

usage: damage.py CUBBYD SHIM [SEED ROUNDS]

300 rounds (100 under a sanitizer); with CUBBY_TEST_SLOW=1 10,000 (four at a time: 6 min 40 s on four
very busy cores)."""

import collections
import contextlib
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys

from home import Home, Report, dbus, refused
import sodium

SLOW = os.environ.get("CUBBY_TEST_SLOW") == "1"
FILES = {"cubby.db": 8, "cubby.db-wal": 5, "slots.bin": 4, "clock": 1, "device.key": 1}
ITEMS = 6


class Damage:
    def __init__(self, home):
        self.home = home
        self.state = home.world.state
        home.furnish()
        items = [home.keep() for _ in range(ITEMS + 1)]
        self.gone = items.pop()
        self.delete(self.gone)
        del home.kept[self.gone]
        self.offsets = {item: list(keys) for item, (_, keys) in home.kept.items()}
        # As kill -9 leaves it, with a log, and as a clean end does.
        self.bases = [f"{home.memory}/killed", f"{home.memory}/ended"]
        shutil.copytree(self.state, self.bases[0])
        home.keeper.close()
        home.world.stop()
        shutil.copytree(self.state, self.bases[1])

    def slots(self):
        with open(f"{self.state}/slots.bin", "rb") as file:
            return file.read()

    def delete(self, item):
        job = self.home.keeper.call("Archive", "Delete", "a{sv}a{sv}", dbus.Dictionary(
            {"ids": dbus.Array([item], signature="s")}, signature="sv"))[0]
        return tuple(map(str, self.home.keeper.call("Job", "Wait", path=job, timeout=20)))

    def lay(self, base):
        shutil.rmtree(self.state, ignore_errors=True)
        shutil.copytree(base, self.state)

    def sector(self, table):
        """The oldest rows of a table or index: SQLite fills a page from its end."""
        self.lay(self.bases[1])
        with contextlib.closing(sqlite3.connect(f"{self.state}/cubby.db")) as db:
            page, = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?",
                               (table,)).fetchone()
        with open(f"{self.state}/cubby.db", "r+b") as file:
            file.seek(page * 4096 - 512)
            file.write(bytes(512))
        return f"last sector of {table}"

    def bit(self, sql):
        """A few bits of a row that no index repeats: of what SQLite itself would have written, only the
        pages that differ by them."""
        self.lay(self.bases[1])
        path, other = f"{self.state}/cubby.db", f"{self.home.memory}/other.db"
        shutil.copy(path, other)
        with contextlib.closing(sqlite3.connect(other, isolation_level=None)) as db:
            for name, in db.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
                db.execute(f"DROP TRIGGER {name}")
            db.execute("PRAGMA ignore_check_constraints = ON")
            db.execute(sql)
        changed = 0
        with open(path, "r+b") as file, open(other, "rb") as new:
            for at in range(4096, os.path.getsize(path), 4096):
                file.seek(at)
                new.seek(at)
                old, page = file.read(4096), new.read(4096)
                if 0 < sum(a != b for a, b in zip(old, page)) <= 8:
                    file.seek(at)
                    file.write(page)
                    changed += 1
        os.unlink(other)
        assert changed, f"{sql} changed nothing"
        return sql

    def places(self):
        """What was not right of each. A page that nobody needed may wait for the drill."""
        said, any_of = ("refused", "told"), ("refused", "told", "unharmed")
        return [f"{argument}: {outcome}" for strike, argument, right in (
            (self.sector, "part", said),
            (self.sector, "item_by_time", any_of),
            (self.sector, "item_by_profile", any_of),
            (self.bit, "UPDATE profile SET removing = 1", said),
            (self.bit, "UPDATE household SET created_min = created_min + 16777216", said),
            (self.bit, "UPDATE job SET asked_min = asked_min + 16777216", said),
            (self.bit, "UPDATE log SET time_min = time_min + 16777216 WHERE seq = 2",
             said),
            (self.bit, "UPDATE clock SET leapt_min = 525600", said),
        ) for outcome in [self.round(0, lambda _, s=strike, a=argument: s(a))]
            if outcome not in right]

    def strike(self, rng):
        """Damages one file; says how."""
        base = rng.choice(self.bases)
        self.lay(base)
        names = [name for name in FILES if os.path.getsize(f"{self.state}/{name}")] \
            if os.path.exists(f"{self.state}/cubby.db-wal") else \
            [name for name in FILES if name != "cubby.db-wal"]
        name = rng.choices(names, [FILES[name] for name in names])[0]
        with open(f"{self.state}/{name}", "r+b") as file:
            content = bytearray(file.read())
            how = rng.choice(("flip", "flip", "flip", "bytes", "sector", "cut"))
            at = rng.randrange(len(content))
            if how == "flip":
                for _ in range(rng.randint(1, 8)):
                    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
            elif how == "bytes":
                content[at:at + 16] = rng.randbytes(min(16, len(content) - at))
            elif how == "sector":
                at -= at % 512
                content[at:at + 512] = bytes(min(512, len(content) - at))
            else:
                del content[at:]
            file.seek(0)
            file.truncate()
            file.write(content)
        return f"{name}, {how} at {at}, {os.path.basename(base)}"

    def look(self):
        """{item: error or None} as a parent finds them, and whether anything else was said."""
        home = self.home
        said = set()
        facts = {}
        for what, call in (("Describe", home.describe), ("prove", home.prove)):
            try:
                facts = call() or facts
            except (dbus.DBusException, sodium.Refused, AssertionError, ValueError) as error:
                said.add(f"{what}: {type(error).__name__}")
        said |= set(map(str, facts.get("alerts", ())))
        try:
            listed = home.listed()
        except dbus.DBusException as error:
            said.add(f"list: {error.get_dbus_name()}")
            listed = set()
        assert self.gone not in listed, "what was erased is listed"
        found = {}
        for item, (word, _) in home.kept.items():
            try:
                opened = home.keeper.open(item, home.secrets["home"])["transcript"]
                assert opened == word, "another word"
                found[item] = None if item in listed else "not listed"
            except (dbus.DBusException, sodium.Refused, KeyError, ValueError) as error:
                found[item] = getattr(error, "get_dbus_name", lambda: "refused by the client")()
            if found[item] and item not in listed:
                assert said, f"{item} is missing, and nobody is told"
        return found, said

    def check_slots(self, before, told):
        """Keys of items that stay."""
        after = self.slots()
        for item, offsets in self.offsets.items():
            if item == self.victim:
                continue
            for at in offsets:
                old, new = before[at:at + 32], after[at:at + 32]
                assert old == new or any(new), f"another item's key was zeroed, at {at}"
                assert old == new or told, f"another item's key was changed, at {at}, unsaid"

    def round(self, seed, strike=None):
        rng = random.Random(seed)
        home = self.home
        how = (strike or self.strike)(rng)
        before = self.slots()
        self.victim = rng.choice(sorted(self.offsets))
        try:
            if not home.start():
                status = home.world.process.returncode
                assert status == 1, f"it died at its start, status {status}"
                self.check_slots(before, False)
                return "refused"
            found, said = self.look()
            answer = refused(self.delete, self.victim)
            assert home.world.process.poll() is None, "it died"
            home.keeper.close()
            home.world.stop()
            assert home.world.process.returncode == 0, \
                f"it died at its end, status {home.world.process.returncode}"
            self.check_slots(before, said or any(found.values()))
            if said or any(found.values()) or answer[0]:
                return "told"
            return "unharmed"
        except (AssertionError, dbus.DBusException) as problem:
            if home.world.process.poll() is None:
                home.world.process.kill()
            status = home.world.process.wait()
            return f"WRONG: seed {seed}, {how}: {type(problem).__name__} {problem}; status {status}"


def work(cubbyd, library, seed, rounds):
    home = Home(cubbyd, library)
    try:
        damage = Damage(home)
        for i in range(rounds):
            print(json.dumps(damage.round(seed + i)), flush=True)
    finally:
        home.end()


def places(cubbyd, library):
    home = Home(cubbyd, library)
    try:
        return Damage(home).places()
    finally:
        home.end()


def sanitized(cubbyd):
    with open(cubbyd, "rb") as file:
        return b"__asan_init" in file.read()


def main(cubbyd, library):
    jobs = 4 if SLOW else 2
    rounds = (10000 if SLOW else 100 if sanitized(cubbyd) else 300) // jobs
    report = Report(2)
    wrong = places(cubbyd, library)
    report.case("test_r8_damage_that_shows_nowhere_is_told", not wrong, "\n".join(wrong))
    workers = [subprocess.Popen([sys.executable, "-B", __file__, cubbyd, library,
                                 str(1000000 * job), str(rounds)], stdout=subprocess.PIPE,
                                text=True) for job in range(jobs)]
    outcomes, wrong = collections.Counter(), []
    for worker in workers:
        for line in worker.communicate()[0].splitlines():
            text = json.loads(line)
            wrong += [text] if text.startswith("WRONG") else []
            outcomes[text.partition(":")[0]] += 1
    done = sum(outcomes.values())
    report.case(f"test_r8_{rounds * jobs}_damaged_files", done == rounds * jobs and not wrong,
                "\n".join([f"{done} rounds: {dict(outcomes)}", *wrong[:40]]))
    return 1 if report.failed else 0


if len(sys.argv) == 5:
    sys.exit(work(*sys.argv[1:3], *map(int, sys.argv[3:])))
sys.exit(main(*sys.argv[1:]))
