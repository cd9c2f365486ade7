#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The packages where systemd is the first process, installed by the commands of README.md: users,
directories and units, what kills a service and what starts it again, the ears' confinement from
outside, the credential of docs/INSTALL.md, the purge.

usage: test_booted.py [PACKAGES]    a folder of packages that are built already"""

import glob
import json
import os
import re
import shutil
import sys

from debian import PACKAGES, POLICY, REPOSITORY, tries_packages
from machine import Machine
from disk import Unable

TOOLS = ("systemd", "systemd-sysv", "libpam-systemd", "dbus", "dbus-user-session", "python3",
         "netcat-openbsd")
KEEPER, STATE = "cubbyd.service", "/var/lib/cubby"
CREDENTIAL = "/etc/credstore.encrypted/cubby.device-key"
PASSPHRASE = "velvet harbour nineteen umbrellas"


def commands(page, heading):
    """The first block of commands under a heading of a page, as root gives them."""
    with open(f"{REPOSITORY}/{page}", encoding="utf-8") as file:
        text = file.read().split(f"\n{heading}\n")[1]
    return re.search(r"(?:^    .*\n)+", text, re.M)[0].replace("sudo ", "").splitlines()


class Booted:
    def __init__(self, tap, debian, machine):
        self.tap, self.debian, self.machine = tap, debian, machine

    def good(self, title, done):
        return self.tap.ok(done.returncode == 0, title, done.stdout[-3000:])

    def pid(self, unit):
        """Of its main process, as it is in the machine; 0: it does not run."""
        return int(self.machine.show(unit, "MainPID") or 0)

    def kill(self, name, pid):
        self.machine.run("sh", "-c", f"kill -{name} {pid}")

    def runs(self, unit, other_than=0):
        return self.machine.waits(lambda: self.machine.show(unit, "ActiveState") == "active"
                                  and self.pid(unit) not in (0, other_than))

    def cubby(self, *words):
        return self.machine.run("cubby", *words, user="parent", HOME="/home/parent",
                                CUBBY_PASSPHRASE_FILE="/home/parent/pass")

    def status(self):
        return json.loads(self.cubby("status", "--json").stdout)

    def installed(self):
        self.machine.waits(lambda: os.path.exists(f"/proc/{self.machine.first()}/root/run/dbus/"
                                                  "system_bus_socket"))
        done = self.machine.run("systemctl", "is-system-running", "--wait")
        self.tap.ok(done.stdout.strip() == "running", "it boots, and no unit has failed",
                    self.machine.run("systemctl", "--failed").stdout + self.machine.said()[-2000:])
        self.tap.ok(self.runs(KEEPER), "the keeper was started with it",
                    self.machine.run("journalctl", "-u", KEEPER).stdout[-3000:])
        owner = self.machine.run("stat", "-c", "%U %G %a", STATE).stdout.strip()
        self.tap.ok(owner == "cubby cubby 700", "in its directory, as its user", owner)
        told = self.machine.run("cat", f"/proc/{self.pid(KEEPER)}/status").stdout
        user = self.machine.run("id", "-u", "cubby").stdout.split()
        self.tap.ok(user and re.findall(r"^Uid:\s+(\d+)", told, re.M) == user, "by that user", told)
        for unit in ("cubby-listen", "cubby-wyoming"):
            self.tap.ok(self.machine.show(unit, "ActiveState") == "inactive",
                        f"{unit} was not: nobody asked for it")
        self.debian.write("home/parent/pass", PASSPHRASE + "\n", 0o644)
        self.good("a household is made", self.cubby("setup", "--parent", "Robin"))
        held = self.status()["sandbox"]
        self.tap.ok(set(held) == {"no-new-privs", "not-dumpable", "seccomp", "landlock"},
                    "R5 R26 the unit lets the keeper confine itself", held)
        for unit in (KEEPER, "cubby-listen.service", "cubby-wyoming.service"):
            done = self.machine.run("systemd-analyze", "verify", "--man=no",
                                    f"/lib/systemd/system/{unit}")
            self.tap.ok(done.returncode == 0 and not done.stdout, f"nothing to say of {unit}",
                        done.stdout)

    def dies(self):
        first = self.pid(KEEPER)
        self.kill("KILL", first)
        self.tap.ok(self.runs(KEEPER, first), "a keeper that is killed is started again")
        self.machine.run("systemctl", "stop", KEEPER)
        self.tap.ok(self.status()["household"], "a keeper that was stopped is started by the bus, as "
                    "its unit", self.machine.run("systemctl", "status", KEEPER).stdout)
        self.tap.ok(self.machine.show(KEEPER, "ActiveState") == "active", "and is that")

    def drop_in(self, text):
        """What is to be laid over the keeper's unit; None: no more."""
        name = "etc/systemd/system/cubbyd.service.d/laid-over.conf"
        if text:
            self.debian.write(name, f"[Service]\n{text}\n")
        else:
            os.unlink(self.debian.path(name))
        self.machine.run("systemctl", "daemon-reload")

    def hangs(self):
        self.drop_in("WatchdogSec=3s")
        self.good("it restarts", self.machine.run("systemctl", "restart", KEEPER))
        first = self.pid(KEEPER)
        self.machine.run("sleep", "7")
        self.tap.ok(self.pid(KEEPER) == first, "a keeper that is well is left alone")
        self.kill("STOP", first)
        self.tap.ok(self.runs(KEEPER, first), "one that hangs is ended and started again")
        told = self.machine.run("journalctl", "-u", KEEPER).stdout
        self.tap.ok("watchdog" in told.lower(), "by the watchdog", told[-2000:])
        self.drop_in(None)

    def refused(self):
        """A filter of the unit's, or of a container's, that takes Landlock from it."""
        self.drop_in("SystemCallFilter=~landlock_create_ruleset")
        self.tap.ok(self.machine.run("systemctl", "restart", KEEPER).returncode != 0 and
                    "landlock_create_ruleset was refused" in
                    self.machine.run("journalctl", "-u", KEEPER).stdout,
                    "R26 where it cannot confine itself it does not start, and says why")
        self.drop_in(None)
        self.machine.run("systemctl", "reset-failed", KEEPER)
        self.good("where it can, it does", self.machine.run("systemctl", "start", KEEPER))

    def ears(self):
        for unit in ("cubby-wyoming", "cubby-listen"):
            self.good(f"{unit} is started", self.machine.run("systemctl", "start", unit))
            first = self.pid(unit)
            # The filter of the unit, and its own: on every thread.
            self.tap.ok(self.filtered(first), f"R26 {unit}: every thread is under a filter")
            self.machine.run("sleep", "5")
            self.tap.ok(self.pid(unit) == first != 0, "and it goes on",
                        self.machine.run("journalctl", "-u", unit).stdout[-2000:])
            self.kill("KILL", first)
            self.tap.ok(self.runs(unit, first), "killed, it is started again")
        asked = self.machine.waits(lambda: '"info"' in self.machine.run(
            "sh", "-c", """printf '{"type":"describe"}\\n' | nc -N -w 5 127.0.0.1 10300""").stdout)
        self.tap.ok(asked, "a Wyoming client is answered")
        self.machine.run("systemctl", "stop", "cubby-wyoming", "cubby-listen")

    def filtered(self, pid):
        """Whether each of its threads is, or will be, under a filter of system calls: 2."""
        return self.machine.waits(lambda: set(re.findall(
            r"^Seccomp:\s+(\d)", self.machine.run("sh", "-c", f"cat /proc/{pid}/task/*/status").stdout,
            re.M)) == {"2"})

    def session(self):
        """An ear of a session, as a service of that user's manager."""
        self.machine.run("useradd", "-m", "-G", "cubby-ear", "mia")
        self.machine.run("loginctl", "enable-linger", "mia")
        place = f"/run/user/{self.machine.run('id', '-u', 'mia').stdout.strip()}"

        def ctl(*words):
            return self.machine.run("systemctl", "--user", *words, user="mia", HOME="/home/mia",
                                    XDG_RUNTIME_DIR=place)

        def pid():
            return int(ctl("show", "--value", "-p", "MainPID", "cubby-listen").stdout or 0)

        self.machine.waits(lambda: ctl("is-system-running").stdout.strip() in ("running", "degraded"))
        self.good("a user enables cubby-listen", ctl("enable", "--now", "cubby-listen"))
        first = pid()
        self.tap.ok(self.filtered(first), "R26 every thread of it is under a filter")
        self.kill("KILL", first)
        self.tap.ok(self.machine.waits(lambda: pid() not in (0, first)),
                    "killed, it is started again")
        ctl("disable", "--now", "cubby-listen")
        self.machine.run("loginctl", "disable-linger", "mia")

    def credential(self):
        """By the commands of docs/INSTALL.md."""
        before = self.status()
        self.good("the device key is sealed", self.machine.run(
            "sh", "-ec", "\n".join(commands("docs/INSTALL.md", "## The device key"))))
        size = os.stat(self.debian.path(f"{STATE}/device.key")).st_size
        self.tap.ok(size == 72, "its file is", size)
        after = self.status()
        self.tap.ok(after["device_trusted"] and after["device_key"] == before["device_key"],
                    "and the keeper has the key that it had", after)
        self.machine.run("mv", CREDENTIAL, "/root/away")
        self.tap.ok(self.machine.run("systemctl", "restart", KEEPER).returncode != 0 and
                    "there is none" in self.machine.run("journalctl", "-u", KEEPER).stdout,
                    "without the credential it does not start, and says why")
        self.machine.run("mv", "/root/away", CREDENTIAL)
        self.machine.run("systemctl", "reset-failed", KEEPER)
        self.good("with it, it does", self.machine.run("systemctl", "start", KEEPER))

    def purge(self):
        done = self.machine.run("apt-get", "-q", "-y", "purge", *PACKAGES,
                                DEBIAN_FRONTEND="noninteractive")
        self.good("purged", done)
        self.tap.ok("erasure level E" in done.stdout and '"reset"' in done.stdout,
                    "R11 by the keeper's own deletion, with its sealed key", done.stdout[-3000:])
        left = [path for path in (STATE, CREDENTIAL, "/run/cubby-purge", "/var/lib/cubby-purge")
                if os.path.exists(self.debian.path(path))]
        users = re.findall(r"\bcubby[\w-]*", self.debian.read("etc/passwd") +
                           self.debian.read("etc/group"))
        self.tap.ok(not left and not users, "and nothing of it is left", left + users)


