# SPDX-License-Identifier: Apache-2.0
"""The recordings: speakers of utterances.tsv beside their files."""

import csv
import os

import numpy as np
import soundfile

ADULT_AGE = 18
CHILD_AGE = 16      # younger than this


class Speaker:
    def __init__(self, name, age, gender):
        self.name, self.age, self.gender = name, age, gender
        self.utterances = []        # int16 samples

    @property
    def adult(self):
        return self.age >= ADULT_AGE

    @property
    def child(self):
        return self.age < CHILD_AGE


def read(folder):
    """Speakers in the order of their names."""
    speakers = {}
    with open(os.path.join(folder, "utterances.tsv"), encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            speaker = speakers.setdefault(
                row["speaker"], Speaker(row["speaker"], int(row["age"]), row["gender"]))
            samples, rate = soundfile.read(os.path.join(folder, row["path"]), dtype="int16")
            if rate != 16000 or samples.ndim != 1:
                raise SystemExit(f"{row['path']}: not 16 kHz mono")
            speaker.utterances.append(samples)
    return [speakers[name] for name in sorted(speakers)]


def folds(speakers, count, seed=1):
    """As many disjoint parts, adults and children dealt out evenly."""
    rng = np.random.default_rng(seed)
    parts = [[] for _ in range(count)]
    for adult in (True, False):
        group = [speaker for speaker in speakers if speaker.adult == adult]
        for place, index in enumerate(rng.permutation(len(group))):
            parts[place % count].append(group[index])
    return parts
