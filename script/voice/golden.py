# SPDX-License-Identifier: Apache-2.0
"""What numpy makes of a recording that every Debian has, for the C code to make again."""

import os

import numpy as np

from . import features

RECORDING = "/usr/share/pocketsphinx/test/data/goforward.raw"


def write(folder, base, backend):
    samples = np.fromfile(RECORDING, dtype="<i2")
    frames, speech = features.features(samples)
    with open(os.path.join(folder, "golden-cepstra.txt"), "w", encoding="ascii") as file:
        print("frames", len(speech), "speech", len(frames), file=file)
        for place in range(0, len(frames), len(frames) // 5):
            print("frame", place, *(f"{value:.5f}" for value in frames[place]), file=file)
    count, first = base.statistics(frames)
    point = backend.project(base.extractor.points(count[None], first[None]))[0]
    with open(os.path.join(folder, "golden-point.txt"), "w", encoding="ascii") as file:
        print(len(point), *(f"{value:.5f}" for value in point), file=file)
