# SPDX-License-Identifier: Apache-2.0
"""A training export as its owners and its recipient meet it: approval, three formats, verifying and
recalls."""

import array
import contextlib
import hashlib
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tarfile
import time
import wave

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import sodium                   # noqa: E402
from keeper import Keeper       # noqa: E402
from tap import Tap             # noqa: E402

WORLD = os.environ["CUBBY_SANDBOX_DIR"]
TMP = os.path.join(WORLD, "tmp")
HOME = os.path.join(WORLD, "home", "parent")
PASSPHRASE = "velvet harbour nineteen umbrellas"
CHILDS = b"MIA SAID THIS AND NOBODY ELSE"
PURPOSE = ("--purpose", "wake words", "--recipient", "Acme Lab")
# Words as some tools do not take them: quotes, white space of other kinds, their own symbols.
WORDS = ("hello there", "what is the weather", "play \"music\" now",
         "gute\u00a0Nacht\u2028\u3000<s> #0", "twenty one")


def proving(*command):
    """The command with the recovery code, which opens faster than a passphrase, where it proves."""
    verb = command[1:3]
    if command[0] != "cubby" or not (
            verb[0] == "import" or "--transcripts" in command or
            verb in (("profile", "add"), ("consent", "grant"), ("export", "approve"),
                     ("export", "create"))):
        return command
    return (*command, "--recovery-file", f"{HOME}/recovery")


def run(*command, role="parent"):
    return subprocess.run(["sandbox", "--as", role, *proving(*command)], capture_output=True,
                          text=True, timeout=120, check=False, stdin=subprocess.DEVNULL,
                          env=dict(os.environ, CUBBY_PASSPHRASE_FILE=f"{TMP}/passphrase")
                          if command[1] == "setup" else None)


def must(*command, status=0, role="parent"):
    done = run(*command, role=role)
    assert done.returncode == status, f"{command}: {done.returncode} {done.stdout}{done.stderr}"
    return done.stdout


def sound(number):
    """A recording of its own, 0.6 s."""
    path = f"{TMP}/said-{number}.wav"
    with wave.open(path, "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(array.array("h", ((i * (7919 + number * 104729)) % 65536 - 32768
                                           for i in range(9600))).tobytes())
    os.chmod(path, 0o644)
    return path


def household():
    with open(f"{TMP}/passphrase", "w", encoding="utf-8") as file:
        file.write(PASSPHRASE + "\n")
    os.chmod(f"{TMP}/passphrase", 0o644)
    must("cubby", "setup", "--parent", "Anna", "--recovery-file", f"{HOME}/recovery")
    must("cubby", "profile", "add", "dad", "--adult")
    must("cubby", "profile", "add", "mum", "--adult")
    must("cubby", "profile", "add", "mia", "--child")
    must("cubby", "consent", "grant", "mia", "audio", "transcript")
    for number, words in enumerate(WORDS):
        must("cubby", "import", sound(number), "--profile", "dad", "--transcript", words)
    must("python3", "-B", __file__, "keep", role="ear")


def keep():
    """As the ear: something of the child's."""
    keeper = Keeper()
    statement, _ = keeper.call("Parents", "Household")
    home = bytes.fromhex(sodium.verify(str(statement), "cubby-household-1")["home"])
    keeper.keep("mia", home, [("audio", b"fLaC" + CHILDS), ("transcript", CHILDS)])


def items(profile):
    return json.loads(must("cubby", "list", profile, "--json"))


def lines(path):
    with open(path, encoding="utf-8") as file:
        return file.read().splitlines()


def everything(top):
    """Every byte below a directory, by name."""
    found = {}
    for where, _, files in os.walk(top):
        for name in files:
            path = os.path.join(where, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, top)] = file.read()
    return found


def verify(top, *more, status=0):
    done = run("cubby", "export", "verify", top, "--json", *more)
    assert done.returncode == status, f"{done.returncode} {done.stdout}{done.stderr}"
    return json.loads(done.stdout) if done.stdout else {}, done.stderr


