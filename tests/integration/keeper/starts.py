# SPDX-License-Identifier: Apache-2.0
"""How it starts, what it refuses to start with, and how it ends."""

import os
import shutil
import signal
import socket
import subprocess

import dbus

from house import Skip, Connection, a_house, CUBBYD, UNIT, EAR, STRANGER
import pages
import sodium
from parent import blake


def test_it_says_it_is_ready_and_stops_when_told(world):
    world.start()
    stranger = Connection(world, STRANGER)
    assert stranger.get("Status", "Household") == 0
    text, digest = stranger.call("Status.Policy")
    assert blake(text.encode()).hex() == digest
    assert stranger.get("Status", "Sandbox")[0] == "no-new-privs"
    assert set(os.listdir(world.state)) <= {"cubby.db", "cubby.db-wal", "slots.bin", "clock",
                                            "device.key", "reserve.bin"}, os.listdir(world.state)
    assert all(os.stat(world.state + "/" + name).st_mode & 0o777 == 0o600
               for name in os.listdir(world.state))
    status, said = world.stop()
    assert status == 0 and "fault" not in said, said


def test_it_feeds_the_watchdog(world):
    path = world.dir + "/watched"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as watched:
        watched.bind(path)
        watched.settimeout(30)
        world.keeper = subprocess.Popen(world.command(), stderr=subprocess.PIPE, text=True,
                                        env=dict(os.environ, NOTIFY_SOCKET=path,
                                                 WATCHDOG_USEC="200000"))
        assert watched.recv(100) == b"READY=1"
        assert [watched.recv(100) for _ in range(3)] == [b"WATCHDOG=1"] * 3
        world.keeper.send_signal(signal.SIGKILL)
        world.keeper.communicate()
        world.keeper = None


def test_r26_the_keeper_has_no_network(world):
    world.start()
    held = Connection(world, STRANGER).get("Status", "Sandbox")
    assert set(held) == {"no-new-privs", "not-dumpable", "seccomp", "landlock"}, held
    links = [os.readlink("/proc/%d/fd/%s" % (world.keeper.pid, fd))
             for fd in os.listdir("/proc/%d/fd" % world.keeper.pid)]
    inodes = {link[8:-1] for link in links if link.startswith("socket:[")}
    with open("/proc/%d/net/unix" % world.keeper.pid) as unix:
        known = {line.split()[6] for line in unix.readlines()[1:]}
    assert inodes and inodes <= known, "a socket that is not a unix one"


def unit_calls():
    """The system calls that the packaged unit leaves the keeper."""
    def group(name):
        if not name.startswith("@"):
            return {name}
        out = subprocess.run(["systemd-analyze", "syscall-filter", name], capture_output=True,
                             text=True, check=True).stdout
        names = [line.strip() for line in out.splitlines()[1:]]
        return set().union(*(group(name) for name in names if name and name[0] != "#"))

    if not shutil.which("systemd-analyze"):
        raise Skip("systemd-analyze is not installed")
    calls = set()
    with open(UNIT) as unit:
        for line in unit:
            if line.startswith("SystemCallFilter=~"):
                calls -= set().union(*map(group, line.strip().partition("~")[2].split()))
            elif line.startswith("SystemCallFilter="):
                calls |= set().union(*map(group, line.strip().partition("=")[2].split()))
    return calls


def test_the_unit_lets_the_keeper_confine_itself(world):
    calls = unit_calls()
    with open(CUBBYD, "rb") as program:
        if b"__asan_init" in program.read():
            raise Skip("the sanitizers call more than the keeper does")

    def under(names):
        with open(world.dir + "/calls", "w") as file:
            file.write("\n".join(sorted(names)) + "\n")
        world.under = (os.environ["UNDER_UNIT"], world.dir + "/calls")

    under(calls)
    world.start()
    held = Connection(world, STRANGER).get("Status", "Sandbox")
    assert set(held) == {"no-new-privs", "not-dumpable", "seccomp", "landlock"}, held
    anna, parent, _, _ = a_house(world)
    item = Connection(world, EAR).keep(anna, "mia", "audio")[0]
    assert parent.wait(parent.call("Archive.Delete", "a{sv}",
                                   {"ids": dbus.Array([item], "s")})[0])[0] == "done"
    world.stop()
    # R5: a filter that is in the way is no reason to run with less.
    under(calls - {"landlock_create_ruleset"})
    assert "landlock_create_ruleset" in world.refused()


