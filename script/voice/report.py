# SPDX-License-Identifier: Apache-2.0
"""Figures as tables, with what chance may have done to them."""

import numpy as np

from . import evaluation

LOW_HZ = 220.0
BOOTSTRAP = 1000


def pitch(samples):
    """The median pitch of the voiced frames, by autocorrelation: only to sort speakers for the
    tables. Nothing that Cubby decides hangs on it."""
    found = []
    for start in range(0, len(samples) - 800, 400):
        frame = samples[start:start + 800].astype(np.float64)
        frame -= frame.mean()
        power = (frame ** 2).sum()
        if power < 800 * 200.0 ** 2:
            continue
        correlation = np.correlate(frame, frame, "full")[799:]
        lag = 40 + int(correlation[40:200].argmax())
        if correlation[lag] > 0.5 * power:
            found.append(16000.0 / lag)
    return float(np.median(found)) if found else 0.0


def low_voiced(speakers):
    """Boys whose voices are as low as women's or lower."""
    return sorted(speaker.name for speaker in speakers
                  if speaker.child and speaker.gender == "m" and
                  np.median([pitch(samples) for samples in speaker.utterances]) < LOW_HZ)


def bounds(yes, who):
    """95 % of what other speakers of this kind would have given."""
    names, index = np.unique(who, return_inverse=True)
    count = np.bincount(index)
    hits = np.bincount(index, weights=yes)
    rng = np.random.default_rng(41)
    drawn = rng.integers(len(names), size=(BOOTSTRAP, len(names)))
    return np.quantile(hits[drawn].sum(axis=1) / count[drawn].sum(axis=1), (0.025, 0.975))


def figure(yes, rows):
    if not len(rows):
        return "none"
    low, high = bounds(yes, rows["speaker"])
    return (f"{100 * yes.mean():.2f} % ({100 * low:.2f} to {100 * high:.2f}; "
            f"{len(np.unique(rows['speaker']))} people, {len(rows)} times)")


def tables(rows, yes, low):
    low_rows = np.isin(rows["speaker"], low)
    print(f"Boys with low voices: {len(low)} of {len(set(rows['speaker'][rows['kind'] == 'child']))}"
          " children\n")
    print("| | adult recognised | as the other adult | child taken for an adult | of these, boys "
          "with low voices | stranger adult taken for one |")
    print("|---|---|---|---|---|---|")
    for roomy in (False, True):
        for name in evaluation.LENGTHS:
            chosen = (rows["roomy"] == roomy) & (rows["name"] == name)

            def column(kind, also=None, said=yes):
                mask = chosen & (rows["kind"] == kind)
                if also is not None:
                    mask &= also
                return figure(said[mask], rows[mask])
            print(f"| {'room' if roomy else 'clean'}, {name} "
                  f"| {column('own', said=yes & rows['right'])} "
                  f"| {column('own', said=yes & ~rows['right'])} | {column('child')} "
                  f"| {column('child', low_rows)} | {column('stranger')} |")
    print("\n| a child and an adult of the household | taken for the adult, clean | room |")
    print("|---|---|---|")
    for name in ("after an adult", "with an adult", "a word before", "a word behind",
                 "over an adult"):
        cells = []
        for roomy in (False, True):
            mask = (rows["roomy"] == roomy) & (rows["name"] == name)
            cells.append(figure(yes[mask], rows[mask]))
        print(f"| {name} | {' | '.join(cells)} |")
    for roomy in (False, True):
        mask = (rows["roomy"] == roomy) & np.isin(rows["name"], evaluation.LENGTHS) & \
            (rows["kind"] == "child")
        print(f"\nChildren, all lengths, {'room' if roomy else 'clean'}: "
              f"{figure(yes[mask], rows[mask])}")


def unchecked(rows, yes):
    print("\n| were all taken for one voice | adult recognised | child taken for an adult |")
    print("|---|---|---|")
    for roomy in (False, True):
        for name in evaluation.LENGTHS:
            own, child = ((rows["roomy"] == roomy) & (rows["name"] == name) &
                          (rows["kind"] == kind) for kind in ("own", "child"))
            print(f"| {'room' if roomy else 'clean'}, {name} "
                  f"| {figure((yes & rows['right'])[own], rows[own])} "
                  f"| {figure(yes[child], rows[child])} |")
