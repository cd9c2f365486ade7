#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The scripts of packaging/init/openrc, run by OpenRC in a chroot: started, supervised, stopped.

usage: test_openrc.py [PACKAGES]    a folder of packages that are built already"""

import glob
import os
import shutil
import signal
import sys

from debian import PACKAGES, REPOSITORY, tries_packages

TOOLS = ("dbus", "openrc", "systemd-standalone-sysusers", "systemd-standalone-tmpfiles")
SERVICES = {"cubbyd": ("/usr/sbin/cubbyd", "cubby"),
            "cubby-listen": ("/usr/bin/cubby-listen", "cubby-ear"),
            "cubby-wyoming": ("/usr/sbin/cubby-wyoming", "cubby-wyoming")}
# What "openrc sysinit" makes where it is the init system, and a service that Debian has not.
SYSTEM = """for name in starting started stopping inactive wasinactive failed hotplugged daemons options \\
	exclusive scheduled init.d tmp; do mkdir -p /run/openrc/$name; done
touch /run/openrc/softlevel
printf '#!/sbin/openrc-run\\nstart() { :; }\\n' >/etc/init.d/localmount
chmod 755 /etc/init.d/*
rc-service dbus start"""


def services(tap, debian):
    for name, (program, user) in SERVICES.items():
        done = debian.run("rc-service", name, "start")
        debian.wait(lambda program=program: len(debian.programs(program)) == 1, name)
        tap.ok(done.returncode == 0, f"{name} starts", done.stdout)
        (pid,) = debian.programs(program)
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            uid = file.read().split("Uid:")[1].split()[0]
        tap.ok(debian.run("id", "-u", user).stdout.strip() == uid, f"as {user}", uid)
        tap.ok(debian.run("rc-service", name, "status").returncode == 0, "and says so")
        os.kill(pid, signal.SIGKILL)
        debian.wait(lambda program=program, pid=pid: debian.programs(program) not in ([], [pid]),
                    f"{name} once more")
        tap.ok(True, "killed, it is started again")
    for name, (program, _) in reversed(SERVICES.items()):
        done = debian.run("rc-service", name, "stop")
        tap.ok(done.returncode == 0 and not debian.programs(program), f"{name} stops", done.stdout)


def play(tap, debian, packages):
    os.mkdir(debian.path("packages"))
    found = [path for name in PACKAGES for path in glob.glob(f"{packages}/{name}_*.deb")]
    for path in found:
        shutil.copy(path, debian.path("packages"))
    done = debian.apt("install", *(f"/packages/{os.path.basename(path)}" for path in found))
    tap.ok(found and done.returncode == 0, "installed", done.stdout[-3000:])
    for name in SERVICES:
        shutil.copy(f"{REPOSITORY}/packaging/init/openrc/{name}", debian.path("etc/init.d"))
    tap.ok(debian.run("sh", "-ec", SYSTEM).returncode == 0, "a bus runs")
    tap.run("services", services, tap, debian)


sys.exit(tries_packages("openrc", TOOLS, play, starts=False))
