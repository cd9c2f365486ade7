# SPDX-License-Identifier: Apache-2.0
"""The few system calls that Python 3.11 lacks: namespaces, mounts, signals as a descriptor."""

import ctypes
import os
import signal
import struct

CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWPID = 0x00020000, 0x08000000, 0x20000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
PR_SET_PDEATHSIG = 1
SI_USER = 0
SFD_CLOEXEC, SFD_NONBLOCK = 0o2000000, 0o4000

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result, what):
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{what}: {os.strerror(error)}")
    return result


def unshare(flags):
    _check(_libc.unshare(flags), "unshare")


def mount(source, target, kind=None, flags=0, data=None):
    encode = lambda text: text.encode() if text is not None else None
    _check(_libc.mount(encode(source), encode(target), encode(kind), ctypes.c_ulong(flags),
                       encode(data)), f"mount {target}")


def die_with_parent(signo):
    _check(_libc.prctl(PR_SET_PDEATHSIG, signo, 0, 0, 0), "prctl")


def mounts_private():
    """What is mounted from here on stays in this mount namespace. In a chroot "/" is no mount
    point: then the way leads over the namespace's own root and back."""
    try:
        mount("none", "/", None, MS_REC | MS_PRIVATE)
        return
    except OSError:
        pass
    here = os.open("/", os.O_PATH | os.O_DIRECTORY)
    inner = os.open("/tmp", os.O_PATH | os.O_DIRECTORY)
    os.fchdir(inner)
    os.chroot(".")
    os.fchdir(here)
    for _ in range(64):
        os.chdir("..")
    os.chroot(".")
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    os.fchdir(here)
    os.chroot(".")
    os.close(here)
    os.close(inner)


class Signals:
    """Signals of this process as a descriptor that tells who sent them."""

    def __init__(self, numbers, wait=False):
        signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
        mask = (ctypes.c_uint64 * 16)()
        for number in numbers:
            mask[0] |= 1 << (number - 1)
        self.fd = _check(_libc.signalfd(-1, mask, SFD_CLOEXEC | (0 if wait else SFD_NONBLOCK)), "signalfd")

    def fileno(self):
        return self.fd

    def next(self):
        """(signal, whether a process sent it to us alone), or (0, False) when there is none. A
        terminal's Ctrl-C is for the whole foreground group: everybody in it has it already."""
        try:
            number, _, code = struct.unpack_from("=Iii", os.read(self.fd, 128))
        except BlockingIOError:
            return 0, False
        return number, code == SI_USER
