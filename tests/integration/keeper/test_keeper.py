#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The keeper as a program: started on a bus of its own, spoken to by parents, ears and strangers of
different users, stopped, started again. Prints TAP."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
import wave

try:
    import dbus
    import dbus.bus
except ImportError:
    print("1..0 # SKIP python3-dbus is not installed")
    sys.exit(0)

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../support"))
import pages    # noqa: E402
import sodium   # noqa: E402
from parent import Parent, blake, body, box_open, box_pair, box_seal, header, memfd, statement_holds

CUBBYD = sys.argv[1]
UNIT = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                    "../../../packaging/systemd/cubbyd.service.in")
ROOM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../support/sandbox/room.py")
# The leak checker traces its process from outside, which the keeper's system call filter forbids.
os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
NAME, ROOT = "org.cubby.Cubby1", "/org/cubby/Cubby1"
EAR_GID, PARENTS_GID = 61001, 61002
EAR, PARENT, STRANGER, BOTH = (61011, [EAR_GID]), (61012, [PARENTS_GID]), (61013, [61003]), \
    (61014, [EAR_GID, PARENTS_GID])
DAY_S = 86400

BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path=%s/bus</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/>
<allow receive_sender="*"/><allow send_type="signal"/></policy></busconfig>"""


class World:
    """A directory, a bus and a keeper. Both see an /etc/passwd and /etc/group of this test, mounted
    over the real ones for them alone."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="cubby-keeper-")
        os.chmod(self.dir, 0o755)
        self.address = "unix:path=%s/bus" % self.dir
        self.state = self.dir + "/state"
        with open(self.dir + "/bus.conf", "w") as file:
            file.write(BUS_CONFIG % self.dir)
        with open("/etc/group") as etc, open(self.dir + "/group", "w") as file:
            file.write("".join(line for line in etc if not line.startswith("cubby-")))
            file.write("cubby-ear:x:%d:\ncubby-parents:x:%d:\n" % (EAR_GID, PARENTS_GID))
        with open("/etc/passwd") as etc, open(self.dir + "/passwd", "w") as file:
            file.write(etc.read())
            for uid, groups in (EAR, PARENT, STRANGER, BOTH):
                file.write("user%d:x:%d:%d::/:/bin/false\n" % (uid, uid, groups[0]))
        self.start_bus()
        self.keeper = None
        self.cubbyd = CUBBYD
        self.under = ()

    def start_bus(self):
        self.bus = subprocess.Popen(self.inside("dbus-daemon", "--nofork", "--nopidfile",
                                                "--config-file=" + self.dir + "/bus.conf"),
                                    stderr=subprocess.DEVNULL)
        self.wait_for(lambda: os.path.exists(self.dir + "/bus"))

    def restart_bus(self):
        self.bus.kill()
        self.bus.wait()
        if os.path.exists(self.dir + "/bus"):
            os.unlink(self.dir + "/bus")
        self.start_bus()

    @staticmethod
    def wait_for(true, seconds=10):
        end = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < end, "waited in vain"
            time.sleep(0.01)

    def inside(self, *command):
        return [sys.executable, "-B", ROOM, "--own", "sh", "-c",
                'mount --bind "$0/group" /etc/group && mount --bind "$0/passwd" /etc/passwd && '
                'exec "$@"', self.dir, *command]

    def command(self, *arguments):
        return self.inside(*self.under, self.cubbyd, "--bus", self.address, "--state-dir", self.state, *arguments)

    def start(self, *arguments):
        ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        ready.bind(self.dir + "/ready")
        ready.settimeout(10)
        self.keeper = subprocess.Popen(self.command(*arguments), stderr=subprocess.PIPE, text=True,
                                       env=dict(os.environ, NOTIFY_SOCKET=self.dir + "/ready"))
        try:
            assert ready.recv(100) == b"READY=1"
        except socket.timeout:
            self.keeper.kill()
            raise AssertionError("not ready: " + self.keeper.communicate()[1])
        finally:
            ready.close()
            os.unlink(self.dir + "/ready")

    def stop(self, how=signal.SIGTERM):
        self.keeper.send_signal(how)
        said = self.keeper.communicate(timeout=10)[1]
        status, self.keeper = self.keeper.returncode, None
        return status, said

    def refused(self, *arguments):
        """A start that must fail; what it says."""
        ended = subprocess.run(self.command(*arguments), stderr=subprocess.PIPE, text=True,
                               timeout=10)
        assert ended.returncode == 1, ended
        lines = [line for line in ended.stderr.splitlines() if "fault:" not in line]
        assert len(lines) == 1, ended.stderr
        return lines[0]

    def end(self):
        if self.keeper:
            self.stop()
        self.bus.terminate()
        self.bus.wait()
        shutil.rmtree(self.dir)


