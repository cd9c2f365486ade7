# SPDX-License-Identifier: Apache-2.0
"""The main job from the microphone to a sealed item and back, as a parent lives through it. Told by
script/demo, and taken apart by the forensic test. Every claim is a check of what came out of the
real programs.

    story.py --narrate    the whole story for people
    story.py STEP...      some steps, for tests; what must be known later is in story.json
"""

import json
import os
import re
import subprocess
import sys
import time
import wave

DIRECTORY = os.environ["CUBBY_SANDBOX_DIR"]
DATA = "/usr/share/pocketsphinx/test/data"
PASSPHRASE = "velvet harbour nineteen umbrellas"
STRANGERS_WORDS = "eight of spades four of clubs seven of hearts"
CHILDS_WORDS = "go forward ten meters"


def samples(path):
    """The samples of a recording, as bytes (16 bits, mono, 16 kHz)."""
    if path.endswith(".raw"):
        with open(path, "rb") as file:
            return file.read()
    with wave.open(path) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 16000)
        return file.readframes(file.getnframes())


STRANGERS = f"{DATA}/cards/005.wav"
CHILDS = f"{DATA}/goforward.raw"
ADULTS = f"{DATA}/librivox/sense_and_sensibility_01_austen_64kb-0930.wav"


class Story:
    def __init__(self, narrate):
        self.narrate = narrate
        self.colour = narrate and sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        self.home = os.environ["HOME"]
        self.checks = self.failed = 0
        self.times = []
        self.known = {}
        if os.path.exists(self.path("story.json")):
            with open(self.path("story.json"), encoding="utf-8") as file:
                self.known = json.load(file)

    def path(self, name):
        return os.path.join(self.home, name)

    def save(self):
        with open(self.path("story.json"), "w", encoding="utf-8") as file:
            json.dump(self.known, file)

    # Telling.

    def paint(self, code, text):
        return f"\033[{code}m{text}\033[0m" if self.colour else text

    def tell(self, text):
        if self.narrate:
            print(f"   {text}", flush=True)

    def check(self, condition, claim, detail=""):
        self.checks += 1
        word = self.paint("32", "yes") if condition else self.paint("31", "NO ")
        if not condition:
            self.failed += 1
        if self.narrate or not condition:
            print(f"   {word} {claim}", flush=True)
            if not condition and detail:
                print("\n".join(f"       | {line}" for line in str(detail).splitlines()))
        return condition

    # Doing.

    def run(self, *command, role=None, show=True, quiet=False, stdin=None):
        """A command as a person would type it; the CompletedProcess."""
        line = " ".join(word if re.fullmatch(r"[\w./:=,+-]+", word) else f"'{word}'"
                        for word in command).replace(self.home, "~").replace(DATA, "…")
        who = {"stranger": "stranger$", "root": "root#"}.get(role, "$")
        if show:
            self.tell(self.paint("36", f"{who} {line}"))
        full = (["sandbox", "--as", role] if role else []) + list(command)
        done = subprocess.run(full, capture_output=True, text=True, timeout=120, check=False,
                              stdin=subprocess.DEVNULL if stdin is None else None, input=stdin)
        if show and not quiet:
            for text in (done.stdout + done.stderr).rstrip().splitlines():
                self.tell(self.paint("2", f"  {text}"))
        return done

    def cubby(self, *words, **more):
        """The parent's program, with the passphrase from a file."""
        return self.run("cubby", *words, **more)

    def must(self, done, claim, status=0):
        return self.check(done.returncode == status, claim,
                          f"exit status {done.returncode}, expected {status}\n"
                          f"{done.stdout}{done.stderr}")

    def events(self, path, name, count=1, seconds=90):
        """The first `count` events of this name in a file of JSON lines, waited for."""
        deadline = time.monotonic() + seconds
        while True:
            found = []
            if os.path.exists(path):
                with open(path, encoding="utf-8") as file:
                    for line in file:
                        if line.endswith("\n") and json.loads(line)["event"] == name:
                            found.append(json.loads(line))
            if len(found) >= count or time.monotonic() > deadline:
                return found
            time.sleep(0.02)

    def speak(self, path):
        """Plays a recording into the room."""
        options = ["--raw", "--format=s16le", "--rate=16000", "--channels=1"] \
            if path.endswith(".raw") else []
        return self.run("paplay", "--device=room", *options, path)

    def whole(self, path, text):
        """Whether root finds this text in a file."""
        found = self.run("sandbox", "--as", "root", "grep", "-rac", text, path, show=False)
        return any(line.rpartition(":")[2] not in ("", "0") for line in found.stdout.splitlines())

    # The story.

    def unknown(self):
        """An unknown voice speaks: it is understood, and nothing is kept."""
        before = len(self.events(f"{DIRECTORY}/ear.jsonl", "final", 0))
        self.speak(STRANGERS)
        heard = self.events(f"{DIRECTORY}/ear.jsonl", "final", before + 1)
        self.check(len(heard) == before + 1, "the ear tells its host what was said", heard)
        final = heard[-1] if heard else {}
        self.tell(f"ear: \"{final.get('text')}\" kept: {final.get('kept')}, {final.get('reason')}")
        self.check(final.get("text") == STRANGERS_WORDS, f"it was \"{STRANGERS_WORDS}\"", final)
        self.check(final.get("kept") is False and final.get("who") == "unknown",
                   "the speaker is unknown, so nothing is kept (R1, R28)", final)
        self.check(not self.whole(f"{DIRECTORY}/state", "of spades"),
                   "root finds no word of it in the keeper's files")

    def setup(self):
        """A parent makes the household, adds a child, and consents."""
        with open(os.open(self.path("passphrase"), os.O_WRONLY | os.O_CREAT, 0o600), "w",
                  encoding="utf-8") as file:
            file.write(PASSPHRASE + "\n")
        os.environ["CUBBY_PASSPHRASE_FILE"] = self.path("passphrase")
        self.tell("(the passphrase is in a file that CUBBY_PASSPHRASE_FILE names; a person types it)")
        self.must(self.cubby("setup", "--parent", "Robin", "--recovery-file",
                             self.path("recovery")), "the household is made")
        self.must(self.cubby("profile", "add", "mia", "--child"), "a child is added")
        refused = self.cubby("consent", "grant", "mia", "training")
        self.check(refused.returncode != 0, "training cannot be consented to for a child (R20)")
        self.must(self.cubby("consent", "grant", "mia", "audio", "transcript", "--keep", "7d"),
                  "sound and words of this child may be kept for 7 days")

    def keep(self):
        """The child speaks: heard, recognised, sealed to the parents' key."""
        out = self.path("child.jsonl")
        with open(out, "w", encoding="utf-8") as file:
            self.tell(self.paint("36", "$ cubby-listen --json --profile mia --utterances 1 &"))
            ear = subprocess.Popen(["cubby-listen", "--json", "--profile", "mia",
                                    "--utterances", "1"], stdout=file, stdin=subprocess.DEVNULL)
        try:
            self.check(self.events(out, "ready"), "a second ear listens, for this child")
            self.check(any(e.get("keeping") for e in self.events(out, "keeping")),
                       "and says that what it hears now is kept (R31)")
            self.speak(CHILDS)
            final = (self.events(out, "final") or [{}])[0]
            status = ear.wait(timeout=40)
        finally:
            ear.kill()
        self.tell(f"ear: \"{final.get('text')}\" kept: {final.get('kept')} as {final.get('id')}")
        self.check(status == 0 and final.get("kept") is True, "it is kept, and acknowledged", final)
        self.check(final.get("text") == CHILDS_WORDS, f"it was \"{CHILDS_WORDS}\"", final)
        self.known["id"] = final.get("id", "")

    def read(self):
        """The parent lists it, reads it, and plays it: sample for sample what was heard."""
        item = self.known["id"]
        self.cubby("list")
        listing = json.loads(self.cubby("list", "--json", show=False).stdout or "[]")
        self.check([row.get("id") for row in listing] == [item] and
                   listing[0].get("transcript") is None and listing[0].get("profile") == "mia",
                   "the list shows it without a passphrase, and without its words", listing)
        self.cubby("list", "--transcripts")
        listing = json.loads(self.cubby("list", "--transcripts", "--json", show=False).stdout
                             or "[]")
        self.check(listing and listing[0].get("transcript") == CHILDS_WORDS,
                   "with the passphrase the parent reads the words", listing)
        self.must(self.cubby("play", item, "-o", self.path("played.wav")), "and hears the sound")
        played, spoken = samples(self.path("played.wav")), samples(CHILDS)
        silence = bytes(2 * 16000 * 5)
        self.check(len(played) > len(spoken) // 2 and played in silence + spoken + silence,
                   f"which is sample for sample what was spoken ({len(played) // 2} samples)")

    def denied(self):
        """A stranger on the bus is denied, and so is root."""
        for role in ("stranger", "root"):
            self.must(self.cubby("list", role=role), f"{role} may not list", 4)
            done = self.run("dbus-send", "--system", "--print-reply", "--dest=org.cubby.Cubby1",
                            "/org/cubby/Cubby1", "org.cubby.Cubby1.Archive.List",
                            "dict:string:string:", "dict:string:string:", role=role, show=False)
            self.check(done.returncode != 0 and "denied" in (done.stdout + done.stderr).lower(),
                       f"nor by another program (R13)", done.stdout + done.stderr)
        self.check(not self.whole(f"{DIRECTORY}/state", "forward ten"),
                   "root finds no word of it in the keeper's files (R7, R12)")

    def export(self):
        """An adult's approved recording is in the training export; nothing of the child's is."""
        self.must(self.cubby("profile", "add", "ada", "--adult"), "an adult is added")
        self.must(self.cubby("import", ADULTS, "--profile", "ada", "--transcript",
                             "he might even have been made amiable himself"),
                  "and brings a recording of her own")
        rows = json.loads(self.cubby("list", "ada", "--json", show=False).stdout or "[]")
        self.check(len(rows) == 1, "which is listed", rows)
        adults = rows[0]["id"] if rows else "none"
        purpose = ("--purpose", "a wake word", "--recipient", "the household")
        refused = self.cubby("export", "approve", self.known["id"], *purpose)
        self.must(refused, "the child's item cannot be approved (R17)", 4)
        self.must(self.cubby("export", "approve", adults, *purpose), "the adult's can")
        target = self.path("dataset")
        self.must(self.cubby("export", "create", target, "--format", "hf", "--purpose",
                             "a wake word", "--recipient", "the household"),
                  "the export is written")
        found = []
        for top, _, files in os.walk(target):
            found += [os.path.join(top, file) for file in files]
        metadata = [json.loads(line) for file in found if file.endswith("metadata.jsonl")
                    for line in open(file, encoding="utf-8")]
        sounds = [file for file in found if file.endswith((".flac", ".wav"))]
        self.tell("in it: " + ", ".join(sorted(os.path.relpath(file, target) for file in found)))
        self.check(len(metadata) == len(sounds) == 1 and
                   metadata[0].get("transcription") ==
                   "he might even have been made amiable himself",
                   "it holds the adult's recording", metadata)
        self.check(not any(self.known["id"] in line or "forward" in line
                           for line in map(json.dumps, metadata)), "and nothing of the child's")
        self.known["adult"] = adults

    def delete(self):
        """The parent deletes it, gets a receipt, and the list is empty."""
        receipt = self.path("receipt.json")
        self.must(self.cubby("delete", self.known["id"], self.known["adult"], "--yes", "--receipt",
                             receipt), "deleted, verified, and receipted at the level this disk allows (R8)")
        self.must(self.cubby("receipt", "verify", receipt), "the receipt is genuine (R9)")
        text = open(receipt, encoding="utf-8").read() if os.path.exists(receipt) else ""
        self.check(text and self.known["id"] not in text, "and says nothing of what was deleted")
        forged = re.sub(r'("items"\s*:\s*)\d+', r"\g<1>7", text)
        with open(self.path("forged.json"), "w", encoding="utf-8") as file:
            file.write(forged)
        done = self.cubby("receipt", "verify", self.path("forged.json"), show=False)
        self.check(forged != text and done.returncode != 0, "a changed one is not")
        done = self.cubby("list", "--json")
        self.check(done.returncode == 0 and json.loads(done.stdout or "null") == [],
                   "the list is empty", done.stdout + done.stderr)
        done = self.cubby("play", self.known["id"], "-o", self.path("again.wav"))
        self.must(done, "there is nothing left to play", 10)

    def log(self):
        """And the log tells who did what."""
        self.must(self.cubby("log"), "the parent reads the access log (R14)")
        self.must(self.cubby("log", "--verify"), "whose chain holds")

    STEPS = ("unknown", "setup", "keep", "read", "denied", "export", "delete", "log")

    def tell_all(self, steps):
        if os.path.exists(self.path("passphrase")):
            os.environ["CUBBY_PASSPHRASE_FILE"] = self.path("passphrase")
        for number, name in enumerate(steps, 1):
            function = getattr(self, name)
            if self.narrate:
                print(self.paint("1", f"== {number}. {function.__doc__}"), flush=True)
            begun = time.monotonic()
            try:
                function()
            except Exception as error:   # a broken step is a failed check, and the story goes on
                self.check(False, f"step {name} ended early", repr(error))
            self.times.append((name, time.monotonic() - begun))
            self.save()

    def verdict(self):
        times = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in self.times)
        self.tell(self.paint("2", f"time: {times}"))
        good = self.checks - self.failed
        if self.failed:
            print(self.paint("1;31", f"== FAILED: {self.failed} of {self.checks} checks"))
        else:
            print(self.paint("1;32", f"== All {good} checks passed: heard, kept under consent, "
                             "opened by the parent alone, gone when the parent said so"))
        return 1 if self.failed else 0


def main():
    narrate = "--narrate" in sys.argv
    story = Story(narrate)
    story.tell_all([name for name in sys.argv[1:] if name != "--narrate"] or Story.STEPS)
    return story.verdict() if narrate else int(story.failed > 0)


if __name__ == "__main__":
    sys.exit(main())
