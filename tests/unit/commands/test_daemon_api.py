# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of a daemon that gives no answer."""

from __future__ import annotations

from email.message import Message
from urllib.error import HTTPError

import pytest

from _bootd.commands import daemon_api
from _bootd.commands.daemon_api import NoAnswer, ask


def test_what_another_server_says_does_nothing_to_the_terminal(monkeypatch):
    def refuse(where):
        raise HTTPError(where, 404, "gone\x1b[2J", Message(), None)

    monkeypatch.setattr(daemon_api, "_open", refuse)
    with pytest.raises(NoAnswer) as told:
        ask("http://10.10.0.20:7080/readyz")
    assert str(told.value) == r"no answer from http://10.10.0.20:7080/readyz: gone\x1b[2J"
