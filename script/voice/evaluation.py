# SPDX-License-Identifier: Apache-2.0
"""Thresholds from some speakers, figures of others."""

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_matrix, eye, hstack

from . import trial

CLEARANCE_DB, SPEECH_S = (15.0, 40.0), (0.8, 8.0)   # beyond these a threshold changes no more
STRANGER = 0.02                # taken for an adult of the household, at the most
CHILD = 0.003, 0.005           # the same; clean, and in a room
CHILD_AFTER = 0.01, 0.02       # the same, right after such an adult
CHILD_WITH = 0.03              # the same, in one utterance with the adult
BETWEEN_WEIGHT = 0.5           # of likeness to what was said just before, or on the other side
SPLIT_PER_DB, SPLIT_PER_DOUBLING = 0.4, 12.0    # so much more alike must sides be that are
                                                # clearer, or twice as long
WHOLE_PER_DOUBLING = 0.06      # for each dB over the least: so much more like the voice must
                                # twice as much speech be
FOLLOWING_MIN_S = 1.0          # what is shorter is judged by itself
REFUSED, ACCEPTED = -100.0, 100.0
LENGTHS = ("1.5 s", "one", "3 s", "6 s")


def surface_of(clearance, speech_s):
    """What a threshold may depend on: a constant, clearance in dB, doublings of a second, both."""
    clear = np.clip(clearance, *CLEARANCE_DB)
    long = np.log2(np.clip(speech_s, *SPEECH_S))
    return np.stack([np.ones(len(clear)), clear, long, clear * long], axis=1)


def line(known, scores, above):
    """Coefficients of the threshold above which this part of the scores lies, for each its own:
    quantile regression, as a linear programme."""
    count, width = known.shape
    cost = np.concatenate([np.zeros(2 * width), 1.0 - above, above])
    equal = hstack([csr_matrix(known), -csr_matrix(known), eye(count), -eye(count)]).tocsc()
    found = linprog(cost, A_eq=equal, b_eq=scores, bounds=(0, None), method="highs").x
    return found[:width] - found[width:2 * width]


def following(rows):
    """Which follow something, and the score of being the same voice on."""
    follows = ~np.isnan(rows["session"]) & (rows["last_s"] >= FOLLOWING_MIN_S)
    return follows, rows["alone"] + BETWEEN_WEIGHT * np.nan_to_num(rows["session"])


def sides(rows):
    """The least likeness of the sides of any split, counted for sides of one second in which
    speech and noise are equally loud."""
    known = np.arange(rows["side"].shape[1]) < rows["splits"][:, None]
    long = np.log2(np.clip(rows["shorter_s"], *SPEECH_S))
    scores = rows["side"] + BETWEEN_WEIGHT * rows["between"] - SPLIT_PER_DOUBLING * long
    return np.where(known, scores, ACCEPTED).min(axis=1) - \
        SPLIT_PER_DB * np.clip(rows["clearance"], *CLEARANCE_DB)


def whole_surface(long, scores, above):
    """For the children's scores: as high as it must be, and as steep in dB. How much more of
    longer speech is given."""
    given = WHOLE_PER_DOUBLING * np.array([-CLEARANCE_DB[0], 1.0])
    return np.concatenate([line(long[:, :2], scores - long[:, 2:] @ given, above), given])


def thresholds(rows):
    """Three surfaces as in the model's file: whole, following, split. Which splits are two voices
    is chosen on what is like one of the enrolled as a whole, and the whole on what is no two
    voices."""
    rows = rows[rows["whole"] > -np.inf]
    long = surface_of(rows["clearance"], rows["speech_s"])
    last = surface_of(rows["clearance"], rows["last_s"])
    tried = np.isin(rows["name"], LENGTHS)
    child, stranger = (tried & (rows["kind"] == kind) for kind in ("child", "stranger"))
    above = np.where(rows["roomy"], CHILD[1], CHILD[0])[child]
    whole = whole_surface(long[child], rows["whole"][child], above)
    joined = rows["name"] == "with an adult"
    scores = np.where(rows["whole"] >= long @ whole, sides(rows), REFUSED)
    split = np.quantile(scores[joined], 1.0 - CHILD_WITH)
    one_voice = sides(rows) >= split
    whole_scores = np.where(one_voice, rows["whole"], REFUSED)
    whole = whole_surface(long[child], whole_scores[child], above)
    if (long @ whole).min() < trial.SURELY_NOBODY:
        raise SystemExit("what was not split could have been taken for an adult")
    taken = (whole_scores >= long @ whole)[stranger].mean()
    if taken > STRANGER:
        raise SystemExit(f"{taken:.3f} of strangers taken for an adult")
    follows, scores = following(rows)
    after = (rows["name"] == "after an adult") & follows
    scores = np.where(whole_scores >= long @ whole, scores, REFUSED)
    above = np.where(rows["roomy"], CHILD_AFTER[1], CHILD_AFTER[0])[after]
    return np.array([whole, [*line(last[after, :2], scores[after], above), 0.0, 0.0],
                     [split, SPLIT_PER_DB, SPLIT_PER_DOUBLING, 0.0]])


def accepted(rows, table):
    """As plugin/speaker.c says yes."""
    whole, following_, split = table
    long = surface_of(rows["clearance"], rows["speech_s"])
    last = surface_of(rows["clearance"], rows["last_s"])
    one_voice = sides(rows) >= split[0]
    follows, scores = following(rows)
    # A voice that does not follow is judged afresh.
    return one_voice & np.where(follows & (scores >= last @ following_),
                                rows["whole"] >= long @ whole, rows["alone"] >= last @ whole)


def accepted_unchecked(rows, table):
    """The same, were all that is said before and in one utterance taken for one voice."""
    return rows["whole"] >= surface_of(rows["clearance"], rows["speech_s"]) @ table[0]