class Skip(Exception):
    """What is missing for a test."""


class Connection:
    """One connection to the bus, as one user."""

    def __init__(self, world, who):
        uid, groups = who
        os.setgroups(groups)
        os.setresgid(groups[0], groups[0], 0)
        os.seteuid(uid)
        try:
            self.bus = dbus.bus.BusConnection(world.address)
        finally:
            os.seteuid(0)
            os.setresgid(0, 0, 0)
            os.setgroups([0])
        self.name = self.bus.get_unique_name()

    def call(self, member, signature="", *arguments, path=ROOT, options=None):
        interface, method = member.rsplit(".", 1)
        reply = self.bus.call_blocking(NAME, path, NAME + "." + interface, method,
                                       signature + "a{sv}", (*arguments, options or {}))
        return reply

    def get(self, interface, name, path=ROOT):
        return self.bus.call_blocking(NAME, path, "org.freedesktop.DBus.Properties", "Get", "ss",
                                      (NAME + "." + interface, name))

    def refused(self, error, member, *arguments, **keywords):
        try:
            self.call(member, *arguments, **keywords)
        except dbus.DBusException as refusal:
            assert refusal.get_dbus_name() == NAME + ".Error." + error, refusal
            assert refusal.get_dbus_message(), "no text"
            return refusal.get_dbus_message()
        raise AssertionError(member + " was not refused")

    def identity(self):
        text = self.get("Status", "Identity")
        assert statement_holds(text)
        return bytes.fromhex(json.loads(text)["box"])

    def nonce(self):
        return bytes(self.call("Parents.Nonce")).hex()

    def setup(self, parent):
        self.call("Parents.Setup", "ssay", parent.name, parent.household(),
                  dbus.ByteArray(box_seal(self.identity(),
                                          parent.doors(self.name, self.nonce()))))

    def proof_for(self, parent, pair, proof=None, secrets=("home", "sign"), door="passphrase"):
        """The arguments of Prove."""
        box = json.dumps({"caller": self.name, "nonce": self.nonce(), "reply_key": pair[0].hex(),
                          "proof": (proof or parent.proofs[door]).hex()}).encode()
        return (parent.name, door, dbus.ByteArray(box_seal(self.identity(), box)),
                dbus.Array(secrets, "s"), dbus.ByteArray(pair[0]))

    def send(self, arguments):
        return self.call("Parents.Prove", "ssayasay", *arguments)

    def prove(self, parent, proof=None, secrets=("home", "sign"), door="passphrase"):
        pair = box_pair()
        sealed, lasts_s = self.send(self.proof_for(parent, pair, proof, secrets, door))
        assert lasts_s == 300
        return json.loads(box_open(pair, bytes(sealed)))

    def begin(self, profile, *kinds):
        pair = box_pair()
        id_, sealed, lasts_s = self.call("Intake.Begin", "sasay", profile, dbus.Array(kinds, "s"),
                                         dbus.ByteArray(pair[0]))
        assert lasts_s == 60 and len(box_open(pair, bytes(sealed))) == 32 * len(kinds)
        return id_

    def commit(self, parent, id_, *kinds):
        bodies = [body() for _ in kinds]
        parts, offset = [], 0
        for kind, one in zip(kinds, bodies):
            parts.append((kind, dbus.UInt64(offset), dbus.UInt64(len(one))))
            offset += len(one)
        fd = memfd(b"".join(bodies))
        try:
            expires = self.call("Intake.Commit", "saya(stt)h", id_,
                                dbus.ByteArray(header(parent.home[0])), parts, dbus.types.UnixFd(fd))
        finally:
            os.close(fd)
        return dict(expires), b"".join(bodies)

    def keep(self, parent, profile, *kinds):
        id_ = self.begin(profile, *kinds)
        return (id_, *self.commit(parent, id_, *kinds))

    def list(self, **selection):
        items, cursor = self.call("Archive.List", "a{sv}", dbus.Dictionary(selection, "sv"))
        assert cursor == ""
        return items

    def grant(self, parent, profile, *kinds, keep_s=DAY_S):
        policy = self.call("Status.Policy")[1]
        self.call("Consent.Grant", "as",
                  [parent.consent(profile, kind, keep_s, policy) for kind in kinds])

    def wait(self, job):
        return self.call("Job.Wait", path=job)

    def log(self):
        entries, more = self.call("Log.List", "t", dbus.UInt64(0))
        assert not more
        return [json.loads(entry[2]) for entry in entries]


