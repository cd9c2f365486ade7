# SPDX-License-Identifier: Apache-2.0
"""The Wyoming adapter as its clients see it, well-behaved and not. The numbers in the names are the
rules of docs/WYOMING.md. There is no keeper here: what is kept is tried in a sandbox.

    test_wyoming.py CUBBY-WYOMING"""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "support"))
import wyoming                                              # noqa: E402
from tap import Tap                                         # noqa: E402
from wyoming import Adapter, Client, frame, silence         # noqa: E402

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

def test_rule_1_data_inline_and_behind_the_line(room):
    with room.client() as client:
        for inline in (True, False):
            client.send("ping", {"text": "dä"}, inline=inline)
            assert client.expect("pong") == {"text": "dä"}
        # Both at once: what follows the line wins.
        body = b'{"text": "behind"}'
        client.raw(frame("ping", {"text": "in the line"}, data_length=len(body)) + body)
        assert client.expect("pong") == {"text": "behind"}
        client.raw(b'{"type": "ping", "data": null, "data_length": null}\n')
        assert client.expect("pong") == {"text": None}
        for at in range(0, len(room.words), 4096):
            client.send("audio-chunk", {"rate": 16000, "width": 2, "channels": 1},
                        room.words[at:at + 4096], inline=False)
        client.send("audio-stop", inline=False)
        assert client.expect("transcript")["text"] == FORWARD
        client.send("describe")
        client.expect("info")
        # Client.event() looks at each line for data_length; here is what else there may be.
        assert all(set(json.loads(line)) <= {"type", "data", "version"} for line in client.lines)


def test_rule_2_unknown_events_are_ignored(room):
    with room.client() as client:
        client.send("synthesize", {"text": "no"}, b"x" * 100000)
        client.send("detect", {"names": ["somebody"]})
        client.send("", {})
        client.send("ping")
        client.expect("pong")
        assert len(client.lines) == 1


def test_rule_2_malformed_is_closed(room):
    wrong = [b"\n", b"hello\n", b"{}\n", b"[]\n", b"null\n", b"7\n", b'{"type": 7}\n',
             b'{"type": "ping"\n', b'{"type": "ping", "data": []}\n',
             b'{"type": "ping", "data": "x"}\n', b'{"type": "ping", "data_length": -1}\n',
             b'{"type": "ping", "data_length": 1.5}\n', b'{"type": "ping", "data_length": "1"}\n',
             b'{"type": "ping", "data_length": true}\n',
             b'{"type": "ping", "data_length": 18446744073709551616}\n',
             b'{"type": "ping", "payload_length": -1}\n',
             b'{"type": "ping", "data_length": 4}\nnull', b'{"type": "ping", "data_length": 4}\n{"a}',
             b'{"type": "p\xff"}\n', b'{"type": "a\\u0000b"}\n', b"\x00" * 10 + b"\n",
             b"[" * 30000 + b"\n", b'GET / HTTP/1.1\r\nHost: here\r\n\r\n']
    for content in wrong:
        with room.client() as client:
            client.raw(content)
            assert client.expect("error")["code"] == "malformed", content
            assert client.closed(), content
    assert room.serves()


def test_rule_2_a_line_stays_under_64_kib(room):
    with room.client() as client:
        for room_left in (2, 1):
            line = b'{"type": "ping", "x": "' + b"x" * (65536 - 26 - room_left) + b'"}\n'
            assert len(line) == 65536 - room_left
            client.raw(line)
            client.expect("pong")
        client.raw(b'{"type": "ping", "x": "' + b"x" * 65536)
        assert client.expect("error")["code"] == "malformed"
        assert client.closed()


def test_rule_3_timestamps_of_64_bits_come_back_unchanged(room):
    for first in (INT64_MAX - 500, 2 ** 53 + 1, -5):
        with room.wakeful() as client:
            client.start()
            count = client.audio(room.words + silence(1), stamp=lambda i, first=first: first + i)
            found = client.expect("detection")["timestamp"]
            assert first < found < first + count, (first, found)
    with room.wakeful() as client:
        client.start()
        client.audio(room.words + silence(1))
        assert client.expect("detection")["timestamp"] is None


