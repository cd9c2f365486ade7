# SPDX-License-Identifier: Apache-2.0
"""`cubby export review` at a terminal, and whose voice an approval is given for."""

import json
import os
import pty
import re
import select
import subprocess
import sys
import time
import wave
from collections import Counter

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import story                        # noqa: E402
from tap import Tap                 # noqa: E402

HOME = os.environ["HOME"]
PASSPHRASE = "velvet harbour nineteen umbrellas"
READER = f"{story.DATA}/librivox/sense_and_sensibility_01_austen_64kb-%s.wav"
ENROLLING = [READER % number for number in ("0870", "0890", "0920")]
OWN = READER % "0930"
OTHER = f"{story.DATA}/cards/001.wav"
PURPOSE = ("--purpose", "wake words", "--recipient", "Acme Lab")
# Nothing is played: there is no sound server at this address.
os.environ["PULSE_SERVER"] = f"unix:{HOME}/no-sound-server"


def cubby(*arguments, fails=0):
    proves = arguments[0] in ("enroll", "import", "log") or arguments[:2] == ("export", "approve")
    code = ("--recovery-file", f"{HOME}/recovery") if proves else ()
    done = subprocess.run(("cubby", *arguments, *code), capture_output=True, text=True, timeout=60,
                          check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == fails, (arguments, done.returncode, done.stdout, done.stderr)
    return done.stdout if not fails else done.stderr


def household():
    with open(os.open(f"{HOME}/passphrase", os.O_WRONLY | os.O_CREAT, 0o600), "w",
              encoding="utf-8") as file:
        file.write(PASSPHRASE + "\n")
    os.environ["CUBBY_PASSPHRASE_FILE"] = f"{HOME}/passphrase"
    cubby("setup", "--parent", "Robin", "--recovery-file", f"{HOME}/recovery")
    del os.environ["CUBBY_PASSPHRASE_FILE"]
    cubby("profile", "add", "ada", "--adult", "--recovery-file", f"{HOME}/recovery")
    cubby("profile", "add", "otto", "--adult", "--recovery-file", f"{HOME}/recovery")
    with wave.open(OWN) as file:
        frames = file.readframes(6400)
    with wave.open(f"{HOME}/short.wav", "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(frames)


def bring(*recordings, profile="ada"):
    """Ids of what was imported, by its words."""
    known = {row["id"] for row in json.loads(cubby("list", "--json"))}
    found = {}
    for words, path in recordings:
        cubby("import", path, "--profile", profile, "--transcript", words)
        new, = {row["id"] for row in json.loads(cubby("list", "--json"))} - known
        found[words] = new
        known.add(new)
    return found


def at_terminal(answer, *arguments, named=PURPOSE):
    """cubby export review by somebody who types; answer(text since the last, question) -> a line.
    All that was shown, and the status."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp("cubby", ("cubby", "export", "review", *named, *arguments))
    shown, at, ends = "", 0, time.monotonic() + 20
    while time.monotonic() < ends:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            more = os.read(terminal, 4096).decode(errors="replace")
        except OSError:
            break
        if not more:
            break
        shown += more
        if re.search(r"(Passphrase: |uit\? |mine: |yes: |for\? |gets it\? )$", shown[at:]):
            line = answer(shown[at:])
            at = len(shown)
            os.write(terminal, line.encode() + b"\n")
    os.close(terminal)
    return shown, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def typist(**lines):
    """Types the passphrase, and for the rest what the first key found in the text says."""
    def answer(text):
        if text.rstrip().endswith("Passphrase:"):
            return PASSPHRASE
        for key, line in lines.items():
            if re.search(key.replace("_", " "), text, re.I):
                return line
        return "s"
    return answer


def approved():
    """How often the log has which reason of an approval."""
    return Counter(entry["reason"] for entry in json.loads(cubby("log", "--json"))
                   if entry["what"] == "export-approve")


# ---- Cases, in this order ----

def test_r17_nobody_enrolled_is_said_and_approved_as_before(state):
    bring(("not compared", OWN))
    shown, status = at_terminal(typist(uit="a"))
    assert status == 0 and "Nobody is enrolled" in shown and "1 approved" in shown, shown
    assert PASSPHRASE not in shown, "the passphrase was shown"
    state["all"] = Counter(["heard, nobody enrolled to compare with"])
    assert approved() == state["all"], approved()


def test_r28_review_compares_each_item(state):
    cubby("enroll", "ada", *ENROLLING)
    bring(("her own", OWN), ("anothers", OTHER), ("a word", f"{HOME}/short.wav"))
    # Asked for "mine", this parent types something else: it stays as it was.
    shown, status = at_terminal(typist(type_mine="yes", anothers="a", her_own="s", a_word="s"))
    assert status == 0 and "0 approved, 0 refused, 3 left" in shown, shown
    for words, said in (("her own", "the voice matches"), ("a word", "too short"),
                        ("anothers", "not the enrolled voice")):
        part = shown[shown.index(f": {words}"):]
        assert said in part[:200], (words, part[:200])
    assert approved() == state["all"]
    shown, status = at_terminal(typist(type_mine="mine", uit="a"))
    assert status == 0 and "3 approved" in shown and shown.count("type mine") == 1, shown
    state["all"].update(["heard, the voice matches", "heard, too short to tell whose voice",
                         "heard, not the enrolled voice; the owner says it is"])
    assert approved() == state["all"], approved()


def test_r28_a_batch_is_compared_before_it_is_approved(state):
    ids = bring(("1", OWN), ("2", OTHER), ("3", OWN), ("4", OWN))
    shown, status = at_terminal(typist(type_mine="", uit="a", type_yes="yes"), "--sample", "3")
    assert status == 1 and "1 of 4 are not the enrolled voice" in shown, shown
    assert f"{ids['2'][:8]}: not the enrolled" in shown and "uit?" not in shown, shown
    assert approved() == state["all"]
    shown, status = at_terminal(typist(type_mine="mine", uit="r"), "--sample", "3")
    assert status == 1 and "one of the sample was not approved" in shown, shown
    assert approved() == state["all"]
    shown, status = at_terminal(typist(type_mine="mine", uit="a", type_yes="no"), "--sample", "3")
    assert status == 1 and approved() == state["all"], shown
    shown, status = at_terminal(typist(uit="a", type_yes="yes"), "--sample", "3",
                                "--mismatch=approve")
    assert status == 0 and "4 approved" in shown, shown
    new = approved() - state["all"]
    assert sorted(words.split(", ")[0] for words in new.elements()) == ["batch", *["heard"] * 3]
    assert sorted(words.split(", ")[1] for words in new.elements()) == \
        ["not the enrolled voice; the owner says it is", *["the voice matches"] * 3], new
    state["all"] += new


def test_r28_a_script_must_answer_for_another_voice(state):
    ids = bring(("mine", OWN), ("theirs", OTHER))
    why = cubby("export", "approve", *ids.values(), *PURPOSE, fails=11)
    assert "not the enrolled voice" in why and "--mismatch=approve" in why, why
    cubby("export", "approve", ids["theirs"], *PURPOSE, "--mismatch=keep", fails=2)
    state["all"].update(["named, the voice matches"])
    assert approved() == state["all"], approved()
    cubby("export", "approve", ids["theirs"], *PURPOSE, "--mismatch=approve")
    state["all"].update(["named, not the enrolled voice; the owner says it is"])
    assert approved() == state["all"], approved()
    given = [entry for entry in json.loads(cubby("log", "--json"))
             if entry.get("method") == "Voiceprints.Get"]
    assert given and len({entry["profile"] for entry in given}) == 1, given


def test_r17_at_a_terminal_nothing_is_approved_without_an_answer(state):
    bring(("kept", OWN), ("dropped", OWN), profile="otto")
    # What for and for whom is asked where it was not named.
    for line, left, named in (("q", 2, PURPOSE), ("", 2, PURPOSE), ("yes", 2, PURPOSE), ("s", 2, ())):
        shown, status = at_terminal(typist(uit=line, export_for="tests", gets_it="Acme"), "--profile", "otto",
                                    named=named)
        assert ("Who gets it?" in shown) == (not named), shown
        assert status == 0 and f"0 approved, 0 refused, {left} left" in shown, (line, shown)
    assert approved() == state["all"]
    shown, status = at_terminal(typist(dropped="r", kept="a"), "--profile", "otto")
    assert status == 0 and "1 approved, 1 refused, 0 left" in shown, shown
    state["all"].update(["heard, nobody enrolled to compare with"])
    assert approved() == state["all"]
    # What was refused is not offered again; without a terminal there is no review.
    shown, status = at_terminal(typist(uit="a"), "--profile", "otto")
    assert status == 0 and "0 approved" in shown, shown
    assert "terminal" in cubby("export", "review", *PURPOSE, fails=2)


def main():
    tap, state = Tap(), {}
    if tap.run("an adult's household", household) is None and tap.failed:
        return tap.done()
    for name, function in list(globals().items()):
        if name.startswith("test_"):
            tap.run(name, function, state)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