def boots(debian):
    """Without anything of Cubby's. What then does not, with it, is a failure."""
    debian.umounts()
    with Machine(debian) as machine:
        state = None

        def up():
            nonlocal state
            state = machine.first() and machine.run("systemctl", "is-system-running").stdout.strip()
            return state in ("running", "degraded")
        if not machine.waits(up) or state != "running":
            failed = machine.run("systemctl", "--failed").stdout if state else ""
            raise Unable(f"systemd-nspawn: {state} {failed} {machine.said()}")
    debian.mounts()


def play(tap, debian, packages):
    shutil.copytree(packages, debian.path("build-packages"))
    debian.write("etc/apt/apt.conf.d/test", 'APT::Get::Assume-Yes "yes";\n'
                 'APT::Install-Recommends "no";\nAPT::Sandbox::User "root";\n')
    debian.run("useradd", "-m", "parent")
    # The first two make what is in that folder.
    done = debian.run("sh", "-ec", "\n".join(["cd /", *commands("README.md", "## Installing")[2:]]),
                      USER="parent")
    tap.ok(done.returncode == 0, "installed, as README.md says", done.stdout[-3000:])
    rest = [f"/build-packages/{os.path.basename(path)}" for name in PACKAGES
            for path in glob.glob(f"{packages}/{name}_*.deb")]
    done = debian.apt("install", *rest)
    tap.ok(rest and done.returncode == 0, "and the other ear", done.stdout[-3000:])
    os.unlink(debian.path(POLICY))
    # It mounts its own: these show processes that are not the machine's.
    debian.umounts()
    with Machine(debian) as machine:
        booted = Booted(tap, debian, machine)
        for part in (booted.installed, booted.dies, booted.hangs, booted.refused, booted.ears,
                     booted.session, booted.credential, booted.purge):
            tap.run(f"({part.__name__})", part)


# What is installed before would run beside the machine.
sys.exit(tries_packages("booted", TOOLS, play, starts=False, more=boots,
                        why=None if shutil.which("systemd-nspawn") else
                        "systemd-nspawn is missing (package systemd-container)"))
