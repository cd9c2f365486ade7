# SPDX-License-Identifier: Apache-2.0
"""Test Anything Protocol for the tests that are no C: one line a case, in the order they end."""

import sys
import traceback


class Tap:
    def __init__(self):
        self.count = self.failed = 0

    def ok(self, condition, name, detail=""):
        self.count += 1
        if not condition:
            self.failed += 1
        print(f"{'ok' if condition else 'not ok'} {self.count} - {name}")
        if not condition and detail:
            print("\n".join(f"# {line}" for line in str(detail).splitlines()))
        sys.stdout.flush()
        return bool(condition)

    def skip(self, name, why):
        self.count += 1
        print(f"ok {self.count} - {name} # SKIP {why}", flush=True)

    def run(self, name, function, *arguments):
        """A case that fails when the function raises; its result, or None."""
        try:
            result = function(*arguments)
        except Exception:    # a test's failure, whatever it is, is a line and not the end
            self.ok(False, name, traceback.format_exc(limit=-4))
            return None
        self.ok(True, name)
        return result

    def done(self):
        print(f"1..{self.count}", flush=True)
        return 1 if self.failed or not self.count else 0