def test_options(world):
    def run(*arguments, **environment):
        ended = subprocess.run([CUBBYD, *arguments], capture_output=True, text=True, timeout=10,
                               env=dict(PATH=os.environ["PATH"], **environment))
        return ended.returncode, ended.stdout, ended.stderr

    status, out, err = run("--version")
    assert status == 0 and out.startswith("cubbyd ") and not err
    status, out, err = run("--help")
    assert status == 0 and "--state-dir" in out and not err
    for wrong in (["--nosuch"], ["extra"], ["--config"], ["--bus", "nosuch"], ["--bus", "session"],
                  ["-x"], ["--state-dir"]):
        status, out, err = run(*wrong)
        assert status == 2 and not out and "--help" in err and err.count("\n") == 1, (wrong, err)


def test_refusals_to_start_say_what_to_do(world):
    with open(world.dir + "/bad.conf", "w") as file:
        file.write("[retention]\naudio = 99d\n")
    assert "bad.conf:2:" in world.refused("--config", world.dir + "/bad.conf")
    with open(world.dir + "/bad.conf", "w") as file:
        file.write("[groups]\near = nosuchgroup\n")
    assert "groupadd" in world.refused("--config", world.dir + "/bad.conf")
    world.start()
    assert "another cubbyd" in world.refused()
    assert "org.cubby.Cubby1" in world.refused("--state-dir", world.dir + "/other")
    world.stop()
    os.chmod(world.state + "/device.key", 0o644)
    assert "device.key" in world.refused()
    os.chmod(world.state + "/device.key", 0o600)
    os.chown(world.state, 61011, -1)
    assert "uid 61011" in world.refused()
    os.chown(world.state, 0, -1)
    os.rename(world.state, world.state + ".real")
    os.symlink(world.state + ".real", world.state)
    assert "link" in world.refused()


def test_the_key_is_sealed_with_a_credential(world):
    path, credentials = world.state + "/device.key", world.dir + "/credentials"
    world.start()
    plain, identity = open(path, "rb").read(), Connection(world, STRANGER).identity()
    world.stop()
    os.mkdir(credentials, 0o755)
    secret = os.urandom(32)
    with open(credentials + "/cubby.device-key", "wb") as file:
        file.write(secret)
    os.environ["CREDENTIALS_DIRECTORY"] = credentials
    try:
        for _ in range(2):
            world.start()
            assert Connection(world, STRANGER).identity() == identity, "another key"
            world.stop()
            assert sodium.unwrap(secret, "cubby.device-key", open(path, "rb").read()) == plain
        with open(credentials + "/cubby.device-key", "wb") as file:
            file.write(os.urandom(32))
        assert "not sealed with this credential" in world.refused()
    finally:
        del os.environ["CREDENTIALS_DIRECTORY"]
    assert "there is none" in world.refused()
    assert not os.path.exists(path + ".new")


def test_a_newer_database_is_refused_and_kept(world):
    world.start()
    world.stop()
    # user_version: 4 bytes at offset 60 of a database.
    with open(world.state + "/cubby.db", "r+b") as file:
        file.seek(60)
        file.write((9999).to_bytes(4, "big"))
    pages.sums_put(world.state + "/cubby.db")
    with open(world.state + "/cubby.db", "rb") as file:
        before = file.read()
    assert "9999" in world.refused() or "newer" in world.refused()
    with open(world.state + "/cubby.db", "rb") as file:
        assert file.read() == before


def test_a_lost_bus_ends_the_keeper(world):
    world.start()
    world.bus.kill()
    world.bus.wait()
    said = world.keeper.communicate(timeout=10)[1]
    assert world.keeper.returncode == 1 and "bus" in said, said
    world.keeper = None
