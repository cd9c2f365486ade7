# SPDX-License-Identifier: Apache-2.0
"""Every way in which something goes. Each asks the keeper, waits until it is done, and tells what must
be gone."""

import time

import dbus

from planted import ADULT, CHILDREN, DAY_S, KEEP_S, VOICE_S

# Before these the age clock is set ahead, while the keeper is stopped. Over a day, and the wall clock
# counts as one that was not set.
LATER_S = {"range": 3 * DAY_S, "shortened": 2 * 3600, "expired": KEEP_S["audio"] + 60,
           "expired_voice": VOICE_S + 60, "expired_all": KEEP_S["transcript"] + 60}


def archive(planted, level, items, kinds=None, **selection):
    """Archive.Delete. `items` is what the selection must turn out to mean."""
    job, n = planted.keeper.call("Archive", "Delete", "a{sv}a{sv}",
                                 dbus.Dictionary(selection, signature="sv"))
    assert n == len([item for item in items if item.source is None]), f"{n} items, not {len(items)}"
    planted.goes(items, kinds)
    planted.ended(job, level)


def ids(items):
    return dbus.Array([item.id for item in items], signature="s")


def of(planted, name, day=None, kind=None):
    return [item for item in planted.items if item.source is None
            and item.profile == planted.profiles.get(name) and day in (None, item.day)
            and (kind is None or kind in item.kinds)]


def listed(planted):
    """{id: (started, kinds)} of all that the keeper lists."""
    found, cursor = {}, ""
    while True:
        rows, cursor = planted.keeper.call(
            "Archive", "List", "a{sv}a{sv}", dbus.Dictionary({}, signature="sv"),
            dbus.Dictionary({"cursor": cursor} if cursor else {}, signature="sv"))
        found.update((str(row[0]), (int(row[2]), {str(part[0]) for part in row[3]}))
                     for row in rows)
        if not cursor:
            return found


def one(planted, level):
    items = of(planted, CHILDREN[0], 0)[:1]
    archive(planted, level, items, ids=ids(items))


def several(planted, level):
    items = planted.random.sample(of(planted, CHILDREN[0], 0), 20) + of(planted, CHILDREN[1], 1)
    archive(planted, level, items, ids=ids(items))


def range_(planted, level):
    """What was said on the first day."""
    found = listed(planted)
    items = [item for name in (*CHILDREN, ADULT) for item in of(planted, name, 0)]
    started = [found[item.id][0] for item in items]
    archive(planted, level, items, since=dbus.UInt64(min(started)),
            until=dbus.UInt64(max(started) + 60))


def transcripts(planted, level):
    items = of(planted, CHILDREN[0], kind="transcript")
    archive(planted, level, items, ["transcript"], kind="transcript",
            profile=planted.profiles[CHILDREN[0]])


def sounds(planted, level):
    items = of(planted, CHILDREN[0], 0, "audio")
    archive(planted, level, items, ["audio"], kind="audio", ids=ids(items))


def released(planted, level):
    """A grown-up's item, of which there is a copy for the training export."""
    items = of(planted, ADULT)
    archive(planted, level, items, ids=ids(items))


def voiceprint(planted, level):
    """R18, R27: an adult's voice, and the consent to it."""
    job = planted.keeper.call("Voiceprints", "Erase", "sa{sv}", planted.profiles[ADULT])
    planted.gone.add("voice")
    planted.ended(job, level)


def all_(planted, level):
    planted.gone.add("voice")
    archive(planted, level, [item for item in planted.items if item.source is None],
            all=dbus.Boolean(True))


def profile(planted, level):
    name = planted.profiles[CHILDREN[1]]
    items = of(planted, CHILDREN[1])
    job = planted.keeper.call("Profiles", "Remove", "sa{sv}", name)
    planted.goes(items)
    planted.gone.add(planted.profiles.pop(CHILDREN[1]))
    planted.ended(job, level)


def withdrawn(planted, level):
    job = planted.keeper.call("Consent", "Withdraw", "sasa{sv}", planted.profiles[CHILDREN[0]],
                              dbus.Array(["transcript", "location"], signature="s"))
    planted.goes(of(planted, CHILDREN[0]), ["transcript", "location"])
    if job != "/":      # nothing of the kind was kept
        planted.ended(job, level)


def shortened(planted, level):
    """Sound of the first day is older than what is allowed now."""
    job = planted.keeper.call("Retention", "Set", "ssua{sv}", planted.profiles[CHILDREN[0]],
                              "audio", dbus.UInt32(3600))
    planted.goes(of(planted, CHILDREN[0], 0), ["audio"])
    planted.ended(job, level)


def expired(planted, _):
    """By the age clock: sound and place of the first day; not its words."""
    gone_by_itself(planted, ["audio", "location"])


def expired_voice(planted, _):
    planted.gone.add("voice")
    gone_by_itself(planted, ["audio", "location"])


def expired_all(planted, _):
    planted.gone.add("voice")
    gone_by_itself(planted, None)


def gone_by_itself(planted, kinds):
    old = [item for name in (*CHILDREN, ADULT) for item in of(planted, name, 0)]
    planted.goes(old, kinds)
    end = time.monotonic() + 20
    while int(planted.keeper.call("Status", "Describe")["erasing"]):
        assert time.monotonic() < end, "what has expired is not erased"
        time.sleep(0.02)
    here = {item.id: item.kinds for item in planted.items if item.source is None}
    there = {number: kinds for number, (_, kinds) in listed(planted).items()}
    assert there == here, "the list is another one"


def reset(planted, level):
    job = planted.keeper.call("Parents", "Reset", "sa{sv}", planted.founder)
    planted.goes([item for item in planted.items if item.source is None])
    planted.gone |= {*planted.profiles.values(), *planted.rows, "voice"}
    planted.ended(job, level)


KINDS = {"one": one, "several": several, "range": range_, "transcripts": transcripts,
         "sounds": sounds, "released": released, "profile": profile,
         "voiceprint": voiceprint, "all": all_, "withdrawn": withdrawn, "shortened": shortened,
         "expired": expired, "expired_voice": expired_voice, "expired_all": expired_all, "reset": reset}


def some(planted, level):
    """A handful, or a kind of them, by chance."""
    kind = planted.random.choice([None, None, "audio", "transcript"])
    items = [item for child in CHILDREN for item in of(planted, child, kind=kind)]
    items = planted.random.sample(items, min(len(items), planted.random.randint(1, 12)))
    if items and kind:
        archive(planted, level, items, [kind], kind=kind, ids=ids(items))
    elif items:
        archive(planted, level, items, ids=ids(items))


def workload(planted, level, steps=25):
    """Keeping and erasing in turn, with a new start in between now and then."""
    for step in range(steps):
        for _ in range(planted.random.randint(1, 4)):
            kinds = planted.random.choice([("audio", "transcript"), ("transcript",),
                                           ("audio", "transcript", "location")])
            planted.keep(planted.profiles[planted.random.choice(CHILDREN)], kinds,
                         planted.random.choice([0.05, 0.3, 0.3, 4]))
        some(planted, level)
        if planted.random.random() < 0.1:
            assert not planted.keeper.call("Drill", "Run"), "the drill found something"
        if step % 5 == 0:
            planted.compare()
        if planted.random.random() < 0.15:
            planted.stop()
            planted.start()
    for last in (released, planted.random.choice([withdrawn, profile])):
        last(planted, level)
