# SPDX-License-Identifier: Apache-2.0
"""A small Wyoming client of our own, and the adapter as a process. Written from the description of
the protocol, so that it can also say what a well-behaved client never would."""

import json
import os
import socket
import subprocess
import time

DATA = "/usr/share/pocketsphinx/test/data"
RATE = 16000


class Client:
    """One connection. address: ("127.0.0.1", port) or the path of a socket."""

    def __init__(self, address, timeout=20):
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        self.socket.connect(address)
        self.buffer = b""
        self.lines = []     # as they came

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def raw(self, content):
        self.socket.sendall(content)

    def send(self, kind, data=None, payload=b"", inline=True, **more):
        self.raw(frame(kind, data, payload, inline, **more))

    def line(self):
        """The next line; None at the end."""
        while b"\n" not in self.buffer:
            try:
                more = self.socket.recv(65536)
            except ConnectionResetError:
                more = b""
            if not more:
                return None
            self.buffer += more
        line, _, self.buffer = self.buffer.partition(b"\n")
        self.lines.append(line)
        return line

    def event(self):
        """The next event as (type, data); None at the end."""
        line = self.line()
        if line is None:
            return None
        header = json.loads(line)
        assert "data_length" not in header and "payload_length" not in header, header
        return header["type"], header.get("data", {})

    def expect(self, kind):
        """The data of the next event, which must be of this type."""
        event = self.event()
        assert event and event[0] == kind, (kind, event)
        return event[1]

    def closed(self):
        """Whether nothing more comes."""
        return self.event() is None

    # What a client says.

    def start(self, rate=RATE, width=2, channels=1, **more):
        self.send("audio-start", {"rate": rate, "width": width, "channels": channels, **more})

    def audio(self, samples, rate=RATE, width=2, channels=1, piece=2048, stamp=None):
        """Chunks; stamp(i) is the timestamp of the i-th. Returns how many."""
        piece -= piece % (width * channels)
        count = 0
        for at in range(0, len(samples), piece):
            data = {"rate": rate, "width": width, "channels": channels}
            if stamp:
                data["timestamp"] = stamp(count)
            self.send("audio-chunk", data, samples[at:at + piece])
            count += 1
        return count

    def transcribe(self, samples, request=True, **format_):
        """A whole utterance, as Home Assistant has it; the text."""
        if request:
            self.send("transcribe", {"language": "en"})
        self.start(**format_)
        self.audio(samples, **format_)
        self.send("audio-stop")
        return self.expect("transcript")["text"]


def frame(kind, data=None, payload=b"", inline=True, **more):
    header = {"type": kind, **more}
    body = b""
    if data is not None and inline:
        header["data"] = data
    elif data is not None:
        body = json.dumps(data).encode()
        header["data_length"] = len(body)
    if payload:
        header["payload_length"] = len(payload)
    return json.dumps(header).encode() + b"\n" + body + payload


def samples(name):
    """A recording of pocketsphinx-testdata: 16 bits, mono, 16 kHz."""
    with open(f"{DATA}/{name}", "rb") as file:
        content = file.read()
    return content[44:] if name.endswith(".wav") else content


def silence(seconds):
    return bytes(int(seconds * RATE) * 2)


def free_ports(count):
    """Ports of loopback that nobody has right now."""
    held = [socket.socket() for _ in range(count)]
    for one in held:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


class Adapter:
    """cubby-wyoming with this configuration, once it serves."""

    def __init__(self, program, folder, config, *arguments):
        Adapter.count = getattr(Adapter, "count", 0) + 1
        path = os.path.join(folder, f"wyoming-{Adapter.count}.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(config)
        self.errors_path = path.replace(".conf", ".err")
        with open(self.errors_path, "w", encoding="utf-8") as errors:
            self.process = subprocess.Popen([*program, "--config", path, *arguments],
                                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                            stderr=errors, text=True)
        # The addresses are printed when it listens; there is no other output.
        self.printed = []
        for _ in range(config.count("\n[") + config.startswith("[")):
            self.printed.append(self.process.stdout.readline())
        assert all(self.printed), self.errors()

    def errors(self):
        with open(self.errors_path, encoding="utf-8") as file:
            return file.read()

    def status(self, name):
        """A line of /proc/PID/status."""
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as file:
            return next(line.split(":")[1].strip() for line in file if line.startswith(name + ":"))

    def alive(self):
        return self.process.poll() is None

    def end(self):
        """Its exit status, and what it said on stderr."""
        if self.alive():
            self.process.terminate()
        self.process.stdout.close()
        status = self.process.wait(60)
        return status, self.errors()


def wait_for(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False
