# SPDX-License-Identifier: Apache-2.0
"""Runs a command with the file systems that a machine has and a bare chroot may lack: /proc,
/dev/pts, /dev/shm. They are mounted in a mount namespace of their own and gone with the command.

    room.py [--own] COMMAND...      as root; where nothing is missing it only runs the command

With --own the command may mount what it likes, in a chroot too, and nobody else sees it.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import kernel   # noqa: E402

QUIET = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC
# folder, something that is there when it is mounted, type, options
NEEDED = (("/proc", "/proc/self/stat", "proc", None),
          ("/dev/pts", "/dev/pts/ptmx", "devpts", "newinstance,ptmxmode=0666,mode=0620,gid=5"),
          ("/dev/shm", "/dev/shm/.", "tmpfs", "mode=1777"))


def missing():
    return [entry for entry in NEEDED if not os.path.exists(entry[1])]


def furnish():
    """Mounts what is missing; the caller is in a mount namespace of its own."""
    for folder, _, kind, options in missing():
        try:
            os.makedirs(folder, exist_ok=True)
            flags = kernel.MS_NOSUID | kernel.MS_NOEXEC if kind == "devpts" else QUIET
            kernel.mount(kind, folder, kind, flags, options)
        except OSError as error:
            sys.stderr.write(f"room: {folder}: {error.strerror}\n")
    # Where /dev/ptmx is a device of the real instance it does not lead to ours.
    if os.path.exists("/dev/pts/ptmx") and os.path.exists("/dev/ptmx") and \
            not os.path.islink("/dev/ptmx"):
        kernel.mount("/dev/pts/ptmx", "/dev/ptmx", None, kernel.MS_BIND)


if __name__ == "__main__":
    own = sys.argv[1] == "--own"
    if (own or missing()) and os.geteuid() == 0:
        kernel.unshare(kernel.CLONE_NEWNS)
        cwd = os.getcwd()
        kernel.mounts_private()
        os.chdir(cwd)
        furnish()
    elif missing():
        sys.stderr.write("room: not mounted here, and only root can: "
                         + " ".join(entry[0] for entry in missing()) + "\n")
    command = sys.argv[2 if own else 1:]
    os.execvp(command[0], command)
