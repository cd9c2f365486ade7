# SPDX-License-Identifier: Apache-2.0
"""The services of a sandbox, each as its own user and each waited for until it really serves:
bus, sound server, keeper, ear."""

import json
import os
import resource
import shlex
import signal
import socket

import roles

ORDER = ("bus", "sound", "keeper", "ear")
PATIENCE_S = 30


class WorldError(Exception):
    pass


class Services:
    def __init__(self, directory, supervisor, ear_args):
        self.directory = directory
        self.supervisor = supervisor
        self.ear_args = ear_args
        self.running = {}       # name -> pid
        self.stopping = set()
        self.complaints = []
        self.programs, self.libraries, self.policies = [], set(), None
        for top, folders, files in os.walk(f"{directory}/install"):
            if os.path.basename(top) in ("bin", "sbin", "libexec"):
                self.programs.append(top)
            if any(".so" in file for file in files):
                self.libraries.add(top)
            if top.endswith("dbus-1/system.d"):
                self.policies = top
        self.notify = None
        self.ready = False

    def environment(self, role, inherited):
        return roles.environment(role, self.directory, sorted(self.libraries),
                                 sorted(self.programs), inherited)

    def program(self, name):
        for folder in self.programs:
            if os.access(f"{folder}/{name}", os.X_OK):
                return f"{folder}/{name}"
        raise WorldError(f"the build installs no {name}")

    # What each needs to start, and how it is seen to serve.

    def _start_bus(self):
        here = os.path.dirname(os.path.abspath(__file__))
        with open(f"{here}/bus.conf.in", encoding="utf-8") as file:
            text = file.read()
        with open(f"{self.directory}/bus.conf", "w", encoding="utf-8") as file:
            file.write(text.replace("@directory@", self.directory)
                       .replace("@policies@", self.policies or "/nonexistent"))
        self._spawn("bus", "root", ["dbus-daemon", f"--config-file={self.directory}/bus.conf",
                                    "--nofork", "--nopidfile", "--nosyslog"])

    def _serves(self, path):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(path)
                return True
            except OSError:
                return False

    def _bus_ready(self):
        return self._serves(f"{self.directory}/bus")

    def _start_sound(self):
        # norewinds=1 makes what the monitor gives equal to what was played, sample for sample.
        # "microphone" is the same once more, for who hears no monitor. The socket is made last:
        # when it is there, the others are.
        self._spawn("sound", "sound", [
            "pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no",
            "--disable-shm=yes", "--realtime=no", "--high-priority=no", "--log-target=stderr",
            "-L", "module-null-sink sink_name=room rate=16000 channels=1 format=s16le norewinds=1",
            "-L", "module-remap-source source_name=microphone master=room.monitor",
            "-L", f"module-native-protocol-unix socket={self.directory}/pulse/native "
                  "auth-anonymous=1"], {"PULSE_RUNTIME_PATH": f"{self.directory}/pulse"})

    def _sound_ready(self):
        if not self._serves(f"{self.directory}/pulse/native"):
            return False
        os.chmod(f"{self.directory}/pulse", 0o755)      # it closes its folder to others
        return True

    def _start_keeper(self):
        path = f"{self.directory}/notify"
        if os.path.exists(path):
            os.unlink(path)
        self.ready = False
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(path)
        os.chmod(path, 0o777)
        self.notify.setblocking(False)
        self._spawn("keeper", "keeper", [
            self.program("cubbyd"), "--foreground", "--state-dir", f"{self.directory}/state",
            "--bus", f"unix:path={self.directory}/bus"], {"NOTIFY_SOCKET": path})

    def _keeper_ready(self):
        try:
            while True:
                if b"READY=1" in self.notify.recv(4096):
                    self.ready = True
        except OSError:
            pass
        return self.ready

    def _start_ear(self):
        arguments = shlex.split(self.ear_args)
        if not {"--source", "--file"} & {word.partition("=")[0] for word in arguments}:
            arguments += ["--source", "room.monitor"]
        self.heard = f"{self.directory}/ear.jsonl"
        self.heard_from = os.path.getsize(self.heard) if os.path.exists(self.heard) else 0
        self._spawn("ear", "ear", [self.program("cubby-listen"), "--json", *arguments],
                    stdout=self.heard)

    def _ear_ready(self):
        with open(self.heard, "rb") as file:
            file.seek(self.heard_from)
            for line in file.read().splitlines():
                try:
                    if json.loads(line).get("event") == "ready":
                        return True
                except ValueError:
                    pass
        return False

    # Starting and stopping.

    def _spawn(self, name, role, arguments, more=None, stdout=None):
        log = os.open(f"{self.directory}/log/{name}.log",
                      os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        out = os.open(stdout, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644) if stdout else log
        null = os.open("/dev/null", os.O_RDONLY)
        kept = {k: v for k, v in os.environ.items()
                if k in ("LANG", "TERM", "PATH") or k.endswith("SAN_OPTIONS")}
        if "ASAN_OPTIONS" in kept and name == "keeper":
            # The leak checker traces its process from outside; the keeper's filter forbids that.
            kept["ASAN_OPTIONS"] += ":detect_leaks=0"
        env = self.environment(role, kept)
        env.update(more or {})

        def ended(status):
            self.running.pop(name, None)
            if name not in self.stopping:
                self.complaints.append((name, f"ended by itself with status {status}; "
                                        + self._last_words(name)))
        self.running[name] = self.supervisor.spawn(role, arguments, env,
                                                   fds=(null, out, log), then=ended)
        for fd in {log, out, null}:
            os.close(fd)

    def _last_words(self, name):
        try:
            with open(f"{self.directory}/log/{name}.log", encoding="utf-8",
                      errors="replace") as file:
                lines = file.read().splitlines()[-12:]
        except OSError:
            lines = []
        return "it said nothing" if not lines else "it said:\n    " + "\n    ".join(lines)

    def begin(self, name):
        self.stopping.discard(name)
        getattr(self, f"_start_{name}")()

    def finish(self, name):
        """Waits until a service that was begun serves."""
        ready = getattr(self, f"_{name}_ready")
        if self.supervisor.wait_for(lambda: name not in self.running or ready(), PATIENCE_S):
            if name in self.running:
                return
            what, text = self.complaints.pop()
            raise WorldError(f"{what} {text}")
        raise WorldError(f"{name} did not get ready in {PATIENCE_S} s; {self._last_words(name)}")

    def stop(self, name):
        pid = self.running.get(name)
        self.stopping.add(name)
        if name == "bus":       # a keeper without its bus ends, as it should
            self.stopping.add("keeper")
        if pid is None:
            return
        os.kill(pid, signal.SIGTERM)
        if not self.supervisor.wait_for(lambda: name not in self.running, 5):
            self.complaints.append((name, "did not stop within 5 s of SIGTERM and was killed"))
            os.kill(pid, signal.SIGKILL)
            self.supervisor.wait_for(lambda: name not in self.running, 5)

    def order(self, verb, name):
        """An inhabitant's wish; returns what is wrong with it, or None."""
        if name not in ORDER:
            return f"no service '{name}'; there are {' '.join(ORDER)}"
        if verb == "stop":
            self.stop(name)
            return None
        if name in self.running:
            return f"{name} is running"
        try:
            self.begin(name)
            self.finish(name)
        except WorldError as error:
            return str(error)
        return None

    def start_all(self, ear):
        # As much locked memory as the units give; where the limit is lower it stays.
        _, hard = resource.getrlimit(resource.RLIMIT_MEMLOCK)
        most = 64 << 20
        soft = most if hard == resource.RLIM_INFINITY else min(hard, most)
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (soft, hard))
        self.begin("bus")
        self.begin("sound")
        self.finish("bus")
        self.begin("keeper")
        self.finish("sound")
        if ear:
            self.begin("ear")
        self.finish("keeper")
        if ear:
            self.finish("ear")

    def stop_all(self):
        for name in reversed(ORDER):
            self.stop(name)
