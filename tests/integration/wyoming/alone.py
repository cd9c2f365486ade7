# SPDX-License-Identifier: Apache-2.0
"""What an adapter of its own is started for: how it starts, and what it does not start with."""

import os
import signal
import socket
import subprocess
import time

from room import PROGRAM, NO_KEEPER, PHRASE
import wyoming
from wyoming import Adapter, Client, silence


def test_rule_5_describe_is_answered_while_another_is_recognised(folder):
    """The default language model takes more than a second for this."""
    port, = wyoming.free_ports(1)
    adapter = Adapter(PROGRAM, folder, f"[asr]\ntcp = 127.0.0.1:{port}\n", *NO_KEEPER)
    text = wyoming.samples("cards/005.wav")
    with Client(("127.0.0.1", port), 120) as busy:
        begun = time.monotonic()
        busy.start()
        busy.audio(text + silence(1))
        busy.send("audio-stop")
        slowest = asked = 0
        busy.socket.setblocking(False)
        while True:
            try:
                if busy.socket.recv(1, socket.MSG_PEEK):
                    break
            except BlockingIOError:
                pass
            at = time.monotonic()
            with Client(("127.0.0.1", port)) as client:
                client.send("describe")
                client.expect("info")
            slowest = max(slowest, time.monotonic() - at)
            asked += 1
            time.sleep(0.05)
        took = time.monotonic() - begun
        busy.socket.settimeout(10)
        assert len(busy.expect("transcript")["text"]) > 10
    assert adapter.end()[0] == 0
    assert took > 0.5 and asked > 5, (took, asked)
    assert slowest < 1, slowest
    print(f"# slowest of {asked} descriptions during {took:.1f} s: {slowest * 1000:.0f} ms")


def test_rule_5_nobody_is_let_in_before_the_models_are_loaded(folder):
    port, = wyoming.free_ports(1)
    path = os.path.join(folder, "early.conf")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"[asr]\ntcp = 127.0.0.1:{port}\n")
    begun = time.monotonic()
    with subprocess.Popen([*PROGRAM, "--config", path, *NO_KEEPER], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL) as process:
        client = None
        while not client and time.monotonic() - begun < 60:
            try:
                client = Client(("127.0.0.1", port))
            except ConnectionRefusedError:
                time.sleep(0.005)
        loaded = time.monotonic()
        client.send("describe")
        client.expect("info")
        answered = time.monotonic()
        client.close()
        process.terminate()
    assert process.returncode == 0
    # A default model takes a good part of a second, of which the first client sees nothing.
    assert loaded - begun > 0.2 and answered - loaded < 0.2 + (loaded - begun) / 4, \
        (loaded - begun, answered - loaded)


def test_rule_11_users_of_a_unix_socket(folder):
    path = os.path.join(folder, "users.sock")
    os.chmod(folder, 0o711)
    adapter = Adapter(PROGRAM, folder, f"grammar = {wyoming.DATA}/goforward.gram\n"
                      f"[asr]\nunix = {path}\nusers = 4711, daemon\n", *NO_KEEPER)
    os.chmod(path, 0o666)   # the mode alone is not what keeps others out
    for uid, answer in ((4711, b"pong"), (1, b"pong"), (4712, b"error"), (0, b"error")):
        assert answer_as(uid, path) == answer, uid
    assert adapter.end()[0] == 0


