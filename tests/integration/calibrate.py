# SPDX-License-Identifier: Apache-2.0
"""script/calibrate-wake with human recordings of Debian's pocketsphinx-testdata: who is heard, who is
not, and how little so few recordings tell.

    calibrate.py CUBBY-LISTEN"""

import os
import shutil
import subprocess
import sys
import tempfile
import wave

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))

from tap import Tap    # noqa: E402

DATA = "/usr/share/pocketsphinx/test/data"


def table(folder, build):
    """The words of each cell, behind its threshold."""
    done = subprocess.run(
        [os.path.join(ROOT, "script", "calibrate-wake"), "go forward", "--build", build,
         "--with", os.path.join(folder, "with"), "--without", os.path.join(folder, "without.tsv"),
         "--threshold", "1e100", "--threshold", "1"],
        capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    rows = [line.strip("| ").split(" | ") for line in done.stdout.splitlines()
            if line.startswith("| cubby-listen")]
    return {row[1]: row[2:] for row in rows}, done.stdout


def recordings(folder):
    os.mkdir(os.path.join(folder, "with"))
    with wave.open(os.path.join(folder, "with", "one.wav"), "wb") as out, \
            open(f"{DATA}/goforward.raw", "rb") as file:
        out.setparams((1, 2, 16000, 0, "NONE", ""))
        out.writeframes(file.read())
    shutil.copy(f"{DATA}/cards/004.wav", os.path.join(folder, "with", "two.wav"))
    with open(os.path.join(folder, "without.tsv"), "w", encoding="utf-8") as file:
        file.write(f"path\tage\n{DATA}/cards/001.wav\t30\n{folder}/with/one.wav\t8\n"
                   f"{DATA}/cards/003.wav\t40\n")


def calibrated(folder, build):
    recordings(folder)
    cells, out = table(folder, build)
    assert cells["1"][0] == "50 % (at most 97)", out
    # Nobody's alarm, and one of the child's.
    assert cells["1"][1].startswith("0.0 (at most "), out
    assert not cells["1"][2].startswith("0.0 "), out
    assert cells["1e100"][0] == "100 % (at most 100)", out
    assert cells["1e100"][2].startswith("0.0 (at most "), out
    assert out.endswith("wake_threshold = 1e100\n"), out


def main(listen):
    tap = Tap()
    name = "a phrase heard once in two, and a child's false alarm"
    if not os.path.exists(f"{DATA}/goforward.raw"):
        tap.skip(name, "install pocketsphinx-testdata")
        return tap.done()
    with tempfile.TemporaryDirectory(prefix="cubby-test-") as folder:
        tap.run(name, calibrated, folder, os.path.dirname(os.path.dirname(os.path.abspath(listen))))
    return tap.done()


sys.exit(main(sys.argv[1]))
