# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of the log hold no secret, whoever wrote the text that is in them."""

from __future__ import annotations

import io

import pytest

from _bootd.process.log import LEVELS, MAX_FIELD, Log


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.parametrize(
    "text",
    [
        "password: hush",
        '{"token": "hush"}',
        f"GET http://h/configuration/58-47-ca-71-d8-49/{'hush' * 11} gave 404",
        "x" * (MAX_FIELD - 12) + " password=hush",
    ],
)
def test_log_masks_what_it_is_given(form, text):
    stream = io.StringIO()
    Log(form, "info", stream).info("report", machine="um790-1", reason=text, size=5)
    (line,) = stream.getvalue().splitlines()
    assert "hush" not in line
    assert "um790-1" in line


@pytest.mark.parametrize("level", LEVELS)
def test_log_says_beforehand_whether_it_writes_at_debug(level):
    stream = io.StringIO()
    log = Log("json", level, stream)
    log.debug("recv", mac="58:47:ca:71:d8:49")
    assert log.wants_debug == (level == "debug") == bool(stream.getvalue())
