# SPDX-License-Identifier: Apache-2.0
"""Thresholds from some speakers, figures of others."""

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_matrix, eye, hstack

CLEARANCE_DB, SPEECH_S = (15.0, 40.0), (0.8, 8.0)   # beyond these a threshold changes no more
CHILD, STRANGER = 0.0035, 0.02  # taken for an adult of the household, at the most
CHILD_AFTER = 0.025            # the same, right after such an adult
OWN_PART = 0.025               # of the adults' own, refused for one of their parts
SESSION_WEIGHT = 0.5           # of likeness to what was said just before
FOLLOWING_MIN_S = 1.0          # what is shorter is judged by itself
REFUSED = -100.0
LENGTHS = ("1.5 s", "one", "3 s", "6 s")


def planes_of(clearance, speech_s):
    """What a threshold may depend on: a constant, clearance in dB, doublings of a second."""
    return np.stack([np.ones(len(clearance)), np.clip(clearance, *CLEARANCE_DB),
                     np.log2(np.clip(speech_s, *SPEECH_S))], axis=1)


def plane(known, scores, part):
    """Coefficients of the threshold below which this part of the scores lies: quantile regression,
    as a linear programme."""
    count, width = known.shape
    cost = np.concatenate([np.zeros(2 * width), np.full(count, part), np.full(count, 1.0 - part)])
    equal = hstack([csr_matrix(known), -csr_matrix(known), eye(count), -eye(count)]).tocsc()
    found = linprog(cost, A_eq=equal, b_eq=scores, bounds=(0, None), method="highs").x
    return found[:width] - found[width:2 * width]


def following(rows):
    """Which follow something, and the score of being the same voice on."""
    follows = ~np.isnan(rows["session"]) & (rows["last_s"] >= FOLLOWING_MIN_S)
    return follows, rows["alone"] + SESSION_WEIGHT * np.nan_to_num(rows["session"])


def thresholds(rows):
    """Three planes as in the model's file: whole, following, part. First the parts, for a voice
    that is not one is refused whatever else it is like."""
    rows = rows[rows["whole"] > -np.inf]
    long = planes_of(rows["clearance"], rows["speech_s"])
    last = planes_of(rows["clearance"], rows["last_s"])
    own = (rows["kind"] == "own") & rows["right"] & (rows["parts"] > 1) & \
        np.isin(rows["name"], LENGTHS)
    part = plane(last[own], rows["part"][own], OWN_PART)
    one_voice = (rows["parts"] < 2) | (rows["part"] >= last @ part)
    whole_scores = np.where(one_voice, rows["whole"], REFUSED)
    tried = np.isin(rows["name"], LENGTHS)
    child, stranger = (tried & (rows["kind"] == kind) for kind in ("child", "stranger"))
    whole = plane(long[child], whole_scores[child], 1.0 - CHILD)
    taken = (whole_scores >= long @ whole)[stranger].mean()
    if taken > STRANGER:
        raise SystemExit(f"{taken:.3f} of strangers taken for an adult")
    follows, scores = following(rows)
    after = (rows["name"] == "after an adult") & follows
    scores = np.where(whole_scores >= long @ whole, scores, REFUSED)
    return np.array([whole, plane(last[after], scores[after], 1.0 - CHILD_AFTER), part])


def accepted(rows, table):
    """As plugin/speaker.c says yes."""
    whole, following_, part = table
    long = planes_of(rows["clearance"], rows["speech_s"])
    last = planes_of(rows["clearance"], rows["last_s"])
    one_voice = (rows["parts"] < 2) | (rows["part"] >= last @ part)
    follows, scores = following(rows)
    # A voice that does not follow is judged afresh.
    return one_voice & np.where(follows & (scores >= last @ following_),
                                rows["whole"] >= long @ whole, rows["alone"] >= last @ whole)
