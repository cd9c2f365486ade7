# SPDX-License-Identifier: Apache-2.0
"""Who there is in a sandbox, and what each of them finds in the environment. The numbers are
chosen from a range that neither Debian's packages nor people use."""

import os

GROUPS = {"cubby": 41001, "cubby-ear": 41002, "parent": 41003, "stranger": 41004, "sound": 41005,
          "messagebus": 41006, "cubby-parents": 41007}

# name in --as: user, uid, gid, further groups
ROLES = {
    "root": ("root", 0, 0, []),
    "keeper": ("cubby", 41001, 41001, []),
    "ear": ("cubby-ear", 41002, 41002, []),
    "parent": ("parent", 41003, 41003, [41007]),
    "stranger": ("stranger", 41004, 41004, []),
    "sound": ("sound", 41005, 41005, []),
}
MESSAGEBUS = ("messagebus", 41006, 41006)


def passwd(directory):
    """The text of /etc/passwd."""
    lines = ["daemon:x:1:1:daemon:/:/bin/false", "nobody:x:65534:65534:nobody:/:/bin/false",
             "messagebus:x:41006:41006::/:/bin/false"]
    for role, (user, uid, gid, _) in ROLES.items():
        lines.append(f"{user}:x:{uid}:{gid}:{role}:{directory}/home/{role}:/bin/sh")
    return "\n".join(lines) + "\n"


def group():
    """The text of /etc/group."""
    lines = ["root:x:0:", "daemon:x:1:", "tty:x:5:", "nogroup:x:65534:"]
    for name, gid in GROUPS.items():
        members = [user for user, _, _, more in ROLES.values() if gid in more]
        lines.append(f"{name}:x:{gid}:{','.join(members)}")
    return "\n".join(lines) + "\n"


def environment(role, directory, libraries, programs, inherited):
    """The environment of a process: what the caller had, with this world in front of it."""
    home = f"{directory}/home/{role}"
    env = {k: v for k, v in inherited.items()
           if not k.startswith(("XDG_", "DBUS_", "PULSE_", "CUBBY_SANDBOX_"))}
    env.update({
        "HOME": home, "USER": ROLES[role][0], "LOGNAME": ROLES[role][0], "SHELL": "/bin/sh",
        "TMPDIR": f"{directory}/tmp",
        "XDG_RUNTIME_DIR": f"{directory}/run/{role}",
        "XDG_STATE_HOME": f"{home}/.local/state",
        "XDG_CONFIG_HOME": f"{home}/.config",
        "XDG_CACHE_HOME": f"{home}/.cache",
        "XDG_DATA_HOME": f"{home}/.local/share",
        "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={directory}/bus",
        "PULSE_SERVER": f"unix:{directory}/pulse/native",
        "LD_LIBRARY_PATH": ":".join(libraries),
        "CUBBY_SANDBOX_DIR": directory, "CUBBY_SANDBOX_ROLE": role,
    })
    path = [f"{directory}/bin", *programs, *inherited.get("PATH", "").split(":"),
            "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
    env["PATH"] = ":".join(dict.fromkeys(p for p in path if p))
    return env


def source_of(cwd, directory):
    """Where a folder of the repository is seen by everybody; None for other folders."""
    with open(f"{directory}/install/repository", encoding="utf-8") as file:
        repository = file.read()
    inside = os.path.relpath(cwd, repository)
    return None if inside.split("/")[0] == ".." else f"{directory}/source/{inside}"


def become(role, env, cwd, arguments):
    """Turns this (freshly forked) process into `role` running `arguments`. Never returns."""
    _, uid, gid, more = ROLES[role]
    os.setgroups(more)
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    # The caller's folder may be closed to this user. If it is in the repository, "source" is the
    # same; otherwise the user's home has to do.
    for folder in filter(None, (cwd, source_of(cwd, env["CUBBY_SANDBOX_DIR"]), env["HOME"])):
        try:
            os.chdir(folder)
            if os.access(".", os.R_OK | os.X_OK):
                break
        except OSError:
            pass
    # Folders closed to this user would turn "not found" into "permission denied".
    env["PATH"] = ":".join(p for p in env["PATH"].split(":") if os.access(p, os.X_OK))
    try:
        os.execvpe(arguments[0], arguments, env)
    except FileNotFoundError:
        os.write(2, f"sandbox: {arguments[0]}: not found\n".encode())
        os._exit(127)
    except OSError as error:
        os.write(2, f"sandbox: {arguments[0]}: {error.strerror}\n".encode())
        os._exit(126)
