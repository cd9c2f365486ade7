#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What README says of packages, done: an older keeper installed and used, upgraded with its data
(first with a migration that cannot go through), the demo's story by an audio user, a parent and a
stranger, without systemd and without a network; removed, installed again, purged, and every byte of
the disk looked at. In between, the previous commit's packages are upgraded, too.

usage: test_installed.py [NEW OLDER PREVIOUS]    folders of packages that are built already"""

import contextlib
import glob
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile

from debian import PACKAGES, REPOSITORY, alone, tries, why_not
from capture import Capture
from tap import Tap
import pages

TOOLS = ("dbus", "pulseaudio", "pulseaudio-utils", "pocketsphinx-testdata", "python3", "sudo",
         "procps", "busybox", "systemd-standalone-sysusers", "systemd-standalone-tmpfiles")
NICKNAME, WORDS = "Adelgundis", "zwetschgenkuchen mit streuseln"
PASSPHRASE = "velvet harbour nineteen umbrellas"
STATE = "/var/lib/cubby"
ROUNDS = int(os.environ.get("CUBBY_TEST_ROUNDS", "2"))
SHIMS = {
    "sandbox": 'shift\nrole=$1\nshift\nexec sudo -u "$role" -H --preserve-env=CUBBY_PASSPHRASE_FILE -- "$@"',
    "cubby-listen": 'exec sudo -u ear -H -- /usr/bin/cubby-listen --source room.monitor "$@"',
}
SOUND = ("pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no",
         "--disable-shm=yes", "--realtime=no", "--high-priority=no", "-L",
         "module-null-sink sink_name=room rate=16000 channels=1 format=s16le norewinds=1", "-L",
         "module-native-protocol-unix socket=/run/pulse/native auth-anonymous=1")


def said(command, **more):
    return subprocess.run(command, check=True, capture_output=True, text=True, **more).stdout.strip()


def newest():
    """The schema's newest step that makes a table: its file and the table."""
    for path in sorted(glob.glob(f"{REPOSITORY}/schemas/sql/*.sql"), reverse=True):
        with open(path, encoding="utf-8") as file:
            made = re.search(r"CREATE TABLE (\w+)", file.read())
        if made:
            return path, made[1]
    raise AssertionError("no step makes a table")


def older():
    """The commit before that step, or None where its history is not here."""
    with contextlib.suppress(subprocess.CalledProcessError):
        step = said(["git", "-C", REPOSITORY, "log", "-1", "--diff-filter=A", "--format=%H", "--",
                     newest()[0]])
        return said(["git", "-C", REPOSITORY, "rev-parse", f"{step}^"])
    return None


def build_old(commit, place, name):
    """Its packages, as an older version; their folder."""
    tree, archive = f"{place}/{name}-tree", f"{place}/{name}.tar"
    os.mkdir(tree)
    said(["git", "-C", REPOSITORY, "archive", "-o", archive, commit])
    said(["tar", "-x", "-C", tree, "-f", archive])
    if not os.path.isdir(f"{tree}/packaging/debian"):     # then in the first packaging there was
        first = said(["git", "-C", REPOSITORY, "log", "--diff-filter=A", "--format=%H", "--",
                      "packaging/debian/control"]).splitlines()[-1]
        for name in ("packaging", "script"):
            shutil.rmtree(f"{tree}/{name}")
        said(["git", "-C", REPOSITORY, "archive", "-o", archive, first, "packaging", "script"])
        said(["tar", "-x", "-C", tree, "-f", archive])
    changelog = f"{tree}/packaging/debian/changelog"
    with open(changelog, encoding="utf-8") as file:
        text = file.read()
    with open(changelog, "w", encoding="utf-8") as file:
        file.write(re.sub(r"\(([^)]+)\)", rf"(\1~{name})", text, count=1))
    for symbols in glob.glob(f"{tree}/packaging/debian/*.symbols"):
        os.unlink(symbols)
    said([f"{tree}/script/package", f"{place}/{name}"], cwd=tree)
    return f"{place}/{name}"


