#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the rows of script/bench: both sides of each in turn, on one disk, and the table of them.
See script/bench for the options."""

import argparse
import datetime
import json
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../crash"))
import stage
from place import GIB, NOBODY, PARENTS_GID, Disk, Gocryptfs, World, run, timed_ms
from sizes import Sizes

class Bench:
    def __init__(self, options, disk):
        self.options, self.disk = options, disk
        self.items = 2000 if options.quick else 100000
        self.tombstones = 100 if options.quick else 1000
        self.runs = options.runs or 5
        self.rows_program = os.path.join(options.build, "tests/bench/bench-rows")
        self.cubbyd = os.path.join(options.build, "daemon/cubbyd")
        self.rows, self.load, self.stopped = [], [os.getloadavg()[0]], False
        self.curves = {}
        signal.signal(signal.SIGTERM, self.stop)
        # A seed is made in memory once, and copied to the disk for each run.
        shm = "/dev/shm"
        self.seeds = options.seeds or tempfile.mkdtemp(
            prefix="cb-", dir=shm if os.access(shm, os.W_OK) else None)

    def stop(self, *_):
        """SIGTERM: the profile's runs end after the one under way, and what there is counts."""
        self.stopped = True

    def call(self, *arguments, place=None, may_lack=False):
        """may_lack: None where the machine has not what it takes."""
        done = subprocess.run([self.rows_program, *map(str, arguments)], stdout=subprocess.PIPE,
                              env={**os.environ, "CUBBY_TEST_DIR": place or self.disk.where},
                              check=False)
        if may_lack and done.returncode == 77:
            return None
        done.check_returncode()
        return json.loads(done.stdout) if done.stdout else None

    def say(self, text):
        print(f"bench: {text}", file=sys.stderr, flush=True)

    def row(self, name, unit, ours, other_name="", other=(), goal=None, ratio=False, note="",
            of_medians=False):
        """`goal`: the most, of `ours` or, with `ratio`, of ours divided by other, pair by pair, or
        of their medians where they were not measured in turn."""
        pairs = [a / b for a, b in zip(ours, other)]
        if of_medians:
            pairs = [statistics.median(ours) / statistics.median(other)]
        row = {"row": name, "unit": unit, "ours": list(ours), "other_name": other_name,
               "other": list(other), "ratios": pairs, "goal": goal,
               "goal_is": "ratio" if ratio else unit, "note": note}
        if goal is not None:
            row["met"] = statistics.median(pairs if ratio else ours) <= goal
        self.rows.append(row)
        self.load.append(os.getloadavg()[0])

    def seed(self, tombstones):
        path = os.path.join(self.seeds, f"s{tombstones}")
        if not os.path.exists(path):
            self.say(f"making {self.items} items, {tombstones} of them tombstones")
            self.call("seed", path, self.items, tombstones, place=self.seeds)
        return path

    def state(self, tombstones):
        path = self.disk.path("state")
        shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(self.seed(tombstones), path)
        os.chmod(path, 0o700)
        self.disk.settle()
        return path

    # Rows.

    def utterances(self):
        n = 40 if self.options.quick else 200
        self.say(f"{n} utterances, kept and opened")
        shutil.rmtree(self.disk.path("state"), ignore_errors=True)
        got = self.call("keep", self.disk.path("state"), self.disk.fresh("files"), n)
        sizes = f"{got['wav_bytes']} bytes of WAV, {got['sealed_bytes']} sealed"
        self.row("keep a 5 s utterance: FLAC, sealed, durable, logged", "ms", got["keep_ms"],
                 "plain WAV, fsync, fsync of the directory", got["wav_ms"], 1.0, True, sizes)
        self.row("the same, from the sealed bytes on", "ms", got["durable_ms"],
                 "plain WAV, fsync, fsync of the directory", got["wav_ms"],
                 note="without FLAC and sealing, which the ear does before it calls")
        self.row("open a 5 s utterance: in the log on disk, ciphertext in hand", "ms",
                 got["in_hand_ms"], goal=2)
        self.row("open a 5 s utterance: logged, unsealed, from FLAC", "ms", got["open_ms"],
                 "reading the plain WAV", got["wav_read_ms"])
        self.others(got["durable_ms"], got["wav_bytes"], n)

    def others(self, durable, bytes_each, n):
        """What one would take instead of Cubby to keep the same sound, on the same disk."""
        ours = "keep a 5 s utterance, from the sealed bytes on"
        for name, library in (("SQLite, WAV as a row", "libsqlite3.so.0"),
                              ("SQLCipher, WAV as a row", "libsqlcipher.so.0")):
            path = os.path.join(self.disk.fresh("database"), "db")
            got = self.call("database", library, path, bytes_each, n, may_lack=True)
            if got is None:
                self.say(f"{name}: skipped, there is no {library}")
            else:
                self.row(ours, "ms", durable, name, got["keep_ms"], note="nothing of the other "
                         "is signed for, logged, or known to be erased later")
        with Gocryptfs(self.disk) as where:
            if where is None:
                self.say("gocryptfs: skipped, there is no such program here")
            else:
                got = self.call("directory", where, bytes_each, n)
                self.row(ours, "ms", durable, "gocryptfs, WAV, fsync, fsync of the directory",
                         got["keep_ms"])

    def metadata(self):
        n = 100 if self.options.quick else 500
        self.say(f"{n} transactions of one entry")
        shutil.rmtree(self.disk.path("state"), ignore_errors=True)
        path = os.path.join(self.disk.fresh("database"), "db")
        other = self.call("database", "libsqlite3.so.0", path, 300, n)["entry_ms"]
        ours = self.call("entries", self.disk.path("state"), n)["entry_ms"]
        self.row("an entry of the log in a transaction of its own", "ms", ours,
                 "SQLite, a row of 300 bytes, synchronous=FULL", other, 1 / 0.8, True,
                 "one after the other, not in turn")

    def single(self):
        n = 20 if self.options.quick else 100
        self.say(f"{n} deletions, one by one")
        shutil.rmtree(self.disk.path("state"), ignore_errors=True)
        got = self.call("single", self.disk.path("state"), self.disk.fresh("files"), n)
        start = statistics.median(got["start_ms"])
        self.row("delete one utterance, verified, with receipt", "ms", got["delete_ms"],
                 "shred -n1 -u of a file of that size", [ms - start for ms in got["shred_ms"]],
                 1.0, True, f"{got['bytes']} bytes; starting a program, {start:.2f} ms, is taken "
                 "off shred's time")

    def profile(self):
        dark, complete, unlink, shred = [], [], [], []
        sample = 100 if self.options.quick else 200
        for i in range(self.runs):
            if self.stopped:
                break
            self.say(f"removing a profile of {self.items} items, run {i + 1} of {self.runs}")
            got = self.call("remove", self.state(0))
            dark.append(got["unreadable_ms"])
            complete.append(got["complete_ms"])
            files = self.disk.fresh("files")
            run(self.rows_program, "files", files, self.items)
            self.disk.settle()
            begin = time.monotonic()
            run("rm", "-rf", files)
            run("sync", "-f", self.disk.where)
            unlink.append((time.monotonic() - begin) * 1e3)
            files = self.disk.fresh("files")
            run(self.rows_program, "files", files, sample)
            self.disk.settle()
            took = timed_ms("find", files, "-type", "f", "-exec", "shred", "-n1", "-u", "{}", "+")
            shred.append(took * self.items / sample)
            self.say(f"unreadable {dark[-1]:.0f}, complete {complete[-1]:.0f}, "
                     f"rm {unlink[-1]:.0f}, shred {shred[-1]:.0f} ms")
        what = f"profile of {self.items:,} items"
        files = f"{2 * self.items:,} plain files"
        self.row(f"{what}: unreadable", "ms", dark, goal=50)
        self.row(f"{what}: gone, verified, with receipt", "ms", complete,
                 f"rm -rf of {files}, synced", unlink, 1.0, True)
        self.row(f"{what}: the same", "ms", complete, f"shred -n1 -u of {files}", shred, 1 / 75,
                 True, f"shred was measured on {2 * sample:,} of them and multiplied")

    def log(self):
        n = 2000 if self.options.quick else 20000
        self.say(f"{n} entries of the log, {self.runs} times")
        shutil.rmtree(self.disk.path("state"), ignore_errors=True)
        got = self.call("append", self.disk.path("state"), n, self.runs)
        self.row("append to the access log, in batch, one entry", "µs", got["append_us"], goal=10)
        n = 2000 if self.options.quick else 100000
        self.say(f"checking {n} entries of the log")
        done = run(os.path.join(self.options.build, "tests/bench/bench-log"), n, self.runs,
                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                   env={**os.environ, "CUBBYD": self.cubbyd})
        got = json.loads(next(line for line in done.stdout.splitlines()
                              if line.startswith(b"{")))
        for name, key in (("chain alone", "chain_ms"), ("with the tags", "tags_ms")):
            self.row(f"check {n:,} entries of the log in a client: {name}", "ms", got[key],
                     goal=250, note="transport included; on /tmp")

    def hand_run(self, items, *parts):
        cubby = os.path.join(self.options.build, "cli/cubby")
        done = run(os.path.join(self.options.build, "tests/bench/bench-hand"), cubby, items,
                   8 * self.runs + 1, *parts, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                   env={**os.environ, "CUBBYD": self.cubbyd})
        return json.loads(next(line for line in done.stdout.splitlines()
                               if line.startswith(b"{")))

    def hand(self):
        self.say(f"cubby list among {self.items} items")
        got = self.hand_run(self.items, "page")
        self.row(f'first page of "cubby list", of {self.items:,} items', "ms", got["list_ms"],
                 "a program that makes the call for it, and no more", got["call_ms"], 1.5, True,
                 "both with their start; on /tmp")
        n = 2000 if self.options.quick else 10000
        self.say(f"cubby list --grep in {n} transcripts")
        got = self.hand_run(n, "search")
        self.row(f'"cubby list --grep" in {n:,} transcripts', "ms", [got["search_ms"]],
                 note="one run; with a bar at the terminal" if got["bar"] else "one run")
        self.row("... memory besides the passphrase's check", "MiB", [got["search_mib"]], goal=64,
                 note="one run; proved by recovery code")
        self.row("... raises", "alerts", [got["alerts"]], goal=1, note="one run")

    def keeper(self):
        starts, resting, busy, empty, calls, pings, pages = [], [], [], [], [], [], []
        whole, listing = [], []
        world = World(self.cubbyd)
        try:
            for i in range(self.runs):
                self.say(f"cubbyd on {self.items} items, run {i + 1} of {self.runs}")
                starts.append(world.start(self.state(self.tombstones)))
                got = self.client(world, 200)
                calls += got["call_ms"]
                pings += got["ping_ms"]
                pages += got["page_ms"]
                whole += got["whole_ms"]
                busy.append(world.resident_mib())
                world.stop()
            if not self.options.quick:
                # It tidies up once a minute.
                self.say("a minute of rest")
                world.start(self.state(self.tombstones))
                self.client(world, 20)
                time.sleep(62)
                resting.append(world.resident_mib())
                world.stop()
            for i in range(self.runs):
                world.start(self.disk.fresh("empty"))
                time.sleep(0.5)
                empty.append(world.resident_mib())
                world.stop()
            listing = self.listing()
        finally:
            world.end()
        self.row(f"start with {self.items:,} items and {self.tombstones:,} pending deletions",
                 "ms", starts, goal=1000, note="until the name is owned, the deletions finished, "
                 "verified, with receipt")
        self.row("cubbyd, idle, new household: resident", "MiB", empty, goal=8)
        if resting:
            self.row(f"cubbyd, idle, {self.items:,} items, a minute after a listing: resident",
                     "MiB", resting, goal=8, note="one run")
        self.row("... right after the start and the listing", "MiB", busy)
        self.row("bus call through the keeper's guard", "ms", calls,
                 "libdbus's own echo in the same process", pings, 1.5, True)
        self.row(f"first page of 100 of {self.items:,}, over the bus, logged", "ms", pages,
                 "listing a directory of as many files by date", listing, goal=1)
        self.row(f"all of {self.items:,}, in sealed memfds, over the bus, logged", "ms", whole,
                 "listing a directory of as many files by date", listing, goal=40)

    def client(self, world, n):
        command = [self.rows_program, "bus", world.address, str(n)]
        if os.geteuid() == 0:
            command = ["setpriv", f"--reuid={NOBODY}", f"--regid={PARENTS_GID}",
                       "--clear-groups"] + command
        return json.loads(run(*command, stdout=subprocess.PIPE).stdout)

    def listing(self):
        files, took = self.disk.fresh("files"), []
        for i in range(self.items):
            os.close(os.open(os.path.join(files, f"{i:06}.wav"), os.O_CREAT | os.O_WRONLY))
        for _ in range(20):
            begin = time.monotonic()
            with os.scandir(files) as entries:
                sorted(((entry.stat().st_mtime, entry.name) for entry in entries), reverse=True)
            took.append((time.monotonic() - begin) * 1e3)
        return took

    def sizes(self):
        sizes = Sizes(self, self.options.sizes)
        self.curves = sizes.curves
        sizes.measure()

    def all(self):
        try:
            for part in (self.utterances, self.metadata, self.single, self.log, self.hand,
                         self.profile, self.keeper, self.sizes):
                if self.options.only and part.__name__ not in self.options.only.split(","):
                    continue
                try:
                    part()
                except (subprocess.CalledProcessError, OSError) as problem:
                    self.say(f"{part.__name__}: {problem}; its rows are missing")
        finally:
            if not self.options.seeds:
                shutil.rmtree(self.seeds, ignore_errors=True)
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
            cpu = next((line.split(":")[1].strip() for line in file if "model name" in line), "")
        return {"command": " ".join(["script/bench", *self.options.said]),
                "date": datetime.date.today().isoformat(), "cpu": cpu, "cores": os.cpu_count(),
                "memory_gib": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // GIB + 1,
                "system": platform.freedesktop_os_release().get("PRETTY_NAME", ""),
                "kernel": platform.release(), "disk": self.disk.note or
                "ext4 (data=ordered) on a loop image, no discard",
                "nice": os.nice(0), "load_least": min(self.load), "load_most": max(self.load), "rows": self.rows,
                "curves": self.curves}


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def span(samples, unit):
    return (f"{number(statistics.median(samples))} {unit} ({number(min(samples))} to "
            f"{number(max(samples))})")


