# SPDX-License-Identifier: Apache-2.0
"""A fresh Debian on a disk of its own, entered by chroot: no systemd runs in it, and what was
started in it is gone with it."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
REPOSITORY = os.path.abspath(os.path.join(HERE, "../../.."))
sys.path[:0] = [os.path.join(HERE, "../../forensic"), os.path.join(HERE, "../../support")]
import disk                 # noqa: E402
from tap import Tap         # noqa: E402

PACKAGES = ("cubbyd", "cubby", "cubby-ear", "cubby-wyoming", "cubby-data", "libcubby0",
            "libcubby-ear0")

SUITE = "bookworm"
disk.SYSTEMS["debian"] = ("ext4", 4096 * disk.MIB, disk.EXT4, "")
# Asked whether a service that was installed may be started.
POLICY = "usr/sbin/policy-rc.d"
ENV = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8",
       "DEBIAN_FRONTEND": "noninteractive"}


def alone():
    """Goes on where nobody else's processes are seen, nor mounts: a script that ends a service by the
    path of its program would find the machine's own, too, and that of another such test. Who is asked
    to end cleans up."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
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


def tries(tap, title, tools, play, starts=True, more=lambda debian: None):
    """play(debian) in a fresh Debian with these packages. That this machine cannot is found out before,
    by `more`, too: what `play` meets is a failure, whatever it is."""
    with contextlib.ExitStack() as stack:
        try:
            debian = stack.enter_context(Debian())
            debian.bootstrap(starts)
            debian.fetch(*tools)
            more(debian)
        except disk.Unable as error:
            tap.skip(title, str(error).replace("\n", " "))
            return
        tap.run(f"({title})", play, debian)


def tries_packages(title, tools, play, why=None, **more):
    """A test of its own: play(tap, debian, folder) of the packages that are built, or that the command
    line names. The status to exit with."""
    tap, ready = Tap(), sys.argv[1:]
    why = why_not(ready) or why
    if why:
        print(f"1..0 # SKIP {why}")
        return 0
    alone()
    with tempfile.TemporaryDirectory(prefix="cubby-packages-") as place:
        packages = ready[0] if ready else f"{place}/packages"
        done = None if ready else subprocess.run(
            [f"{REPOSITORY}/script/package", packages], capture_output=True, text=True, check=False)
        if ready or tap.ok(done.returncode == 0, "the packages are built", done.stdout + done.stderr):
            tries(tap, title, tools, lambda debian: play(tap, debian, packages), **more)
    return tap.done()


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

    def mounts(self):
        disk.run("mount", "-t", "proc", "proc", self.path("proc"))
        os.makedirs(self.path("dev/shm"), exist_ok=True)
        disk.run("mount", "-t", "tmpfs", "-o", "mode=1777", "shm", self.path("dev/shm"))

    def umounts(self):
        for name in ("proc", "dev/shm"):
            disk.run("umount", self.path(name))

    def leave(self):
        """Afterwards the image holds what the disk would."""
        self.umounts()
        self.umount()

    def path(self, name):
        return os.path.join(self.root, name.lstrip("/"))

    def bootstrap(self, starts):
        """A minbase system; CUBBY_MINBASE names a folder that has one, to be copied. starts: a service
        that is installed is started, too."""
        base = os.environ.get("CUBBY_MINBASE")
        if base:
            disk.run("cp", "-a", base + "/.", self.root)
        else:
            disk.run("debootstrap", "--variant=minbase", SUITE, self.root)
        shutil.copy("/etc/resolv.conf", self.path("etc/resolv.conf"))
        self.write("etc/hosts", f"127.0.0.1 localhost {os.uname().nodename}\n")
        self.mounts()
        if not starts:
            self.write(POLICY, "#!/bin/sh\nexit 101\n", 0o755)

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

    def fetch(self, *names):
        """Debian's packages, which it takes a network for."""
        for words in (("update",), ("install", *names)):
            done = self.apt(*words)
            if done.returncode:
                raise disk.Unable(f"apt-get {words[0]}: {done.stdout[-2000:]}")

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
