# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of bootd's documents counts for the power of a machine, and that of all it is one question."""

from __future__ import annotations

import json
from contextlib import contextmanager
from io import BytesIO

import pytest

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.decisions import events
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.decisions.events import Event
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.decisions.stages import State, advance
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.model import machine_from_object
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.http.status import machine_document
from ansible_collections.baremetal.netboot.plugins.module_utils._power import plan, standing
from ansible_collections.baremetal.netboot.plugins.module_utils._power.plan import Target, Wish
from ansible_collections.baremetal.netboot.plugins.module_utils._power.standing import (
    NotAsked,
    Standing,
    from_bootd,
    standing_of,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._power.words import Bmc
from servers.rehearsal_lab import MAC, hardware

OBJECT = machine_from_object(hardware(1))
DISCOVER = events.Discover(netboot=True, client="firmware", firmware="uefi")


def after(*details):
    """Return where the machine stands after these, as bootd's own states and documents have it."""
    state = State()
    for second, detail in enumerate(details, start=1):
        state = advance(state, Event(OBJECT.key, MAC.format(1), float(second), detail))
    return standing_of("um790-1", "default", [machine_document(OBJECT, state)])


@pytest.mark.parametrize(
    ("details", "stands"),
    [
        ([], Standing("known")),
        ([DISCOVER], Standing("offered")),
        ([DISCOVER, events.Overdue("nothing came")], Standing("failed", reached="offered", overdue="offered")),
        (
            [DISCOVER, events.BootFile(name="x", via="tftp", bytes=1), events.Overdue("nothing came")],
            Standing("failed", reached="loading", overdue="loading"),
        ),
    ],
    ids=str,
)
def test_standing_is_read_of_the_documents_that_bootd_makes(details, stands):
    assert after(*details) == stands


def test_forged_discovers_have_no_machine_cycled_that_runs():
    """As many as anybody likes, and the silence after them: whatever it runs goes on running."""
    for details in ([DISCOVER], [DISCOVER, DISCOVER], [DISCOVER, events.Overdue("silence")]):
        target = Target("um790-1", Bmc("redfish", "10.10.9.16")).standing(after(*details))
        assert plan.left_running(Wish("network_boot"), target, "on")
        assert not plan.left_running(Wish("network_boot"), target, "off")


def test_machine_that_is_none_of_them_is_unheard_and_of_several_the_one_counts_that_is_not_to_be_touched():
    seen = [
        {"name": "a", "namespace": "x", "stage": "failed", "netboot": True},
        {"name": "a", "namespace": "y", "stage": "ready", "netboot": False},
    ]
    assert standing_of("b", "", seen) == Standing("known")
    assert [standing_of("a", namespace, seen).stage for namespace in ("x", "y", "")] == ["failed", "ready", "ready"]


@pytest.mark.parametrize("answer", [b"{", b"[]", b'{"machines": 1}', b'{"machines": [1]}', b'{"machines": [{}]}'])
def test_answer_that_is_not_bootd_s_is_none(monkeypatch, answer):
    asked = []

    @contextmanager
    def open_url(url, **_how):
        asked.append(url)
        yield BytesIO(answer)

    monkeypatch.setattr(standing, "open_url", open_url)
    with pytest.raises(NotAsked, match=r"^http://10\.10\.0\.20:7080/api/v1/machines: "):
        from_bootd("http://10.10.0.20:7080/", use_proxy=True)
    assert len(asked) == 1


def test_machines_of_bootd_are_one_answer(monkeypatch):
    document = {"name": "a", "namespace": "", "stage": "known", "netboot": True}

    @contextmanager
    def open_url(_url, **_how):
        yield BytesIO(json.dumps({"machines": [document]}).encode())

    monkeypatch.setattr(standing, "open_url", open_url)
    assert from_bootd("http://10.10.0.20:7080", use_proxy=True) == [document]
