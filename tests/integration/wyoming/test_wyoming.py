# SPDX-License-Identifier: Apache-2.0
"""The Wyoming adapter as its clients see it, well-behaved and not. The numbers in the names are the
rules of docs/WYOMING.md. There is no keeper here: what is kept is tried in a sandbox.

    test_wyoming.py CUBBY-WYOMING [TEST...]"""

import os
import sys
import tempfile

from room import Room
from tap import Tap
import alone
import manners
import rules


def tests(*modules):
    return [test for module in modules for name, test in vars(module).items()
            if name.startswith("test_")]


def main():
    tap = Tap()
    only = sys.argv[2:]
    with tempfile.TemporaryDirectory(prefix="cubby-wyoming-") as folder:
        room = Room(folder)
        for test in tests(rules, manners):
            if not only or test.__name__ in only:
                room.settle()
                tap.run(test.__name__, test, room)
        status, errors = room.adapter.end()
        tap.ok(status == 0 and "Sanitizer" not in errors, "it ends well", errors)
        for test in tests(alone):
            if only and test.__name__ not in only:
                continue
            if test is alone.test_rule_11_users_of_a_unix_socket and os.getuid() != 0:
                tap.skip(test.__name__, "only root can be somebody else")
            else:
                tap.run(test.__name__, test, folder)
    return tap.done()


sys.exit(main())
