# SPDX-License-Identifier: Apache-2.0
"""Runs analysers and holds what they find against tests/analyse/explained.toml: script/analyse."""

import argparse
import concurrent.futures
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
import tomllib

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "tests/support"))
import reds     # noqa: E402

HERE = os.path.join(ROOT, "tests/analyse")
ROOMS = ("lib/", "plugin/", "daemon/", "cli/")
FINDING = re.compile(r"^(?P<file>[^\s:]+):(?P<line>\d+):(?:\d+:)? (?:warning|error|style|"
                     r"performance|portability|note): (?P<text>.*\[[-\w.,]+\])$")
# It keeps the promise that the header makes.
PROMISE = "lib/base/fault.c"
CONTRACTS = [f"-I{ROOT}/lib", "-include", f"{HERE}/contracts.h"]


def build(name, *options):
    """A build directory, made or refreshed."""
    folder = os.path.join(ROOT, name)
    subprocess.run(["script/build", folder, *options], check=True, stdin=subprocess.DEVNULL)
    return folder


def units(folder):
    """(path from the root, compiler arguments without outputs, directory) of what is ours."""
    seen = set()
    with open(f"{folder}/compile_commands.json", encoding="utf-8") as file:
        for command in json.load(file):
            path = os.path.relpath(os.path.join(command["directory"], command["file"]), ROOT)
            arguments = shlex.split(command["command"])
            # The keeper with failpoints has everything once more.
            if not path.startswith(ROOMS) or path in seen or "-DCUBBY_FAILPOINTS" in arguments:
                continue
            seen.add(path)
            kept, skip = [], False
            for argument in arguments[1:]:
                if skip:
                    skip = False
                elif argument in ("-o", "-MF", "-MQ"):
                    skip = True
                elif argument not in ("-MD", "-c", command["file"]) and \
                        not argument.startswith(("-O", "-D_FORTIFY_SOURCE", "-g")):
                    kept.append(argument)
            yield path, kept, command["directory"]


def each_unit(command_of):
    """All that a command for each file says."""
    def run(unit):
        path, arguments, directory = unit
        contracts = [] if path == PROMISE else CONTRACTS
        done = subprocess.run(command_of(os.path.join(ROOT, path), [*contracts, *arguments]),
                              cwd=directory, capture_output=True, text=True, check=False)
        return done.stdout + (done.stderr if done.returncode or not done.stdout else "")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return "".join(pool.map(run, units(build("build-werror", "-Dwerror=true"))))


def findings(output):
    """{(file, text): line}"""
    found = {}
    for line in output.splitlines():
        match = FINDING.match(line)
        if match:
            path = os.path.relpath(os.path.join(ROOT, "build-werror", match["file"]), ROOT)
            found[(path, match["text"])] = match["line"]
    return found


def gcc():
    return findings(each_unit(lambda path, arguments: [
        "gcc", *arguments, "-Wno-error", "-O0", "-fanalyzer", "-S", "-o", "/dev/null",
        "-fdiagnostics-plain-output", path]))


def tidy():
    return findings(each_unit(lambda path, arguments: [
        "clang-tidy", "--quiet", path, "--", "-Wno-everything", "-Wno-error", *arguments]))


def cppcheck():
    return findings(each_unit(lambda path, arguments: [
        "cppcheck", "--quiet", "--enable=warning,portability,performance", "--std=c11",
        "--template={file}:{line}: warning: {message} [{id}]", "--suppress=missingIncludeSystem",
        *[argument for argument in arguments if argument.startswith(("-I", "-D"))],
        "--include=" + CONTRACTS[2], path]))


def watched(folder, names, programs, options, environment):
    """[(test or program, the end of what it said)] of those that go red under a tool."""
    env = reds.environment(folder, **environment)
    found = reds.tests(folder, names, env, ("--no-rebuild", *options))
    for program in programs:
        found[program] = reds.program(program, env)
    return [(name, output[-6000:]) for name, (why, output) in found.items() if why]


