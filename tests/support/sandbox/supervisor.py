# SPDX-License-Identifier: Apache-2.0
"""The first process of a sandbox: starts processes as roles, reaps them, and lets the world's
inhabitants start more (join.py). One thread, one selector; it never waits for a single thing."""

import json
import os
import selectors
import signal
import socket
import time

import roles

# From a signal to SIGKILL, for the command: a machine may be busy.
GRACE_S = 10


class Supervisor:
    def __init__(self, directory, signals):
        self.directory = directory
        self.signals = signals
        self.services = None
        self.ended = {}         # pid -> function to call with the status
        self.command = None     # pid of the command the world is made for
        self.status = None
        self.joined = {}        # connection -> pid
        self.timers = []        # (when, pid): kill then
        self.selector = selectors.DefaultSelector()
        self.selector.register(signals, selectors.EVENT_READ, self._signal)
        self.door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.door.bind(f"{directory}/join")
        os.chmod(f"{directory}/join", 0o777)
        self.door.listen(64)
        self.selector.register(self.door, selectors.EVENT_READ, self._join)

    def spawn(self, role, arguments, env, cwd="/", fds=(0, 1, 2), session=True, then=None, keep=()):
        """A process as `role`; `then` gets its exit status (128 + n for signal n)."""
        pid = os.fork()
        if pid:
            if then:
                self.ended[pid] = then
            return pid
        try:
            if session:
                os.setsid()
            copies = [os.dup(fd) for fd in fds]
            for number, copy in enumerate(copies):
                os.dup2(copy, number)
            low = max([2, *keep])
            for fd in range(3, low + 1):
                if fd not in keep:
                    try:
                        os.close(fd)
                    except OSError:
                        pass
            os.closerange(low + 1, 1024)
            for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, [])
            roles.become(role, env, cwd, arguments)
        except BaseException as error:   # nothing of this process may run on in the child
            os.write(2, f"sandbox: {error}\n".encode())
        finally:
            os._exit(FAILED)

    def turn(self, timeout):
        """Handles what there is, or waits at most `timeout` seconds for something."""
        now = time.monotonic()
        for when, pid in list(self.timers):
            if when <= now:
                self.timers.remove((when, pid))
                self._kill(pid, signal.SIGKILL)
            else:
                timeout = min(timeout, when - now)
        for key, _ in self.selector.select(timeout):
            key.data(key.fileobj)

    def wait_for(self, condition, seconds):
        """True once condition() is, False after `seconds`."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                return False
            self.turn(0.01)
        return True

    def run(self, role, arguments, cwd, environment):
        """The command of this world, in the caller's own session; returns its exit status."""
        env = environment(role, dict(os.environ))

        def done(status):
            self.status = status
        self.command = self.spawn(role, arguments, env, cwd, session=False, then=done)
        while self.status is None:
            self.turn(60)
        return self.status

    def _kill(self, pid, number):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass

    def _signal(self, signals):
        number, alone = signals.next()
        if number == 0:
            return
        if number != signal.SIGCHLD:
            # Ctrl-C at the terminal has reached the command already; a kill has not.
            if self.command and alone:
                self._kill(self.command, number)
                self.timers.append((time.monotonic() + GRACE_S, self.command))
            elif not self.command:
                os._exit(128 + number)
            return
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self.timers = [(when, other) for when, other in self.timers if other != pid]
            then = self.ended.pop(pid, None)
            if then:
                then(128 + os.WTERMSIG(status) if os.WIFSIGNALED(status)
                     else os.WEXITSTATUS(status))

    def _answer(self, connection, answer):
        try:
            connection.sendall(json.dumps(answer).encode() + b"\n")
        except OSError:
            pass
        connection.close()

    def _join(self, door):
        connection, _ = door.accept()
        connection.settimeout(5)
        fds = []
        try:
            head, fds, _, _ = socket.recv_fds(connection, 4, 3)
            body, length = b"", int.from_bytes(head, "big")
            while len(body) < length:
                part = connection.recv(length - len(body))
                if not part:
                    raise OSError("short request")
                body += part
            self._serve(connection, json.loads(body), fds)
        except (OSError, ValueError, KeyError) as error:
            self._answer(connection, {"error": f"bad request: {error}"})
        finally:
            for fd in fds:
                os.close(fd)

    def _serve(self, connection, request, fds):
        for verb in ("stop", "start"):
            if verb in request:
                error = self.services.order(verb, request[verb])
                self._answer(connection, {"error": error, "status": 1} if error else {"status": 0})
                return
        role = request["role"]
        if role not in roles.ROLES:
            self._answer(connection, {"error": f"no role '{role}'; there are "
                                      + " ".join(sorted(roles.ROLES))})
            return
        arguments = request["arguments"]
        if request.get("shim"):
            arguments[0] = self.services.program(arguments[0])

        def done(status):
            if self.joined.pop(connection, None):
                self.selector.unregister(connection)
            self._answer(connection, {"status": status})
        env = self.services.environment(role, request["env"])
        pid = self.spawn(role, arguments, env, request["cwd"], fds, then=done)
        self.joined[connection] = pid
        self.selector.register(connection, selectors.EVENT_READ, self._forward)

    def _forward(self, connection):
        """Signals from the caller, one byte each; its end is the command's end."""
        pid = self.joined.get(connection)
        if pid is None:     # ended while another event was handled
            return
        try:
            numbers = connection.recv(16)
        except OSError:
            numbers = b""
        for number in numbers:
            self._kill(pid, number)
        if not numbers:
            self.joined.pop(connection)
            self.selector.unregister(connection)
            self._kill(-pid, signal.SIGTERM)
            self._kill(pid, signal.SIGTERM)
            self.timers.append((time.monotonic() + 2, pid))


FAILED = 125
