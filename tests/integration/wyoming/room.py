# SPDX-License-Identifier: Apache-2.0
"""An adapter and its clients, without a keeper."""

import os
import socket
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "support"))
import wyoming                                  # noqa: E402
from wyoming import Adapter, Client             # noqa: E402

PROGRAM = [sys.argv[1]]
NO_KEEPER = ("--bus", "unix:path=/nowhere/bus")
FORWARD = "go forward ten meters"
PHRASE = "go forward"
SANITIZED = "ASAN_OPTIONS" in os.environ
INT64_MAX = 2 ** 63 - 1


def close_to(found, wanted, within):
    assert abs(found - wanted) <= within, (found, wanted)


class Room:
    """An adapter with a grammar, whose limits are low enough to reach."""

    def __init__(self, folder):
        self.folder = folder
        self.asr, self.child, self.wake = wyoming.free_ports(3)
        self.path = os.path.join(folder, "asr.sock")
        self.adapter = Adapter(PROGRAM, folder, f"""\
grammar = {wyoming.DATA}/goforward.gram
wake_phrase = {PHRASE}
connections = 6
streams = 2
utterance_max_s = 5
idle_max_s = 2
[asr]
tcp = 127.0.0.1:{self.asr}
unix = {self.path}
[asr mia]
profile = mia
tcp = 127.0.0.1:{self.child}
[wake]
tcp = 127.0.0.1:{self.wake}
""", *NO_KEEPER)
        self.words = wyoming.samples("goforward.raw")
        self.quiet = self.descriptors()

    def client(self, port=None, timeout=20):
        return Client(("127.0.0.1", port or self.asr), timeout)

    def wakeful(self):
        return self.client(self.wake)

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.adapter.process.pid}/fd"))

    def settle(self):
        """Waits until the clients of the last test are gone: who knocked before us has been let in
        before us."""
        with self.client() as client:
            client.socket.shutdown(socket.SHUT_WR)
            while client.event():
                pass
        assert wyoming.wait_for(lambda: self.descriptors() <= self.quiet), self.descriptors()

    def serves(self):
        """Whether a new client is served as if nothing had happened."""
        try:
            with self.client() as client:
                return client.transcribe(self.words) == FORWARD
        except (OSError, AssertionError):
            return False


# What is said, and how it is answered.