def found_in(result):
    return sorted({(one["what"], one["file"]) for one in result["findings"]})


# ---- Cases, in this order ----

def test_r17_only_what_was_approved(state):
    childs, = items("mia")
    state["child"] = childs["id"]
    state["ids"] = [row["id"] for row in items("dad")]
    must("cubby", "export", "approve", state["child"], *PURPOSE, status=4)
    must("cubby", "export", "create", f"{HOME}/none", "--format", "hf", *PURPOSE, status=10)
    must("cubby", "export", "approve", *state["ids"][:4], *PURPOSE)
    must("cubby", "export", "create", f"{HOME}/hf", "--format", "hf", *PURPOSE)
    rows = [json.loads(line) for line in lines(f"{HOME}/hf/metadata.jsonl")]
    assert len(rows) == 4 and set(rows[0]) == {"file_name", "transcription"}, rows
    content = everything(f"{HOME}/hf")
    assert len([name for name in content if name.endswith(".flac")]) == 4, list(content)
    assert all(os.path.exists(f"{HOME}/hf/{row['file_name']}") for row in rows)
    assert not any(CHILDS in each for each in content.values())
    assert not any(one.encode() in each for each in content.values()
                   for one in [state["child"], *state["ids"]]), "an id left"
    # Three letters are in the bytes of any sound by chance, and these in any number in hex.
    assert not any(one in each for name, each in content.items() if not name.endswith(".flac")
                   for one in (b"mia", b'"dad"', b" dad")), "a name left"
    assert sorted(row["transcription"] for row in rows) == sorted(WORDS[1:])


def test_r19_the_manifest_says_what_it_is(state):
    head, *rest = map(json.loads, lines(f"{HOME}/hf/cubby-manifest.jsonl"))
    sodium.verify(json.dumps(head), "cubby-manifest-1")
    assert head["excluded"] == {"child": 1, "not approved": 1, "approved for something else": 0}
    assert head["items"] == len(rest) == 4 and head["purpose"] == "wake words"
    assert head["software"].startswith("cubby ") and len(head["policy"]) == 64
    assert {row["review"] for row in rest} == {"named"}
    result, _ = verify(f"{HOME}/hf")
    assert result["valid"] and result["items"] == 4 and result["list"] is None


def create(state, form, encoding):
    top = f"{HOME}/{form}-{encoding}"
    must("cubby", "export", "create", top, "--format", form, "--encoding", encoding, *PURPOSE)
    verify(top)
    return top


def said():
    """The samples of what was approved."""
    for number in range(1, 5):
        with wave.open(f"{TMP}/said-{number}.wav") as file:
            yield file.readframes(99999)


def check_sound(path):
    """WAV by the standard library; FLAC by what its header must say (RFC 9639, 8.2)."""
    if path.endswith(".wav"):
        with wave.open(path) as file:
            assert file.getparams()[:4] == (1, 2, 16000, 9600), path
            assert file.readframes(99999) in set(said()), path
        return
    with open(path, "rb") as file:
        start = file.read(42)
    rate, = struct.unpack(">Q", start[18:26])
    assert start[:4] == b"fLaC" and start[4] & 0x7f == 0, path
    assert (rate >> 44, rate >> 41 & 7, rate >> 36 & 31, rate & (1 << 36) - 1) == \
        (16000, 0, 15, 9600), path
    assert start[26:42] in {hashlib.md5(each).digest() for each in said()}, path


def test_an_audiofolder_is_as_documented(state):
    """load_dataset("audiofolder"): each line of metadata.jsonl names a file below it, by the same
    keys; what is no sound and no metadata is passed over."""
    for encoding in ("flac", "wav"):
        top = create(state, "hf", encoding)
        rows = [json.loads(line) for line in lines(f"{top}/metadata.jsonl")]
        assert all(list(row) == ["file_name", "transcription"] for row in rows), rows
        assert all(isinstance(each, str) for row in rows for each in row.values()), rows
        assert sorted(row["file_name"] for row in rows) == \
            sorted(name for name in everything(top) if name.endswith((".flac", ".wav")))
        assert sorted(row["transcription"] for row in rows) == sorted(WORDS[1:])
        for row in rows:
            check_sound(f"{top}/{row['file_name']}")


