#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Other processors, from amd64 by Debian's cross compilers, in a fresh Debian: the packages, how big
their programs are, and the unit tests under qemu-user. Those that docs/INSTALL.md lists are not held
against it, all others are.

The emulator starts every program of the other processor, those that tests start, too: the kernel is
told so (binfmt_misc) in a user namespace of the test's own, so that nobody else's programs are.

usage: test_cross.py [ARCH...]"""

import glob
import json
import os
import re
import shutil
import subprocess
import sys
import time

from debian import REPOSITORY, alone, tries, why_not
from tap import Tap
import disk

EMULATORS = {"arm64": "qemu-aarch64", "armhf": "qemu-arm"}
TOOLS = ("build-essential", "dpkg-dev", "debhelper", "lintian", "meson", "ninja-build", "pkg-config",
         "python3", "scdoc", "gettext", "dbus", "e2fsprogs", "espeak-ng", "less",
         "libsodium23", "libxml2-utils", "procps", "pocketsphinx-en-us", "pocketsphinx-testdata",
         "qemu-user-static")
EMULATED = """
mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
cat /usr/lib/binfmt.d/$EMULATOR.conf >/proc/sys/fs/binfmt_misc/register
"""
TESTS = EMULATED + """
mount -t devpts -o newinstance,ptmxmode=0666 devpts /dev/pts
cd /cubby
meson env2mfile --cross --debarch $ARCH -o /$ARCH.cross
sed -i 's/^\\[properties\\]/&\\nneeds_exe_wrapper = false/' /$ARCH.cross
meson setup /build-$ARCH --cross-file /$ARCH.cross
ninja -C /build-$ARCH
meson test -C /build-$ARCH --no-rebuild --suite unit -t 10
"""


def unheld():
    """The tests, and the functions of tests, that docs/INSTALL.md says cannot be told that way."""
    with open(f"{REPOSITORY}/docs/INSTALL.md", encoding="utf-8") as file:
        text = file.read().split("\n## Other processors\n")[1].split("\n## ")[0]
    listed = "".join(re.findall(r"^- .*\n(?:  .*\n)*", text, re.M))
    return set(re.findall(r"`([^`]+)`", listed))


def in_own_namespace(command):
    """A command as root of a user namespace with the same users; the CompletedProcess."""
    process = subprocess.Popen(
        ["unshare", "--user", "--mount", "sh", "-c", 'read -r _ && exec "$@"', "sh", *command],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        while os.readlink(f"/proc/{process.pid}/ns/user") == os.readlink("/proc/self/ns/user"):
            time.sleep(0.01)
        for name in ("uid_map", "gid_map"):
            with open(f"/proc/{process.pid}/{name}", "w", encoding="ascii") as file:
                file.write("0 0 65536\n")
    except OSError as error:
        process.kill()
        raise disk.Unable(f"a user namespace: {error}") from error
    said, _ = process.communicate("\n", timeout=3000)
    return subprocess.CompletedProcess(command, process.returncode, said, None)


class Processor:
    def __init__(self, tap, debian, arch):
        self.tap, self.debian, self.arch = tap, debian, arch

    def tools(self):
        with open(f"{REPOSITORY}/script/bootstrap", encoding="utf-8") as file:
            libraries = sorted(set(re.findall(r"\blib[\w.+-]*-dev\b", file.read())))
        self.debian.run("dpkg", "--add-architecture", self.arch)
        self.debian.fetch(f"crossbuild-essential-{self.arch}",
                          *(f"{name}:{self.arch}" for name in libraries))
        done = self.emulated(EMULATED)
        if done.returncode:
            raise disk.Unable(f"binfmt_misc of one's own takes Linux 6.7: {done.stdout[-300:]}")

    def emulated(self, script):
        return in_own_namespace(self.debian.command(
            ["sh", "-ec", script], ARCH=self.arch, EMULATOR=EMULATORS[self.arch]))

    def packages(self):
        done = self.debian.run("/cubby/script/package", "--arch", self.arch, f"/{self.arch}",
                               timeout=1800)
        found = glob.glob(self.debian.path(f"{self.arch}/cubbyd_*_{self.arch}.deb"))
        self.tap.ok(done.returncode == 0 and found, f"{self.arch}: packages are built and lintian has "
                    "nothing to say", done.stdout[-3000:])
        self.debian.run("sh", "-c", f"for deb in /{self.arch}/*_{self.arch}.deb; do "
                        f"dpkg-deb -x $deb /{self.arch}/root; done")
        for pattern in ("usr/*bin/cubby*", "usr/lib/*/libcubby*.so.*"):
            for path in glob.glob(self.debian.path(f"{self.arch}/root/{pattern}")):
                if not os.path.islink(path):
                    print(f"# {self.arch}: {os.path.basename(path)} "
                          f"{os.path.getsize(path) / 1024:.0f} KiB", flush=True)

    def tests(self):
        done = self.emulated(TESTS)
        log = self.debian.path(f"build-{self.arch}/meson-logs/testlog.json")
        if not self.tap.ok(os.path.exists(log), f"{self.arch}: it is built", done.stdout[-3000:]):
            return
        but, red, green = unheld(), set(), 0
        with open(log, encoding="utf-8") as lines:
            for line in lines:
                test = json.loads(line)
                name = test["name"].rpartition(" / ")[2]
                failed = set(re.findall(r"^not ok \d+ - (\w+)", test.get("stdout", ""), re.M))
                if test["returncode"] == 0:
                    green += 1
                elif name not in but and not (failed and failed <= but):
                    red.add(f"{name}: {test['result']} {' '.join(sorted(failed))}")
        print(f"# {self.arch}: {green} programs of unit tests pass")
        self.tap.ok(green > 100 and not red, f"{self.arch}: the unit tests pass, but those that "
                    "docs/INSTALL.md lists", "\n".join(sorted(red)))


def play(tap, debian, processors):
    os.mkdir(debian.path("cubby"))
    disk.run("sh", "-c", f"cd {REPOSITORY} && git ls-files -co --exclude-standard -z | tar --null "
             f"--ignore-failed-read -T - -c | tar -x -C {debian.path('cubby')}")
    for arch in processors:
        processor = Processor(tap, debian, arch)
        try:
            processor.tools()
        except disk.Unable as error:
            tap.skip(arch, str(error).replace("\n", " "))
            continue
        processor.packages()
        processor.tests()
        for name in (arch, f"build-{arch}"):
            shutil.rmtree(debian.path(name), ignore_errors=True)


def main():
    tap = Tap()
    why = why_not(sys.argv[1:], tools=())
    if not why and os.uname().machine != "x86_64":
        why = "it builds from amd64"
    if why:
        print(f"1..0 # SKIP {why}")
        return 0
    alone()
    tries(tap, "other processors", TOOLS,
          lambda debian: play(tap, debian, sys.argv[1:] or EMULATORS), starts=False)
    return tap.done()


sys.exit(main())
