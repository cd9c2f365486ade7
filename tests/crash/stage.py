# SPDX-License-Identifier: Apache-2.0
"""Films the keeper at work on a file system of its own, down to each write and flush of the block
device, and replays the film with the power cut in between."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

MIB = 1 << 20
# The smallest each of them makes; the journal of ext4 is kept small, so that it wraps.
FILE_SYSTEMS = {
    "ext4": (24 * MIB, ["mkfs.ext4", "-q", "-b", "4096", "-J", "size=4", "-m", "0",
                        "-E", "nodiscard,lazy_itable_init=0,lazy_journal_init=0"]),
    "xfs": (300 * MIB, ["mkfs.xfs", "-q", "-K"]),
    "btrfs": (112 * MIB, ["mkfs.btrfs", "-q", "-K"]),
}
SUM = re.compile(r"states (\d+) of (\d+), .*wrong (\d+): lost (\d+), back (\d+), traces (\d+), "
                 r"partial (\d+), no start (\d+)")


def alone():
    """Goes on in a mount namespace of its own: one that somebody else copies from ours would keep
    our file systems mounted, and unwritten, after we have unmounted them."""
    if os.geteuid() == 0 and not os.environ.get("CUBBY_CRASH_ALONE"):
        os.environ["CUBBY_CRASH_ALONE"] = "1"
        # The root of a chroot is no mount point, whose propagation cannot be changed.
        chroot = subprocess.run(["unshare", "-m", "true"], stderr=subprocess.DEVNULL, check=False)
        kept = ["--propagation", "unchanged"] if chroot.returncode else []
        os.execvp("unshare", ["unshare", "-m", *kept, sys.executable, "-B", *sys.argv])


class Unable(Exception):
    """This machine cannot film: no root, no FUSE, no loop device, no such file system."""


def run(*command, **options):
    return subprocess.run([str(part) for part in command], check=True, **options)


class Stage:
    """A directory with a disk, its film and the programs."""

    def __init__(self, programs, system="ext4"):
        self.programs, self.system = programs, system
        self.image_bytes, self.mkfs = FILE_SYSTEMS[system]
        if os.geteuid() != 0 or not os.path.exists("/dev/fuse") or not shutil.which(self.mkfs[0]):
            raise Unable(f"needs root, /dev/fuse and {self.mkfs[0]}")
        shm = "/dev/shm"
        self.place = tempfile.mkdtemp(prefix="cubby-crash-",
                                      dir=shm if os.access(shm, os.W_OK) else None)
        self.mounts = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for mount in reversed(self.mounts):
            subprocess.run(["umount", "-l", mount], check=False)
        shutil.rmtree(self.place, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.place, name)

    def directory(self, name):
        os.makedirs(self.path(name), exist_ok=True)
        return self.path(name)

    def mount(self, source, where, *options):
        run("mount", *options, source, where)
        self.mounts.append(where)

    def umount(self, where):
        for _ in range(100):
            if subprocess.run(["umount", where], stderr=subprocess.DEVNULL,
                              check=False).returncode == 0:
                break
            time.sleep(0.05)
        else:
            raise RuntimeError(f"{where} stays busy")
        self.mounts.remove(where)

    def play(self, letters, seed, marks, directory, **environment):
        done = run(self.programs["player"], directory, marks, letters, seed,
                   env={**os.environ, **environment}, stderr=subprocess.PIPE)
        return done.stderr.decode(errors="replace")

    def make(self, before, seed):
        """A new disk on which `before` was played, unrecorded."""
        image = self.path("image")
        with open(image, "wb") as file:
            file.truncate(self.image_bytes)
        run(*self.mkfs, image, stdout=subprocess.DEVNULL)
        where = self.directory("mount")
        try:
            self.mount(image, where, "-o", "loop")
        except subprocess.CalledProcessError as problem:
            raise Unable(f"{self.system} on a loop device cannot be mounted") from problem
        marks = self.path("marks-before")
        open(marks, "wb").close()
        if before:
            self.play(before, seed, marks, os.path.join(where, "state"))
        self.umount(where)
        shutil.copyfile(image, self.path("base"))

    def film(self, letters, seed, **environment):
        """Plays on the recorder; leaves `trace`."""
        fuse, where = self.directory("fuse"), self.directory("mount")
        recorder = subprocess.Popen([self.programs["recorder"], fuse, self.path("image"),
                                     self.path("trace")])
        self.mounts.append(fuse)
        try:
            for _ in range(100):
                if os.path.ismount(fuse):
                    break
                if recorder.poll() is not None:
                    # By itself, not by a signal.
                    raise (Unable if recorder.returncode > 0 else RuntimeError)(
                        f"FUSE cannot be mounted ({recorder.returncode})")
                time.sleep(0.05)
            self.mount(os.path.join(fuse, "disk"), where, "-o", "loop")
            try:
                self.play(letters, seed, os.path.join(fuse, "marks"),
                          os.path.join(where, "state"),
                          CUBBY_MARKS_BEFORE=self.path("marks-before"), **environment)
            finally:
                self.umount(where)
        finally:
            self.umount(fuse)
            recorder.wait(20)

    def cut(self, number, seed):
        """The disk is now what one of the cuts left of it, unrecorded."""
        run(self.programs["replay"], self.path("trace"), self.path("base"), "leave",
            self.path("image"), self.path("marks-before"), number, seed)
        shutil.copyfile(self.path("image"), self.path("base"))

    def replay(self, jobs, cuts, seed, raw, **environment):
        """(numbers of the sum, all output)"""
        done = subprocess.run(
            [self.programs["replay"], self.path("trace"), self.path("base"), self.system,
             self.place, str(jobs), str(cuts), str(seed), "1" if raw else "0",
             self.path("marks-before")],
            env={**os.environ, **environment}, stdout=subprocess.PIPE, check=False)
        text = done.stdout.decode(errors="replace")
        found = SUM.search(text)
        if not found or done.returncode == 2:
            raise RuntimeError(f"the replay failed (status {done.returncode})\n{text}")
        names = ("states", "all", "wrong", "lost", "back", "traces", "partial", "start")
        return dict(zip(names, map(int, found.groups()))), text