def test_a_nemo_manifest_is_as_documented(state):
    """One JSON object a line; a relative path with a directory in it is below the manifest's."""
    for encoding in ("flac", "wav"):
        top = create(state, "nemo", encoding)
        rows = [json.loads(line) for line in lines(f"{top}/manifest.json")]
        assert all(set(row) == {"audio_filepath", "duration", "text"} for row in rows), rows
        assert sorted(row["text"] for row in rows) == sorted(WORDS[1:])
        for row in rows:
            assert os.path.dirname(row["audio_filepath"]) == "audio", row
            assert isinstance(row["duration"], float) and abs(row["duration"] - 0.6) < 1e-6, row
            check_sound(f"{top}/{row['audio_filepath']}")


def test_a_kaldi_directory_is_as_documented(state):
    """The rules of utils/validate_data_dir.sh --no-feats."""
    for encoding in ("flac", "wav"):
        top, ids, rest = create(state, "kaldi", encoding), {}, {}
        for name in ("wav.scp", "text", "utt2spk", "spk2utt"):
            with open(f"{top}/{name}", "rb") as file:
                content = file.read()
            assert content.endswith(b"\n") and content.count(b"\n") == 4, name
            rows = [line.split(b" ", 1) for line in content[:-1].split(b"\n")]
            ids[name], rest[name] = zip(*((row[0], row[1].decode()) for row in rows))
            assert list(ids[name]) == sorted(set(ids[name])), f"{name} is not sorted, or not unique"
        assert len(set(ids.values())) == 1, "the lists of utterances differ"
        pairs = list(zip(ids["utt2spk"], rest["utt2spk"]))
        assert pairs == sorted(pairs, key=lambda pair: pair[1].encode()), "not sorted by speaker"
        assert sorted((speaker, utterance.decode()) for utterance, speaker in pairs) == \
            sorted((speaker.decode(), each) for speaker, utterances in
                   zip(ids["spk2utt"], rest["spk2utt"]) for each in utterances.split(" "))
        for words in rest["text"]:
            assert words.isprintable() and not set(words.split()) & {"<s>", "</s>", "#0"}, words
            assert all(each == " " or not each.isspace() for each in words), words
        assert sorted(" ".join(words.split()) for words in rest["text"]) == sorted(
            " ".join(re.sub("[<>#]", " ", words).split()) for words in WORDS[1:])
        for where in rest["wav.scp"]:
            assert "~" not in where
            if encoding == "flac":
                assert where.startswith("flac -c -d -s ") and where.endswith(" |"), where
                where = where[14:-2]
            check_sound(f"{top}/{where}")


def copy_of(state, name):
    state["copies"] = state.get("copies", 0) + 1
    top = f"{TMP}/copy-{state['copies']}-{name}"
    shutil.copytree(f"{HOME}/hf", top)
    return top, sorted(os.listdir(f"{top}/audio"))


