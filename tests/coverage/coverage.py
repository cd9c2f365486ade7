# SPDX-License-Identifier: Apache-2.0
"""Measures which lines the tests run, and holds those they do not against docs/TESTING.md:
script/coverage."""

import concurrent.futures
import fnmatch
import glob
import json
import os
import re
import subprocess
import sys
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "tests/support"))
import reds     # noqa: E402

BUILD = os.path.join(ROOT, "build-coverage")
PAGE = os.path.join(ROOT, "docs/TESTING.md")
BAR = 90.0
# What is measured; each of them has to reach the bar.
MEASURED = {
    "daemon": ["daemon/*"],
    "lib/crypt": ["lib/crypt/*"],
    "the ear's decisions": ["plugin/decide.c", "plugin/attribute.c"],
}
# Where a line that no test runs is to be argued.
SAFETY = {
    "deletion": ["daemon/erase.c", "daemon/erasure.c", "daemon/ending.c", "daemon/verify.c",
                 "daemon/gather.c", "daemon/lost.c", "daemon/retry.c", "daemon/purge.c",
                 "daemon/reset.c", "daemon/store/tombstone.c", "daemon/store/removal.c",
                 "daemon/store/reset.c", "daemon/store/job.c"],
    "consent": ["daemon/consent.c", "daemon/policy.c", "daemon/retention.c", "daemon/intake.c",
                "daemon/store/consent.c", "daemon/store/policy.c", "daemon/store/retention.c",
                "plugin/decide.c", "plugin/attribute.c", "plugin/verdict.c"],
    "seal": ["plugin/seal.c", "lib/crypt/envelope.c", "daemon/delivery.c"],
    "slot": ["daemon/vault/*", "daemon/veil.c", "daemon/store/slot.c", "daemon/store/veil.c"],
    "export walls": ["daemon/approval.c", "daemon/export.c", "daemon/move.c",
                     "daemon/store/lineage.c", "daemon/store/copy.c", "lib/crypt/wrap.c"],
    "log": ["daemon/log.c", "daemon/log_day.c", "daemon/ratchet.c", "daemon/store/log.c",
            "daemon/store/ratchet.c", "lib/crypt/chain.c", "lib/crypt/checkpoint.c"],
}
# A fault that begins or passes: argued once, for all, in docs/TESTING.md.
FAULT = re.compile(r"fault_(origin|trace)\(|^(break;|\S+_free\(.*\);)$|strerror\(errno\)\);$")
# | `daemon/erase.c` | `what stands in the line` | why no test runs it |, or `all_of_a_function()`
ARGUED = re.compile(r"^\| `(\S+\.c)` \| `(.+?)` \| (.+) \|$")


def measure():
    """Builds, runs the quick tier. What goes red is told; whether it may is for script/test."""
    reach = os.path.join(BUILD, "reach.o")
    os.makedirs(BUILD, exist_ok=True)
    subprocess.run(["cc", "-D_GNU_SOURCE", f'-DBUILD="{BUILD}"', "-O1", "-fPIC", "-c",
                    "tests/coverage/reach.c", "-o", reach], check=True)
    subprocess.run(["script/build", BUILD, "-Db_coverage=true", "-Dbuildtype=debug",
                    f"-Dc_link_args=-Wl,--wrap=open,--wrap=syscall {reach}"], check=True,
                   stdin=subprocess.DEVNULL)
    for counters in glob.glob(f"{BUILD}/**/*.gcda", recursive=True):
        os.unlink(counters)
    for folder, _, _ in os.walk(BUILD):
        os.chmod(folder, 0o777)     # whoever a program is when it ends, it writes its counters
    env = reds.environment(BUILD)
    red = {name: why for name, (why, _) in reds.tests(
        BUILD, [], env, ("--no-rebuild", "-t", "5")).items() if why}
    programs = [os.path.relpath(path, "tests") for pattern in ("tests/forensic/*",
                "tests/integration/*") for path in sorted(glob.glob(pattern))
                if os.path.isfile(path) and os.access(path, os.X_OK)]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for name, (why, _) in zip(programs, pool.map(lambda name: reds.program(name, env),
                                                     programs)):
            if why and "exit status 77" not in why:
                red[name] = why
    for name, why in red.items():
        print(f"note  red while it was measured: {name}: {why}")


def report():
    """{file: [(line, was it run, its text)]}"""
    done = subprocess.run(["gcovr", "--root", ROOT, "--object-directory", BUILD, BUILD, "--json",
                           "--filter", "daemon/", "--filter", "lib/crypt/", "--filter", "plugin/"],
                          cwd=ROOT, capture_output=True, check=True).stdout
    lines = {}
    for entry in json.loads(done)["files"]:
        with open(os.path.join(ROOT, entry["file"]), encoding="utf-8") as file:
            source = file.read().splitlines()
        lines[entry["file"]] = [
            (line["line_number"], line["count"] > 0, source[line["line_number"] - 1].strip())
            for line in entry["lines"] if not line["gcovr/noncode"]]
    return lines


def of(lines, patterns):
    return {path: lines[path] for path in sorted(lines)
            if any(fnmatch.fnmatch(path, pattern) for pattern in patterns)}


def argued_read():
    with open(PAGE, encoding="utf-8") as file:
        return [match.groups() for match in map(ARGUED.match, file) if match]


def functions_of(path):
    """{line: name of the function that it is in}"""
    names, name = {}, ""
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            head = re.match(r"[a-z].*?\b(\w+)\(", line)
            name = head[1] if head else name
            names[number] = name
    return names


def main(anew):
    os.chdir(ROOT)
    begun = time.monotonic()
    if anew:
        measure()
    well, lines = True, report()
    for name, patterns in MEASURED.items():
        every = [run for found in of(lines, patterns).values() for _, run, _ in found]
        share = 100 * sum(every) / len(every)
        well = well and share >= BAR
        print(f"{'ok   ' if share >= BAR else 'FAIL '} {name:<20} {share:5.1f} % of "
              f"{len(every)} lines")
    argued, used = argued_read(), set()
    for name, patterns in SAFETY.items():
        left, faults, reasons = [], 0, 0
        for path, found in of(lines, patterns).items():
            for number, run, text in found:
                if run:
                    continue
                function = f"{functions_of(path)[number]}()"
                reason = next((row for row in argued if row[0] == path
                               and (row[1] in text or row[1] == function)), None)
                used.add(reason)
                if reason:
                    reasons += 1
                elif FAULT.search(text):
                    faults += 1
                else:
                    left.append(f"{path}:{number}: {text}")
        well = well and not left
        print("\n".join(left), end="\n" if left else "")
        print(f"{'FAIL ' if left else 'ok   '} {name:<20} not run: {faults} lines that pass a "
              f"fault on, {reasons} argued, {len(left)} not")
    for row in argued:
        if row not in used:
            print(f"note  docs/TESTING.md argues for `{row[1]}` of {row[0]}, which was run")
    print(f"{time.monotonic() - begun:.0f} s")
    return 0 if well else 1


sys.exit(main("--report" not in sys.argv[1:]))
