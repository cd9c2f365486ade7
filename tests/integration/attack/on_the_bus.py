# SPDX-License-Identifier: Apache-2.0
"""R17: the attacker (house.py) on the bus: what is selected, and what becomes of whom while an export
runs. Each try that the keeper refuses is in the access log.

usage: on_the_bus.py CUBBYD"""

import contextlib
import os
import sys

from house import ADULTS, WORDS, dbus, logged, refused, run, sodium
from keeper import Keeper


def test_r17_the_eyes_see_what_is_exported(house):
    assert house.given_away() == (0, 1)


def test_r17_each_selection_of_a_childs_item_is_denied_and_logged(house):
    key = sodium.box_pair()[0]
    ids = dbus.Array([house.child], signature="s")
    for error, reason, method, *call in (
            ("NotAuthorized", "child", "Export.BeginApproval", "saya{sv}", house.child, key),
            ("NotAuthorized", "child", "Export.Candidates", "sa{sv}", "mia"),
            ("NotAuthorized", "child", "Export.Candidates", "sa{sv}", house.mia),
            ("NotAuthorized", "child", "Export.Refuse", "asa{sv}", ids),
            ("NotAuthorized", "child", "Archive.Move", "ssa{sv}", house.child, "dad"),
            ("NotFound", "no such item", "Export.BeginApproval", "saya{sv}", "00" * 16, key),
            ("NotFound", "not approved", "Export.Begin", "ssssa{sv}", WORDS[0], "else", "hf", "wav"),
            ("NotFound", "not approved", "Export.Begin", "ssssa{sv}", "else", WORDS[1], "hf", "wav"),
            ("NotFound", "no such export", "Export.Fetch", "saya{sv}", house.child, key),
            ("NotFound", "no such export", "Export.Fetch", "saya{sv}", house.adult, key)):
        with logged(house, what="denied", method=method, reason=reason, outcome=error):
            refused(error, house.keeper.call, *method.split("."), *call)
    assert house.child not in str(house.keeper.call("Export", "Candidates", "sa{sv}", ""))
    assert house.by_every_road() == 0


def test_r17_whoever_proves_nothing_exports_nothing(house):
    key = sodium.box_pair()[0]
    calls = {"Export.BeginApproval": ("saya{sv}", house.child, key),
             "Export.Candidates": ("sa{sv}", ""), "Export.List": ("a{sv}",),
             "Export.Begin": ("ssssa{sv}", *WORDS, "hf", "flac"),
             "Export.Fetch": ("saya{sv}", "00" * 16, key),
             "Export.Finish": ("sua{sv}", "00" * 16, dbus.UInt32(0))}
    for who in (house.world.client, lambda: Keeper(house.world.address)):
        someone = who()
        for method, call in calls.items():
            with logged(house, what="denied", method=method):
                refused("NotAuthorized", someone.call, *method.split("."), *call)
        someone.close()


def test_r17_the_childs_ciphertext_under_an_adults_approval_opens_nowhere(house):
    with logged(house, what="open"), logged(house, what="export-approve"):
        house.approve(house.other, b"", house.sealed(house.child))
    assert house.given_away() == (0, 1)
    house.keeper.call("Export", "Refuse", "asa{sv}", dbus.Array([house.other], signature="s"))


def test_r28_an_approval_says_how_it_came_about_in_known_words(house):
    for options in ({"review": "blindly"}, {"voice": "a child's"}, {"voice": ""}):
        refused("InvalidArgument", house.approve, house.other, ADULTS, **options)
    for voice, reason in (("match", "the voice matches"), ("unclear", "too short to tell whose voice"),
                          ("mine", "not the enrolled voice; the owner says it is"),
                          ("none", "nobody enrolled to compare with")):
        with logged(house, what="export-approve", reason=f"heard, {reason}"):
            house.approve(house.other, ADULTS, review="heard", voice=voice)
        with logged(house, what="export-refuse"):
            house.keeper.call("Export", "Refuse", "asa{sv}", dbus.Array([house.other],
                                                                        signature="s"))


