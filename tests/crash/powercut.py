#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""R4, R8: the power goes at every write and flush of a short working day, and what had not been
flushed is lost, kept or torn. Then the keeper starts: nothing acknowledged may be lost, nothing
deleted be back, nothing erased be found anywhere on the device. Five faults seeded into the keeper
on purpose prove that this would be seen.

usage: powercut.py [--cuts N] RECORDER PLAYER REPLAY

With CUBBY_TEST_SLOW=1 also about 2,000 random states on ext4, XFS and btrfs (several minutes)."""

import argparse
import os
import subprocess
import sys

import stage
from report import Report

# In play.h: what each letter does. A grown-up, two children and some items are there before.
BEFORE = "gnnkakl"
DAY = "kacdtwse"
# Each must be noticed within these few states, as this.
FAULTS = {"slot-not-zeroed": "traces", "no-sync": "lost", "stock-vfs": "traces",
          "secure-delete-off": "traces", "no-checkpoint": "partial"}
FAULT_DAY, FAULT_CUTS = "kldtd", 40
# Of the slow tier: film seed, day.
LONG_DAYS = ((11, "kacdtwsxpn"), (12, "lkdkdrkdtde"), (13, "sskeacdpnkdw"))
LONG_STATES = 2000
# Cuts of a film of one deletion, of about 200; in the slow tier more of them.
CUTS_AGAIN, LONG_CUTS_AGAIN = (60,), tuple(range(45, 160, 10))


def shown(report, name, programs, system, day, seed, cuts, holds, before=BEFORE, cut=None,
          **environment):
    """One film and its replay, as one case. `cut`: the power went then, and it is the start after
    it that is filmed."""
    try:
        with stage.Stage(programs, system) as place:
            place.make(before, seed)
            place.film(day, seed, **environment)
            if cut is not None:
                place.cut(cut, seed)
                place.film("f", seed, **environment)
            # btrfs knows its disks by name, so there is only one of a name at a time. It rewrites
            # nothing in place (E0), so that the raw device is not asked.
            numbers, text = place.replay(1 if system == "btrfs" else 2, cuts, seed,
                                         system != "btrfs", **environment)
        lines = text.splitlines()
        if environment:
            lines = lines[:1] + lines[-1:]    # enough of what was meant to be
        report.case(name, holds(numbers), "\n".join(lines))
    except stage.Unable as why:
        report.skip(name, why)
    except (RuntimeError, subprocess.SubprocessError) as problem:
        report.case(name, False, str(problem))


def nothing_wrong(numbers):
    return numbers["states"] > 0 and numbers["wrong"] == 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cuts", type=int, default=0)
    parser.add_argument("recorder")
    parser.add_argument("player")
    parser.add_argument("replay")
    options = parser.parse_args()
    stage.alone()
    programs = vars(options)
    slow = os.environ.get("CUBBY_TEST_SLOW") == "1"
    systems = ("ext4", "xfs", "btrfs") if slow else ()
    cuts_again = LONG_CUTS_AGAIN if slow else CUTS_AGAIN
    report = Report(2 + len(cuts_again) + len(FAULTS) + len(systems) * len(LONG_DAYS))

    shown(report, "test_r8_power_cut_at_every_position_of_a_day", programs, "ext4", DAY, 1,
          options.cuts, nothing_wrong)
    shown(report, "test_r8_power_cut_at_every_position_of_the_first_start", programs, "ext4", "nk",
          2, options.cuts, nothing_wrong, before="")
    for cut in cuts_again:
        shown(report, f"test_r8_power_cut_again_while_starting_after_cut_{cut}", programs, "ext4",
              "d", 3, options.cuts, nothing_wrong, cut=cut)
    for fault, finding in FAULTS.items():
        shown(report, f"test_r4_seeded_fault_{fault.replace('-', '_')}_is_noticed", programs,
              "ext4", FAULT_DAY, 1, FAULT_CUTS, lambda numbers, finding=finding: numbers[finding] > 0,
              CUBBY_SEEDED_FAULT=fault)
    for system in systems:
        for seed, day in LONG_DAYS:
            shown(report, f"test_r8_power_cut_at_random_on_{system}_{day}", programs, system, day,
                  seed, LONG_STATES // len(systems) // len(LONG_DAYS) + 1, nothing_wrong)
    return 1 if report.failed else 0


sys.exit(main())