def a_house(world):
    """A household with a child, an adult and consent for the child's sound and words."""
    anna, parent = Parent("Anna"), Connection(world, PARENT)
    parent.setup(anna)
    mia = parent.call("Profiles.Add", "ss", "mia", "child").rsplit("/", 1)[1]
    dad = parent.call("Profiles.Add", "ss", "dad", "adult").rsplit("/", 1)[1]
    parent.grant(anna, mia, "audio", "transcript")
    return anna, parent, mia, dad


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


def test_the_whole_story(world):
    world.start()
    anna, parent, mia, _ = a_house(world)
    ear = Connection(world, EAR)
    policy = ear.call("Intake.Policy")
    assert policy[0] == parent.call("Parents.Household")[0] and len(policy[4]) == 2
    assert sorted(map(tuple, policy[3]))[0][1:] in (("mia", "child"), ("dad", "adult"))
    id_, expires, sealed = ear.keep(anna, "mia", "audio", "transcript")
    assert set(expires) == {"audio", "transcript"}
    items = parent.list()
    assert [item[0] for item in items] == [id_] and items[0][1] == mia
    # Opened: what was sealed comes back, with keys for this caller only.
    pair = box_pair()
    _, parts, fd, keys = parent.call("Archive.Open", "sasay", id_, dbus.Array([], "s"),
                                     dbus.ByteArray(pair[0]))
    with os.fdopen(fd.take(), "rb") as file:
        assert file.read() == sealed
    assert len(box_open(pair, bytes(keys))) == 64 and len(parts) == 2
    # A restart forgets nothing but the proof.
    world.stop(signal.SIGKILL)
    world.start()
    assert [item[0] for item in parent.list()] == [id_]
    parent.refused("NotAuthorized", "Archive.Open", "sasay", id_, dbus.Array([], "s"),
                   dbus.ByteArray(pair[0]))
    # Deleting needs no passphrase.
    count = parent.call("Archive.Delete", "a{sv}", {"ids": dbus.Array([id_], "s")},
                        options={"dry-run": True})
    # R14: how many there are is told to nobody unseen.
    told = parent.log()[-1]
    assert (told["what"], told["reason"], told["items"]) == ("list", "dry-run", 1), told
    assert count == ("/", 1) and len(parent.list()) == 1
    job, items = parent.call("Archive.Delete", "a{sv}", {"ids": dbus.Array([id_], "s")})
    assert items == 1 and parent.list() == []
    state, receipt, problem = parent.wait(job)
    assert (state, problem) == ("done", "") and statement_holds(receipt)
    assert json.loads(receipt)["items"] == 1
    assert parent.get("Job", "State", job) == "done"
    with open(world.state + "/cubby.db", "rb") as file:
        assert sealed[25:57] not in file.read()
    told = [entry["what"] for entry in parent.log()]
    for what in ("setup", "profile-add", "consent-grant", "keep", "list", "open", "delete"):
        assert what in told, what


