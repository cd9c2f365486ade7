# SPDX-License-Identifier: Apache-2.0
"""A trained model as the bytes that lib/speaker/model.h describes."""

import hashlib
import struct

import numpy as np


def quantised(matrix):
    """(a scale for each component, 16-bit integers)."""
    scales = np.abs(matrix).max(axis=(1, 2)) / 32767.0
    return scales.astype("<f4"), np.round(matrix / scales[:, None, None]).astype("<i2")


def pack(base, backend, thresholds):
    weights, means, variances = base.ubm
    scales, matrix = quantised(base.extractor.matrix)
    components, width, rank = matrix.shape
    body = b"cubbysp2" + struct.pack("<6H", width, components, rank, len(backend.spread), 0, 0)
    for numbers in (weights, means, np.sqrt(variances), scales):
        body += numbers.astype("<f4").tobytes()
    body += matrix.tobytes()
    for numbers in (backend.offset, backend.whitening, backend.projection, backend.centre,
                    backend.spread, thresholds):
        body += np.ascontiguousarray(numbers).astype("<f4").tobytes()
    return body + hashlib.blake2b(body, digest_size=32).digest()


def identity(content):
    """What a voiceprint calls the model by."""
    return hashlib.blake2b(content, digest_size=32).hexdigest()
