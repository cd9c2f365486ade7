# SPDX-License-Identifier: Apache-2.0
"""An ear while the keeper stands still, or goes."""

import contextlib
import json
import os
import signal
import subprocess
import time
import wave

import dbus

from house import Skip, Connection, a_house, EAR_GID, EAR, PARENT, BOTH
from parent import box_pair


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
