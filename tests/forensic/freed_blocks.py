#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""R4: what the raw device holds after a deletion. On a small ext4 image of its own, one run erases
everything it kept; the image is then read block by block, freed blocks included. Two controls prove
the eyes: stock SQLite with secure_delete leaves copies, and what was not erased is found.

usage: freed_blocks.py PROGRAM"""

import os
import shutil
import subprocess
import sys
import tempfile

IMAGE_BYTES = 64 << 20


def run(program, mode):
    """Needles the program printed, and the image as it is on the device afterwards."""
    with tempfile.TemporaryDirectory(prefix="cubby-image-") as place:
        image, mount = os.path.join(place, "image"), os.path.join(place, "mount")
        with open(image, "wb") as file:
            file.truncate(IMAGE_BYTES)
        os.mkdir(mount)
        subprocess.run(["mkfs.ext4", "-q", "-E", "nodiscard", image], check=True)
        subprocess.run(["mount", "-o", "loop", image, mount], check=True)
        try:
            out = subprocess.run([program, mode, mount], stdout=subprocess.PIPE, check=True)
        finally:
            subprocess.run(["umount", mount], check=True)
        with open(image, "rb") as file:
            data = file.read()
    needles = [bytes.fromhex(line.decode()) for line in out.stdout.split()]
    return needles, data


def count(data, needles):
    return sum(data.count(needle) for needle in needles)


def main(program):
    cases = [
        ("stock", "control: stock SQLite leaves deleted rows in freed blocks",
         lambda needles, data: data.count(b"CANARY-") > 0),
        ("kept", "control: what was kept is found on the image",
         lambda needles, data: count(data, needles) >= len(needles)),
        ("erase", "test_r4_no_byte_of_deleted_rows_and_items_in_freed_blocks",
         lambda needles, data: len(needles) == 100 and count(data, needles) == 0
         and data.count(b"CANARY-") == 0),
        ("full", "test_r8_erases_on_a_full_disk_and_leaves_nothing",
         lambda needles, data: len(needles) == 100 and count(data, needles) == 0),
    ]
    print(f"1..{len(cases)}")
    able = os.geteuid() == 0 and all(map(shutil.which, ["mkfs.ext4", "mount"]))
    for number, (mode, name, holds) in enumerate(cases, 1):
        if not able:
            print(f"ok {number} - {name} # SKIP needs root, mount and mkfs.ext4")
            continue
        try:
            needles, data = run(program, mode)
        except subprocess.CalledProcessError as problem:
            if problem.cmd[0] == "mount":
                print(f"ok {number} - {name} # SKIP no loop device can be mounted here")
            else:
                print(f"not ok {number} - {name}\n# {problem}")
            continue
        print(f"{'ok' if holds(needles, data) else 'not ok'} {number} - {name}")
        print(f"# {data.count(b'CANARY-')} canaries, {count(data, needles)} of {len(needles)} needles")


main(sys.argv[1])
