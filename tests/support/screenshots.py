# SPDX-License-Identifier: Apache-2.0
"""Pictures of the real thing for docs/images, into the directory that is named (script/screenshots)."""

import html
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "integration"))
import chromium                                                     # noqa: E402
import report_page                                                  # noqa: E402
from hand_story import CODE, HOME                                   # noqa: E402

COLOURS = {"1": "font-weight:bold", "31": "color:#f29a88", "32": "color:#7fd09a",
           "33": "color:#e0b25a"}
SHOWN = [("cubby", "status"), ("cubby", "list", "mia", "--since", "today", "--grep", "go ", *CODE),
         ("cubby", "delete", "--profile", "mia", "--kind", "audio", "--yes"),
         ("cubby", "profile", "list")]
STYLE = ("body{background:#17181b;color:#e8e7e3;font:15px/1.45 monospace;margin:1.2rem}"
         "pre{margin:0 0 1.2rem;white-space:pre-wrap}b{color:#7db3ec}")


def terminal(command):
    """What a parent sees of a command, as HTML."""
    done = subprocess.run(["sandbox", "--as", "parent", "script", "-qec", " ".join(
        f"'{word}'" for word in command) + " --color=always", "/dev/null"],
        capture_output=True, text=True, timeout=60, check=True, stdin=subprocess.DEVNULL,
        env=dict(os.environ, COLUMNS="110", CUBBY_PAGER="cat"))
    text = html.escape(done.stdout.replace("\r", "").replace(HOME, "~"))
    text = re.sub(r"\033\[(\d+)m", lambda m: f'</span><span style="{COLOURS.get(m[1], "")}">', text)
    words = " ".join(word for word in command if word not in CODE)
    return f"<pre><b>$</b> {html.escape(words)}\n<span>{text}</span></pre>"


def main():
    where = sys.argv[1]
    report_page.family()
    page = chromium.Chromium()
    try:
        for name, (width, height) in (("phone", (390, 844)), ("desktop", (1100, 820))):
            page.load(report_page.PAGE, width, height, name == "phone")
            with open(f"{where}/report-{name}.png", "wb") as file:
                file.write(page.picture(whole=False))
        with open(f"{where}/terminal.html", "w", encoding="utf-8") as file:
            file.write(f'<!DOCTYPE html><meta charset="utf-8"><style>{STYLE}</style>'
                       + "".join(map(terminal, SHOWN)))
        page.load(f"{where}/terminal.html", 1000, 560, True)
        with open(f"{where}/terminal.png", "wb") as file:
            file.write(page.picture())
    finally:
        page.close()


if __name__ == "__main__":
    main()
