#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""R24: passphrases are guessed against the real cubbyd, over several connections, with restarts,
kill -9 and a wall clock that jumps, until 10,000 guesses are made (300 in the quick tier). How many
of them were checked is counted and must not be more than what the back-off lets through in the time
that the keeper ran; the time is the shim's, so that days pass.

usage: guesses.py CUBBYD SHIM"""

import json
import os
import random
import sqlite3
import sys

from home import HOUR_S, PARENT, Home, Report, case, dbus, refused
import sodium

SLOW = os.environ.get("CUBBY_TEST_SLOW") == "1"
GUESSES = 10000 if SLOW else 300
CONNECTIONS = 4
FREE, WAITS_S = 4, (30, 60, 300, 900)


def bound(ran_s):
    """Guesses that get through while the keeper runs for so long: 4 at once, then one after 30 s,
    60 s, 5 min, 15 min, and from then on one an hour."""
    n = FREE
    for wait_s in WAITS_S:
        if ran_s < wait_s:
            return n
        ran_s -= wait_s
        n += 1
    return n + ran_s // HOUR_S


class Guesser:
    def __init__(self, home):
        self.home = home
        self.connections = []
        self.checked = self.locked = 0

    def connect(self):
        self.leave()
        self.connections = [self.home.world.client() for _ in range(CONNECTIONS)]
        self.box = bytes.fromhex(self.connections[0].identity()["box"])

    def leave(self):
        for connection in self.connections:
            connection.close()
        self.connections = []

    def guess(self):
        """As a client with a wrong passphrase does, without the cost of stretching it."""
        keeper = random.choice(self.connections)
        public, _ = sodium.box_pair()
        box = sodium.seal(self.box, json.dumps(
            {"caller": keeper.me, "proof": os.urandom(32).hex(), "nonce": keeper.nonce(),
             "reply_key": public.hex()}).encode())
        name, text = refused(keeper.call, "Parents", "Prove", "ssayasaya{sv}", PARENT,
                             "passphrase", box, dbus.Array(["home"], signature="s"), public)
        assert name in ("NotAuthorized", "Locked", "RateLimited"), (name, text)
        self.checked += name == "NotAuthorized"
        self.locked += name == "Locked"
        return name


def failures(home):
    """As the database has them, read behind the keeper's back."""
    db = sqlite3.connect(f"file:{home.world.state}/cubby.db?mode=ro", uri=True)
    try:
        return db.execute("SELECT sum(failures) FROM door").fetchone()[0]
    finally:
        db.close()


def guesses(home):
    """In rounds: some guesses, then time passes, sometimes with a restart or a jump of the clock."""
    random.seed(1)
    home.furnish()
    home.keeper.close()
    guesser = Guesser(home)
    guesser.connect()
    ran_s = restarts = jumps = made = 0
    while made < GUESSES:
        burst = min(random.randint(1, 12), GUESSES - made)
        for _ in range(burst):
            guesser.guess()
        made += burst
        assert guesser.checked <= bound(ran_s), f"{guesser.checked} checked in {ran_s} s"
        what = random.random()
        if what < 0.15:
            restarts += 1
            guesser.leave()
            if random.random() < 0.5:
                home.world.process.kill()
                home.world.process.wait()
            else:
                home.world.stop()
                assert failures(home) == guesser.checked, "not each that was checked is counted"
            assert home.start(), "it does not start again"
            home.keeper.close()
            guesser.connect()
            continue
        pause_s = random.choice((1, 20, 31, 61, 301, 901, 1800, 3601))
        jump_s = random.choice((0, 0, -86400 * 3650, 86400 * 3650, 7200))
        jumps += jump_s != 0
        home.shim.sleep(pause_s, pause_s + jump_s)
        if abs(home.shim.wall_ns - home.shim.boot_ns) > 20 * 365 * 86400 * 10**9:
            home.shim.wall_ns = home.shim.boot_ns
        ran_s += pause_s
    guesser.leave()
    home.keeper = home.world.client()
    assert 0 < guesser.locked
    # The recovery code opens at once, and the passphrase's wait is over with it or as before.
    home.keeper.prove(PARENT, None, code=home.code)
    home.keeper.close()
    home.world.stop()
    assert failures(home) == guesser.checked, "not each that was checked is counted"
    return (f"{made} guesses in {ran_s / HOUR_S:.0f} hours, {restarts} restarts, {jumps} jumps of "
            f"the wall clock: {guesser.checked} checked, at most {bound(ran_s)} may be")


def shared(home):
    """No pause, many connections: four are checked, whoever asks, and none more in 29 seconds."""
    home.furnish()
    home.keeper.close()
    guesser = Guesser(home)
    checked = 0
    for _ in range(6):
        guesser.connect()
        checked += sum(guesser.guess() == "NotAuthorized" for _ in range(5))
    assert checked == FREE, f"{checked} were checked"
    home.shim.sleep(29)
    assert guesser.guess() == "Locked"
    home.shim.sleep(2)
    assert guesser.guess() == "NotAuthorized" and guesser.guess() == "Locked"
    guesser.leave()
    home.keeper = home.world.client()
    name, _ = refused(home.prove)
    assert name == "Locked", "the right one is not checked before its time either"
    home.sleep(61)
    home.prove()
    home.kill()
    return f"{checked} of 30 checked"


def main(cubbyd, library):
    report = Report(2)
    home = Home(cubbyd, library)
    try:
        case(report, "test_r24_connections_share_the_wait", shared, home)
        if home.world.process.poll() is None:
            home.world.process.kill()
            home.world.process.wait()
        case(report, f"test_r24_at_most_the_bound_of_{GUESSES}_guesses_is_checked", guesses, home)
    finally:
        home.end()
    return 1 if report.failed else 0


sys.exit(main(*sys.argv[1:]))
