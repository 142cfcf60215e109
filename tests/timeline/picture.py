# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boots as a picture: a bar for each, in the phases that it spent its time on. Pure; SVG that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from timeline.phases import PHASES, Phase

WIDTH, NAMES, EDGE = 860, 170, 12  # pixels: in all, for names, around
TITLE, ROW, GAP, LEGEND = 24, 22, 14, 20
COLOURS = ("#8c959f", "#54aeff", "#d4a72c", "#cf222e", "#8250df", "#2da44e")
STYLE = """\
.ground { fill: #ffffff; } .text { fill: #1f2328; } text { font: 13px system-ui, sans-serif; }
.title { font-weight: 600; }
@media (prefers-color-scheme: dark) { .ground { fill: #0d1117; } .text { fill: #e6edf3; } }"""
LICENCE = """\
<!--
SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
SPDX-License-Identifier: GPL-3.0-or-later
-->
"""


def picture(boots: Mapping[str, Mapping[str, Sequence[Phase]]], shows: str) -> str:
    """Return ``boots``, by machine and then by server, as SVG; ``shows`` is for those who can't see it."""
    room = WIDTH - NAMES - 2 * EDGE - 60
    longest = max(sum(phase.seconds for phase in bar) for bars in boots.values() for bar in bars.values())
    parts: list[str] = []
    top = EDGE
    for title, bars in boots.items():
        parts.append(_text(EDGE, top + 14, title, "text title"))
        top += TITLE
        for name, bar in bars.items():
            parts.append(_text(EDGE + NAMES - 8, top + 13, name, anchor="end"))
            left = float(EDGE + NAMES)
            for phase in bar:
                wide = room * phase.seconds / longest
                tip = f"<title>{escape(phase.name)}: {phase.seconds:.2f} s</title>"
                colour = COLOURS[PHASES.index(phase.name)]
                place = f'x="{left:.1f}" y="{top + 1}" width="{wide:.1f}" height="{ROW - 6}"'
                parts.append(f'<rect fill="{colour}" {place}>{tip}</rect>')
                left += wide
            parts.append(_text(left + 6, top + 13, f"{sum(phase.seconds for phase in bar):.1f} s"))
            top += ROW
        top += GAP
    for number, name in enumerate(PHASES):
        x, y = EDGE + WIDTH // 3 * (number % 3), top + LEGEND * (number // 3)
        parts.append(f'<rect fill="{COLOURS[number]}" x="{x}" y="{y}" width="12" height="12"/>')
        parts.append(_text(x + 18, y + 11, name))
    height = top + LEGEND * 2 + EDGE
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{escape(shows)}">'
    ground = f'<rect class="ground" width="{WIDTH}" height="{height}" rx="6"/>'
    return LICENCE + "\n".join([head, f"<style>\n{STYLE}\n</style>", ground, *parts, "</svg>\n"])


def _text(x: float, y: float, words: str, kind: str = "text", anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}">{escape(words)}</text>'
