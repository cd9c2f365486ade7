# SPDX-License-Identifier: Apache-2.0
"""A keeper as a program, on a bus of its own, and who speaks to it there."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

try:
    import dbus
    import dbus.bus
except ImportError:
    print("1..0 # SKIP python3-dbus is not installed")
    sys.exit(0)

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../support"))
from parent import Parent, body, box_open, box_pair, box_seal, header, memfd, statement_holds

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
