# SPDX-License-Identifier: Apache-2.0
"""Keeps the last column of docs/REQUIREMENTS.md: which tests show a requirement. A test does so that
has its number in its name ("test_r12_...", or a title "R12 ..."), and a requirement without one is an
error. "requirements.py --write" writes the column; without it, a stale one is an error, too. So is a
test that any document names and that is not there, and a row of the threat model without one."""

import os
import re
import subprocess
import sys

PAGE = "docs/REQUIREMENTS.md"
THREATS = "docs/THREAT-MODEL.md"
ROW = re.compile(r"^\| R(\d+) \| (.*?) \| (.*) \|$")
# A function's name, or a title as a program prints it.
NAMED = re.compile(r"\btest_(?:[a-z0-9]+_)*?(r\d+(?:_r\d+)*)_|[\"'](R\d+(?:,? R\d+)*)\b")


def shown(files):
    """{number: sorted files}"""
    found = {}
    for path in files:
        with open(path, encoding="utf-8") as file:
            for match in NAMED.finditer(file.read()):
                for number in re.findall(r"\d+", match[1] or match[2]):
                    found.setdefault(int(number), set()).add(path)
    return {number: sorted(paths) for number, paths in found.items()}


def cell(paths):
    names = [re.sub(r"^tests/|\.(c|py)$", "", path) for path in paths]
    return ", ".join(f"`{name}`" for name in names)


# A test, as the documents name one.
SAID = re.compile(r"`((?:unit|integration|forensic|crash|faults|fuzz)/[a-z0-9_/-]+)`")


def not_there(files):
    """What the documents call a test and is none."""
    known = {re.sub(r"^tests/|\.(c|py)$", "", path) for path in files}
    pages = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "docs/*.md", "*.md"],
                           capture_output=True, text=True, check=True).stdout.split()
    problems = []
    for page in filter(os.path.exists, sorted(set(pages))):
        with open(page, encoding="utf-8") as file:
            problems += [f"{page}: there is no test {name}"
                         for name in sorted(set(SAID.findall(file.read())))
                         if name not in known and not os.path.exists(f"tests/{name}")]
    return problems


def untested():
    """Rows of the threat model whose last column, "shown by", names no test."""
    with open(THREATS, encoding="utf-8") as file:
        rows = [line[2:-2].split(" | ") for line in file.read().splitlines() if line[:2] == "| "]
    if sum(cells[-1] == "shown by" for cells in rows) != 3:
        return [f"{THREATS}: there are not three tables of what is shown"]
    return [f"{THREATS}: no test is named for: {cells[0]}" for cells in rows
            if cells[-1] != "shown by" and not SAID.search(cells[-1])]


def main(write):
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
    files = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "tests/*.c", "tests/*.py"],
                           capture_output=True, text=True, check=True).stdout.split()
    found = shown(path for path in files if os.path.exists(path) and "/lint/" not in path)
    problems, lines, seen = [], [], []
    with open(PAGE, encoding="utf-8") as file:
        for line in file.read().splitlines():
            row = ROW.match(line)
            if row:
                number = int(row[1])
                seen.append(number)
                if number not in found:
                    problems.append(f"no test names R{number}")
                line = f"| R{number} | {row[2]} | {cell(found.get(number, []))} |"
                if line != row[0] and not write:
                    problems.append(f"{PAGE}: what shows R{number} has changed; "
                                    "tests/lint/requirements.py --write")
            lines.append(line)
    if seen != list(range(1, 33)):
        problems.append(f"{PAGE}: the rows are not R1 to R32")
    problems += [f"there is no R{number}, which {paths[0]} names"
                 for number, paths in found.items() if number not in seen]
    if write:
        with open(PAGE, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
    problems += not_there(files) + untested()
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


sys.exit(main("--write" in sys.argv[1:]))
