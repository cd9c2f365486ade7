# SPDX-License-Identifier: Apache-2.0
"""The test's end of shim.c: which call on which file of the state directory fails, and how far the
clocks of the keeper are ahead."""

import mmap
import os
import struct

FILES = {"slots.bin": 1, "cubby.db": 2, "cubby.db-wal": 4, "clock": 8, "device.key": 16,
         "reserve.bin": 32, "directory": 64}
EVERY_FILE = 127
WRITE, SYNC, TRUNCATE, ALLOCATE, OPEN, READ = 1, 2, 4, 8, 16, 32
OPEN_READ, LIST = 64, 128
SHORT = 0    # no error: a half of what was to be read or written is
CHANGES = WRITE | SYNC | TRUNCATE | ALLOCATE | OPEN
LAYOUT = struct.Struct("=IIiIIIqq")


class Shim:
    def __init__(self, library, path):
        with open(path, "wb") as file:
            file.write(bytes(4096))
        with open(path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 4096)
        self.boot_ns = self.wall_ns = 0
        self.heal()
        self.environment = {"LD_PRELOAD": library, "CUBBY_SHIM": path}

    def _tell(self, files=0, calls=0, until=-1, error=0, once=False):
        self.map[:LAYOUT.size] = LAYOUT.pack(files, calls, until, error, once, 0, self.boot_ns,
                                             self.wall_ns)

    def fail(self, error, until=0, files=EVERY_FILE, calls=CHANGES, once=False):
        """After `until` such calls the next one fails, and unless `once` all after it."""
        self._tell(files, calls, until, error, once)

    def failed(self):
        return LAYOUT.unpack(self.map[:LAYOUT.size])[5]

    def heal(self):
        """Everything goes again; how many calls failed."""
        failed = self.failed()
        self._tell()
        return failed

    def sleep(self, seconds, wall_s=None):
        """The keeper's time goes on; the wall clock by wall_s, where that is another thing."""
        self.boot_ns += int(seconds * 1e9)
        self.wall_ns += int((seconds if wall_s is None else wall_s) * 1e9)
        self.map[24:40] = struct.pack("=qq", self.boot_ns, self.wall_ns)
