#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""R8: the real cubbyd on a disk that fails. For setup, consent, keep, delete, expire and the start,
every write, sync, truncation, allocation and opening of a file fails in its turn, once with EIO, or
from then on with ENOSPC (there, and of expiry, not each), until the operation runs through. What was
acknowledged holds, after kill -9 as well; nothing says "done" that is not; whatever is partial names
the store and ends well once the disk does. For keep and delete every read
fails as well; and every read and write is interrupted (EINTR), or does a half of what was asked, and
that changes nothing. A drill that cannot look into the directory says so.

usage: every_call.py CUBBYD SHIM

With CUBBY_TEST_SLOW=1 each of these, and EROFS, at every call both ways, and a kill -9 after each
failure (over ten minutes on a busy machine)."""

import errno
import os
import sys

from home import HOUR_S, Home, Report, case, dbus, refused
from shim import CHANGES, EVERY_FILE, FILES, LIST, OPEN_READ, READ, SHORT, SYNC, TRUNCATE, WRITE

SLOW = os.environ.get("CUBBY_TEST_SLOW") == "1"
STORES = ("slots.bin", "cubby.db", "cubby.db-wal", "reserve.bin", "the verifier")
MOST = 5000


class Sweep:
    """One operation. `do` runs on the failing disk and says what it answered; `judge` on a good
    one, and raises."""

    files = EVERY_FILE
    short = False       # few calls: each both ways, and a kill -9 after each

    def __init__(self, home):
        self.home = home

    @staticmethod
    def step(nth):
        return 1

    def begin(self):
        self.home.furnish()

    def prepare(self):
        pass

    def after_kill(self):
        self.home.prove()
        self.home.holds()

    def run(self, error, once, calls=CHANGES, goes_on=False):
        """goes_on: it is no failure, and what was asked for is done."""
        home, self.goes_on = self.home, goes_on
        name = os.strerror(error) if error else "a half"
        self.begin()
        outcomes = {}
        nth = tried = 0
        while nth < MOST:
            self.prepare()
            home.shim.fail(error, nth, self.files, calls, once)
            answer = self.do()
            if home.world.process.poll() is None:
                home.sleep(1)       # the log's key is turned
            failed = home.shim.heal()
            tried += 1
            try:
                outcome = self.judge(answer)
                assert not goes_on or outcome == "done", outcome
                if SLOW or self.short and not goes_on or tried % 10 == 0:
                    home.sleep(61)  # what was refused is taken back for good
                    home.restart()
                    self.after_kill()
            except AssertionError as problem:
                raise AssertionError(f"at call {nth}, {name}"
                                     f"{' once' if once else ''}: {problem}; answer {answer}") \
                    from problem
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
            if not failed:
                assert outcome in ("done", "started"), f"{answer} on a good disk"
                break
            nth += max(self.step(nth), 1 if SLOW or self.short else 7 if calls & READ else
                       1 if once else 4)
        else:
            raise AssertionError(f"does not run through in {MOST} calls")
        home.restart()
        self.after_kill()
        home.kill()
        # The first call fails in the first round: else nothing was tried.
        assert nth > 1, "no call was made to fail"
        return f"{tried - 1} of {nth} calls, {name}{' once' if once else ''}: " + \
            ", ".join(f"{n} {outcome}" for outcome, n in sorted(outcomes.items()))


class Setup(Sweep):
    short = True

    def begin(self):
        self.home.anew()

    def prepare(self):
        if self.home.keeper.get("Status", "Household"):
            self.home.kill()
            self.home.anew()

    def do(self):
        return refused(self.home.setup)

    def judge(self, answer):
        self.there = bool(self.home.keeper.get("Status", "Household"))
        assert self.there == (answer[0] is None), "a household that was refused, or none"
        return "refused" if answer[0] else "done"

    def after_kill(self):
        assert bool(self.home.keeper.get("Status", "Household")) == self.there, \
            "another answer after a kill"
        if self.there:
            self.home.prove()


class Consent(Sweep):
    short = True
    keep_s = HOUR_S

    def shown(self):
        return {int(row[3]) for row in self.home.keeper.call("Consent", "Show", "sa{sv}", "mia")}

    def do(self):
        self.keep_s = HOUR_S + 60 * (1 + (self.keep_s - HOUR_S) // 60 % 1000)
        return refused(self.home.grant, self.keep_s)

    def prepare(self):
        self.home.prove()
        self.before = self.shown()

    def judge(self, answer):
        self.due = self.before if answer[0] else {self.keep_s}
        assert self.shown() == self.due, f"granted is {self.shown()}, due {self.due}"
        return "refused" if answer[0] else "done"

    def after_kill(self):
        assert self.shown() == self.due, f"after a kill granted is {self.shown()}, due {self.due}"


class Keep(Sweep):
    short = True

    def prepare(self):
        if not self.goes_on:
            self.home.sleep(61)     # what was begun and refused is forgotten

    def do(self):
        return refused(self.home.keep)

    def judge(self, answer):
        assert self.home.listed() == set(self.home.kept), "not what was acknowledged"
        assert not answer[0] or answer[0] in ("Failed", "QuotaExceeded", "Busy"), "odd error"
        return "refused" if answer[0] else "done"


class Delete(Sweep):
    def prepare(self):
        self.item = self.home.keep()
        self.keys = self.home.kept[self.item][1]

    def ask(self):
        keeper = self.home.keeper
        self.job = keeper.call("Archive", "Delete", "a{sv}a{sv}", dbus.Dictionary(
            {"ids": dbus.Array([self.item], signature="s")}, signature="sv"))[0]

    def wait(self):
        return tuple(map(str, self.home.keeper.call("Job", "Wait", path=self.job, timeout=20)))

    def do(self):
        self.job = None
        name, text = refused(self.ask)
        if name:
            return name, text
        state = self.wait()
        if state[0] == "partial":
            assert any("partly" in alert for alert in self.home.describe()["alerts"]), "no alert"
        return state

    def judge(self, answer):
        home = self.home
        outcome = answer[0] if self.job else "refused"
        if not self.job:
            assert self.item in home.listed(), "refused, and gone all the same"
            self.ask()
            assert self.wait()[0] == "done", "refused, and then not done"
        elif answer[0] == "partial":
            assert not answer[1], "a receipt for what is partial"
            assert answer[2].startswith(STORES), f"no store is named: {answer[2]}"
            home.idle()
        state, receipt, _ = self.wait()
        assert state == "done" and receipt, f"{state}, receipt {receipt}"
        assert self.item not in home.listed(), "done, and listed"
        assert home.traces(self.item, self.keys) == 0, "done, and still on the disk"
        del home.kept[self.item]
        return outcome


class Expire(Delete):
    """The same job, without anybody who waits."""

    @staticmethod
    def step(nth):
        return 1 if SLOW else 5

    def do(self):
        self.home.sleep(HOUR_S + 60)
        for _ in range(10):
            facts = self.home.describe()
            if int(facts["erasing"]) == 0:
                break
        return int(facts["erasing"]), list(map(str, facts["alerts"]))

    def judge(self, answer):
        erasing, alerts = answer
        assert self.item not in self.home.listed(), "expired, and listed"
        partly = any("partly" in alert for alert in alerts)
        gone = not self.home.traces(self.item, self.keys)
        assert gone or erasing or partly, "not erased, and nobody is told"
        for _ in range(10):
            self.home.sleep(61)
            if self.home.traces(self.item, self.keys) == 0:
                break
        self.home.idle()
        assert self.home.traces(self.item, self.keys) == 0, "expired, and still on the disk"
        del self.home.kept[self.item]
        return "partial" if partly else "done"

    def after_kill(self):
        assert not self.home.listed(), "expired, and back"


class Start(Sweep):
    """With an item kept, and no clean end before."""

    files = EVERY_FILE & ~FILES["slots.bin"]

    def begin(self):
        super().begin()
        self.home.keep()

    def prepare(self):
        self.home.kill()

    def do(self):
        return self.home.start()

    def judge(self, answer):
        if not answer:
            assert self.home.world.process.returncode == 1, "it did not refuse, it died"
            assert self.home.start(), "it does not start on a good disk"
        assert set(self.home.kept) <= self.home.listed(), "lost"
        return "started" if answer else "refused"


class StartSlots(Start):
    """A start writes a thousand fresh keys, one by one."""

    files = FILES["slots.bin"]

    @staticmethod
    def step(nth):
        return 1 if SLOW else 1 + nth // 2


def hears(home):
    """A second parent's connection, and what it hears of Status.Alert."""
    from dbus.mainloop.glib import DBusGMainLoop
    listener, heard = home.world.client(mainloop=DBusGMainLoop()), []
    listener.bus.add_signal_receiver(lambda kind, text: heard.append((str(kind), str(text))),
                                     dbus_interface="org.cubby.Cubby1.Status",
                                     signal_name="Alert")
    listener.get("Status", "Version")       # the keeper knows who is there
    listener.call("Status", "Describe")
    return listener, heard


