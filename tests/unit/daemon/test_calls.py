#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The keeper's list of system calls on 32-bit ARM, where several of them go by other names. Reads
the list from daemon/sandbox.c and asks libseccomp; prints TAP."""

import ctypes
import re
import sys

ARM = 0x40000028
# What the C library calls there in place of the name without it.
ENDINGS = ("32", "64", "_time64", "64_64")


def main(path):
    try:
        resolve = ctypes.CDLL("libseccomp.so.2").seccomp_syscall_resolve_name_arch
    except OSError:
        print("1..0 # SKIP libseccomp is not installed")
        return 0
    with open(path, encoding="utf-8") as file:
        text = file.read().split("allowed_calls[] = {")[1].split("};")[0]
    names = set(re.findall(r'"(\w+)"', text))
    there = {name + ending for name in names for ending in ENDINGS
             if resolve(ARM, (name + ending).encode()) >= 0}
    missing = sorted(there - names)
    print("1..2")
    print(f"{'not ' if len(there) < 20 else ''}ok 1 - libseccomp knows the names of ARM")
    print(f"{'not ' if missing else ''}ok 2 - a call that is allowed is allowed by its name on ARM")
    for name in missing:
        print(f"# not allowed: {name}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
