#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What schemas/generate_dbus.py must refuse, one mistake at a time; and what it makes of the rest.

Usage: test_generate.py GENERATOR FAULT_HEADER. Speaks TAP.
"""

import os
import subprocess
import sys
import tempfile

GENERATOR, FAULT = sys.argv[1:3]

OPTIONS = '<arg name="options" type="a{sv}" direction="in"/>'
ACCESS = '<annotation name="org.cubby.Access" value="parent ear"/>'
KEYS = '<annotation name="org.cubby.Options" value="limit"/>'
ERRORS = '<annotation name="org.cubby.Errors" value="NotFound"/>'
GOOD = f"""<!-- What it does. -->
<method name="TwoWords"><arg name="a" type="s" direction="in"/>
<arg name="b" type="u" direction="out"/>{OPTIONS}{ACCESS}{KEYS}{ERRORS}</method>
<property name="ErasureLevel" type="s" access="read">
<annotation name="org.cubby.Access" value="anyone"/></property>
"""


def generate(body, name="org.cubby.Cubby1.Toy"):
    """The exit status, and the texts of header, source and doc."""
    with tempfile.TemporaryDirectory() as directory:
        paths = [os.path.join(directory, part) for part in ("toy.xml", "t.h", "t.c", "t.md")]
        with open(paths[0], "w", encoding="utf-8") as file:
            file.write(f'<node>\n  <interface name="{name}">\n<!-- A toy. -->\n{body}  </interface>\n</node>\n')
        run = subprocess.run([sys.executable, GENERATOR, "--fault", FAULT, "--header", paths[1],
                              "--source", paths[2], "--doc", paths[3], paths[0]],
                             capture_output=True, text=True, check=False)
        texts = []
        for path in paths[1:]:
            if os.path.exists(path):
                with open(path, encoding="utf-8") as file:
                    texts.append(file.read())
        return run.returncode, texts, run.stderr


def refuses(change, reason, name="org.cubby.Cubby1.Toy"):
    status, texts, stderr = generate(change, name)
    return status == 1 and not texts and reason in stderr


def good_is_generated():
    status, texts, _ = generate(GOOD)
    if status != 0:
        return False
    header, source, doc = texts
    return ("int service_toy_two_words(struct call *call, void *service);" in header
            and "service_toy_erasure_level_get(struct caller *caller" in header
            and '.in_signature = "sa{sv}"' in source and '.out_signature = "u"' in source
            and ".roles = ROLE_PARENT | ROLE_EAR," in source
            and '{ "limit", NULL }' in source and '{ "NotFound", NULL }' in source
            and "What it does." in doc and "| `Toy.TwoWords` |  | yes | yes | yes |" in doc)


TESTS = [
    ("what is right is generated", good_is_generated),
    ("r13 a method without access is refused",
     lambda: refuses(GOOD.replace(ACCESS, ""), "TwoWords has no annotation org.cubby.Access")),
    ("r13 a method for nobody is refused",
     lambda: refuses(GOOD.replace("parent ear", ""), "names nobody")),
    ("r13 an unknown role is refused",
     lambda: refuses(GOOD.replace("parent ear", "root"), 'unknown role "root"')),
    ("r13 a property without access is refused",
     lambda: refuses(GOOD.replace('"org.cubby.Access" value="anyone"', '"a.b" value="anyone"'),
                     "ErasureLevel has no annotation")),
    ("a signal without access is refused",
     lambda: refuses(GOOD + '<signal name="Done"/>', "Done has no annotation")),
    ("anyone beside a role is refused",
     lambda: refuses(GOOD.replace("parent ear", "parent anyone"), "anyone beside")),
    ("a method without options is refused",
     lambda: refuses(GOOD.replace(OPTIONS, ""), "does not end its arguments")),
    ("options that are not last are refused",
     lambda: refuses(GOOD.replace(OPTIONS, OPTIONS + '<arg name="c" type="s" direction="in"/>'),
                     "does not end its arguments")),
    ("a method without option keys named is refused",
     lambda: refuses(GOOD.replace(KEYS, ""), "no annotation org.cubby.Options")),
    ("an error that is no answer is refused",
     lambda: refuses(GOOD.replace("NotFound", "Lost"), 'declares the error "Lost"')),
    ("an error that is never sent is refused",
     lambda: refuses(GOOD.replace("NotFound", "NoDaemon"), 'declares the error "NoDaemon"')),
    ("a writable property is refused",
     lambda: refuses(GOOD.replace('access="read"', 'access="readwrite"'), "is writable")),
    ("a member given twice is refused", lambda: refuses(GOOD + GOOD, "a member twice")),
    ("an interface of another name is refused", lambda: refuses(GOOD, "is not below", "org.example.Toy")),
]


def main():
    print(f"1..{len(TESTS)}")
    failed = 0
    for number, (name, test) in enumerate(TESTS, 1):
        passed = test()
        failed += not passed
        print(f"{'ok' if passed else 'not ok'} {number} - {name}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
