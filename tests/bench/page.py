#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes docs/benchmarks.md from what "script/bench --json" printed.

usage: page.py FILE... >docs/benchmarks.md

FILE: the JSON of one run, of all rows or (--only) of some; all on the same machine."""

import json
import sys

from bench import cells


def page(result):
    lines = [
        "# Benchmarks", "",
        f"Measured on {result['date']} with `{result['command']}`: {result['system']}, kernel "
        f"{result['kernel']}, {result['cpu']}, {result['cores']} cores, "
        f"{result['memory_gib']} GiB; {result['disk']}. Load average {result['load_least']:.1f} "
        f"to {result['load_most']:.1f} while it ran"
        + (f", itself at nice {result['nice']}" if result["nice"] else "")
        + (": the machine was not quiet, and absolute figures say little; both sides of a row "
           "were measured in turn. A goal in seconds that is missed here may be met on a quiet "
           "machine and is to be measured again there." if result["load_most"] > result["cores"] / 2 else "."), "",
        "Medians, with the least and the most in brackets. The ratio is the median of those of "
        "the pairs, Cubby's divided by the other's. This page is written by "
        "`tests/bench/page.py` from the command's `--json`.", "",
        "| what | Cubby | beside | that takes | ratio | goal |", "|---|---|---|---|---|---|"]
    lines += ["| " + " | ".join(cells(row)) + " |" for row in result["rows"]]
    if any(curve["ours"] for curve in result["curves"].values()):
        lines += ["", "![Cost of one thing against how many items are kept]"
                  "(images/benchmarks-sizes.svg)", "",
                  "Whole lines are Cubby's, dotted ones plain files'; `tests/bench/plot.py` drew it."]
    few = [f"- {row['row']}: only {len(row['ours'])} runs, not the five there should be."
           for row in result["rows"] if 1 < len(row["ours"]) < 5]
    notes = few + [f"- {row['row']}: {row['note']}." for row in result["rows"] if row["note"]]
    if notes:
        lines += ["", "## What the rows mean", ""] + notes
    return "\n".join(lines) + "\n"


def main(paths):
    results = []
    for path in paths:
        with open(path, encoding="utf-8") as file:
            results.append(json.load(file))
    whole = dict(results[0])
    whole["command"] = "`, `".join(result["command"] for result in results)
    whole["curves"] = {key: curve for result in results
                       for key, curve in result["curves"].items()}
    whole["rows"] = [row for result in results for row in result["rows"]]
    whole["load_least"] = min(result["load_least"] for result in results)
    whole["load_most"] = max(result["load_most"] for result in results)
    print(page(whole), end="")


if __name__ == "__main__":
    main(sys.argv[1:])
