#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Lists what Cubby keeps, or deletes what is named: list-and-delete.py [ID...]
Needs python3-dbus and membership in the group cubby-parents; no passphrase."""
import datetime
import sys

import dbus

bus = dbus.SystemBus()
archive = dbus.Interface(bus.get_object("org.cubby.Cubby1", "/org/cubby/Cubby1", introspect=False),
                         "org.cubby.Cubby1.Archive")
if len(sys.argv) == 1:
    items, _ = archive.List({}, {}, signature="a{sv}a{sv}")
    for item, profile, started, parts in items:
        kinds = " ".join(kind for kind, _, _ in parts)
        print(item, datetime.datetime.fromtimestamp(started).isoformat(" "), kinds)
else:
    chosen = {"ids": dbus.Array(sys.argv[1:], signature="s")}
    job, count = archive.Delete(chosen, {}, signature="a{sv}a{sv}")
    job = dbus.Interface(bus.get_object("org.cubby.Cubby1", job, introspect=False),
                         "org.cubby.Cubby1.Job")
    state, receipt, problem = job.Wait({}, signature="a{sv}")
    print(f"{count} deleted: {state} {problem}")
