# SPDX-License-Identifier: Apache-2.0
"""From enrolment to the erased voiceprint, as a parent in a sandbox."""

import json
import os
import subprocess
import sys
import wave

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import sodium                       # noqa: E402
import story                        # noqa: E402
from tap import Tap                 # noqa: E402

HOME = os.environ["HOME"]
PASSPHRASE = "velvet harbour nineteen umbrellas"
READER = f"{story.DATA}/librivox/sense_and_sensibility_01_austen_64kb-%s.wav"
ENROLLING = [READER % number for number in ("0870", "0890", "0920")]
ADULT = READER % "0930"
STRANGER = f"{story.DATA}/cards/001.wav"
OTHER = story.CHILDS
# What is said to the microphone: recordings, from and to which second.
SAID = ((ENROLLING[0], 0, 3.4), (STRANGER, 0, 2), (ENROLLING[0], 3.4, 7.1), (OTHER, 0, 3),
        (ENROLLING[1], 0, 3), (ENROLLING[2], 0, 3), (READER % "0880", 0, 3))


def run(*command, timeout=90):
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False,
                          stdin=subprocess.DEVNULL)


def cubby(*arguments, fails=0):
    code = ("--recovery-file", os.path.join(HOME, "recovery"))
    proves = arguments[0] == "enroll" or arguments[:2] == ("consent", "grant")
    done = run("cubby", *arguments, *(code if proves else ()))
    assert done.returncode == fails, (arguments, done.returncode, done.stdout, done.stderr)
    return done.stdout + (done.stderr if fails else "")


def listing():
    return json.loads(cubby("list", "--json"))


def hear(recording, *arguments):
    """The first final."""
    done = run("cubby-listen", "--json", "--file", recording, "--utterances", "1", *arguments)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    finals = [event for event in events if event["event"] == "final"]
    assert done.returncode == 0 and finals, (done, events)
    return finals[0]


def unknown(final):
    return final["who"] == "unknown" and final["profile"] is None and not final["kept"]


def household():
    path = os.path.join(HOME, "passphrase")
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
        file.write(PASSPHRASE + "\n")
    os.environ["CUBBY_PASSPHRASE_FILE"] = path
    cubby("setup", "--parent", "Robin", "--recovery-file", os.path.join(HOME, "recovery"))
    cubby("profile", "add", "mia", "--child")
    cubby("profile", "add", "ada", "--adult")
    return True


def enrolment(tap):
    cubby("consent", "grant", "ada", "audio", "transcript")
    final = hear(ADULT, "--profile", "ada")
    tap.ok(unknown(final), "R28 an adult who is not enrolled is unknown, also when named", final)
    told = cubby("enroll", "mia", *ENROLLING, fails=4)
    tap.ok("child" in told, "R27 a child is not enrolled", told)
    told = cubby("enroll", "ada", ENROLLING[0], fails=1)
    tap.ok("nothing was enrolled" in told, "one sentence is not enough", told)
    told = cubby("enroll", "ada", ENROLLING[0], STRANGER, ENROLLING[1], fails=1)
    tap.ok("nothing was enrolled" in told, "two voices are not enrolled as one", told)
    tap.ok(json.loads(cubby("voiceprint", "list", "--json")) == [], "and nothing was kept")
    cubby("enroll", "ada", *ENROLLING, "--keep", "30d")
    rows = json.loads(cubby("voiceprint", "list", "--json"))
    tap.ok([(row["profile"], row["state"]) for row in rows] == [("ada", "in force")],
           "R27 an adult is", rows)
    known = {row["name"]: row["enrolled_until"] for row in json.loads(cubby("profile", "list",
                                                                            "--json"))}
    tap.ok(known == {"ada": rows[0]["expires"], "mia": None}, "the list of profiles says so", known)
    tap.ok(listing() == [], "R18 no sound of the enrolment was kept", listing())


