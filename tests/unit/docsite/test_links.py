# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links of a built site that lead nowhere, and what it loads from elsewhere, are found; all else is let be."""

from __future__ import annotations

import pytest

from docsite import links

GOOD = """<link rel="stylesheet" href="_static/a.css?v=1"><link rel="canonical" href="https://example.org/a">
<h1 id="top">A</h1><a href="#top">up</a><a href="docs/b.html#part%20two">b</a><a href="https://example.org/#x">away</a>
<a href="mailto:a@example.org">mail</a><img src="data:image/png;base64,AA==">"""


@pytest.fixture
def site(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "_static").mkdir()
    (tmp_path / "_static/a.css").write_text("@import 'b.css'; p { background: url(data:image/png;base64,AA==) }")
    (tmp_path / "docs/b.html").write_text('<p id="part two"><a href="../index.html">back</a>')
    (tmp_path / "index.html").write_text(GOOD)
    return tmp_path


def test_good_site_has_no_problems(site):
    assert links.problems(site) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('<a href="gone.html">', "links gone.html, and there is no such file"),
        ('<img src="gone.png">', "links gone.png, and there is no such file"),
        ('<a href="#gone">', "links #gone, and there is no such place on that page"),
        ('<a href="docs/b.html#gone">', "links docs/b.html#gone, and there is no such place on that page"),
        (
            '<script src="https://cdn.example.org/a.js">',
            "loads https://cdn.example.org/a.js, which is not of this site",
        ),
        ('<link rel="stylesheet" href="//cdn.example.org/a.css">', "loads //cdn.example.org/a.css, which is not of"),
    ],
)
def test_what_is_wrong_is_told_with_its_page(site, text, problem):
    (site / "index.html").write_text(GOOD + text)
    (found,) = links.problems(site)
    assert found.startswith(f"index.html {problem}")


@pytest.mark.parametrize("rule", ["@import 'https://cdn.example.org/f.css'", "src: url(//cdn.example.org/f.css)"])
def test_styles_load_nothing_from_elsewhere(site, rule):
    (site / "_static/a.css").write_text(rule)
    (problem,) = links.problems(site)
    assert problem.startswith("_static/a.css loads ") and problem.endswith(
        "cdn.example.org/f.css, which is not of this site"
    )