class Story:
    """The machine and who lives on it."""

    def __init__(self, tap, debian):
        self.tap, self.debian = tap, debian

    def cubby(self, *words, user="parent"):
        return self.debian.run("cubby", *words, user=user, CUBBY_PASSPHRASE_FILE="/home/parent/pass",
                               timeout=120)

    def good(self, title, done):
        lines = done.stdout.splitlines()
        wrong = "".join("\n".join(lines[max(0, i - 4):i + 1]) + "\n"
                        for i, line in enumerate(lines) if " NO " in line)
        return self.tap.ok(done.returncode == 0, title, wrong + done.stdout[-4000:])

    def packages(self, folder):
        """Copies packages into the machine; what apt takes."""
        shutil.rmtree(self.debian.path("packages"), ignore_errors=True)
        os.mkdir(self.debian.path("packages"))
        found = [path for name in PACKAGES for path in glob.glob(f"{folder}/{name}_*.deb")]
        for path in found:
            shutil.copy(path, self.debian.path("packages"))
        return [f"/packages/{os.path.basename(path)}" for path in found]

    def people(self):
        for user, group in (("ear", "cubby-ear"), ("parent", "cubby-parents"), ("stranger", None)):
            self.debian.run("useradd", "-m", user)
            if group:
                self.debian.run("usermod", "-aG", group, user)
        self.debian.write("etc/sudoers.d/world", "ALL ALL=(ALL) NOPASSWD:SETENV: ALL\n", 0o440)
        self.debian.write("etc/pulse/client.conf.d/world.conf",
                          "default-server = unix:/run/pulse/native\nautospawn = no\n")
        for name, text in SHIMS.items():
            self.debian.write(f"world/bin/{name}", f"#!/bin/sh\n{text}\n", 0o755)
        os.symlink(STATE, self.debian.path("world/state"))
        shutil.copy(f"{REPOSITORY}/tests/support/story.py", self.debian.path("world"))
        # As where sysvinit is the first process: services are started and stopped by their scripts.
        self.debian.write("usr/sbin/policy-rc.d", "#!/bin/sh\nexit 0\n", 0o755)
        self.debian.write("home/parent/pass", PASSPHRASE + "\n", 0o644)

    def services(self):
        """A bus and a sound server: nothing else runs here."""
        os.makedirs(self.debian.path("run/dbus"), exist_ok=True)
        self.debian.run("dbus-uuidgen", "--ensure")
        self.debian.begin("dbus-daemon", "--system", "--nofork", "--nopidfile")
        self.debian.run("install", "-d", "-o", "pulse", "-g", "pulse", "-m", "755", "/run/pulse",
                        "/home/pulse")
        self.debian.begin(*SOUND, user="pulse", PULSE_RUNTIME_PATH="/run/pulse")
        self.debian.wait(lambda: os.path.exists(self.debian.path("run/dbus/system_bus_socket"))
                         and os.path.exists(self.debian.path("run/pulse/native")), "bus and sound")
        os.chmod(self.debian.path("run/pulse"), 0o755)

    def version(self):
        """The schema's, of a keeper that has ended."""
        with contextlib.closing(sqlite3.connect(
                f"file:{self.debian.path(STATE)}/cubby.db?mode=ro", uri=True)) as db:
            return db.execute("PRAGMA user_version").fetchone()[0]

    def household(self):
        """A home with something kept, by a name and words that are nowhere else on the disk."""
        self.debian.run("dd", "if=/dev/urandom", "of=/home/parent/said.raw", "bs=32000", "count=1")
        self.debian.run("sh", "-c", "python3 -c \"import wave; w = wave.open('/home/parent/said.wav',"
                        " 'wb'); w.setnchannels(1); w.setsampwidth(2); w.setframerate(16000);"
                        " w.writeframes(open('/home/parent/said.raw', 'rb').read())\"")
        self.good("a household is made", self.cubby(
            "setup", "--parent", "Robin", "--recovery-file", f"/home/parent/{os.urandom(4).hex()}"))
        self.good("with an adult", self.cubby("profile", "add", NICKNAME, "--adult"))
        self.good("who keeps something", self.cubby(
            "import", "/home/parent/said.wav", "--profile", NICKNAME, "--transcript", WORDS))

    def kept(self):
        """What is kept, opened."""
        done = self.cubby("list", "--transcripts", "--json")
        with contextlib.suppress(ValueError):
            return [(row["id"], row["transcript"]) for row in json.loads(done.stdout)]
        return done.stdout

    # The chapters.

    def old_keeper(self, folder):
        self.good("an older version is installed with apt",
                  self.debian.apt("install", *self.packages(folder)))

    def failed_migration(self, folder):
        """A table of that name is there already: the step cannot go through, and says so."""
        table = newest()[1]
        self.debian.run("/etc/init.d/cubbyd", "stop")
        before = self.version()
        with pages.database(f"{self.debian.path(STATE)}/cubby.db") as db:
            db.execute(f"CREATE TABLE {table} (x)")
        self.debian.run("chown", "-R", "cubby:cubby", STATE)
        done = self.debian.apt("install", *self.packages(folder))
        self.tap.ok(f"{STATE}/cubby.db" in done.stdout and table in done.stdout,
                    "an upgrade that cannot migrate says so", done.stdout[-4000:])
        self.tap.ok(self.version() == before, "and leaves the database as it was", self.version())
        with pages.database(f"{self.debian.path(STATE)}/cubby.db") as db:
            db.execute(f"DROP TABLE {table}")
        self.debian.run("chown", "-R", "cubby:cubby", STATE)
        return before, len(glob.glob(f"{REPOSITORY}/schemas/sql/*.sql"))

    def upgrade(self, folder, before):
        had, (old, new) = before, self.failed_migration(folder)
        self.good("once that is set right the upgrade goes through",
                  self.debian.run("dpkg", "--configure", "-a"))
        self.good("and the keeper runs, by its script",
                  self.debian.run("/etc/init.d/cubbyd", "stop"))
        self.tap.ok(self.version() == new > old, "the database is at the newest step",
                    (old, self.version()))
        self.good("it starts again", self.debian.run("/etc/init.d/cubbyd", "start"))
        self.tap.ok(self.kept() == had, "everything kept is there and opens", self.kept())
        self.good("the access log holds", self.cubby("log", "--verify"))

    def without_systemd(self):
        script = "/etc/init.d/cubbyd"
        self.good("the script says that it runs", self.debian.run(script, "status"))
        (pid,) = self.debian.programs("/cubbyd")
        owner = os.stat(f"/proc/{pid}").st_uid
        self.tap.ok(self.debian.run("id", "-u", "cubby").stdout.strip() ==
                    said(["stat", "-c", "%u", self.debian.path(STATE)]), "as the owner of its state")
        self.tap.ok(owner == 0 or owner == os.stat(self.debian.path(STATE)).st_uid, "not as another")
        self.good("it restarts", self.debian.run(script, "restart"))
        self.tap.ok(self.debian.programs("/cubbyd") not in ([], [pid]), "as another process")
        self.good("it stops", self.debian.run(script, "stop"))
        self.tap.ok(self.debian.run(script, "status").returncode == 3, "and says so")
        self.good("the bus starts it when it is asked", self.cubby("status"))
        self.good("which the script sees", self.debian.run(script, "status"))
        self.good("and stops", self.debian.run(script, "stop"))
        self.debian.run("sh", "-c", "mkdir -p /busybox && busybox --install -s /busybox")
        for verb in ("start", "status", "stop"):
            self.good(f"BusyBox's tools do for it: {verb}",
                      self.debian.run(script, verb, PATH="/busybox:/usr/sbin"))
        shutil.rmtree(self.debian.path("busybox"))
        self.good("it starts again", self.debian.run(script, "start"))

    def demo(self):
        """The demo's story, from the first to the last word, each time as the demo begins it: with
        an ear that has heard nothing yet."""
        heard = self.debian.path("world/ear.jsonl")
        for number in range(ROUNDS):
            self.debian.write("world/ear.jsonl", "")
            self.debian.begin("/usr/bin/cubby-listen", "--json", "--source", "room.monitor",
                              user="ear", out=heard)
            self.debian.wait(lambda: '"ready"' in self.debian.read("world/ear.jsonl"), "the ear")
            done = self.debian.run(
                "python3", "/world/story.py", "--narrate", user="parent", timeout=900,
                PATH="/world/bin:" + "/usr/sbin:/usr/bin:/sbin:/bin", CUBBY_SANDBOX_DIR="/world")
            self.good(f"the demo's story, round {number + 1}", done)
            self.good("everything is reset", self.cubby("reset", "--parent", "Robin", "--yes"))
            self.debian.run("sh", "-c", "rm -rf /home/parent/[!ps]* /home/parent/played.wav "
                            "/home/parent/passphrase /home/parent/story.json")
            for pid in self.debian.programs("/cubby-listen"):
                os.kill(pid, 15)
            self.debian.wait(lambda: not self.debian.programs("/cubby-listen"), "the ear's end")
        refused = self.cubby("list", user="ear")
        self.tap.ok(refused.returncode == 4, "R13 the audio user may not list", refused.stdout)

    def purged_users(self):
        text = self.debian.read("etc/passwd") + self.debian.read("etc/group")
        return sorted(set(re.findall(r"\bcubby[\w-]*", text)))

    def remove(self, folder):
        had = self.kept()
        done = self.debian.apt("remove", "cubbyd")
        self.good("removed", done)
        self.tap.ok(not self.debian.programs("/cubbyd"), "the keeper has ended")
        self.tap.ok(os.path.exists(f"{self.debian.path(STATE)}/cubby.db"), "what it kept is there")
        self.good("installed again", self.debian.apt("install", *self.packages(folder)))
        self.tap.ok(self.kept() == had and had, "everything kept is there and opens", self.kept())

    def purge(self):
        done = self.debian.apt("purge", *PACKAGES)
        self.good("purged", done)
        self.tap.ok("erasure level E" in done.stdout and '"reset"' in done.stdout,
                    "R11 by the keeper's own deletion, which says its level and has a receipt",
                    done.stdout[-3000:])
        self.nothing_left()

    def upgrade_previous(self, previous, folder):
        self.good("the previous commit's version is installed",
                  self.debian.apt("install", *self.packages(previous)))
        self.debian.run("usermod", "-aG", "cubby-parents", "parent")
        shutil.rmtree(self.debian.path("home/parent/.local"), ignore_errors=True)
        self.household()
        had = self.kept()
        self.good("and upgraded", self.debian.apt("install", *self.packages(folder)))
        self.tap.ok(self.kept() == had and had, "everything kept is there and opens", self.kept())

    def purge_without_keeper(self):
        """The keeper's copy was lost before the purge."""
        with open(f"{self.debian.path(STATE)}/device.key", "rb") as file:
            key = file.read()
        self.debian.apt("remove", *PACKAGES)
        shutil.rmtree(self.debian.path("var/lib/cubby-purge"))
        done = self.debian.run("dpkg", "--purge", "cubby-ear", "cubby-wyoming", "cubbyd")
        self.tap.ok(done.returncode == 0 and "overwritten instead" in done.stdout,
                    "a purge without the keeper overwrites, and says that it is no more than that",
                    done.stdout[-3000:])
        self.nothing_left()
        return key

    def nothing_left(self):
        self.tap.ok(self.purged_users() == [], "no user and no group is left", self.purged_users())
        shutil.rmtree(self.debian.path("packages"))
        left = [line for line in self.debian.run(
            "find", "/", "-xdev", "-iname", "*cubby*", "-not", "-path", "/proc/*", "-not", "-path",
            "/home/*", "-not", "-path", "/world/*").stdout.splitlines()]
        self.tap.ok(left == [], "no file is left", "\n".join(left))

    def users_by_hand(self):
        """For systems that have no systemd-sysusers."""
        shutil.copy(f"{REPOSITORY}/packaging/init/make-users", self.debian.path("root"))
        self.good("users and groups by hand", self.debian.run("/root/make-users"))
        again = self.debian.run("/root/make-users")
        member = re.search(r"^cubby-ear:.*cubby-wyoming", self.debian.read("etc/group"), re.M)
        self.tap.ok(again.returncode == 0 and member and self.purged_users() == [
            "cubby", "cubby-ear", "cubby-parents", "cubby-wyoming"], "all of them, once",
            again.stdout + str(self.purged_users()))


