# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""State documents: every state comes back, anything else is a ValueError."""

from __future__ import annotations

import contextlib
import json
from dataclasses import fields, replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.decisions.events import Progress
from _bootd.decisions.stages import MAX_FACTS, MAX_STEPS, MAX_TEXT, STAGES, State, Step
from _bootd.hardware.model import Machine
from _bootd.http.status import machine_document
from _bootd.stores.states import document
from _bootd.stores.states.document import from_json, state_from_document, state_to_document, to_json
from samples.documents import PLAIN
from samples.states import STATES

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


@given(STATES, st.integers(), st.floats(), st.text(st.characters(), max_size=20), st.sampled_from(STAGES))
def test_to_json_is_the_document_as_any_encoder_writes_it(state, size, time, text, stage):
    """Octet for octet, for a store that finds another text patches every object of a cluster."""
    odd = {
        "attempt": size,
        "installs": size,
        "bytes": {"tftp": size, "http": 1},
        "since": time,
        "last_at": time,
        "asked_at": time,
    }
    odd |= {
        "seen": {"lease": time, "iso": 1.5},
        "facts": {text: text, "b": "", "a": text},
        "switched_off": {text: text},
        "script_at": time,
        "last": text,
    }
    odd |= {"steps": (Step(stage, time), *state.steps), "progress": Progress("iso", size, size), "overdue": stage}
    odd |= dict.fromkeys(("error", "waits_for", "script_mac", "configuration_closed", "switched_by", "firmware"), text)
    assert odd.keys() | {"stage"} == {item.name for item in fields(State)}
    for one in (State(), state, *(replace(state, **{name: value}) for name, value in odd.items()), State(**odd)):
        plain = json.dumps(state_to_document(one), separators=(",", ":"), sort_keys=True)
        assert document._to_json(one) == plain


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
        ({"since": 10**400}, "since"),
        ({"since": -(10**400)}, "since"),
        ({"lastAt": 1e300}, "lastAt"),
        ({"lastAt": -1.0}, "lastAt"),
        ({"steps": [{"stage": "known", "at": 10**400}]}, "steps.at"),
        ({"seen": {"iso": float("inf")}}, "seen.iso"),
        ({"attempt": 10**400}, "attempt"),
        ({"bytes": {"tftp": 2**53}}, "bytes.tftp"),
        ({"version": 10**400}, "version"),
    ],
)
def test_state_from_document_names_the_field_that_is_wrong(change, words):
    with pytest.raises(ValueError, match=words):
        state_from_document(state_to_document(INSTALLED) | change)


@pytest.mark.parametrize("text", ["", "{", "[]", "5", "null", "[" * 100_000, "\x00", '{"version": 1}', "1" * 5000])
def test_from_json_broken_text_is_a_value_error(text):
    with pytest.raises(ValueError, match=r"\w") as caught:
        from_json(text)
    assert len(str(caught.value)) <= MAX_TEXT


@pytest.mark.parametrize("half", ['"\\ud800"', '"\\uDFFF"', '"\ud800"', '"\\ude00\\ud83d"'])
@pytest.mark.parametrize("name", ["last", "error"])
def test_from_json_half_a_character_is_a_value_error(name, half):
    """It could be told to nobody: no page and no log can be encoded with it."""
    with pytest.raises(ValueError, match="surrogate"):
        from_json(f'{{"version": 1, "stage": "known", "{name}": {half}}}')


def test_from_json_whole_characters_are_text():
    text = '{"version": 1, "stage": "known", "last": "\\ud83d\\ude00 \U0001f600"}'
    assert from_json(text).last == "\U0001f600 \U0001f600"


SIZES = st.integers() | st.integers(-(10**400), 10**400)
NUMBERS = SIZES | st.floats() | st.booleans() | st.none()
ANYTHING = st.recursive(
    NUMBERS | st.text(st.characters(), max_size=20) | st.just("x" * 100_000),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(), max_size=8), inner, max_size=4)
    ),
    max_leaves=20,
)
FIELDS = sorted({*state_to_document(INSTALLED), *state_to_document(FAILED), "error"})


@given(st.binary(max_size=100) | st.text(st.characters(), max_size=100))
def test_from_json_any_text_is_a_state_or_a_value_error(text):
    with contextlib.suppress(ValueError):
        from_json(text)


@given(st.dictionaries(st.sampled_from(FIELDS), ANYTHING | PLAIN), st.sampled_from(STAGES), st.booleans())
def test_from_json_any_document_is_a_state_that_can_be_told_or_a_value_error(document, stage, as_text):
    text = json.dumps({"version": 1, "stage": stage, **document}, ensure_ascii=as_text)
    state = State()
    with contextlib.suppress(ValueError):
        state = from_json(text)
    told = json.dumps(machine_document(Machine("a"), state), allow_nan=False, ensure_ascii=False)
    assert from_json(to_json(state)) == state
    assert told.encode()
    for at in (state.since, state.last_at, *state.seen.values(), *(step.at for step in state.steps)):
        assert datetime.fromtimestamp(at, UTC)


@given(
    STATES,
    SIZES.filter(lambda value: value >= 0),
    st.floats(),
    st.text(st.characters(), max_size=20),
)
def test_to_json_whatever_a_state_holds_can_be_read_again(state, size, time, text):
    state = replace(state, attempt=size, bytes={"http": size}, since=time, seen={"iso": time}, last=text, error=text)
    state = replace(state, facts={text: text}, steps=(Step("known", time),), progress=Progress("iso", size, size))
    kept = from_json(to_json(state))
    assert (kept.stage, kept.installs, kept.switched_off) == (state.stage, state.installs, state.switched_off)
