# SPDX-License-Identifier: Apache-2.0
"""Sound to features, exactly as lib/speaker/cepstra.c does it: 20 mel cepstra each 10 ms, an
energy gate over the utterance, the mean of what passed removed, deltas."""

import numpy as np

RATE = 16000
FRAME, HOP, FFT = 400, 160, 512
MELS, CEPSTRA = 30, 20
DIM = 2 * CEPSTRA
LOW_HZ, HIGH_HZ = 80.0, 7600.0
PREEMPHASIS = 0.97
ENERGY_FLOOR = 1.0              # of a mel band, samples counted in 16-bit steps
GATE_BELOW_PEAK_DB = 30.0       # a frame so far below the loud ones (95 %) is no speech
GATE_ABOVE_FLOOR = 0.25         # nor is one in this lowest part of the range between 10 and 95 %


def mel(hz):
    return 1127.0 * np.log(1.0 + hz / 700.0)


def mel_filters():
    """MELS triangles over the bins of the FFT."""
    edges = np.linspace(mel(LOW_HZ), mel(HIGH_HZ), MELS + 2)
    bins = mel(np.arange(FFT // 2 + 1) * RATE / FFT)
    rise = (bins[None, :] - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    fall = (edges[2:, None] - bins[None, :]) / (edges[2:] - edges[1:-1])[:, None]
    return np.maximum(0.0, np.minimum(rise, fall)).astype(np.float32)


def cosines():
    k, n = np.arange(CEPSTRA)[:, None], np.arange(MELS)[None, :]
    matrix = np.sqrt(2.0 / MELS) * np.cos(np.pi * k * (n + 0.5) / MELS)
    matrix[0] *= np.sqrt(0.5)
    return matrix.astype(np.float32)


WINDOW = np.hamming(FRAME).astype(np.float32)
FILTERS, COSINES = mel_filters(), cosines()


def cepstra(samples):
    """int16 samples to (frames x CEPSTRA cepstra, frames of energy in dB)."""
    count = (len(samples) - FRAME) // HOP + 1
    if count < 1:
        return np.zeros((0, CEPSTRA), np.float32), np.zeros(0, np.float32)
    index = np.arange(count)[:, None] * HOP + np.arange(FRAME)[None, :]
    frames = samples.astype(np.float32)[index]
    frames -= frames.mean(axis=1, keepdims=True)
    energy = 10.0 * np.log10((frames ** 2).sum(axis=1) / FRAME + 1.0)
    before = np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    frames = (frames - np.float32(PREEMPHASIS) * before) * WINDOW
    spectrum = np.fft.rfft(frames, FFT, axis=1)
    power = (spectrum.real ** 2 + spectrum.imag ** 2).astype(np.float32)
    bands = np.log(np.maximum(power @ FILTERS.T, np.float32(ENERGY_FLOOR)))
    return (bands @ COSINES.T).astype(np.float32), energy.astype(np.float32)


def rank(values, part):
    """The value at this part of the sorted ones."""
    return np.sort(values)[int(part * (len(values) - 1))]


def clearance(energy):
    """dB between the quiet frames and the loud ones."""
    return float(rank(energy, 0.95) - rank(energy, 0.10))


def gate(energy):
    if not len(energy):
        return np.zeros(0, bool)
    low, high = rank(energy, 0.10), rank(energy, 0.95)
    return energy > max(high - GATE_BELOW_PEAK_DB, low + GATE_ABOVE_FLOOR * (high - low))


def deltas(static):
    padded = np.concatenate([static[:1], static[:1], static, static[-1:], static[-1:]])
    return (2.0 * (padded[4:] - padded[:-4]) + padded[3:-1] - padded[1:-3]) / np.float32(10.0)


def centred(static, energy):
    """(speech frames x DIM, which frames are speech) of cepstra()."""
    speech = gate(energy)
    if not speech.any():
        return np.zeros((0, DIM), np.float32), speech
    both = np.concatenate([static, deltas(static)], axis=1)[speech]
    return less_mean(both.astype(np.float32)), speech


def less_mean(frames):
    """The mean of the cepstra taken off; deltas have none."""
    frames = frames.copy()
    frames[:, :CEPSTRA] -= frames[:, :CEPSTRA].mean(axis=0)
    return frames


def features(samples):
    return centred(*cepstra(samples))
