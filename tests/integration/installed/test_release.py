#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A release: two tarballs of one commit are one; packages built from it in two places are the same
to the last byte, with their bill of materials; the unit tests pass from it."""

import glob
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
REPOSITORY = os.path.abspath(os.path.join(HERE, "../../.."))
sys.path[:0] = [os.path.join(HERE, "../../support")]
from tap import Tap     # noqa: E402


def run(*command, cwd):
    done = subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout[-3000:]}")
    return done.stdout


def digests(pattern):
    found = {}
    for path in glob.glob(pattern):
        with open(path, "rb") as file:
            found[os.path.basename(path)] = hashlib.sha256(file.read()).hexdigest()
    return found


def tarball(place, name):
    """What a release has, from a clone of its own."""
    clone = f"{place}/{name}"
    run("git", "clone", "-q", REPOSITORY, clone, cwd=place)
    run("meson", "setup", "build", "-Dtests=false", cwd=clone)
    run("meson", "dist", "-C", "build", "--no-tests", "--formats", "xztar", cwd=clone)
    (path,) = glob.glob(f"{clone}/build/meson-dist/*.tar.xz")
    return path


def unpacked(path, folder):
    os.mkdir(folder)
    run("tar", "-x", "--strip-components=1", "-f", path, cwd=folder)
    return folder


def bill(path):
    """That it names what it must, and only things it has."""
    with open(path, encoding="utf-8") as file:
        spdx = json.load(file)
    names = {element["SPDXID"] for element in spdx["packages"]} | {"SPDXRef-DOCUMENT"}
    ends = {relation[end] for relation in spdx["relationships"]
            for end in ("spdxElementId", "relatedSpdxElement")}
    known = {element["name"] for element in spdx["packages"]}
    return spdx["spdxVersion"] == "SPDX-2.3" and ends <= names and \
        {"cubbyd", "cubby", "libsodium23", "libsqlite3-0"} <= known


def check(tap, place):
    first, second = tarball(place, "one"), tarball(place, "two")
    tap.ok(list(digests(first).values()) == list(digests(second).values()),
           "two tarballs of one commit are one")
    one, two = unpacked(first, f"{place}/here"), unpacked(second, f"{place}/elsewhere")
    for folder in (one, two):
        run("script/package", f"{folder}-packages", cwd=folder)
    built, again = digests(f"{one}-packages/*.deb"), digests(f"{two}-packages/*.deb")
    tap.ok(len(built) > 8 and built == again, "packages from it, built in two places, are the same",
           sorted(name for name in built if built[name] != again.get(name)))
    tap.ok(digests(f"{one}-packages/*.json") == digests(f"{two}-packages/*.json"),
           "and so are their bills of materials")
    (path,) = glob.glob(f"{one}-packages/*.spdx.json")
    tap.ok(bill(path), "a bill names what is linked")
    run("meson", "setup", "build", cwd=one)
    run("ninja", "-C", "build", cwd=one)
    for name in ("libcubby.so", "libcubby-ear.so"):
        (library,) = glob.glob(f"{one}/build/**/{name}", recursive=True)
        found = re.search(r"SONAME.*\[(.*)\]", run("readelf", "-d", library, cwd=place))
        tap.ok(found and found[1] == f"{name}.0", f"{name} has a version in its name")
    done = subprocess.run(["meson", "test", "-C", "build", "--no-rebuild", "--suite", "unit", "-t", "5",
                           "--print-errorlogs"],
                          cwd=one, capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          check=False)
    wrong = re.findall(r"^ *\d+/\d+ (?!.* OK ).*|^not ok .*", done.stdout, re.M)
    tap.ok(done.returncode == 0, "the unit tests pass from it", "\n".join(wrong)[-3000:])


def main():
    why = None
    if not os.environ.get("CUBBY_TEST_SLOW"):
        why = "it takes minutes: script/test --slow"
    elif "asan" in os.environ.get("CUBBY_BUILD", ""):
        why = "releases have no sanitizers"
    elif not all(map(shutil.which, ("git", "dh", "lintian"))):
        why = "git, debhelper or lintian is missing"
    elif not os.path.exists(f"{REPOSITORY}/.git"):
        why = "it begins with a clone"
    if why:
        print(f"1..0 # SKIP {why}")
        return 0
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix="cubby-release-") as place:
        os.chmod(place, 0o755)
        tap.run("a release is made", check, tap, place)
    return tap.done()


sys.exit(main())
