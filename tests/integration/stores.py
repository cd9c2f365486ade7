# SPDX-License-Identifier: Apache-2.0
"""The stores of a running keeper, as root who can read its files: what a reset leaves, and that the
list of files is closed."""

import json
import os
import re
import subprocess
import sys
import wave

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import pages            # noqa: E402
from tap import Tap     # noqa: E402

WORLD = os.environ["CUBBY_SANDBOX_DIR"]
STATE = os.path.join(WORLD, "state")
TMP = os.path.join(WORLD, "tmp")
PASSPHRASE = "velvet harbour nineteen umbrellas"
FOUNDER, NICKNAME = "Robin Zweifelhofer", "Adelgundis"


def run(*command, role="parent"):
    return subprocess.run(["sandbox", "--as", role, *command], capture_output=True, text=True,
                          timeout=60, check=False, stdin=subprocess.DEVNULL,
                          env=dict(os.environ, CUBBY_PASSPHRASE_FILE=f"{TMP}/passphrase"))


def good(tap, title, *command):
    done = run(*command)
    tap.ok(done.returncode == 0, title, f"{done.returncode} {done.stdout}{done.stderr}")
    return done.stdout


def traces(*needles):
    """How often each is in any file of the state directory."""
    found = {needle: 0 for needle in needles}
    for name in os.listdir(STATE):
        with open(os.path.join(STATE, name), "rb") as file:
            content = file.read()
        for needle in needles:
            found[needle] += content.count(needle)
    return found


def strangers():
    """Files of the state directory that daemon/stores.c does not register."""
    with open(os.path.join(ROOT, "daemon", "stores.c"), encoding="utf-8") as file:
        known = set(re.findall(r'^\t\{ "([^"]+)", STORES_', file.read(), re.M))
    assert len(known) > 5, known
    return sorted(set(os.listdir(STATE)) - known)


def device_key():
    with open(os.path.join(STATE, "device.key"), "rb") as file:
        return file.read()


