#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""R4, R8: kill -9. The keeper's rooms without their bus are killed at random moments and at every
failpoint; each time everything they had promised must hold.

usage: kill.py [--kills N] PROGRAM

With CUBBY_TEST_SLOW=1 10,000 times instead of 200 (about ten minutes on four cores)."""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

from report import Report

SLOW_KILLS, SLOW_JOBS = 10000, 2
SUM = re.compile(r"rounds (\d+), killed (\d+) at work and (\d+) while recovering, "
                 r"at (\d+) of (\d+) failpoints; wrong (\d+)")


class Killing:
    """One program at work in a directory of its own."""

    def __init__(self, program, kills, seed, **environment):
        self.place = tempfile.mkdtemp(
            prefix="cubby-kill-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
        self.process = subprocess.Popen(
            [program, self.place, str(kills), str(seed)], stdout=subprocess.PIPE,
            env={**os.environ, **environment})

    def end(self):
        """(exit status, output, numbers of the sum)"""
        text = self.process.communicate()[0].decode(errors="replace")
        shutil.rmtree(self.place, ignore_errors=True)
        found = SUM.search(text)
        if not found:
            text += f"# {self.process.args} ended with status {self.process.returncode}\n"
        return self.process.returncode, text, tuple(map(int, found.groups())) if found else None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("program")
    options = parser.parse_args()
    slow = os.environ.get("CUBBY_TEST_SLOW") == "1"
    report = Report(2)

    jobs = SLOW_JOBS if slow else 1
    kills = SLOW_KILLS // jobs if slow else options.kills
    ended = [killing.end() for killing in
             [Killing(options.program, kills, seed + 1) for seed in range(jobs)]]
    report.case("test_r8_kill_9_at_random_and_at_every_failpoint",
                all(status == 0 and numbers and numbers[1] >= kills
                    for status, _, numbers in ended), "".join(text for _, text, _ in ended))
    status, text, numbers = Killing(options.program, 5, 1,
                                    CUBBY_SEEDED_FAULT="slot-not-zeroed").end()
    report.case("test_r4_seeded_fault_is_noticed_after_a_kill",
                status == 1 and numbers and numbers[-1] > 0, text.splitlines()[-1])
    return 1 if report.failed else 0


sys.exit(main())