def test_rule_4_stop_is_answered_even_without_words(room):
    with room.client() as client:
        client.send("audio-stop")
        assert client.expect("transcript") == {"text": ""}
        client.start()
        client.send("audio-stop", {"timestamp": 5})
        assert client.expect("transcript") == {"text": ""}
        assert client.transcribe(silence(2)) == ""
        assert client.transcribe(room.words) == FORWARD


def test_rule_4_an_error_is_followed_by_the_end(room):
    for data in ({"rate": 100, "width": 2, "channels": 1}, {"rate": 16000, "width": 9, "channels": 1},
                 {"rate": 16000, "width": 2, "channels": 0}, {"rate": 10 ** 15, "width": 2, "channels": 1},
                 {"rate": "x", "width": 2, "channels": 1}, {"rate": 16000}):
        with room.client() as client:
            client.send("audio-start", data)
            text = client.expect("error")["text"]
            assert "can be heard" in text, text
            assert client.closed()
    for chunk, what in ((frame("audio-chunk", {}, b"1234"), "without rate"),
                        (frame("audio-chunk", {"rate": 16000, "width": 2, "channels": 2}, b"12345"),
                         "within a frame")):
        with room.client() as client:
            client.raw(chunk)
            assert what in client.expect("error")["text"]
            assert client.closed()


def test_rule_5_a_connection_for_each(room):
    for _ in range(3):
        with room.client() as client:
            client.send("describe")
            client.expect("info")
        assert room.serves()


def test_rule_6_info(room):
    def check(artifact):
        assert set(artifact["attribution"]) == {"name", "url"}
        for name, kind in (("name", str), ("installed", bool), ("description", str),
                           ("version", str)):
            assert isinstance(artifact[name], kind), artifact

    infos = {}
    for name, port in (("asr", room.asr), ("wake", room.wake)):
        with room.client(port) as client:
            client.send("describe")
            infos[name] = info = client.expect("info")
        assert "satellite" not in info
        assert [kind for kind in info if info[kind]] == [name], info
        program, = info[name]
        check(program)
        model, = program["models"]
        check(model)
        assert model["languages"] == ["en"]
    assert infos["wake"]["wake"][0]["models"][0]["name"] == "go_forward"
    assert infos["wake"]["wake"][0]["models"][0]["phrase"] == PHRASE


def test_rule_7_wake(room):
    with room.wakeful() as client:
        for names in (["other", "go_forward"], [], None):
            client.send("detect", {"names": names})
            client.start()
            client.audio(silence(1) + room.words + silence(1), stamp=lambda i: 1000 + i)
            first = client.expect("detection")
            assert first["name"] == "go_forward", first
            # The stream goes on, and the phrase may come again.
            client.audio(room.words + silence(1), stamp=lambda i: 5000 + i)
            assert client.expect("detection")["timestamp"] >= 5000
            client.send("audio-stop")
            # Nothing is not-detected after that: the next answer is of the next question.
            client.send("ping", {"text": "next"})
            assert client.expect("pong")["text"] == "next"
        client.start()
        client.audio(wyoming.samples("cards/005.wav") + silence(1))
        client.send("ping")
        client.expect("pong")   # nothing is said before audio-stop
        client.send("audio-stop")
        client.expect("not-detected")
    with room.wakeful() as client:
        client.send("detect", {"names": ["hal"]})
        assert client.expect("error")["code"] == "unknown-model"
        assert client.closed()


def test_rule_7_the_wake_listener_tells_no_words(room):
    with room.wakeful() as client:
        client.start()
        client.audio(room.words + silence(1) + wyoming.samples("cards/005.wav") + silence(1))
        client.send("audio-stop")
        client.expect("detection")
        client.send("ping")
        client.expect("pong")
        assert b"ten" not in b"".join(client.lines)


