# SPDX-License-Identifier: Apache-2.0
"""What a family does with the command line beyond the demo: many items at once, a copy of
everything, other names. Every claim is a check of what came out of the real programs."""

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
import wave

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import pages                    # noqa: E402
import schema                   # noqa: E402
import story                    # noqa: E402
from canaries import patient, recovery_text     # noqa: E402
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
    """What it writes with --json, which is as the schema says."""
    found = json.loads(cubby(*words, "--json", **more))
    said = schema.of(words)
    assert said and schema.wrong(said, found) == [], (words, schema.wrong(said or {}, found))
    return found


def secret_file(name, text):
    with open(f"{SHARED}/{name}", "w", encoding="utf-8") as file:
        file.write(text + "\n")
    os.chmod(f"{SHARED}/{name}", 0o644)     # the parent's user is not ours


# ---- As the ear ----

def deposits(items):
    """Many transcripts of mia, one about a dragon."""
    keeper = Keeper()
    home = json.loads(str(keeper.call("Parents", "Household")[0]))["home"]
    for n in range(items):
        text = "Where is the GRÜNE Dragon" if n == 40 else f"tell me number {n}"
        record = {"text": text, "confidence": 0.5, "duration_ms": 1500}
        patient(keeper.keep, "mia", bytes.fromhex(home),
                [("transcript", json.dumps(record).encode())])


# ---- As root, who is everybody ----

