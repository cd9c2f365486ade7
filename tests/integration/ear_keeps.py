# SPDX-License-Identifier: Apache-2.0
"""An ear that listens on while the world around it changes, as a parent in a sandbox."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import wave

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import story                        # noqa: E402
from signs import violations        # noqa: E402
from tap import Tap                 # noqa: E402

HOME = os.environ["HOME"]
SHARED = os.path.join(os.environ["CUBBY_SANDBOX_DIR"], "tmp")     # the ear reads no home
PASSPHRASE = "velvet harbour nineteen umbrellas"
WORDS = story.CHILDS_WORDS
# All that is said here but for what is to be forgotten: a model of the language would take most of
# the time.
GRAMMAR = os.path.join(HERE, "..", "support", "said.gram")


def run(*command, timeout=60):
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False,
                          stdin=subprocess.DEVNULL)


def cubby(*arguments):
    # The code opens the same door as the passphrase, without a second of Argon2.
    code = ("--recovery-file", os.path.join(HOME, "recovery"))
    done = run("cubby", *arguments, *(code if arguments[:2] == ("consent", "grant") else ()))
    if done.returncode:
        raise AssertionError(f"cubby {' '.join(arguments)}: {done.stdout}{done.stderr}")
    return done.stdout


def listing(*more):
    return json.loads(cubby("list", "--json", *more))


def hear(*arguments, file=story.ADULTS):
    """A recording through cubby-listen; its exit status and its finals."""
    done = run("cubby-listen", "--json", "--grammar", GRAMMAR, "--file", file, *arguments)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    return done.returncode, [event for event in events if event["event"] == "final"], events


class Ear:
    """cubby-listen at the microphone, from the first thing said to the last."""

    count = 0

    def __init__(self, *arguments, words=("--grammar", GRAMMAR)):
        Ear.count += 1
        self.path = os.path.join(HOME, f"ear-{Ear.count}.jsonl")
        self.teller = story.Story(False)
        with open(self.path, "w", encoding="utf-8") as file:
            self.process = subprocess.Popen(["cubby-listen", "--json", *words, *arguments],
                                            stdout=file, stdin=subprocess.DEVNULL)
        assert self.teller.events(self.path, "ready"), "no ready"

    def say(self):
        """Speaks as the child; the final, and the last word on keeping."""
        before = len(self.teller.events(self.path, "final", 0))
        self.teller.speak(story.CHILDS)
        finals = self.teller.events(self.path, "final", before + 1)
        assert len(finals) == before + 1, finals
        keeping = self.teller.events(self.path, "keeping")
        return finals[-1], keeping[-1]["keeping"]

    def end(self):
        self.process.terminate()
        return self.process.wait(20)


def household():
    path = os.path.join(HOME, "passphrase")
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
        file.write(PASSPHRASE + "\n")
    os.environ["CUBBY_PASSPHRASE_FILE"] = path
    cubby("setup", "--parent", "Robin", "--recovery-file", os.path.join(HOME, "recovery"))
    cubby("profile", "add", "mia", "--child")
    cubby("profile", "add", "ada", "--adult")
    return True


def before_consent(tap):
    status, finals, events = hear("--profile", "mia")
    tap.ok(status == 0 and len(finals) == 1 and finals[0]["who"] == "child"
           and not finals[0]["kept"] and "consent" in finals[0]["reason"],
           "R1 a child without consent is heard and forgotten", finals)
    tap.ok(events[-1]["event"] == "forgotten", "R1 and the host is told", events)
    status, finals, _ = hear("--profile", "nobody")
    tap.ok(status == 0 and finals[0]["who"] == "unknown" and "nobody" in finals[0]["reason"],
           "R28 a profile that is not there is unknown", finals)
    cubby("consent", "grant", "ada", "audio", "transcript")
    status, finals, _ = hear("--profile", "ada")
    tap.ok(status == 0 and finals[0]["who"] == "unknown" and finals[0]["profile"] is None
           and not finals[0]["kept"], "R28 an adult who is only named is unknown", finals)
    tap.ok(listing() == [], "R1 nothing of all this was kept", listing())


def kinds(tap):
    for kind in ("audio", "transcript"):
        cubby("consent", "grant", "mia", kind)
        status, finals, _ = hear("--profile", "mia", "--utterances", "1")
        rows = listing()
        tap.ok(status == 0 and finals[0]["kept"] and len(rows) == 1 and rows[0]["kinds"] == [kind]
               and rows[0]["id"] == finals[0]["id"], f"R20 consent for {kind} keeps {kind} alone",
               (finals, rows))
        if kind == "transcript":
            rows = listing("--transcripts")
            tap.ok(rows[0]["transcript"] == finals[0]["text"]
                   and abs(rows[0]["duration_s"] - finals[0]["duration_s"]) < 0.1,
                   "the parent reads what the host heard", rows)
        cubby("consent", "withdraw", "mia")
        tap.ok(listing() == [], f"and withdrawing erases the {kind}", listing())


def no_place(tap):
    """R6: the ear knows no place, whatever a parent allows; the policy says so."""
    cubby("consent", "grant", "mia", "location")
    _, finals, _ = hear("--profile", "mia", "--utterances", "1")
    tap.ok(not finals[0]["kept"] and listing() == [],
           "R6 a consent for a place alone keeps nothing", finals)
    cubby("consent", "grant", "mia", "audio")
    _, finals, _ = hear("--profile", "mia", "--utterances", "1")
    rows = listing()
    tap.ok(finals[0]["kept"] and len(rows) == 1 and rows[0]["kinds"] == ["audio"],
           "R6 and beside one for sound no place is kept", rows)
    tap.ok("knows no place and keeps none" in cubby("policy"), "R6 the policy says so")
    told = json.loads(cubby("consent", "show", "--json"))
    tap.ok({row["method"] for row in told} == {"local-parent-key"}, "R22 the method is shown", told)
    cubby("consent", "withdraw", "mia")


def one_kind_goes(tap):
    """R20: what was kept of one utterance, and the consent for one of its kinds withdrawn."""
    for gone, left in (("audio", "transcript"), ("transcript", "audio")):
        cubby("consent", "grant", "mia", "audio", "transcript")
        _, finals, _ = hear("--profile", "mia", "--utterances", "1")
        rows = listing()
        tap.ok(finals[0]["kept"] and len(rows) == 1 and sorted(rows[0]["kinds"]) ==
               ["audio", "transcript"], f"R20 sound and words are kept ({gone})", rows)
        cubby("consent", "withdraw", "mia", gone)
        rows = listing("--transcripts")
        tap.ok(len(rows) == 1 and rows[0]["kinds"] == [left],
               f"R20 withdrawing the {gone} leaves the {left}", rows)
        if left == "transcript":
            tap.ok(rows[0]["transcript"] == finals[0]["text"], "R20 and it can be read", rows)
        _, finals, _ = hear("--profile", "mia", "--utterances", "1")
        rows = listing()
        tap.ok(finals[0]["kept"] and {kind for row in rows for kind in row["kinds"]} == {left},
               f"R20 and what comes is kept without {gone}", rows)
        cubby("consent", "withdraw", "mia")
        tap.ok(listing() == [], "and without any, nothing", listing())


def light(ear, count):
    """The `count`th word on keeping, waited for."""
    told = ear.teller.events(ear.path, "keeping", count)
    assert len(told) >= count, told
    return told[count - 1]["keeping"]


def order(ear, *names):
    with open(ear.path, encoding="utf-8") as file:
        return [event["event"] for event in map(json.loads, file) if event["event"] in names]


def at_once(tap):
    """R11, R31: while nobody speaks, and in the middle of a word."""
    ear = Ear("--profile", "mia")
    tap.ok(not light(ear, 1), "R31 no consent: the light is off")
    cubby("consent", "grant", "mia", "audio", "transcript")
    tap.ok(light(ear, 2), "R31 a consent lights it, though nobody speaks")
    final, _ = ear.say()
    cubby("play", "--output", os.path.join(HOME, "played.wav"), final["id"])
    tap.ok(len(ear.teller.events(ear.path, "played", 1)) == 1,
           "R31 the ear is told that a parent opened the sound")
    cubby("show", final["id"])
    cubby("consent", "withdraw", "mia")
    tap.ok(not light(ear, 3), "R31 withdrawing puts it out, though nobody speaks")
    tap.ok(len(ear.teller.events(ear.path, "played", 0)) == 1, "R31 opening the words plays nothing")
    cubby("consent", "grant", "mia", "audio", "transcript")
    tap.ok(light(ear, 4), "lit again")
    before = len(ear.teller.events(ear.path, "speech-start", 0))
    speaking = threading.Thread(target=ear.teller.speak, args=(story.CHILDS,))
    speaking.start()
    assert len(ear.teller.events(ear.path, "speech-start", before + 1)) == before + 1
    cubby("consent", "withdraw", "mia")
    # Two changes at once would be one to the ear, which asks how things stand now.
    light(ear, 5)
    cubby("consent", "grant", "mia", "audio", "transcript")
    speaking.join()
    final = ear.teller.events(ear.path, "final", 2)[-1]
    tap.ok(not final["kept"] and listing() == [],
           "R21 withdrawn in the middle of a word, and given again: that word is not kept", final)
    told = order(ear, "speech-start", "keeping", "final")
    at = len(told) - 1 - told[::-1].index("speech-start")
    tap.ok("keeping" in told[at:][:2], "R31 and the light went out before its end", told[at:])
    tap.ok(ear.end() == 0, "an ear that kept all it should ends well")


def another_household(tap):
    """R12: an ear that runs on through a reset does not take the next household for the first."""
    cubby("consent", "grant", "mia", "audio", "transcript")
    ear = Ear("--profile", "mia")
    final, keeping = ear.say()
    tap.ok(final["kept"] and keeping, "kept", final)
    cubby("reset", "--parent", "Robin", "--yes")
    os.unlink(os.path.join(HOME, "recovery"))
    cubby("setup", "--parent", "Robin", "--recovery-file", os.path.join(HOME, "recovery"))
    cubby("profile", "add", "mia", "--child")
    cubby("consent", "grant", "mia", "audio", "transcript")
    final, keeping = ear.say()
    told = ear.teller.events(ear.path, "keeping")[-1]
    tap.ok(not final["kept"] and not keeping and listing() == [],
           "R12 after a reset nothing is kept for a household that is not the pinned one", final)
    tap.ok("restart the ear" in told["reason"] and "reset" in final["reason"],
           "and the ear says what to do", (told, final))
    ear.end()
    ear = Ear("--profile", "mia")
    final, keeping = ear.say()
    tap.ok(final["kept"] and keeping, "once it is restarted, it keeps again", final)
    tap.ok(ear.end() == 0, "and ends well")


def while_it_listens(tap):
    ear = Ear("--profile", "mia")
    final, keeping = ear.say()
    tap.ok(final["text"] == WORDS and not final["kept"] and not keeping,
           "R31 no consent: keeping is off", final)
    cubby("consent", "grant", "mia", "audio", "transcript")
    final, keeping = ear.say()
    tap.ok(final["kept"] and final["id"] and keeping, "R31 consent: the next word is kept, and "
           "keeping is on", final)
    cubby("consent", "withdraw", "mia")
    final, keeping = ear.say()
    tap.ok(not final["kept"] and not keeping, "R31 withdrawn: nothing is kept, and keeping is off",
           final)
    tap.ok(listing() == [], "R1 and nothing is left", listing())
    tap.ok(ear.end() == 0, "an ear that kept all it should ends well")


def muted(tap):
    cubby("consent", "grant", "mia", "audio", "transcript")
    before = len(listing())
    ear = Ear("--profile", "mia")
    ear.process.send_signal(signal.SIGUSR1)
    tap.ok([e["muted"] for e in ear.teller.events(ear.path, "muted")] == [True],
           "R31 muted: the host is told")
    ear.teller.speak(story.CHILDS)
    finals = ear.teller.events(ear.path, "final", 1, seconds=3)
    keeping = ear.teller.events(ear.path, "keeping")
    tap.ok(finals == [] and not keeping[-1]["keeping"], "R31 and nothing is heard, and keeping is "
           "off", finals + keeping)
    ear.process.send_signal(signal.SIGUSR2)
    tap.ok([e["muted"] for e in ear.teller.events(ear.path, "muted", 2)] == [True, False],
           "R31 unmuted: the host is told")
    time.sleep(0.5)     # the microphone opens again, without a word about it
    final, keeping = ear.say()
    tap.ok(final["text"] == WORDS and final["kept"] and keeping, "R31 and it hears again, and "
           "what was said while it was muted is gone", final)
    ear.end()
    tap.ok(len(listing()) == before + 1, "R31 one item, not two", listing())
    cubby("consent", "withdraw", "mia")


def made(words, voice="en-us"):
    """What a voice of espeak-ng says, between two half seconds of silence."""
    path = os.path.join(SHARED, words.replace(" ", "-") + ".wav")
    done = run("espeak-ng", "-v", voice, "-w", path, words)
    assert done.returncode == 0, done.stderr
    with wave.open(path) as sound:
        shape, frames = sound.getparams(), sound.readframes(sound.getnframes())
    silence = bytes(shape.framerate // 2 * shape.sampwidth)
    with wave.open(path, "wb") as sound:
        sound.setparams(shape)
        sound.writeframes(silence + frames + silence)
    os.chmod(path, 0o644)
    return path


def asked(ear, count, words="delete what I said"):
    """Says it, and once more where the sound server lost some of it; the `count`th answer, how long
    it took, and how long hearing the words alone took."""
    for _ in range(8):
        before = len(ear.teller.events(ear.path, "final", 0))
        ear.teller.speak(made(words, "en-us+f2"))
        said = time.monotonic()
        final = ear.teller.events(ear.path, "final", before + 1)[-1]
        heard, told = time.monotonic(), []
        # A busy machine hears late: only from there on the answer is due.
        while not told and time.monotonic() < heard + 60 and final["text"] == words.lower():
            told = [event for event in ear.teller.events(ear.path, "forgotten", 0)
                    if "span" in event][count - 1:]
        if told:
            return told[0], time.monotonic() - said, heard - said
        if final["kept"]:
            cubby("delete", "--yes", final["id"])
    raise AssertionError(f"heard {final}")


def forgets(tap):
    """R10: by voice, without a passphrase."""
    ear = Ear("--profile", "mia", words=())
    told, *_ = asked(ear, 1)
    tap.ok((told["span"], told["outcome"], told["items"]) == ("last", "nothing", 0),
           "R10 without consent nothing was kept, and so nothing is forgotten", told)
    cubby("consent", "grant", "mia", "audio", "transcript")
    kept = [ear.say()[0] for _ in range(2)]
    tap.ok(all(final["kept"] for final in kept) and len(listing()) == 2, "two are kept", kept)
    told, took_s, heard_s = asked(ear, 2)
    tap.ok((told["span"], told["outcome"], told["items"]) == ("last", "done", 1),
           "R10 \"delete what I said\" erases the last one, and the host is told", told)
    # Hearing tells how busy the machine is: on a quiet one it takes some 0.7 s.
    tap.ok(took_s < max(2, 3 * heard_s), "R10 within 2 s of the end of the words",
           (took_s, heard_s))
    tap.ok([row["id"] for row in listing()] == [kept[0]["id"]], "R10 and the other is left",
           listing())
    final = ear.teller.events(ear.path, "final")[-1]
    tap.ok(final["text"] == "delete what i said" and not final["kept"],
           "R10 the words that ask for it are never kept", final)
    told, *_ = asked(ear, 3, "forget everything I said today")
    tap.ok((told["span"], told["outcome"], told["items"]) == ("today", "done", 1)
           and listing() == [], "R10 \"forget everything I said today\" erases the rest", told)
    run("sandbox", "--stop", "keeper")
    try:
        told, *_ = asked(ear, 4)
    finally:
        run("sandbox", "--start", "keeper")
    tap.ok(told["outcome"] == "failed" and told["reason"], "R8 no keeper: it says that it failed",
           told)
    cubby("consent", "withdraw", "mia")
    ear.end()


def may_have_asked(tap):
    """R10: who asked to forget and was not understood is not kept, and told so. From a file: at a
    microphone the same voice comes nearer or less near."""
    cubby("consent", "grant", "mia", "audio", "transcript")
    _, finals, _ = hear("--profile", "mia", file=made("delete what I said", "en-us+f3"))
    final = finals[0]
    tap.ok(not final["kept"] and "may have asked" in final["reason"] and listing() == [],
           "R10 what may have asked to forget is not kept", final)
    cubby("consent", "withdraw", "mia")


def sound_goes(tap):
    """R31: the sound server dies and comes back."""
    ear = Ear("--profile", "mia")
    run("sandbox", "--stop", "sound")
    tap.ok(len(ear.teller.events(ear.path, "source-lost", 1)) == 1,
           "R31 the microphone is gone: the host is told")
    run("sandbox", "--start", "sound")
    tap.ok(len(ear.teller.events(ear.path, "source-back", 1)) == 1,
           "R31 it is back: the host is told")
    final, _ = ear.say()
    tap.ok(final["text"] == WORDS, "and it hears again", final)
    ear.end()


def signs(tap):
    """R31: over all that the ears of this test have told."""
    told = set()
    wrong = []
    for number in range(1, Ear.count + 1):
        with open(os.path.join(HOME, f"ear-{number}.jsonl"), encoding="utf-8") as file:
            events = [json.loads(line) for line in file]
        told |= {event["event"] + ("-by-voice" if "span" in event else "") +
                 ("-kept" if event.get("kept") else "") for event in events}
        wrong += violations(events)
    tap.ok(not wrong, "R31 no ear has told anything untrue", wrong)
    all_signs = {"ready", "keeping", "final-kept", "played", "forgotten", "forgotten-by-voice",
                 "muted", "source-lost", "source-back"}
    tap.ok(all_signs <= told, "R31 and every sign has been given", all_signs - told)
    lies = ({"event": "ready"}, {"event": "keeping", "keeping": False, "reason": "no"})
    for lie in ({"event": "final", "kept": True}, {"event": "source-back"}, {"event": "ready"},
                {"event": "muted", "muted": False}):
        tap.ok(violations([*lies, lie]), f"and {lie['event']} at the wrong time would be seen")


def keeper_goes(tap):
    cubby("consent", "grant", "mia", "audio", "transcript")
    ear = Ear("--profile", "mia")
    final, _ = ear.say()
    tap.ok(final["kept"] and light(ear, 1), "kept", final)
    run("sandbox", "--stop", "keeper")
    tap.ok(not light(ear, 2), "R31 the keeper goes: the light is out, though nobody speaks")
    final, keeping = ear.say()
    tap.ok(final["text"] == WORDS and not final["kept"] and final["who"] == "unknown"
           and final["reason"] and not keeping,
           "R28 the keeper is gone: heard, not kept, nobody is known", final)
    run("sandbox", "--start", "keeper")
    tap.ok(light(ear, 3), "R31 it is back: the light is on, though nobody speaks")
    final, keeping = ear.say()
    tap.ok(final["kept"] and keeping, "the keeper is back: kept again", final)
    run("sandbox", "--stop", "bus")
    final, _ = ear.say()
    tap.ok(final["text"] == WORDS and not final["kept"], "the bus is gone: heard, not kept", final)
    run("sandbox", "--start", "bus")
    run("sandbox", "--start", "keeper")
    final, _ = ear.say()
    tap.ok(final["kept"], "the bus is back: kept again", final)
    tap.ok(ear.end() == 1, "an ear that could not keep what it should says so at its end")
    tap.ok(len(listing()) == 3, "what was acknowledged is there, and nothing else", listing())
    tap.ok({row["transcript"] for row in listing("--transcripts")} == {WORDS},
           "each with its words")


def main():
    tap = Tap()
    if tap.run("a household with a child and an adult", household):
        for part in (before_consent, kinds, no_place, one_kind_goes, while_it_listens, at_once,
                     muted, forgets, may_have_asked, keeper_goes, another_household, sound_goes,
                     signs):
            tap.run(f"({part.__name__})", part, tap)
    return tap.done()


sys.exit(main())
