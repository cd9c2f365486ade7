# SPDX-License-Identifier: Apache-2.0
"""Runs each block of shell under EXAMPLES in the man pages of cubby(1) and org.cubby.Cubby1(7), in
order, as a parent in one directory; then those of the other pages. Then R23: from nothing to what a
parent wants, in how many commands and how long."""

import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
from hand_story import HOME, SHARED, PASSPHRASE, hears, run, said_file, secret_file     # noqa: E402
from tap import Tap     # noqa: E402
import example_pages    # noqa: E402
from example_pages import blocks    # noqa: E402

# What a parent does, and the commands for it; {id} is the newest item.
WALK = [
    ("from nothing to a child's consent", 3, [
        "cubby setup --parent Anna --recovery-file $HOME/walk-code", "cubby profile add mia --child",
        "cubby consent grant mia audio transcript"]),
    ("see what is kept", 1, ["cubby list --transcripts"]),
    ("hear it", 1, ["cubby play {id} -o $HOME/walk.wav"]),
    ("take a copy of everything", 1, ["cubby takeout mia -o $HOME/walk-mia"]),
    ("refuse any more", 1, ["cubby consent withdraw mia audio"]),
    ("delete one", 1, ["cubby delete {id} --yes"]),
    ("delete everything", 1, ["cubby delete --all --yes"]),
]


def shell(text):
    return subprocess.run(["sandbox", "--as", "parent", "env", f"HOME={HOME}",
                           f"CUBBY_PASSPHRASE_FILE={SHARED}/passphrase", "sh", "-euc",
                           f"cd {HOME}\n{text}"],
                          capture_output=True, text=True, timeout=120, check=False,
                          stdin=subprocess.DEVNULL)


def manuals(tap):
    found = blocks("cubby.1")
    tap.ok(len(found) == 4, "all blocks of cubby(1) were found", len(found))
    for number, block in enumerate(found, 1):
        done = shell(block)
        tap.ok(done.returncode == 0, f"block {number} of cubby(1)", f"{block}{done.stdout}{done.stderr}")
        if number == 1:
            tap.run(example_pages.heard.__doc__, example_pages.heard)
    for number, block in enumerate(blocks("org.cubby.Cubby1.7"), 1):
        done = shell(block)
        tap.ok(done.returncode == 0, f"block {number} of org.cubby.Cubby1(7)", done.stdout + done.stderr)
    for name in ("first.wav", "emma-takeout/takeout.json", "family.html", "receipt.json"):
        tap.ok(os.path.getsize(f"{HOME}/{name}") > 0, f"{name} is there")


def walk(tap):
    run("cubby", "reset", "--parent", "Anna", "--yes")
    item = ""
    for want, most, commands in WALK:
        begun = time.monotonic()
        for command in commands:
            done = shell(command.replace("{id}", item))
            if not tap.ok(done.returncode == 0, command, done.stdout + done.stderr):
                return
        tap.ok(len(commands) <= most, f"R23 {want}: {len(commands)} command(s), "
               f"{time.monotonic() - begun:.1f} s")
        if not item:
            tap.ok(hears("mia") is True, "mia is heard")
            item = shell("cubby list | awk 'NR == 2 { print $1 }'").stdout.strip()


def main():
    tap = Tap()
    secret_file("passphrase", PASSPHRASE)
    said_file()
    run("mkdir", f"{HOME}/stick")
    run("sh", "-c", f"echo 'copper lantern meadow thirteen' > {HOME}/bens-passphrase")
    example_pages.begin()
    manuals(tap)
    for step in example_pages.STEPS:
        tap.run(step.__doc__, step)
    walk(tap)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