def count(image, needles):
    """How often each is on an image."""
    found = [0] * len(needles)
    longest = max(map(len, needles))
    with open(image, "rb") as file:
        tail = b""
        while chunk := file.read(16 << 20):
            for index, needle in enumerate(needles):
                found[index] += (tail + chunk).count(needle)
            tail = chunk[-longest + 1:]
    return found


def play(tap, debian, new, old, previous):
    story = Story(tap, debian)
    story.old_keeper(old)
    # What the newer one needs beyond it has to be here by then.
    story.good("an upgrade can be fetched",
               debian.apt("install", "--download-only", *story.packages(new)))
    # From here on there is no network, and somebody looks.
    with Capture() as capture:
        tap.ok(capture.sees(), "a packet of anybody's is seen")
        story.services()
        story.people()
        story.household()
        before = story.kept()
        tap.ok(before and WORDS in str(before), "which opens", before)
        story.upgrade(new, before)
        story.without_systemd()
        story.good("everything is reset", story.cubby("reset", "--parent", "Robin", "--yes"))
        story.demo()
        story.household()
        story.remove(new)
        with open(f"{debian.path(STATE)}/device.key", "rb") as file:
            needles = (NICKNAME.encode(), file.read())
        os.sync()
        tap.ok(all(count(debian.image, needles)), "the disk has the name and the keeper's key")
        story.purge()
        story.upgrade_previous(previous, new)
        needles += (story.purge_without_keeper(),)
        story.users_by_hand()
        debian.end_all()
        tap.ok(capture.packets() == 0, "R26 0 packets, all this time")
    debian.leave()
    found = count(debian.image, (*needles, WORDS.encode()))
    tap.ok(not any(found), "R11 nothing of it is anywhere on the disk", found)


def main():
    tap = Tap()
    ready = sys.argv[1:]
    commit = older()
    why = why_not(ready)
    if not why and not commit:
        why = "the history with an older schema is not here"
    if why:
        print(f"1..0 # SKIP {why}")
        return 0
    alone()
    with tempfile.TemporaryDirectory(prefix="cubby-packages-") as place:
        try:
            if not ready:
                said([f"{REPOSITORY}/script/package", f"{place}/new"])
                ready = [f"{place}/new", build_old(commit, place, "older"),
                         build_old("HEAD^", place, "previous")]
        except subprocess.CalledProcessError as error:
            tap.ok(False, "the packages are built and lintian has nothing to say",
                   error.stdout + error.stderr)
            return tap.done()
        tap.ok(True, "the packages are built and lintian has nothing to say")
        tries(tap, "installed", TOOLS, lambda debian: play(tap, debian, *ready))
    return tap.done()


sys.exit(main())