def household(tap):
    with open(f"{TMP}/passphrase", "w", encoding="utf-8") as file:
        file.write(PASSPHRASE + "\n")
    os.chmod(f"{TMP}/passphrase", 0o644)
    with wave.open(f"{TMP}/said.wav", "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(os.urandom(32000))
    os.chmod(f"{TMP}/said.wav", 0o644)
    good(tap, "a household is made", "cubby", "setup", "--parent", FOUNDER, "--recovery-file",
         f"{WORLD}/home/parent/recovery-{os.urandom(4).hex()}")
    good(tap, "with an adult", "cubby", "profile", "add", NICKNAME, "--adult")
    good(tap, "who allows to keep", "cubby", "consent", "grant", NICKNAME, "audio", "transcript")
    good(tap, "and keeps something", "cubby", "import", f"{TMP}/said.wav", "--profile", NICKNAME)


def reset(tap):
    (item,) = json.loads(run("cubby", "list", "--json").stdout)
    old_key = device_key()
    needles = (bytes.fromhex(item["id"]), FOUNDER.encode(), NICKNAME.encode(), old_key)
    tap.ok(all(traces(*needles).values()), "before, all of it is in the files", traces(*needles))
    done = run("cubby", "reset", "--parent", "Somebody Else", "--yes")
    tap.ok(done.returncode == 1 and "name" in done.stderr, "a reset with another name is refused",
           done.stderr)
    done = run("cubby", "reset")
    tap.ok(done.returncode == 2 and "--parent" in done.stderr,
           "and one without a terminal that names nobody", done.stderr)
    tap.ok(all(traces(*needles).values()), "both erase nothing")
    for role in ("ear", "stranger", "root"):
        done = run("cubby", "reset", "--parent", FOUNDER, "--yes", role=role)
        tap.ok(done.returncode == 4, f"R13 {role} cannot reset", f"{done.returncode} {done.stderr}")
    receipt = f"{WORLD}/home/parent/receipt.json"
    said = good(tap, "R1 a parent resets without a passphrase", "cubby", "reset", "--parent",
                FOUNDER, "--yes", "--receipt", receipt)
    tap.ok("Receipt" in said, "and gets a receipt", said)
    with open(receipt, encoding="utf-8") as file:
        body = json.load(file)
    tap.ok(body["reason"] == "reset" and body["items"] == 1, "of a reset", body)
    good(tap, "signed with the old key", "cubby", "receipt", "verify", receipt, "--key", body["key"])
    tap.ok(not any(traces(*needles).values()), "R1 nothing of it is in any file", traces(*needles))
    tap.ok(device_key() != old_key, "the keeper has another key")
    tap.ok(strangers() == [], "R5 the state directory holds what is registered", strangers())
    status = json.loads(run("cubby", "status", "--json").stdout)
    tap.ok(not status["household"] and status["items"] == 0 and status["profiles"] == 0
           and status["device_trusted"] and status["device_key"] != body["key"],
           "the status is that of a new keeper", status)
    done = run("cubby", "reset", "--parent", FOUNDER, "--yes")
    tap.ok(done.returncode == 10, "there is nothing to reset now", f"{done.returncode} {done.stderr}")


def purge(tap):
    """What the removal of the package does."""
    needles = (FOUNDER.encode(), NICKNAME.encode(), device_key())
    erase = ("cubbyd", "--erase-everything", "--state-dir", STATE)
    done = run(*erase, role="keeper")
    tap.ok(done.returncode == 1 and all(traces(*needles).values()),
           "while a keeper runs nobody else erases everything", done.stderr)
    run("sandbox", "--stop", "keeper", role="root")
    done = run(*erase, role="keeper")
    tap.ok(done.returncode == 0 and "erasure level E" in done.stderr,
           "R11 the keeper erases everything before it is removed, and says the level", done.stderr)
    body = json.loads(done.stdout or "{}")
    tap.ok(body.get("reason") == "reset" and body["items"] == 1, "with a receipt", done.stdout)
    receipt = f"{WORLD}/home/parent/last.json"
    with open(receipt, "w", encoding="utf-8") as file:
        file.write(done.stdout)
    good(tap, "that holds", "cubby", "receipt", "verify", receipt, "--key", body.get("key", ""))
    tap.ok(os.listdir(STATE) == [], "R5 and no file is left", os.listdir(STATE))
    done = run(*erase, role="keeper")
    tap.ok(done.returncode == 0 and '"items":0' in done.stdout.replace(" ", "")
           and os.listdir(STATE) == [], "a second time there is nothing to erase", done.stdout)


def status():
    return json.loads(run("cubby", "status", "--json").stdout)


def drill(tap):
    tap.ok(status()["drill"] is None, "no drill yet", status())
    said = good(tap, "R32 the drill goes well", "cubby", "drill")
    tap.ok("well" in said, "and says so", said)
    tap.ok(status()["drill"]["ok"] and status()["profiles"] == 1 and status()["items"] == 1,
           "the status shows it, and nothing of the canaries", status())
    log = good(tap, "it is in the access log", "cubby", "log", "--json")
    tap.ok('"drill"' in log or "drill" in log, "as a drill", log)
    with open(f"{STATE}/cache.json", "w", encoding="utf-8") as file:
        file.write("{}")
    os.chmod(f"{STATE}/cache.json", 0o644)
    done = run("cubby", "drill", "--json")
    tap.ok(done.returncode == 11 and not json.loads(done.stdout)["ok"],
           "R32 a file that is no store: 11", f"{done.returncode} {done.stdout}{done.stderr}")
    now = status()
    tap.ok(not now["drill"]["ok"] and any("drill" in text for text in now["alerts"]),
           "the status shows it, with an alert", now)
    os.unlink(f"{STATE}/cache.json")
    done = run("cubby", "drill")
    tap.ok(done.returncode == 0 and not status()["alerts"], "once it is gone the alert is, too",
           f"{done.stderr} {status()}")
    for role in ("ear", "stranger", "root"):
        done = run("cubby", "drill", role=role)
        tap.ok(done.returncode == 4, f"R13 {role} cannot drill", f"{done.returncode} {done.stderr}")
    run("sandbox", "--stop", "keeper", role="root")
    plant()
    run("sandbox", "--start", "keeper", role="root")
    done = run("cubby", "drill")
    tap.ok(done.returncode == 11 and "body" in done.stderr + done.stdout
           or "bodies" in done.stderr, "R32 a planted body is found", done.stderr)
    now = status()
    tap.ok("bodies" in " ".join(now["drill"]["found"]) and now["alerts"], "and told", now)


def plant():
    """A body that no part names, as a bug or a crash might leave it."""
    with pages.database(f"{STATE}/cubby.db") as db:
        db.execute("INSERT INTO body (sealed) VALUES (randomblob(3000))")
    for name in os.listdir(STATE):
        os.chown(f"{STATE}/{name}", os.stat(STATE).st_uid, os.stat(STATE).st_gid)


def main():
    tap = Tap()
    os.umask(0o022)
    household(tap)
    drill(tap)
    reset(tap)
    household(tap)
    done = run("cubby", "log", "--verify")
    tap.ok(done.returncode == 0, "the new household's access log verifies", done.stdout + done.stderr)
    run("sandbox", "--stop", "keeper", role="root")
    run("sandbox", "--start", "keeper", role="root")
    items = json.loads(run("cubby", "list", "--json").stdout)
    tap.ok(len(items) == 1, "what the new household keeps survives a restart", items)
    purge(tap)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
