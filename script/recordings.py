# SPDX-License-Identifier: Apache-2.0
"""The recordings that script/eval and script/train-fit hear, and what was said in them."""

import csv
import os
import subprocess

MODEL = "/usr/share/pocketsphinx/model/en-us"
RATE = 16000
CHILD_YEARS = 16        # younger
GROUPS = ("adults", "children")


class Utterance:
    def __init__(self, row, folder):
        self.source = os.path.join(folder, row["path"])
        self.speaker = row["speaker"]
        self.group = GROUPS[int(row["age"]) < CHILD_YEARS]
        self.text = row["text"].lower()
        self.samples = b""

    def read(self):
        if not self.samples:
            self.samples = subprocess.run(
                ["sox", self.source, "-t", "raw", "-r", str(RATE), "-e", "signed", "-b", "16",
                 "-c", "1", "-"], capture_output=True, check=True).stdout
        return self.samples


def read(folder):
    with open(os.path.join(folder, "utterances.tsv"), encoding="utf-8", newline="") as file:
        return [Utterance(row, folder) for row in csv.DictReader(file, delimiter="\t")]


def errors(said, heard):
    """Words that must be put in, taken out or changed."""
    said, heard = said.split(), heard.split()
    row = list(range(len(heard) + 1))
    for i, word in enumerate(said, 1):
        last, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (word != other))
    return row[-1]


def known(utterances):
    """Those whose words are all in the dictionary."""
    with open(f"{MODEL}/cmudict-en-us.dict", encoding="utf-8") as file:
        dictionary = {line.split()[0].split("(")[0] for line in file}
    return [u for u in utterances
            if all(word in dictionary for word in u.text.split())]


def sentences(path, texts):
    with open(path, "w", encoding="ascii") as file:
        file.write(f"#JSGF V1.0;\ngrammar eval;\npublic <s> = {' | '.join(sorted(texts))};\n")
    return path


def speakable(utterances):
    return [u for u in known(utterances) if 2 <= len(u.text.split()) <= 8]
