# SPDX-License-Identifier: Apache-2.0
"""The live test. The XML says who may do what; this asks the running keeper, as stranger, root,
ear, parent and parent with a proof. A member of the XML that has no answer below is a failure.

    live.py             as root in a sandbox: the whole test
    live.py ROLE STEP   one step, in a process of that role (started by the above)
"""

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import dbus                                     # noqa: E402
import live_calls                               # noqa: E402
from live_calls import steps                    # noqa: E402
import sodium                                   # noqa: E402
from keeper import Keeper, NAME, PATH, memfd    # noqa: E402
from tap import Tap                             # noqa: E402

SCHEMAS = os.path.join(HERE, "..", "..", "schemas", "dbus")
CONTEXT = os.path.join(os.environ["CUBBY_SANDBOX_DIR"], "tmp", "live.json")
PASSPHRASE = b"quartz lantern meadow seventeen"
# What each caller is, in the words of the annotation org.cubby.Access.
ROLES = {"stranger": {"anyone"}, "root": {"anyone"}, "ear": {"anyone", "ear"},
         "parent": {"anyone", "parent"}, "proof": {"anyone", "parent", "proof"}}
DENIED = ("org.freedesktop.DBus.Error.AccessDenied", f"{NAME}.Error.NotAuthorized")


def annotation(element, name):
    for child in element.findall("annotation"):
        if child.get("name") == f"org.cubby.{name}":
            return child.get("value")
    return None


def members():
    """(interface, kind, name, signature, roles) of all that the XML has."""
    found = []
    for file in sorted(os.listdir(SCHEMAS)):
        for interface in ElementTree.parse(os.path.join(SCHEMAS, file)).getroot():
            short = interface.get("name")[len(NAME) + 1:]
            for element in interface:
                if element.tag not in ("method", "property", "signal"):
                    continue
                signature = element.get("type") or "".join(
                    arg.get("type") for arg in element.findall("arg")
                    if arg.get("direction", "out") == "in")
                found.append((short, element.tag, element.get("name"), signature,
                              set((annotation(element, "Access") or "").split())))
    return found


def dummy(signature):
    """Arguments of this signature that mean nothing."""
    values = {"s": "x", "o": "/", "b": False, "u": 0, "t": 0, "as": dbus.Array([], signature="s"),
              "ay": dbus.ByteArray(b"x" * 32), "a{sv}": dbus.Dictionary({}, signature="sv"),
              "a(say)": dbus.Array([], signature="(say)"),
              "a(sayay)": dbus.Array([], signature="(sayay)"),
              "a(stt)": dbus.Array([], signature="(stt)"),
              "a(stayayayay)": dbus.Array([], signature="(stayayayay)")}
    arguments = []
    for one in dbus.Signature(signature):
        arguments.append(dbus.types.UnixFd(memfd(b"x")) if one == "h" else values[str(one)])
    return arguments


def load():
    with open(CONTEXT, encoding="utf-8") as file:
        return json.load(file)


def path_of(interface, context):
    return {"Job": context["job"], "Profile": context["profile_path"]}.get(interface, PATH)


def refused(function, *arguments):
    """The name of the D-Bus error that this call ends with; "" when it does not."""
    try:
        function(*arguments)
    except dbus.DBusException as error:
        return error.get_dbus_name()
    return ""


def household():
    """As parent: a household with a child, an adult, consents, and something of the adult."""
    keeper = Keeper()
    secrets, code = keeper.setup("Robin", PASSPHRASE)
    context = {"parent": "Robin", "code": code.hex(),
               "secrets": {name: value.hex() for name, value in secrets.items()}}
    for name, kind in (("mia", "child"), ("otto", "adult"), ("gone", "child")):
        path = str(keeper.call("Profiles", "Add", "ssa{sv}", name, kind))
        context[name] = path.rpartition("/")[2]
        context["profile_path"] = context.get("profile_path", path)
    keeper.grant([keeper.consent(secrets["sign"], context["mia"], kind)
                  for kind in ("audio", "transcript")])
    voiceprint = keeper.voiceprint()
    keeper.enrol(keeper.enrolment(secrets["sign"], context["otto"], voiceprint), voiceprint)
    context["voiceprint"] = voiceprint.hex()
    home = sodium.box_public(secrets["home"])
    context["adult_item"] = keeper.keep("otto", home, [("audio", b"fLaC adult"),
                                                      ("transcript", b'{"text": "adult"}')])
    return context


def child_items():
    """As ear: three items of the child."""
    context, keeper = load(), Keeper()
    home = sodium.box_public(bytes.fromhex(context["secrets"]["home"]))
    return [keeper.keep("mia", home, [("audio", b"fLaC child %d" % i),
                                      ("transcript", b'{"text": "child"}')]) for i in range(4)]


def erase_one():
    """As parent: a job that has ended."""
    context, keeper = load(), Keeper()
    job, items = keeper.call("Archive", "Delete", "a{sv}a{sv}", dbus.Dictionary(
        {"ids": dbus.Array([context["items"].pop()], signature="s")}, signature="sv"))
    assert items == 1, items
    state, receipt, problem = keeper.call("Job", "Wait", "a{sv}", path=job)
    assert (state, problem) == ("done", ""), (state, problem)
    sodium.verify(str(receipt), "cubby-receipt-1", bytes.fromhex(keeper.identity()["key"]))
    context["job"] = str(job)
    return context


