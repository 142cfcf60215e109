# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""A machine's state as a JSON document: what a store keeps, in a file or in an annotation.

Names are those of Kubernetes' JSON; times are seconds since the epoch. Fields that hold nothing are left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any

from ...decisions.events import MAX_TEXT, Progress
from ...decisions.stages import LOADS, MAX_FACTS, MAX_STEPS, SEEN, STAGES, State, Step

VERSION = 1
MAX_COUNT = 2**53 - 1  # what every reader of JSON holds exactly (RFC 8259 section 6)
MAX_TIME = 253_402_300_799.0  # the last second of the year 9999, which is as far as calendars go
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")  # half of a character as JSON escapes it, maybe beside its other half
_encode = json.JSONEncoder(separators=(",", ":"), sort_keys=True).encode
_quote = json.encoder.encode_basestring_ascii

_TEXTS = {
    "firmware": "firmware",
    "last": "last",
    "error": "error",
    "waitsFor": "waits_for",
    "scriptMac": "script_mac",
    "configurationClosed": "configuration_closed",
    "switchedBy": "switched_by",
}
_COUNTS = {"attempt": "attempt", "installs": "installs"}
_TIMES = {"since": "since", "lastAt": "last_at", "askedAt": "asked_at", "scriptAt": "script_at"}
_TEXT_MAPS = {"facts": "facts", "switchedOff": "switched_off"}


def to_json(state: State) -> str:
    """Return ``state`` as compact JSON in ASCII, the same text for the same state.

    What ``from_json`` would not take is left out of it: a number too large becomes the largest, half a character "?".
    """
    text = _to_json(state)
    if _SURROGATE.search(text):
        text = _encode(json.loads(json.dumps(json.loads(text), ensure_ascii=False).encode(errors="replace")))
    return text


def _to_json(state: State) -> str:
    """Return what ``_encode`` makes of ``state_to_document``, in a quarter of the time: ten thousand may wait."""
    parts: list[str] = []
    for (name, to_text), value in zip(_WRITTEN, _values_of(state), strict=True):
        if value:
            text = to_text(value)
            if text:
                parts.append(f'"{name}":{text}')
    waits_for = f',"waitsFor":{_quote(state.waits_for)}' if state.waits_for else ""
    return f'{{{",".join(parts)},"version":{VERSION}{waits_for}}}'


def _count_to_json(value: int) -> str:
    return repr(bounded) if (bounded := _at_most(value, MAX_COUNT)) else ""


def _time_to_json(value: float) -> str:
    return repr(bounded) if (bounded := _at_most(value, MAX_TIME)) else ""


def _steps_to_json(steps: tuple[Step, ...]) -> str:
    told = [f'{{"at":{_at_most(step.at, MAX_TIME)!r},"stage":{_quote(step.stage)}}}' for step in steps]
    return f"[{','.join(told)}]"


def _counts_to_json(counts: Mapping[str, int]) -> str:
    return f"{{{','.join([f'{_quote(name)}:{_at_most(counts[name], MAX_COUNT)!r}' for name in sorted(counts)])}}}"


def _times_to_json(times: Mapping[str, float]) -> str:
    return f"{{{','.join([f'{_quote(name)}:{_at_most(times[name], MAX_TIME)!r}' for name in sorted(times)])}}}"


def _texts_to_json(texts: Mapping[str, str]) -> str:
    return f"{{{','.join([f'{_quote(name)}:{_quote(texts[name])}' for name in sorted(texts)])}}}"


def _progress_to_json(progress: Progress) -> str:
    sent, size = _at_most(progress.bytes, MAX_COUNT), _at_most(progress.size, MAX_COUNT)
    return f'{{"bytes":{sent!r},"size":{size!r},"what":{_quote(progress.what)}}}'


# How the fields before "version" are written, in the order of their names.
_WRITTEN: tuple[tuple[str, Callable[[Any], str]], ...] = (
    ("askedAt", _time_to_json),
    ("attempt", _count_to_json),
    ("bytes", _counts_to_json),
    ("configurationClosed", _quote),
    ("error", _quote),
    ("facts", _texts_to_json),
    ("firmware", _quote),
    ("installs", _count_to_json),
    ("last", _quote),
    ("lastAt", _time_to_json),
    ("overdue", _quote),
    ("progress", _progress_to_json),
    ("scriptAt", _time_to_json),
    ("scriptMac", _quote),
    ("seen", _times_to_json),
    ("since", _time_to_json),
    ("stage", _quote),
    ("steps", _steps_to_json),
    ("switchedBy", _quote),
    ("switchedOff", _texts_to_json),
)
_ATTRIBUTES = {**_TEXTS, **_COUNTS, **_TIMES, **_TEXT_MAPS}
_values_of = attrgetter(*(_ATTRIBUTES.get(name, name) for name, _to_text in _WRITTEN))


