# SPDX-License-Identifier: Apache-2.0
"""Thresholds from some speakers, figures of others."""

import numpy as np

CLEARANCES_DB = (22.0, 34.0)    # thresholds for noisier and for clearer speech
BORDER_DB = 28.0
CHILD, STRANGER = 0.004, 0.02   # taken for an adult of the household, at the most
CHILD_AFTER = 0.01             # the same, right after such an adult
OWN_PART = 0.015               # of those recognised, refused for one of their parts
LENGTHS = ("1.5 s", "one", "3 s", "6 s")


def least(scores, part):
    """The score that at most this part of the scores reaches."""
    return np.quantile(scores, 1.0 - part) if len(scores) else -np.inf


def thresholds(rows):
    """[(clearance, whole, alone, part)] as in the model's file."""
    table = []
    for clearance, chosen in zip(CLEARANCES_DB, (rows["clearance"] < BORDER_DB,
                                                 rows["clearance"] >= BORDER_DB)):
        some = rows[chosen]
        tried = some[np.isin(some["name"], LENGTHS)]
        whole = max(least(tried["whole"][tried["kind"] == "child"], CHILD),
                    least(tried["whole"][tried["kind"] == "stranger"], STRANGER))
        after = some[(some["name"] == "after an adult") & (some["whole"] >= whole)]
        every = (some["name"] == "after an adult").sum()
        alone = np.sort(after["alone"])[::-1][int(CHILD_AFTER * every)]
        own = some[(some["kind"] == "own") & (some["whole"] >= whole) & some["right"]]
        part = np.quantile(own["part"], OWN_PART)
        table.append((clearance, whole, min(whole, alone), part))
    return table


def accepted(rows, table):
    table = np.array(table)
    whole, alone, part = (np.interp(rows["clearance"], table[:, 0], table[:, column])
                          for column in (1, 2, 3))
    return (rows["whole"] >= whole) & (rows["alone"] >= alone) & (rows["part"] >= part)
