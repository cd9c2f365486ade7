# SPDX-License-Identifier: Apache-2.0
"""Every library that Debian's packages are built with is named by the recipes of Buildroot and Yocto,
too, and what Buildroot's depends on, its menu selects: no build that is run here would tell."""

import re
import sys

CONTROL = "packaging/debian/control"
MENU = "packaging/buildroot/package/cubby/Config.in"
BUILDROOT = "packaging/buildroot/package/cubby/cubby.mk"
YOCTO = "packaging/yocto/meta-cubby/recipes-cubby/cubby/cubby_0.1.0.bb"
# What is part of another there.
PARTS = {"smartcols": "util-linux", "sphinxbase": "pocketsphinx"}


def read(path):
    with open(path, encoding="utf-8") as file:
        return re.sub(r"^\s*#.*", "", file.read(), flags=re.M)


def main():
    findings = []
    libraries = re.findall(r"^ lib([\w-]+?)(?:-?\d+)?-dev", read(CONTROL), re.M)
    for path in (BUILDROOT, YOCTO):
        text = read(path)
        for name in libraries:
            if not re.search(rf"(?<![\w-])(lib)?{PARTS.get(name, name)}(audio|\d)*(?![\w-])", text):
                findings.append(f"{path}: lib{name}-dev of {CONTROL} has no counterpart")
    menu = read(MENU)
    depends = re.search(r"^CUBBY_DEPENDENCIES = ((?:.*\\\n)*.*)", read(BUILDROOT), re.M)[1]
    for name in re.findall(r"(?<![\w$(-])[a-z][\w-]+", depends):
        symbol = f"BR2_PACKAGE_{name.upper().replace('-', '_')}"
        if not name.startswith("host-") and not re.search(rf"select {symbol}\b", menu):
            findings.append(f"{MENU}: {symbol} is not selected")
    print("\n".join(findings))
    return 1 if findings or not libraries else 0


sys.exit(main())
