# SPDX-License-Identifier: Apache-2.0
"""What parents, ears and strangers may do there, across restarts."""

import json
import os
import shutil
import signal
import subprocess
import time

import dbus

from house import Connection, a_house, NAME, ROOT, PARENTS_GID, EAR, PARENT, STRANGER, BOTH, DAY_S
from parent import Parent, box_open, box_pair, statement_holds


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
