# SPDX-License-Identifier: Apache-2.0
"""Inside a sandbox: runs a command as somebody else. The world's first process starts it with this
process's descriptors, folder and environment; signals go there, its exit status comes back. When
this process is killed, so is the command. No setuid program is needed, so it works as well where
the kernel honours none."""

import json
import os
import signal
import socket
import sys

USAGE = """usage: sandbox [--as parent|ear|stranger|root|keeper] CMD...   run CMD as somebody else
       sandbox --stop NAME | --start NAME                      NAME: bus sound keeper ear"""


def fail(text, status=2):
    sys.stderr.write(f"sandbox: {text}\n")
    sys.exit(status)


def parse(arguments):
    """What to ask for."""
    request = {"role": "parent"}
    while arguments and arguments[0].startswith("-"):
        option = arguments.pop(0)
        if option == "--":
            break
        option, equals, value = option.partition("=")
        if option == "--listen":
            # The shim of cubby-listen: the ear's microphone here is a monitor, which an ear takes
            # only when it is named.
            given = [word.partition("=")[0] for word in arguments]
            more = [] if {"--source", "--file", "--help", "--version"} & set(given) \
                else ["--source", "room.monitor"]
            return {"role": "ear", "arguments": ["cubby-listen", *arguments, *more], "shim": True}
        if option in ("-h", "--help"):
            print(USAGE)
            sys.exit(0)
        if option not in ("--as", "--stop", "--start"):
            fail(f"'{option}' is for making a world; here is one already\n{USAGE}")
        if not equals:
            if not arguments:
                fail(f"{option} wants a name\n{USAGE}")
            value = arguments.pop(0)
        if option != "--as":
            return {option.strip("-"): value}
        request["role"] = value
    if not arguments:
        fail(USAGE)
    return {**request, "arguments": arguments}


def main():
    request = parse(sys.argv[1:])
    try:
        request["cwd"] = os.getcwd()
    except OSError:
        request["cwd"] = "/"
    request["env"] = dict(os.environ)
    world = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        world.connect(os.environ["CUBBY_SANDBOX_DIR"] + "/join")
    except OSError as error:
        fail(f"this world is ending ({error.strerror})", 125)

    def forward(number, _):
        try:
            world.send(bytes([number]))
        except OSError:
            pass

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1,
                   signal.SIGUSR2):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, forward)
    for fd in (0, 1, 2):
        try:
            os.fstat(fd)
        except OSError:     # closed by the caller
            os.dup2(os.open(os.devnull, os.O_RDWR), fd)
    body = json.dumps(request).encode()
    socket.send_fds(world, [len(body).to_bytes(4, "big")], [0, 1, 2])
    world.sendall(body)
    answer = world.makefile("rb").readline()
    if not answer:
        os._exit(125)
    answer = json.loads(answer)
    if "error" in answer:
        fail(answer["error"], answer.get("status", 2))
    # Standard output is the command's; nothing of ours is buffered.
    os._exit(answer["status"])


main()
