# SPDX-License-Identifier: Apache-2.0
"""The private world of script/sandbox. The outer process makes a folder and waits; its child is
the first process of new PID and mount namespaces, starts the services, runs the command, and takes
everything with it when it ends. Nothing here may outlive the command or reach the real system."""

import argparse
import fcntl
import glob
import os
import shutil
import signal
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
sys.dont_write_bytecode = True
sys.path.insert(0, HERE)
import kernel  # noqa: E402
import roles   # noqa: E402
import room    # noqa: E402
from services import Services, WorldError  # noqa: E402
from supervisor import Supervisor  # noqa: E402

FAILED = 125


def say(text):
    sys.stderr.write(f"sandbox: {text}\n")
    sys.stderr.flush()


def parse():
    parser = argparse.ArgumentParser(prog="sandbox")
    parser.add_argument("--build", required=True)
    parser.add_argument("--as", dest="role", default="parent")
    parser.add_argument("--ear", choices=["yes", "no"], default="yes")
    parser.add_argument("--ear-args", default="")
    parser.add_argument("--mapped", action="store_true")
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    if arguments.role not in roles.ROLES:
        say(f"no role '{arguments.role}'; there are {' '.join(sorted(roles.ROLES))}")
        sys.exit(2)
    return arguments


def map_users():
    """Without root: a user namespace in which we are root, with the uids that /etc/subuid gives."""
    user = os.environ.get("USER") or str(os.getuid())
    for tool in ("newuidmap", "newgidmap"):
        if not shutil.which(tool):
            say(f"not root, and {tool} is missing: install the package uidmap, or run it as root")
            sys.exit(FAILED)
    for file in ("/etc/subuid", "/etc/subgid"):
        names = {user, str(os.getuid())}
        try:
            with open(file, encoding="utf-8") as lines:
                fields = [line.strip().split(":") for line in lines]
        except OSError:
            fields = []
        if not any(len(f) == 3 and f[0] in names and int(f[2]) > 41100 for f in fields):
            say(f"not root, and {file} gives '{user}' no range of at least 65536 ids; as root: "
                f"usermod --add-subuids 100000-165535 --add-subgids 100000-165535 {user}")
            sys.exit(FAILED)
    if os.spawnvp(os.P_WAIT, "unshare", ["unshare", "--user", "--map-root-user", "--map-auto",
                                         "true"]) != 0:
        say("the kernel gives this user no user namespace (sysctl kernel.unprivileged_userns_clone,"
            " AppArmor, or a container); run it as root")
        sys.exit(FAILED)
    os.execvp("unshare", ["unshare", "--user", "--map-root-user", "--map-auto", sys.executable,
                          os.path.abspath(__file__), "--mapped", *sys.argv[1:]])


def private_etc(directory):
    """Whatever root writes into /etc here, /etc/cubby above all, the machine never sees. Where the
    kernel has no overlay for us nobody can write there."""
    os.mkdir(f"{directory}/etc")
    kernel.mount("cubby", f"{directory}/etc", "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV,
                 "mode=0755")
    for name in ("upper", "work"):
        os.mkdir(f"{directory}/etc/{name}", 0o755)
    try:
        kernel.mount("cubby", "/etc", "overlay", kernel.MS_NOSUID | kernel.MS_NODEV,
                     f"lowerdir=/etc,upperdir={directory}/etc/upper,workdir={directory}/etc/work")
    except OSError:
        kernel.mount("/etc", "/etc", None, kernel.MS_BIND)
        kernel.mount("none", "/etc", None, kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_RDONLY)


