# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sphinx's settings for the documentation site. Nothing of it is fetched: neither to build it nor to read it."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

project = "baremetal.netboot"
author = "The baremetal.netboot authors"
copyright = "2026 The baremetal.netboot authors"  # noqa: A001  # Sphinx's name for it
root_doc = "docs/README"

extensions = ["myst_parser", "sphinx_antsibull_ext"]
# Links to headings, by the names that GitHub gives them.
myst_heading_anchors = 4
# Said of every reference that leads nowhere; with -W the build fails.
nitpicky = True

# Text stays as it was written: two hyphens begin an option.
smartquotes = False

html_theme = "furo"
html_title = "baremetal\u200b.netboot"  # where it may be broken into two lines
html_copy_source = False
html_static_path = ["static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_use_index = False
pygments_style = "ansible"
highlight_language = "none"

# What documentation of plugins and roles refers to in Ansible's own.
ANSIBLE = "https://docs.ansible.com/ansible/latest"
ANSIBLES = {
    "action_plugins": f"{ANSIBLE}/plugins/action.html",
    "ansible_configuration_settings": f"{ANSIBLE}/reference_appendices/config.html",
    "common_return_values": f"{ANSIBLE}/reference_appendices/common_return_values.html",
}
# The environment variables of every inventory plugin with a cache.
ANSIBLES |= {
    name: f"{ANSIBLES['ansible_configuration_settings']}#envvar-{name}"
    for name in (
        "ANSIBLE_CACHE_PLUGIN",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION",
        "ANSIBLE_CACHE_PLUGIN_PREFIX",
        "ANSIBLE_CACHE_PLUGIN_TIMEOUT",
    )
}


def lead_to_ansible(_app: Sphinx, _env: object, node: Any, content: nodes.Node) -> nodes.Node | None:
    """Return a link for a reference to a page of Ansible's documentation; None for any other."""
    url = ANSIBLES.get(node["reftarget"])
    return nodes.reference("", "", content, internal=False, refuri=url) if url else None


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("missing-reference", lead_to_ansible)
