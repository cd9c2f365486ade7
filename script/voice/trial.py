# SPDX-License-Identifier: Apache-2.0
"""Households through a model: one row for each decision that the ear would have to make."""

import numpy as np

from . import model

PIECE_MIN_FRAMES = 70   # less is too short to tell
PART_FRAMES = 100       # an utterance is also judged in parts of so many frames of speech
ROW = np.dtype([("roomy", bool), ("name", "U16"), ("kind", "U8"), ("speaker", "U8"),
                ("speech_s", float), ("last_s", float), ("clearance", float), ("whole", float),
                ("alone", float), ("session", float), ("part", float), ("parts", int),
                ("right", bool)])


class Points:
    """Points of everything in one household; what it takes to score them with any backend."""

    def __init__(self, base, home):
        self.roomy = home["roomy"]
        self.counts, self.firsts = [], []
        self.enrolled = [(adult["speaker"], [self.add(*base.statistics(piece))
                                             for piece in adult["pieces"]])
                         for adult in home["enrolled"]]
        self.trials = []
        for person in home["people"]:
            for name, pieces in person["trials"]:
                last, clearance = pieces[-1]
                before = [piece for piece, _ in pieces[:-1] if len(piece) >= PIECE_MIN_FRAMES]
                self.trials.append((person["kind"], person["speaker"], name, clearance,
                                    self.trial(base, before, last)))
        self.points = base.extractor.points(np.array(self.counts), np.array(self.firsts))
        del self.counts, self.firsts

    def add(self, count, first):
        self.counts.append(count)
        self.firsts.append(first)
        return len(self.counts) - 1

    def trial(self, base, before, last):
        if len(last) < PIECE_MIN_FRAMES:
            return None
        number = max(1, len(last) // PART_FRAMES)
        edges = [len(last) * i // number for i in range(number + 1)]
        parts = [base.statistics(last[a:b]) for a, b in zip(edges, edges[1:])]
        alone = (sum(part[0] for part in parts), sum(part[1] for part in parts))
        seconds = len(last) / 100.0, (len(last) + sum(map(len, before))) / 100.0
        alone_at = self.add(*alone)
        parts_at = [self.add(*part) for part in parts] if number > 1 else [alone_at]
        if not before:
            return alone_at, alone_at, parts_at, None, 0, seconds
        said = [base.statistics(piece) for piece in before]
        count, first = (sum(piece[i] for piece in said) for i in (0, 1))
        return (self.add(alone[0] + count, alone[1] + first), alone_at, parts_at,
                self.add(count, first), len(said), seconds)

    def rows(self, backend):
        points = backend.project(self.points)
        enrolled = np.array([points[places].mean(axis=0) for _, places in self.enrolled])
        scores = backend.score(enrolled, len(self.enrolled[0][1]), points)
        rows = np.zeros(len(self.trials), ROW)
        for row, (kind, speaker, name, clearance, places) in zip(rows, self.trials):
            row["roomy"], row["name"], row["kind"], row["speaker"] = \
                self.roomy, name, kind, speaker
            row["clearance"], row["whole"], row["session"] = clearance, -np.inf, np.nan
            row["alone"] = -np.inf
            if places is None:
                continue
            whole, alone, parts, before, count, (row["last_s"], row["speech_s"]) = places
            best = int(scores[:, whole].argmax())
            if best == int(scores[:, alone].argmax()):
                row["whole"] = scores[best, whole]
            row["alone"], row["parts"] = scores[:, alone].max(), len(parts)
            if before is not None:
                row["session"] = backend.score(points[[before]], count, points[[alone]])[0, 0]
            row["part"] = scores[best, parts].min()
            row["right"] = self.enrolled[best][0] == speaker
        return rows
