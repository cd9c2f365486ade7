# SPDX-License-Identifier: Apache-2.0
"""A child speaks now and then in a room that is mostly silent, all day, as root in a sandbox sees it.
The sound comes out of a pipe that PulseAudio takes for a microphone, so that an hour takes half a
minute. In between the sound server, the microphone, the bus and the keeper go and come back.

With CUBBY_TEST_SLOW=1 it is 24 hours, which take about a quarter of an hour; otherwise four minutes
of sound, in about 15 s."""

import glob
import json
import os
import random
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "support"), os.path.join(HERE, "..", "forensic")]
import eyes                         # noqa: E402
import story                        # noqa: E402
from tap import Tap                 # noqa: E402

WORLD = os.environ["CUBBY_SANDBOX_DIR"]
HOME = f"{WORLD}/home/parent"
SLOW = os.environ.get("CUBBY_TEST_SLOW") == "1"
ROUNDS, ROUND_S, SAID_A_ROUND = (24, 3600, 6) if SLOW else (4, 60, 1)
SILENCE_SPEED, SPEECH_SPEED = 150, 8
SECOND = 32000                      # bytes
PATIENCE_S = 60
GROWTH_KIB = 1024                   # of the ear, from the first round to the last
CHILD = story.samples(story.CHILDS)
WORDS = story.CHILDS_WORDS


def run(*command, role="parent"):
    done = subprocess.run(["sandbox", "--as", role, *command], capture_output=True, text=True,
                          timeout=120, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


def world(verb, name):
    subprocess.run(["sandbox", f"--{verb}", name], check=True, timeout=120)


def until(true, what):
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end, f"{what}: not within {PATIENCE_S} s"
        time.sleep(0.02)


class Microphone:
    """What is written into it the ear hears, as fast as it is written."""

    def __init__(self):
        self.path, self.pipe, self.written_s = f"{WORLD}/tmp/tape", None, 0.0
        noise = random.Random(1)
        self.silence = b"".join(noise.randint(-20, 20).to_bytes(2, "little", signed=True)
                                for _ in range(SECOND * 5))

    def plug(self):
        run("pactl", "load-module", "module-pipe-source", "source_name=tape", f"file={self.path}",
            "format=s16le", "rate=16000", "channels=1")
        os.chmod(f"{WORLD}/pulse", 0o755)       # the server closes it to others, as at its start
        self.pipe = os.open(self.path, os.O_WRONLY)

    def unplug(self):
        os.close(self.pipe)
        run("pactl", "unload-module", "module-pipe-source")

    def play(self, samples, speed):
        """Written a tenth of a second at a time, so many times as fast as it would be spoken."""
        begun, at, step = time.monotonic(), 0, SECOND // 10
        while at < len(samples):
            at += os.write(self.pipe, samples[at:at + step])
            time.sleep(max(0.0, begun + at / SECOND / speed - time.monotonic()))
        self.written_s += len(samples) / SECOND

    def wait(self, seconds):
        for _ in range(int(seconds / 10)):
            self.play(self.silence, SILENCE_SPEED)


class Ear:
    def __init__(self):
        self.events = []
        self.process = subprocess.Popen(
            ["sandbox", "--as", "ear", "cubby-listen", "--json", "--profile", "mia", "--source",
             "tape", "--grammar", f"{story.DATA}/goforward.gram"],
            stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        threading.Thread(target=self.listen, daemon=True).start()
        until(lambda: self.of("ready"), "the ear is ready")
        self.pid, = (path.split("/")[2] for path in glob.glob("/proc/[0-9]*/comm")
                     if open(path, encoding="ascii").read() == "cubby-listen\n")

    def listen(self):
        for line in self.process.stdout:
            self.events.append(json.loads(line))

    def of(self, name):
        return [event for event in self.events if event["event"] == name]

    def end(self):
        self.process.terminate()
        return self.process.wait(PATIENCE_S)

    def memory_kib(self):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))

    def held(self):
        """Descriptors and threads."""
        return (len(os.listdir(f"/proc/{self.pid}/fd")), len(os.listdir(f"/proc/{self.pid}/task")))


