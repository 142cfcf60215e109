# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""State documents: every state comes back, anything else is a ValueError."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.stages import MAX_FACTS, MAX_STEPS, STAGES, Progress, State, Step
from _bootd.state_document import from_json, state_from_document, state_to_document, to_json
from documents import PLAIN
from states import STATES

INSTALLED = State(
    stage="installed",
    since=12.5,
    attempt=2,
    steps=(Step("known", 1.0), Step("installed", 12.5)),
    firmware="uefi",
    facts={"product": "UM790"},
    bytes={"tftp": 1, "http": 2},
    last="report",
    last_at=12.5,
    error="",
    installs=1,
    switched_off={"58:47:ca:71:d8:49": ""},
)
FAILED = State(
    stage="failed",
    progress=Progress("iso", 5, 10),
    seen={"kernel": 1.5, "iso": 2.5},
    waits_for="um790-1 (kernel)",
    overdue="installing",
)


@given(STATES)
def test_json_any_state_comes_back(state):
    text = to_json(state)
    assert from_json(text) == state
    assert text.isascii() and "\n" not in text
    assert to_json(from_json(text)) == text


def test_state_to_document_names_and_version():
    assert state_to_document(INSTALLED) == {
        "version": 1,
        "stage": "installed",
        "since": 12.5,
        "attempt": 2,
        "steps": [{"stage": "known", "at": 1.0}, {"stage": "installed", "at": 12.5}],
        "firmware": "uefi",
        "facts": {"product": "UM790"},
        "bytes": {"tftp": 1, "http": 2},
        "last": "report",
        "lastAt": 12.5,
        "installs": 1,
        "switchedOff": {"58:47:ca:71:d8:49": ""},
    }


def test_state_to_document_of_what_is_loaded_and_waited_for():
    assert state_to_document(FAILED) == {
        "version": 1,
        "stage": "failed",
        "progress": {"what": "iso", "bytes": 5, "size": 10},
        "seen": {"kernel": 1.5, "iso": 2.5},
        "waitsFor": "um790-1 (kernel)",
        "overdue": "installing",
    }


def test_state_from_document_leaves_out_what_only_a_later_bootd_follows():
    document = state_to_document(FAILED)
    document |= {"progress": {"what": "firmware", "bytes": 1}, "seen": {"kernel": 1.5, "firmware": 2.0}}
    state = state_from_document(document)
    assert (state.progress, state.seen) == (None, {"kernel": 1.5})


def test_state_from_document_fields_of_a_later_version_are_ignored():
    assert state_from_document({**state_to_document(INSTALLED), "mood": "fine"}) == INSTALLED


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": 2}, "version"),
        ({"version": True}, "version"),
        ({"version": None}, "version"),
        ({"stage": "flying"}, "stage"),
        ({"stage": ["known"]}, "stage"),
        ({"since": "now"}, "since"),
        ({"since": True}, "since"),
        ({"lastAt": float("nan")}, "lastAt"),
        ({"attempt": -1}, "attempt"),
        ({"installs": 1.5}, "installs"),
        ({"installs": True}, "installs"),
        ({"error": 5}, "error"),
        ({"facts": {"a": 1}}, "facts.a"),
        ({"facts": {str(number): "" for number in range(MAX_FACTS + 1)}}, "facts"),
        ({"switchedOff": {"58:47:ca:71:d8:49": None}}, "switchedOff"),
        ({"bytes": {"tftp": -1}}, "bytes.tftp"),
        ({"steps": [{"stage": "known", "at": 1.0}] * (MAX_STEPS + 1)}, "steps"),
        ({"progress": 5}, "progress"),
        ({"progress": {"what": "iso", "bytes": -1}}, "progress.bytes"),
        ({"progress": {"what": "iso", "bytes": 1, "size": "2"}}, "progress.size"),
        ({"seen": {"iso": "now"}}, "seen.iso"),
        ({"overdue": "flying"}, "overdue"),
        ({"waitsFor": []}, "waitsFor"),
        ({"steps": [5]}, "steps"),
        ({"steps": [{"stage": "known"}]}, "steps.at"),
    ],
)
def test_state_from_document_names_the_field_that_is_wrong(change, words):
    with pytest.raises(ValueError, match=words):
        state_from_document(state_to_document(INSTALLED) | change)


@pytest.mark.parametrize("text", ["", "{", "[]", "5", "null", "[" * 100_000, "\x00", '{"version": 1}', "1" * 5000])
def test_from_json_broken_text_is_a_value_error(text):
    with pytest.raises(ValueError, match=r"\w"):
        from_json(text)


@given(st.binary(max_size=100))
def test_from_json_any_bytes_are_a_state_or_a_value_error(data):
    with contextlib.suppress(ValueError):
        from_json(data)


@given(
    st.dictionaries(st.sampled_from([*state_to_document(INSTALLED), *state_to_document(FAILED), "error"]), PLAIN),
    st.sampled_from(STAGES),
)
def test_state_from_document_any_document_is_a_state_or_a_value_error(document, stage):
    with contextlib.suppress(ValueError):
        assert isinstance(
            state_from_document({"version": 1, "stage": stage, **json.loads(json.dumps(document))}), State
        )
