# SPDX-License-Identifier: Apache-2.0
"""Acceptance: the reference package `wyoming` (what Home Assistant and the satellites use) and
rhasspy3 as clients of the adapter. Only their own code speaks here.

    wyoming_reference.py CUBBY-WYOMING WYOMING-CHECKOUT RHASSPY3-CHECKOUT"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
import wave

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import wyoming as ours              # noqa: E402
from tap import Tap                 # noqa: E402
PROGRAM, WYOMING, RHASSPY3 = (sys.argv[1:] + ["", "", ""])[:3]
WORDS = "go forward ten meters"


def write_wav(path, samples, rate=16000, width=2, channels=1):
    with wave.open(path, "wb") as file:
        file.setframerate(rate)
        file.setsampwidth(width)
        file.setnchannels(channels)
        file.writeframes(samples)


class Reference:
    """What one connection of Home Assistant's does, by the package it uses."""

    def __init__(self, checkout):
        del sys.modules["wyoming"]      # ours has the same name
        sys.path.insert(0, checkout)
        # pylint: disable=import-outside-toplevel
        from wyoming import asr, audio, client, info, ping, wake
        self.asr, self.audio, self.client = asr, audio, client
        self.info, self.ping, self.wake = info, ping, wake

    async def describe(self, uri):
        async with self.client.AsyncClient.from_uri(uri) as client:
            await client.write_event(self.info.Describe().event())
            event = await asyncio.wait_for(client.read_event(), 1)
            return self.info.Info.from_event(event)

    async def transcribe(self, uri, path):
        async with self.client.AsyncClient.from_uri(uri) as client:
            await client.write_event(self.asr.Transcribe(language="en").event())
            with wave.open(path) as file:
                for event in self.audio.wav_to_chunks(file, 1024, start_event=True,
                                                      stop_event=True):
                    await client.write_event(event.event())
            event = await asyncio.wait_for(client.read_event(), 20)
            return self.asr.Transcript.from_event(event)

    async def detect(self, uri, path, names):
        async with self.client.AsyncClient.from_uri(uri) as client:
            await client.write_event(self.wake.Detect(names=names).event())
            begun = time.monotonic_ns()
            with wave.open(path) as file:
                for event in self.audio.wav_to_chunks(file, 1024, timestamp=begun,
                                                      start_event=True, stop_event=True):
                    await client.write_event(event.event())
            event = await asyncio.wait_for(client.read_event(), 20)
            if self.wake.NotDetected.is_type(event.type):
                return None
            found = self.wake.Detection.from_event(event)
            assert begun <= found.timestamp < begun + 10000, (begun, found)
            return found.name

    async def pong(self, uri):
        async with self.client.AsyncClient.from_uri(uri) as client:
            await client.write_event(self.ping.Ping(text="ä").event())
            return self.ping.Pong.from_event(await asyncio.wait_for(client.read_event(), 1)).text


def with_reference(tap, folder, uris):
    reference = Reference(WYOMING)
    speech, cards = os.path.join(folder, "speech.wav"), os.path.join(folder, "cards.wav")
    stereo = os.path.join(folder, "stereo.wav")
    samples = ours.samples("goforward.raw")
    write_wav(speech, samples + bytes(32000))
    write_wav(cards, ours.samples("cards/005.wav") + bytes(32000))
    write_wav(stereo, b"".join(samples[i:i + 2] * 2 for i in range(0, len(samples), 2)), channels=2)
    for uri in uris["asr"]:
        info = asyncio.run(reference.describe(uri))
        tap.ok(info.asr and info.asr[0].models[0].languages == ["en"] and not info.wake
               and info.satellite is None, f"rule 6 {uri.split(':')[0]}: describe", info)
        tap.ok(asyncio.run(reference.pong(uri)) == "ä", "rule 9: ping")
        for path in (speech, stereo):
            text = asyncio.run(reference.transcribe(uri, path)).text
            tap.ok(text == WORDS, f"rule 8 {os.path.basename(path)}: transcript", text)
    info = asyncio.run(reference.describe(uris["wake"]))
    model = info.wake[0].models[0]
    tap.ok(model.phrase == "go forward", "rule 6: a wake model with its phrase", info)
    for names in ([model.name], None):
        found = asyncio.run(reference.detect(uris["wake"], speech, names))
        tap.ok(found == model.name, "rule 7: detection has the name asked for", found)
    tap.ok(asyncio.run(reference.detect(uris["wake"], cards, [model.name])) is None,
           "rule 7: not-detected after audio-stop")


