# SPDX-License-Identifier: Apache-2.0
"""What the ear's library exports, and that a stranger can build against it and run it.

    abi.py LIBRARY HEADER-FOLDER EXAMPLE PKG-CONFIG-FILE"""

import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
from tap import Tap     # noqa: E402

LIBRARY, HEADERS, EXAMPLE, PKG_CONFIG = sys.argv[1:]
DATA = "/usr/share/pocketsphinx/test/data"


def exported():
    lines = subprocess.run(["nm", "-D", "--defined-only", LIBRARY], capture_output=True, text=True,
                           check=True).stdout.splitlines()
    names = {line.split()[-1] for line in lines}
    # The sanitizers' own, and the node's name.
    return {name for name in names if not re.match(r"_*(asan|ubsan|odr_asan|sanitizer)_|__odr_asan",
                                                   name)} - {"CUBBY_EAR_0"}


def declared():
    with open(f"{HEADERS}/cubby/ear.h", encoding="utf-8") as file:
        text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)
    functions = set(re.findall(r"^\w[\w ]*[ *](cubby_ear_\w+)\(", text, flags=re.M))
    return functions | {"cubby_ear_entry"}


def members():
    with open(f"{HEADERS}/cubby/ear.h", encoding="utf-8") as file:
        body = re.search(r"^struct cubby_ear_entry \{(.*?)^\};", file.read(), flags=re.M | re.S)[1]
    return set(re.findall(r"\(\*(\w+)\)", body))


def fields():
    """Every member of every struct, as test_abi.c writes down where it is; its size comes first."""
    with open(f"{HEADERS}/cubby/ear.h", encoding="utf-8") as file:
        text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)
    found = set()
    for name, body in re.findall(r"^struct (cubby_ear_\w+) \{(.*?)^\};", text, flags=re.M | re.S):
        for line in re.sub(r"\s+", " ", body).split(";")[:-1]:
            member = re.search(r"\(\*(\w+)\)", line) or re.search(r"(\w+)$", line)
            found.add((name, member[1]))
    return {(name, member) for name, member in found if member != "size"}


def placed():
    with open(os.path.join(os.path.dirname(__file__), "test_abi.c"), encoding="utf-8") as file:
        return set(re.findall(r"PLACE\((cubby_ear_\w+), (\w+), \d+\)", file.read()))


def compiles(compiler, *options):
    source = "#include <cubby/ear.h>\nint main(void) { return cubby_ear_entry.size == 0; }\n"
    done = subprocess.run([*compiler, "-fsyntax-only", "-Wall", "-Wextra", "-pedantic", "-Werror",
                           f"-I{HEADERS}", *options, "-"], input=source, capture_output=True,
                          text=True, check=False)
    return done


def main():
    tap = Tap()
    names, wanted = exported(), {f"{name}@@CUBBY_EAR_0" for name in declared()}
    tap.ok(names == wanted, "exported is what the header declares, under CUBBY_EAR_0",
           f"more: {sorted(names - wanted)} less: {sorted(wanted - names)}")
    short = {name.removeprefix("cubby_ear_") for name in declared()} - {"entry"}
    tap.ok(members() == (short - {"new", "free"}) | {"ear_new", "ear_free"},
           "the entry has every function", members() ^ short)
    tap.ok(len(placed()) > 40 and placed() == fields(), "test_abi.c holds every member in its place",
           placed() ^ fields())
    soname = subprocess.run(["readelf", "-d", LIBRARY], capture_output=True, text=True, check=True)
    tap.ok("[libcubby-ear.so.0]" in soname.stdout, "its name is libcubby-ear.so.0", soname.stdout)
    for compiler, options in ((["cc", "-xc"], ["-std=c99"]), (["c++", "-xc++"], ["-std=c++11"])):
        try:
            done = compiles(compiler, *options)
            tap.ok(done.returncode == 0, f"the header is {options[0][5:]}", done.stderr)
        except FileNotFoundError:
            tap.skip(f"the header is {options[0][5:]}", f"no {compiler[0]} here")
    with open(PKG_CONFIG, encoding="utf-8") as file:
        text = file.read()
    tap.ok("-lcubby-ear" in text and "Name: cubby-ear" in text and "-lpocketsphinx" not in
           text.replace("Libs.private", ""), "pkg-config gives a host -lcubby-ear alone", text)
    with open(f"{DATA}/goforward.raw", "rb") as sound:
        done = subprocess.run([EXAMPLE, "mia", f"{DATA}/goforward.gram"], stdin=sound, text=True,
                              capture_output=True, timeout=60, check=False,
                              env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nowhere"})
    tap.ok(done.returncode == 0 and done.stdout == "go forward ten meters\n"
           and "lamp: off" in done.stderr and "not kept" in done.stderr
           and "stays here" in done.stderr, "the example host hears, and keeps nothing without a "
           "keeper (R28)", done)
    done = subprocess.run([EXAMPLE, "", "/nowhere.gram"], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=60, check=False)
    tap.ok(done.returncode == 1 and "/nowhere.gram" in done.stderr, "and says what is wrong", done)
    return tap.done()


sys.exit(main())
