# SPDX-License-Identifier: Apache-2.0
"""Households through a model: one row for each decision that the ear would have to make."""

import numpy as np

from . import features

PIECE_MIN_FRAMES = 70   # less is too short to tell
BLOCK_FRAMES = 50       # an utterance is split between blocks of about so many frames of speech,
SIDE_BLOCKS = 2         # so many at least on each side,
SPLITS = 6              # at so many places at the most
SURELY_NOBODY = 3.0     # what scores less is below any threshold for the whole: nothing to split
ROW = np.dtype([("roomy", bool), ("name", "U16"), ("kind", "U8"), ("speaker", "U8"),
                ("speech_s", float), ("last_s", float), ("clearance", float), ("whole", float),
                ("alone", float), ("session", float), ("right", bool), ("splits", int),
                ("side", float, SPLITS), ("between", float, SPLITS),
                ("shorter_s", float, SPLITS)])


def places(frames):
    """Where an utterance is split."""
    blocks = frames // BLOCK_FRAMES
    last = blocks - SIDE_BLOCKS
    number = min(SPLITS, last - SIDE_BLOCKS + 1)
    return [frames * (SIDE_BLOCKS + (last - SIDE_BLOCKS) * i // max(1, number - 1)) // blocks
            for i in range(number)]


class Listener:
    """Statistics of each piece of one household, made but once, and points of them."""

    def __init__(self, base, backend):
        self.base, self.backend, self.known = base, backend, {}

    def of(self, pieces):
        for piece in pieces:
            if id(piece) not in self.known:
                self.known[id(piece)] = self.base.statistics(piece)
        said = [self.known[id(piece)] for piece in pieces]
        return sum(one[0] for one in said), sum(one[1] for one in said)

    def points(self, statistics):
        counts, firsts = (np.array([one[i] for one in statistics]) for i in (0, 1))
        return self.backend.project(self.base.extractor.points(counts, firsts))

    def sides(self, piece, cuts):
        """Points of what lies before and behind each cut, as of utterances of their own."""
        piece = piece.astype(np.float32)
        points = self.points([self.base.statistics(features.less_mean(side))
                              for cut in cuts for side in (piece[:cut], piece[cut:])])
        return points[0::2], points[1::2]


def split(row, listener, voice, count, piece):
    """How like the voice, and how like one another, both sides of each split are."""
    cuts = places(len(piece))
    row["splits"] = len(cuts)
    if not cuts:
        return
    left, right = listener.sides(piece, cuts)
    score = listener.backend.score
    for place, cut in enumerate(cuts):
        row["side"][place] = min(score(voice[None], count, points[[place]])[0, 0]
                                 for points in (left, right))
        row["between"][place] = score(left[[place]], 1, right[[place]])[0, 0]
        row["shorter_s"][place] = min(cut, len(piece) - cut) / 100.0


def judge(row, listener, home, enrolled, pieces, points):
    """points: of the last piece, of all, and, where there is more than the last, of the others."""
    score, count = listener.backend.score, len(home["enrolled"][0]["pieces"])
    scores = score(enrolled, count, points)
    best = int(scores[:, 0].argmax())
    row["alone"] = scores[best, 0]
    if best == int(scores[:, 1].argmax()):
        row["whole"] = scores[best, 1]
    if len(pieces) > 1:
        row["session"] = score(points[[2]], len(pieces) - 1, points[[0]])[0, 0]
    row["right"] = home["enrolled"][best]["speaker"] == row["speaker"]
    if max(row["whole"], row["alone"]) > SURELY_NOBODY:
        split(row, listener, enrolled[best], count, pieces[-1])


def rows(base, backend, home):
    """What they say of all that is tried in this household."""
    listener = Listener(base, backend)
    enrolled = np.array([listener.points([listener.of([piece]) for piece in adult["pieces"]])
                         .mean(axis=0) for adult in home["enrolled"]])
    trials = [(person, name, said) for person in home["people"] for name, said in person["trials"]]
    table = np.zeros(len(trials), ROW)
    table["whole"] = table["alone"] = -np.inf
    table["session"], table["roomy"] = np.nan, home["roomy"]
    heard, judged = [], []
    for row, (person, name, said) in zip(table, trials):
        row["name"], row["kind"], row["speaker"] = name, person["kind"], person["speaker"]
        last, row["clearance"] = said[-1]
        if len(last) < PIECE_MIN_FRAMES:
            continue
        pieces = [piece for piece, _ in said[:-1] if len(piece) >= PIECE_MIN_FRAMES] + [last]
        row["last_s"], row["speech_s"] = len(last) / 100.0, sum(map(len, pieces)) / 100.0
        first = len(heard)
        heard += [listener.of(some) for some in (pieces[-1:], pieces, pieces[:-1]) if some]
        judged.append((row, pieces, slice(first, len(heard))))
    points = listener.points(heard)
    for row, pieces, where in judged:
        judge(row, listener, home, enrolled, pieces, points[where])
    return table
