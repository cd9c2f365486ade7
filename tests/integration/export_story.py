# SPDX-License-Identifier: Apache-2.0
"""Runs each block of shell in docs/EXPORT.md as a parent would, in one directory."""

import os
import re
import subprocess
import sys
import tempfile
import wave

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
from tap import Tap     # noqa: E402


def main():
    tap = Tap()
    with open(os.path.join(HERE, "..", "..", "docs", "EXPORT.md"), encoding="utf-8") as file:
        blocks = re.findall(r"^```sh\n(.*?)^```$", file.read(), re.S | re.M)
    with tempfile.TemporaryDirectory(dir=os.environ["HOME"]) as place:
        with open(f"{place}/passphrase", "w", encoding="utf-8") as file:
            os.chmod(file.fileno(), 0o600)
            file.write("velvet harbour nineteen umbrellas\n")
        for name in ("one", "two", "three"):
            with wave.open(f"{place}/{name}.wav", "wb") as file:
                file.setparams((1, 2, 16000, 0, "NONE", ""))
                file.writeframes(os.urandom(32000))
        for number, block in enumerate(blocks, 1):
            done = subprocess.run(["sh", "-eu", "-c", block], cwd=place, capture_output=True,
                                  text=True, timeout=120, check=False, stdin=subprocess.DEVNULL,
                                  env=dict(os.environ, CUBBY_PASSPHRASE_FILE=f"{place}/passphrase"))
            tap.ok(done.returncode == 0, f"block {number} of docs/EXPORT.md",
                   f"{done.returncode}\n{done.stdout}{done.stderr}")
    tap.ok(len(blocks) == 6, "all blocks were found", len(blocks))
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