class Day:
    def __init__(self, tap):
        self.tap, self.microphone = tap, Microphone()
        self.said = self.kept = 0
        self.lost = []
        self.memory, self.held = [], []

    def begin(self):
        path = f"{HOME}/passphrase"
        with open(path, "w", encoding="utf-8") as file:
            file.write("velvet harbour nineteen umbrellas\n")
        os.chmod(path, 0o600)
        os.chown(path, os.stat(HOME).st_uid, -1)
        os.environ["CUBBY_PASSPHRASE_FILE"] = path
        run("cubby", "setup", "--parent", "Robin", "--recovery-file", f"{HOME}/recovery")
        run("cubby", "profile", "add", "mia", "--child")
        run("cubby", "consent", "grant", "mia", "audio", "transcript", "--keep", "7d")
        self.microphone.plug()
        self.ear = Ear()

    def say(self, when):
        before = len(self.ear.of("final"))
        self.microphone.play(CHILD + self.microphone.silence[:2 * SECOND], SPEECH_SPEED)
        self.said += 1
        try:
            until(lambda: len(self.ear.of("final")) > before, f"what is said {when} is heard")
            final = self.ear.of("final")[before]
            assert final["text"] == WORDS and final["kept"], final
            self.kept += 1
        except AssertionError as problem:
            self.lost.append(f"{when}: {problem}")

    def back(self, before):
        until(lambda: len(self.ear.of("source-back")) > before, "the microphone is back")

    def sound(self):
        before = len(self.ear.of("source-back"))
        os.close(self.microphone.pipe)
        world("stop", "sound")
        world("start", "sound")
        self.microphone.plug()
        self.back(before)

    def unplugged(self):
        before, lost = len(self.ear.of("source-back")), len(self.ear.of("source-lost"))
        self.microphone.unplug()
        until(lambda: len(self.ear.of("source-lost")) > lost, "the microphone is lost")
        self.microphone.plug()
        self.back(before)

    def bus(self):
        world("stop", "bus")
        world("start", "bus")
        world("start", "keeper")

    def keeper(self):
        world("stop", "keeper")
        world("start", "keeper")

    def hours(self):
        faults = (self.sound, self.unplugged, self.bus, self.keeper)
        for number in range(ROUNDS):
            fault = faults[number % len(faults)]
            fault()
            self.say(f"after {fault.__name__} in round {number + 1}")
            for _ in range(SAID_A_ROUND):
                self.microphone.wait(ROUND_S / SAID_A_ROUND)
                self.say(f"in round {number + 1}")
            self.memory.append(self.ear.memory_kib())
            self.held.append(self.ear.held())

    def plaintext(self):
        """Words and sound, in all files that this world has written."""
        found = b"".join(eyes.folder(f"{WORLD}/{name}") for name in
                         ("state", "home", "log", "tmp", "run", "pulse")) + eyes.folder("/dev/shm")
        pieces = [CHILD[at:at + 32] for at in range(20000, len(CHILD) - 20000, 2000)]
        return [piece for piece in [WORDS.encode(), WORDS.encode("utf-16-le"), *pieces]
                if piece in found]


def main():
    tap = Tap()
    day = Day(tap)
    tap.run("a household, and a child's ear at the microphone", day.begin)
    begun = time.monotonic()
    tap.run("the day", day.hours)
    hours = day.microphone.written_s / 3600
    tap.ok(day.said and not day.lost, f"all {day.said} utterances were heard and kept, {ROUNDS} of them "
           "right after the sound server, the microphone, the bus or the keeper came back",
           "\n".join(day.lost))
    rows = json.loads(run("cubby", "list", "--json"))
    tap.ok(len(rows) == day.kept, "and each is there once", f"{len(rows)} of {day.kept}")
    grown = day.memory[-1] - day.memory[min(1, len(day.memory) - 1)]
    if eyes.sanitized(day.ear.pid):
        tap.skip("no leak", "the sanitizer keeps freed memory for a while, and looks for leaks itself")
    else:
        tap.ok(grown <= GROWTH_KIB, "no leak: the ear holds no more memory at the end", day.memory)
    tap.ok(len(set(day.held)) == 1, "and as many descriptors and threads", day.held)
    tap.ok(day.ear.end() == 0, "it ends well")
    tap.ok(not day.plaintext(), "R7 no word and no sound is in any file")
    with open(f"{WORLD}/tmp/planted", "wb") as file:
        file.write(WORDS.encode() + CHILD)
    tap.ok(len(day.plaintext()) > 10, "control: they are found where they are")
    print(f"# {hours:.1f} h of sound in {time.monotonic() - begun:.0f} s; the ear holds "
          f"{day.memory[0]} KiB after the first round, {day.memory[-1]} KiB after the last; "
          f"{day.said} utterances")
    return tap.done()


sys.exit(main())