def test_rule_8_any_sound_without_a_request(room):
    def convert(rate, width, channels):
        """The recording by linear interpolation: good enough to be understood."""
        words = [int.from_bytes(room.words[i:i + 2], "little", signed=True)
                 for i in range(0, len(room.words), 2)]
        out = bytearray()
        for i in range(len(words) * rate // 16000 - 1):
            at = i * 16000 / rate
            low = words[int(at)]
            value = low + (words[min(int(at) + 1, len(words) - 1)] - low) * (at % 1)
            sample = int(value * 256 ** (width - 2)) if width >= 2 else int(value * 4) >> 8
            out += sample.to_bytes(width, "little", signed=True) * channels
        return bytes(out)

    with room.client() as client:
        for format_ in ((16000, 2, 1), (44100, 2, 2), (48000, 4, 1), (22050, 3, 6), (16000, 1, 1)):
            rate, width, channels = format_
            text = client.transcribe(convert(*format_), request=False, rate=rate, width=width,
                                     channels=channels)
            # Sound of 8 bits may fit the grammar too badly to be taken for its words.
            assert text == FORWARD or (width == 1 and text == ""), (format_, text)
        # Chunks alone, and their word counts where audio-start said something else.
        client.audio(room.words)
        client.send("audio-stop")
        assert client.expect("transcript")["text"] == FORWARD
        client.start(rate=8000, channels=2)
        client.audio(room.words)
        client.send("audio-stop")
        assert client.expect("transcript")["text"] == FORWARD


def test_rule_9_ping(room):
    for port in (room.asr, room.wake):
        with room.client(port) as client:
            for data, text in (({"text": "a\n\"\\\u20ac"}, "a\n\"\\\u20ac"), ({}, None),
                               ({"text": None}, None), ({"text": "x" * 4000}, "x" * 4000)):
                client.send("ping", data)
                assert client.expect("pong") == {"text": text}
            client.send("ping", {"text": "x" * 100000}, inline=False)
            assert client.expect("error") and client.closed()


def test_rule_10_a_listener_of_a_profile_without_a_keeper(room):
    with room.client(room.child) as client:
        assert client.transcribe(room.words) == FORWARD
    assert wyoming.wait_for(lambda: "should have been kept" in room.adapter.errors())
    assert "forward" not in room.adapter.errors() and "mia" in room.adapter.errors()


def test_rule_11_unix_socket(room):
    assert os.stat(room.path).st_mode & 0o7777 == 0o660
    with Client(room.path) as client:
        assert client.transcribe(room.words) == FORWARD


# Whoever behaves badly.

def test_rule_11_data_and_chunks_over_1_mib(room):
    for name in ("data_length", "payload_length"):
        with room.client() as client:
            client.raw(b'{"type": "ping", "%s": 1048577}\n' % name.encode())
            assert "1048576" in client.expect("error")["text"]
            assert client.closed()
    with room.client() as client:
        client.raw(frame("ping", {"text": "x", "more": "x" * 1048500}, inline=False))
        assert client.expect("pong")["text"] == "x"
        client.send("synthesize", {}, bytes(1048576))
        client.audio(room.words, piece=1048576)
        client.send("audio-stop")
        assert client.expect("transcript")["text"] == FORWARD


def test_rule_11_seconds_of_an_utterance(room):
    with room.client() as client:
        client.start()
        try:
            client.audio(silence(30))
        except OSError:
            pass    # it is closed under us
        assert client.expect("error")["code"] == "too-long"
        assert client.closed()
    # A wake stream has no end.
    with room.wakeful() as client:
        client.start()
        client.audio(silence(20) + room.words + silence(1))
        client.expect("detection")


def test_rule_11_idle_time(room):
    begun = time.monotonic()
    quiet, midway = room.client(), room.client()
    midway.start()
    midway.audio(room.words[:20000])
    for client in (quiet, midway):
        assert client.expect("error")["code"] == "idle"
        close_to(time.monotonic() - begun, 2.5, 1.5)
        assert client.closed()
        client.close()
    assert room.serves()


def test_rule_11_an_utterance_in_drops(room):
    begun = time.monotonic()
    with room.client(timeout=0.3) as client:
        client.start()
        event = None
        while not event and time.monotonic() - begun < 15:
            client.send("audio-chunk", {"rate": 16000, "width": 2, "channels": 1}, bytes(2))
            try:
                event = client.event()
            except TimeoutError:
                pass
        assert event and event[1]["code"] == "too-long", event
        close_to(time.monotonic() - begun, 7.5, 2)


def test_rule_11_connections(room):
    held = [room.client() for _ in range(6)]
    for client in held:
        client.send("ping")
        client.expect("pong")
    with room.client() as client:
        assert client.expect("error")["code"] == "busy"
        assert client.closed()
    with room.client(room.child) as client:     # another listener's places are its own
        client.send("ping")
        client.expect("pong")
    held.pop().close()
    assert wyoming.wait_for(lambda: room.serves())
    for client in held:
        client.close()


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

def test_rule_5_describe_is_answered_while_another_is_recognised(folder):
    """The default language model takes more than a second for this."""
    port, = wyoming.free_ports(1)
    adapter = Adapter(PROGRAM, folder, f"[asr]\ntcp = 127.0.0.1:{port}\n", *NO_KEEPER)
    text = wyoming.samples("cards/005.wav")
    with Client(("127.0.0.1", port), 120) as busy:
        begun = time.monotonic()
        busy.start()
        busy.audio(text + silence(1))
        busy.send("audio-stop")
        slowest = asked = 0
        busy.socket.setblocking(False)
        while True:
            try:
                if busy.socket.recv(1, socket.MSG_PEEK):
                    break
            except BlockingIOError:
                pass
            at = time.monotonic()
            with Client(("127.0.0.1", port)) as client:
                client.send("describe")
                client.expect("info")
            slowest = max(slowest, time.monotonic() - at)
            asked += 1
            time.sleep(0.05)
        took = time.monotonic() - begun
        busy.socket.settimeout(10)
        assert len(busy.expect("transcript")["text"]) > 10
    assert adapter.end()[0] == 0
    assert took > 0.5 and asked > 5, (took, asked)
    assert slowest < 1, slowest
    print(f"# slowest of {asked} descriptions during {took:.1f} s: {slowest * 1000:.0f} ms")


def test_rule_5_nobody_is_let_in_before_the_models_are_loaded(folder):
    port, = wyoming.free_ports(1)
    path = os.path.join(folder, "early.conf")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"[asr]\ntcp = 127.0.0.1:{port}\n")
    begun = time.monotonic()
    with subprocess.Popen([*PROGRAM, "--config", path, *NO_KEEPER], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL) as process:
        client = None
        while not client and time.monotonic() - begun < 60:
            try:
                client = Client(("127.0.0.1", port))
            except ConnectionRefusedError:
                time.sleep(0.005)
        loaded = time.monotonic()
        client.send("describe")
        client.expect("info")
        answered = time.monotonic()
        client.close()
        process.terminate()
    assert process.returncode == 0
    # A default model takes a good part of a second, of which the first client sees nothing.
    assert loaded - begun > 0.2 and answered - loaded < 0.2 + (loaded - begun) / 4, \
        (loaded - begun, answered - loaded)