def partial(home, store, calls):
    """One store fails after the deletion was acknowledged: everybody is told, and it converges."""
    from gi.repository import GLib
    home.furnish()
    listener, heard = hears(home)
    sweep = Delete(home)
    sweep.prepare()
    home.shim.fail(errno.EIO, files=FILES[store], calls=calls)
    sweep.ask()
    state, receipt, problem = sweep.wait()
    assert (state, receipt) == ("partial", ""), (state, receipt)
    assert store in problem.split(": ")[0], problem
    for _ in range(100):
        if heard:
            break
        GLib.MainContext.default().iteration(False)
        listener.get("Status", "Version")
    assert [kind for kind, _ in heard] == ["partial"], f"heard {heard}"
    status = home.cubby("status")
    assert status.returncode == 0 and "ALERT       An erasure is only partly done" in \
        status.stdout, status.stdout + status.stderr
    # Tried again, and still failing.
    before = home.shim.failed()
    home.sleep(61)
    for _ in range(100):
        if home.shim.failed() > before:
            break
        home.ping()
    assert home.shim.failed() > before, "it was not tried again"
    assert sweep.wait()[0] == "partial"
    home.shim.heal()
    home.idle()
    state, receipt, _ = sweep.wait()
    assert state == "done" and receipt, state
    assert home.traces(sweep.item, sweep.keys) == 0
    assert "ALERT" not in home.cubby("status").stdout
    listener.close()
    home.kill()
    return problem