def test_r19_what_is_changed_is_found(state):
    top, names = copy_of(state, "missing")
    os.unlink(f"{top}/audio/{names[0]}")
    assert found_in(verify(top, status=1)[0]) == [("missing", f"audio/{names[0]}")]
    top, names = copy_of(state, "changed")
    with open(f"{top}/audio/{names[1]}", "r+b") as file:
        file.seek(3000)
        file.write(b"\xff\xee\xdd")
    assert found_in(verify(top, status=1)[0]) == [("changed", f"audio/{names[1]}")]
    top, names = copy_of(state, "renamed")
    os.rename(f"{top}/audio/{names[2]}", f"{top}/audio/nice.flac")
    assert found_in(verify(top, status=1)[0]) == [("renamed", "audio/nice.flac")]
    top, names = copy_of(state, "words")
    text = lines(f"{top}/metadata.jsonl")
    with open(f"{top}/metadata.jsonl", "w", encoding="utf-8") as file:
        file.write("\n".join([text[0].replace('"}', '."}'), *text[1:]]) + "\n")
    assert found_in(verify(top, status=1)[0]) == [("changed", "metadata.jsonl")]
    top, names = copy_of(state, "line")
    text = lines(f"{top}/metadata.jsonl")
    with open(f"{top}/metadata.jsonl", "w", encoding="utf-8") as file:
        file.write("\n".join(text[1:]) + "\n")
    assert found_in(verify(top, status=1)[0]) == [("changed", "metadata.jsonl")]
    top, names = copy_of(state, "tar")
    with tarfile.open(f"{top}/shard.tar", "w") as tar:
        tar.add(f"{top}/audio/{names[0]}", "0001.flac")
    os.unlink(f"{top}/audio/{names[0]}")
    assert found_in(verify(top, status=1)[0]) == [("repacked", "shard.tar")]
    top, names = copy_of(state, "manifest")
    os.unlink(f"{top}/cubby-manifest.jsonl")
    assert "no manifest" in verify(top, status=10)[1]


def test_r19_a_forged_manifest_is_refused(state):
    for pattern, other in ((r'"items":4', '"items":3'), (r'"wake words"', '"wake word5"'),
                           (r'"bytes":(\d)', r'"bytes":9\1'), (r'\n$', '')):
        top, _ = copy_of(state, "forged")
        path = f"{top}/cubby-manifest.jsonl"
        with open(path, encoding="utf-8") as file:
            text = file.read()
        changed = re.sub(pattern, other, text, count=1)
        assert changed != text, pattern
        with open(path, "w", encoding="utf-8") as file:
            file.write(changed)
        result, why = verify(top, status=1)
        assert result["valid"] is False and why, pattern
    top, _ = copy_of(state, "signed-by-another")
    head, *rest = lines(f"{top}/cubby-manifest.jsonl")
    body = {key: value for key, value in json.loads(head).items()
            if key not in ("statement", "key", "signature")}
    with open(f"{top}/cubby-manifest.jsonl", "w", encoding="utf-8") as file:
        file.write("\n".join([sodium.sign(os.urandom(32), "cubby-manifest-1", body), *rest]) + "\n")
    assert "another key" in verify(top, status=1)[1]
    # Without a pin, and without a key, nothing is believed.
    done = run("cubby", "export", "verify", f"{HOME}/hf", role="ear")
    assert done.returncode == 10 and "--key" in done.stderr, done.stderr


def test_r19_what_is_deleted_is_recalled(state):
    must("cubby", "export", "recalls", "-o", f"{HOME}/empty.jsonl")
    assert verify(f"{HOME}/hf", "--recalls", f"{HOME}/empty.jsonl")[0]["recalled"] == 0
    gone = state["ids"][0]
    must("cubby", "delete", gone, "--yes")
    must("cubby", "export", "recalls", "-o", f"{HOME}/recalls.jsonl")
    head, *rest = map(json.loads, lines(f"{HOME}/recalls.jsonl"))
    assert len(rest) == 7 and {row["reason"] for row in rest} == {"deleted"}, rest
    text = open(f"{HOME}/recalls.jsonl", encoding="utf-8").read()
    assert gone not in text and '"dad"' not in text
    result, _ = verify(f"{HOME}/hf", "--recalls", f"{HOME}/recalls.jsonl", status=1)
    token, = {one["token"] for one in result["findings"]}
    assert found_in(result) == [("recalled", f"audio/{token}.flac"),
                                ("recalled", "metadata.jsonl")]
    state["token"] = token


