# SPDX-License-Identifier: Apache-2.0
"""The Wyoming adapter with a real keeper, in a sandbox, as a parent."""

import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import story                                # noqa: E402
import wyoming                              # noqa: E402
from tap import Tap                         # noqa: E402
from wyoming import Adapter, Client         # noqa: E402

HOME, DIRECTORY = os.environ["HOME"], os.environ["CUBBY_SANDBOX_DIR"]
PASSPHRASE = "velvet harbour nineteen umbrellas"
WORDS = story.CHILDS_WORDS
# What somebody says in a recording that there is.
FORGET = "ten of clubs"


def cubby(*arguments):
    done = subprocess.run(["cubby", *arguments], capture_output=True, text=True, timeout=60,
                          check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise AssertionError(f"cubby {' '.join(arguments)}: {done.stdout}{done.stderr}")
    return done.stdout


def listing(*more):
    return json.loads(cubby("list", "--json", *more))


class Home:
    """A household, and an adapter that runs as the ear's user with a listener for each profile."""

    def __init__(self):
        path = os.path.join(HOME, "passphrase")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
            file.write(PASSPHRASE + "\n")
        os.environ["CUBBY_PASSPHRASE_FILE"] = path
        cubby("setup", "--parent", "Robin", "--recovery-file", os.path.join(HOME, "recovery"))
        for name, kind in (("mia", "--child"), ("tom", "--child"), ("ada", "--adult")):
            cubby("profile", "add", name, kind)
        cubby("consent", "grant", "mia", "audio", "transcript")
        cubby("consent", "grant", "ada", "audio", "transcript")
        names = ("unknown", "mia", "tom", "ada", "nobody", "wake")
        self.ports = dict(zip(names, wyoming.free_ports(len(names))))
        lines = [f"grammar = {wyoming.DATA}/goforward.gram", "wake_phrase = go forward"]
        for name, port in self.ports.items():
            lines.append(f"[{'wake' if name == 'wake' else 'asr ' + name}]")
            lines.append(f"tcp = 127.0.0.1:{port}")
            if name not in ("unknown", "wake"):
                lines.append(f"profile = {name}")
        subprocess.run(["sandbox", "--as", "root", "sh", "-c", "mkdir -p /etc/cubby && "
                        f"echo 'forget_last = {FORGET}' >>/etc/cubby/ear.conf"], check=True)
        self.adapter = Adapter(["sandbox", "--as", "ear", "cubby-wyoming"],
                               f"{DIRECTORY}/tmp", "\n".join(lines) + "\n")
        self.words = wyoming.samples("goforward.raw")

    def client(self, name):
        return Client(("127.0.0.1", self.ports[name]))

    def say(self, name):
        with self.client(name) as client:
            return client.transcribe(self.words)


def kept_of_a_consented_child(home):
    assert home.say("mia") == WORDS
    rows = listing("--transcripts")
    assert len(rows) == 1 and rows[0]["profile"] == "mia", rows
    assert rows[0]["kinds"] == ["audio", "transcript"] and rows[0]["transcript"] == WORDS, rows
    played = os.path.join(HOME, "played.wav")
    cubby("play", rows[0]["id"], "-o", played)
    quiet = wyoming.silence(5)
    assert story.samples(played) in quiet + home.words + quiet
    return rows[0]["id"]


def nothing_of_others(home, item):
    for name in ("unknown", "tom", "ada", "nobody"):
        assert home.say(name) == WORDS, name
    with home.client("wake") as client:
        client.start()
        client.audio(home.words + wyoming.silence(1))
        client.expect("detection")
    assert [row["id"] for row in listing()] == [item], listing()


def nothing_that_was_not_ended(home, item):
    pause = len(wyoming.silence(0.35))      # at the end of the recording, which would end them
    with home.client("mia") as client:
        client.start()
        client.audio(home.words[:-pause])
    with home.client("mia") as client:      # the same listener's next
        assert client.transcribe(wyoming.silence(1)) == ""
    assert [row["id"] for row in listing()] == [item], listing()


def withdrawing_is_obeyed_at_once(home):
    cubby("consent", "withdraw", "mia")
    assert listing() == [], listing()
    assert home.say("mia") == WORDS
    assert listing() == [], listing()


def two_utterances_of_one_stream(home):
    cubby("consent", "grant", "mia", "transcript")
    with home.client("mia") as client:
        text = client.transcribe(home.words + wyoming.silence(1.5) + home.words)
    assert text == f"{WORDS} {WORDS}", text
    rows = listing()
    assert [row["kinds"] for row in rows] == [["transcript"]] * 2, rows


def forgets(home):
    before = [row["id"] for row in listing()]
    with home.client("mia") as client:
        assert client.transcribe(wyoming.samples("cards/001.wav")) == FORGET
    # From the first moment it is invisible; the newest is the first of a listing.
    assert [row["id"] for row in listing()] == before[1:], (before, listing())


def no_keeper(home):
    before = len(listing())
    subprocess.run(["sandbox", "--stop", "keeper"], check=True)
    assert home.say("mia") == WORDS
    subprocess.run(["sandbox", "--start", "keeper"], check=True)
    assert len(listing()) == before
    assert home.say("mia") == WORDS
    assert len(listing()) == before + 1


def no_words_in_what_it_logs(home):
    status, errors = home.adapter.end()
    assert status == 0, (status, errors)
    assert "forward" not in errors and "should have been kept" in errors, errors


def main():
    tap = Tap()
    home = tap.run("a household, and an adapter with a listener for each profile", Home)
    if home:
        item = tap.run("R1 rule 10: what is said to a consented child's listener is kept, sample "
                       "for sample", kept_of_a_consented_child, home)
        tap.run("R1 R28 rule 10: of unknown speakers, of a child without consent, of an adult only "
                "named and of the wake listener nothing is", nothing_of_others, home, item)
        tap.run("R1 what a client did not end is not kept", nothing_that_was_not_ended, home, item)
        tap.run("R21 withdrawn is withdrawn at once", withdrawing_is_obeyed_at_once, home)
        tap.run("R20 one stream, two utterances, one kind", two_utterances_of_one_stream, home)
        tap.run("R10 a client's child has the last utterance erased by voice", forgets, home)
        tap.run("R28 without the keeper it is recognised and not kept", no_keeper, home)
        tap.run("R16 its log has no words", no_words_in_what_it_logs, home)
    return tap.done()


sys.exit(main())
