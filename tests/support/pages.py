# SPDX-License-Identifier: Apache-2.0
"""The sums of the database's pages (docs/FORMATS.md), put right after SQLite came from outside: without
that, whoever changes the file has damaged it. From the command line: pages.py FILE."""

import contextlib
import ctypes
import sqlite3
import sys

_shorthash = ctypes.CDLL("libsodium.so.23").crypto_shorthash


def sums_put(path):
    with open(path, "r+b") as file:
        first = file.read(100)
        size = int.from_bytes(first[16:18], "big")
        size = 65536 if size == 1 else size
        assert first[20] == 8, "the pages carry no sums"
        file.seek(0)
        at = 0
        while page := file.read(size):
            out = ctypes.create_string_buffer(8)
            _shorthash(out, page, ctypes.c_ulonglong(size - 8), at.to_bytes(16, "little"))
            if page[-8:] != out.raw:
                file.seek(at + size - 8)
                file.write(out.raw)
            at += size


@contextlib.contextmanager
def database(path):
    """SQLite's own view of the file, for who has root and knows the format."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        yield db
    sums_put(path)


if __name__ == "__main__":
    sums_put(sys.argv[1])