def cells(row):
    """What a table says of a row: name, ours, other, ratio, goal."""
    ratio = goal = ""
    other = span(row["other"], row["unit"]) if row["other"] else ""
    if row["ratios"]:
        ratio = number(statistics.median(row["ratios"]))
    if row["goal"] is not None:
        bar = f"1/{round(1 / row['goal'])}" if row["goal"] < 0.1 else number(row["goal"])
        unit = "" if row["goal_is"] == "ratio" else " " + row["unit"]
        goal = f"{'met' if row['met'] else 'MISSED'}: {bar}{unit}"
    return row["row"], span(row["ours"], row["unit"]), row["other_name"], other, ratio, goal


def table(result):
    for row in result["rows"]:
        name, ours, other_name, other, ratio, goal = cells(row)
        print(f"{name}\n    {ours}    {goal}")
        if other:
            print(f"    beside {other_name}: {other}, ratio {ratio}")
    print(f"medians (least to most); {result['disk']}; load average {result['load_least']:.1f} to "
          f"{result['load_most']:.1f} on {result['cores']} cores")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--runs", type=int)
    parser.add_argument("--build", default="build")
    parser.add_argument("--only")
    parser.add_argument("--sizes", type=lambda text: [int(n) for n in text.split(",")])
    parser.add_argument("--seeds", help="a directory for them, that is used again")
    options = parser.parse_args()
    options.said = [word for word in ("--quick",) if options.quick]
    options.said += [f"--only {options.only}"] if options.only else []
    options.said += [f"--runs {options.runs}"] if options.runs else []
    options.said += [f"--sizes {','.join(map(str, options.sizes))}"] if options.sizes else []
    options.sizes = options.sizes or ([100, 1000] if options.quick else [100, 1000, 10000, 100000])
    options.build = os.path.abspath(options.build)
    with Disk(2 + max(options.sizes + [0 if options.quick else 100000]) // 25000) as disk:
        result = Bench(options, disk).all()
    if options.json:
        print(json.dumps(result, indent=1))
    else:
        table(result)


if __name__ == "__main__":
    stage.alone()
    main()
