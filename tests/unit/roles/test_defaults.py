# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""No role refuses the values that it has by default."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

ROLES = sorted((Path(__file__).resolve().parents[3] / "roles").glob("*/meta/argument_specs.yml"))


@pytest.mark.parametrize("specification", ROLES, ids=lambda path: path.parents[1].name)
def test_defaults_are_what_the_role_takes(specification):
    options = yaml.safe_load(specification.read_text("utf-8"))["argument_specs"]["main"]["options"]
    defaults = yaml.safe_load((specification.parents[1] / "defaults/main.yml").read_text("utf-8"))
    # What is a template has another type once it is filled in.
    plain = {name: value for name, value in defaults.items() if "{{" not in str(value)}
    wanted = {name: {**option, "required": False} for name, option in options.items() if name in plain}
    assert ArgumentSpecValidator(wanted).validate(plain).error_messages == []
