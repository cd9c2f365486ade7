#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Draws cost against size, both logarithmic, from what "script/bench --json" printed.

usage: plot.py FILE >docs/images/benchmarks-sizes.svg"""

import json
import math
import sys

from sizes import points

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 812, 420, 76, 24, 270, 48
COLOURS = ["#1f77b4", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2"]
STYLE = """<style>text { font: 12px sans-serif; fill: #222 } .grid { stroke: #ccc }
polyline { fill: none; stroke-width: 2 } .other { stroke-dasharray: 3 4; stroke-width: 1.5 }
@media (prefers-color-scheme: dark) { .paper { fill: #181818 } text { fill: #ddd }
.grid { stroke: #444 } }</style>"""


def label(value, unit=""):
    return f"{value:,g}{unit}" if value >= 0.001 else f"{value:.0e}{unit}"


class Plot:
    def __init__(self, curves):
        self.curves = curves
        every = [point for curve in curves.values() for side in ("ours", "other")
                 for point in points(curve, side)]
        self.x0, self.x1 = (math.log10(f(x for x, _ in every)) for f in (min, max))
        self.y0 = math.floor(math.log10(min(y for _, y in every)))
        self.y1 = math.ceil(math.log10(max(y for _, y in every)))
        self.out = []

    def x(self, size):
        share = (math.log10(size) - self.x0) / ((self.x1 - self.x0) or 1)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, ms):
        share = (math.log10(ms) - self.y0) / ((self.y1 - self.y0) or 1)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    def text(self, x, y, words, more=""):
        self.out.append(f'<text x="{x:.1f}" y="{y:.1f}" {more}>{words}</text>')

    def grid(self):
        right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
        for power in range(self.y0, self.y1 + 1):
            y = self.y(10.0 ** power)
            self.out.append(f'<line class="grid" x1="{LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}"/>')
            self.text(LEFT - 6, y + 4, label(10.0 ** power, " ms"), 'text-anchor="end"')
        for power in range(math.ceil(self.x0), math.floor(self.x1) + 1):
            x = self.x(10 ** power)
            self.out.append(f'<line class="grid" x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{bottom}"/>')
            self.text(x, bottom + 18, f"{10 ** power:,}", 'text-anchor="middle"')
        self.text((LEFT + right) / 2, HEIGHT - 10, "items kept", 'text-anchor="middle"')

    def line(self, curve, side, colour):
        way = " ".join(f"{self.x(size):.1f},{self.y(ms):.1f}" for size, ms in points(curve, side))
        if way:
            self.out.append(f'<polyline class="{side}" stroke="{colour}" points="{way}"/>')

    def svg(self):
        self.grid()
        legend = TOP + 6
        for curve, colour in zip(self.curves.values(), COLOURS):
            for side, name in (("ours", curve["name"]), ("other", curve["other_name"])):
                if not curve[side]:
                    continue
                self.line(curve, side, colour)
                x = WIDTH - RIGHT + 14
                self.out.append(f'<polyline class="{side}" stroke="{colour}" '
                                f'points="{x},{legend} {x + 22},{legend}"/>')
                self.text(x + 28, legend + 4, name)
                legend += 20
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
                f'role="img" aria-label="Cost of one thing against how many items are kept">{STYLE}'
                f'<rect class="paper" width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>'
                + "\n".join(self.out) + "</svg>\n")


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        print(Plot(json.load(file)["curves"]).svg(), end="")
