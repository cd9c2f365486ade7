# SPDX-License-Identifier: Apache-2.0
"""Breaks one guard at a time and sees a test go red (tests/mutation/faults.toml says which). The
faults are made in a copy of the working tree, which is gone afterwards.

    mutate.py [--keep DIR] [NAME...]    all, or those whose name contains one of these
    mutate.py --check                   only: do they all still fit the source?

A fault that no test notices fails the run, and so does one that does not fit or does not build, and
a test that is red without any fault."""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "tests/support"))
import reds     # noqa: E402

FAULTS = os.path.join(ROOT, "tests/mutation/faults.toml")
MEMBERS = {"name", "shows", "breaks", "file", "from", "to", "tests"}


def faults_read():
    with open(FAULTS, "rb") as file:
        return tomllib.load(file)["fault"]


def problems_of(faults):
    """What makes the list itself wrong, one line each."""
    problems, names, shown = [], set(), set()
    for fault in faults:
        name = fault.get("name", "?")
        if set(fault) != MEMBERS:
            problems.append(f"{name}: its members are {', '.join(sorted(MEMBERS))}")
            continue
        if name in names:
            problems.append(f"{name}: there are two of this name")
        names.add(name)
        shown.update(re.findall(r"R\d+", fault["shows"]))
        try:
            with open(os.path.join(ROOT, fault["file"]), encoding="utf-8") as file:
                found = file.read().count(fault["from"])
        except OSError as error:
            problems.append(f"{name}: {fault['file']}: {error.strerror}")
            continue
        if found != 1:
            problems.append(f"{name}: what it replaces is {found} times in {fault['file']}")
        if fault["from"] == fault["to"] or not fault["tests"]:
            problems.append(f"{name}: it breaks nothing, or names no test")
        for test in fault["tests"]:
            if "/" in test and not os.access(os.path.join(ROOT, "tests", test), os.X_OK):
                problems.append(f"{name}: there is no program tests/{test}")
    missing = [f"R{n}" for n in range(1, 33) if f"R{n}" not in shown]
    if missing:
        problems.append(f"no fault shows {', '.join(missing)}")
    return problems


class Copy:
    """The working tree once more, built."""

    def __init__(self, folder):
        self.root = os.path.join(folder, "source")
        self.build = os.path.join(folder, "build")
        listed = subprocess.run(["git", "-C", ROOT, "ls-files", "-coz", "--exclude-standard"],
                                capture_output=True, check=True).stdout
        for path in listed.decode().split("\0"):
            if path and os.path.lexists(os.path.join(ROOT, path)):
                target = os.path.join(self.root, path)
                os.makedirs(os.path.dirname(target), exist_ok=True)
                shutil.copy2(os.path.join(ROOT, path), target, follow_symlinks=False)
        self.env = reds.environment(self.build)
        subprocess.run(["meson", "setup", self.build, self.root], check=True,
                       stdout=subprocess.DEVNULL)

    def program(self, name):
        output, status = reds.run(["script/build", self.build], self.env, self.root)
        if status != 0:
            raise LookupError(output[-2000:])
        return reds.program(name, self.env, self.root)[0]

    def tests(self, names):
        """{test: what went red, or None}; LookupError: it does not build."""
        red = {name: self.program(name) for name in names if "/" in name}
        units = [name for name in names if "/" not in name]
        if units:
            found = reds.tests(self.build, units, self.env, ("-t", "3"), self.root)
            red.update((name, why) for name, (why, _) in found.items())
        return red

    def text(self, path):
        with open(os.path.join(self.root, path), encoding="utf-8") as file:
            return file.read()

    def write(self, path, text):
        with open(os.path.join(self.root, path), "w", encoding="utf-8") as file:
            file.write(text)


def fault_try(copy, fault):
    """None: every test named went red; otherwise what is wrong."""
    whole = copy.text(fault["file"])
    copy.write(fault["file"], whole.replace(fault["from"], fault["to"], 1))
    try:
        red = copy.tests(fault["tests"])
    except LookupError as error:
        return f"it does not build\n{error}"
    finally:
        copy.write(fault["file"], whole)
    for test in fault["tests"]:
        if not red.get(test):
            return f"SURVIVED {test}"
    fault["red"] = "; ".join(f"{test}: {red[test]}" for test in fault["tests"])
    return None


def baseline(copy, faults):
    """The tests without any fault: a red one would say nothing. Once more alone, for those that
    something else was in the way of."""
    names = sorted({test for fault in faults for test in fault["tests"]})
    red = copy.tests(names)
    for name in names:
        if name not in red or red[name]:
            red.update(copy.tests([name]))
    failed = [name for name in names if name not in red or red[name]]
    for name in failed:
        print(f"  FAIL {name} is red without any fault: {red.get(name, 'there is no such test')}")
    return not failed


def campaign(faults, keep):
    folder = keep or tempfile.mkdtemp(prefix="cubby-mutate.")
    begun, failed = time.monotonic(), 0
    try:
        copy = Copy(folder)
        for fault in faults:    # an earlier run may have left it broken in a folder that was kept
            os.utime(os.path.join(copy.root, fault["file"]))
        if not baseline(copy, faults):
            return 1
        print(f"== {len(faults)} faults; without any, their tests pass "
              f"({time.monotonic() - begun:.0f} s)", flush=True)
        for fault in faults:
            started = time.monotonic()
            problem = fault_try(copy, fault)
            failed += problem is not None
            seconds = time.monotonic() - started
            print(f"  {'FAIL  ' if problem else 'caught'} {fault['shows']:<8} {fault['name']:<32} "
                  f"{seconds:5.1f} s  {problem or fault['red']}", flush=True)
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    minutes, seconds = divmod(int(time.monotonic() - begun), 60)
    print(f"{len(faults) - failed} of {len(faults)} caught in {minutes} min {seconds} s")
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(prog="script/mutate")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--keep", metavar="DIR")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    faults = faults_read()
    problems = problems_of(faults)
    if problems or options.check:
        print("\n".join(problems), end="\n" if problems else "")
        return 1 if problems else 0
    if options.names:
        faults = [fault for fault in faults if any(name in fault["name"] for name in options.names)]
    return campaign(faults, options.keep) if faults else 1


sys.exit(main())
