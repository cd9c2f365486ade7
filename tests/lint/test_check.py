#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The lint's eyes: a small house in which all is well, then one violation after another, each of
which the lint must find, and find alone. Speaks TAP."""

import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(__file__))
from check import Check, LINES      # noqa: E402

HEAD = "/* SPDX-License-Identifier: Apache-2.0 */\n"
SOURCE = HEAD + "/* What this is for. */\n\n"
HEADER = HEAD + "#pragma once\n\n/* What this is for. */\n"

HOUSE = {
    "meson.build": "# SPDX-License-Identifier: Apache-2.0\nproject('cubby', 'c')\n",
    "schemas/sql/0001-a.sql": "-- SPDX-License-Identifier: Apache-2.0\nSELECT 1;\n",
    "lib/base/fault.h": HEADER,
    "lib/base/clock.c": SOURCE + "int now(void)\n{\n\treturn clock_gettime(CLOCK_REALTIME, &t);\n}\n",
    "lib/base/loop.c": SOURCE + "#include <ev.h>\n",
    "lib/crypt/secret.h": HEADER + "#include \"base/fault.h\"\n",
    "lib/crypt/secret.c": SOURCE + "#include \"crypt/secret.h\"\n#include <sodium.h>\n",
    "lib/bus/server.h": HEADER + "#include \"base/fault.h\"\n",
    "lib/bus/server.c": SOURCE + "#include <dbus/dbus.h>\n",
    "lib/sound/sound.h": HEADER + "#include \"crypt/secret.h\"\n",
    "lib/client/cubby.h": HEADER + "#include \"bus/server.h\"\n",
    "plugin/ear.h": HEAD + "#ifndef CUBBY_EAR_H\n#define CUBBY_EAR_H\n\n/* The ear. */\n#endif\n",
    "plugin/capture.c": SOURCE + "#include <pulse/pulseaudio.h>\n#include <pulse/error.h>\n",
    "daemon/keeper.h": HEADER + "#include \"store/store.h\"\n#include \"bus/server.h\"\n",
    "daemon/store/store.h": HEADER,
    "daemon/store/store.c": SOURCE + "#include \"store/store.h\"\n#include <sqlite3.h>\n",
    "daemon/vault/vault.h": HEADER + "#include \"crypt/secret.h\"\n",
    "daemon/service/list.c": SOURCE + "#include \"bus/server.h\"\n#include \"keeper.h\"\n",
    "daemon/archive.c": SOURCE + "#include \"store/store.h\"\n#include \"vault/vault.h\"\n",
    "cli/list.c": SOURCE + "#include \"client/cubby.h\"\n\n"
                  "/* goto, system() and <sodium.h> in words harm nobody. */\n"
                  "static const char text[] = \"goto time(NULL) popen(\";\n"
                  "static int table(int a,\n\t\t int b);\n",
    "tests/unit/crypt/test_envelope.c": SOURCE + "#include <sodium.h>\n",
}

# Name, file, what it is or what is added to it (None: instead of all of it), and the rule.
VIOLATIONS = (
    ("a source without a licence", "cli/a.c", "/* For a. */\n", "licence"),
    ("a licence further down", "cli/a.c", "/* For a. */\n" + HEAD, "licence"),
    ("a build file without a licence", "cli/meson.build", "x = 1\n", "licence"),
    ("a script without a licence", "script/a.py", "print(1)\n", "licence"),
    ("SQL without a licence", "schemas/sql/0002-b.sql", "SELECT 1;\n", "licence"),
    ("a source that does not say what it is for", "cli/a.c", HEAD + "\nint a;\n", "opening"),
    ("a header that may be included twice", "cli/a.h", HEAD + "/* For a. */\n", "opening"),
    ("goto", "cli/a.c", SOURCE + "void a(void)\n{\n\tgoto out;\n}\n", "word"),
    ("a shell", "cli/a.c", SOURCE + "int a = system(\"ls\");\n", "word"),
    ("a temporary file", "plugin/a.c", SOURCE + "FILE *a = tmpfile();\n", "word"),
    ("alloca", "plugin/a.c", SOURCE + "char *a = alloca(5);\n", "word"),
    ("typedef of a struct", "lib/base/a.h", HEADER + "typedef struct a {\n\tint b;\n} a;\n", "word"),
    ("a clock in the keeper", "daemon/a.c", SOURCE + "long a = time(NULL);\n", "clock"),
    ("a clock in the ear", "plugin/a.c", SOURCE + "int a = clock_gettime(CLOCK_BOOTTIME, &t);\n",
     "clock"),
    ("indentation by blanks", "cli/a.c", SOURCE + "void a(void)\n{\n        b();\n}\n", "tabs"),
    ("indentation by four blanks", "cli/a.c", SOURCE + "void a(void)\n{\n    b();\n}\n", "tabs"),
    ("a long line", "cli/a.c", SOURCE + "\tint " + "a" * 88 + ";\n", "columns"),
    ("blanks at the end", "cli/a.c", SOURCE + "int a; \n", "blanks"),
    ("a long file", "cli/a.c", SOURCE + "int a;\n" * (LINES - 2), "length"),
    ("sodium in the keeper", "daemon/a.c", SOURCE + "#include <sodium.h>\n", "owner"),
    ("a part of sodium in the client", "cli/a.c", SOURCE + "#include <sodium/utils.h>\n", "owner"),
    ("sqlite in the domain", "daemon/a.c", SOURCE + "#include <sqlite3.h>\n", "owner"),
    ("sqlite in the vault", "daemon/vault/a.c", SOURCE + "#include <sqlite3.h>\n", "owner"),
    ("dbus in the service", "daemon/service/a.c", SOURCE + "#include <dbus/dbus.h>\n", "owner"),
    ("sndfile in the client", "cli/a.c", SOURCE + "#include <sndfile.h>\n", "owner"),
    ("libev in the bus", "lib/bus/a.c", SOURCE + "#include <ev.h>\n", "owner"),
    ("libev in another file of base", "lib/base/a.c", SOURCE + "#include <ev.h>\n", "owner"),
    ("PulseAudio in the keeper", "daemon/a.c", SOURCE + "#include <pulse/simple.h>\n", "owner"),
    ("PulseAudio in two files of the ear", "plugin/z.c", SOURCE + "#include <pulse/simple.h>\n",
     "owner"),
    ("PocketSphinx in the client", "cli/a.c", SOURCE + "#include <pocketsphinx.h>\n", "owner"),
    ("the keeper's header in the ear", "plugin/a.c", SOURCE + "#include \"daemon/keeper.h\"\n", "door"),
    ("the store in the client", "cli/a.c", SOURCE + "#include \"store/store.h\"\n", "door"),
    ("the ear in the keeper", "daemon/a.c", SOURCE + "#include \"plugin/ear.h\"\n", "door"),
    ("the ear in the client", "cli/a.c", SOURCE + "#include \"plugin/ear.h\"\n", "door"),
    ("the keeper in lib", "lib/crypt/a.c", SOURCE + "#include \"daemon/keeper.h\"\n", "door"),
    ("a way round by dots", "plugin/a.c", SOURCE + "#include \"../daemon/keeper.h\"\n", "door"),
    ("crypt in base", "lib/base/a.c", SOURCE + "#include \"crypt/secret.h\"\n", "door"),
    ("bus in crypt", "lib/crypt/a.c", SOURCE + "#include \"bus/server.h\"\n", "door"),
    ("crypt in bus", "lib/bus/a.c", SOURCE + "#include \"crypt/secret.h\"\n", "door"),
    ("bus in sound", "lib/sound/a.c", SOURCE + "#include \"bus/server.h\"\n", "door"),
    ("SQL in the vault", "daemon/vault/a.c", SOURCE + "#include \"store/store.h\"\n", "door"),
    ("messages in the store", "daemon/store/a.c", SOURCE + "#include \"bus/server.h\"\n", "door"),
    ("messages in the domain", "daemon/a.c", SOURCE + "#include \"bus/server.h\"\n", "door"),
    ("the client's library in the keeper", "daemon/service/a.c",
     SOURCE + "#include \"client/cubby.h\"\n", "door"),
    ("the keeper opening an envelope", "daemon/a.c",
     SOURCE + "int a(void)\n{\n\treturn envelope_unseal(fk, slot);\n}\n", "plaintext"),
    ("the keeper signing a consent", "daemon/service/a.c",
     SOURCE + "int a(void)\n{\n\treturn consent_sign(c, pair, &text);\n}\n", "plaintext"),
)


def findings(more):
    with tempfile.TemporaryDirectory(prefix="cubby-lint-") as root:
        for path, text in {**HOUSE, **more}.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)) or root, exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                file.write(text)
        return Check(root).run()


def main():
    print(f"1..{len(VIOLATIONS) + 1}")
    failed = 0

    def case(number, name, good, found):
        nonlocal failed
        print(f"{'ok' if good else 'not ok'} {number} - {name}")
        if not good:
            failed = 1
            for line in found or ["nothing was found"]:
                print(f"# {line}")

    found = findings({})
    case(1, "a house in order", not found, found)
    for number, (name, path, text, rule) in enumerate(VIOLATIONS, 2):
        found = findings({path: text})
        good = len(found) == 1 and found[0].split(": ")[1] == rule and found[0].startswith(path)
        if rule == "licence":       # such a file has no opening either
            good = bool(found) and found[0].split(": ")[1] == rule
        case(number, name, good, found)
    return failed


if __name__ == "__main__":
    sys.exit(main())
