#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the doors of the house: who may include what, which room owns which foreign header, and
the few rules of style that a machine can see. Reads the files git knows, or those under ROOT.

    check.py [ROOT]     one line for each finding: FILE:LINE: RULE: what is wrong

What each rule is for is written beside it; test_check.py breaks each of them once."""

import os
import re
import subprocess
import sys

ROOMS = ("lib", "plugin", "daemon", "cli", "tests")
COLUMNS = 100
TAB = 8
LINES = 500
LICENCE = "SPDX-License-Identifier: Apache-2.0"

# A foreign header and the only place that includes it. Two rooms never need to agree on what a
# library does, and a library can be replaced in one place.
OWNERS = (
    (r"sodium(/.*)?\.h", r"lib/crypt/"),
    (r"sqlite3.*\.h", r"daemon/store/"),
    (r"dbus/.*", r"lib/bus/"),
    (r"sndfile\.h|speex/.*", r"lib/sound/"),
    (r"ev\.h", r"lib/base/loop\.c$"),
    (r"pulse/.*", r"(plugin|cli)/"),
    (r"(pocketsphinx|sphinxbase)(/.*)?(\.h)?", r"plugin/"),
    (r"libsmartcols/.*", r"cli/"),
    (r"ini\.h", r"(daemon|plugin)/"),
)
# Of these, one file a room at most.
ONE_FILE = (r"pulse/.*", r"pocketsphinx(/.*)?(\.h)?", r"sphinxbase/(jsgf|fsg_model)\.h",
            r"sphinxbase/(?!jsgf|fsg_model).*", r"libsmartcols/.*", r"ini\.h")

# Inside a room: files, the headers they must not see, and why. The first pattern is of the
# including file, the second of the included one, both from the root.
CLOSED = (
    (r"lib/base/", r"lib/(?!base/)", "base stands below every other room"),
    (r"lib/crypt/", r"lib/(?!base/|crypt/)", "crypt stands on base alone"),
    (r"lib/bus/", r"lib/(?!base/|bus/)", "bus stands on base alone"),
    (r"lib/sound/", r"lib/(?!base/|crypt/|sound/)", "sound stands on base and crypt"),
    (r"lib/speaker/", r"lib/(?!base/|crypt/|speaker/)", "speaker stands on base and crypt"),
    (r"daemon/", r"lib/speaker/(?!voiceprint)", "the keeper compares no voices"),
    (r"lib/", r"(plugin|daemon|cli)/", "lib stands below the programs"),
    (r"plugin/", r"(daemon|cli)/", "the ear and the others meet in lib and schemas"),
    (r"daemon/", r"(plugin|cli)/", "the keeper and the others meet in lib and schemas"),
    (r"cli/", r"(plugin|daemon)/", "the parent's hand and the others meet in lib and schemas"),
    (r"daemon/", r"lib/client/", "the keeper is no client of itself"),
    (r"daemon/vault/", r"daemon/store/", "the vault knows no SQL"),
    (r"daemon/(store|vault)/", r"daemon/service/|lib/bus/", "below the domain nobody knows messages"),
    (r"daemon/(?!service/|main\.c|keeper\.)[^/]*$", r"lib/bus/|daemon/service/",
     "domain files know no messages"),
)
# The keeper handles these as opaque bytes and parameters; it must not call what opens them.
NO_PLAINTEXT = re.compile(r"\b(envelope_(open|unseal|seal|new)|door_open|wrap_(open|seal)|"
                          r"sound_from_\w+|consent_sign|household_sign)\s*\(")

# Words that must not stand in code, with the reason.
WORDS = (
    (r"\bgoto\b", "every owner cleans up after itself: _cleanup_"),
    (r"\b(tmpfile|tmpnam|tempnam|mktemp)\s*\(", "no temporary files (R7)"),
    (r"\b(gets|alloca)\s*\(", "no unbounded writes"),
)
SHELL = re.compile(r"\b(system|popen)\s*\(")
CLOCK = re.compile(r"(?<!\w)(clock_gettime|gettimeofday|time)\s*\(\s*(CLOCK_|NULL|0|&)")
TYPEDEF = re.compile(r"\btypedef\s+struct\s*\w*\s*\{")
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')


def listed(root):
    """Paths from the root, of what git tracks or would; of everything where there is no git."""
    done = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard"],
                          capture_output=True, text=True, check=False)
    if done.returncode == 0:
        paths = done.stdout.splitlines()
    else:
        paths = [os.path.relpath(os.path.join(folder, name), root)
                 for folder, _, names in os.walk(root) for name in names]
    return sorted(path for path in set(paths) if os.path.isfile(os.path.join(root, path)))


def without_comments(text):
    """The code alone, line for line: comments, strings and characters are blanked."""
    token = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)

    def blank(match):
        return re.sub(r"[^\n]", " ", match[0])
    return token.sub(blank, text)


def room_of(path):
    return path.split("/", 1)[0]


class Check:
    def __init__(self, root):
        self.root = root
        self.paths = listed(root)
        self.known = set(self.paths)
        self.findings = []
        self.users = {}

    def find(self, path, line, rule, text):
        self.findings.append(f"{path}:{line}: {rule}: {text}")

    def run(self):
        for path in self.paths:
            name = os.path.basename(path)
            if path.endswith((".c", ".h")) and room_of(path) in ROOMS:
                with open(os.path.join(self.root, path), encoding="utf-8") as file:
                    self.source(path, file.read())
            elif path.endswith((".py", ".sh", ".sql", ".xml", ".json")) or name == "meson.build":
                self.script(path)
        for (pattern, room), paths in sorted(self.users.items()):
            if len(paths) > 1:
                self.find(paths[1], 1, "owner", f"{room} includes <{pattern}> in "
                          f"{' and '.join(paths)}: one file is to own it")
        return self.findings

    def script(self, path):
        if path.endswith(".json"):
            return
        with open(os.path.join(self.root, path), encoding="utf-8") as file:
            head = [file.readline() for _ in range(5)]
        if LICENCE not in "".join(head):
            self.find(path, 1, "licence", f"no \"{LICENCE}\" in its first lines")

    def source(self, path, text):
        lines = text.splitlines()
        self.opening(path, lines)
        if len(lines) > LINES:
            self.find(path, len(lines), "length", f"{len(lines)} lines; {LINES} at most: split it "
                      "by noun")
        code = without_comments(text).splitlines()
        for number, (line, bare) in enumerate(zip(lines, code), 1):
            self.layout(path, number, line)
            self.words(path, number, bare)
            include = INCLUDE.match(line) if bare.lstrip().startswith("#") else None
            if include:
                self.include(path, number, include[1] == "<", include[2])

    def opening(self, path, lines):
        if not lines or lines[0] != f"/* {LICENCE} */":
            self.find(path, 1, "licence", f"the first line is to be /* {LICENCE} */")
        # A public header that C++ may include has a guard of names instead.
        once = re.compile(r"#pragma once$|#ifndef \w+_H$|#define \w+_H$")
        rest = [line for line in lines[1:8] if line.strip() and not once.match(line)]
        if not rest or not rest[0].startswith("/*"):
            self.find(path, 2, "opening", "a sentence is to say what this is for and what must "
                      "never happen in it")
        if path.endswith(".h") and not any(once.match(line) for line in lines[:4]):
            self.find(path, 2, "opening", "a header begins with #pragma once")

    def layout(self, path, number, line):
        if len(line.expandtabs(TAB)) > COLUMNS:
            self.find(path, number, "columns", f"{len(line.expandtabs(TAB))} columns; {COLUMNS} at "
                      "most")
        if line != line.rstrip():
            self.find(path, number, "blanks", "blanks at the end of the line")
        if re.match(r"\t* {8}|\t* +[^ *\n]", line) and not re.match(r"\t* \*", line) \
                and not self.aligned(line):
            self.find(path, number, "tabs", "indented with blanks")

    @staticmethod
    def aligned(line):
        """Up to seven blanks behind tabs line a continuation up with the line above."""
        return re.match(r"\t+ {1,7}\S", line) is not None

    def words(self, path, number, bare):
        for pattern, reason in WORDS:
            if re.search(pattern, bare):
                self.find(path, number, "word", f"{re.search(pattern, bare)[0].strip()}: {reason}")
        if SHELL.search(bare) and room_of(path) != "tests":
            self.find(path, number, "word", "no program calls a shell")
        if TYPEDEF.search(bare):
            self.find(path, number, "word", "typedef struct: a struct is called one")
        if CLOCK.search(bare) and room_of(path) != "tests" and path != "lib/base/clock.c":
            self.find(path, number, "clock", "only lib/base/clock.c reads a clock")
        if NO_PLAINTEXT.search(bare) and room_of(path) == "daemon":
            self.find(path, number, "plaintext", f"{NO_PLAINTEXT.search(bare)[1]}: the keeper holds "
                      "no key that opens or makes one")

    def include(self, path, number, foreign, header):
        # Tests look at rooms from outside, with the tools they need.
        if room_of(path) == "tests":
            return
        if foreign:
            self.owner(path, number, header)
            return
        if ".." in header.split("/"):
            self.find(path, number, "door", f"\"{header}\": paths go from lib/ or the room, never up")
            return
        target = self.resolve(path, header)
        if not target:
            return      # generated, or the compiler will say
        for source, closed, reason in CLOSED:
            if re.match(source, path) and re.match(closed, target):
                self.find(path, number, "door", f"{target}: {reason}")

    def resolve(self, path, header):
        places = (os.path.dirname(path), "lib", room_of(path), "", *ROOMS)
        for place in places:
            target = os.path.normpath(os.path.join(place, header))
            if target in self.known:
                return target
        return None

    def owner(self, path, number, header):
        for pattern, owner in OWNERS:
            if not re.fullmatch(pattern, header):
                continue
            if not re.match(owner, path):
                self.find(path, number, "owner", f"<{header}> belongs to {owner.rstrip('$')}")
            elif pattern in ONE_FILE:
                users = self.users.setdefault((pattern, room_of(path)), [])
                if path not in users:
                    users.append(path)


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "..", "..")
    findings = Check(os.path.abspath(root)).run()
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
