# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is replaced quickly is what ``dataclasses.replace`` makes."""

from __future__ import annotations

import dataclasses
from dataclasses import FrozenInstanceError

import pytest

from _bootd.decisions.stages import State, Step
from _bootd.process.quick_replace import replacer


def test_replaced_is_what_the_library_makes():
    state = State(stage="offered", since=5.0, steps=(Step("known", 1.0),), facts={"a": "b"})
    quick = replacer(State)
    for changes in ({}, {"stage": "script"}, {"since": 7.0, "configuration_closed": "x", "facts": {}}):
        made = quick(state, **changes)
        assert made == dataclasses.replace(state, **changes)
        assert made is not state
        with pytest.raises(FrozenInstanceError):
            made.stage = "other"
    assert state.stage == "offered"
    with pytest.raises(KeyError, match="stages"):
        quick(state, stages="misspelt")