def said_file():
    """What a child says, with quiet around it."""
    with wave.open(f"{SHARED}/said.wav", "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(bytes(32000) + story.samples(story.CHILDS) + bytes(64000))
    os.chmod(f"{SHARED}/said.wav", 0o644)


def begin(items=ITEMS):
    secret_file("passphrase", PASSPHRASE)
    cubby("setup", "--parent", "Anna", "--recovery-file", f"{HOME}/recovery")
    cubby("profile", "add", "mia", "--child", *CODE)
    cubby("profile", "add", "otto", "--adult", *CODE)
    cubby("consent", "grant", "mia", "audio", "transcript", "--keep", "7d", *CODE)
    said_file()
    run("cubby-listen", "--json", "--file", f"{SHARED}/said.wav", "--profile", "mia",
        "--utterances", "1", role="ear")
    run("/usr/bin/python3", "-B", os.path.abspath(__file__), "deposits", str(items),
        role="ear")


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
    assert schema.wrong(schema.DEFINED["takeout.json"], taken) == []
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


def hears(profile):
    """Whether the ear keeps what is said for this profile."""
    said = run("cubby-listen", "--json", "--file", f"{SHARED}/said.wav", "--profile", profile,
               "--utterances", "1", role="ear")
    final, = [event for event in map(json.loads, said.splitlines()) if event["event"] == "final"]
    return final["kept"]


def watched():
    """R15, R16: an alert is told as it comes, and every hook gets it where nobody else can read it,
    also after one that fails."""
    hooks = "/etc/cubby/alert.d"
    os.makedirs(f"{hooks}/15-folder", exist_ok=True)
    told = 'echo "$CUBBY_ALERT_KIND|$CUBBY_ALERT_TEXT|$#"'
    for name, text, mode in (("10-fails", "exit 3", 0o755), ("20-keeps", f"{told} > {HOME}/hooked", 0o755),
                             ("30-off", f"touch {HOME}/off", 0o644), (".40-hidden", f"touch {HOME}/off", 0o755),
                             ("50-before~", f"touch {HOME}/off", 0o755), ("60-last", f"touch {HOME}/last", 0o755)):
        with open(f"{hooks}/{name}", "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\n{text}\n")
        os.chmod(f"{hooks}/{name}", mode)
    os.chmod("/etc/cubby", 0o755)
    watch = subprocess.Popen(["sandbox", "--as", "parent", "cubby", "watch", "--json", "--timeout", "60"],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                             stdin=subprocess.DEVNULL)
    try:
        # A wrong code is fast; three in a row are odd. It must be known to the keeper first.
        secret_file("wrong", recovery_text(bytes(16)))
        for _ in range(20):
            for _ in range(3):
                cubby("export", "list", "--recovery-file", f"{SHARED}/wrong", status=4)
            if select.select([watch.stdout], [], [], 1)[0]:
                break
        alert = json.loads(watch.stdout.readline())
        assert alert["kind"] == "odd-access" and alert["text"], alert
        assert "10-fails did not succeed" in watch.stderr.readline()
        for _ in range(300):
            if os.path.exists(f"{HOME}/last"):
                break
            time.sleep(0.1)
        with open(f"{HOME}/hooked", encoding="utf-8") as file:
            assert file.read().strip() == f"odd-access|{alert['text']}|0"
        assert not os.path.exists(f"{HOME}/off")
    finally:
        watch.kill()
        _, said = watch.communicate()
    assert said == "", said
    assert cubby("watch", "--timeout", "1", status=3) == ""


def json_is_as_its_schema():
    """Every other --json is as schemas/json/cubby-cli-1.schema.json says, and eyes see where not."""
    cubby("profile", "add", "ada", "--adult", *CODE)
    item = asked("import", f"{SHARED}/said.wav", "--profile", "ada", "--transcript", "hi", *CODE)["id"]
    shown = asked("show", item, *CODE)
    asked("play", item, "-o", f"{HOME}/x.wav", *CODE)
    for words in (("profile", "list"), ("consent", "show"), ("retention", "show"), ("doctor",),
                  ("policy",), ("log",), ("retention", "set", "mia", "audio", "6d"), ("drill",),
                  ("status",), ("delete", item, "--yes", "--receipt", f"{HOME}/receipt"),
                  ("receipt", "verify", f"{HOME}/receipt"),
                  ("consent", "withdraw", "mia", "location"),
                  ("profile", "add", "eva", "--child", *CODE),
                  ("consent", "grant", "eva", "location", *CODE), ("profile", "remove", "eva", "--yes"),
                  ("profile", "remove", "ada", "--yes")):
        asked(*words)
    assert asked("status", role="stranger").keys() < asked("status").keys()
    for change in ({"id": "zz"}, {"more": 1}, {"started": None}, {"kinds": ["dreams"]},
                   {"expires": {"audio": 3}}, {"duration_s": "1"}):
        assert schema.wrong(schema.of(["show"]), shown | change), change
    assert schema.wrong(schema.of(["show"]), {})


def shells(tap):
    import completion
    for shell, check in completion.offered():
        title = f"{shell} completes commands, options, people and items"
        if check:
            tap.run(title, check, shell, os.path.join(WORLD, "source"))
        else:
            tap.skip(title, f"there is no {shell} here")


def enrolled(profile):
    """As a parent: the voiceprint of the adult with this id."""
    keeper = Keeper()
    secrets = keeper.prove("Anna", None, code=code_of("recovery"))
    voiceprint = keeper.voiceprint()
    keeper.enrol(keeper.enrolment(secrets["sign"], profile, voiceprint), voiceprint)


def a_consent_ends():
    """R20: the consent to a voiceprint ends by itself, and parents are told before."""
    otto, = [row["id"] for row in asked("profile", "list") if row["name"] == "otto"]
    done = mine("enrolled", otto)
    assert done.returncode == 0, done.stderr
    assert "voiceprint" not in " ".join(asked("status")["alerts"])
    run("sandbox", "--stop", "keeper", role="root")
    owner = os.stat(f"{WORLD}/state")
    with pages.database(f"{WORLD}/state/cubby.db") as db:
        db.execute("UPDATE voiceprint SET made_min = made_min - 60 * 1440,"
                   " expires_min = made_min + 3 * 1440")
    for name in os.listdir(f"{WORLD}/state"):
        os.chown(f"{WORLD}/state/{name}", owner.st_uid, owner.st_gid)
    run("sandbox", "--start", "keeper", role="root")
    alert, = [text for text in asked("status")["alerts"] if "voiceprint" in text]
    assert "of otto ends in 3 days" in alert, alert


def interrupted(wait_ms, *words):
    """As a parent who presses Ctrl-C after a while: the exit status."""
    process = subprocess.Popen(["cubby", *words], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(wait_ms / 1000)
    process.send_signal(signal.SIGINT)
    return process.wait(60)


def whole_if_called_so(takeout):
    """takeout.json is written last: where it is, each file that it names is, too.

    (Ctrl-C may come between its writing and the end of the program: then it is there, and rightly.)
    """
    if not os.path.exists(f"{takeout}/takeout.json"):
        return
    with open(f"{takeout}/takeout.json", encoding="utf-8") as file:
        for item in json.load(file)["items"]:
            assert "sound" not in item or os.path.exists(f"{takeout}/{item['sound']}"), item


def stopped(folder):
    """Wherever it comes: what is written is whole, or is not called so, and the next try does it."""
    page, anna = f"{folder}/family.html", ("--parent", "Anna", *CODE)
    os.mkdir(folder)
    for wait_ms in (5, 30, 60, 100, 200):
        named = f"{folder}/takeout-{wait_ms}"
        ended = interrupted(wait_ms, "takeout", "mia", "-o", named, *anna)
        assert ended in (0, -signal.SIGINT), ended
        assert os.path.exists(f"{named}/takeout.json") or ended, "no takeout, and no word of it"
        whole_if_called_so(named)
        before = os.path.exists(page)
        ended = interrupted(wait_ms, "report", "-o", page)
        assert ended in (0, -signal.SIGINT), ended
        if os.path.exists(page):
            with open(page, encoding="utf-8") as file:
                assert file.read().rstrip().endswith("</html>"), "half a report"
        assert os.path.exists(page) or not before and ended, "the report of before is gone"
        assert interrupted(wait_ms, "list", "--grep", "dragon", *anna) in (0, -signal.SIGINT)
    assert all(name == "family.html" or name.startswith("takeout-") for name in os.listdir(folder)), \
        os.listdir(folder)
    subprocess.run(["cubby", "takeout", "mia", "-o", f"{folder}/last", *anna], check=True,
                   stdout=subprocess.DEVNULL)
    assert os.path.exists(f"{folder}/last/takeout.json")


def ctrl_c():
    """Ctrl-C in takeout, report and a search leaves things whole."""
    done = mine("stopped", f"{HOME}/stopped")
    assert done.returncode == 0, done.stderr


def code_of(name):
    """The 16 bytes of a recovery code."""
    with open(f"{HOME}/{name}", encoding="utf-8") as file:
        whole = 0
        for digit in file.read().strip().replace("-", ""):
            whole = whole << 5 | "0123456789ABCDEFGHJKMNPQRSTVWXYZ".index(digit)
    return (whole >> 32).to_bytes(16, "big")


def mine(*words):
    """This file, as a parent."""
    return subprocess.run(["sandbox", "--as", "parent", "/usr/bin/python3", "-B",
                           os.path.abspath(__file__), *words], capture_output=True, text=True,
                          timeout=120, check=False)


def main():
    import hand_parents
    import hand_words
    tap = Tap()
    for step in (begin, many_are_one_alert, words_are_found, takeout_is_the_listing,
                 a_profile_is_renamed, *hand_words.STEPS, watched, json_is_as_its_schema):
        tap.run((step.__doc__ or step.__name__).strip(), step)
    shells(tap)
    for step in (hand_parents.another_parent, hand_parents.passphrase_and_code_change):
        tap.run(step.__doc__, step)
    if shutil.which("zbarimg"):
        tap.run(hand_parents.qr_is_read.__doc__, hand_parents.qr_is_read)
    else:
        tap.skip(hand_parents.qr_is_read.__doc__, "there is no zbarimg here")
    tap.run(ctrl_c.__doc__, ctrl_c)
    tap.run(a_consent_ends.__doc__, a_consent_ends)
    tap.run(hand_parents.a_parent_is_removed.__doc__, hand_parents.a_parent_is_removed)
    return tap.done()


if __name__ == "__main__":
    from hand_parents import switched, taken
    steps = {"deposits": lambda n: deposits(int(n)), "enrolled": enrolled, "stopped": stopped,
             "taken": taken, "switched": switched}
    sys.exit(steps[sys.argv[1]](sys.argv[2]) if sys.argv[1:] else main())
