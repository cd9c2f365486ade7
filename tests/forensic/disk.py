# SPDX-License-Identifier: Apache-2.0
"""File systems on images of their own, mounted where nobody else sees them and gone with the test."""

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time

MIB = 1 << 20
EXT4 = ["mkfs.ext4", "-q", "-F", "-m", "0", "-E", "nodiscard,lazy_itable_init=0,lazy_journal_init=0"]
# Name: type, size, what makes it, options of the mount. btrfs would throw what it has freed out of
# the image by itself, after a while, where it knows the device below takes that.
SYSTEMS = {
    "ext4": ("ext4", 64 * MIB, EXT4, ""),
    "ext4 1k blocks": ("ext4", 64 * MIB, [*EXT4, "-b", "1024"], ""),
    "ext4 no journal": ("ext4", 64 * MIB, [*EXT4, "-O", "^has_journal"], ""),
    "ext4 data=writeback": ("ext4", 64 * MIB, EXT4, "data=writeback"),
    "ext4 data=journal": ("ext4", 64 * MIB, EXT4, "data=journal"),
    "xfs": ("xfs", 300 * MIB, ["mkfs.xfs", "-q", "-f", "-K"], ""),
    "btrfs": ("btrfs", 128 * MIB, ["mkfs.btrfs", "-q", "-f", "-K"], "nodiscard"),
}


class Unable(Exception):
    """This machine cannot: no root, no loop devices, no such file system."""


def alone():
    """Goes on in a mount namespace of its own, so that whatever becomes of the test its mounts go
    with it, and nobody who copies our namespace keeps them busy."""
    room = [sys.executable, "-B", os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                               "../support/sandbox/room.py"), "--own"]
    if os.geteuid() != 0 or os.environ.get("CUBBY_FORENSIC_ALONE"):
        return
    # Who may not do this may not mount either, and is told so then.
    if subprocess.run([*room, "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0:
        os.environ["CUBBY_FORENSIC_ALONE"] = "1"
        os.execv(room[0], [*room, sys.executable, "-B", *sys.argv])


def run(*command):
    done = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise Unable(f"{' '.join(map(str, command))}: {done.stdout.decode(errors='replace').strip()}")


@contextlib.contextmanager
def loop_lock():
    """Two who look for a free loop device at a time find the same one."""
    with open(f"{tempfile.gettempdir()}/cubby-loop.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class Disk:
    """An image and where it is mounted."""

    def __init__(self, system, place=None):
        if os.geteuid() != 0:
            raise Unable("needs root")
        self.kind, self.bytes, self.mkfs, self.options = SYSTEMS[system]
        if not shutil.which(self.mkfs[0]):
            raise Unable(f"there is no {self.mkfs[0]}")
        self.place = tempfile.mkdtemp(prefix="cubby-image-", dir=place)
        self.image, self.root = f"{self.place}/image", f"{self.place}/root"
        os.mkdir(self.root)
        os.chmod(self.place, 0o755)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if os.path.ismount(self.root):
            subprocess.run(["umount", "-l", self.root], check=False)
        shutil.rmtree(self.place, ignore_errors=True)

    def make(self, *options):
        with open(self.image, "wb") as file:
            file.truncate(self.bytes)
        run(*self.mkfs, *options, self.image)

    def copy(self, image):
        run("cp", "--sparse=always", "--reflink=never", image, self.image)

    def mount(self, *options):
        with loop_lock():
            run("mount", "-t", self.kind, "-o", ",".join(filter(None, ("loop", self.options,
                                                                       *options))),
                self.image, self.root)

    def umount(self):
        """Afterwards the image holds what a disk would."""
        os.sync()
        for _ in range(100):
            try:
                return run("umount", self.root)
            except Unable as problem:
                busy = problem
                time.sleep(0.02)
        raise RuntimeError(str(busy))


def count(program, image, needles):
    """How often each is on the image; `program` is needles.c."""
    done = subprocess.run([program, image], check=True, stdout=subprocess.PIPE,
                          input="".join(needle.hex() + "\n" for needle in needles).encode())
    return list(map(int, done.stdout.split()))
