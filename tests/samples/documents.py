# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strategies for hypothesis: plain documents, objects that resemble Hardware, and text that resembles YAML."""

from __future__ import annotations

import copy

import yaml
from hypothesis import strategies as st

from samples import howto

OBJECT = yaml.safe_load(howto.HARDWARE)

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.floats(allow_nan=False, allow_infinity=False, width=32)
    | st.text(max_size=20)
    | st.sampled_from(
        ["58:47:ca:71:d8:49", "12:34:56:12:34:56", "10.10.0.16", "yes", "null", "0x1f", "1e3", "- a", "#b"]
    )
)
PLAIN = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


def _paths(node, path=()):
    yield path
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for step, child in items:
        yield from _paths(child, (*path, step))


PATHS = [path for path in _paths(OBJECT) if path]


@st.composite
def damaged_objects(draw) -> dict:
    """Return the walk-through's object with some of its fields replaced by anything, or gone."""
    value = copy.deepcopy(OBJECT)
    for path in draw(st.lists(st.sampled_from(PATHS), min_size=1, max_size=4)):
        node = value
        for step in path[:-1]:
            node = node[step] if isinstance(node, dict) and step in node else node
            if isinstance(node, list):
                node = node[0] if node else {}
        if isinstance(node, dict):
            if draw(st.booleans()):
                node[str(path[-1])] = draw(PLAIN)
            else:
                node.pop(path[-1], None)
    return value


# Pieces of lines that YAML readers disagree about, put together at random.
LINES = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", " ", "  ", "    ", "\t"]),
    st.sampled_from(["", "", "- ", "-   ", "- - ", "? ", "-"]),
    st.sampled_from(["", "a: ", "b: ", "c:", "a.b/c: ", '"a": ', "yes: ", "<<: ", "a:b: ", "a : ", "_: "]),
    st.sampled_from(
        ["", "x", "x y", "x #y", "x#y", "#x", "'x'", "''", '"x"', '"\\n"', "'it''s'", "|", ">-", "[]", "[a, b]", "{}"]
        + [
            "&a 1",
            "*a",
            "!!str 1",
            "1",
            "-1",
            "1.5",
            "010",
            "0x1f",
            "1_0",
            "~",
            "null",
            "on",
            "Off",
            "2024-01-01",
            "...",
        ]
        + [
            "12:34:56",
            "a: b",
            "a:",
            ":",
            "-",
            "--",
            "- x",
            "%x",
            "@x",
            "`x",
            "x ",
            " x",
            "x  y",
            "x,y",
            "x]",
            "\x85x",
            "é",
        ]
    ),
)
YAML_LIKE = st.lists(LINES | st.sampled_from(["---", "...", "# c", "", "  # c"]), max_size=8).map("\n".join)
