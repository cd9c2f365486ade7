# SPDX-License-Identifier: Apache-2.0
"""`cubby report`: what is in the page, and how a real browser takes it: no request, no complaint, no
script, nothing wider than a phone, readable in light and dark. With a directory as its argument it
leaves the pictures there (script/screenshots)."""

import html.parser
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import chromium                                                     # noqa: E402
from hand_story import CODE, HOME, asked, begin, cubby, secret_file     # noqa: E402
from tap import Tap                                                 # noqa: E402

PAGE = f"{HOME}/family.html"
# What this machine's disk lets a deletion reach.
LEVELS = {"E0": "made inaccessible; this file system may keep old blocks",
          "E1": "the keys were overwritten in place",
          "E2": "the keys were overwritten in place, on flash memory"}
SIZES = {"phone": (390, 844), "desktop": (1280, 900)}
# Text whose contrast to what is behind it is under 4.5 (WCAG 2 AA), outside pictures.
CONTRAST = """(() => {
  const light = c => { const v = c.match(/[\\d.]+/g).slice(0, 3).map(x => x / 255)
    .map(x => x <= .03928 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4);
    return .2126 * v[0] + .7152 * v[1] + .0722 * v[2]; };
  const behind = e => { for (; e; e = e.parentElement) { const b = getComputedStyle(e).backgroundColor;
    if (!/, 0\\)$/.test(b)) return b; } return 'rgb(255, 255, 255)'; };
  return [...document.body.querySelectorAll('*')].filter(e => !e.closest('svg') &&
    [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())).map(e => {
    const a = light(getComputedStyle(e).color), b = light(behind(e));
    return [(Math.max(a, b) + .05) / (Math.min(a, b) + .05), e.outerHTML.slice(0, 80)]; })
    .filter(x => x[0] < 4.5); })()"""


class Reader(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.words = [], []
        self.feed(text)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)


def family():
    """A household in which something was kept, looked at, refused and deleted."""
    begin()
    cubby("list", "--transcripts", *CODE)
    secret_file("wrong", "not the passphrase at all")
    cubby("export", "list", passphrase="wrong", status=4)
    ids = [row.split()[0] for row in cubby("list").splitlines()[1:3]]
    cubby("delete", *ids, "--yes")
    cubby("retention", "set", "mia", "audio", "3d")
    cubby("drill")
    cubby("report", "-o", PAGE)
    assert os.stat(PAGE).st_mode & 0o777 == 0o600


def says_what_is():
    """R23, R30, R32: the page says what is kept, who looked, who was refused, what was erased."""
    with open(PAGE, encoding="utf-8") as file:
        page = Reader(file.read())
    # 71 of mia were kept, one of them with sound; two are deleted.
    for words in ("Kept: 69 items of 2 profiles.", "mia child", "Never used for training",
                  "69 kept", "only copies that otto approved", "found nothing left",
                  "The signature of this device holds.", LEVELS[asked("status")["erasure_level"]],
                  "read or listened", "deleted , 2 items: verified, with a signed receipt",
                  "Sound allowed, each for 3 days", "Words allowed, each for 7 days",
                  "Place not allowed", "was refused", "Hash of this text"):
        assert words.replace(" , ", ", ") in page.text.replace(" , ", ", "), (words, page.text)
    assert "number 1" not in page.text, "R16: words of a child"
    policy = cubby("policy").splitlines()
    assert all(line in page.text for line in (" ".join(line.split()) for line in policy[:-1])), policy
    assert policy[-1].split()[-1] in page.text
    # R9: each erasure's receipt can be unfolded, and is genuine by itself.
    receipts = [text for text in page.words if text.startswith("{")]
    assert len(receipts) == 1 and page.text.count("Read back and found gone") == 1, receipts
    with open(f"{HOME}/receipt", "w", encoding="utf-8") as file:
        file.write(receipts[0])
    os.chmod(f"{HOME}/receipt", 0o644)
    assert "Genuine" in cubby("receipt", "verify", f"{HOME}/receipt")
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "link", "img", "iframe", "object", "form", "base"}, names
    assert not [a for _, a in page.tags if any(n.startswith("on") or n in ("src", "href") for n in a)]
    pictures = [attrs for tag, attrs in page.tags if tag == "svg"]
    assert len(pictures) >= 2 and all(attrs.get("role") == "img" for attrs in pictures)


def browser(where):
    """A real browser shows it on a phone and a desk, by day and by night, and asks for nothing."""
    page = chromium.Chromium()
    try:
        for name, (width, height) in SIZES.items():
            for dark in (False, True):
                events = page.load(PAGE, width, height, dark)
                asked = [event["params"]["request"]["url"] for event in events
                         if event.get("method") == "Network.requestWillBeSent"]
                assert asked == [f"file://{PAGE}"], asked
                said = [event for event in events if event.get("method") in
                        ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown")]
                assert not said, said
                wide = page.ask("document.documentElement.scrollWidth - innerWidth")
                assert wide <= 0, f"{name}: {wide} pixels too wide"
                assert page.ask(CONTRAST) == [], (name, dark, page.ask(CONTRAST)[:5])
                picture = page.picture()
                assert picture[:8] == b"\x89PNG\r\n\x1a\n" and len(picture) > 10000
                if where:
                    with open(f"{where}/report-{name}-{'dark' if dark else 'light'}.png",
                              "wb") as file:
                        file.write(picture)
    finally:
        page.close()


def main():
    tap = Tap()
    tap.run(family.__doc__, family)
    tap.run(says_what_is.__doc__, says_what_is)
    if chromium.found():
        tap.run(browser.__doc__, browser, sys.argv[1] if len(sys.argv) > 1 else None)
    else:
        tap.skip(browser.__doc__, "there is no chromium here")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
