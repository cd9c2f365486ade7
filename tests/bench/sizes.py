# SPDX-License-Identifier: Apache-2.0
"""What one thing costs among few and among many others, and an export of so many;
docs/images/benchmarks-sizes.svg is drawn from it (plot.py)."""

import json
import os
import shutil
import statistics
import subprocess

from place import World

FLAT = 1.3
# An export hands out all there are, each of them opened: its cost is told up to so many.
EXPORT_MOST, EXPORT_SECONDS = 10000, 1
WHAT = {"keep_ms": "keep one", "list_ms": "first page of 100", "delete_ms": "delete one, verified, with "
        "receipt", "expire_ms": "expire 20, verified, with receipt", "start_ms": "start of cubbyd"}
PLAIN = {"keep_ms": "a plain file, fsync", "list_ms": "a directory by date",
         "delete_ms": "a plain file, shredded, fsync", "export_ms": "cp -r of what it wrote, synced"}


class Sizes:
    def __init__(self, bench, sizes):
        self.bench, self.sizes = bench, sizes
        # {"keep_ms": {"ours": {size: [ms]}, "other": {...}, "name": ..., "other_name": ...}}
        self.curves = {key: {"name": name, "other_name": PLAIN.get(key, ""), "ours": {},
                             "other": {}}
                       for key, name in (*WHAT.items(), ("export_ms", "export all of them"))}

    def note(self, side, size, got):
        for key in self.curves:
            if key in got:
                self.curves[key][side][size] = got[key]

    def household(self, size, n):
        """In memory, where making so many takes the least; on the disk, where they are measured."""
        bench, seed = self.bench, os.path.join(self.bench.seeds, f"n{size}")
        state = bench.disk.path("state")
        bench.call("seed", seed, size, 0, place=bench.seeds)
        shutil.rmtree(state, ignore_errors=True)
        shutil.copytree(seed, state)
        shutil.rmtree(seed)
        os.chmod(state, 0o700)
        bench.disk.settle()
        got = bench.call("size", state, n)
        world = World(bench.cubbyd)
        try:
            got["start_ms"] = []
            for _ in range(5):
                got["start_ms"].append(world.start(state))
                world.stop()
        finally:
            world.end()
        # The first of each finds caches cold, and the first expiry reads all of the database once.
        got["expire_ms"] = got["expire_ms"][1:]
        self.note("ours", size, got)
        shutil.rmtree(state)

    def plain(self, size, n):
        files = self.bench.disk.fresh("files")
        self.note("other", size, self.bench.call("plain", files, size, n))
        shutil.rmtree(files)

    def export(self, size):
        """Under /tmp, where the test's household is."""
        build = self.bench.options.build
        done = subprocess.run([f"{build}/tests/bench/bench-export", f"{build}/cli/cubby", str(size),
                               str(EXPORT_SECONDS)], stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True, check=True,
                              env={**os.environ, "CUBBYD": self.bench.cubbyd})
        line = next(line for line in done.stderr.splitlines() if line.startswith("{"))
        got = json.loads(line)
        self.note("ours", size, {"export_ms": [got["export_s"] * 1e3]})
        self.note("other", size, {"export_ms": [got["cp_sync_s"] * 1e3]})

    def measure(self):
        n = 20 if self.bench.options.quick else 50
        for size in self.sizes:
            self.bench.say(f"one among {size:,}")
            self.household(size, n)
            self.plain(size, n)
            if size <= EXPORT_MOST:
                self.export(size)
        self.among()
        self.exported()

    def among(self):
        least, most = min(self.sizes), max(self.sizes)
        for key, name in WHAT.items():
            ours = self.curves[key]["ours"]
            if least not in ours or most not in ours:
                continue
            self.bench.row(f"{name}, among {most:,}", "ms", ours[most],
                           f"the same among {least:,}", ours[least],
                           FLAT if key in ("keep_ms", "delete_ms") else None,
                           key in ("keep_ms", "delete_ms"), of_medians=True)

    def exported(self):
        curve = self.curves["export_ms"]
        if curve["ours"]:
            most = max(curve["ours"])
            self.bench.row(f"export of {most:,} items of {EXPORT_SECONDS} s, FLAC, with manifest",
                           "ms", curve["ours"][most], curve["other_name"], curve["other"][most],
                           note="one run; most of it is the opening of what is sealed")


def points(curve, side):
    return sorted((int(size), statistics.median(ms)) for size, ms in curve[side].items())