def test_r17_r22_roles_are_kept_apart(world):
    world.start()
    anna, parent, mia, _ = a_house(world)
    ear, stranger, root = (Connection(world, who) for who in (EAR, STRANGER, (0, [0])))
    item = ear.keep(anna, "mia", "audio")[0]
    key = dbus.ByteArray(box_pair()[0])
    everything = dbus.Dictionary({"all": True}, "sv")
    for denied in (ear, stranger, root):
        denied.refused("NotAuthorized", "Archive.List", "a{sv}", dbus.Dictionary({}, "sv"))
        denied.refused("NotAuthorized", "Archive.Delete", "a{sv}", everything)
        denied.refused("NotAuthorized", "Archive.Open", "sasay", item, dbus.Array([], "s"), key)
        denied.refused("NotAuthorized", "Log.List", "t", dbus.UInt64(0))
        denied.refused("NotAuthorized", "Profiles.Add", "ss", "eve", "child")
        denied.refused("NotAuthorized", "Export.BeginApproval", "say", item, key)
        denied.refused("NotAuthorized", "Consent.Grant", "as", ["{}"])
        denied.refused("NotAuthorized", "Status.Describe")
    stranger.refused("NotAuthorized", "Intake.Policy")
    root.refused("NotAuthorized", "Intake.Begin", "sasay", "mia", ["audio"], key)
    parent.refused("NotAuthorized", "Intake.Policy")
    # A child's item is refused by the export, for a proved parent too.
    assert "child" in parent.refused("NotAuthorized", "Export.BeginApproval", "say", item, key)
    # The proof is this connection's alone, and ends when it is told to.
    other = Connection(world, PARENT)
    other.refused("NotAuthorized", "Archive.Open", "sasay", item, dbus.Array([], "s"), key)
    parent.call("Parents.Lock")
    parent.refused("NotAuthorized", "Archive.Open", "sasay", item, dbus.Array([], "s"), key)
    assert set(other.prove(anna)) == {"home", "sign"}
    other.call("Archive.Open", "sasay", item, dbus.Array([], "s"), key)
    denied = [(entry["uid"], entry["method"]) for entry in other.log() if entry["what"] == "denied"]
    assert (61011, "Archive.List") in denied and (0, "Archive.Open") in denied
    # Strangers may be told so often as they like; the log has one entry of them in a minute.
    before = len(other.log())
    for interface in ("Archive", "Export", "Log", "Parents"):
        stranger.refused("NotAuthorized", interface + ".List", "")
    assert len(other.log()) <= before + 2, other.log()[before:]
    assert not any("mia" in json.dumps(entry) or item in json.dumps(entry) for entry in other.log())


def test_r24_a_recorded_proof_is_worth_nothing_after_a_restart_of_the_bus(world):
    world.start()
    anna = Parent("Anna")
    Connection(world, PARENT).setup(anna)
    parent = Connection(world, PARENT)
    recorded = parent.proof_for(anna, box_pair())
    parent.send(recorded)
    assert "Nonce" in parent.refused("InvalidArgument", "Parents.Prove", "ssayasay", *recorded)
    unsent = parent.proof_for(anna, box_pair())
    # A new bus counts its connections from the beginning, and the keeper's key is the same.
    world.stop()
    world.restart_bus()
    world.start()
    for _ in range(20):
        thief = Connection(world, PARENT)
        if thief.name == parent.name:
            break
    assert thief.name == parent.name, "the names did not come back: this shows nothing"
    for message in (recorded, unsent):
        thief.nonce()
        assert "Nonce" in thief.refused("InvalidArgument", "Parents.Prove", "ssayasay", *message)
    thief.refused("NotAuthorized", "Profiles.Add", "ss", "eve", "child")
    assert set(thief.prove(anna)) == {"home", "sign"}


def test_r24_guesses_wait_across_a_restart(world):
    world.start()
    anna, parent, _, _ = a_house(world)
    for _ in range(4):
        try:
            parent.prove(anna, proof=os.urandom(32))
            raise AssertionError("a wrong proof was taken")
        except dbus.DBusException as refusal:
            assert refusal.get_dbus_name().endswith(".NotAuthorized"), refusal
    for _ in range(2):
        try:
            parent.prove(anna)
            raise AssertionError("the right proof was looked at while locked")
        except dbus.DBusException as refusal:
            assert refusal.get_dbus_name().endswith(".Locked"), refusal
        assert 25 <= parent.call("Parents.Challenge", "ss", "Anna", "passphrase")[3] <= 30
        world.stop(signal.SIGKILL)
        world.start()
    assert parent.prove(anna, door="recovery")


def test_withdrawing_erases(world):
    world.start()
    anna, parent, mia, dad = a_house(world)
    ear = Connection(world, EAR)
    both = ear.keep(anna, "mia", "audio", "transcript")[0]
    parent.keep(anna, "dad", "audio")
    job = parent.call("Consent.Withdraw", "sas", "mia", ["audio"])
    assert parent.wait(job)[0] == "done"
    kept = {item[0]: [part[0] for part in item[3]] for item in parent.list(profile="mia")}
    assert kept == {both: ["transcript"]}, kept
    ear.refused("NoConsent", "Intake.Begin", "sasay", "mia", ["audio"], dbus.ByteArray(box_pair()[0]))
    states = {(row[0], row[1]): row[2] for row in parent.call("Consent.Show", "s", "")}
    assert states == {(mia, "audio"): "withdrawn", (mia, "transcript"): "in force"}, states
    # Nothing of it is kept: there is nothing to wait for.
    assert parent.call("Consent.Withdraw", "sas", "mia", ["location"]) == "/"
    job = parent.call("Consent.Withdraw", "sas", "mia", dbus.Array([], "s"))
    assert parent.wait(job)[0] == "done" and parent.list(profile="mia") == []
    assert len(parent.list(profile=dad)) == 1


