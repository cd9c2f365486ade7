# SPDX-License-Identifier: Apache-2.0
"""From recordings to a model. A speaker's recordings come clean, in rooms, and played faster and
slower, which makes other speakers of them: there are never enough."""

import multiprocessing

import numpy as np
from scipy.signal import resample_poly

from . import PROCESSES, backend, features, model, rooms

COMPONENTS, RANK, DIMENSIONS = 128, 100, 100
ROOMS = 2                               # of each recording
SPEEDS = ((5, 6), (9, 10), (10, 9), (6, 5))
SHORT_FRAMES = 148                      # about 1.5 s
FRAME_STEP = 4                          # of the background model: neighbours are alike
IMPULSES = 100


def played(samples, speed):
    return np.clip(np.round(resample_poly(samples.astype(np.float64), *speed)),
                   -32768, 32767).astype(np.int16)


def pieces(rng, static, energy):
    """The whole, and a short cut of it, as features."""
    whole, speech = features.centred(static, energy)
    if len(whole) < 50:
        return []
    where = np.flatnonzero(speech)
    start = where[0] + rng.integers(max(1, where[-1] - where[0] - SHORT_FRAMES))
    cut, _ = features.centred(static[start:start + SHORT_FRAMES],
                              energy[start:start + SHORT_FRAMES])
    return [whole, cut] if len(cut) >= 40 else [whole]


def versions(rng, speaker, voices, impulses):
    """(who it counts as, whether it is for the background model, features)."""
    def hear(samples):
        return rooms.hear(rng, samples, impulses[rng.integers(len(impulses))], voices)

    for number, samples in enumerate(speaker.utterances):
        for heard in [samples] + [hear(samples) for _ in range(ROOMS)]:
            for piece in pieces(rng, *features.cepstra(heard)):
                yield speaker.name, True, piece
        for place, speed in enumerate(SPEEDS):
            other = played(samples, speed)
            if (number + place) % 2:
                other = hear(other)
            for piece in pieces(rng, *features.cepstra(other)):
                yield f"{speaker.name}x{place}", False, piece


def prepare(job):
    """All versions of one speaker; noise of other voices comes from the same part of the corpus
    only, so that leaving a part out leaves it out altogether."""
    speaker, others, seed = job
    rng = np.random.default_rng(seed)
    impulses = rooms.responses(rng, IMPULSES // 10)
    voices = [samples for other in others for samples in other.utterances[:2]]
    return speaker.name, [(name, main, piece.astype(np.float16))
                          for name, main, piece in versions(rng, speaker, voices, impulses)]


def material(parts, seed=11):
    """{speaker: its versions}, heard by several processes."""
    jobs = [(speaker, [other for other in part if other is not speaker], (seed, place, number))
            for place, part in enumerate(parts) for number, speaker in enumerate(part)]
    with multiprocessing.Pool(PROCESSES) as pool:
        return dict(pool.imap(prepare, jobs))


class Base:
    """What needs no names: the background model and the extractor."""

    def __init__(self, made, speakers, seed=12):
        rng = np.random.default_rng(seed)
        own = [made[speaker.name] for speaker in speakers]
        frames = np.concatenate([piece[::FRAME_STEP].astype(np.float32)
                                 for versions_ in own for _, main, piece in versions_ if main])
        self.ubm = model.background(rng, frames, COMPONENTS)
        self.names, self.owners, counts, firsts = [], [], [], []
        for speaker in speakers:
            for name, _, piece in made[speaker.name]:
                count, first = self.statistics(piece)
                counts.append(count)
                firsts.append(first)
                self.names.append(name)
                self.owners.append(speaker.name)
        counts, firsts = np.array(counts), np.array(firsts)
        self.extractor = model.extractor(rng, counts, firsts, RANK)
        self.points = self.extractor.points(counts, firsts)
        self.names, self.owners = np.array(self.names), np.array(self.owners)

    def statistics(self, piece):
        return model.statistics(piece.astype(np.float32), self.ubm)

    def backend(self, without=()):
        """Trained on all of its speakers but some."""
        chosen = ~np.isin(self.owners, [speaker.name for speaker in without])
        return backend.Backend.train(self.points[chosen], self.names[chosen], DIMENSIONS)
