# SPDX-License-Identifier: Apache-2.0
"""A network namespace with nothing but a loopback, and a capture in it: from its beginning on, this
process and whatever it starts live there."""

import ctypes
import fcntl
import socket
import struct
import time

CLONE_NEWNET = 0x40000000
ETH_P_ALL, SIOCSIFFLAGS, IFF_UP, IFF_RUNNING = 3, 0x8914, 1, 64


class Capture:
    def __enter__(self):
        if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "no network namespace")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
            fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH22x", b"lo", IFF_UP | IFF_RUNNING))
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.setblocking(False)
        return self

    def __exit__(self, *_):
        self.socket.close()

    def packets(self):
        """How many have been seen since the last time."""
        count = 0
        while True:
            try:
                self.socket.recv(65536)
                count += 1
            except BlockingIOError:
                return count

    def sees(self):
        """Whether a packet that is sent is seen."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plain:
            plain.sendto(b"seen", ("127.0.0.1", 9))
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if self.packets():
                time.sleep(0.2)
                self.packets()
                return True
            time.sleep(0.02)
        return False