def directory(home):
    """The names of files that an earlier start could not sync are synced by this one, or nothing is
    promised at all: no start rests on a file that a power cut may take away."""
    home.furnish()
    home.kill()
    home.shim.fail(errno.EIO, files=FILES["directory"], calls=SYNC, once=True)
    assert not home.start(), "it started"
    assert home.world.process.returncode == 1, "it did not refuse, it died"
    assert home.shim.heal() == 1, "the directory was not synced"
    assert home.start(), "it does not start on a good disk"
    home.kill()


def drill(home):
    """R32: what lists the directory, or asks about a file in it, fails in its turn."""
    home.furnish()
    nth, failed = 0, True
    while failed:
        home.shim.fail(errno.EIO, nth, calls=LIST, once=True)
        done = home.cubby("drill")
        failed = home.shim.heal()
        assert failed == (done.returncode != 0), f"look {nth} failed, and the drill said {done}"
        nth += 1
    home.kill()
    assert nth > 5, f"only {nth} looks"
    return f"{nth - 1} looks"


def main(cubbyd, library):
    operations = {"setup": Setup, "consent": Consent, "keep": Keep, "delete": Delete,
                  "expire": Expire, "start": Start, "start_slots": StartSlots}
    errors = [(errno.EIO, True), (errno.ENOSPC, False)] + \
        ([(errno.EIO, False), (errno.EROFS, False), (errno.ENOSPC, True)] if SLOW else [])
    stores = {"slots.bin": SYNC, "cubby.db": WRITE, "cubby.db-wal": TRUNCATE}
    # What a system call may do on a good day.
    weather = {"EINTR": (errno.EINTR, True), "a_half": (SHORT, True)}
    report = Report(len(operations) * len(errors) + 2 * len(weather) + 2 + len(stores) + 2)
    home = Home(cubbyd, library)
    try:
        for name, operation in operations.items():
            for error, once in errors:
                case(report, f"test_r8_{name}_with_{errno.errorcode[error]}"
                             f"{'_once' if once else ''}_at_every_call",
                     operation(home).run, error, once)
                clean(home)
        for name, (error, once) in weather.items():
            for operation in ("keep", "delete"):
                case(report, f"test_r8_{operation}_with_{name}_at_every_read_and_write",
                     operations[operation](home).run, error, once, READ | WRITE, True)
                clean(home)
        for operation in ("keep", "delete"):
            case(report, f"test_r8_{operation}_with_EIO_once_at_every_read",
                 operations[operation](home).run, errno.EIO, True, READ | OPEN_READ)
            clean(home)
        for store, calls in stores.items():
            case(report, f"test_r8_partial_is_told_at_once_{store}", partial, home, store, calls)
            clean(home)
        case(report, "test_r32_a_drill_that_cannot_look_says_so", drill, home)
        clean(home)
        case(report, "test_r8_a_start_syncs_the_directory", directory, home)
    finally:
        home.end()
    return 1 if report.failed else 0


def clean(home):
    """Whatever a failed case left."""
    home.shim.heal()
    if home.world.process.poll() is None:
        home.world.process.kill()
        home.world.process.wait()


sys.exit(main(*sys.argv[1:]))
