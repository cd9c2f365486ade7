#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""R8: the parent's program without memory. One allocation after another fails in `cubby`, in libcubby
and in the libraries, while it lists, shows consents, deletes, imports and exports. It must not die,
must not say what is not so, and must say something when it fails; what it says is deleted is, and the
keeper holds what it held.

usage: starved_client.py CUBBYD SHIM HEAP

20 allocations of the first three; with CUBBY_TEST_SLOW=1 every one of these, and 200 of what needs
the passphrase as well (7 min on a very busy machine)."""

import json
import os
import struct
import sys
import wave

from home import NOBODY, PASSPHRASE, Home, Report, case

SLOW = os.environ.get("CUBBY_TEST_SLOW") == "1"
LAYOUT = struct.Struct("=qQII")
MANY = 10**9
ASAN = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0:exitcode=99"


class Starved:
    def __init__(self, home, heap):
        self.home = home
        self.library, self.path = heap, f"{home.world.place}/heap"
        self.folders = 0

    def cubby(self, until, *words):
        """What it ended with, how many allocations it made, and whether one failed."""
        with open(self.path, "wb") as file:
            file.write(LAYOUT.pack(until, 0, 1, 0))
        os.chmod(self.path, 0o666)
        done = self.home.cubby(*words, LD_PRELOAD=self.library, CUBBY_HEAP=self.path,
                               ASAN_OPTIONS=ASAN,
                               CUBBY_PASSPHRASE_FILE=f"{self.home.world.place}/passphrase")
        with open(self.path, "rb") as file:
            _, calls, _, failed = LAYOUT.unpack(file.read(LAYOUT.size))
        return done, calls, failed

    def sweep(self, most, *words, judge=None, prepare=lambda: (), deaths=0):
        first = prepare()
        whole, calls, _ = self.cubby(MANY, *words, *first)
        assert whole.returncode == 0, whole.stderr
        if judge:
            judge(whole, first, "with memory")
        failed = refused = 0
        # Odd, for what comes in pairs.
        for until in range(0, calls, calls // most | 1):
            more = prepare()
            # An answer that libdbus has no memory for never comes.
            done, _, one = self.cubby(until, "--timeout", "3", *words, *more)
            failed += one
            refused += done.returncode != 0
            text = f"at allocation {until}: status {done.returncode}, {done.stderr}"
            if not 0 <= done.returncode < 98:
                assert deaths > 0, f"it died, {text}"
                deaths -= 1
            assert done.returncode <= 0 or done.stderr.strip(), f"without a word, {text}"
            assert "does not hold" not in done.stderr, f"nothing was changed, {text}"
            if judge:
                judge(done, more, text)
            elif done.returncode == 0:
                assert done.stdout == whole.stdout, f"another answer, {text}: {done.stdout}"
        assert failed, "nothing failed"
        assert self.home.listed() == set(self.home.kept), \
            f"not what was kept: {self.home.listed() ^ set(self.home.kept)}"
        return f"{failed} of {calls} allocations failed, {refused} refused"

    def deleted(self, done, item, text):
        listed = self.home.listed()
        if done.returncode == 0:
            assert item[0] not in listed, f"said to be deleted, {text}"
        if item[0] not in listed:
            self.home.kept.pop(item[0])
        # A listing shows 500 at once.
        if len(listed) > 100:
            self.home.keeper.delete(profile="mia")
            self.home.kept.clear()

    # What needs the passphrase.

    def do(self, *words):
        done, _, _ = self.cubby(MANY, *words)
        assert done.returncode == 0, f"{words}: {done.stderr}"
        return done.stdout

    def furnish(self):
        place = self.home.world.place
        with open(f"{place}/passphrase", "w", encoding="utf-8") as file:
            file.write(PASSPHRASE + "\n")
        os.chown(f"{place}/passphrase", NOBODY if os.geteuid() == 0 else -1, -1)
        os.chmod(f"{place}/passphrase", 0o600)
        with wave.open(f"{place}/said.wav", "wb") as file:
            file.setparams((1, 2, 16000, 0, "NONE", ""))
            file.writeframes(bytes(i * i % 251 for i in range(32000)))
        self.do("profile", "add", "lena", "--adult")
        self.do("consent", "grant", "lena", "audio", "transcript", "--keep", "30d")

    def imported(self, done, _, text):
        more = self.home.listed() - set(self.home.kept)
        if done.returncode == 0:
            assert more == {json.loads(done.stdout)["id"]}, f"said to be kept, {text}: {more}"
        # It may have been kept before there was no memory to say so.
        assert len(more) <= 1, text
        self.home.kept.update(dict.fromkeys(more))

    def folder(self):
        self.folders += 1
        return [f"{self.home.world.place}/home/set{self.folders}"]

    def exported(self, done, folder, text):
        if done.returncode != 0:
            return
        assert json.loads(done.stdout)["items"] == 1, f"{text}: {done.stdout}"
        verdict = json.loads(self.do("export", "verify", folder[0], "--json"))
        assert verdict["valid"] and verdict["items"] == 1, f"{text}: {verdict}"

    def taken_out(self, done, folder, text):
        if done.returncode != 0:
            return
        with open(f"{folder[0]}/takeout.json", encoding="utf-8") as file:
            told = json.load(file)
        assert len(told["items"]) == 1 and told["items"][0]["transcript"] and \
            os.path.exists(f"{folder[0]}/{told['items'][0]['sound']}"), f"{text}: {told}"


def main(cubbyd, library, heap):
    report = Report(7 if SLOW else 3)
    home = Home(cubbyd, library)
    most = MANY if SLOW else 20
    try:
        home.furnish()
        home.keep()
        starved = Starved(home, heap)
        case(report, "test_r8_starved_cubby_list", starved.sweep, most, "list", "--json")
        case(report, "test_r8_starved_cubby_consent", starved.sweep, most, "consent", "show",
             "--json")
        case(report, "test_r8_starved_cubby_delete",
             lambda: starved.sweep(most, "delete", "--yes", judge=starved.deleted,
                                   prepare=lambda: [home.keep()]))
        if SLOW:
            with_passphrase(report, starved)
    finally:
        home.end()
    return 1 if report.failed else 0


def with_passphrase(report, starved):
    starved.furnish()
    wav = f"{starved.home.world.place}/said.wav"
    item = json.loads(starved.do("import", wav, "--profile", "lena", "--transcript", "good night",
                                 "--json"))["id"]
    starved.home.kept[item] = None
    case(report, "test_r8_starved_cubby_search",
         lambda: starved.sweep(200, "list", "lena", "--transcripts", "--json"))
    case(report, "test_r8_starved_cubby_takeout",
         lambda: starved.sweep(200, "takeout", "lena", "--json", "-o", judge=starved.taken_out,
                               prepare=starved.folder))
    starved.do("export", "approve", item, "--purpose", "research", "--recipient", "lab")
    starved.home.kept = dict.fromkeys(starved.home.listed())
    case(report, "test_r8_starved_cubby_export",
         lambda: starved.sweep(200, "export", "create", "--format", "hf", "--purpose", "research",
                               "--recipient", "lab", "--json", judge=starved.exported,
                               prepare=starved.folder))
    case(report, "test_r8_starved_cubby_import",
         # libsndfile 1.2.0 writes to where it got no memory to, before anything is sent.
         lambda: starved.sweep(200, "import", wav, "--profile", "lena", "--json",
                               judge=starved.imported, deaths=4))


sys.exit(main(*sys.argv[1:]))
