# SPDX-License-Identifier: Apache-2.0
"""Speech as a device across the room hears it: walls by the image method, and noise. Everything is
drawn from the generator that is handed in."""

import numpy as np
from scipy.signal import fftconvolve

RATE = 16000
SOUND_M_S = 343.0
T60_S = (0.15, 0.5)
DISTANCE_M = (0.5, 3.0)
SNR_DB = (5.0, 25.0)


def room(rng):
    """A living room: its size, how long it rings, and where the device stands."""
    size = rng.uniform([2.5, 2.5, 2.3], [6.0, 5.0, 3.0])
    device = rng.uniform([0.4, 0.4, 0.5], [size[0] - 0.4, size[1] - 0.4, 1.5])
    return {"size": size, "t60": rng.uniform(*T60_S), "device": device}


def place(rng, space):
    """Somebody's mouth, between DISTANCE_M from the device and inside the walls."""
    while True:
        direction = rng.normal(size=3) * [1.0, 1.0, 0.3]
        mouth = space["device"] + direction / np.linalg.norm(direction) * rng.uniform(*DISTANCE_M)
        if np.all(mouth > 0.2) and np.all(mouth < space["size"] - 0.2):
            return mouth


def response(space, mouth):
    """The impulse response between mouth and device; the image method of Allen and Berkley, walls
    that all absorb alike, by Sabine's formula."""
    size, device, t60 = space["size"], space["device"], space["t60"]
    surface = 2.0 * (size[0] * size[1] + size[0] * size[2] + size[1] * size[2])
    absorbed = min(0.99, 0.161 * np.prod(size) / (surface * t60))
    reflected = np.sqrt(1.0 - absorbed)
    length = int(RATE * min(t60, 0.3))
    reach = np.ceil(length / RATE * SOUND_M_S / (2.0 * size)).astype(int)
    axes, orders = [], []
    for axis in range(3):
        n = np.arange(-reach[axis], reach[axis] + 1)
        axes.append(np.concatenate([2 * n * size[axis] + mouth[axis],
                                    2 * n * size[axis] - mouth[axis]]) - device[axis])
        orders.append(np.concatenate([np.abs(2 * n), np.abs(2 * n - 1)]))
    distance = np.sqrt(axes[0][:, None, None] ** 2 + axes[1][None, :, None] ** 2 +
                       axes[2][None, None, :] ** 2).ravel()
    order = (orders[0][:, None, None] + orders[1][None, :, None] + orders[2][None, None, :]).ravel()
    sample = np.round(distance / SOUND_M_S * RATE).astype(int)
    inside = sample < length
    impulse = np.bincount(sample[inside], reflected ** order[inside] / distance[inside], length)
    impulse = impulse[np.argmax(impulse != 0.0):]
    return impulse / impulse[0]


def pink(rng, count):
    spectrum = np.fft.rfft(rng.normal(size=count))
    spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 10.0))
    return np.fft.irfft(spectrum, count)


def babble(rng, voices, count):
    """Several people at once, none of them near: `voices` is a list of recordings."""
    total = np.zeros(count)
    for _ in range(rng.integers(3, 7)):
        voice = voices[rng.integers(len(voices))].astype(np.float64)
        voice = np.tile(voice, count // len(voice) + 2)
        start = rng.integers(len(voice) - count)
        part = voice[start:start + count]
        total += part / (np.sqrt((voice ** 2).mean()) + 1.0)
    return total


def loudness(samples):
    """Mean square of the louder half of the frames: of speech, not of its pauses."""
    frames = samples[:len(samples) // 160 * 160].reshape(-1, 160)
    power = np.sort((frames ** 2).mean(axis=1))
    return power[len(power) // 2:].mean() + 1e-9


def responses(rng, count):
    """Impulse responses of as many rooms."""
    spaces = [room(rng) for _ in range(count)]
    return [response(space, place(rng, space)) for space in spaces]


def hear(rng, samples, impulse, voices, snr_db=SNR_DB):
    """int16 samples spoken in that room, with pink noise or babble."""
    spoken = fftconvolve(samples.astype(np.float64), impulse)[:len(samples)]
    noise = pink(rng, len(spoken)) if rng.random() < 0.5 else babble(rng, voices, len(spoken))
    gain = np.sqrt(loudness(spoken) / (loudness(noise) * 10.0 ** (rng.uniform(*snr_db) / 10.0)))
    mixed = spoken + gain * noise
    # A device sets its gain once: quiet and loud speech, never clipped.
    mixed *= 10.0 ** (rng.uniform(2.8, 3.5)) / np.sqrt(loudness(mixed))
    return np.clip(np.round(mixed), -32768, 32767).astype(np.int16)
