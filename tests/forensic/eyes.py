# SPDX-License-Identifier: Apache-2.0
"""What an attacker with root looks with: the memory of a process, folders, and everything that
crosses the bus with its descriptors. Used to find nothing, so each is shown to find what is there."""

import os
import subprocess
import sys

import dbus
import dbus.bus
import dbus.lowlevel


SHADOW_BYTES = 1 << 34


def sanitized(pid):
    """Whether the process runs under AddressSanitizer: terabytes of shadow, no use for a core."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps:
        return any(int(b, 16) - int(a, 16) > SHADOW_BYTES for a, b in
                   (line.split()[0].split("-") for line in maps))


def memory(pid):
    """All readable memory of a process, dumpable or not, what a core would leave out included; but
    not AddressSanitizer's shadow, which holds marks and no content."""
    found = bytearray()
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, \
            open(f"/proc/{pid}/mem", "rb", buffering=0) as mem:
        for line in maps:
            span, flags, *_ = line.split()
            if "[vvar" in line or "[vsyscall" in line or not flags.startswith("r"):
                continue
            start, end = (int(x, 16) for x in span.split("-"))
            if end - start > SHADOW_BYTES:
                continue
            # Code and read-only data come from files that hold nothing of anybody.
            if "w" not in flags and "/" in line:
                continue
            mem.seek(start)
            try:
                while start < end:
                    part = mem.read(min(end - start, 1 << 20))
                    if not part:
                        break
                    found += part
                    start += len(part)
            except OSError:
                continue    # a guard page, or freed meanwhile
    return bytes(found)


def core(pid, path):
    """A core file as gdb makes it."""
    subprocess.run(["gcore", "-o", path, str(pid)], check=True, capture_output=True)
    with open(f"{path}.{pid}", "rb") as file:
        content = file.read()
    os.unlink(f"{path}.{pid}")
    return content


def folder(path):
    """The content of every file below, names too."""
    found = bytearray()
    for top, folders, files in os.walk(path):
        for name in folders + files:
            found += name.encode() + b"\0"
        for name in files:
            full = os.path.join(top, name)
            if os.path.isfile(full) and not os.path.islink(full):
                with open(full, "rb") as file:
                    found += file.read()
    return bytes(found)


def descriptors(value, found):
    """Contents of all descriptors in the arguments of a message."""
    if isinstance(value, dbus.types.UnixFd):
        fd = value.take()
        try:
            at = 0
            while True:
                part = os.pread(fd, 1 << 20, at)
                if not part:
                    break
                found.write(part)
                at += len(part)
        except OSError:
            pass
        finally:
            os.close(fd)
    elif isinstance(value, (list, tuple, dict)):
        for part in (value.values() if isinstance(value, dict) else value):
            descriptors(part, found)


def watch_descriptors(path):
    """Monitors the bus as root and writes what the descriptors of all messages hold."""
    from dbus.mainloop.glib import DBusGMainLoop
    from gi.repository import GLib
    bus = dbus.bus.BusConnection(os.environ["DBUS_SYSTEM_BUS_ADDRESS"], mainloop=DBusGMainLoop())
    with open(path, "wb", buffering=0) as file:
        def seen(_, message):
            descriptors(message.get_args_list(), file)
            return dbus.lowlevel.HANDLER_RESULT_HANDLED
        bus.add_message_filter(seen)
        bus.call_blocking("org.freedesktop.DBus", "/org/freedesktop/DBus",
                          "org.freedesktop.DBus.Monitoring", "BecomeMonitor", "asu",
                          (dbus.Array([], signature="s"), dbus.UInt32(0)))
        print("watching", flush=True)
        GLib.MainLoop().run()


if __name__ == "__main__":
    watch_descriptors(sys.argv[1])