def test_r17_a_name_makes_no_adult(house):
    for old, new in (("dad", "x"), ("mia", "dad"), ("x", "mia")):
        with logged(house, what="profile-rename"):
            house.keeper.call("Profiles", "Rename", "ssa{sv}", old, new)
    for method, *call in (("Export.Candidates", "sa{sv}", "dad"),
                          ("Export.BeginApproval", "saya{sv}", house.child, sodium.box_pair()[0]),
                          ("Archive.Move", "ssa{sv}", house.child, "mia")):
        with logged(house, what="denied", method=method, reason="child"):
            refused("NotAuthorized", house.keeper.call, *method.split("."), *call)
    assert house.by_every_road() == 0
    for old, new in (("mia", "x"), ("dad", "mia"), ("x", "dad")):
        house.keeper.call("Profiles", "Rename", "ssa{sv}", old, new)
    assert house.given_away() == (0, 1)


def approved(house, n):
    """As many items of the adult, reviewed and approved by a parent who has the home key."""
    items = [house.said("dad", ADULTS) for _ in range(n)]
    for item in items:
        house.approve(item, ADULTS)
    return items


def test_r17_r19_an_item_becomes_a_childs_at_each_moment_of_an_export(house):
    for moment in ("begun", "fetched", "written", "ended"):
        item, = approved(house, 1)
        before, export = set(house.recalls()), house.begin()

        def now(at):
            if at == moment:
                with logged(house, what="move", reason="child"):
                    house.keeper.call("Archive", "Move", "ssa{sv}", item, "mia")
            # And never the other way round.
            with logged(house, what="denied", method="Archive.Move", reason="child"):
                refused("NotAuthorized", house.keeper.call, "Archive", "Move", "ssa{sv}",
                        house.child, "dad")
        now("begun")
        got = [token for token, _ in house.fetch(export)]
        assert len(got) == (1 if moment == "begun" else 2), (moment, got)
        now("fetched")
        house.wrote(export, got)
        now("written")
        manifest = house.finish(export)
        now("ended")
        recalls = house.recalls()
        (gone, reason), = [(token, why) for token, why in recalls.items() if token not in before]
        assert reason == "moved" and (gone in manifest) == (moment == "ended"), (moment, manifest)
        assert len(set(manifest) - set(recalls)) == 1, "the other adult's item stays"
        with logged(house, what="denied", method="Export.BeginApproval", reason="child"):
            refused("NotAuthorized", house.approve, item, ADULTS)
        assert house.by_every_road() == 0


def test_r17_r19_items_become_a_childs_while_exports_run(house):
    """Two connections at once: what a manifest has and is a child's by then, is recalled."""
    items = approved(house, 24)
    after = house.last()
    mover = os.fork()
    if mover == 0:
        status = 1
        with contextlib.suppress(BaseException):
            other = house.world.client()
            for item in items:
                other.call("Archive", "Move", "ssa{sv}", item, "mia")
            status = 0
        os._exit(status)
    given, ended, exports = set(), None, 0
    while ended is None:
        pid, status = os.waitpid(mover, os.WNOHANG)
        ended = status if pid else None
        export = house.begin()
        while found := house.fetch(export):
            house.wrote(export, [token for token, _ in found])
        manifest = house.finish(export)
        given.update(manifest)
        exports += 1
    assert ended == 0, "the mover failed"
    # One of the adult's items was not moved: it is in each export, and not recalled.
    assert len(given - set(house.recalls())) == exports, (len(given), exports)
    moved = [entry for _, entry in house.log(after) if entry["what"] == "move"]
    assert len(moved) == 24, len(moved)
    house.prove("release")
    assert house.by_every_road() == 0


if __name__ == "__main__":
    sys.exit(run(globals()))
