#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""R9: the erasure level that the keeper finds on real file systems, mounted for it. What rewrites in
place is what the disk below is; everything else is E0.

usage: levels.py LEVEL_OF"""

import os
import subprocess
import sys
import tempfile

import disk
from disk import Disk, Unable, run

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
from tap import Tap     # noqa: E402

LEVEL_OF = sys.argv[1]


def level(path):
    return subprocess.run([LEVEL_OF, path], stdout=subprocess.PIPE, check=True).stdout.decode().strip()


def there(disk_, options=(), content=bytes(4096), look=None):
    """The level of a file on this disk."""
    disk_.mount(*options)
    path = f"{disk_.root}/slots.bin"
    with open(path, "wb") as file:
        file.write(content)
    found = look(disk_) if look else level(path)
    disk_.umount()
    return found


def overlay(below):
    """The level of a file in an overlay whose upper layer is this disk."""
    for name in ("lower", "upper", "work", "merged"):
        os.mkdir(f"{below.root}/{name}")
    merged = f"{below.root}/merged"
    run("mount", "-t", "overlay", "overlay", "-o", f"lowerdir={below.root}/lower,upperdir="
        f"{below.root}/upper,workdir={below.root}/work", merged)
    with open(f"{merged}/slots.bin", "wb") as file:
        file.write(bytes(4096))
    found = level(f"{merged}/slots.bin")
    run("umount", merged)
    return found


def nested(below):
    """The level of a file on ext4 on an image that lies on this disk."""
    with Disk("ext4", below.root) as above:
        above.bytes = 16 * disk.MIB
        above.make()
        return there(above)


def realtime(xfs):
    """XFS with a second device for the files' content."""
    section = f"{xfs.place}/section"
    with open(section, "wb") as file:
        file.truncate(32 * disk.MIB)
    with disk.loop_lock():
        got = subprocess.run(["losetup", "-f", "--show", section], stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True, check=False)
    if got.returncode != 0:
        raise Unable(got.stdout)
    device = got.stdout.strip()
    try:
        xfs.make("-r", f"rtdev={device}")
        return there(xfs, (f"rtdev={device}",))
    finally:
        run("losetup", "-d", device)


def made(system, *mkfs, after=(), place=None, **how):
    with Disk(system, place) as new:
        new.make(*mkfs)
        if after:
            run(*after, new.image)
        return there(new, **how)


def main():
    disk.alone()
    tap = Tap()
    with tempfile.NamedTemporaryFile(prefix="cubby-level-") as file:
        file.write(bytes(4096))
        file.flush()
        below = level(file.name)
    print(f"# the disk of {tempfile.gettempdir()} is {below}")
    cases = (
        ("ext4_is_what_is_below", below, lambda: made("ext4")),
        ("ext4_with_data_writeback_too", below, lambda: made("ext4", options=("data=writeback",))),
        ("xfs_is_what_is_below", below, lambda: made("xfs")),
        ("ext4_on_ext4_too", below, lambda: made("ext4", look=nested)),
        ("ext4_with_data_journal_is_e0", "E0", lambda: made("ext4 data=journal")),
        ("ext4_that_journals_data_by_its_own_default_is_e0", "E0",
         lambda: made("ext4", after=("tune2fs", "-o", "journal_data"))),
        ("ext4_that_journals_data_by_default_options_is_e0", "E0",
         lambda: made("ext4", after=("tune2fs", "-E", "mount_opts=data=journal"))),
        ("ext4_on_such_a_one_is_e0", "E0", lambda: made("ext4 data=journal", look=nested)),
        ("bytes_in_the_inode_are_e0", "E0",
         lambda: made("ext4", "-I", "256", "-O", "inline_data", content=b"key")),
        ("xfs_with_a_realtime_section_is_e0", "E0", lambda: with_disk("xfs", realtime)),
        ("btrfs_is_e0", "E0", lambda: made("btrfs")),
        ("overlay_on_ext4_is_e0", "E0", lambda: made("ext4", look=overlay)),
        ("tmpfs_is_e0", "E0", on_tmpfs),
        ("ext4_on_tmpfs_is_e0", "E0", lambda: made("ext4", place="/dev/shm")),
    )
    for name, expected, look in cases:
        try:
            found = look()
            tap.ok(found == expected, f"test_r9_{name}", f"{found}, not {expected}")
        except Unable as why:
            tap.skip(f"test_r9_{name}", str(why).splitlines()[0])
    return tap.done()


def with_disk(system, function):
    with Disk(system) as new:
        return function(new)


def on_tmpfs():
    with Disk("ext4") as spare:
        run("mount", "-t", "tmpfs", "tmpfs", spare.root)
        with open(f"{spare.root}/slots.bin", "wb") as file:
            file.write(bytes(4096))
        return level(f"{spare.root}/slots.bin")


sys.exit(main())
