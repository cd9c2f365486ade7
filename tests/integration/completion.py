# SPDX-License-Identifier: Apache-2.0
"""The completions as the shells run them, with a real keeper behind. A shell that is not here is
skipped."""

import shutil
import subprocess

from hand_story import asked

SOURCE = "packaging/completions"
SHELLS = {
    "bash": ["bash", "-c", 'source "$1/cubby.bash"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
             '_cubby; printf "%s\\n" "${COMPREPLY[@]}"', "bash"],
    "fish": ["fish", "--no-config", "-c", 'source $argv[1]/cubby.fish; complete -C (string join " " -- '
             "(string escape -- $argv[2..-2]) $argv[-1])"],
    # compadd and _files stand in: outside a line editor there are none.
    "zsh": ["zsh", "-f", "-c", 'dir=$1; shift; words=("$@"); CURRENT=$#; compadd() { shift; print -l -- '
            "${(M)@:#$words[-1]*} }; _files() { }; source $dir/_cubby", "zsh"],
}


def completed(shell, source, *words):
    done = subprocess.run(["sandbox", "--as", "parent", *SHELLS[shell], f"{source}/{SOURCE}", "cubby",
                           *words], capture_output=True, text=True, timeout=60, check=False,
                          stdin=subprocess.DEVNULL)
    assert done.returncode in (0, 1), (shell, done.stderr)
    return {line.split("\t")[0] for line in done.stdout.splitlines() if line}


def one_shell(shell, source):
    def gives(*words):
        return completed(shell, source, *words)
    ids = {row["id"][:8] for row in asked("list")}
    assert {"setup", "consent", "takeout", "report", "help"} <= gives("")
    assert gives("pro") == {"profile"}
    assert gives("profile", "re") == {"remove", "rename"}
    assert gives("profile", "remove", "") == {"mia", "otto"}
    assert gives("consent", "grant", "m") == {"mia"}
    assert gives("consent", "grant", "mia", "audio", "") == {"audio", "transcript", "location"}
    assert gives("--color", "n") == {"never"}
    assert gives("list", "--profile", "o") == {"otto"}
    assert gives("list", "--grep", "x", "--tr") == {"--transcripts"}
    assert gives("export", "create", "x", "--format", "k") == {"kaldi"}
    assert gives("parent", "remove", "A") == {"Anna"}
    assert ids and gives("play", "") == ids
    assert gives("delete", sorted(ids)[0][:4]) >= {sorted(ids)[0]}
    assert gives("profile", "add", "") == set()


def offered():
    """(title, function or None) of each shell."""
    for shell in SHELLS:
        yield shell, one_shell if shutil.which(shell) else None
