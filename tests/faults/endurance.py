#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The real cubbyd for a long time: a million calls, and 100,000 items kept and deleted again (2,000
and 200 in the quick tier). What it holds must not grow: descriptors, threads, memory, and of the
database the pages of what is kept, which stay as many as the most ever kept took. What grows by
design, the access log and the receipts, is measured by itself. Latency is compared in the slow tier
alone.

usage: endurance.py CUBBYD SHIM"""

import contextlib
import math
import os
import shutil
import sqlite3
import statistics
import sys
import time

from home import Home, Report, case, dbus, refused
import sodium

SLOW = os.environ.get("CUBBY_TEST_SLOW") == "1"
ROUNDS, CALLS, ITEMS = (20, 50000, 5000) if SLOW else (4, 500, 50)
# Kept at once; what a minute lets in.
BATCH = 100 if SLOW else 50
# Done before anything is compared: caches fill, arenas settle.
WARM_UP = 2 if SLOW else 1
GROW_KIB = 2048 if SLOW else 4096
SLOWER = 2
# By design these grow with what was done, not with what is kept.
CHRONICLE = ("log", "job", "sqlite_autoindex_log", "job_under_way")


class Endurance:
    def __init__(self, home):
        self.home, self.rounds = home, []
        self.public = None

    def descriptors(self):
        """How many stay open: one that is in use at this moment is closed soon."""
        place, until = f"/proc/{self.home.world.process.pid}/fd", time.monotonic() + 30
        rest = self.rounds[WARM_UP - 1][0] if len(self.rounds) >= WARM_UP else math.inf
        while len(os.listdir(place)) > rest and time.monotonic() < until:
            time.sleep(0.05)
        return len(os.listdir(place))

    def process(self):
        """(descriptors, threads, KiB resident)"""
        place = f"/proc/{self.home.world.process.pid}"
        with open(f"{place}/status", encoding="ascii") as file:
            status = dict(line.split(":", 1) for line in file)
        return (self.descriptors(), int(status["Threads"]),
                int(status["VmRSS"].split()[0]))

    def pages(self):
        """Bytes of the database that hold what is kept, or are free; of the log and receipts."""
        peek = f"{self.home.memory}/peek"
        shutil.rmtree(peek, ignore_errors=True)
        os.mkdir(peek)
        for name in ("cubby.db", "cubby.db-wal"):
            if os.path.exists(f"{self.home.world.state}/{name}"):
                shutil.copy(f"{self.home.world.state}/{name}", peek)
        with contextlib.closing(sqlite3.connect(f"{peek}/cubby.db")) as db:
            sizes = dict(db.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name"))
            free, = db.execute("SELECT freelist_count * page_size FROM pragma_freelist_count,"
                               " pragma_page_size").fetchone()
        chronicle = sum(size for name, size in sizes.items() if name.startswith(CHRONICLE))
        return sum(sizes.values()) - chronicle + free, chronicle

    def calls(self, n):
        """ms of each; the mix costs no entry in the log."""
        keeper, took = self.home.keeper, []
        mix = (lambda: keeper.get("Status", "Version"), self.home.describe, keeper.nonce,
               lambda: keeper.call("Retention", "Show", "sa{sv}", "mia"),
               lambda: keeper.call("Consent", "Show", "sa{sv}", "mia"))
        for i in range(n):
            if i % 150 == 0:
                self.home.shim.sleep(2)     # as many calls as it lets one caller make
            begin = time.monotonic()
            mix[i % len(mix)]()
            took.append((time.monotonic() - begin) * 1e3)
        return took

    def batch(self, n):
        """Kept, all listed, deleted: one by one at first, the rest in one job. ms of each keep."""
        keeper, took, ids = self.home.keeper, [], []
        self.home.shim.sleep(61)
        for _ in range(n):
            word = b"word " + os.urandom(16).hex().encode()
            begin = time.monotonic()
            item, keys = keeper.begin("mia", ["audio", "transcript"])
            keeper.commit(item, keys, self.public, [("audio", b"fLaC" + word * 300),
                                                    ("transcript", word)])
            took.append((time.monotonic() - begin) * 1e3)
            ids.append(item)
        assert {str(row[0]) for row in keeper.list()} == set(ids), "kept, and not listed"
        for chosen in ([ids[0]], [ids[1]], ids[2:]):
            state, receipt, problem = keeper.delete(ids=dbus.Array(chosen, signature="s"))
            assert state == "done" and receipt, problem
        assert not self.home.listed(), "deleted, and listed"
        return took

    def round(self):
        self.home.shim.sleep(61)
        calls = self.calls(CALLS)
        keeps = [ms for _ in range(ITEMS // BATCH) for ms in self.batch(BATCH)]
        self.home.idle()
        self.home.sleep(61)
        self.rounds.append((*self.process(), *self.pages(), statistics.median(calls),
                            statistics.median(keeps)))

    def column(self, number):
        return [row[number] for row in self.rounds[WARM_UP - 1:]]

    def run(self):
        self.home.furnish()
        self.public = sodium.box_public(self.home.secrets["home"])
        for _ in range(ROUNDS):
            self.round()
        self.home.holds()
        unknown, _ = refused(self.home.keeper.call, "Archive", "Find")
        assert unknown, "answers a method that is not there"
        last = self.rounds[-1]
        return (f"{ROUNDS * CALLS:,} calls, {ROUNDS * ITEMS:,} items; {last[0]} descriptors, "
                f"{last[2]} KiB, median call {last[5]:.2f} ms, keep {last[6]:.2f} ms; pages of what "
                f"is kept {last[3] // 1024} KiB, of log and receipts {last[4] // 1024} KiB")

    def flat(self, number, slack, what):
        values = self.column(number)
        assert values[-1] <= values[0] + slack, f"{what} grew: {values}"
        return f"{what}: {values[0]} to {values[-1]}"

    def latency(self):
        said = []
        for number, what in ((5, "call"), (6, "keep")):
            values = self.column(number)
            half = len(values) // 2
            first, last = statistics.median(values[:half]), statistics.median(values[half:])
            said.append(f"{what} {first:.2f} to {last:.2f} ms")
            assert last <= SLOWER * first, f"slower: {said[-1]}"
        return ", ".join(said)


def main(cubbyd, library):
    report = Report(6)
    home = Home(cubbyd, library)
    endurance = Endurance(home)
    try:
        case(report, "a household serves and forgets for a long time", endurance.run)
        case(report, "descriptors do not grow", endurance.flat, 0, 0, "descriptors")
        case(report, "threads do not grow", endurance.flat, 1, 0, "threads")
        if "asan" in os.path.abspath(cubbyd):
            report.skip("memory does not grow", "the sanitizer keeps what was freed")
        else:
            case(report, "memory does not grow", endurance.flat, 2, GROW_KIB, "KiB resident")
        case(report, "the database keeps the size of the most ever kept", endurance.flat, 3,
             64 << 10, "bytes of what is kept")
        if SLOW:
            case(report, "nothing gets slower", endurance.latency)
        else:
            report.skip("nothing gets slower", "measured in the slow tier")
    finally:
        home.end()
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