def test_r19_a_recalled_item_is_found_wherever_it_lies(state):
    token, recalls = state["token"], ("--recalls", f"{HOME}/recalls.jsonl")
    top, _ = copy_of(state, "hidden")
    os.makedirs(f"{top}/train/part-7")
    os.rename(f"{top}/audio/{token}.flac", f"{top}/train/part-7/0001.bin")
    assert ("recalled", "train/part-7/0001.bin") in found_in(verify(top, *recalls, status=1)[0])
    # As WAV, which the program that wrote NeMo's directory made of the same sound.
    frames = {}
    for line in map(json.loads, lines(f"{HOME}/nemo-wav/manifest.json")):
        with wave.open(f"{HOME}/nemo-wav/{line['audio_filepath']}") as file:
            frames[line["text"]] = file.readframes(99999)
    words, = [json.loads(line)["transcription"] for line in lines(f"{HOME}/hf/metadata.jsonl")
              if token in line]
    os.unlink(f"{top}/train/part-7/0001.bin")
    with wave.open(f"{top}/train/again.wav", "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(frames[words])
    assert ("recalled", "train/again.wav") in found_in(verify(top, *recalls, status=1)[0])
    with tarfile.open(f"{top}/shard.tar", "w") as tar:
        tar.add(f"{HOME}/hf/audio/{token}.flac", "x")
    os.unlink(f"{top}/train/again.wav")
    assert ("recalled", "shard.tar") in found_in(verify(top, *recalls, status=1)[0])
    # Removed, with its line, all is well.
    os.unlink(f"{top}/shard.tar")
    kept = [line for line in lines(f"{top}/metadata.jsonl") if token not in line]
    with open(f"{top}/metadata.jsonl", "w", encoding="utf-8") as file:
        file.write("\n".join(kept) + "\n")
    result, _ = verify(top, *recalls)
    assert result["valid"] and result["recalled"] == 1


def test_r19_a_stale_or_replayed_list_is_refused(state):
    assert "old one" in verify(f"{HOME}/hf", "--recalls", f"{HOME}/empty.jsonl", status=1)[1]
    # One from before the export, on a machine that has seen none.
    must("cubby", "export", "create", f"{HOME}/later", "--format", "hf", *PURPOSE)
    key = json.loads(lines(f"{HOME}/later/cubby-manifest.jsonl")[0])["key"]
    done = run("cubby", "export", "verify", f"{HOME}/later", "--recalls", f"{HOME}/recalls.jsonl",
               "--key", key, role="root")
    assert done.returncode == 1 and "older than this export" in done.stderr, done.stderr
    done = run("cubby", "export", "verify", f"{HOME}/hf", "--recalls", f"{HOME}/recalls.jsonl",
               "--key", key, "--max-age", "1s", role="root")
    time.sleep(2)
    done = run("cubby", "export", "verify", f"{HOME}/hf", "--recalls", f"{HOME}/recalls.jsonl",
               "--key", key, "--max-age", "1s", role="root")
    assert done.returncode == 1 and "days old" in done.stderr, done.stderr
    with open(f"{TMP}/cut.jsonl", "w", encoding="utf-8") as file:
        file.write("\n".join(lines(f"{HOME}/recalls.jsonl")[:-1]) + "\n")
    assert "changed" in verify(f"{HOME}/hf", "--recalls", f"{TMP}/cut.jsonl", status=1)[1]


def recalled(token_of):
    """Reasons of the newest list, by token."""
    must("cubby", "export", "recalls", "-o", f"{HOME}/newest.jsonl")
    return {row["token"]: row["reason"] for row in
            map(json.loads, lines(f"{HOME}/newest.jsonl")[1:]) if row["token"] in token_of}


def tokens(top):
    """Token of each item, by its words."""
    return {row["transcription"]: row["file_name"][6:38]
            for row in map(json.loads, lines(f"{top}/metadata.jsonl"))}


def test_r19_an_item_moved_to_a_child_is_recalled(state):
    by_words = tokens(f"{HOME}/hf")
    words = {row["id"]: row["transcript"] for row in
             json.loads(must("cubby", "list", "dad", "--transcripts", "--json"))}
    moved = state["ids"][1]
    must("cubby", "move", moved, "mia", "--yes")
    assert recalled([by_words[words[moved]]]) == {by_words[words[moved]]: "moved"}
    assert moved in [row["id"] for row in items("mia")]
    must("cubby", "export", "approve", moved, *PURPOSE, status=4)
    for target in ("dad", "mum"):
        must("cubby", "move", moved, target, "--yes", status=4)
    # To a child of whom nothing may be kept: all of it is erased.
    must("cubby", "profile", "add", "zoe", "--child")
    must("cubby", "move", state["ids"][4], "zoe", "--yes")
    assert items("zoe") == []


def test_r19_an_approval_taken_back_is_recalled(state):
    by_words = tokens(f"{HOME}/hf")
    words = {row["id"]: row["transcript"] for row in
             json.loads(must("cubby", "list", "dad", "--transcripts", "--json"))}
    refused = state["ids"][2]
    must("cubby", "export", "refuse", refused)
    assert recalled([by_words[words[refused]]]) == {by_words[words[refused]]: "withdrawn"}
    history = json.loads(must("cubby", "export", "history", "--json"))
    assert len(history) == 8 and max(row["recalled"] for row in history) == 3, history


def exporter_of(target):
    """The process of `cubby` itself, without what put it into this world; 0: none."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
        except OSError:
            continue
        if os.path.basename(words[0]) == b"cubby" and target.encode() in words:
            return int(pid)
    return 0


def written(directory):
    try:
        return len(os.listdir(directory))
    except FileNotFoundError:
        return 0


def test_an_export_is_stopped_and_gone_on_with(state):
    for number in range(10, 90):
        must("cubby", "import", sound(number % 7 + 10), "--profile", "mum", "--transcript",
             f"number {number}")
    rows = [row["id"] for row in items("mum")]
    must("cubby", "export", "approve", *rows, *PURPOSE[:2], "--recipient", "Later Lab")
    target = f"{HOME}/stopped"
    words = {"--format": "hf", "--encoding": "flac", "--purpose": "wake words",
             "--recipient": "Later Lab"}

    def command_for(**changed):
        given = {**words, **{f"--{name}": value for name, value in changed.items()}}
        return ("cubby", "export", "create", target, *sum(given.items(), ()))
    command = command_for()
    # Killed at some moments: there is never a directory without its manifest.
    for least in (1, 20, 70):
        with subprocess.Popen(["sandbox", "--as", "parent", *proving(*command)],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              stdin=subprocess.DEVNULL) as running:
            pid = 0
            while running.poll() is None and not pid:
                pid = exporter_of(target)
            while running.poll() is None and written(f"{HOME}/.stopped.partial/audio") < least:
                time.sleep(0.001)
            if pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        if os.path.exists(target):
            break
        # What lies there is for what it was begun for.
        if least == 1:
            for other in ({"format": "nemo"}, {"encoding": "wav"}, {"recipient": "Acme Lab"}):
                must(*command_for(**other), status=2)
    assert not os.path.exists(target) or os.path.exists(f"{target}/cubby-manifest.jsonl")
    # One is deleted meanwhile: it is not in what comes out.
    gone = rows[5]
    if not os.path.exists(target):
        must("cubby", "delete", gone, "--yes")
        must(*command)
        assert len(lines(f"{target}/metadata.jsonl")) == 79
    verify(target)
    # With approvals for two recipients it is never guessed which is meant.
    must("cubby", "export", "create", f"{HOME}/which", "--format", "hf", status=2)
    assert not os.path.exists(f"{HOME}/.stopped.partial")
    assert len(os.listdir(f"{target}/audio")) == len(lines(f"{target}/metadata.jsonl"))


def main():
    tap, state = Tap(), {}
    if tap.run("a household, five recordings of an adult, one of a child", household) is None and \
            tap.failed:
        return tap.done()
    for name, function in list(globals().items()):
        if name.startswith("test_"):
            tap.run(name, function, state)
    return tap.done()


if __name__ == "__main__":
    if sys.argv[1:2] == ["keep"]:
        sys.exit(keep())
    sys.exit(main())
