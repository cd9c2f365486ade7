# SPDX-License-Identifier: Apache-2.0
"""What the command says where somebody reads it: in their language, and a page at a time. Steps of
hand_story.py, in its household."""

import json
import os
import pty
import re
import select
import subprocess

import hand_story as story

GERMAN = ("env", "LC_ALL=C.UTF-8", "LANGUAGE=de")
LIMIT_S = 60


def german(*words, status=0):
    """What it says to somebody who reads German."""
    return story.run(*GERMAN, "cubby", *words, status=status)


def german_is_spoken():
    """R23: a parent who reads German is spoken to in German; programs read the same as ever."""
    listed = german("list").splitlines()
    assert listed[0].split() == ["KENNUNG", "BEGINN", "PROFIL", "ARTEN", "LÄUFT", "AB"], listed[0]
    assert "in 7 Tg." in listed[1], listed[1]
    assert "WORTLAUT" in german("list", "--transcripts", *story.CODE)
    items = story.ITEMS + 1
    assert f"aufbewahrt  {items} Aufnahmen von 2 Profilen" in german("status"), german("status")
    said = german("delete", "--profile", "mia", "--dry-run")
    assert said == f"{items} Aufnahmen von mia würden gelöscht; geschehen ist nichts.\n", said
    one = listed[1].split()[0]
    assert german("delete", one, "--dry-run").startswith("1 Aufnahme würde gelöscht;")
    assert "gilt" in german("consent", "show")
    # The command's own words, and libcubby's.
    assert "sagen Sie --child oder --adult" in german("profile", "add", "x", status=2)
    assert "ist nicht die Kennung einer Aufnahme" in german("show", "zz", status=2)
    # And what the keeper says in English.
    assert "es gibt kein Profil" in german("list", "nobody", status=10)
    assert re.search(r"HINWEIS +\d+ Aufnahmen( von mia)? wurden in kurzer Zeit", german("status")), german("status")
    page = f"{story.HOME}/familie.html"
    assert "Namen, Zeiten und Anzahlen" in german("report", "-o", page)
    with open(page, encoding="utf-8") as file:
        page = file.read()
    assert '<html lang="de">' in page and "Wer hat nachgesehen oder zugehört" in page
    # A language there is no catalogue of, and no language at all.
    for unknown in (("env", "LC_ALL=C.UTF-8", "LANGUAGE=tlh"), ("env", "LC_ALL=C", "LANGUAGE=de")):
        assert "STARTED" in story.run(*unknown, "cubby", "list")


def json_has_no_language():
    """R23: --json and what goes wrong with it are the same in every language."""
    for words in (("list",), ("consent", "show"), ("retention", "show"), ("doctor",), ("profile", "list"),
                  ("export", "history")):
        assert json.loads(german(*words, "--json")) == json.loads(story.cubby(*words, "--json")), words
    assert german("show", "zz", "--json", status=2) == story.cubby("show", "zz", "--json", status=2)


class Terminal:
    """A command at a terminal of 24 lines."""

    def __init__(self, *words, columns=100, **environment):
        self.end, other = pty.openpty()
        subprocess.run(["stty", "-F", os.ttyname(other), "rows", "24", "cols", str(columns)], check=True)
        settings = {"TERM": "xterm", "PAGER": "", "CUBBY_PASSPHRASE_FILE": f"{story.SHARED}/passphrase",
                    **environment}
        self.process = subprocess.Popen(
            ["sandbox", "--as", "parent", "env", "-u", "PAGER", "-u", "CUBBY_PAGER", "-u", "LESS",
             *(f"{name}={value}" for name, value in settings.items() if value), *words],
            stdin=other, stdout=other, stderr=other)
        os.close(other)
        self.said = ""

    def more(self):
        """Reads on; False at the end."""
        ready, _, _ = select.select([self.end], [], [], LIMIT_S)
        assert ready, f"nothing came after {self.said!r}"
        try:
            got = os.read(self.end, 65536)
        except OSError:
            got = b""
        self.said += got.decode(errors="replace")
        return bool(got)

    def expect(self, text):
        while text not in self.said:
            assert self.more(), f"{text!r} did not come: {self.said!r}"

    def type(self, text):
        os.write(self.end, text.encode())

    def finish(self):
        """Its exit status, and all that it said."""
        while self.more():
            pass
        os.close(self.end)
        return self.process.wait(LIMIT_S), self.said