def test_r10_forget_that(world):
    world.start()
    anna, parent, mia, dad = a_house(world)
    ear, other = Connection(world, EAR), Connection(world, BOTH)
    parent.keep(anna, "dad", "audio")
    assert ear.call("Intake.Forget", "ss", "last", "") == ("nothing", 0)
    kept = [ear.keep(anna, "mia", "audio", "transcript")[0] for _ in range(3)]
    others = other.keep(anna, "mia", "audio")[0]
    began = time.monotonic()
    assert ear.call("Intake.Forget", "ss", "last", mia) == ("done", 1)
    assert time.monotonic() - began < 2, "R10: forgotten within two seconds"
    assert {item[0] for item in parent.list(profile="mia")} == {*kept[:2], others}
    assert not [a for a in parent.call("Status.Describe")["alerts"] if "forget" in a]
    # What another user's ear told, and what a parent brought in, is not an ear's to forget.
    assert ear.call("Intake.Forget", "ss", "today", "") == ("done", 2)
    assert {item[0] for item in parent.list()} == {others} | {i[0] for i in parent.list(profile=dad)}
    assert len(parent.list(profile=dad)) == 1
    assert any("by voice to forget today: 2 items." in a
               for a in parent.call("Status.Describe")["alerts"])
    logged = [(e["reason"], e.get("items", 0)) for e in parent.log() if e["what"] == "forget"]
    assert logged == [("last", 1), ("today", 2)], logged
    ear.refused("NotFound", "Intake.Forget", "ss", "last", "nobody")
    ear.refused("InvalidArgument", "Intake.Forget", "ss", "yesterday", "")
    parent.refused("NotAuthorized", "Intake.Forget", "ss", "last", "")


def refusal_of(call):
    """The name of the error, or None."""
    try:
        call()
    except dbus.DBusException as refusal:
        return refusal.get_dbus_name()
    return None


def test_r14_looking_cannot_fill_the_log(world):
    """As many pages as 200,000 items have, and no more, without a passphrase; erasing goes on."""
    world.start()
    anna, _, mia, _ = a_house(world)
    ear, nosy, proved = Connection(world, EAR), Connection(world, PARENT), Connection(world, PARENT)
    item = ear.keep(anna, "mia", "audio")[0]
    proved.prove(anna)
    dads = proved.keep(anna, "dad", "audio")[0]
    looked = told = 0
    begun = time.monotonic()
    while not told and looked <= 1100:
        try:
            nosy.list()
            looked += 1
        except dbus.DBusException as refusal:
            assert refusal.get_dbus_name().endswith(".RateLimited"), refusal
            told = "access log" in refusal.get_dbus_message()
            time.sleep(0.1)     # the bus has a rate of its own
    # And 20 more a minute, the first one at once.
    assert told and 990 <= looked <= 1001 + (time.monotonic() - begun) / 3, looked
    # Nor by what changes nothing. Every three seconds one look is let through, and it may be one.
    for member, signature, arguments, options in (
            ("Archive.Delete", "a{sv}", ({"all": True},), {"dry-run": True}),
            ("Drill.Run", "", (), None),
            ("Archive.Delete", "a{sv}", ({"profile": "dad", "kind": "location"},), None),
            ("Consent.Withdraw", "sas", ("dad", ["location"]), None),
            ("Retention.Set", "ssu", ("mia", "audio", DAY_S), None),
            ("Profiles.Keep", "s", ("mia",), None),
            ("Export.Refuse", "as", ([dads],), None),
            ("Archive.Move", "ss", (item, "mia"), None)):
        def look():
            nosy.call(member, signature, *arguments, options=options)
        assert any("RateLimited" in str(refusal_of(look)) for _ in range(3)), member
    assert len(proved.list()) == 2, "who gave the passphrase sees what there is"
    for profile, left in ((mia, 1), ("dad", 0)):
        job, items = nosy.call("Archive.Delete", "a{sv}", {"profile": profile})
        assert items == 1 and nosy.wait(job)[0] == "done" and len(proved.list()) == left, profile


