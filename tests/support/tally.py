# SPDX-License-Identifier: Apache-2.0
"""Runs the suite and counts cases, from what the test programs report themselves (TAP). A program
that dies, or claims success without having run what it planned, counts as a failure."""

import argparse
import concurrent.futures
import glob
import json
import os
import re
import subprocess
import sys
import time

COLOUR = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
CASE = re.compile(r"^(not ok|ok)\b\s*\d*\s*(?:-\s*)?(.*)$")
NOTHING = re.compile(r"^1\.\.0\s+#\s*skip\b", re.I | re.M)
SKIP = re.compile(r"^(?:1\.\.0|ok\b.*|not ok\b.*?)\s+#\s*skip\b[ :]*(.*)$", re.I | re.M)
PLAN = re.compile(r"^1\.\.(\d+)")
SANITIZERS = {"ASAN_OPTIONS": "abort_on_error=0:exitcode=99:strict_string_checks=1",
              "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1"}


# Programs that take half a minute and more.
LONG = ("ear-keeps", "voice-keeps", "sealed", "wyoming-keeps", "bad-input", "sandbox")


def paint(code, text):
    return f"\033[{code}m{text}\033[0m" if COLOUR else text


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.failures = []

    def add(self, name, output, status, seconds):
        """Counts the cases of one program and says how it went."""
        passed = failed = skipped = planned = 0
        for line in output.splitlines():
            plan = PLAN.match(line)
            case = CASE.match(line)
            if plan:
                planned += int(plan[1])
            elif case and re.match(r"(.*\s)?#\s*skip\b", case[2], re.I):
                skipped += 1    # cmocka says "not ok" of a skipped case
            elif case and case[1] == "ok":
                passed += 1
            elif case:
                failed += 1
                self.failures.append(f"{name}: {case[2]}")
        cases = passed + failed + skipped
        # A program that can run nothing here says "1..0 # SKIP why", or ends with 77: no pass.
        nothing = status == 77 or status == 0 and NOTHING.search(output)
        if cases == 0 and planned == 0 and nothing:
            skipped = 1
        elif cases == 0:
            passed, failed = (1, 0) if status == 0 else (0, 1)
            if failed:
                self.failures.append(f"{name}: exit status {status}")
        elif (status != 0 and failed == 0) or (planned and cases != planned):
            failed += 1
            self.failures.append(f"{name}: exit status {status} after {cases} of {planned} cases")
        self.passed += passed
        self.failed += failed
        self.skipped += skipped
        word = paint("31", "FAIL") if failed else paint("32", "ok  ")
        rest = f", {failed} failed" if failed else ""
        rest += f", {skipped} skipped" if skipped else ""
        print(f"  {word} {name:<34} {passed:4} passed{rest}  {seconds:6.1f} s", flush=True)
        for why in sorted({why for why in SKIP.findall(output) if why}):
            print(f"       - skipped: {why}", flush=True)
        if failed:
            told = [line for line in output.splitlines() if not re.match(r"ok\b", line)]
            print("\n".join("       | " + line for line in told[-60:]), flush=True)

    def phase(self, text):
        print(paint("1", f"== {text}"), flush=True)


def run(command, env, timeout=None):
    """Output, exit status and seconds of a program."""
    timeout = timeout or (3600 if env.get("CUBBY_TEST_SLOW") else 600)
    begun = time.monotonic()
    try:
        done = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL, timeout=timeout, check=False)
        output, status = done.stdout, done.returncode
    except subprocess.TimeoutExpired as late:
        output, status = (late.stdout or b"") + b"\nnot ok - timed out\n", 1
    return output.decode(errors="replace"), status, time.monotonic() - begun


def build(tally, directory, *options):
    tally.phase(f"build {directory}")
    return subprocess.run(["script/build", os.path.abspath(directory), *options],
                          stdin=subprocess.DEVNULL, check=False).returncode == 0


def lint(tally):
    tally.phase("lint")
    output, _, seconds = run(["script/lint"], dict(os.environ))
    lines = [re.sub(r"^FAIL\b", "not ok", line) for line in output.splitlines()]
    tally.add("lint", "\n".join(lines), 0, seconds)


