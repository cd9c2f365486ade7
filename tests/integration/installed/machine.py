# SPDX-License-Identifier: Apache-2.0
"""A Debian that is booted: systemd is its first process, in a container without a network."""

import contextlib
import os
import signal
import subprocess
import time

from debian import ENV


class Machine:
    def __init__(self, debian):
        self.debian = debian

    def __enter__(self):
        self.log = open(f"{self.debian.place}/boot", "w+b")
        self.container = subprocess.Popen(
            ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--private-network",
             # Its own filter is for those that know no Landlock.
             "--system-call-filter=landlock_create_ruleset landlock_add_rule landlock_restrict_self",
             "--link-journal=no", "--console=pipe", f"--directory={self.debian.root}", "--boot"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT)
        self.debian.wait(lambda: self.container.poll() is not None or self.first(), "its first process")
        return self

    def __exit__(self, *_):
        if self.container.poll() is None:
            if self.first():
                # As "poweroff".
                os.kill(self.first(), signal.SIGRTMIN + 4)
            try:
                self.container.wait(60)
            except subprocess.TimeoutExpired:
                self.container.terminate()
                self.container.wait(60)
        self.log.close()

    def first(self):
        """The pid, here, of what is its first process."""
        with contextlib.suppress(OSError):
            with open(f"/proc/{self.container.pid}/task/{self.container.pid}/children",
                      encoding="ascii") as file:
                children = file.read().split()
            for child in children:
                with open(f"/proc/{child}/comm", encoding="ascii") as file:
                    if file.read().strip() == "systemd":
                        return int(child)
        return None

    def said(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def run(self, *words, user=None, **env):
        """A command in it; the CompletedProcess, with both outputs in stdout."""
        become = ["runuser", "-u", user, "--"] if user else []
        named = [f"{name}={value}" for name, value in {**ENV, **env}.items()]
        return subprocess.run(
            ["nsenter", f"--target={self.first()}", "--mount", "--uts", "--ipc", "--net", "--pid",
             "--root", "--wdns=/", *become, "env", "-i", *named, *words], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, check=False)

    def show(self, unit, name):
        return self.run("systemctl", "show", "--value", "-p", name, unit).stdout.strip()

    def waits(self, true, seconds=60):
        """Whether it comes true."""
        deadline = time.monotonic() + seconds
        while not true():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.2)
        return True
