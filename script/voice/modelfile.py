# SPDX-License-Identifier: Apache-2.0
"""A trained model as the bytes that lib/speaker/model.h describes."""

import hashlib
import struct

import numpy as np

from . import backend as backends
from . import model


def quantised(matrix):
    """(a scale for each component, 16-bit integers)."""
    scales = np.abs(matrix).max(axis=(1, 2)) / 32767.0
    return scales.astype("<f4"), np.round(matrix / scales[:, None, None]).astype("<i2")


def pack(base, backend, thresholds):
    weights, means, variances = base.ubm
    scales, matrix = quantised(base.extractor.matrix)
    components, width, rank = matrix.shape
    body = b"cubbysp4" + struct.pack("<6H", width, components, rank, len(backend.spread), 0, 0)
    for numbers in (weights, means, np.sqrt(variances), scales):
        body += numbers.astype("<f4").tobytes()
    body += matrix.tobytes()
    for numbers in (backend.offset, backend.whitening, backend.projection, backend.centre,
                    backend.spread, thresholds):
        body += np.ascontiguousarray(numbers).astype("<f4").tobytes()
    return body + hashlib.blake2b(body, digest_size=32).digest()


class Read:
    """A model as it was written, to hear with as with the one that was trained."""

    def __init__(self, content):
        width, components, rank, dimensions = struct.unpack_from("<4H", content, 8)
        self.content, self.place = content, 20
        weights, means, deviations, scales = (
            self.take("<f4", shape) for shape in
            ((components,), (components, width), (components, width), (components,)))
        self.ubm = weights, means, deviations ** 2
        self.extractor = model.Extractor(self.take("<i2", (components, width, rank)) *
                                         scales[:, None, None])
        self.backend = backends.Backend(*(
            self.take("<f4", shape) for shape in
            ((rank,), (rank, rank), (rank, dimensions), (dimensions,), (dimensions,))))
        self.thresholds = self.take("<f4", (3, 4))

    def take(self, kind, shape):
        numbers = np.frombuffer(self.content, kind, np.prod(shape), self.place).reshape(shape)
        self.place += numbers.nbytes
        return numbers

    def statistics(self, piece):
        return model.statistics(piece.astype(np.float32), self.ubm)


def identity(content):
    """What a voiceprint calls the model by."""
    return hashlib.blake2b(content, digest_size=32).hexdigest()
