# SPDX-License-Identifier: Apache-2.0
"""The man pages of programs that are no parent's, and of configuration files, taken at their word:
each block of shell runs, each block of configuration is read, and each bound that a page names is
one. Steps of examples.py, in its household."""

import json
import os
import re
import shutil
import subprocess

from hand_story import SHARED, WORLD

MAN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "man")
FOLDER = os.path.join(SHARED, "pages")
INSTALLED = os.path.join(WORLD, "install")
# Says what is wrong with a file of configuration, or goes on to something that is not there.
READERS = {
    "cubbyd.conf.5": (["cubbyd", "--state-dir", "/nonexistent/x", "--config"], "cannot make the state directory"),
    "ear.conf.5": (["cubby-listen", "--model", "/nonexistent", "--settings"], "cannot read the speech model"),
    "wyoming.conf.5": (["cubby-wyoming", "--check", "--config"], None),
}


def text_of(page):
    with open(os.path.join(MAN, page + ".scd"), encoding="utf-8") as file:
        return file.read()


def blocks(page):
    text = text_of(page)
    examples = text[text.index("# EXAMPLES"):]
    found = re.findall(r"^```\n(.*?)^```$", examples[:examples.index("\n# SEE")], re.S | re.M)
    assert found, f"{page} has no example"
    return found


def command(role, text):
    """As it stands there, but for where a sandbox has things."""
    # There is no manager to ask here: the units of what was installed are enabled without one.
    systemctl = f'systemctl() {{ test "$2" = --now; command systemctl --root="{INSTALLED}" "$1" "$3"; }}'
    text = text.replace("/usr/share/cubby", "/usr/local/share/cubby")
    return ["sandbox", "--as", role, "sh", "-euc", f"cd {FOLDER}\n{systemctl}\n{text}"]


def done(role, block):
    ended = subprocess.run(command(role, block), capture_output=True, text=True, timeout=120, check=False,
                           stdin=subprocess.DEVNULL)
    assert ended.returncode == 0, block + ended.stdout + ended.stderr
    return ended.stdout


def heard():
    """The first block of cubby-listen(1) hears emma in the room, and keeps it"""
    with subprocess.Popen(command("ear", blocks("cubby-listen.1")[0]), stdout=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, text=True) as listening:
        final = None
        for line in listening.stdout:
            event = json.loads(line)
            if event["event"] == "ready":
                subprocess.run(["sandbox", "--as", "ear", "paplay", "--device=room", f"{SHARED}/said.wav"],
                               check=True)
            if event["event"] == "final":
                final = event
    assert listening.returncode == 0
    assert final and final["profile"] == "emma" and final["kept"] is True, final


def ears():
    """The other blocks of cubby-listen(1), and those of cubby-wyoming(8)"""
    _, grammar = blocks("cubby-listen.1")
    shutil.copy(f"{SHARED}/said.wav", f"{FOLDER}/question.wav")
    done("ear", grammar)
    for block in blocks("cubby-wyoming.8"):
        said = done("ear", block)
        assert said.count("tcp://127.0.0.1:10300") == block.count("--check"), said


def keepers():
    """Each block of cubbyd(8)"""
    service, disk = blocks("cubbyd.8")
    done("root", service)
    wanted = f"{INSTALLED}/etc/systemd/system/multi-user.target.wants/cubbyd.service"
    assert os.path.islink(wanted), wanted
    os.makedirs(f"{FOLDER}/old-speaker/var/lib/cubby", 0o700)
    done("root", disk)
    with open(f"{FOLDER}/receipt.json", encoding="utf-8") as file:
        assert json.load(file)["reason"] == "reset"


def refusal(page, text):
    """What its reader says is wrong with this configuration; "" when it takes it."""
    command, further = READERS[page]
    path = f"{FOLDER}/{page}"
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    ended = subprocess.run([*command, path], capture_output=True, text=True, timeout=60, check=False)
    if ended.returncode == 0 or (further and further in ended.stderr):
        return ""
    assert path in ended.stderr, ended.stderr
    return ended.stderr


def keys(page):
    """(section, key, what the page says of it)"""
    section = ""
    text = text_of(page)
    for line in re.split(r"\n(?=## \[|\*\w+\*)", text[text.index("# KEYS"):text.index("# EXAMPLES")]):
        if line.startswith("## ["):
            section = line[3:line.index("]") + 1]
            continue
        head, _, said = line.partition("\n")
        for key in re.findall(r"\*(\w+)\*", head):
            yield section, key, said.split("\n\n")[0]


def configuration(page):
    for block in blocks(page):
        assert refusal(page, block) == "", block + refusal(page, block)
    assert refusal(page, "no_such_key = 1\n")
    bounds = 0
    for section, key, said in keys(page):
        bound = re.search(r"\b(\d\S*) to (\d\S*?)[;,.:]?(?:\s|$)", said)
        if not bound or key in ("household_key",) or key.startswith("forget"):
            continue
        low, high = bound[1], bound[2]
        bounds += 1
        for value in (low, high):
            assert refusal(page, f"{section}\n{key} = {value}\n") == "", (key, value)
        for value in ("0", f"1{high}", f"{high}x", ""):
            assert refusal(page, f"{section}\n{key} = {value}\n"), (key, value)
    return bounds


def configurations():
    """What cubbyd.conf(5), ear.conf(5) and wyoming.conf(5) say is read, and refused, is"""
    assert [configuration(page) for page in READERS] == [5, 1, 4]


# Behind those of cubby(1).
STEPS = (ears, keepers, configurations)


def begin():
    os.mkdir(FOLDER)
    os.chmod(FOLDER, 0o777)
