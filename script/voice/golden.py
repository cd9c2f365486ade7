# SPDX-License-Identifier: Apache-2.0
"""What numpy makes of a recording that every Debian has, for the C code to make again."""

import numpy as np

from . import features

RECORDING = "/usr/share/pocketsphinx/test/data/goforward.raw"


def write(path):
    samples = np.fromfile(RECORDING, dtype="<i2")
    frames, speech = features.features(samples)
    with open(path, "w", encoding="ascii") as file:
        print("frames", len(speech), "speech", len(frames), file=file)
        for place in range(0, len(frames), len(frames) // 5):
            print("frame", place, *(f"{value:.5f}" for value in frames[place]), file=file)
