# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands of the lab: who waits for one is told why it did not do."""

from __future__ import annotations

import pytest

from lab.command import CommandFailed, run


def test_command_that_does_not_end_has_failed_and_its_words_are_told():
    with pytest.raises(CommandFailed, match=r"has not ended in 0 s: waits for the API"):
        run(["sh", "-c", "echo waits for the API >&2; exec sleep 60"], timeout=0.3)


def test_command_that_fails_tells_its_status_and_words():
    with pytest.raises(CommandFailed, match=r"exit status 3: no such node"):
        run(["sh", "-c", "echo no such node >&2; exit 3"])


def test_command_that_may_fail_is_looked_at():
    assert run(["sh", "-c", "echo seen; exit 3"], check=False).stdout == "seen\n"


def test_command_that_is_not_there_has_failed():
    with pytest.raises(CommandFailed, match=r"no-such-program: not installed"):
        run(["no-such-program"])
