# SPDX-License-Identifier: Apache-2.0
"""Bad input, bad weather, bad neighbours: as a parent in a sandbox. Each case says what the person
sees (one error that names the thing and the remedy), the exit status, and what must be left."""

import json
import os
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import dbus                         # noqa: E402
import story                        # noqa: E402
from keeper import Keeper           # noqa: E402
from tap import Tap                 # noqa: E402

DIRECTORY = os.environ["CUBBY_SANDBOX_DIR"]
HOME = os.environ["HOME"]
PASSPHRASE = "velvet harbour nineteen umbrellas"


def path(name, content=None, mode=0o600):
    full = os.path.join(HOME, name)
    if content is not None:
        with open(os.open(full, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
    return full


# The leak checker traces its process from outside, which the keeper's system call filter forbids.
os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"


def run(*command, role=None, env=None, timeout=90, stdin=subprocess.DEVNULL):
    full = (["sandbox", "--as", role] if role else []) + list(command)
    return subprocess.run(full, capture_output=True, text=True, timeout=timeout, check=False,
                          stdin=stdin, env={**os.environ, **(env or {})})


class Case:
    def __init__(self, tap):
        self.tap = tap

    def error(self, title, done, status, *words):
        """One error: this exit status, and a sentence on stderr with these words in it."""
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        good = done.returncode == status and 1 <= len(lines) <= 3 and \
            all(word.lower() in done.stderr.lower() for word in words)
        self.tap.ok(good, title, f"exit status {done.returncode}, expected {status} and {words}\n"
                    f"{done.stdout}{done.stderr}")

    def good(self, title, done):
        self.tap.ok(done.returncode == 0, title, done.stdout + done.stderr)
        return done


def listing():
    done = run("cubby", "list", "--json")
    return json.loads(done.stdout) if done.returncode == 0 else None


def usage(case):
    case.error("an unknown option", run("cubby", "list", "--frobnicate"), 2, "--frobnicate", "help")
    case.error("an unknown command", run("cubby", "frobnicate"), 2, "frobnicate", "help")
    case.error("a command without its argument", run("cubby", "play"), 2)
    case.error("an option without its value", run("cubby", "list", "--since"), 2, "--since")
    case.error("a time that is none", run("cubby", "list", "--since", "tuesdayish"), 2, "tuesdayish")
    case.error("cubby-listen: an unknown option", run("cubby-listen", "--frobnicate"), 2, "help")
    case.error("cubbyd: an unknown option", run("cubbyd", "--frobnicate", role="keeper"), 2, "help")
    conf = path("bad.conf", "[retention]\naudio = for ever\n", 0o644)
    os.chmod(HOME, 0o755)
    done = run("cubbyd", "--config", conf, "--state-dir", f"{DIRECTORY}/home/keeper/x",
               "--bus", os.environ["DBUS_SYSTEM_BUS_ADDRESS"], role="keeper")
    case.error("R2 cubbyd: retention for ever", done, 1, "bad.conf", "2", "for ever")


def household(case):
    case.error("no household yet", run("cubby", "list", "--transcripts"), 10, "setup")
    os.environ["CUBBY_PASSPHRASE_FILE"] = path("weak", "123456\n")
    case.error("R24 a weak passphrase", run("cubby", "setup", "--parent", "Robin",
                                            "--recovery-file", path("r0")), 1, "words")
    case.tap.ok(not os.path.exists(path("r0")), "and no recovery code is left of it")
    os.environ["CUBBY_PASSPHRASE_FILE"] = path("passphrase", PASSPHRASE + "\n")
    case.good("the household is made", run("cubby", "setup", "--parent", "Robin",
                                           "--recovery-file", path("recovery")))
    case.error("a second household", run("cubby", "setup", "--parent", "Eve", "--recovery-file",
                                         path("r1")), 1, "already")
    case.good("a child is added", run("cubby", "profile", "add", "mia", "--child"))
    case.good("an adult is added", run("cubby", "profile", "add", "ada", "--adult"))
    case.error("the same child again", run("cubby", "profile", "add", "mia", "--child"), 1, "name")
    case.error("a profile without a type", run("cubby", "profile", "add", "zoe"), 2, "--child")
    case.error("a name that is none", run("cubby", "profile", "add", "a b", "--child"), 1, "name")


def passphrases(case):
    wrong = path("wrong", "velvet harbour nineteen umbrella\n")
    for number in range(1, 6):
        done = run("cubby", "list", "--transcripts", "--passphrase-file", wrong)
        case.error(f"R24 a wrong passphrase, the {number}. of 5", done, 4, "passphrase")
    case.error("R24 after that even the right one has to wait",
               run("cubby", "list", "--transcripts"), 4, "try again in")
    run("sandbox", "--stop", "keeper")
    run("sandbox", "--start", "keeper")
    case.error("R24 the wait survives a restart", run("cubby", "list", "--transcripts"), 4,
               "try again in")
    case.good("R24 the recovery code is exempt", run("cubby", "list", "--transcripts",
                                                      "--recovery-file", path("recovery")))
    case.error("a passphrase file that is not there",
               run("cubby", "list", "--transcripts", "--passphrase-file", "/nonexistent"), 1,
               "/nonexistent")


def names(case):
    for what, command in (("consent for", ("consent", "grant", "nobody", "audio")),
                          ("a list of", ("list", "nobody")),
                          ("deletion of", ("delete", "--profile", "nobody", "--yes")),
                          ("removal of", ("profile", "remove", "nobody", "--yes"))):
        done = run("cubby", *command, "--recovery-file", path("recovery")) \
            if command[0] == "consent" else run("cubby", *command)
        case.error(f"{what} a profile that is not there", done, 10, "nobody")
    case.error("R20 consent for a kind that does not exist",
               run("cubby", "consent", "grant", "mia", "dreams"), 2, "dreams", "audio")
    case.error("R2 consent for ever", run("cubby", "consent", "grant", "mia", "audio", "--keep",
                                          "9999d"), 2, "9999d", "30 d")
    case.error("an item that is not there", run("cubby", "show", "0123456789abcdef0123456789abcdef",
                                                "--recovery-file", path("recovery")), 10)
    case.error("an id that is none", run("cubby", "show", "zebra"), 2, "zebra")
    case.error("a deletion of nothing", run("cubby", "delete"), 2)


def sounds(case):
    own = ("--profile", "ada", "--recovery-file", path("recovery"))
    for what, file, words in (("text for sound", path("text.wav", "hello " * 100), ["text.wav"]),
                              ("an empty file", path("empty.wav", b""), ["empty.wav"]),
                              ("half a WAV header", path("half.wav", b"RIFF\x24\0\0\0WAVEfm"),
                               ["half.wav"])):
        case.error(f"import: {what}", run("cubby", "import", file, *own), 1, *words)
        done = run("cubby-listen", "--file", file, timeout=30)
        case.tap.ok(done.returncode == 1 and (done.stderr + done.stdout).strip(),
                    f"cubby-listen: {what}", f"{done.returncode} {done.stdout}{done.stderr}")
    case.error("import: no such file", run("cubby", "import", path("missing.wav"), *own), 10,
               "missing.wav")
    case.error("R17 import for a child", run("cubby", "import", story.CHILDS.replace(
        "goforward.raw", "cards/001.wav"), "--profile", "mia", "--recovery-file",
        path("recovery")), 4, "mia")
    case.tap.ok(listing() == [], "nothing of all this was kept", listing())


def microphones(case):
    done = run("cubby-listen", "--json", "--source", "nowhere", "--utterances", "1", timeout=40)
    case.tap.ok(done.returncode == 1 and "nowhere" in done.stdout + done.stderr,
                "no microphone: an error that names it", done.stdout + done.stderr)
    out = path("unplugged.jsonl", b"")
    teller = story.Story(False)
    with open(out, "w", encoding="utf-8") as file:
        ear = subprocess.Popen(["cubby-listen", "--json"], stdout=file, stdin=subprocess.DEVNULL)
    try:
        case.tap.ok(teller.events(out, "ready"), "an ear listens")
        run("sandbox", "--stop", "sound")
        case.tap.ok(teller.events(out, "source-lost"), "microphone unplugged: source-lost")
        run("sandbox", "--start", "sound")
        case.tap.ok(teller.events(out, "source-back"), "plugged in again: source-back")
        teller.run("paplay", "--device=room", story.STRANGERS)
        final = teller.events(out, "final")
        case.tap.ok(final and final[0]["text"] == story.STRANGERS_WORDS, "and it hears again", final)
    finally:
        ear.terminate()
        ear.wait(20)


def keepers(case):
    before = listing()
    run("sandbox", "--stop", "keeper")
    case.error("no keeper", run("cubby", "list"), 8, "cubbyd")
    case.error("no bus", run("cubby", "list", env={
        "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent"}), 8)
    done = run("cubby", "status")
    case.tap.ok(done.returncode == 8, "status says so too", done.stdout + done.stderr)
    done = run("cubby-listen", "--json", "--profile", "mia", "--file", f"{story.DATA}/cards/001.wav")
    final = [json.loads(line) for line in done.stdout.splitlines() if '"final"' in line]
    case.tap.ok(len(final) == 1 and final[0]["text"] == "ten of clubs" and not final[0]["kept"]
                and final[0]["reason"], "an ear without a keeper understands, and keeps nothing",
                done.stdout + done.stderr)
    run("sandbox", "--start", "keeper")
    case.tap.ok(listing() == before, "the keeper comes back with what it had")
    done = run("cubbyd", "--state-dir", f"{DIRECTORY}/state", "--bus",
               os.environ["DBUS_SYSTEM_BUS_ADDRESS"], role="keeper", timeout=30)
    case.error("another keeper on the same state", done, 1, DIRECTORY)
    run("sandbox", "--stop", "bus")
    deadline = time.monotonic() + 10
    while subprocess.run(["pgrep", "-x", "cubbyd"], stdout=subprocess.DEVNULL,
                         check=False).returncode == 0 and time.monotonic() < deadline:
        time.sleep(0.05)
    case.tap.ok(time.monotonic() < deadline, "the bus goes: the keeper ends, for its manager to see")
    case.error("while it is gone", run("cubby", "list"), 8)
    run("sandbox", "--start", "bus")
    run("sandbox", "--start", "keeper")
    case.tap.ok(listing() == before, "bus restarted: all is as it was")


def messages(case):
    for what, data in (("noise", os.urandom(4096)), ("no greeting", b"\0" * 64),
                       ("a greeting and noise", b"\0AUTH EXTERNAL\r\n" + os.urandom(512))):
        with socket.socket(socket.AF_UNIX) as raw:
            raw.connect(os.environ["DBUS_SYSTEM_BUS_ADDRESS"].partition("=")[2])
            try:
                raw.sendall(data)
                raw.settimeout(1)
                raw.recv(100)
            except OSError:
                pass
        case.tap.ok(Keeper().call("Status", "Policy"), f"after {what} on the bus all answer")
    pid = subprocess.run(["pgrep", "-x", "cubbyd"], capture_output=True, text=True, check=False).stdout
    for size in (60000, 70000, 300000, 2000000):
        for role in ("parent", "stranger"):
            script = ("import sys; sys.path.insert(0, %r); import keeper; "
                      "keeper.Keeper().call('Status', 'Policy', 'a{sv}', keeper.dbus.Dictionary("
                      "{'x': 'y' * %d}, signature='sv'), timeout=5)") % (
                          os.path.join(HERE, "..", "support"), size)
            done = run(sys.executable, "-B", "-c", script, role=role)
            case.tap.ok(done.returncode != 0, f"{role}: a message of {size} bytes is refused",
                        done.stdout)
        now = subprocess.run(["pgrep", "-x", "cubbyd"], capture_output=True, text=True,
                             check=False).stdout
        case.tap.ok(now == pid and run("cubby", "status").returncode == 0,
                    f"and the keeper lives on after {size} bytes", f"{pid} {now}")
    for signature, arguments in (("s", ("x",)), ("a{sv}a{sv}", ({}, {})), ("", ()), ("u", (1,))):
        try:
            Keeper().call("Status", "Policy", signature, *[
                dbus.Dictionary(a, signature="sv") if isinstance(a, dict) else a for a in arguments])
            case.tap.ok(False, f"arguments '{signature}' for Status.Policy are refused")
        except (dbus.DBusException, TypeError) as error:
            case.tap.ok("InvalidArg" in str(error), f"arguments '{signature}' for Status.Policy are "
                        "refused", error)


def disk_full(case):
    """The state on a small file system that somebody fills."""
    state = f"{DIRECTORY}/state"
    run("sandbox", "--stop", "keeper")
    setup = (f"mount -t tmpfs -o size=48m,mode=0700,uid=41001,gid=41001 small {state}-small 2>&1 || exit 1;"
             f"cp -a {state}/. {state}-small/ && mount --move {state}-small {state}")
    done = run("sh", "-c", f"mkdir {state}-small; {setup}", role="root")
    if done.returncode:
        case.tap.ok(False, "the state directory moves to a small file system",
                    done.stdout + done.stderr)
        return
    case.good("the keeper runs on a small file system", run("sandbox", "--start", "keeper"))
    own = ("--profile", "ada", "--recovery-file", path("recovery"))
    sound = f"{story.DATA}/librivox/sense_and_sensibility_01_austen_64kb-0870.wav"
    for _ in range(3):
        case.good("an import is acknowledged", run("cubby", "import", sound, *own))
    before = listing()
    case.tap.ok(before and len(before) == 3, "all three are there", before)
    case.good("root fills the disk", run("sh", "-c", f"dd if=/dev/zero of={state}/../state/filler "
                                         "bs=64k 2>/dev/null; dd if=/dev/zero of="
                                         f"{state}/filler2 bs=512 2>/dev/null; df -k {state}",
                                         role="root"))
    refused = 0
    for _ in range(4):
        done = run("cubby", "import", sound, *own)
        if done.returncode:
            case.error("disk full: an import is refused", done, 1, "full", "room")
            refused += 1
    case.tap.ok(refused > 0, "the disk is full indeed")
    done = run("cubby", "list", "--json")
    if done.returncode:     # a look that cannot be logged is not allowed
        case.error("R14 disk full: a list that cannot be logged is refused", done, 1, "full", "room")
    case.error("a deletion nobody can confirm", run("cubby", "delete", "--all"), 2, "--yes")
    case.good("R8 deleting works with no space left",
              run("cubby", "delete", before[0]["id"], "--yes"))
    run("sh", "-c", f"rm {state}/filler {state}/filler2", role="root")
    now = listing()
    case.tap.ok(now is not None and len(now) == 3 + 4 - refused - 1 and
                {row["id"] for row in before[1:]} <= {row["id"] for row in now},
                "nothing that was acknowledged is lost", now)
    case.good("with space again an import works", run("cubby", "import", sound, *own))
    run("sandbox", "--stop", "keeper")
    case.good("and the keeper starts on what is there", run("sandbox", "--start", "keeper"))
    case.good("everything is deleted", run("cubby", "delete", "--all", "--yes"))
    case.tap.ok(listing() == [], "and gone", listing())


def main():
    tap = Tap()
    case = Case(tap)
    for part in (usage, household, names, sounds, microphones, keepers, messages, disk_full,
                 passphrases):
        tap.run(f"({part.__name__})", part, case)
    return tap.done()


sys.exit(main())
