#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The lists of system calls on 32-bit ARM, where several of them go by other names. Reads what all
programs may call (lib/confine/calls.c) and what keeper and ears add, and asks libseccomp; prints
TAP.

usage: test_calls.py FILE..."""

import ctypes
import re
import sys

ARM = 0x40000028
# What the C library calls there in place of the name without it.
ENDINGS = ("32", "64", "_time64", "64_64")


def names_of(path):
    with open(path, encoding="utf-8") as file:
        text = file.read().split("allowed_calls[] = {")[1].split("};")[0]
    return set(re.findall(r'"(\w+)"', text))


def main(paths):
    try:
        resolve = ctypes.CDLL("libseccomp.so.2").seccomp_syscall_resolve_name_arch
    except OSError:
        print("1..0 # SKIP libseccomp is not installed")
        return 0
    there, missing = set(), set()
    for names in map(names_of, paths):
        known = {name + ending for name in names for ending in ENDINGS
                 if resolve(ARM, (name + ending).encode()) >= 0}
        there |= known
        missing |= known - names
    print("1..2")
    print(f"{'not ' if len(there) < 20 else ''}ok 1 - libseccomp knows the names of ARM")
    print(f"{'not ' if missing else ''}ok 2 - a call that is allowed is allowed by its name on ARM")
    for name in sorted(missing):
        print(f"# not allowed: {name}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