def test_removing_a_profile(world):
    world.start()
    anna, parent, mia, _ = a_house(world)
    ear = Connection(world, EAR)
    ear.keep(anna, "mia", "audio")
    managed = parent.bus.call_blocking(NAME, ROOT, "org.freedesktop.DBus.ObjectManager",
                                       "GetManagedObjects", "", ())
    assert ROOT + "/profile/" + mia in managed, managed
    job = parent.call("Profiles.Remove", "s", "mia")
    ear.refused("NotFound", "Intake.Begin", "sasay", "mia", ["audio"], dbus.ByteArray(box_pair()[0]))
    assert parent.wait(job)[0] == "done"
    parent.refused("NotFound", "Archive.List", "a{sv}", dbus.Dictionary({"profile": "mia"}, "sv"))
    with open(world.state + "/cubby.db", "rb") as file:
        assert b"mia" not in file.read()
    parent.call("Profiles.Add", "ss", "mia", "adult")


def test_selections_that_would_say_too_much(world):
    world.start()
    anna, parent, _, _ = a_house(world)
    Connection(world, EAR).keep(anna, "mia", "audio")
    nothing = dbus.Array([], "s")
    for selection in ({}, {"ids": nothing}, {"ids": nothing, "profile": "mia"}, {"all": False},
                      {"until": dbus.UInt64(0)}, {"since": dbus.UInt64(0)},
                      {"until": dbus.UInt64(0), "profile": "mia"}, {"nosuch": "x"},
                      {"profile": dbus.UInt64(1)}, {"kind": "training"},
                      {"since": dbus.UInt64(2 ** 64 - 1)}):
        parent.refused("InvalidArgument", "Archive.Delete", "a{sv}", dbus.Dictionary(selection, "sv"))
    parent.refused("NotFound", "Archive.Delete", "a{sv}", {"ids": ["0" * 32]})
    assert len(parent.list()) == 1
    # Twice the same key, which no dictionary of python's can hold.
    if shutil.which("busctl"):
        said = subprocess.run(
            ["setpriv", "--reuid", str(PARENT[0]), "--regid", str(PARENTS_GID), "--clear-groups",
             "busctl", "--address=" + world.address, "call", NAME, ROOT, NAME + ".Archive", "Delete",
             "a{sv}a{sv}", "2", "profile", "s", "dad", "profile", "s", "mia", "0"],
            capture_output=True, text=True)
        assert said.returncode and "twice" in said.stderr, said
        assert len(parent.list()) == 1
    now = int(time.time())
    assert parent.list(since=dbus.UInt64(now + 120)) == []
    assert len(parent.list(since=dbus.UInt64(now - 120), until=dbus.UInt64(now + 120))) == 1


def test_r21_a_new_policy_stops_storing(world):
    def configured(audio, running=True):
        if running:
            world.stop()
        with open(world.dir + "/new.conf", "w") as file:
            file.write("[retention]\naudio = %s\n" % audio)
        world.start("--config", world.dir + "/new.conf")
        return Connection(world, EAR), Connection(world, PARENT)

    configured("2d", running=False)
    anna, _, mia, _ = a_house(world)
    # Less than was consented to goes on, and back to it.
    for audio in ("1d", "2d"):
        ear, parent = configured(audio)
        ear.keep(anna, "mia", "audio")
        assert not any("policy" in text for text in parent.call("Status.Describe")["alerts"])
    # More does not, and parents see it.
    ear, parent = configured("3d")
    assert any("consents of mia" in text for text in parent.call("Status.Describe")["alerts"])
    assert {row[2] for row in parent.call("Consent.Show", "s", "mia")} == {"policy changed"}
    text = ear.refused("NoConsent", "Intake.Begin", "sasay", "mia", ["audio"],
                       dbus.ByteArray(box_pair()[0]))
    assert "policy changed" in text
    parent.prove(anna)
    parent.grant(anna, mia, "audio")
    ear.keep(anna, "mia", "audio")


def keeper_child(world):
    """The pid of the keeper itself, below what gives it its own view of the system."""
    pid = world.keeper.pid
    while True:
        with open("/proc/%d/task/%d/children" % (pid, pid)) as file:
            below = file.read().split()
        if not below:
            return pid
        pid = int(below[0])