def from_json(text: str | bytes) -> State:
    """Return the State that ``text`` holds; raises ValueError, and nothing else, saying what is wrong with it."""
    try:
        text = text if isinstance(text, str) else text.decode()
        document = json.loads(text)
        if not text.isascii() or _SURROGATE.search(text):
            json.dumps(document, ensure_ascii=False).encode()  # what can't be encoded can't be told to anybody either
        return state_from_document(document)
    except RecursionError:
        raise ValueError("nested too deep") from None
    except ValueError as error:
        raise ValueError(str(error)[:MAX_TEXT]) from None


def state_to_document(state: State) -> dict[str, Any]:
    """Return ``state`` as a JSON object."""
    document: dict[str, Any] = {"version": VERSION, "stage": state.stage}
    for name, attribute in _TEXTS.items():
        if value := getattr(state, attribute):
            document[name] = value
    for names, limit in ((_COUNTS, MAX_COUNT), (_TIMES, MAX_TIME)):
        for name, attribute in names.items():
            if value := _at_most(getattr(state, attribute), limit):
                document[name] = value
    return document | _nested(state)


def _nested(state: State) -> dict[str, Any]:
    document: dict[str, Any] = {}
    if state.steps:
        document["steps"] = [{"stage": step.stage, "at": _at_most(step.at, MAX_TIME)} for step in state.steps]
    for name, attribute in _TEXT_MAPS.items():
        if value := getattr(state, attribute):
            document[name] = dict(value)
    if state.bytes:
        document["bytes"] = {name: _at_most(sent, MAX_COUNT) for name, sent in state.bytes.items()}
    if state.seen:
        document["seen"] = {name: _at_most(at, MAX_TIME) for name, at in state.seen.items()}
    if state.overdue:
        document["overdue"] = state.overdue
    if (progress := state.progress) is not None:
        sent, size = _at_most(progress.bytes, MAX_COUNT), _at_most(progress.size, MAX_COUNT)
        document["progress"] = {"what": progress.what, "bytes": sent, "size": size}
    return document


def state_from_document(document: object) -> State:
    """Return the State that a JSON object describes; raises ValueError naming the field that can't be used."""
    if not isinstance(document, Mapping):
        raise ValueError("not a JSON object")
    version = document.get("version")
    if version != VERSION or isinstance(version, bool):
        raise ValueError(f"version is {repr(version)[:MAX_TEXT]}; this bootd reads version {VERSION}")
    values: dict[str, Any] = {"stage": _stage(document.get("stage"), "stage")}
    for name, attribute in _TEXTS.items():
        values[attribute] = _text(document.get(name, ""), name)
    for name, attribute in _COUNTS.items():
        values[attribute] = _count(document.get(name, 0), name)
    for name, attribute in _TIMES.items():
        values[attribute] = _time(document.get(name, 0.0), name)
    for name, attribute in _TEXT_MAPS.items():
        entries = _mapping(document.get(name, {}), name)
        values[attribute] = {key: _text(value, f"{name}.{key}") for key, value in entries.items()}
    sizes = _mapping(document.get("bytes", {}), "bytes")
    values["bytes"] = {key: _count(value, f"bytes.{key}") for key, value in sizes.items()}
    seen = _mapping(document.get("seen", {}), "seen")
    values["seen"] = {key: _time(value, f"seen.{key}") for key, value in seen.items() if key in SEEN}
    overdue = document.get("overdue", "")
    values["overdue"] = _stage(overdue, "overdue") if overdue != "" else ""
    return State(**values, progress=_progress(document.get("progress")), steps=_steps(document.get("steps", [])))


def _at_most(value: float, limit: float) -> float:
    return value if 0 <= value <= limit else min(max(type(limit)(0), value), limit)


def _progress(value: object) -> Progress | None:
    if value is None:
        return None
    progress = _mapping(value, "progress")
    what = progress.get("what")
    if not isinstance(what, str) or what not in LOADS:
        return None  # something that a later bootd follows
    return Progress(what, *(_count(progress.get(name, 0), f"progress.{name}") for name in ("bytes", "size")))


def _steps(value: object) -> tuple[Step, ...]:
    if not isinstance(value, list) or len(value) > MAX_STEPS:
        raise ValueError(f"steps is not a list of at most {MAX_STEPS}")
    steps = (_mapping(item, "steps") for item in value)
    return tuple(Step(_stage(step.get("stage"), "steps.stage"), _time(step.get("at"), "steps.at")) for step in steps)


def _stage(value: object, name: str) -> str:
    if not isinstance(value, str) or value not in STAGES:
        raise ValueError(f"{name} is no stage")
    return value


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name} is not text")
    return value


def _count(value: object, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_COUNT:
        raise ValueError(f"{name} is not a number from 0 to {MAX_COUNT}")
    return value


def _time(value: object, name: str) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value <= MAX_TIME:  # nor NaN
        raise ValueError(f"{name} is not a time")
    return float(value)


def _mapping(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or len(value) > MAX_FACTS:
        raise ValueError(f"{name} is not a mapping of at most {MAX_FACTS}")
    return value
