# SPDX-License-Identifier: Apache-2.0
"""Which of Meson's tests and of the programs below tests/ go red, and at what: for those who run
some of them to learn something (script/mutate, script/analyse, script/coverage)."""

import glob
import json
import os
import re
import subprocess

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
# cmocka says "not ok" of a skipped case, and Meson believes it.
RED = re.compile(r"^not ok\b\s*\d*\s*(?:-\s*)?(?!.*#\s*skip)(.*)$", re.I | re.M)
PATIENCE_S = 900


def environment(build, **more):
    """What script/test gives them in its quick tier."""
    env = {**os.environ, "CUBBY_BUILD": build, "CUBBY_TEST_SLOW": "",
           "CMOCKA_MESSAGE_OUTPUT": "TAP", **more}
    env.pop("CUBBY_SANDBOX_DIR", None)
    # They sync much and need no disk for it.
    if os.access("/dev/shm", os.W_OK):
        env.setdefault("CUBBY_TEST_DIR", "/dev/shm")
    return env


def run(command, env, root=ROOT):
    """Output and exit status; None: it did not end in time."""
    try:
        done = subprocess.run(command, cwd=root, env=env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=PATIENCE_S, check=False)
    except subprocess.TimeoutExpired as late:
        return (late.stdout or b"").decode(errors="replace"), None
    return done.stdout.decode(errors="replace"), done.returncode


def red_of(output, status):
    """What went red first; None: nothing did."""
    found = RED.search(output)
    if found:
        return found[1] or "a case"
    return None if status == 0 else "timed out" if status is None else f"exit status {status}"


def tests(build, names, env, options=(), root=ROOT):
    """{name: (what went red or None, output)} of Meson's tests, which are built first; all when
    none is named. LookupError: they could not be built."""
    for log in glob.glob(f"{build}/meson-logs/testlog*"):
        os.unlink(log)
    done = subprocess.run(["meson", "test", "-C", build, *options, *names], cwd=root, env=env,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    red = {}
    for log in glob.glob(f"{build}/meson-logs/testlog*.json"):
        with open(log, encoding="utf-8") as lines:
            for test in map(json.loads, lines):
                output = test.get("stdout", "") + test.get("stderr", "")
                late = test["result"] == "TIMEOUT"
                red[test["name"].rpartition(" / ")[2]] = (
                    red_of(output, None if late else test["returncode"]), output)
    if not red:
        raise LookupError(done.stdout.decode(errors="replace")[-2000:])
    return red


def program(name, env, root=ROOT):
    """The same of one program below tests/, whose build is there already."""
    output, status = run([os.path.join(root, "tests", name)], env, root)
    return red_of(output, status), output
