# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Scripts that are made of jinja2 templates: plain text, in which a value that is missing is an error."""

from __future__ import annotations

from collections.abc import Mapping

try:
    from jinja2 import DictLoader, Environment, StrictUndefined
except ImportError:
    pass


def template_environment(templates: Mapping[str, str], **names: object) -> Environment:
    """Return the environment of ``templates``, texts by their names, in all of which ``names`` can be used.

    Nothing is escaped: whoever fills a template in makes each value fit the language that it is written in.
    """
    environment = Environment(
        loader=DictLoader(templates),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.globals.update(names)
    return environment
