#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns schemas/dbus/*.xml into the keeper's method table and docs/BUS.md.

The XML is the law of the bus. What it leaves open is refused here, while building: no method
reaches the table without somebody named who may call it.
"""

import argparse
import re
import sys
import xml.etree.ElementTree as ElementTree

ROLES = {
    "anyone": "ROLE_ANYONE",
    "ear": "ROLE_EAR",
    "parent": "ROLE_PARENT",
    "proof": "ROLE_PROOF",
}
ROLE_WORDS = {
    "anyone": "anyone on the bus",
    "ear": "the ear (group `cubby-ear`)",
    "parent": "a parent (group `cubby-parents`)",
    "proof": "a parent with a proof on this connection",
}
# The dispatcher may answer these for every method, so no method need declare them.
COMMON_ERRORS = ["NotAuthorized", "InvalidArgument", "RateLimited", "Busy", "Failed"]
PREFIX = "org.cubby.Cubby1."


class Refused(Exception):
    """The XML says something that must not become a table."""


def snake(name):
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def answer_names(fault_header):
    """The error names of enum answer, up to the last that may be sent over the bus."""
    with open(fault_header, encoding="utf-8") as file:
        text = file.read()
    body = re.search(r"enum answer \{(.*?)ANSWER_BUS_LAST", text, re.S)
    if not body:
        raise Refused(f"{fault_header}: no enum answer that ends with ANSWER_BUS_LAST")
    names = re.findall(r"\bANSWER_([A-Z_]+)", body.group(1))
    return {"".join(word.capitalize() for word in name.split("_")) for name in names}


class Member:
    """A method, a property or a signal, with its annotations."""

    def __init__(self, interface, element, doc):
        self.interface = interface
        self.name = element.get("name")
        self.doc = doc
        self.notes = {note.get("name"): note.get("value") for note in element.findall("annotation")}
        self.args = [
            (arg.get("name"), arg.get("type"), arg.get("direction", "in"))
            for arg in element.findall("arg")
        ]
        self.type = element.get("type")
        self.writable = "write" in element.get("access", "read")
        self.roles = self.words("org.cubby.Access", required=True)
        if not self.roles:
            self.refuse("names nobody in org.cubby.Access")
        for role in self.roles:
            if role not in ROLES:
                self.refuse(f'names the unknown role "{role}"')
        if "anyone" in self.roles and len(self.roles) > 1:
            self.refuse("names anyone beside another role")

    def refuse(self, reason):
        raise Refused(f"{self.interface}.{self.name} {reason}")

    def words(self, note, required=False):
        if note not in self.notes:
            if required:
                self.refuse(f"has no annotation {note}")
            return []
        words = self.notes[note].split()
        if len(set(words)) != len(words):
            self.refuse(f"repeats a word in {note}")
        return words

    def signature(self, direction):
        return "".join(type_ for _, type_, way in self.args if way == direction)

    def role_bits(self):
        return " | ".join(ROLES[role] for role in self.roles)

    def symbol(self):
        return f"service_{snake(self.interface[len(PREFIX):])}_{snake(self.name)}"


class Interface:
    def __init__(self, path, answers):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        parser = ElementTree.XMLParser(target=ElementTree.TreeBuilder(insert_comments=True))
        root = ElementTree.fromstring(text, parser=parser)
        nodes = root.findall("interface")
        if len(nodes) != 1:
            raise Refused(f"{path}: one file, one interface")
        self.name = nodes[0].get("name")
        if not self.name.startswith(PREFIX):
            raise Refused(f"{path}: {self.name} is not below {PREFIX[:-1]}")
        self.text = re.search(r"[ \t]*<interface\b.*</interface>\n", text, re.S).group(0)
        self.doc = ""
        self.methods, self.properties, self.signals = [], [], []
        self.read(nodes[0])
        for method in self.methods:
            check_method(method, answers)
        for prop in self.properties:
            if prop.writable:
                prop.refuse("is writable; settings are changed by methods")

    def read(self, node):
        comments = []
        homes = {"method": self.methods, "property": self.properties, "signal": self.signals}
        for child in node:
            if child.tag is ElementTree.Comment:
                comments.append(" ".join(child.text.split()))
                if len(comments) == 1 and not self.doc:
                    self.doc = comments.pop()
            elif child.tag in homes:
                homes[child.tag].append(Member(self.name, child, comments[-1] if comments else ""))
                comments = []
        for home in homes.values():
            names = [member.name for member in home]
            if len(set(names)) != len(names):
                raise Refused(f"{self.name} has a member twice")


def check_method(method, answers):
    ins = [arg for arg in method.args if arg[2] == "in"]
    if not ins or ins[-1][:2] != ("options", "a{sv}"):
        method.refuse('does not end its arguments with "a{sv} options"')
    method.words("org.cubby.Options", required=True)
    for error in method.words("org.cubby.Errors"):
        if error not in answers:
            method.refuse(f'declares the error "{error}", which is not in enum answer')


def c_string(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def c_words(words):
    return "(const char *const[]){ " + "".join(c_string(w) + ", " for w in words) + "NULL }"


def render_header(interfaces):
    out = [
        "/* SPDX-License-Identifier: Apache-2.0 */",
        "/* Generated from schemas/dbus by schemas/generate_dbus.py. */",
        "#pragma once",
        "",
        '#include "bus/server.h"',
        "",
        "extern const struct bus_table cubby_bus_table;",
    ]
    for interface in interfaces:
        out += ["", f"/* {interface.name} */"]
        for method in interface.methods:
            out.append(f"int {method.symbol()}(struct call *call, void *service);")
        for prop in interface.properties:
            out.append(f"int {prop.symbol()}_get(struct caller *caller, void *service,")
            out.append("\tconst char *path, struct message *value);")
    return "\n".join(out) + "\n"


def render_source(interfaces, header):
    out = [
        "/* SPDX-License-Identifier: Apache-2.0 */",
        "/* Generated from schemas/dbus by schemas/generate_dbus.py. */",
        "#include <string.h>",
        f'#include "{header}"',
        "",
        "static const struct method methods[] = {",
    ]
    for method in (m for i in interfaces for m in i.methods):
        out += [
            "\t{",
            f"\t\t.interface = {c_string(method.interface)},",
            f"\t\t.member = {c_string(method.name)},",
            f"\t\t.in_signature = {c_string(method.signature('in'))},",
            f"\t\t.out_signature = {c_string(method.signature('out'))},",
            f"\t\t.options = {c_words(method.words('org.cubby.Options'))},",
            f"\t\t.errors = {c_words(method.words('org.cubby.Errors'))},",
            f"\t\t.roles = {method.role_bits()},",
            f"\t\t.handle = {method.symbol()},",
            "\t},",
        ]
    out += ["};", "", "static const struct property properties[] = {"]
    for prop in (p for i in interfaces for p in i.properties):
        out += [
            "\t{",
            f"\t\t.interface = {c_string(prop.interface)},",
            f"\t\t.name = {c_string(prop.name)},",
            f"\t\t.signature = {c_string(prop.type)},",
            f"\t\t.roles = {prop.role_bits()},",
            f"\t\t.get = {prop.symbol()}_get,",
            "\t},",
        ]
    out += ["};", "", "static const char *table_introspect(const char *interface)", "{"]
    for interface in interfaces:
        out.append(f"\tif (strcmp(interface, {c_string(interface.name)}) == 0)")
        lines = [c_string(line) for line in interface.text.splitlines(keepends=True)]
        out.append("\t\treturn " + "\n\t\t\t".join(lines) + ";")
    out += [
        "\treturn NULL;",
        "}",
        "",
        "const struct bus_table cubby_bus_table = {",
        "\t.methods = methods,",
        "\t.n_methods = sizeof(methods) / sizeof(methods[0]),",
        "\t.properties = properties,",
        "\t.n_properties = sizeof(properties) / sizeof(properties[0]),",
        "\t.introspect = table_introspect,",
        "};",
    ]
    return "\n".join(out) + "\n"


def who(member):
    return " or ".join(ROLE_WORDS[role] for role in member.roles)


def doc_arguments(method, direction, title):
    args = [f"`{name}` `{type_}`" for name, type_, way in method.args if way == direction]
    return [f"- {title}: {', '.join(args) if args else 'nothing'}"]


def doc_method(method):
    out = [f"#### `{method.name}`", "", method.doc, "", f"- Who: {who(method)}"]
    out += doc_arguments(method, "in", "Takes") + doc_arguments(method, "out", "Gives")
    options = [f"`{word}`" for word in method.words("org.cubby.Options")]
    errors = [f"`{word}`" for word in method.words("org.cubby.Errors")]
    out.append(f"- Option keys: {', '.join(options) if options else 'none'}")
    out.append(f"- Errors of its own: {', '.join(errors) if errors else 'none'}")
    return out + [""]


def doc_interface(interface):
    out = [f"## `{interface.name}`", "", interface.doc, ""]
    if interface.properties:
        out += ["### Properties", "", "| name | type | who may read | meaning |", "|---|---|---|---|"]
        for prop in interface.properties:
            meaning = prop.doc.replace("|", "\\|")
            out.append(f"| `{prop.name}` | `{prop.type}` | {who(prop)} | {meaning} |")
        out.append("")
    if interface.methods:
        out += ["### Methods", ""]
        for method in interface.methods:
            out += doc_method(method)
    if interface.signals:
        out += ["### Signals", ""]
        for signal in interface.signals:
            args = ", ".join(f"`{name}` `{type_}`" for name, type_, _ in signal.args)
            out += [f"#### `{signal.name}`", "", signal.doc, "",
                    f"- Reaches: {who(signal)}", f"- Carries: {args if args else 'nothing'}", ""]
    return out


def doc_overview(interfaces):
    out = ["## Who may do what", "", "| member | anyone | ear | parent | with proof |",
           "|---|---|---|---|---|"]
    for interface in interfaces:
        for member in interface.properties + interface.methods:
            cells = []
            for role in ROLES:
                # A proof is had only by a parent, so what a parent may, a proved parent may too.
                may = role in member.roles or "anyone" in member.roles
                may = may or (role == "proof" and "parent" in member.roles)
                cells.append("yes" if may else "")
            name = f"{interface.name[len(PREFIX):]}.{member.name}"
            out.append(f"| `{name}` | " + " | ".join(cells) + " |")
    return out + [""]


def render_doc(interfaces):
    common = ", ".join(f"`{name}`" for name in COMMON_ERRORS)
    out = [
        "# The bus",
        "",
        "<!-- Generated from schemas/dbus by schemas/generate_dbus.py; `ninja -C build bus-doc` renews it. -->",
        "",
        "The keeper owns the name `org.cubby.Cubby1` on the system bus. Its object is `/org/cubby/Cubby1`;",
        "profiles and jobs are objects below it, and it is their ObjectManager. A call names its interface,",
        "brings exactly the arguments given here, and uses no option key that its method does not list.",
        "Errors are `org.cubby.Cubby1.Error.` and a name. Every method may answer " + common + ".",
        "Members that do not exist get the errors of `org.freedesktop.DBus.Error`. Root is nobody special: uid 0",
        "holds no role but that of anyone. A call over 64 KiB or with descriptors that its arguments do not",
        "ask for is refused.",
        "",
    ]
    out += doc_overview(interfaces)
    for interface in interfaces:
        out += doc_interface(interface)
    return "\n".join(line.rstrip() for line in out).rstrip() + "\n"


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fault", required=True, help="lib/base/fault.h, for enum answer")
    parser.add_argument("--header")
    parser.add_argument("--source")
    parser.add_argument("--doc", help="write the reference here")
    parser.add_argument("--same", help="fail unless this file is the reference")
    parser.add_argument("xml", nargs="+")
    args = parser.parse_args()
    try:
        answers = answer_names(args.fault)
        interfaces = [Interface(path, answers) for path in sorted(args.xml)]
    except (Refused, OSError, ElementTree.ParseError) as error:
        print(f"generate_dbus: {error}", file=sys.stderr)
        return 1
    if args.header:
        write(args.header, render_header(interfaces))
    if args.source:
        write(args.source, render_source(interfaces, "dbus-table.h"))
    if args.doc:
        write(args.doc, render_doc(interfaces))
    if args.same:
        with open(args.same, encoding="utf-8") as file:
            if file.read() != render_doc(interfaces):
                print(f"{args.same} is not what schemas/dbus says; run: ninja -C build bus-doc",
                      file=sys.stderr)
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
