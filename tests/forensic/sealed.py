# SPDX-License-Identifier: Apache-2.0
"""The whole story with root watching. Root has the keeper's files, its memory at every stage, the
logs, and everything that crosses the bus. It must find no word, no sound, no passphrase and no key
of the parents; and it must find what was planted, or it has no eyes."""

import os
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SUPPORT = os.path.join(HERE, "..", "support")
sys.path[:0] = [HERE, SUPPORT]
import dbus             # noqa: E402
import eyes             # noqa: E402
import sodium           # noqa: E402
import story            # noqa: E402
from keeper import Keeper, memfd, A_SV, NAME, PATH   # noqa: E402
from tap import Tap     # noqa: E402

DIRECTORY = os.environ["CUBBY_SANDBOX_DIR"]
WORK = f"{DIRECTORY}/tmp/forensic"
PLANTED = b"planted canary eleven"


def windows(sound, size=32, count=48):
    """Pieces of 16 samples from all over a recording, from where it is loud: silence and quiet
    noise occur anywhere."""
    found = []
    for at in range(0, len(sound) - size, size):
        piece = sound[at:at + size]
        loud = [abs(int.from_bytes(piece[i:i + 2], "little", signed=True))
                for i in range(0, size, 2)]
        if sum(loud) > 16 * 300 and len(set(loud)) > 8:
            found.append(piece)
    return found[:: max(1, len(found) // count)]


def as_parent(*steps):
    done = subprocess.run(["sandbox", "--as", "parent", sys.executable, "-B",
                           os.path.join(SUPPORT, "story.py"), *steps],
                          capture_output=True, text=True, timeout=300, check=False)
    return done.returncode == 0, done.stdout + done.stderr


class Search:
    """What must not be found, and where it was looked for."""

    def __init__(self, tap):
        self.tap = tap
        self.needles = {}
        self.seen = []

    def secret(self, name, *values):
        self.needles.setdefault(name, []).extend(value for value in values if value)

    def hits(self, hay):
        hay = hay.replace(bytes(4096), b"\0")    # free space would only take time
        lower = hay.lower()
        return {name: sum(hay.count(value) + (lower.count(value.lower())
                                              if value.isascii() and name == "words" else 0)
                          for value in values) for name, values in self.needles.items()}

    def nothing(self, place, hay):
        self.seen.append(place)
        hits = self.hits(hay)
        self.tap.ok(hay and not any(hits.values()), f"R7 R12 R16 {place}: nothing "
                    f"({len(hay) // 1024} KiB searched)", {k: v for k, v in hits.items() if v})


def gather(search):
    """Fills in what must not be found: words, sound, passphrase, keys."""
    search.secret("words", b"forward ten", b"ten meters", b"of spades", b"made amiable",
                  "forward ten".encode("utf-16-le"))
    for name, path in (("child", story.CHILDS), ("stranger", story.STRANGERS),
                       ("adult", story.ADULTS)):
        search.secret(f"sound of the {name}", *windows(story.samples(path)))
    search.secret("passphrase", story.PASSPHRASE.encode(), b"nineteen umbrellas")


def gather_keys(search, item):
    """As the parent would, through an independent client: the parents' keys, the item's key and its
    FLAC. Returns the beginning of the ciphertext."""
    script = ("import sys; sys.path.insert(0, %r); import keeper, sodium, json;"
              "k = keeper.Keeper(); s = k.prove('Robin', %r);"
              "pub, sec = sodium.box_pair();"
              "h, p, b, x = k.call('Archive', 'Open', 'sasaya{sv}', %r, "
              "keeper.dbus.Array(['audio'], signature='s'), pub);"
              "keys = sodium.unseal(pub, sec, bytes(x)); fk = sodium.header_open(bytes(h), s['home']);"
              "import os; body = os.pread(b.take(), int(p[0][2]), int(p[0][1]));"
              "flac = sodium.body_open(fk, keys[:32], bytes.fromhex(%r), 'audio', body);"
              "print(json.dumps({'secrets': {n: v.hex() for n, v in s.items()}, 'fk': fk.hex(),"
              "'flac': flac.hex(), 'body': body.hex()}))") % (
                  SUPPORT, story.PASSPHRASE.encode(), item, item)
    done = subprocess.run(["sandbox", "--as", "parent", sys.executable, "-B", "-c", script],
                          capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    import json
    found = json.loads(done.stdout)
    for name, value in found["secrets"].items():
        search.secret(f"the parents' {name} key", bytes.fromhex(value), value.encode())
    search.secret("the item's key", bytes.fromhex(found["fk"]))
    flac = bytes.fromhex(found["flac"])
    assert flac[:4] == b"fLaC"
    search.secret("FLAC", *[flac[at:at + 24] for at in range(4096, len(flac) - 24, len(flac) // 48)])
    return bytes.fromhex(found["body"])[64:128]


def keeper_pid():
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/comm", encoding="ascii") as file:
                    if file.read().strip() == "cubbyd":
                        return int(name)
            except OSError:
                pass
    raise RuntimeError("no cubbyd")


def snapshot(name):
    shutil.copytree(f"{DIRECTORY}/state", f"{WORK}/{name}")
    return eyes.folder(f"{WORK}/{name}")


def look(search, when):
    """Everything of the keeper, now."""
    pid = keeper_pid()
    search.nothing(f"memory of cubbyd, {when}", eyes.memory(pid))
    if eyes.sanitized(pid):
        search.tap.skip(f"core of cubbyd, {when}", "it would hold terabytes of shadow")
    else:
        search.nothing(f"core of cubbyd, {when}", eyes.core(pid, f"{WORK}/core"))
    search.nothing(f"state directory, {when}", snapshot(when.replace(" ", "-")))


def plant(tap, search):
    """Shows that the eyes see: each way of looking must find what is put there."""
    sound = search.needles["sound of the child"][0]
    hold = subprocess.Popen(["sandbox", "--as", "keeper", sys.executable, "-c",
                             "import sys, time; kept = bytes.fromhex(sys.argv[1]); "
                             "print('holding', flush=True); time.sleep(60)", sound.hex()],
                            stdout=subprocess.PIPE, text=True)
    hold.stdout.readline()
    pid = int(subprocess.run(["pgrep", "-u", "cubby", "-f", "kept = bytes"], capture_output=True,
                             text=True, check=True).stdout.split()[-1])
    tap.ok(sound in eyes.memory(pid), "the eyes find a sound planted in a process of the keeper's")
    tap.ok(sound in eyes.core(pid, f"{WORK}/core"), "and in its core")
    hold.terminate()
    hold.wait()
    memory = eyes.memory(keeper_pid())
    tap.ok(b"mia" in memory, "the eyes find the nickname in the keeper's own memory")
    os.mkdir(f"{WORK}/planted")
    with open(f"{WORK}/planted/file", "wb") as file:
        file.write(b"xyz" + PLANTED + b"\n" + sound)
    found = eyes.folder(f"{WORK}/planted")
    tap.ok(PLANTED in found and sound in found, "the eyes find a file")
    # On the bus: words in a message, sound in a descriptor, sent by root to the keeper's door.
    keeper = Keeper()
    for arguments in (("ss", f"{NAME}.Status", PLANTED.decode()),
                      ("sh", f"{NAME}.Status", dbus.types.UnixFd(memfd(sound + PLANTED)))):
        try:
            keeper.call("org.freedesktop.DBus.Properties", "Get", *arguments)
        except dbus.DBusException:
            pass    # refused; it crossed the bus all the same


def main():
    tap = Tap()
    shutil.rmtree(WORK, ignore_errors=True)
    os.mkdir(WORK, 0o700)
    search = Search(tap)
    gather(search)
    raw = open(f"{WORK}/bus.raw", "wb")
    monitor = subprocess.Popen(["dbus-monitor", "--system", "--binary"], stdout=raw,
                               stderr=subprocess.DEVNULL)
    watcher = subprocess.Popen([sys.executable, "-B", os.path.join(HERE, "eyes.py"),
                                f"{WORK}/bus.descriptors"], stdout=subprocess.PIPE, text=True)
    tap.ok(watcher.stdout.readline() == "watching\n", "root monitors the bus, descriptors too")
    while raw.tell() == 0 and os.path.getsize(f"{WORK}/bus.raw") == 0 and monitor.poll() is None:
        time.sleep(0.02)

    try:
        for steps, when in ((("unknown",), "a stranger spoke"), (("setup", "keep"), "kept")):
            good, said = as_parent(*steps)
            tap.ok(good, f"the story goes on: {' '.join(steps)}", said)
            look(search, when)
        with open(f"{DIRECTORY}/home/parent/story.json", encoding="utf-8") as file:
            import json
            item = json.load(file)["id"]
        search.secret("recovery code", *[line.strip().encode() for line in
                                         open(f"{DIRECTORY}/home/parent/recovery", encoding="utf-8")
                                         if len(line.strip()) > 20])
        sealed = gather_keys(search, item)
        kept = eyes.folder(f"{WORK}/kept")
        tap.ok(sealed in kept, "the item's ciphertext is in the state directory (the eyes see it)")
        tap.ok(b"mia" in kept, "the nickname is in the state directory (the eyes see it)")
        search.nothing("state directory, kept, with the parents' keys known", kept)
        for steps, when in ((("read", "denied"), "opened by the parent"), (("export",), "exported"),
                            (("delete", "log"), "deleted")):
            good, said = as_parent(*steps)
            tap.ok(good, f"the story goes on: {' '.join(steps)}", said)
            look(search, when)
        tap.ok(sealed not in eyes.folder(f"{WORK}/deleted"),
               "R4 R8 after deletion the ciphertext is not in the state directory either")
        plant(tap, search)
        time.sleep(0.5)
    finally:
        for process in (monitor, watcher):
            process.terminate()
            process.wait()
        raw.close()

    with open(f"{WORK}/bus.raw", "rb") as file:
        recorded = file.read()
    with open(f"{WORK}/bus.descriptors", "rb") as file:
        passed = file.read()
    sound = search.needles["sound of the child"][0]
    tap.ok(PLANTED in recorded and b"mia" in recorded, "the eyes find words on the bus")
    tap.ok(sealed in passed, "the eyes find the ciphertext in a descriptor that crossed the bus")
    tap.ok(sound + PLANTED in passed, "the eyes find a sound in a descriptor on the bus")
    passed = passed.replace(sound + PLANTED, b"")
    search.nothing("everything on the bus", recorded)
    search.nothing("every descriptor on the bus", passed)
    search.nothing("logs of keeper, ear, bus and sound server", eyes.folder(f"{DIRECTORY}/log"))
    for place in ("/dev/shm", "/run", f"{DIRECTORY}/run", f"{DIRECTORY}/home/keeper",
                  f"{DIRECTORY}/home/ear", f"{DIRECTORY}/home/sound"):
        if os.path.isdir(place):
            search.nothing(f"files in {place.replace(DIRECTORY, '~')}", b"." + eyes.folder(place))
    shutil.rmtree(WORK)
    return tap.done()


sys.exit(main())
