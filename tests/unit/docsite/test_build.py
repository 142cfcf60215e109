# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module, plugin or role without a page is told."""

from __future__ import annotations

from docsite.build import undocumented


def test_what_has_no_page_is_told(tmp_path):
    collection = ("plugins/modules/a.py", "plugins/filter/b.py", "plugins/modules/_c.py", "roles/d/README.md")
    for name in (*collection, "site/docs/collection/a_module.html"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("", encoding="utf-8")
    missing = ["there is no page of b_filter", "there is no page of d_role"]
    assert undocumented(tmp_path, tmp_path / "site") == missing
