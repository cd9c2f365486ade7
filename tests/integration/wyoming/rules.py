# SPDX-License-Identifier: Apache-2.0
"""The rules of docs/WYOMING.md, by their numbers."""

import json
import os
import time

from room import FORWARD, PHRASE, INT64_MAX, close_to
import wyoming
from wyoming import Client, frame, silence


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
