# SPDX-License-Identifier: Apache-2.0
"""What a family does with the command line beyond the demo: many items at once, a copy of
everything, other names. Every claim is a check of what came out of the real programs."""

import json
import os
import subprocess
import sys
import wave

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import sodium                   # noqa: E402
import story                    # noqa: E402
from canaries import patient    # noqa: E402
from keeper import Keeper       # noqa: E402
from tap import Tap             # noqa: E402

WORLD = os.environ["CUBBY_SANDBOX_DIR"]
HOME = os.path.join(WORLD, "home", "parent")
SHARED = os.path.join(WORLD, "tmp")
ITEMS = 70
CODE = ("--recovery-file", f"{HOME}/recovery")     # proves fast
PASSPHRASE = "velvet harbour nineteen umbrellas"


def run(*command, role="parent", status=0, passphrase="passphrase"):
    """A program's standard output; it must end with this status."""
    done = subprocess.run(["sandbox", "--as", role, "env",
                           f"CUBBY_PASSPHRASE_FILE={SHARED}/{passphrase}", *command],
                          capture_output=True, text=True, timeout=120, check=False,
                          stdin=subprocess.DEVNULL)
    assert done.returncode == status, (command, done.returncode, done.stdout, done.stderr)
    return done.stdout if status == 0 else done.stderr


def cubby(*words, **more):
    return run("cubby", *words, **more)


def asked(*words, **more):
    return json.loads(cubby(*words, "--json", **more))


def secret_file(name, text):
    with open(f"{SHARED}/{name}", "w", encoding="utf-8") as file:
        file.write(text + "\n")
    os.chmod(f"{SHARED}/{name}", 0o644)     # the parent's user is not ours


# ---- As the ear ----

def deposits():
    """Many transcripts of mia, one about a dragon."""
    keeper = Keeper()
    home = json.loads(str(keeper.call("Parents", "Household")[0]))["home"]
    for n in range(ITEMS):
        text = "Where is the GRÜNE Dragon" if n == 40 else f"tell me number {n}"
        record = {"text": text, "confidence": 0.5, "duration_ms": 1500}
        patient(keeper.keep, "mia", bytes.fromhex(home),
                [("transcript", json.dumps(record).encode())])


# ---- As root, who is everybody ----

def begin():
    secret_file("passphrase", PASSPHRASE)
    cubby("setup", "--parent", "Anna", "--recovery-file", f"{HOME}/recovery")
    cubby("profile", "add", "mia", "--child", *CODE)
    cubby("profile", "add", "otto", "--adult", *CODE)
    cubby("consent", "grant", "mia", "audio", "transcript", "--keep", "7d", *CODE)
    with wave.open(f"{SHARED}/said.wav", "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(bytes(32000) + story.samples(story.CHILDS) + bytes(64000))
    os.chmod(f"{SHARED}/said.wav", 0o644)
    run("cubby-listen", "--json", "--file", f"{SHARED}/said.wav", "--profile", "mia",
        "--utterances", "1", role="ear")
    run("/usr/bin/python3", "-B", os.path.abspath(__file__), "deposits", role="ear")


def many_are_one_alert():
    """R15: reading all transcripts is one alert and few entries, and all come."""
    rows = asked("list", "mia", "--transcripts", *CODE)
    assert len(rows) == ITEMS + 1 and all(row["transcript"] for row in rows)
    assert {row["transcript"] for row in rows} >= {"tell me number 0", story.CHILDS_WORDS}
    alerts = [alert for alert in asked("status")["alerts"] if "opened" in alert]
    assert len(alerts) == 1, alerts
    opens = [entry for entry in asked("log") if entry["what"] == "open"]
    assert sum(entry.get("items", 1) for entry in opens) == ITEMS + 1
    assert len(opens) <= 4, opens


def words_are_found():
    """R23: a parent finds what was said, in any case, and nothing else."""
    for word in ("dragon", "DRAGON", "grüne dragon", "Grüne"):
        rows = asked("list", "--grep", word, *CODE)
        assert [row["transcript"] for row in rows] == ["Where is the GRÜNE Dragon"], (word, rows)
    assert asked("list", "otto", "--grep", "dragon", *CODE) == []
    assert "wants a word" in cubby("list", "--grep", "", status=2)


def takeout_is_the_listing():
    """R23: the takeout holds what the listing shows, and the sound as it is played."""
    listed = asked("list", "mia", "--transcripts", *CODE)
    folder = f"{HOME}/mia"
    said = asked("takeout", "mia", "-o", folder, *CODE)
    assert said == {"folder": folder, "items": ITEMS + 1, "sounds": 1}, said
    with open(f"{folder}/takeout.json", encoding="utf-8") as file:
        taken = json.load(file)
    for row in listed:
        mine, = [item for item in taken["items"] if item["id"] == row["id"]]
        assert {key: mine[key] for key in row} | {"duration_s": row["duration_s"]} == row, (mine, row)
    assert len(taken["items"]) == len(listed)
    assert taken["profile"]["name"] == "mia" and taken["profile"]["type"] == "child"
    assert {consent["kind"] for consent in taken["consents"]} == {"audio", "transcript"}
    assert {row["kind"]: row["keep_s"] for row in taken["retention"]}["audio"] == 7 * 86400
    sound, = [item for item in taken["items"] if "sound" in item]
    cubby("play", sound["id"], "-o", f"{HOME}/played.wav", *CODE)
    with open(f"{folder}/{sound['sound']}", "rb") as one, open(f"{HOME}/played.wav", "rb") as other:
        assert one.read() == other.read()
    files = sorted(os.listdir(folder))
    assert files == sorted([sound["sound"], "takeout.json"]), files
    assert {os.stat(f"{folder}/{name}").st_mode & 0o777 for name in files} == {0o600}
    assert os.stat(folder).st_mode & 0o777 == 0o700
    assert "not empty" in cubby("takeout", "mia", "-o", folder, *CODE, status=1)
    assert "no profile" in cubby("takeout", "nobody", "-o", f"{HOME}/none", *CODE, status=10)
    assert not os.path.exists(f"{HOME}/none")


def a_profile_is_renamed():
    """A nickname changes; what is kept and consented to stays."""
    before = asked("consent", "show", "mia")
    cubby("profile", "rename", "mia", "Mia-Luise", *CODE)
    after = asked("consent", "show", "mia-luise")
    assert [row | {"profile": ""} for row in before] == [row | {"profile": ""} for row in after]
    assert len(asked("list", "Mia-Luise")) == ITEMS + 1
    assert "no profile" in cubby("list", "mia", status=10)
    assert "already" in cubby("profile", "rename", "Mia-Luise", "OTTO", *CODE, status=1)
    cubby("profile", "rename", "Mia-Luise", "mia", *CODE)


def main():
    tap = Tap()
    for step in (begin, many_are_one_alert, words_are_found, takeout_is_the_listing,
                 a_profile_is_renamed):
        tap.run((step.__doc__ or step.__name__).strip(), step)
    return tap.done()


if __name__ == "__main__":
    sys.exit(deposits() if sys.argv[1:] == ["deposits"] else main())
