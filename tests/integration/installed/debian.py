# SPDX-License-Identifier: Apache-2.0
"""A fresh Debian on a disk of its own, entered by chroot: no systemd runs in it, and what was
started in it is gone with it."""

import os
import shutil
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "../../forensic"), os.path.join(HERE, "../../support")]
import disk     # noqa: E402

SUITE = "bookworm"
disk.SYSTEMS["debian"] = ("ext4", 4096 * disk.MIB, disk.EXT4, "")
ENV = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8",
       "DEBIAN_FRONTEND": "noninteractive"}


def alone():
    """Goes on where nobody else's processes are seen, nor mounts: a script that ends a service by the
    path of its program would find the machine's own, too, and that of another such test."""
    if not os.environ.get("CUBBY_DEBIAN_ALONE"):
        # The shell is their first process: it collects what nobody waits for.
        own = ["unshare", "--pid", "--fork", "--kill-child", "sh", "-c", '"$@"; exit $?', "sh"]
        # Who may not do this may not mount either, and is told so then.
        if subprocess.run([*own, "true"], stderr=subprocess.DEVNULL, check=False).returncode:
            return
        os.environ["CUBBY_DEBIAN_ALONE"] = "1"
        os.execvp(own[0], [*own, sys.executable, "-B", *sys.argv])
    disk.alone()
    disk.run("mount", "-t", "proc", "proc", "/proc")


def why_not(ready, tools=("dh", "lintian")):
    """Why no test of packages runs here, or None; `ready`: they are built, and it was asked for by
    its name."""
    if not ready and not os.environ.get("CUBBY_TEST_SLOW"):
        return "it takes minutes: script/test --slow"
    if "asan" in os.environ.get("CUBBY_BUILD", ""):
        return "packages have no sanitizers"
    if os.geteuid() != 0:
        return "it needs root"
    if not (os.environ.get("CUBBY_MINBASE") or shutil.which("debootstrap")):
        return "debootstrap is missing"
    if not ready and not all(map(shutil.which, tools)):
        return f"{' or '.join(tools)} is missing"
    return None


class Debian(disk.Disk):
    def __init__(self):
        super().__init__("debian")
        self.begun = []

    def __enter__(self):
        self.make()
        self.mount()
        return self

    def __exit__(self, *_):
        self.end_all()
        for name in ("proc", "dev/shm"):
            subprocess.run(["umount", "-l", self.path(name)], check=False,
                           stderr=subprocess.DEVNULL)
        super().__exit__()

    def leave(self):
        """Afterwards the image holds what the disk would."""
        disk.run("umount", self.path("proc"))
        disk.run("umount", self.path("dev/shm"))
        self.umount()

    def path(self, name):
        return os.path.join(self.root, name.lstrip("/"))

    def bootstrap(self):
        """A minbase system; CUBBY_MINBASE names a folder that has one, to be copied."""
        base = os.environ.get("CUBBY_MINBASE")
        if base:
            disk.run("cp", "-a", base + "/.", self.root)
        else:
            disk.run("debootstrap", "--variant=minbase", SUITE, self.root)
        shutil.copy("/etc/resolv.conf", self.path("etc/resolv.conf"))
        self.write("etc/hosts", f"127.0.0.1 localhost {os.uname().nodename}\n")
        disk.run("mount", "-t", "proc", "proc", self.path("proc"))
        os.makedirs(self.path("dev/shm"), exist_ok=True)
        disk.run("mount", "-t", "tmpfs", "-o", "mode=1777", "shm", self.path("dev/shm"))

    def write(self, name, text, mode=0o644):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.path(name), mode)

    def read(self, name):
        with open(self.path(name), encoding="utf-8", errors="replace") as file:
            return file.read()

    def command(self, arguments, user=None, **env):
        home = f"/home/{user}" if user else "/root"
        words = [f"{name}={value}" for name, value in {**ENV, "HOME": home, **env}.items()]
        become = ["runuser", "-u", user, "--"] if user else []
        return ["chroot", self.root, *become, "env", "-i", "-C", home, *words, *arguments]

    def run(self, *arguments, user=None, timeout=600, **env):
        """A command in it; the CompletedProcess, with both outputs in stdout. Services may keep its
        output open, so it goes to a file."""
        with open(f"{self.place}/said", "w+b") as said:
            done = subprocess.run(self.command(arguments, user, **env), stdin=subprocess.DEVNULL,
                                  stdout=said, stderr=subprocess.STDOUT, timeout=timeout,
                                  check=False)
            said.seek(0)
            done.stdout = said.read().decode(errors="replace")
        return done

    def apt(self, *arguments):
        return self.run("apt-get", "-q", "-y", "--no-install-recommends",
                        "-o", "Dpkg::Use-Pty=0", "-o", "APT::Sandbox::User=root", *arguments)

    def begin(self, *arguments, user=None, out=None, **env):
        """Something that goes on."""
        with open(out or f"{self.place}/services", "ab") as log:
            self.begun.append(subprocess.Popen(
                self.command(arguments, user, **env), stdin=subprocess.DEVNULL, stdout=log,
                stderr=log if not out else subprocess.DEVNULL))
        return self.begun[-1]

    def living(self):
        """Processes whose root is this one's."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.readlink(f"/proc/{pid}/root") == self.root:
                    found.append(int(pid))
            except OSError:
                pass
        return found

    def programs(self, name):
        """Pids of those that run this program."""
        found = []
        for pid in self.living():
            try:
                if os.readlink(f"/proc/{pid}/exe").endswith(name):
                    found.append(pid)
            except OSError:
                pass
        return found

    def end_all(self):
        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid in self.living():
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    pass
            deadline = time.monotonic() + 10
            while self.living() and time.monotonic() < deadline:
                for process in self.begun:
                    process.poll()
                time.sleep(0.05)

    def wait(self, condition, what, seconds=60):
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise RuntimeError(f"waited in vain for {what}")
            time.sleep(0.05)
