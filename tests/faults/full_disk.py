#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""R8: the real cubbyd on an ext4 image with no byte free, and on one that the kernel has turned
read-only. Nothing more is kept, and says what to do; what is to be deleted becomes unreadable and is
removed all the same, thanks to reserve.bin, or is partial until the disk takes writes again.

usage: full_disk.py CUBBYD SHIM"""

import contextlib
import errno
import os
import subprocess
import sys

from home import HOUR_S, Home, Report, case, dbus, refused
from shim import FILES, SYNC
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "forensic"))
import disk     # noqa: E402

RESERVE_BYTES = 8 << 20


def free_bytes(root):
    found = os.statvfs(root)
    return found.f_bfree * found.f_frsize


def sysfs(image, name, text):
    source = subprocess.run(["findmnt", "-no", "SOURCE", image.root], stdout=subprocess.PIPE,
                            text=True, check=True).stdout.strip()
    with open(f"/sys/fs/ext4/{os.path.basename(source)}/{name}", "w", encoding="ascii") as file:
        file.write(text)


def fill(root):
    """Not a block is left, not even to root."""
    with open(f"{root}/filler", "ab", buffering=0) as file:
        for n in (1 << 20, 4096, 1):
            try:
                while True:
                    file.write(bytes(n))
                    os.fdatasync(file.fileno())
            except OSError as error:
                assert error.errno == errno.ENOSPC
    assert free_bytes(root) == 0, f"{free_bytes(root)} bytes are free"


def empty(root):
    os.unlink(f"{root}/filler")
    os.sync()


def reserve_bytes(home):
    return os.stat(f"{home.world.state}/reserve.bin").st_blocks * 512


def ask(home, **selection):
    return home.keeper.call("Archive", "Delete", "a{sv}a{sv}",
                            dbus.Dictionary(selection, signature="sv"))[0]


def wait(home, job):
    return tuple(map(str, home.keeper.call("Job", "Wait", path=job, timeout=30)))


def slot_keys(home, items):
    with open(f"{home.world.state}/slots.bin", "rb") as file:
        content = file.read()
    return sum(content.count(key) for _, keys in items.values() for key in keys.values())


def full(home, root):
    """Everything is deleted with 0 bytes free."""
    home.furnish()
    for _ in range(60):
        home.keep()
    assert reserve_bytes(home) >= RESERVE_BYTES
    fill(root)
    # The database's log still has room of its own.
    name = None
    while not name:
        name, text = refused(home.keep)
    assert name == "QuotaExceeded" and "free some space" in text, (name, text)
    items = dict(home.kept)
    fill(root)
    state, receipt, problem = wait(home, ask(home, all=True))
    assert slot_keys(home, items) == 0 and not home.listed(), "still readable"
    assert reserve_bytes(home) < RESERVE_BYTES, "the reserve was not needed: nothing is shown"
    assert state == "done" and receipt, problem
    assert not any(home.traces(item, keys) for item, (_, keys) in items.items())
    home.kept = {}
    return f"{len(items)} items with 0 bytes free: {state}; keep: {text}"


def used_up(home, root):
    """The reserve is gone, and the disk full again: it is deleted, or said that it is not."""
    empty(root)
    home.keep()
    home.keep()
    with open(f"{home.world.state}/reserve.bin", "r+b") as file:
        file.truncate(0)
    fill(root)
    outcomes = []
    for item, (_, keys) in sorted(home.kept.items()):
        made = []
        name, text = refused(lambda item=item: made.append(
            ask(home, ids=dbus.Array([item], signature="s"))))
        if name:
            assert "disk is full" in text and "free some" in text, (name, text)
            assert slot_keys(home, {item: ("", keys)}) == 2, "refused, and gone"
        else:
            state, receipt, problem = wait(home, made[0])
            assert (state == "done") == bool(receipt), (state, receipt)
            assert state == "done" or "free some" in problem, problem
            assert slot_keys(home, {item: ("", keys)}) == 0, "still readable"
            del home.kept[item]
        outcomes.append(name or state)
    empty(root)
    home.idle()
    home.sleep(61)
    assert reserve_bytes(home) >= RESERVE_BYTES, "the reserve was not taken back"
    home.prove()
    home.holds()
    assert home.listed() == set(home.kept), "deleted, and back"
    return f"without the reserve: {', '.join(outcomes)}"


def expires(home, root):
    """And it starts with 0 bytes free."""
    item = home.keep()
    keys = home.kept.pop(item)[1]
    fill(root)
    home.restart()
    assert item in home.listed()
    home.sleep(HOUR_S + 60)
    home.idle()
    assert home.traces(item, keys) == 0, "expired, and still on the disk"
    home.kill()
    empty(root)


def said_at_start(home):
    done = subprocess.run([home.world.cubbyd, "--bus", home.world.address, "--state-dir",
                           home.world.state, "--config", f"{home.world.place}/cubbyd.conf"],
                          stderr=subprocess.PIPE, text=True, timeout=20, check=False)
    return done.returncode, [line for line in done.stderr.splitlines() if "fault:" not in line]


def read_only_start(home, image):
    home.furnish()
    home.keep()
    home.keeper.close()
    home.world.stop()
    image.umount()
    image.mount("ro")
    status, said = said_at_start(home)
    assert status == 1 and len(said) == 1 and "read-write" in said[0], (status, said)
    image.umount()
    image.mount("errors=remount-ro")
    assert home.start(), "it does not start on a good disk"
    home.prove()
    home.holds()
    return said[0]


def read_only_running(home, image):
    """The kernel finds the file system damaged while a deletion is partial."""
    (item, (_, keys)), = home.kept.items()
    home.shim.fail(errno.EIO, files=FILES["slots.bin"], calls=SYNC)
    job = ask(home, all=True)
    assert wait(home, job)[0] == "partial"
    sysfs(image, "trigger_fs_error", "1")
    home.shim.heal()
    name, _ = refused(home.keep)
    assert name, "it was kept on a disk that takes no write"
    home.sleep(61)
    for _ in range(20):
        home.ping()
    state, receipt, problem = wait(home, job)
    assert (state, receipt) == ("partial", "") and problem, (state, problem)
    assert any("partly" in alert for alert in home.describe()["alerts"]), home.describe()
    home.kill()
    image.umount()
    subprocess.run(["e2fsck", "-fy", image.image], stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, check=False)
    image.mount()
    assert home.start(), "it does not start on a good disk"
    home.idle()
    assert home.traces(item, keys) == 0 and not home.listed()
    home.kill()
    return problem


CASES = ("test_r8_everything_is_deleted_with_0_bytes_free", "test_r8_with_the_reserve_used_up",
         "test_r8_it_starts_and_expires_with_0_bytes_free", "test_r8_read_only_start_is_refused",
         "test_r8_read_only_while_running_is_partial")


def main(cubbyd, library):
    disk.alone()
    report = Report(len(CASES))
    with contextlib.ExitStack() as stack:
        try:
            image = stack.enter_context(disk.Disk("ext4"))
            image.make()
            image.mount("errors=remount-ro")
            # What ext4 keeps back for itself.
            sysfs(image, "reserved_clusters", "0")
        except disk.Unable as why:
            for name in CASES:
                report.skip(name, why)
            return 0
        home = Home(cubbyd, library, f"{image.root}/state")
        stack.callback(home.end)
        case(report, CASES[0], full, home, image.root)
        case(report, CASES[1], used_up, home, image.root)
        case(report, CASES[2], expires, home, image.root)
        case(report, CASES[3], read_only_start, home, image)
        case(report, CASES[4], read_only_running, home, image)
    return 1 if report.failed else 0


sys.exit(main(*sys.argv[1:]))
