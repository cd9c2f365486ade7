# SPDX-License-Identifier: Apache-2.0
"""Clients that come in numbers, go in the middle, or say what is none of the protocol."""

import os
import random
import socket
import time

from room import FORWARD, SANITIZED
import wyoming
from wyoming import frame, silence


def seated(room):
    """A client that has a seat; the last one's may still be cleared."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        client = room.client()
        client.start()
        client.send("ping")
        kind, data = client.event()
        if kind == "pong":
            return client
        assert data["code"] == "busy", data
        client.close()
    raise AssertionError("there is no seat")


def test_more_streams_than_seats_wait_for_one(room):
    clients = [room.client() for _ in range(3)]
    for client in clients:
        client.start()
        client.audio(room.words)
    for client in clients[:2]:
        client.send("audio-stop")
    clients[2].send("audio-stop")
    for client in clients:
        assert client.expect("transcript")["text"] == FORWARD
        client.close()
    # Whoever finds no seat at all is told. A ping behind a wait for a seat would wait with it.
    room.settle()
    clients = [seated(room), seated(room), room.client()]
    clients[2].start()
    end = time.monotonic() + 5
    codes = []
    while time.monotonic() < end and not codes:
        for client in clients[:2]:
            client.audio(silence(0.1))
        time.sleep(0.1)
        clients[2].socket.settimeout(0.01)
        try:
            codes.append(clients[2].expect("error")["code"])
        except TimeoutError:
            pass
    assert codes == ["busy"], codes
    for client in clients:
        client.close()


def test_a_client_that_goes_leaves_nothing_behind(room):
    for cut in (lambda c: c.start(), lambda c: c.audio(room.words),
                lambda c: c.raw(frame("audio-chunk", {"rate": 16000, "width": 2, "channels": 1},
                                      room.words)[:5000]),
                lambda c: (c.audio(room.words), c.send("audio-stop")), lambda c: c.raw(b'{"ty')):
        for _ in range(3):
            with room.client() as client:
                cut(client)
        room.settle()
    with room.client() as client:
        client.start()
        client.audio(room.words)
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    # The places are free again, and what they said is in nobody else's transcript.
    room.settle()
    with room.client() as client:
        assert client.transcribe(silence(1)) == ""
        assert client.transcribe(room.words) == FORWARD


def test_starting_anew_drops_what_was_said(room):
    with room.client() as client:
        client.start()
        client.audio(room.words)
        client.start()
        client.audio(silence(0.5))
        client.send("audio-stop")
        assert client.expect("transcript")["text"] == ""


def test_a_client_that_has_nothing_more_to_say_is_still_answered(room):
    with room.client() as client:
        client.start()
        client.audio(room.words)
        client.send("audio-stop")
        client.socket.shutdown(socket.SHUT_WR)
        assert client.expect("transcript")["text"] == FORWARD
        assert client.closed()


def test_byte_by_byte(room):
    with room.client() as client:
        for byte in frame("ping", {"text": "slow"}, b"payload", inline=False):
            client.raw(bytes([byte]))
        assert client.expect("pong")["text"] == "slow"


def test_a_client_that_does_not_read_holds_nobody_up(room):
    before = int(room.adapter.status("VmRSS").split()[0])
    with room.client(timeout=0.5) as deaf:
        sent = 0
        try:
            while sent < 50 << 20:
                deaf.raw(frame("ping", {"text": "x" * 4000}) * 100)
                sent += 400000
        except TimeoutError:
            pass
        assert sent < 50 << 20
        begun = time.monotonic()
        assert room.serves()
        assert time.monotonic() - begun < 5
    grown = int(room.adapter.status("VmRSS").split()[0]) - before
    assert SANITIZED or grown < 4096, f"{grown} KiB more"


def test_thousands_of_broken_frames(room):
    seed = 20240521
    rng = random.Random(seed)
    good = [frame("describe"), frame("ping", {"text": "x"}, inline=False),
            frame("transcribe", {"language": "en"}), frame("detect", {"names": ["go_forward"]}),
            frame("audio-start", {"rate": 16000, "width": 2, "channels": 1, "timestamp": 1}),
            frame("audio-chunk", {"rate": 44100, "width": 3, "channels": 2}, room.words[:600]),
            frame("audio-chunk", {"rate": 16000, "width": 2, "channels": 1}, room.words[:2000]),
            frame("audio-stop", {"timestamp": None})]
    before = int(room.adapter.status("VmRSS").split()[0])
    for i in range(400 if SANITIZED else 1000):
        content = bytearray(b"".join(rng.choice(good) for _ in range(rng.randint(1, 6))))
        for _ in range(rng.choice((0, 1, 1, 2, 5, 50))):
            at = rng.randrange(len(content))
            what = rng.randrange(4)
            if what == 0:
                content[at] = rng.randrange(256)
            elif what == 1:
                del content[at:at + rng.randint(1, 40)]
            elif what == 2:
                content[at:at] = bytes(rng.randrange(256) for _ in range(rng.randint(1, 20)))
            else:
                content[at:at] = rng.choice((b"9999999", b'"', b"{", b"}", b"\n", b"-", b"null"))
            if not content:
                content = bytearray(b"\n")
        try:
            with room.client(rng.choice((room.asr, room.wake, room.child)), timeout=0.02) as client:
                client.raw(bytes(content))
                client.event()
        except (OSError, AssertionError, TimeoutError, ValueError):
            pass
        assert room.adapter.alive(), (seed, i, bytes(content), room.adapter.errors())
    assert wyoming.wait_for(lambda: room.serves())
    grown = int(room.adapter.status("VmRSS").split()[0]) - before
    assert SANITIZED or grown < 8192, f"{grown} KiB more"


def test_r26_it_listens_and_can_do_nothing_else(room):
    assert room.adapter.status("Seccomp") == "2"
    assert room.adapter.status("NoNewPrivs") == "1"
    inodes = set()
    for fd in os.listdir(f"/proc/{room.adapter.process.pid}/fd"):
        target = os.readlink(f"/proc/{room.adapter.process.pid}/fd/{fd}")
        if target.startswith("socket:"):
            inodes.add(target[8:-1])
    ports = set()
    with open(f"/proc/{room.adapter.process.pid}/net/tcp", encoding="ascii") as table:
        for line in list(table)[1:]:
            fields = line.split()
            if fields[9] in inodes and fields[3] == "0A":
                assert fields[1].startswith("0100007F:"), line
                ports.add(int(fields[1].split(":")[1], 16))
    assert ports == {room.asr, room.child, room.wake}, ports


# Alone.
