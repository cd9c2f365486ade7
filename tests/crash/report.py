# SPDX-License-Identifier: Apache-2.0
"""TAP, one line a case, with what was found before it."""


class Report:
    def __init__(self, plan):
        self.number = self.failed = 0
        print(f"1..{plan}", flush=True)

    def case(self, name, holds, text=""):
        self.number += 1
        self.failed += not holds
        for line in text.splitlines():
            print(line if line.startswith("#") else f"# {line}")
        print(f"{'ok' if holds else 'not ok'} {self.number} - {name}", flush=True)

    def skip(self, name, why):
        self.number += 1
        print(f"ok {self.number} - {name} # SKIP {why}", flush=True)