def unit(tally, directory, env, names):
    """What Meson knows as tests."""
    tally.phase(f"unit tests ({directory})")
    log = f"{directory}/meson-logs/testlog.json"
    if os.path.exists(log):
        os.unlink(log)
    listed = subprocess.run(["meson", "introspect", "--tests", directory], capture_output=True,
                            text=True, check=False).stdout
    wanted = [test["name"] for test in json.loads(listed or "[]")]
    if names:
        wanted = [name for name in wanted if any(part in name for part in names)]
        if not wanted:
            return
    subprocess.run(["meson", "test", "-C", directory, "--no-rebuild", "-t", "3", *wanted],
                   env={**env, "CMOCKA_MESSAGE_OUTPUT": "TAP"}, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, check=False)
    seen = set()
    if os.path.exists(log):
        with open(log, encoding="utf-8") as lines:
            for line in lines:
                test = json.loads(line)
                test["name"] = test["name"].rpartition(" / ")[2]
                seen.add(test["name"])
                output = test.get("stdout", "") + test.get("stderr", "")
                if test["result"] == "TIMEOUT":
                    output += "\nnot ok - timed out\n"
                tally.add(test["name"], output, test["returncode"], test["duration"])
    for name in sorted(set(wanted) - seen):
        tally.add(name, "not ok - it was not run", 1, 0)


def programs(tally, title, patterns, env, names):
    """Executable files that print TAP; two at a time, for they mostly wait for sound to be played."""
    found = [path for pattern in patterns for path in sorted(glob.glob(pattern))
             if os.access(path, os.X_OK) and os.path.isfile(path)
             and (not names or any(part in path for part in names))]
    # The longest first, so that none is left alone at the end.
    found.sort(key=lambda path: os.path.basename(path) not in LONG)
    if found:
        tally.phase(title)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        patience_s = 3600 if env["CUBBY_TEST_SLOW"] else 600
        running = {pool.submit(run, [os.path.abspath(path)], env, patience_s): path
                   for path in found}
        for done in concurrent.futures.as_completed(running):
            tally.add(os.path.relpath(running[done], "tests"), *done.result())


def main():
    parser = argparse.ArgumentParser(prog="script/test")
    parser.add_argument("--slow", action="store_true")
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--asan-only", action="store_true")
    only.add_argument("--no-asan", action="store_true")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()

    begun = time.monotonic()
    tally = Tally()
    env = {**os.environ, "CUBBY_TEST_SLOW": "1" if options.slow else ""}
    env.pop("CUBBY_SANDBOX_DIR", None)
    # Whatever language the caller reads.
    env.update({"LC_ALL": "C.UTF-8", "LANGUAGE": ""})
    # Unit tests sync much and need no disk for it; what needs one makes its own.
    if os.access("/dev/shm", os.W_OK):
        env.setdefault("CUBBY_TEST_DIR", "/dev/shm")

    def suite(directory, more):
        here = {**env, **more, "CUBBY_BUILD": os.path.abspath(directory)}
        unit(tally, directory, here, options.names)
        programs(tally, f"integration and forensic tests ({directory})",
                 ("tests/forensic/*", "tests/integration/*"), here, options.names)

    if not options.asan_only:
        if not options.names:
            lint(tally)
        if build(tally, "build-werror", "-Dwerror=true"):
            suite("build-werror", {})
        else:
            tally.add("build", "not ok - the build failed", 1, 0)
    if not options.no_asan:
        if build(tally, "build-asan", "-Db_sanitize=address,undefined", "-Db_lundef=false"):
            suite("build-asan", SANITIZERS)
        else:
            tally.add("build-asan", "not ok - the build failed", 1, 0)

    minutes, seconds = divmod(int(time.monotonic() - begun), 60)
    print(paint("1", f"== {minutes} min {seconds} s"))
    for text in tally.failures:
        print(f"  failed: {text}")
    print(f"{tally.passed} passed, {tally.failed} failed, {tally.skipped} skipped")
    return 1 if tally.failed or tally.passed == 0 else 0


sys.exit(main())