def test_rule_11_users_of_a_unix_socket(folder):
    path = os.path.join(folder, "users.sock")
    os.chmod(folder, 0o711)
    adapter = Adapter(PROGRAM, folder, f"grammar = {wyoming.DATA}/goforward.gram\n"
                      f"[asr]\nunix = {path}\nusers = 4711, daemon\n", *NO_KEEPER)
    os.chmod(path, 0o666)   # the mode alone is not what keeps others out
    for uid, answer in ((4711, b"pong"), (1, b"pong"), (4712, b"error"), (0, b"error")):
        assert answer_as(uid, path) == answer, uid
    assert adapter.end()[0] == 0


def answer_as(uid, path):
    """What a ping of this user is answered."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setresuid(uid, uid, uid)
            with Client(path) as client:
                try:
                    client.send("ping")
                except BrokenPipeError:
                    pass    # turned away already; why can still be read
                os.write(theirs, client.event()[0].encode())
        finally:
            os._exit(0)
    os.close(theirs)
    with os.fdopen(ours, "rb") as answer:
        content = answer.read()
    os.waitpid(child, 0)
    return content


def test_a_stale_socket_is_replaced_and_a_live_one_is_not(folder):
    path = os.path.join(folder, "stale.sock")
    config = f"grammar = {wyoming.DATA}/goforward.gram\n[asr]\nunix = {path}\n"
    first = Adapter(PROGRAM, folder, config, *NO_KEEPER)
    first.process.send_signal(signal.SIGKILL)
    first.end()
    assert os.path.exists(path)
    second = Adapter(PROGRAM, folder, config, *NO_KEEPER)
    done = run_config(folder, config)
    assert done.returncode == 1 and path in done.stderr and "listens there" in done.stderr, done
    with Client(path) as client:
        client.send("ping")
        client.expect("pong")
    assert second.end()[0] == 0


def run_config(folder, config, *arguments):
    path = os.path.join(folder, "tried.conf")
    with open(path, "w", encoding="utf-8") as file:
        file.write(config)
    return subprocess.run([*PROGRAM, "--config", path, *arguments], capture_output=True, text=True,
                          timeout=60, check=False, stdin=subprocess.DEVNULL)


def test_rule_11_configuration_is_taken_or_refused_by_its_line(folder):
    wrong = (
        ("[asr]\ntcp = 0.0.0.0:10300\n", "allow_network = yes"),
        ("[asr]\ntcp = [::]:10300\n", "allow_network = yes"),
        ("[asr]\ntcp = 192.168.1.5:10300\n", "192.168.1.5:10300"),
        ("allow_network = maybe\n", "maybe"), ("[asr]\ntcp = localhost:10300\n", "localhost"),
        ("[asr]\ntcp = 127.0.0.1\n", "127.0.0.1:10300"), ("[asr]\ntcp = 127.0.0.1:0\n", ":0"),
        ("[asr]\ntcp = 127.0.0.1:65536\n", "65536"),
        ("[asr]\nprofile = mia\n", "listens nowhere"), ("[asr]\nunix = asr.sock\n", "full path"),
        ("[asr]\nunix = /" + "x" * 120 + "\n", "107"), ("[tts]\ntcp = 127.0.0.1:1\n", "[tts]"),
        ("[asrs]\ntcp = 127.0.0.1:1\n", "[asrs]"), ("[wake]\nprofile = mia\n", "wake listener"),
        ("[asr]\nunix = /run/x\nusers = nobody-here\n", "nobody-here"),
        ("[asr]\nunix = /run/x\nusers =\n", "nobody"),
        ("[asr]\ntcp = 127.0.0.1:1\nusers = root\n", "leave out"),
        ("[asr]\ntcp = 127.0.0.1:1\n[asr b]\ntcp = 127.0.0.1:1\n", "[asr b]"),
        ("[asr]\nunix = /run/x\n[wake]\nunix = /run/x\n", "[wake]"),
        ("idle_max_s = 0\n", "idle_max_s"), ("connections = -1\n", "-1"), ("streams = 9\n", "8"),
        ("utterance_max_s = 1e3\n", "1e3"), ("grammar = /a\nlm = /b\n", "exclude"),
        ("wake_word = x\n", "wake_phrase"), ("nonsense\n", "name = value"),
        ("[asr]\nprot = 1\n", "prot"), ("language = \n", "language"),
    )
    for config, word in wrong:
        done = run_config(folder, config, "--check")
        assert done.returncode == 2 and word in done.stderr and "tried.conf" in done.stderr, \
            (config, done)
    done = run_config(folder, "allow_network = yes\n[asr kitchen]\ntcp = 0.0.0.0:10300\n"
                      "profile = mia\n", "--check")
    assert done.returncode == 0 and "FROM THE NETWORK" in done.stdout, done
    assert "as its child" in done.stdout and "mia" not in done.stdout, done
    done = run_config(folder, "", "--check")
    assert done.returncode == 0 and "NETWORK" not in done.stdout, done
    assert "tcp://127.0.0.1:10300" in done.stdout and "tcp://127.0.0.1:10400" in done.stdout, done
    assert "unix:///run/cubby-wyoming/asr.sock" in done.stdout, done
    missing = subprocess.run([*PROGRAM, "--config", "/nowhere.conf"], capture_output=True,
                             text=True, check=False)
    assert missing.returncode == 2 and "/nowhere.conf" in missing.stderr, missing


def test_listeners_of_the_command_line(folder):
    """Those named there are instead of those of the file, and no name of a child stays in view."""
    asr, child, wake = wyoming.free_ports(3)
    path = os.path.join(folder, "named.sock")
    words = ["--uri", f"tcp://127.0.0.1:{asr}", "--uri", f"unix://{path}", "--profile", "mia",
             "--wake-uri", f"tcp://127.0.0.1:{wake}"]
    # As many sections as there are listeners, so that each is waited for.
    adapter = Adapter(PROGRAM, folder, f"grammar = {wyoming.DATA}/goforward.gram\nwake_phrase = {PHRASE}\n"
                      f"[asr]\ntcp = 127.0.0.1:{child}\n[wake]\ntcp = 127.0.0.1:{child + 1}\n[asr x]\n"
                      f"unix = {folder}/x.sock\n", *NO_KEEPER, *words)
    assert [line.split()[2] for line in adapter.printed] == \
        [f"tcp://127.0.0.1:{asr}", f"unix://{path}", f"tcp://127.0.0.1:{wake}"], adapter.printed
    for address in (("127.0.0.1", asr), path, ("127.0.0.1", wake)):
        with Client(address, 20) as client:
            client.send("describe")
            client.expect("info")
    with open(f"/proc/{adapter.process.pid}/cmdline", "rb") as file:
        assert b"mia" not in file.read()
    assert adapter.end()[0] == 0
    for arguments, word in (
            (("--uri", "tcp://0.0.0.0:10300"), "network"), (("--uri", "127.0.0.1:10300"), "tcp://"),
            (("--profile", "mia"), "behind a --uri"), (("--wake-uri", "tcp://127.0.0.1:1", "--profile", "mia"), "--uri"),
            (("--uri", "unix://x"), "full path"), (("--uri", "tcp://127.0.0.1:1") * 2, "[asr 2]"),
            (("--uri", "tcp://127.0.0.1:1") * 17, "too many")):
        done = run_config(folder, "", "--check", *arguments)
        assert done.returncode == 2 and word in done.stderr, (arguments, done)
    done = run_config(folder, "", "--check", "--uri", "tcp://0.0.0.0:10300", "--allow-lan")
    assert done.returncode == 0 and "FROM THE NETWORK" in done.stdout, done


def test_what_cannot_be_had_is_named(folder):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        grammar = f"grammar = {wyoming.DATA}/goforward.gram\n"
        for config, word in ((f"{grammar}[asr]\ntcp = 127.0.0.1:{port}\n", f"127.0.0.1:{port}"),
                             (f"{grammar}[asr]\nunix = /nowhere/x.sock\n", "/nowhere/x.sock"),
                             ("grammar = /nowhere.gram\n", "/nowhere.gram"),
                             (f"{grammar}wake_phrase = okay qxzzy\n", "qxzzy")):
            done = run_config(folder, config, *NO_KEEPER)
            assert done.returncode == 1 and word in done.stderr, (config, done)


IN_THE_ROOM = [value for name, value in list(globals().items())
               if name.startswith("test_") and value.__code__.co_varnames[0] == "room"]
ALONE = [value for name, value in list(globals().items())
         if name.startswith("test_") and value.__code__.co_varnames[0] == "folder"]


def main():
    tap = Tap()
    only = sys.argv[2:]
    with tempfile.TemporaryDirectory(prefix="cubby-wyoming-") as folder:
        room = Room(folder)
        for test in IN_THE_ROOM:
            if not only or test.__name__ in only:
                room.settle()
                tap.run(test.__name__, test, room)
        status, errors = room.adapter.end()
        tap.ok(status == 0 and "Sanitizer" not in errors, "it ends well", errors)
        for test in ALONE:
            if only and test.__name__ not in only:
                continue
            if test is test_rule_11_users_of_a_unix_socket and os.getuid() != 0:
                tap.skip(test.__name__, "only root can be somebody else")
            else:
                tap.run(test.__name__, test, folder)
    return tap.done()


sys.exit(main())
