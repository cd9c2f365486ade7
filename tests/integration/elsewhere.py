# SPDX-License-Identifier: Apache-2.0
"""`cubby -H`: the same parent with another home, as on another machine, and a real sshd between. What
is kept is opened there, piece by piece, and neither passphrase nor key comes to the speaker."""

import json
import os
import pwd
import shutil
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import story                                                # noqa: E402
from hand_story import CODE, HOME, SHARED, begin, cubby, run      # noqa: E402
from tap import Tap                                         # noqa: E402

PROGRAMS = {"sshd": "/usr/sbin/sshd", "ssh": shutil.which("ssh"),
            "systemd-stdio-bridge": shutil.which("systemd-stdio-bridge")}
AWAY = f"{HOME}/away"


def as_parent(*command):
    run(*command)


def sshd():
    """An sshd of our own, for the parent's key alone; the process."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    ssh = f"{HOME}/.ssh"
    as_parent("mkdir", "-m", "700", ssh)
    for name in ("host", "parent"):
        as_parent("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{ssh}/{name}")
    with open(f"{ssh}/parent.pub", encoding="utf-8") as file:
        key = file.read()
    with open(f"{ssh}/host.pub", encoding="utf-8") as file:
        host = " ".join(file.read().split()[:2])
    texts = {"authorized_keys": key, "known_hosts": f"[127.0.0.1]:{port} {host}\n",
             "config": f"Host speaker bare\n HostName 127.0.0.1\n Port {port}\n User parent\n"
                       f" IdentityFile {ssh}/parent\n IdentitiesOnly yes\n BatchMode yes\n"}
    for name, text in texts.items():
        with open(f"{SHARED}/{name}", "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(f"{SHARED}/{name}", 0o644)
        as_parent("install", "-m", "600", f"{SHARED}/{name}", f"{ssh}/{name}")
    shutil.copy(f"{ssh}/host", "/run/host")
    os.chmod("/run/host", 0o600)
    os.makedirs("/run/sshd", exist_ok=True)
    os.makedirs("/run/dbus", exist_ok=True)
    path = os.environ["DBUS_SYSTEM_BUS_ADDRESS"].partition("path=")[2].partition(",")[0]
    if not os.path.exists("/run/dbus/system_bus_socket"):
        os.symlink(path, "/run/dbus/system_bus_socket")
    # It drops its privileges to this user; any that this world has will do.
    with open("/etc/passwd", "a", encoding="utf-8") as file:
        file.write(f"sshd:x:{pwd.getpwnam('messagebus').pw_uid}:65534::/run/sshd:/bin/false\n")
    with open("/run/sshd_config", "w", encoding="utf-8") as file:
        file.write(f"ListenAddress 127.0.0.1\nPort {port}\nHostKey /run/host\nUsePAM no\n"
                   "PidFile none\nPasswordAuthentication no\nStrictModes no\n"
                   f"SetEnv PATH={os.environ['PATH']} DBUS_SYSTEM_BUS_ADDRESS="
                   f"{os.environ['DBUS_SYSTEM_BUS_ADDRESS']} "
                   f"LD_LIBRARY_PATH={os.environ.get('LD_LIBRARY_PATH', '')}\n")
    process = subprocess.Popen([PROGRAMS["sshd"], "-D", "-e", "-f", "/run/sshd_config"],
                               stdin=subprocess.DEVNULL,
                               stderr=open(f"{SHARED}/sshd.log", "w", encoding="utf-8"))
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return process
        except OSError:
            time.sleep(0.1)
    with open(f"{SHARED}/sshd.log", encoding="utf-8") as file:
        raise AssertionError("sshd does not listen: " + file.read())


def away(*words, host="speaker", **more):
    """From the other machine: another place for pins, and no bus of its own."""
    return run("env", f"XDG_STATE_HOME={AWAY}", "DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nowhere", "cubby",
               "-H", host, *words, **more)


def lists_and_opens():
    """From elsewhere: the listing, the transcripts, the sound and a takeout, as on the speaker."""
    here = json.loads(cubby("list", "--transcripts", "--json", *CODE))
    assert json.loads(away("list", "--json")) == json.loads(cubby("list", "--json"))
    assert json.loads(away("list", "--transcripts", "--json", *CODE)) == here
    item, = [row["id"] for row in here if "audio" in row["kinds"]]
    away("play", item, "-o", f"{HOME}/away.wav", *CODE)
    cubby("play", item, "-o", f"{HOME}/here.wav", *CODE)
    assert story.samples(f"{HOME}/away.wav") == story.samples(f"{HOME}/here.wav")
    away("takeout", "mia", "-o", f"{HOME}/taken", *CODE)
    with open(f"{HOME}/taken/takeout.json", encoding="utf-8") as file:
        assert {row["id"] for row in json.load(file)["items"]} == {row["id"] for row in here}
    assert os.path.exists(f"{AWAY}/cubby/hosts/speaker/pins.json")
    assert json.loads(away("status", "--json"))["items"] == len(here)


def decides():
    """From elsewhere: a profile, a consent, a withdrawal, a deletion with its receipt."""
    away("profile", "add", "lea", "--child", *CODE)
    away("consent", "grant", "lea", "audio", *CODE)
    away("consent", "withdraw", "lea")
    item = json.loads(away("list", "--json"))[0]["id"]
    away("delete", item, "--yes", "--receipt", f"{HOME}/away.receipt")
    away("receipt", "verify", f"{HOME}/away.receipt")
    assert item not in cubby("list", "--json")
    for words in (("import", "x.wav", "--profile", "otto"), ("log", "--verify"),
                  ("export", "create", "x", "--format", "hf")):
        assert "cannot be done from another machine" in away(*words, status=2)
    for host in ("-Fx", "a b", "a;b", ""):
        assert "takes a machine" in away("list", host=host, status=2), host


def without_a_bridge():
    """Where the speaker has no bridge it can still be listed and deleted from, and nothing else."""
    os.makedirs(f"{SHARED}/bin", exist_ok=True)
    with open(f"{SHARED}/bin/systemd-stdio-bridge", "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\nexit 127\n")
    for name, mode in (("bin", 0o755), ("bin/systemd-stdio-bridge", 0o755)):
        os.chmod(f"{SHARED}/{name}", mode)
    with open("/run/sshd_config", encoding="utf-8") as file:
        text = file.read()
    with open("/run/sshd_config", "w", encoding="utf-8") as file:
        file.write(text.replace("SetEnv PATH=", f"SetEnv PATH={SHARED}/bin:"))
    process.terminate()
    process.wait()
    again = subprocess.Popen([PROGRAMS["sshd"], "-D", "-f", "/run/sshd_config"],
                             stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time_out = time.monotonic() + 30
        while subprocess.run(["sandbox", "--as", "parent", "ssh", "speaker", "true"], check=False,
                             capture_output=True).returncode and time.monotonic() < time_out:
            time.sleep(0.1)
        before = json.loads(cubby("list", "--json"))
        assert json.loads(away("list", "--json")) == before
        away("delete", before[0]["id"], "--yes")
        assert json.loads(away("list", "--json")) == before[1:]
        assert "cannot reach" in away("show", before[1]["id"], *CODE, status=8)
        assert "cannot reach" in away("list", "--transcripts", *CODE, status=8)
    finally:
        again.terminate()
        again.wait()


def main():
    global process
    tap = Tap()
    steps = (lists_and_opens, decides, without_a_bridge)
    missing = [name for name, path in PROGRAMS.items() if not path or not os.path.exists(path)]
    if missing:
        tap.skip("cubby -H, from elsewhere", f"there is no {' and no '.join(missing)} here")
        return tap.done()
    tap.run("a household", begin, 5)
    process = sshd()
    try:
        for step in steps:
            tap.run(step.__doc__, step)
    finally:
        process.terminate()
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
