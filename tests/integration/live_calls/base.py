# SPDX-License-Identifier: Apache-2.0
"""What every call begins with, and what any object on a bus has."""

import xml.etree.ElementTree as ElementTree

import dbus

import sodium
from keeper import NAME

PROPERTIES = "org.freedesktop.DBus.Properties"


def error_of(function, *arguments, **named):
    """The last part of the keeper's error name."""
    try:
        function(*arguments, **named)
    except dbus.DBusException as error:
        assert error.get_dbus_name().startswith(f"{NAME}.Error."), error
        assert error.get_dbus_message(), "an error without a sentence"
        return error.get_dbus_name().rpartition(".")[2]
    return ""


def keeper_count(calls):
    """The items there are, as far as this role may see them."""
    return calls.keeper.list() if calls.role == "proof" else []


class Base:
    def __init__(self, keeper, role, context, passphrase):
        self.keeper, self.role, self.context, self.passphrase = keeper, role, context, passphrase
        self.secrets = {k: bytes.fromhex(v) for k, v in context.get("secrets", {}).items()}
        self.home = sodium.box_public(self.secrets["home"])

    # Properties.

    def read(self, interface, name, signature, path):
        value = self.keeper.get(interface, name, path)
        assert self.keeper._count(signature) == 1
        kinds = {"s": dbus.String, "b": dbus.Boolean, "t": dbus.UInt64, "u": dbus.UInt32,
                 "as": dbus.Array}
        assert isinstance(value, kinds[signature]), (signature, type(value))
        expected = {"Job.State": "done", "Job.Problem": "", "Profile.Type": "child",
                    "Profile.Name": "mia", "Status.Household": True, "Job.Done": 1, "Job.Total": 1}
        if f"{interface}.{name}" in expected:
            assert value == expected[f"{interface}.{name}"], value
        if name == "Identity":
            sodium.verify(str(value), "cubby-device-1")
        if name == "ErasureLevel":
            assert value in ("E0", "E1", "E2"), value
        if name == "Sandbox":
            assert "not-dumpable" in value and "no-new-privs" in value, value

    def get_all(self, interface, path, readable):
        try:
            found = self.keeper.call(PROPERTIES, "GetAll", "s", f"{NAME}.{interface}", path=path)
        except dbus.DBusException as error:
            assert error.get_dbus_name() == f"{NAME}.Error.NotAuthorized" and not readable, error
            return
        assert set(found) == readable, (set(found), readable)

    def cannot_set(self, interface, path):
        try:
            self.keeper.call(PROPERTIES, "Set", "ssv", f"{NAME}.{interface}", "Version",
                             dbus.String("9"), path=path)
        except dbus.DBusException:
            return
        raise AssertionError("Set was answered")

    # What every object on a bus has.

    def standard(self, tap):
        call = self.keeper.call
        tap.run(f"{self.role}: Peer.Ping answers", call, "org.freedesktop.DBus.Peer", "Ping", "")
        tap.run(f"{self.role}: Introspect answers", lambda: ElementTree.fromstring(
            call("org.freedesktop.DBus.Introspectable", "Introspect", "")))
        manager = ("org.freedesktop.DBus.ObjectManager", "GetManagedObjects", "")
        if self.role in ("parent", "proof"):
            tap.run(f"R13 {self.role}: GetManagedObjects answers", call, *manager)
        else:
            try:
                call(*manager)
                tap.ok(False, f"R13 {self.role}: GetManagedObjects is denied")
            except dbus.DBusException as error:
                tap.ok(error.get_dbus_name().endswith(("AccessDenied", "NotAuthorized")),
                       f"R13 {self.role}: GetManagedObjects is denied", error)
