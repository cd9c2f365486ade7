# SPDX-License-Identifier: Apache-2.0
"""Random households to try a model on: two enrolled adults, adults and children who are not, one
room. What each of them says is cut as the ear would hear it."""

import multiprocessing

import numpy as np

from . import PROCESSES, features, rooms

ENROLMENT = 5                   # utterances
ENROLMENT_SNR_DB = (15.0, 30.0)   # enrolment is checked: clear of noise
STRANGERS, CHILDREN = 3, 4
SHORT_FRAMES = 148              # 1.5 s of sound
SESSIONS_S = (3, 6)
SESSION_STARTS = (0, 2)         # with which utterance a session begins


def small(piece):
    return piece.astype(np.float16)


class Heard:
    """One utterance, as cepstra."""

    def __init__(self, samples):
        self.samples = samples
        self.static, self.energy = features.cepstra(samples)
        self.first = np.flatnonzero(features.gate(self.energy))[0]
        self.all = self.cut()

    def cut(self, frames=None):
        """(features of speech frames, clearance), of all or of the first frames of speech."""
        end = None if frames is None else self.first + frames
        begin = 0 if frames is None else self.first
        energy = self.energy[begin:end]
        return small(features.centred(self.static[begin:end], energy)[0]), \
            features.clearance(energy)


def session(utterances, start, frames):
    """Utterances until there is so much speech in them; None where there is too little."""
    pieces = []
    for heard in utterances[start:]:
        pieces.append(heard.all)
        if sum(len(piece) for piece, _ in pieces) >= frames:
            return pieces
    return None


def person(kind, speaker, utterances):
    """What is tried of one person: [(name, [(features, clearance) of each utterance])]."""
    trials = []
    for heard in utterances:
        trials.append(("1.5 s", [heard.cut(SHORT_FRAMES)]))
        trials.append(("one", [heard.all]))
    for seconds in SESSIONS_S:
        for start in SESSION_STARTS:
            pieces = session(utterances, start, seconds * 100)
            if pieces:
                trials.append((f"{seconds} s", pieces))
    return {"kind": kind, "speaker": speaker.name, "trials": trials}


def joined(*people):
    """People in one utterance, one after the other: (who, from which frame, to which)."""
    static, energy = (np.concatenate([getattr(heard, what)[a:b] for heard, a, b in people])
                      for what in ("static", "energy"))
    return small(features.centred(static, energy)[0]), features.clearance(energy)


def whole(heard):
    return heard, 0, None


def word(heard):
    """The beginning of what somebody says."""
    return heard, heard.first, heard.first + SHORT_FRAMES


def together(first, second):
    """Two people at once."""
    count = min(len(first.samples), len(second.samples))
    return Heard((first.samples[:count] // 2 + second.samples[:count] // 2).astype(np.int16)).cut()


def household(job):
    part, seed, roomy = job
    rng = np.random.default_rng(seed)
    adults = [speaker for speaker in part if speaker.adult]
    children = [speaker for speaker in part if speaker.child]
    adults = [adults[i] for i in rng.permutation(len(adults))[:2 + STRANGERS]]
    children = [children[i] for i in rng.permutation(len(children))[:CHILDREN]]
    present = set(adults + children)
    voices = [samples for speaker in part if speaker not in present
              for samples in speaker.utterances[:2]]
    space = rooms.room(rng)

    def hear(samples, snr_db):
        if not roomy:
            return Heard(samples)
        return Heard(rooms.hear(rng, samples, rooms.response(space, rooms.place(rng, space)),
                                voices, snr_db))

    enrolled, people, said = [], [], {}
    for place, speaker in enumerate(adults + children):
        order = rng.permutation(len(speaker.utterances))
        if place < 2:
            enrolled.append({"speaker": speaker.name, "pieces": [
                hear(speaker.utterances[i], ENROLMENT_SNR_DB).cut()[0]
                for i in order[:ENROLMENT]]})
        said[speaker.name] = [hear(speaker.utterances[i], rooms.SNR_DB)
                              for i in order[-ENROLMENT:]]
        kind = "own" if place < 2 else "stranger" if speaker.adult else "child"
        people.append(person(kind, speaker, said[speaker.name]))
    first = said[adults[0].name]
    before = session(first, 0, 600) or [heard.all for heard in first]
    for place, speaker in enumerate(children):
        own = said[speaker.name]
        people.append({"kind": "child", "speaker": speaker.name, "trials":
                       [("after an adult", before + [heard.all]) for heard in own] +
                       [("with an adult", [joined(whole(first[place]), whole(own[0]))]),
                        ("with an adult", [joined(whole(own[1]), whole(first[place]))]),
                        ("a word before", [joined(word(own[3]), whole(first[place]))]),
                        ("a word behind", [joined(whole(first[place]), word(own[4]))]),
                        ("over an adult", [together(first[place], own[2])])]})
    return {"roomy": roomy, "enrolled": enrolled, "people": people}


def simulate(parts, count, seed=21):
    """For each part its households, half of them in rooms."""
    jobs = [(part, (seed, place, number), number % 2 == 1)
            for place, part in enumerate(parts) for number in range(count)]
    with multiprocessing.Pool(PROCESSES) as pool:
        homes = list(pool.imap(household, jobs))
    return [homes[place * count:(place + 1) * count] for place in range(len(parts))]