def known(tap):
    final = hear(ADULT)
    rows = listing()
    tap.ok(final["who"] == "adult" and final["profile"] == "ada" and final["kept"],
           "the enrolled adult is known by voice, and kept under that adult's consent", final)
    tap.ok(len(rows) == 1 and rows[0]["profile"] == "ada" and rows[0]["id"] == final["id"],
           "as that adult's", rows)
    final = hear(ADULT, "--profile", "ada")
    tap.ok(final["who"] == "adult" and final["kept"], "also where the host names ada", final)
    for named in ((), ("--profile", "ada")):
        final = hear(STRANGER, *named)
        tap.ok(unknown(final), f"R28 a stranger is unknown {' '.join(named)}", final)
    cubby("consent", "grant", "mia", "audio")
    final = hear(ADULT, "--profile", "mia")
    tap.ok(final["who"] == "child" and final["profile"] == "mia",
           "where the host names a child, it is the child's", final)
    cubby("delete", "--profile", "mia", "--yes")
    cubby("consent", "withdraw", "ada", "audio", "transcript")
    final = hear(ADULT)
    tap.ok(final["who"] == "adult" and not final["kept"] and listing() == [],
           "R1 without consent nothing of the adult is kept", (final, listing()))
    tap.ok(len(json.loads(cubby("voiceprint", "list", "--json"))) == 1,
           "R20 which is another thing than the voiceprint")


def erased(tap):
    receipt = os.path.join(HOME, "receipt.json")
    cubby("voiceprint", "erase", "ada", "--receipt", receipt)
    with open(receipt, encoding="utf-8") as file:
        found = sodium.verify(file.read(), "cubby-receipt-1")
    tap.ok((found["items"], found["parts"]) == (0, 1), "R9 a receipt counts the voiceprint", found)
    tap.ok(json.loads(cubby("voiceprint", "list", "--json")) == [], "R18 nobody is enrolled")
    cubby("consent", "grant", "ada", "audio")
    final = hear(ADULT, "--profile", "ada")
    tap.ok(unknown(final), "R27 and the adult is unknown again", final)
    cubby("enroll", "ada", *ENROLLING)
    job = cubby("consent", "withdraw", "ada", "--json")
    tap.ok(json.loads(cubby("voiceprint", "list", "--json")) == [],
           "withdrawing everything of ada takes the voiceprint, too", job)


def say(recording, begin_s, end_s):
    path = os.path.join(HOME, "said.wav")
    with wave.open(path, "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(story.samples(recording)[int(begin_s * 32000):int(end_s * 32000)])
    assert run("paplay", "--device=room", path).returncode == 0
    os.unlink(path)


def spoken(tap):
    """At the microphone, where a child and a stranger speak up in between."""
    said, told = iter(SAID), []
    with subprocess.Popen(["cubby", "enroll", "ada", "--yes", "--recovery-file",
                           os.path.join(HOME, "recovery")], text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as enrolling:
        for line in enrolling.stdout:
            told.append(line.strip())
            if "Please say:" in line:
                say(*next(said, SAID[0]))
        status = enrolling.wait(timeout=30)
    asked = [line[0] for line in told if "Please say:" in line]
    tap.ok(status == 0 and asked == ["1", "2", "2", "3", "3", "4", "5"], "an adult is enrolled at "
           "the microphone; what is too short or another voice is asked for once more", told)
    again = [line for line in told if line.startswith("Once more:")]
    tap.ok(len(again) == 2 and "whole sentence" in again[0] and "somebody else" in again[1],
           "R27 and told why", told)
    final = hear(ADULT)
    tap.ok(final["who"] == "adult" and final["profile"] == "ada", "and known by it", final)
    facts = json.loads(cubby("status", "--json"))["voices"]
    until = json.loads(cubby("voiceprint", "list", "--json"))[0]["expires"]
    tap.ok(facts == {"adults": 1, "until": until, "policy_changed": 0} and
           "1 adult known, until" in cubby("status"), "the status says until when", facts)
    cubby("voiceprint", "erase", "ada")
    tap.ok("none known" in cubby("status"), "and that nobody is known any more")
    run("pactl", "unload-module", "module-remap-source")
    told = cubby("enroll", "ada", "--yes", fails=10)
    tap.ok("no microphone" in told, "what the speaker plays is no microphone", told)


def main():
    tap = Tap()
    tap.run("a household", household)
    for part in (enrolment, known, erased, spoken):
        tap.run(f"({part.__name__})", part, tap)
    return tap.done()


sys.exit(main())