def with_rhasspy3(tap, folder, paths):
    """rhasspy3's own programs: a client over a unix socket, driven by its pipeline tools."""
    config = os.path.join(folder, "config")
    os.mkdir(config)
    program = os.path.join(RHASSPY3, "bin", "client_unix_socket.py")
    with open(os.path.join(config, "configuration.yaml"), "w", encoding="utf-8") as file:
        file.write("programs:\n")
        for domain in ("asr", "wake"):
            file.write(f"  {domain}:\n    cubby:\n      command: |\n"
                       f"        {sys.executable} {program} {paths[domain]}\n")
        file.write("  mic:\n    room:\n      command: |\n"
                   f"        {sys.executable} {folder}/room.py {folder}/speech.raw\n"
                   "      adapter: |\n"
                   f"        {sys.executable} {RHASSPY3}/bin/mic_adapter_raw.py --rate 16000 "
                   "--width 2 --channels 1\n"
                   # Its reader of configuration loses a text that ends the file.
                   "      installed: true\n")
    # A microphone goes on: its client gives up when it ends.
    with open(f"{folder}/room.py", "w", encoding="utf-8") as file:
        file.write("import sys, time\ncontent = open(sys.argv[1], 'rb').read() + bytes(640000)\n"
                   "for at in range(0, len(content), 3200):\n"
                   "    sys.stdout.buffer.write(content[at:at + 3200])\n"
                   "    sys.stdout.buffer.flush()\n    time.sleep(0.03)\n")
    with open(f"{folder}/speech.raw", "wb") as file:
        file.write(ours.samples("goforward.raw") + bytes(64000))
    write_wav(f"{folder}/rhasspy3.wav", ours.samples("goforward.raw"))
    env = {**os.environ, "PYTHONPATH": RHASSPY3}

    def run(tool, *arguments):
        return subprocess.run([sys.executable, "-B", f"{RHASSPY3}/bin/{tool}", "-c", config,
                               *arguments], capture_output=True, text=True, timeout=60,
                              check=False, env=env, stdin=subprocess.DEVNULL)

    done = run("asr_transcribe_wav.py", "--asr-program", "cubby", f"{folder}/rhasspy3.wav")
    tap.ok(done.returncode == 0 and json.loads(done.stdout)["data"]["text"] == WORDS,
           "rule 8: rhasspy3's asr_transcribe_wav, without a request", done)
    done = run("wake_detect.py", "--wake-program", "cubby", "--mic-program", "room")
    found = json.loads(done.stdout)["data"] if done.stdout else {}
    tap.ok(found.get("name") == "go_forward" and isinstance(found.get("timestamp"), int),
           "rules 3, 8: rhasspy3's wake_detect, with timestamps in nanoseconds", done)


def main():
    tap = Tap()
    if not WYOMING:
        tap.skip("the reference package wyoming", "name a checkout of it (CUBBY_WYOMING)")
    if not RHASSPY3:
        tap.skip("rhasspy3", "name a checkout of it (CUBBY_RHASSPY3)")
    if WYOMING or RHASSPY3:
        with tempfile.TemporaryDirectory(prefix="cubby-wyoming-") as folder:
            asr, wake = ours.free_ports(2)
            paths = {name: os.path.join(folder, f"{name}.sock") for name in ("asr", "wake")}
            adapter = ours.Adapter([PROGRAM], folder, f"""\
grammar = {ours.DATA}/goforward.gram
wake_phrase = go forward
[asr]
tcp = 127.0.0.1:{asr}
unix = {paths['asr']}
[wake]
tcp = 127.0.0.1:{wake}
unix = {paths['wake']}
""", "--bus", "unix:path=/nowhere/bus")
            uris = {"asr": [f"tcp://127.0.0.1:{asr}", f"unix://{paths['asr']}"],
                    "wake": f"tcp://127.0.0.1:{wake}"}
            if RHASSPY3:
                tap.run("(rhasspy3)", with_rhasspy3, tap, folder, paths)
            if WYOMING:
                tap.run("(wyoming)", with_reference, tap, folder, uris)
            tap.ok(adapter.end()[0] == 0, "the adapter ends well")
    return tap.done()


sys.exit(main())
