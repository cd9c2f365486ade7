# SPDX-License-Identifier: Apache-2.0
"""What is tried once, with all its roles."""

import os
import subprocess
import xml.etree.ElementTree as ElementTree

import dbus

import sodium
from keeper import Keeper, NAME, PATH
from live_calls.base import error_of

HERE = os.path.dirname(os.path.abspath(__file__))


def wrong_boxes(context, passphrase):
    keeper, other = Keeper(), Keeper()
    name = context["parent"]
    for lie in ({"caller": other.me}, {"other_key": sodium.box_pair()[0]}, {"caller": ":1.0"}):
        found = error_of(lambda: keeper.prove(name, passphrase, **lie))
        assert found in ("InvalidArgument", "NotAuthorized"), (lie, found)
        assert error_of(keeper.call, "Export", "List") == "NotAuthorized"
    keeper.prove(name, passphrase)
    assert error_of(other.call, "Export", "List") == "NotAuthorized", "a proof spread"


def signals(context, passphrase):
    """Who hears what when a parent grants and erases."""
    listeners = {}
    listen = ("import sys; sys.path[:0] = %r; from live_calls import steps; steps.listen()" %
              ([f"{HERE}/..", f"{HERE}/../../support"],))
    for role in ("stranger", "ear", "parent"):
        listeners[role] = subprocess.Popen(
            ["sandbox", "--as", role, "/usr/bin/python3", "-B", "-c", listen],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    for process in listeners.values():
        assert process.stdout.readline() == "listening\n"
    keeper = Keeper()
    secrets = keeper.prove(context["parent"], passphrase)
    keeper.grant([keeper.consent(secrets["sign"], context["mia"], "location")])
    keeper.call("Profiles", "Add", "ssa{sv}", "signal", "child")
    keeper.open(context["items"][-1], secrets["home"])
    state, _, _ = keeper.delete(ids=dbus.Array(context["items"][-1:], signature="s"))
    assert state == "done"
    heard = {role: process.communicate("\n", timeout=20)[0].split()
             for role, process in listeners.items()}
    assert heard["stranger"] == [], heard
    assert "PolicyChanged" in heard["ear"] and "Finished" not in heard["ear"], heard
    assert heard["ear"].count("Played") == 1 and "Played" not in heard["parent"], heard
    assert "InterfacesAdded" not in heard["ear"], heard
    assert "InterfacesAdded" in heard["parent"], heard
    assert "Finished" not in heard["parent"], "a job's end went to another connection"


def listen():
    """Prints the names of all the keeper's signals that reach this process until stdin says so."""
    from dbus.mainloop.glib import DBusGMainLoop
    from gi.repository import GLib
    loop = GLib.MainLoop()
    keeper = Keeper(mainloop=DBusGMainLoop())
    heard = []
    keeper.bus.add_signal_receiver(lambda *_, **k: heard.append(k["name"]), bus_name=NAME,
                                   member_keyword="name")
    for interface, member in (("Intake", "Policy"), ("Parents", "List")):
        try:    # so that the keeper knows us, in the role we have
            keeper.call(interface, member)
        except dbus.DBusException:
            pass
    print("listening", flush=True)

    def ended(*_):
        # What was sent before is in our queue before the answer to this.
        keeper.call("org.freedesktop.DBus.Peer", "Ping", "")
        GLib.timeout_add(300, loop.quit)
        return False
    GLib.io_add_watch(0, GLib.IO_IN | GLib.IO_HUP, ended)
    loop.run()
    print(" ".join(heard))


def introspect(context, _):
    """As parent: every object answers busctl, and the tree leads to all of them."""
    address = f"--address={os.environ['DBUS_SYSTEM_BUS_ADDRESS']}"
    for path in (PATH, context["profile_path"], context["job"], "/", "/org", "/org/cubby",
                 f"{PATH}/profile"):
        subprocess.run(["busctl", address, "introspect", NAME, path], check=True,
                       capture_output=True)
        text = Keeper().call("org.freedesktop.DBus.Introspectable", "Introspect", "", path=path)
        ElementTree.fromstring(str(text))
    tree = subprocess.run(["busctl", address, "tree", "--list", NAME], check=True,
                          capture_output=True, text=True)
    assert {PATH, context["profile_path"]} <= set(tree.stdout.split()), tree
    assert "Failed" not in tree.stderr, tree.stderr


def introspect_outside(context, _):
    """As root or stranger: the object itself, and nothing of who is in the household."""
    address = f"--address={os.environ['DBUS_SYSTEM_BUS_ADDRESS']}"
    tree = subprocess.run(["busctl", address, "tree", "--list", NAME], check=True,
                          capture_output=True, text=True)
    assert tree.stdout.split() == ["/", "/org", "/org/cubby", PATH], tree
    assert "Failed" not in tree.stderr and context["mia"] not in tree.stderr, tree.stderr
    subprocess.run(["busctl", address, "introspect", NAME, PATH], check=True, capture_output=True)
    done = subprocess.run(["busctl", address, "introspect", NAME, context["profile_path"]],
                          check=False, capture_output=True, text=True)
    assert done.returncode != 0, done.stdout


def example(context, _):
    """docs/examples/list-and-delete.py, as an integrator would run it."""
    script = f"{HERE}/../../../docs/examples/list-and-delete.py"
    listed = subprocess.run(["/usr/bin/python3", "-B", script], capture_output=True, text=True,
                            check=True).stdout
    ids = [line.split()[0] for line in listed.splitlines()]
    assert ids, "nothing listed"
    said = subprocess.run(["/usr/bin/python3", "-B", script, ids[0]], capture_output=True,
                          text=True, check=True).stdout
    assert "done" in said, said
    assert ids[0] not in [str(item[0]) for item in Keeper().list()]


TITLES = {
    "signals": "R13 signals reach whom they are for and nobody else",
    "introspect": "busctl introspects every object and walks the tree",
    "introspect-outside": "R13 others see in the tree a keeper, and nobody of the household",
    "example": "the example client lists and deletes",
    "wrong-boxes": "R24 a proof for another connection or key is refused",
}
STEPS = {"signals": signals, "introspect": introspect,
         "introspect-outside": introspect_outside, "example": example, "wrong-boxes": wrong_boxes}
