#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""R4: what the raw device holds after each kind of deletion. A keeper works on a file system of its
own; then this is unmounted and the image read byte by byte, freed blocks, logs and journals included,
for everything that made up what was deleted. On the same image what was not deleted must be found.
Keepers with seeded faults, and file systems that promise nothing (E0), show that there is something
to be found where it is not overwritten.

usage: images.py [--system NAME] CUBBYD CUBBYD_FAILPOINTS NEEDLES LEVEL_OF

With CUBBY_TEST_SLOW=1 on seven file systems instead of ext4, and with 50 random workloads instead of 4
(about three minutes)."""

import argparse
import contextlib
import copy
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../support")]
try:
    import dbus
except ImportError:
    print("1..0 # SKIP python3-dbus is not installed")
    sys.exit(0)
import disk             # noqa: E402
import keeper_world     # noqa: E402
from deletions import KINDS, workload    # noqa: E402
from planted import Planted             # noqa: E402
from tap import Tap     # noqa: E402

E0 = ("btrfs", "ext4 data=journal")
# Random workloads on them.
QUICK = {"ext4": 4}
SLOW = {**dict.fromkeys(disk.SYSTEMS, 0), "ext4": 25, "xfs": 25}
# Of what a keeper with this fault leaves, it is this that must be found.
FAULTS = {"stock-vfs": ("all", "ciphertext"), "slot-not-zeroed": ("several", "slot keys"),
          "secure-delete-off": ("profile", "names")}


class Bench:
    """One file system with what was kept on it yesterday, and copies of it on which each kind of
    deletion is tried."""

    def __init__(self, tap, world, programs, system):
        self.tap, self.world, self.programs, self.system = tap, world, programs, system
        self.base = disk.Disk(system)
        self.title = "test_r4_" + system.replace(" ", "_").replace("=", "_")
        self.runs = self.sought = self.copies = 0

    def __enter__(self):
        """Makes yesterday."""
        try:
            self.base.make()
            self.base.mount()
            self.level = "E0" if self.system in E0 else self.programs.level(self.base.image)
            self.planted = Planted(self.world, f"{self.base.root}/state")
            self.planted.begin()
            self.base.umount()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.base.__exit__()

    def run(self, work, seed=0, **environment):
        """A day on a copy of the disk: `work` starts the keeper. What is found at its end, when
        nothing was synced but by the keeper, and after the file system was unmounted."""
        with disk.Disk(self.system) as today:
            today.copy(self.base.image)
            today.mount()
            planted = copy.copy(self.planted).again(f"{today.root}/state", seed)
            try:
                work(planted, environment)
                at_once = planted.count(self.programs.needles, today.image)
            finally:
                planted.stop()
            planted.compare()
            today.umount()
            return at_once, planted.count(self.programs.needles, today.image)

    def kept(self):
        """Nothing was deleted: all that can be on a disk is found there."""
        found = self.planted.count(self.programs.needles, self.base.image)
        wrong = found.missing() + found.left()
        self.tap.ok(not wrong, f"{self.title}_control_what_is_kept_is_found", found.told(wrong))
        print(f"# {found.sum()}")

    def judge(self, name, work, seed=0):
        """Copies left of what `work` made go; where it is overwritten in place none may be."""
        name = f"{self.title}_{name}"
        try:
            at_once, found = self.run(work, seed)
        except (AssertionError, dbus.DBusException, RuntimeError) as problem:
            self.tap.ok(False, name, f"{type(problem).__name__}: {problem}")
            return
        in_place = self.system not in E0
        self.tap.ok(found.gone and not found.missing() and not (in_place and found.left()) and
                    not (in_place and at_once.left()), name,
                    f"missing: {found.told(found.missing())}; left with the receipt: "
                    f"{at_once.told(at_once.left())}")
        print(f"# {found.sum()}; {self.level}")
        self.runs += 1
        self.sought += len(found.of(found.is_gone))
        self.copies += sum(found.copies[needle] for needle in found.left())

    def deleted(self, kind):
        def work(planted, _):
            planted.day_begin(kind)
            planted.delete(kind, self.level)
        self.judge(kind, work)

    def faulty(self, fault):
        kind, what = FAULTS[fault]

        def work(planted, environment):
            planted.day_begin(kind, self.programs.failpoints, **environment)
            planted.delete(kind, None)
        at_once, found = self.run(work, CUBBY_SEEDED_FAULT=fault)
        self.tap.ok(all(any(needle.kind == what for needle in seen.left())
                        for seen in (at_once, found)),
                    f"{self.title}_control_seeded_fault_{fault.replace('-', '_')}_is_seen",
                    f"no {what} found")
        print(f"# {found.sum()}")

    def plain(self):
        """What an ordinary program leaves of words and sound, when it deletes its file."""
        def work(planted, _):
            planted.day_begin("one")
            path = f"{os.path.dirname(planted.state)}/said"
            with open(path, "wb") as file:
                file.write(b"\0".join(planted.said))
                file.flush()
                os.fsync(file.fileno())
            os.unlink(path)
        _, found = self.run(work)
        seen = {needle.kind for needle in found.left() if needle.owner == "never"}
        self.tap.ok(seen >= {"words", "sound", "FLAC"}, f"{self.title}_control_words_and_sound",
                    f"only {seen}")

    def workload(self, seed):
        def work(planted, _):
            planted.start()
            workload(planted, self.level)
        self.judge(f"random_workload_{seed}", work, seed)


class Programs:
    def __init__(self, options):
        self.cubbyd, self.failpoints = options.cubbyd, options.cubbyd_failpoints
        self.needles, self.level_of = options.needles, options.level_of

    def level(self, path):
        return subprocess.run([self.level_of, path], stdout=subprocess.PIPE, check=True,
                              text=True).stdout.strip()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--system", choices=sorted(disk.SYSTEMS))
    for name in ("cubbyd", "cubbyd_failpoints", "needles", "level_of"):
        parser.add_argument(name)
    options = parser.parse_args()
    disk.alone()
    slow = os.environ.get("CUBBY_TEST_SLOW") == "1"
    systems = SLOW if slow else QUICK
    if options.system:
        systems = {options.system: SLOW[options.system]}
    tap, programs = Tap(), Programs(options)
    if os.geteuid() == 0:
        keeper_world.join()
    world = keeper_world.World(programs.cubbyd)
    try:
        for system, workloads in systems.items():
            with contextlib.ExitStack() as stack:
                try:
                    bench = stack.enter_context(Bench(tap, world, programs, system))
                except disk.Unable as why:
                    tap.skip(f"test_r4_{system}", str(why).splitlines()[0])
                    continue
                tries(tap, bench, workloads)
    finally:
        world.end()
    return tap.done()


def tries(tap, bench, workloads):
    bench.kept()
    for kind in KINDS:
        bench.deleted(kind)
    if bench.system in E0:
        tap.ok(bench.copies > 0, f"{bench.title}_is_e0_for_a_reason", "nothing is left")
    else:
        bench.plain()
        for fault in FAULTS:
            bench.faulty(fault)
        for seed in range(workloads):
            bench.workload(seed)
    print(f"# {bench.system}, {bench.level}: {bench.runs} runs, {bench.sought} needles of what is "
          f"gone, {bench.copies} copies found", flush=True)


sys.exit(main())