def answer_as(uid, path):
    """What a ping of this user is answered."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setresuid(uid, uid, uid)
            with Client(path) as client:
                try:
                    client.send("ping")
                except BrokenPipeError:
                    pass    # turned away already; why can still be read
                os.write(theirs, client.event()[0].encode())
        finally:
            os._exit(0)
    os.close(theirs)
    with os.fdopen(ours, "rb") as answer:
        content = answer.read()
    os.waitpid(child, 0)
    return content


def test_a_stale_socket_is_replaced_and_a_live_one_is_not(folder):
    path = os.path.join(folder, "stale.sock")
    config = f"grammar = {wyoming.DATA}/goforward.gram\n[asr]\nunix = {path}\n"
    first = Adapter(PROGRAM, folder, config, *NO_KEEPER)
    first.process.send_signal(signal.SIGKILL)
    first.end()
    assert os.path.exists(path)
    second = Adapter(PROGRAM, folder, config, *NO_KEEPER)
    done = run_config(folder, config)
    assert done.returncode == 1 and path in done.stderr and "listens there" in done.stderr, done
    with Client(path) as client:
        client.send("ping")
        client.expect("pong")
    assert second.end()[0] == 0


def run_config(folder, config, *arguments):
    path = os.path.join(folder, "tried.conf")
    with open(path, "w", encoding="utf-8") as file:
        file.write(config)
    return subprocess.run([*PROGRAM, "--config", path, *arguments], capture_output=True, text=True,
                          timeout=60, check=False, stdin=subprocess.DEVNULL)


def test_rule_11_configuration_is_taken_or_refused_by_its_line(folder):
    wrong = (
        ("[asr]\ntcp = 0.0.0.0:10300\n", "allow_network = yes"),
        ("[asr]\ntcp = [::]:10300\n", "allow_network = yes"),
        ("[asr]\ntcp = 192.168.1.5:10300\n", "192.168.1.5:10300"),
        ("allow_network = maybe\n", "maybe"), ("[asr]\ntcp = localhost:10300\n", "localhost"),
        ("[asr]\ntcp = 127.0.0.1\n", "127.0.0.1:10300"), ("[asr]\ntcp = 127.0.0.1:0\n", ":0"),
        ("[asr]\ntcp = 127.0.0.1:65536\n", "65536"),
        ("[asr]\nprofile = mia\n", "listens nowhere"), ("[asr]\nunix = asr.sock\n", "full path"),
        ("[asr]\nunix = /" + "x" * 120 + "\n", "107"), ("[tts]\ntcp = 127.0.0.1:1\n", "[tts]"),
        ("[asrs]\ntcp = 127.0.0.1:1\n", "[asrs]"), ("[wake]\nprofile = mia\n", "wake listener"),
        ("[asr]\nunix = /run/x\nusers = nobody-here\n", "nobody-here"),
        ("[asr]\nunix = /run/x\nusers =\n", "nobody"),
        ("[asr]\ntcp = 127.0.0.1:1\nusers = root\n", "leave out"),
        ("[asr]\ntcp = 127.0.0.1:1\n[asr b]\ntcp = 127.0.0.1:1\n", "[asr b]"),
        ("[asr]\nunix = /run/x\n[wake]\nunix = /run/x\n", "[wake]"),
        ("idle_max_s = 0\n", "idle_max_s"), ("connections = -1\n", "-1"), ("streams = 9\n", "8"),
        ("utterance_max_s = 1e3\n", "1e3"), ("grammar = /a\nlm = /b\n", "exclude"),
        ("wake_word = x\n", "wake_phrase"), ("nonsense\n", "name = value"),
        ("[asr]\nprot = 1\n", "prot"), ("language = \n", "language"),
    )
    for config, word in wrong:
        done = run_config(folder, config, "--check")
        assert done.returncode == 2 and word in done.stderr and "tried.conf" in done.stderr, \
            (config, done)
    done = run_config(folder, "allow_network = yes\n[asr kitchen]\ntcp = 0.0.0.0:10300\n"
                      "profile = mia\n", "--check")
    assert done.returncode == 0 and "FROM THE NETWORK" in done.stdout, done
    assert "as its child" in done.stdout and "mia" not in done.stdout, done
    done = run_config(folder, "", "--check")
    assert done.returncode == 0 and "NETWORK" not in done.stdout, done
    assert "tcp://127.0.0.1:10300" in done.stdout and "tcp://127.0.0.1:10400" in done.stdout, done
    assert "unix:///run/cubby-wyoming/asr.sock" in done.stdout, done
    missing = subprocess.run([*PROGRAM, "--config", "/nowhere.conf"], capture_output=True,
                             text=True, check=False)
    assert missing.returncode == 2 and "/nowhere.conf" in missing.stderr, missing


def test_listeners_of_the_command_line(folder):
    """Those named there are instead of those of the file, and no name of a child stays in view."""
    asr, child, wake = wyoming.free_ports(3)
    path = os.path.join(folder, "named.sock")
    words = ["--uri", f"tcp://127.0.0.1:{asr}", "--uri", f"unix://{path}", "--profile", "mia",
             "--wake-uri", f"tcp://127.0.0.1:{wake}"]
    # As many sections as there are listeners, so that each is waited for.
    adapter = Adapter(PROGRAM, folder, f"grammar = {wyoming.DATA}/goforward.gram\nwake_phrase = {PHRASE}\n"
                      f"[asr]\ntcp = 127.0.0.1:{child}\n[wake]\ntcp = 127.0.0.1:{child + 1}\n[asr x]\n"
                      f"unix = {folder}/x.sock\n", *NO_KEEPER, *words)
    assert [line.split()[2] for line in adapter.printed] == \
        [f"tcp://127.0.0.1:{asr}", f"unix://{path}", f"tcp://127.0.0.1:{wake}"], adapter.printed
    for address in (("127.0.0.1", asr), path, ("127.0.0.1", wake)):
        with Client(address, 20) as client:
            client.send("describe")
            client.expect("info")
    with open(f"/proc/{adapter.process.pid}/cmdline", "rb") as file:
        assert b"mia" not in file.read()
    assert adapter.end()[0] == 0
    for arguments, word in (
            (("--uri", "tcp://0.0.0.0:10300"), "network"), (("--uri", "127.0.0.1:10300"), "tcp://"),
            (("--profile", "mia"), "behind a --uri"), (("--wake-uri", "tcp://127.0.0.1:1", "--profile", "mia"), "--uri"),
            (("--uri", "unix://x"), "full path"), (("--uri", "tcp://127.0.0.1:1") * 2, "[asr 2]"),
            (("--uri", "tcp://127.0.0.1:1") * 17, "too many")):
        done = run_config(folder, "", "--check", *arguments)
        assert done.returncode == 2 and word in done.stderr, (arguments, done)
    done = run_config(folder, "", "--check", "--uri", "tcp://0.0.0.0:10300", "--allow-lan")
    assert done.returncode == 0 and "FROM THE NETWORK" in done.stdout, done


def test_what_cannot_be_had_is_named(folder):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        grammar = f"grammar = {wyoming.DATA}/goforward.gram\n"
        for config, word in ((f"{grammar}[asr]\ntcp = 127.0.0.1:{port}\n", f"127.0.0.1:{port}"),
                             (f"{grammar}[asr]\nunix = /nowhere/x.sock\n", "/nowhere/x.sock"),
                             ("grammar = /nowhere.gram\n", "/nowhere.gram"),
                             (f"{grammar}wake_phrase = okay qxzzy\n", "qxzzy")):
            done = run_config(folder, config, *NO_KEEPER)
            assert done.returncode == 1 and word in done.stderr, (config, done)