def keeper_stopped(pid):
    with open("/proc/%d/stat" % pid) as file:
        return file.read().rsplit(")", 1)[1].split()[0] == "T"


def hear_while_committing(world, then):
    """An ear whose Commit is not answered: the keeper has committed and stands still. `then` says
    what happens to the keeper. The events and the ids that are kept."""
    listen, cubbyd = (os.environ.get(name) for name in ("CUBBY_LISTEN", "CUBBYD_FAILPOINTS"))
    data = "/usr/share/pocketsphinx/test/data/"
    if not listen or not cubbyd:
        raise Skip("no keeper with failpoints was built")
    if not os.path.exists(data + "goforward.raw"):
        raise Skip("pocketsphinx-testdata is not installed")
    with wave.open(world.dir + "/said.wav", "wb") as said, open(data + "goforward.raw", "rb") as raw:
        said.setparams((1, 2, 16000, 0, "NONE", ""))
        said.writeframes(raw.read() + bytes(32000))
    world.cubbyd = cubbyd
    os.environ["CUBBY_FAILPOINT"] = "keep-committed:1:stop"
    try:
        world.start()
    finally:
        del os.environ["CUBBY_FAILPOINT"]
    _, parent, _, _ = a_house(world)
    ear = subprocess.Popen(world.inside(
        "setpriv", "--reuid", str(EAR[0]), "--regid", str(EAR_GID), "--clear-groups", listen,
        "--json", "--bus", world.address, "--profile", "mia", "--grammar", data + "goforward.gram",
        "--file", world.dir + "/said.wav"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    keeper = keeper_child(world)
    world.wait_for(lambda: keeper_stopped(keeper) or ear.poll() is not None, 20)
    try:
        then(keeper)
    finally:
        out, err = ear.communicate(timeout=30)
        with contextlib.suppress(ProcessLookupError):
            os.kill(keeper, signal.SIGCONT)
    assert out, err
    events = [json.loads(line) for line in out.splitlines()]
    return [event for event in events if event["event"] in ("final", "forgotten")], parent


def test_r1_a_late_answer_is_not_forgotten(world):
    def later(keeper):
        time.sleep(6)       # longer than an ear waits for Commit
        os.kill(keeper, signal.SIGCONT)

    events, parent = hear_while_committing(world, later)
    kept = [item[0] for item in parent.list()]
    assert len(kept) == 1 and [event["event"] for event in events] == ["final"], (kept, events)
    assert events[0]["kept"] is True and events[0]["id"] == kept[0], (kept, events)


def test_r1_a_lost_keeper_leaves_it_open_what_is_kept(world):
    def killed(keeper):
        os.kill(keeper, signal.SIGKILL)

    events, _ = hear_while_committing(world, killed)
    assert [event["event"] for event in events] == ["final"], events
    assert events[0]["kept"] is None and "not known" in events[0]["reason"], events
    world.keeper.communicate(timeout=10)
    world.start()
    assert [item[0] for item in Connection(world, PARENT).list()] == [events[0]["id"]]


def test_an_ear_and_parent_in_one(world):
    world.start()
    anna, _, _, _ = a_house(world)
    both = Connection(world, BOTH)
    both.keep(anna, "mia", "audio")
    assert "import" in both.refused("NotAuthorized", "Intake.Begin", "sasay", "dad", ["audio"],
                                    dbus.ByteArray(box_pair()[0]))
    both.prove(anna)
    both.keep(anna, "dad", "audio")
    assert len(both.list()) == 2


def main():
    tests = [(name, test) for name, test in sorted(globals().items()) if name.startswith("test_")]
    if os.geteuid() != 0:
        print("1..0 # SKIP needs root, to be several users")
        return 0
    print("1..%d" % len(tests))
    failed = 0
    for number, (name, test) in enumerate(tests, 1):
        world = World()
        try:
            test(world)
            print("ok %d - %s" % (number, name), flush=True)
        except Skip as missing:
            print("ok %d - %s # SKIP %s" % (number, name, missing), flush=True)
        except Exception:
            failed += 1
            print("not ok %d - %s" % (number, name))
            print("".join("# " + line + "\n" for line in traceback.format_exc().splitlines()),
                  flush=True)
            if world.keeper:
                print("".join("# " + line + "\n" for line in world.stop()[1].splitlines()))
        finally:
            world.end()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
