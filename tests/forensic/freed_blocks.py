#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""R4: what the raw device holds after a deletion. On a small ext4 image of its own, one run erases
everything it kept; the image is then read block by block, freed blocks included. Two controls prove
the eyes: stock SQLite with secure_delete leaves copies, and what was not erased is found.

usage: freed_blocks.py PROGRAM NEEDLES"""

import subprocess
import sys

import disk
from disk import Disk, Unable


ROWS = [b"CANARY-%d" % digit for digit in range(10)]


def run(program, finder, mode):
    """How many needles the program printed; how many of them, and of deleted rows, are on the device
    afterwards."""
    with Disk("ext4") as image:
        image.make()
        image.mount()
        out = subprocess.run([program, mode, image.root], stdout=subprocess.PIPE, check=True)
        image.umount()
        needles = [bytes.fromhex(line.decode()) for line in out.stdout.split()]
        found = disk.count(finder, image.image, needles + ROWS)
    return len(needles), sum(found[:-len(ROWS)]), sum(found[-len(ROWS):])


def main(program, finder):
    cases = [
        ("stock", "control: stock SQLite leaves deleted rows in freed blocks",
         lambda needles, found, rows: rows > 0),
        ("kept", "control: what was kept is found on the image",
         lambda needles, found, rows: found >= needles > 0),
        ("erase", "test_r4_no_byte_of_deleted_rows_and_items_in_freed_blocks",
         lambda needles, found, rows: needles == 100 and found == rows == 0),
        ("full", "test_r8_erases_on_a_full_disk_and_leaves_nothing",
         lambda needles, found, rows: needles == 100 and found == 0),
    ]
    print(f"1..{len(cases)}")
    for number, (mode, name, holds) in enumerate(cases, 1):
        try:
            needles, found, rows = run(program, finder, mode)
        except Unable as why:
            print(f"ok {number} - {name} # SKIP {str(why).splitlines()[0]}")
            continue
        except subprocess.CalledProcessError as problem:
            print(f"not ok {number} - {name}\n# {problem}")
            continue
        print(f"{'ok' if holds(needles, found, rows) else 'not ok'} {number} - {name}")
        print(f"# {rows} canaries, {found} copies of {needles} needles")


disk.alone()
main(*sys.argv[1:])