def walk(role):
    """Every member as this role: denied where the XML says so, and answering where it does not."""
    tap, context, keeper = Tap(), load(), Keeper()
    if role == "proof":
        keeper.prove(context["parent"], PASSPHRASE)
    calls = live_calls.Calls(keeper, role, context, PASSPHRASE)
    found = members()
    # What ends things comes last.
    found.sort(key=lambda m: live_calls.LAST.index(f"{m[0]}.{m[2]}")
               if f"{m[0]}.{m[2]}" in live_calls.LAST else -1)
    for interface, kind, name, signature, access in found:
        title = f"R13 {role}: {interface}.{name}"
        path = path_of(interface, context)
        if kind == "signal":
            continue
        if not access & ROLES[role]:
            error = refused(keeper.get, interface, name, path) if kind == "property" else refused(
                lambda: keeper.call(interface, name, signature, *dummy(signature), path=path))
            # Where nothing is for these users, the outer door is shut: the bus denies by itself.
            users = ROLES["proof" if role == "parent" else role]
            shut = kind == "method" and not any(m[4] & users for m in found if m[0] == interface)
            tap.ok(error in DENIED[:1 if shut else 2], f"{title} is denied",
                   error or "it was answered")
        elif kind == "property":
            tap.run(f"{title} is read", calls.read, interface, name, signature, path)
        else:
            function = getattr(calls, f"{interface}_{name}", None)
            if function is None:
                tap.ok(False, f"{title} is answered", "live_calls does not know how to call it")
            else:
                tap.run(f"{title} is answered", function)
    for interface in sorted({m[0] for m in found}):
        readable = {m[2] for m in found if m[0] == interface and m[1] == "property"
                    and m[4] & ROLES[role]}
        tap.run(f"R13 {role}: GetAll of {interface} gives only what may be read",
                calls.get_all, interface, path_of(interface, context), readable)
        tap.run(f"{role}: {interface} has no property that can be set", calls.cannot_set, interface,
                path_of(interface, context))
    calls.standard(tap)
    return tap.done()


def as_role(role, *arguments):
    """A step in a process of that role: (status, output)."""
    done = subprocess.run(["sandbox", "--as", "parent" if role == "proof" else role,
                           sys.executable, "-B", os.path.abspath(__file__), *arguments],
                          capture_output=True, text=True, timeout=300, check=False)
    return done.returncode, done.stdout, done.stderr


def step(tap, title, role, name):
    """A step that prints JSON."""
    status, out, err = as_role(role, name)
    tap.ok(status == 0, title, out + err)
    return json.loads(out) if status == 0 else None


def save(context):
    with open(CONTEXT, "w", encoding="utf-8") as file:
        json.dump(context, file)
    os.chmod(CONTEXT, 0o666)


def main():
    tap = Tap()
    os.umask(0)
    for interface, kind, name, _, access in members():
        law = " ".join(sorted(access))
        tap.ok(f"{interface}.{name}" in live_calls.LAW.get(law, "").split(),
               f"R13 {interface}.{name} is for whom it was written", f"the XML says: {law}")
        known = hasattr(live_calls.Calls, f"{interface}_{name}") or kind == "property" \
            or f"{interface}.{name}" in live_calls.SIGNALS
        tap.ok(known, f"the live test knows {interface}.{name}")
    context = step(tap, "a parent makes a household", "parent", "household")
    if context:
        save(context)
        context["items"] = step(tap, "an ear hands in items of the child", "ear", "child-items")
        save(context)
        context = step(tap, "a parent erases one and gets a receipt", "parent", "erase-one")
    if not context:
        return tap.done()
    save(context)
    for role in ROLES:
        status, out, err = as_role(role, "walk", role)
        for line in out.splitlines():
            words = line.split(" - ", 1)
            if line.startswith(("ok ", "not ok ")) and len(words) == 2:
                tap.ok(line.startswith("ok "), words[1])
            elif not line.startswith("1.."):
                print(line)
        tap.ok(status in (0, 1) and "1.." in out, f"{role}: all members were tried", err)
    for name, role in (("signals", "parent"), ("introspect", "parent"),
                       ("introspect-outside", "root"), ("introspect-outside", "stranger"),
                       ("example", "parent"), ("wrong-boxes", "parent")):
        status, out, err = as_role(role, name)
        tap.ok(status == 0, f"{steps.TITLES[name]} ({role})", out + err)
    return tap.done()


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    if len(sys.argv) == 1:
        sys.exit(main())
    if sys.argv[1] == "walk":
        sys.exit(walk(sys.argv[2]))
    STEPS = {"household": household, "child-items": child_items, "erase-one": erase_one}
    if sys.argv[1] in STEPS:
        print(json.dumps(STEPS[sys.argv[1]]()))
    else:
        steps.STEPS[sys.argv[1]](load(), PASSPHRASE)
