# SPDX-License-Identifier: Apache-2.0
"""A household in a keeper under the shim, and what it was promised."""

import contextlib
import functools
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"),
                os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "crash")]
try:
    import dbus
except ImportError:
    print("1..0 # SKIP python3-dbus is not installed")
    sys.exit(0)
import sodium
from keeper_world import NOBODY, World, join
from report import Report     # noqa: F401
from shim import Shim

PARENT, PASSPHRASE = "Robin", "four quite ordinary words"
NAME = "org.cubby.Cubby1.Error."
HOUR_S = 3600
# The passphrase is stretched once, and not in every round.
SALT = os.urandom(16)
sodium.argon2id = functools.lru_cache(sodium.argon2id)
# Syncs cost nothing here, and a file system that a test fills holds nothing else.
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


class Home:
    def __init__(self, cubbyd, library, state=None):
        join()
        self.memory = tempfile.mkdtemp(prefix="cubby-faults-", dir=MEMORY)
        self.world = World(cubbyd, state or f"{self.memory}/state")
        self.shim = Shim(library, f"{self.world.place}/shim")
        self.keeper, self.secrets, self.code, self.child = None, None, None, None
        self.kept = {}      # id: (word, {place in slots.bin: key})

    def end(self):
        if self.keeper:
            self.keeper.close()
        self.world.end()
        shutil.rmtree(self.memory)

    # The keeper.

    def start(self):
        begun = self.world.start(
            ASAN_OPTIONS=os.environ["ASAN_OPTIONS"] + ":verify_asan_link_order=0:exitcode=99",
            UBSAN_OPTIONS="halt_on_error=1:exitcode=98",
            **self.shim.environment)
        if begun:
            self.keeper = self.world.client()
        return begun

    def kill(self):
        self.keeper.close()
        self.world.process.kill()
        self.world.process.wait()

    def restart(self):
        self.kill()
        assert self.start(), "it does not start again"

    def anew(self):
        """No household yet."""
        self.world.anew()
        shutil.rmtree(f"{self.world.place}/home", ignore_errors=True)
        self.kept = {}
        assert self.start(), "it does not start"

    def ping(self):
        self.keeper.get("Status", "Version")

    def sleep(self, seconds):
        """The keeper's timers run: what is due is done at the next turns of its loop."""
        self.shim.sleep(seconds)
        for _ in range(3):
            self.ping()

    # The household.

    def setup(self):
        self.secrets, self.code = self.keeper.setup(PARENT, PASSPHRASE, SALT)

    def furnish(self):
        self.anew()
        self.setup()
        path = str(self.keeper.call("Profiles", "Add", "ssa{sv}", "mia", "child"))
        self.child = path.rpartition("/")[2]
        self.grant(HOUR_S)

    def grant(self, keep_s):
        self.keeper.grant([self.keeper.consent(self.secrets["sign"], self.child, kind, keep_s)
                           for kind in ("audio", "transcript")])

    def prove(self):
        self.keeper.prove(PARENT, PASSPHRASE)

    def describe(self):
        return self.keeper.call("Status", "Describe")

    def listed(self):
        return {str(row[0]) for row in self.keeper.list()}

    def keep(self):
        """An item of two parts; its id, once the keeper has acknowledged it."""
        word = b"word " + os.urandom(16).hex().encode()
        item, keys = self.keeper.begin("mia", ["audio", "transcript"])
        self.keeper.commit(item, keys, sodium.box_public(self.secrets["home"]),
                           [("audio", b"fLaC" + word * 300), ("transcript", word)])
        self.kept[item] = (word, self.slot_keys(item))
        return item

    def written(self):
        """When the database and its log last changed, of those that are there."""
        paths = {name: f"{self.world.state}/{name}" for name in ("cubby.db", "cubby.db-wal")}
        return {name: (os.stat(path).st_mtime_ns, os.stat(path).st_size)
                for name, path in paths.items() if os.path.exists(path)}

    def slot_keys(self, item):
        """{place in slots.bin: key} of an item, as root finds them with a copy of the database."""
        peek = f"{self.memory}/peek"
        before = after = None
        # The keeper may fold the log while the two files are copied.
        while before is None or before != after:
            shutil.rmtree(peek, ignore_errors=True)
            os.mkdir(peek)
            before = self.written()
            for name in before:
                shutil.copy(f"{self.world.state}/{name}", peek)
            after = self.written()
        with contextlib.closing(sqlite3.connect(f"{peek}/cubby.db")) as db:
            slots = [slot for slot, in db.execute(
                "SELECT slot FROM part JOIN item USING (item) WHERE id = ?",
                (bytes.fromhex(item),))]
        with open(f"{self.world.state}/slots.bin", "rb") as file:
            content = file.read()
        places = [slot // 127 * 4096 + 32 + slot % 127 * 32 for slot in slots]
        keys = {at: content[at:at + 32] for at in places}
        assert len(keys) == 2 and all(map(any, keys.values())), "kept without its keys"
        return keys

    def traces(self, item, keys):
        """How often an item's id or slot keys are in any file."""
        needles = [bytes.fromhex(item), *keys.values()]
        found = 0
        for name in os.listdir(self.world.state):
            with open(os.path.join(self.world.state, name), "rb") as file:
                content = file.read()
            found += sum(content.count(needle) for needle in needles)
        return found

    def holds(self):
        """What was acknowledged and not erased is there, and is what was said."""
        lost = set(self.kept) - self.listed()
        assert not lost, f"acknowledged, and lost: {lost}"
        for item, (word, _) in self.kept.items():
            assert self.keeper.open(item, self.secrets["home"])["transcript"] == word, "damaged"

    def idle(self):
        """Until nothing is being erased; the time of the retries passes."""
        for _ in range(40):
            if int(self.describe()["erasing"]) == 0:
                return
            self.sleep(61)
        raise AssertionError(f"does not converge: {self.describe()}")

    def cubby(self, *words, **environment):
        """The parent's program, as the parent, who may not be let into where it was built."""
        home, program = f"{self.world.place}/home", f"{self.world.place}/bin/cubby"
        os.makedirs(home, exist_ok=True)
        os.chmod(home, 0o777)
        if not os.path.exists(program):
            built = os.path.dirname(os.path.dirname(os.environ["CUBBY"]))
            os.makedirs(os.path.dirname(program))
            shutil.copy(os.environ["CUBBY"], program)
            os.makedirs(f"{self.world.place}/lib/client")
            shutil.copy(f"{built}/lib/client/libcubby.so.0", f"{self.world.place}/lib/client")
        return subprocess.run([program, *words], capture_output=True, text=True,
                              timeout=120, check=False, user=NOBODY if os.geteuid() == 0 else None,
                              env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": self.world.address,
                                   "HOME": home, "XDG_STATE_HOME": home,
                                   "LD_LIBRARY_PATH": f"{self.world.place}/lib/client",
                                   **environment})


def refused(call, *arguments, **named):
    """The name of the error it ends with, or None; its text."""
    try:
        call(*arguments, **named)
    except dbus.DBusException as error:
        return error.get_dbus_name().replace(NAME, ""), error.get_dbus_message()
    return None, ""


def case(report, name, function, *arguments):
    begun = time.monotonic()
    try:
        said = function(*arguments) or ""
        report.case(name, True, f"{said} ({time.monotonic() - begun:.1f} s)".strip())
    except (AssertionError, dbus.DBusException, sodium.Refused, OSError,
            subprocess.SubprocessError) as problem:
        report.case(name, False, re.sub(r"^", "# ", f"{type(problem).__name__}: {problem}",
                                        flags=re.M))
