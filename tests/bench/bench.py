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
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../crash"))
import stage

GIB = 1 << 30
# Groups that every Debian has stand for ears and parents; nobody is in the second.
GROUPS, NOBODY, PARENTS_GID = ("games", "users"), 65534, 100
BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path=%s/bus</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/>
<allow receive_sender="*"/></policy></busconfig>"""


def run(*command, **options):
    return subprocess.run([str(part) for part in command], check=True, **options)


def timed_ms(*command):
    begin = time.monotonic()
    run(*command, stdout=subprocess.DEVNULL)
    return (time.monotonic() - begin) * 1e3


class Disk:
    """A directory on an ext4 of its own, or, without root, just a directory here."""

    def __init__(self, quick):
        self.note, self.mounted = "", False
        self.place = tempfile.mkdtemp(prefix="cb-", dir="/tmp" if os.geteuid() == 0 else ".")
        self.where = os.path.join(self.place, "d")
        os.mkdir(self.where)
        if os.geteuid() != 0:
            self.note = "without root: in the current directory, not on a loop image"
            return
        image = os.path.join(self.place, "image")
        with open(image, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, (2 if quick else 6) * GIB)
        run("mkfs.ext4", "-q", "-b", "4096", "-m", "0", "-N", "600000", "-E",
            "nodiscard,lazy_itable_init=0,lazy_journal_init=0", image)
        run("flock", "/tmp/.cubby-loop.lock", "mount", "-o", "loop,nodiscard", image, self.where)
        self.mounted = True

    def path(self, name):
        return os.path.join(self.where, name)

    def fresh(self, name):
        path = self.path(name)
        shutil.rmtree(path, ignore_errors=True)
        os.mkdir(path, 0o700)
        return path

    def settle(self):
        """What an earlier step left to be written does not count in the next."""
        if self.mounted:
            run("sync", "-f", self.where)
        else:
            os.sync()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.mounted:
            subprocess.run(["umount", "-l", self.where], check=False)
        shutil.rmtree(self.place, ignore_errors=True)


class World:
    """A bus of its own, and the real cubbyd on a state directory."""

    def __init__(self, cubbyd):
        self.cubbyd, self.process = cubbyd, None
        self.place = tempfile.mkdtemp(prefix="cb-bus-", dir="/tmp")
        os.chmod(self.place, 0o755)
        self.address = f"unix:path={self.place}/bus"
        for name, text in (("bus.conf", BUS_CONFIG % self.place),
                           ("cubbyd.conf", "[groups]\near = %s\nparents = %s\n" % GROUPS)):
            with open(os.path.join(self.place, name), "w", encoding="utf-8") as file:
                file.write(text)
        self.bus = subprocess.Popen(["dbus-daemon", "--nofork", "--nopidfile",
                                     f"--config-file={self.place}/bus.conf"],
                                    stderr=subprocess.DEVNULL)
        while not os.path.exists(f"{self.place}/bus"):
            time.sleep(0.005)

    def start(self, state):
        """How long it takes to be ready, in ms: to own its name, every erasure finished."""
        ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        ready.bind(f"{self.place}/ready")
        ready.settimeout(60)
        begin = time.monotonic()
        self.process = subprocess.Popen(
            [self.cubbyd, "--bus", self.address, "--state-dir", state, "--config",
             f"{self.place}/cubbyd.conf"], stderr=subprocess.DEVNULL,
            env={**os.environ, "NOTIFY_SOCKET": f"{self.place}/ready"})
        try:
            while ready.recv(100) != b"READY=1":
                pass
        except socket.timeout as problem:
            raise SystemExit(f"cubbyd does not start on {state}") from problem
        took = (time.monotonic() - begin) * 1e3
        ready.close()
        os.unlink(f"{self.place}/ready")
        return took

    def resident_mib(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) / 1024 for line in file if line.startswith("VmRSS"))

    def stop(self):
        self.process.terminate()
        self.process.wait(60)

    def end(self):
        self.bus.terminate()
        self.bus.wait()
        shutil.rmtree(self.place)


class Bench:
    def __init__(self, options, disk):
        self.options, self.disk = options, disk
        self.items = 2000 if options.quick else 100000
        self.tombstones = 100 if options.quick else 1000
        self.runs = options.runs or 5
        self.rows_program = os.path.join(options.build, "tests/bench/bench-rows")
        self.cubbyd = os.path.join(options.build, "daemon/cubbyd")
        self.rows, self.load, self.stopped = [], [os.getloadavg()[0]], False
        signal.signal(signal.SIGTERM, self.stop)
        # A seed is made in memory once, and copied to the disk for each run.
        shm = "/dev/shm"
        self.seeds = options.seeds or tempfile.mkdtemp(
            prefix="cb-", dir=shm if os.access(shm, os.W_OK) else None)

    def stop(self, *_):
        """SIGTERM: the profile's runs end after the one under way, and what there is counts."""
        self.stopped = True

    def call(self, *arguments, place=None):
        done = run(self.rows_program, *arguments, stdout=subprocess.PIPE,
                   env={**os.environ, "CUBBY_TEST_DIR": place or self.disk.where})
        return json.loads(done.stdout) if done.stdout else None

    def say(self, text):
        print(f"bench: {text}", file=sys.stderr, flush=True)

    def row(self, name, unit, ours, other_name="", other=(), goal=None, ratio=False, note=""):
        """`goal`: the most, of `ours` or, with `ratio`, of ours divided by other, pair by pair."""
        pairs = [a / b for a, b in zip(ours, other)]
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
        self.row("open a 5 s utterance: logged, unsealed, from FLAC", "ms", got["open_ms"],
                 "reading the plain WAV", got["wav_read_ms"])

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

    def keeper(self):
        starts, resting, busy, empty, calls, pings, pages, listing = [], [], [], [], [], [], [], []
        world = World(self.cubbyd)
        try:
            for i in range(self.runs):
                self.say(f"cubbyd on {self.items} items, run {i + 1} of {self.runs}")
                starts.append(world.start(self.state(self.tombstones)))
                got = self.client(world, 200)
                calls += got["call_ms"]
                pings += got["ping_ms"]
                pages += got["page_ms"]
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
                 "libdbus's own echo in the same process", pings)
        self.row(f"first page of 100 of {self.items:,}, over the bus, logged", "ms", pages,
                 "listing a directory of as many files by date", listing)

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

    def all(self):
        try:
            for part in (self.utterances, self.single, self.log, self.profile, self.keeper):
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
                "nice": os.nice(0), "load_least": min(self.load), "load_most": max(self.load), "rows": self.rows}


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
    parser.add_argument("--seeds", help="a directory for them, that is used again")
    options = parser.parse_args()
    options.said = [word for word in ("--quick",) if options.quick]
    options.said += [f"--only {options.only}"] if options.only else []
    options.said += [f"--runs {options.runs}"] if options.runs else []
    options.build = os.path.abspath(options.build)
    with Disk(options.quick) as disk:
        result = Bench(options, disk).all()
    if options.json:
        print(json.dumps(result, indent=1))
    else:
        table(result)


if __name__ == "__main__":
    stage.alone()
    main()
