# SPDX-License-Identifier: Apache-2.0
"""Points to scores: where voices differ most from one another and least from themselves, and how
much likelier two points are of one voice than of two."""

import numpy as np

SPREAD_MIN = 1e-3


class Backend:
    def __init__(self, offset, whitening, projection, centre, spread):
        self.offset, self.whitening = offset, whitening
        self.projection, self.centre, self.spread = projection, centre, spread

    @classmethod
    def train(cls, points, names, dimensions):
        points = points.astype(np.float64)
        offset = points.mean(axis=0)
        values, vectors = np.linalg.eigh(np.cov((points - offset).T))
        whitening = vectors / np.sqrt(values)
        white = cls.even((points - offset) @ whitening)
        who, index = np.unique(names, return_inverse=True)
        counts = np.bincount(index).astype(np.float64)
        means = np.zeros((len(who), white.shape[1]))
        np.add.at(means, index, white)
        means /= counts[:, None]
        apart = white - means[index]
        within = apart.T @ apart / (len(white) - len(who))
        between = np.cov(means.T) - within / counts.mean()
        values, vectors = np.linalg.eigh(within)
        steady = vectors / np.sqrt(values)
        values, vectors = np.linalg.eigh(steady.T @ between @ steady)
        order = np.argsort(-values)[:dimensions]
        projection = steady @ vectors[:, order]
        return cls(offset, whitening, projection, means.mean(axis=0) @ projection,
                   np.maximum(values[order], SPREAD_MIN))

    @staticmethod
    def even(white):
        """All of one length: how far a point is from the middle says more about the sound than
        about the voice."""
        return white * np.sqrt(white.shape[1]) / np.linalg.norm(white, axis=1, keepdims=True)

    def project(self, points):
        return self.even((points - self.offset) @ self.whitening) @ self.projection - self.centre

    def score(self, enrolled, count, points):
        """enrolled: a mean of `count` projected points for each voice. Voices x points."""
        known = count * self.spread + 1.0
        same, other = 1.0 + self.spread / known, 1.0 + self.spread
        expected = enrolled * count * self.spread / known
        alone = 0.5 * ((points ** 2 / other).sum(axis=1) + np.log(other / same).sum())
        miss = ((points ** 2 / same).sum(axis=1)[None, :] - 2.0 * (expected / same) @ points.T +
                (expected ** 2 / same).sum(axis=1)[:, None])
        return alone[None, :] - 0.5 * miss