def make_room(directory):
    """The mounts of this world. `directory` is closed to everybody outside of it (0700); inside it
    stands for its subfolder "world", which is open to all roles."""
    kernel.unshare(kernel.CLONE_NEWNS | kernel.CLONE_NEWIPC)
    kernel.mounts_private()
    world = f"{directory}/world"
    private_etc(directory)
    with open(f"{directory}/passwd", "w", encoding="utf-8") as file:
        file.write(roles.passwd(directory))
    with open(f"{directory}/group", "w", encoding="utf-8") as file:
        file.write(roles.group())
    with open(f"{directory}/nsswitch.conf", "w", encoding="utf-8") as file:
        file.write("passwd: files\ngroup: files\nshadow: files\nhosts: files\n")
    for name in ("passwd", "group", "nsswitch.conf"):
        os.chmod(f"{directory}/{name}", 0o644)
        if os.path.exists(f"/etc/{name}"):
            kernel.mount(f"{directory}/{name}", f"/etc/{name}", None, kernel.MS_BIND)
    # The machine's own bus, sound server and name cache live in /run: not here.
    kernel.mount("cubby", "/run", "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "mode=0755")
    if os.path.isdir("/dev/shm"):
        kernel.mount("cubby", "/dev/shm", "tmpfs", room.QUIET, "mode=1777")
    try:
        kernel.mount("proc", "/proc", "proc",
                     kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC)
    except OSError:
        pass    # a container that masks parts of /proc allows no new one; the old one shows more
    if room.missing():
        room.furnish()
    kernel.mount(world, directory, None, kernel.MS_BIND)
    os.chdir("/")


def furnish(directory, build):
    """Folders, and a copy of what the build installs: the build itself may be closed to our users,
    and may change while this world lives. Programs come from a tmpfs, /tmp may be noexec."""
    os.mkdir(f"{directory}/install", 0o755)
    kernel.mount("cubby", f"{directory}/install", "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV,
                 "mode=0755")
    shutil.copytree(f"{build}/.stage", f"{directory}/install", symlinks=True, dirs_exist_ok=True)
    # Data is looked for where it is installed to.
    if os.path.isdir(f"{directory}/install/usr/local/share"):
        kernel.mount(f"{directory}/install/usr/local/share", "/usr/local/share", None,
                     kernel.MS_BIND)
    # The sources, readable for all roles wherever the repository is.
    os.mkdir(f"{directory}/source")
    kernel.mount(REPOSITORY, f"{directory}/source", None, kernel.MS_BIND)
    try:
        kernel.mount("none", f"{directory}/source", None,
                     kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_RDONLY)
    except OSError:
        pass    # a user namespace may not change the flags of some mounts; it is read-only by habit
    with open(f"{directory}/install/repository", "w", encoding="utf-8") as file:
        file.write(REPOSITORY)
    shutil.copytree(HERE, f"{directory}/install/sandbox")
    shims = f"{directory}/install/shims"
    os.mkdir(shims)
    os.symlink("install/shims", f"{directory}/bin")
    join = f'exec /usr/bin/python3 -I -S {directory}/install/sandbox/join.py'
    for name, options in (("sandbox", ""), ("cubby-listen", " --listen")):
        with open(f"{shims}/{name}", "w", encoding="utf-8") as file:
            file.write(f'#!/bin/sh\n{join}{options} "$@"\n')
        os.chmod(f"{shims}/{name}", 0o755)
    for top, folders, files in os.walk(f"{directory}/install/sandbox"):
        os.chmod(top, 0o755)
        for file in files:
            os.chmod(os.path.join(top, file), 0o644)
    for name, mode in (("log", 0o755), ("home", 0o755), ("run", 0o755), ("tmp", 0o1777)):
        os.mkdir(f"{directory}/{name}")
        os.chmod(f"{directory}/{name}", mode)
    for role, (_, uid, gid, _) in roles.ROLES.items():
        for name in (f"home/{role}", f"run/{role}"):
            os.mkdir(f"{directory}/{name}", 0o700)
            os.chown(f"{directory}/{name}", uid, gid)
    for name, role in (("state", "keeper"), ("pulse", "sound")):
        os.mkdir(f"{directory}/{name}", 0o700 if name == "state" else 0o755)
        os.chown(f"{directory}/{name}", *roles.ROLES[role][1:3])


def live(directory, arguments, cwd):
    """The first process of the world; returns the exit status of the command."""
    kernel.die_with_parent(signal.SIGKILL)
    signals = kernel.Signals([signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
    os.umask(0o022)
    try:
        make_room(directory)
        furnish(directory, os.path.abspath(arguments.build))
        supervisor = Supervisor(directory, signals)
        services = Services(directory, supervisor, arguments.ear_args)
        supervisor.services = services
        services.start_all(ear=arguments.ear == "yes")
    except (WorldError, OSError) as error:
        say(str(error))
        return FAILED
    status = supervisor.run(arguments.role, arguments.command, cwd, services.environment)
    services.stop_all()
    for name, text in services.complaints:
        say(f"{name} {text}")
    return status


def remove(directory):
    """What was mounted in the world is not seen here. Should it ever be, the repository is not what
    is to be removed."""
    source = f"{directory}/world/source"
    if not os.path.isdir(source) or not os.listdir(source):
        shutil.rmtree(directory, ignore_errors=True)
    if os.path.exists(directory):
        say(f"could not remove {directory}")


def lock(directory):
    """Held for as long as somebody of this world lives; with the name it is there locked."""
    descriptor = os.open(f"{directory}/lock.new", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    os.rename(f"{directory}/lock.new", f"{directory}/lock")
    return descriptor


def sweep():
    """Removes the folders of worlds that were killed."""
    for path in glob.glob("/tmp/cubby-*/lock"):
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            continue    # somebody else's
        try:
            if os.fstat(descriptor).st_uid == os.geteuid():
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                remove(os.path.dirname(path))
        except OSError:
            pass        # it lives
        finally:
            os.close(descriptor)


def main():
    arguments = parse()
    if os.geteuid() != 0:
        map_users()
    cwd = os.getcwd()
    signals = kernel.Signals([signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP],
                             wait=True)
    sweep()
    directory = tempfile.mkdtemp(prefix="cubby-", dir="/tmp")
    try:
        lock(directory)
        os.mkdir(f"{directory}/world")
        os.chmod(f"{directory}/world", 0o1777)
        kernel.unshare(kernel.CLONE_NEWPID)
        child = os.fork()
        if child == 0:
            status = FAILED
            try:
                status = live(directory, arguments, cwd)
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(status)
        while True:
            number, alone = signals.next()
            if number != signal.SIGCHLD:
                if alone:
                    os.kill(child, number)
                continue
            pid, status = os.waitpid(child, os.WNOHANG)
            if pid:
                return FAILED if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
    finally:
        remove(directory)


sys.exit(main())