def a_page_at_a_time():
    """R23: a long listing is read page by page, a short one is not; at no terminal there is no pager."""
    long = Terminal("cubby", "list")
    long.expect("mia")
    long.type("q")
    status, said = long.finish()
    assert status == 0 and said.count("transcript") < story.ITEMS, (status, said)
    status, said = Terminal("cubby", "profile", "list").finish()
    assert status == 0 and "mia" in said
    for words in (("cubby", "list", "--no-pager"), ("cubby", "list", "--json")):
        status, said = Terminal(*words).finish()
        assert status == 0 and said.count("transcript") >= story.ITEMS, (words, status)
    # Nobody waits at a pager that is not there, and is told.
    status, said = Terminal("cubby", "list", CUBBY_PAGER="no-such-pager -x").finish()
    assert status == 0 and "the pager no-such-pager cannot be run" in said
    assert said.count("transcript") >= story.ITEMS


def what_was_said_is_read_whole():
    """R23: in a terminal of 80 columns, too: what was said goes on below, and no word is cut."""
    words = "once upon a time there was a dragon that liked the moon, and every evening it flew there"
    story.cubby("import", f"{story.SHARED}/said.wav", "--profile", "otto", "--transcript", words, *story.CODE)
    status, said = Terminal("cubby", "list", "otto", "--transcripts", "--no-pager", "--color=never",
                            *story.CODE, columns=80).finish()
    lines = said.replace("\r", "").splitlines()
    column = lines[0].index("TRANSCRIPT")
    assert status == 0 and len(lines) > 3 and max(map(len, lines)) <= 80, said
    assert " ".join(line[column:].strip() for line in lines[1:]) == words, said
    assert words in story.cubby("list", "otto", "--transcripts", *story.CODE)
    story.cubby("delete", "--profile", "otto", "--yes")


def a_pager_keeps_nothing():
    """R7: less writes no history and no file; what was said goes to no program named for other texts."""
    seen = f"{story.HOME}/paged"
    pager = f"{story.HOME}/pager"
    # As the parent's own: the keeper's and ours are other users.
    story.run("sh", "-c", f"printf '#!/bin/sh\\n(env; cat) > {seen}\\n' > {pager}; chmod 755 {pager}")

    def shown(*words, **environment):
        status, said = Terminal("cubby", *words, LESSOPEN="|touch %s", **environment).finish()
        assert status == 0, said
        paged = story.run("sh", "-c", f"cat {seen} 2>/dev/null; rm -f {seen}")
        return said, paged

    said, paged = shown("list", "--no-pager", PAGER=pager)
    assert paged == "" and "mia" in said
    said, paged = shown("list", PAGER=pager)
    assert "mia" not in said and paged.count("transcript") >= story.ITEMS
    for line in ("LESSHISTFILE=-", "LESSSECURE=1", "LESS=FRX"):
        assert line in paged.splitlines(), (line, paged[:400])
    assert "LESSOPEN" not in paged
    said, paged = shown("list", "--grep", "dragon", *story.CODE, PAGER=pager)
    assert paged == "" and "Dragon" in said
    said, paged = shown("list", "--grep", "dragon", *story.CODE, CUBBY_PAGER=pager)
    assert "Dragon" in paged and "Dragon" not in said
    left = story.run("find", story.HOME, "-name", ".less*")
    assert left == "", left


def a_parent_is_asked():
    """R23: a question is answered in the parent's language, and in English."""
    for answer, erased in (("n", False), ("j", True), ("yes", True)):
        row = story.asked("list")[0]
        ask = Terminal("cubby", "delete", row["id"], LC_ALL="C.UTF-8", LANGUAGE="de")
        ask.expect("Löschen? [j/N]")
        ask.type(answer + "\n")
        status, said = ask.finish()
        assert (status, "Beleg" in said) == ((0, True) if erased else (1, False)), (status, said)
        story.ITEMS -= erased


STEPS = (german_is_spoken, json_has_no_language, a_page_at_a_time, what_was_said_is_read_whole, a_pager_keeps_nothing, a_parent_is_asked)
