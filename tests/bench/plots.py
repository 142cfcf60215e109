# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bars as SVG, readable on a light and on a dark screen: the picture brings its own ground and follows the reader's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, NAMES, ROOM = 720, 150, 400  # pixels: in all, for the names, for the longest bar
TITLE, ROW, GAP, EDGE = 24, 22, 14, 12
STYLE = """\
.ground { fill: #ffffff; } .text { fill: #1f2328; } .peer { fill: #a3adb8; } .ours { fill: #0969da; }
.range { stroke: #1f2328; stroke-width: 1.5; } text { font: 13px system-ui, sans-serif; } .title { font-weight: 600; }
@media (prefers-color-scheme: dark) {
.ground { fill: #0d1117; } .text { fill: #e6edf3; } .peer { fill: #59636e; } .ours { fill: #4493f8; }
.range { stroke: #e6edf3; } }"""


@dataclass(frozen=True)
class Bar:
    """A figure: its median, the least and the most of it, and as text."""

    name: str
    middle: float
    least: float
    most: float
    text: str
    ours: bool = False


@dataclass(frozen=True)
class Panel:
    """Figures that are compared with each other."""

    title: str
    bars: Sequence[Bar]


def picture(panels: Sequence[Panel], shows: str) -> str:
    """Return the panels, one below the other, as SVG; ``shows`` is for those who can't see it."""
    parts: list[str] = []
    top = EDGE
    for panel in panels:
        parts += _panel(panel, top)
        top += TITLE + ROW * len(panel.bars) + GAP
    height = top - GAP + EDGE
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    return "\n".join(
        [
            f'{head} role="img" aria-label="{escape(shows)}">',
            f"<style>\n{STYLE}\n</style>",
            f'<rect class="ground" width="{WIDTH}" height="{height}" rx="6"/>',
            *parts,
            "</svg>\n",
        ]
    )


def _panel(panel: Panel, top: int) -> Iterable[str]:
    yield f'<text class="text title" x="{EDGE}" y="{top + 14}">{escape(panel.title)}</text>'
    longest = max((bar.most for bar in panel.bars), default=0) or 1
    for number, bar in enumerate(panel.bars):
        y = top + TITLE + ROW * number
        left = EDGE + NAMES
        wide, least, most = (ROOM * value / longest for value in (bar.middle, bar.least, bar.most))
        kind = "ours" if bar.ours else "peer"
        yield f'<text class="text" x="{left - 8}" y="{y + 13}" text-anchor="end">{escape(bar.name)}</text>'
        yield f'<rect class="{kind}" x="{left}" y="{y + 1}" width="{max(1.0, wide):.1f}" height="{ROW - 6}"/>'
        if most > least:
            yield f'<path class="range" d="M{left + least:.1f} {y + 9}H{left + most:.1f}"/>'
        yield f'<text class="text" x="{left + most + 8:.1f}" y="{y + 13}">{escape(bar.text)}</text>'
