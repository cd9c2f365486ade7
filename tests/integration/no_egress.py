# SPDX-License-Identifier: Apache-2.0
"""cubby-listen in a network namespace of its own with a capture: not one packet, also where its
surroundings ask it to use the network (R26)."""

import ctypes
import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
from tap import Tap                 # noqa: E402

LISTEN = sys.argv[1]
RECORDING = "/usr/share/pocketsphinx/test/data/cards/001.wav"
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
ETH_P_ALL, SIOCSIFFLAGS, IFF_UP, IFF_RUNNING = 3, 0x8914, 1, 64
DISCARD = ("127.0.0.1", 9)


def alone():
    """A network namespace with nothing but a loopback; False where the kernel gives none."""
    libc = ctypes.CDLL(None, use_errno=True)
    flags = CLONE_NEWNET | (0 if os.geteuid() == 0 else CLONE_NEWUSER)
    if libc.unshare(flags):
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH22x", b"lo", IFF_UP | IFF_RUNNING))
    return True


def packets(capture):
    """How many have been seen since the last time."""
    count = 0
    while True:
        try:
            capture.recv(65536)
            count += 1
        except BlockingIOError:
            return count


def listen(*arguments, seconds=60, **env):
    """Its exit status, its events and its processor's confinement, while it runs."""
    process = subprocess.Popen([LISTEN, "--json", *arguments], stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True, env={**os.environ, **env})
    filtered = False
    deadline = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
                filtered |= "\nSeccomp:\t2\n" in status.read()
        except OSError:
            pass
        time.sleep(0.05)
    if process.poll() is None:
        process.terminate()
    out, _ = process.communicate(timeout=30)
    return process.returncode, [json.loads(line) for line in out.splitlines()], filtered


def main():
    tap = Tap()
    if not os.path.exists(RECORDING) or not alone():
        print("1..0 # SKIP needs pocketsphinx-testdata and a network namespace")
        return 0
    capture = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    capture.setblocking(False)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plain:
        plain.sendto(b"seen", DISCARD)
    time.sleep(0.2)
    tap.ok(packets(capture) > 0, "a packet of anybody's is seen here")
    status, events, filtered = listen("--file", RECORDING, "--bus", "unix:path=/nowhere")
    final = [event for event in events if event["event"] == "final"]
    tap.ok(status == 0 and final and final[0]["text"], "it hears", events)
    tap.ok(packets(capture) == 0, "R26 and sends nothing")
    tap.ok(filtered, "R26 under a filter of system calls")
    status, events, _ = listen("--file", RECORDING, "--profile", "mia",
                               "--bus", "tcp:host=127.0.0.1,port=9")
    tap.ok([event for event in events if event["event"] == "final"] and packets(capture) == 0,
           "R26 nor to a bus across a network", (status, events))
    listen(seconds=5, PULSE_SERVER="tcp:127.0.0.1:9")
    tap.ok(packets(capture) == 0, "R26 nor to a sound server across a network")
    return tap.done()


sys.exit(main())
