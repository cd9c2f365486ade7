#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The keeper as a program: started on a bus of its own, spoken to by parents, ears and strangers of
different users, stopped, started again. Prints TAP."""

import os
import sys
import traceback

from house import Skip, World    # first: it skips all where there is no dbus
import hears
import household
import starts


def main():
    tests = sorted((name, test) for module in (starts, household, hears)
                   for name, test in vars(module).items() if name.startswith("test_"))
    if os.geteuid() != 0:
        print("1..0 # SKIP needs root, to be several users")
        return 0
    print("1..%d" % len(tests))
    failed = 0
    for number, (name, test) in enumerate(tests, 1):
        world = World()
        try:
            test(world)
            print("ok %d - %s" % (number, name), flush=True)
        except Skip as missing:
            print("ok %d - %s # SKIP %s" % (number, name, missing), flush=True)
        except Exception:
            failed += 1
            print("not ok %d - %s" % (number, name))
            print("".join("# " + line + "\n" for line in traceback.format_exc().splitlines()),
                  flush=True)
            if world.keeper:
                print("".join("# " + line + "\n" for line in world.stop()[1].splitlines()))
        finally:
            world.end()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
