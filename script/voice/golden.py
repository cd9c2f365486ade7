# SPDX-License-Identifier: Apache-2.0
"""What numpy makes of recordings that every Debian has, for the C code to make again."""

import os

import numpy as np
import soundfile

from . import evaluation, features, modelfile, trial

RECORDINGS = "/usr/share/pocketsphinx/test/data/"
RECORDING = RECORDINGS + "goforward.raw"
READER = RECORDINGS + "librivox/sense_and_sensibility_01_austen_64kb-0880.wav"
ASKED = (10, 1), (20, 4), (35, 1.5), (35, 6), (50, 10)     # clearance in dB, seconds of speech


def write_cepstra(file):
    frames, speech = features.features(np.fromfile(RECORDING, dtype="<i2"))
    print("frames", len(speech), "speech", len(frames), file=file)
    for place in range(0, len(frames), len(frames) // 5):
        print("frame", place, *(f"{value:.5f}" for value in frames[place]), file=file)
    return frames


def margin(read, listener, voice, samples):
    """What speech_one_voice() says of it."""
    static, energy = features.cepstra(samples)
    row = np.zeros(1, trial.ROW)
    row["clearance"] = features.clearance(energy)
    trial.split(row[0], listener, voice, 1, features.centred(static, energy)[0])
    return float(evaluation.sides(row)[0] - read.thresholds[2, 0])


def write(folder, content):
    """content: of the model's file."""
    read = modelfile.Read(content)
    listener = trial.Listener(read, read.backend)
    with open(os.path.join(folder, "golden-cepstra.txt"), "w", encoding="ascii") as file:
        frames = write_cepstra(file)
    point = listener.points([listener.of([frames])])[0]
    samples, _ = soundfile.read(READER, dtype="int16")
    with open(os.path.join(folder, "golden-point.txt"), "w", encoding="ascii") as file:
        print(len(point), *(f"{value:.5f}" for value in point), file=file)
        print(f"{margin(read, listener, point, samples):.3f}", file=file)
        for clearance, speech_s in ASKED:
            asked = evaluation.surface_of([clearance], [speech_s])[0] @ read.thresholds[0]
            print(f"{clearance} {speech_s} {asked:.4f}", file=file)
