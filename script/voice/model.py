# SPDX-License-Identifier: Apache-2.0
"""The speaker model: a diagonal background model, a total-variability extractor, a discriminating
projection and the variances between people. Trained by expectation maximisation; nothing random
but from the seeded generator."""

import numpy as np

BLOCK = 512


def responsibilities(frames, weights, means, variances):
    """Of each component for each frame, and the log likelihood of each frame."""
    inverse = 1.0 / variances
    constant = (np.log(weights) - 0.5 * (np.log(2.0 * np.pi * variances).sum(axis=1) +
                                         (means ** 2 * inverse).sum(axis=1)))
    scores = (frames @ (means * inverse).T - 0.5 * (frames ** 2) @ inverse.T +
              constant.astype(frames.dtype))
    top = scores.max(axis=1, keepdims=True)
    parts = np.exp(scores - top)
    total = parts.sum(axis=1, keepdims=True)
    return parts / total, (top + np.log(total))[:, 0]


def background(rng, frames, components, rounds=12):
    """A diagonal mixture, grown by splitting."""
    means = frames.mean(axis=0, keepdims=True, dtype=np.float64).astype(np.float32)
    variances = frames.var(axis=0, keepdims=True, dtype=np.float64).astype(np.float32)
    floor = 0.05 * variances
    weights = np.ones(1, np.float32)
    while True:
        for _ in range(4 if len(weights) < components else rounds):
            count = np.zeros(len(weights))
            first = np.zeros(means.shape)
            second = np.zeros(means.shape)
            for start in range(0, len(frames), 20000):
                block = frames[start:start + 20000]
                gamma, _ = responsibilities(block, weights, means, variances)
                count += gamma.sum(axis=0)
                first += gamma.T @ block
                second += gamma.T @ block ** 2
            count = np.maximum(count, 1.0)
            weights = (count / count.sum()).astype(np.float32)
            means = (first / count[:, None]).astype(np.float32)
            variances = np.maximum((second / count[:, None] - (first / count[:, None]) ** 2),
                                   floor).astype(np.float32)
        if len(weights) >= components:
            return weights, means, variances
        shift = 0.2 * np.sqrt(variances) * rng.choice([-1.0, 1.0], means.shape)
        means = np.concatenate([means + shift, means - shift]).astype(np.float32)
        variances = np.concatenate([variances, variances])
        weights = np.concatenate([weights, weights]) / np.float32(2.0)


def statistics(frames, ubm):
    """How often each component was met, and by how much it was missed there, in units of its own
    deviation."""
    weights, means, variances = ubm
    gamma, _ = responsibilities(frames, weights, means, variances)
    count = gamma.sum(axis=0)
    first = (gamma.T @ frames - count[:, None] * means) / np.sqrt(variances)
    return count.astype(np.float32), first.astype(np.float32)


class Extractor:
    """Statistics to a point (and how sure it is)."""

    def __init__(self, matrix):
        self.matrix = matrix.astype(np.float32)        # components x features x dimensions
        self.squares = np.matmul(self.matrix.transpose(0, 2, 1), self.matrix)

    def posterior(self, counts, firsts):
        components, _, rank = self.matrix.shape
        precision = counts @ self.squares.reshape(components, -1)
        precision = precision.reshape(-1, rank, rank) + np.eye(rank, dtype=np.float32)
        covariance = np.linalg.inv(precision)
        pull = firsts.reshape(len(firsts), -1) @ self.matrix.reshape(-1, rank)
        return np.matmul(covariance, pull[:, :, None])[:, :, 0], covariance

    def points(self, counts, firsts):
        return np.concatenate([self.posterior(counts[i:i + BLOCK], firsts[i:i + BLOCK])[0]
                               for i in range(0, len(counts), BLOCK)])


def extractor(rng, counts, firsts, rank, rounds=8):
    components, width = firsts.shape[1:]
    matrix = rng.normal(size=(components, width, rank)).astype(np.float32) * 0.1
    for _ in range(rounds):
        current = Extractor(matrix)
        squares = np.zeros((components, rank * rank))
        cross = np.zeros((components * width, rank))
        prior = np.zeros((rank, rank))
        for i in range(0, len(counts), BLOCK):
            block = slice(i, i + BLOCK)
            mean, covariance = current.posterior(counts[block], firsts[block])
            second = covariance + mean[:, :, None] * mean[:, None, :]
            squares += counts[block].T @ second.reshape(len(mean), -1)
            cross += firsts[block].reshape(len(mean), -1).T @ mean
            prior += second.sum(axis=0)
        squares = squares.reshape(components, rank, rank)
        squares += np.eye(rank) * 1e-3 * squares.trace(axis1=1, axis2=2).mean() / rank
        matrix = np.linalg.solve(squares, cross.reshape(components, width, rank)
                                 .transpose(0, 2, 1)).transpose(0, 2, 1)
        # The least divergence: points are to have the spread that the prior says.
        matrix = (matrix @ np.linalg.cholesky(prior / len(counts))).astype(np.float32)
    return Extractor(matrix)