# Where there is more than one thread (the microphone's and its ring, the hosts), and who talks to
# them.
THREADED = ("plugin-ring", "plugin-ear", "plugin-entry", "plugin-enrolled", "plugin-confine",
            "base-loop", "bus-client", "listen", "wyoming", "client-session", "client-archive")
THREADED_PROGRAMS = ("integration/wyoming-keeps",)


def threads(explained):
    folder = build("build-tsan", "-Db_sanitize=thread", "-Db_lundef=false")
    rules = f"{folder}/threads.supp"
    with open(rules, "w", encoding="utf-8") as file:
        file.writelines(f"{entry[2]}\n" for entry in explained)
    return watched(folder, THREADED, THREADED_PROGRAMS, ("-t", "10"), {
        "TSAN_OPTIONS": f"exitcode=66:second_deadlock_stack=1:suppressions={rules}"})


# Start, keep, list, open, delete with the real stores, and the same from the parents' side: there
# the keeper that the test starts is watched, too (without Landlock, which valgrind does not know).
STORY = ("vault", "erasure-archive", "crypt-envelope", "crypt-receipt", "keeper-intake",
         "client-archive")


def valgrind(explained):
    folder = build("build-werror", "-Dwerror=true")
    rules = f"{folder}/valgrind.supp"
    with open(rules, "w", encoding="utf-8") as file:
        for number, entry in enumerate(explained):
            file.write("\n".join(["{", f"explained-{number}", *entry[2].split(), "}", ""]))
    with tempfile.TemporaryDirectory(prefix="cubby-valgrind.") as logs:
        command = ["valgrind", "--quiet", f"--log-file={logs}/%p", "--leak-check=full",
                   "--errors-for-leak-kinds=definite,indirect", "--error-exitcode=99",
                   "--trace-children=yes", "--trace-children-skip=*/dbus-*,*python*,*/sh",
                   f"--suppressions={rules}"]
        left = watched(folder, STORY, (), ("-t", "20", f"--wrap={shlex.join(command)}"), {})
        for name in sorted(os.listdir(logs)):
            with open(f"{logs}/{name}", encoding="utf-8") as file:
                text = file.read()
            # What begins with "--" is of valgrind itself.
            if re.search(r"^==\d+== \S", text, re.M):
                left.append((f"process {name}", text[-6000:]))
        if not os.listdir(logs):
            left.append(("valgrind", "it watched nothing"))
    return left


def explained_read():
    """[(tool, file, text, reason)]"""
    with open(f"{HERE}/explained.toml", "rb") as file:
        return [(*finding.split(" ", 2), entry["reason"])
                for entry in tomllib.load(file)["explained"] for finding in entry["findings"]]


def explain(found, explained):
    """What is left when every reason was heard; reasons that nothing needs are left, too."""
    left, used = [], set()
    for (path, text), line in sorted(found.items()):
        heard = [entry for entry in explained if entry[1] in ("*", path) and entry[2] in text]
        used.update(heard[:1])
        if not heard:
            left.append(f"{path}:{line}: {text}")
    return left + [f"explained.toml: {tool} does not say \"{text}\" of {path} any more"
                   for tool, path, text, _ in explained if (tool, path, text, _) not in used]


def main():
    parser = argparse.ArgumentParser(prog="script/analyse")
    parser.add_argument("tools", nargs="*", choices=[[], "gcc", "tidy", "cppcheck", "threads",
                                                     "valgrind"], default=[])
    tools = parser.parse_args().tools or ["gcc", "tidy", "cppcheck", "threads", "valgrind"]
    os.chdir(ROOT)
    entries = explained_read()
    failed = False
    for tool in tools:
        begun = time.monotonic()
        explained = [entry for entry in entries if entry[0] == tool]
        if tool in ("threads", "valgrind"):
            left = [f"{path}: {text}" for path, text in globals()[tool](explained)]
        else:
            left = explain(globals()[tool](), explained)
        failed = failed or bool(left)
        print("\n".join(left), end="\n" if left else "")
        print(f"{'FAIL ' if left else 'ok   '} {tool:<9} {len(left)} unexplained, "
              f"{len(explained)} explained  {time.monotonic() - begun:.0f} s", flush=True)
    return 1 if failed else 0


sys.exit(main())
