#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the documents to what is there: each program and each file of configuration has a man page
with an example, a page names the keys that the code reads and no other, with their bounds, and what a
document names of this repository exists.

    pages.py            one line for each finding"""

import glob
import os
import re
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
MAN = "docs/man"
# Which source reads the keys of which page.
READERS = {"cubbyd.conf.5": "daemon/config.c", "ear.conf.5": "plugin/settings.c",
           "wyoming.conf.5": "plugin/hosts/wyoming/config.c"}


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def keys_read(source):
    """Names that a source compares with, and the rows of its tables."""
    return (set(re.findall(r'strcmp\(name, "(\w+)"\)', source))
            | set(re.findall(r'\] = "(\w+)"', source))
            | set(re.findall(r'^\t+\{ ?"\w+", "(\w+)", ', source, re.M))
            | set(re.findall(r'^\t+\{ ?"(\w+)", &?config->', source, re.M)))


def entries(page):
    """What a page says of each of its keys."""
    text = page[page.index("# KEYS"):page.index("# EXAMPLES")]
    found = {}
    for line in re.split(r"\n(?=\*\w+\*)", text)[1:]:
        head, _, said = line.partition("\n")
        for key in re.findall(r"\*(\w+)\*", head):
            found[key] = said
    return found


def bounds_read(source):
    """(key, smallest, largest) where a table has them as numbers."""
    rows = re.findall(r'"(\w+)", (?:key_set_number, 0|&config->\w+), (\d+), (\d+)', source)
    return [(key, low, high) for key, low, high in rows]


def sentences_of(sources):
    """Patterns of what these sources say, with anything in place of a value."""
    value = re.compile(r"%[\d.$-]*[lz]*[a-z]|\{n\}|\{of\}")
    for path in sources:
        for run in re.findall(r'"(?:[^"\\]|\\.)*"(?:\s*"(?:[^"\\]|\\.)*")*', read(path)):
            text = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', run)).replace('\\"', '"')
            if " " in text:
                words = [re.escape(words).replace(r"\{s\}", "s?") for words in value.split(text)]
                yield ".*".join(words)


def main():
    findings = []
    pages = {os.path.basename(path)[:-4]: read(path)
             for path in glob.glob(MAN + "/*.scd", root_dir=ROOT)}
    installed = re.findall(r"'([\w.-]+\.\d)'", read("docs/meson.build"))
    for name in sorted(set(installed) ^ set(pages)):
        findings.append(f"docs/meson.build: {name}: installed or written, not both")
    for build in glob.glob("*/meson.build", root_dir=ROOT):
        for statement in read(build).split("\n\n"):
            program = re.search(r"executable\('([\w-]+)'.*install: true", statement, re.S)
            if program and not any(name.rsplit(".", 1)[0] == program[1] for name in pages):
                findings.append(f"{build}: {program[1]} has no man page")
    for name, text in sorted(pages.items()):
        path = f"{MAN}/{name}.scd"
        if "# EXAMPLES" not in text or "```" not in text[text.index("# EXAMPLES"):]:
            findings.append(f"{path}: it has no example")
        for other, section in re.findall(r"\*([\w.-]+)\*\((\d)\)", text):
            if re.match(r"cubby|ear\.|wyoming|org\.cubby", other) and f"{other}.{section}" not in pages:
                findings.append(f"{path}: there is no page {other}({section})")
    for name, reader in READERS.items():
        source, said = read(reader), entries(pages[name])
        for key in sorted(keys_read(source) ^ set(said)):
            where = "has no such key" if key in said else f"does not tell of {key}"
            findings.append(f"{MAN}/{name}.scd: {key}: " + (f"{reader} {where}" if key in said else where))
        for key, low, high in bounds_read(source):
            if f"{low} to {high}" not in said.get(key, ""):
                findings.append(f"{MAN}/{name}.scd: {key}: {reader} takes {low} to {high}")
    sources = glob.glob("daemon/**/*.c", root_dir=ROOT, recursive=True) + ["lib/bus/dispatch.c"]
    # The policy is one text of many lines.
    patterns = [re.compile(line) for text in sentences_of(sources + ["lib/crypt/terms.c"])
                for line in text.split(r"\\n")]
    for sentence in sentences_of(["cli/said.c"]):
        example = sentence.replace(".*", "X").replace("\\", "")
        if not any(pattern.fullmatch(example) for pattern in patterns):
            findings.append(f"cli/said.c: the keeper does not say: {example}")
    for path in glob.glob("*.md", root_dir=ROOT) + glob.glob("docs/**/*.md", root_dir=ROOT, recursive=True):
        text = read(path)
        for script in set(re.findall(r"\bscript/([a-z][\w-]*)", text)):
            if not os.path.exists(os.path.join(ROOT, "script", script)):
                findings.append(f"{path}: there is no script/{script}")
        for link in set(re.findall(r"\]\(([^)#:]+)[^):]*\)", text)):
            if not os.path.exists(os.path.join(ROOT, os.path.dirname(path), link)):
                findings.append(f"{path}: there is no {link}")
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
