# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""A machine's state as a JSON document: what a store keeps, in a file or in an annotation.

Names are those of Kubernetes' JSON; times are seconds since the epoch. Fields that hold nothing are left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import isfinite
from typing import Any

from .events import Progress
from .stages import LOADS, MAX_FACTS, MAX_STEPS, SEEN, STAGES, State, Step

VERSION = 1

_TEXTS = {"firmware": "firmware", "last": "last", "error": "error", "waitsFor": "waits_for"}
_COUNTS = {"attempt": "attempt", "installs": "installs"}
_TIMES = {"since": "since", "lastAt": "last_at"}
_TEXT_MAPS = {"facts": "facts", "switchedOff": "switched_off"}


def to_json(state: State) -> str:
    """Return ``state`` as compact JSON in ASCII, the same text for the same state."""
    return json.dumps(state_to_document(state), separators=(",", ":"), sort_keys=True)


def from_json(text: str | bytes) -> State:
    """Return the State that ``text`` holds; raises ValueError saying what is wrong with it."""
    try:
        return state_from_document(json.loads(text))
    except RecursionError:
        raise ValueError("nested too deep") from None


def state_to_document(state: State) -> dict[str, Any]:
    """Return ``state`` as a JSON object."""
    document: dict[str, Any] = {"version": VERSION, "stage": state.stage}
    for names in (_TEXTS, _COUNTS, _TIMES):
        document |= {name: getattr(state, attribute) for name, attribute in names.items()}
    document["steps"] = [{"stage": step.stage, "at": step.at} for step in state.steps]
    document |= {name: dict(getattr(state, attribute)) for name, attribute in _TEXT_MAPS.items()}
    document["bytes"], document["seen"], document["overdue"] = dict(state.bytes), dict(state.seen), state.overdue
    if state.progress is not None:
        document["progress"] = {"what": state.progress.what, "bytes": state.progress.bytes, "size": state.progress.size}
    return {name: value for name, value in document.items() if value or name in ("version", "stage")}


def state_from_document(document: Any) -> State:
    """Return the State that a JSON object describes; raises ValueError naming the field that can't be used."""
    if not isinstance(document, Mapping):
        raise ValueError("not a JSON object")
    version = document.get("version")
    if version != VERSION or isinstance(version, bool):
        raise ValueError(f"version is {version!r}; this bootd reads version {VERSION}")
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


def _progress(value: Any) -> Progress | None:
    if value is None:
        return None
    progress = _mapping(value, "progress")
    what = progress.get("what")
    if not isinstance(what, str) or what not in LOADS:
        return None  # something that a later bootd follows
    return Progress(what, *(_count(progress.get(name, 0), f"progress.{name}") for name in ("bytes", "size")))


def _steps(value: Any) -> tuple[Step, ...]:
    if not isinstance(value, list) or len(value) > MAX_STEPS:
        raise ValueError(f"steps is not a list of at most {MAX_STEPS}")
    steps = (_mapping(item, "steps") for item in value)
    return tuple(Step(_stage(step.get("stage"), "steps.stage"), _time(step.get("at"), "steps.at")) for step in steps)


def _stage(value: Any, name: str) -> str:
    if not isinstance(value, str) or value not in STAGES:
        raise ValueError(f"{name} is no stage")
    return value


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name} is not text")
    return value


def _count(value: Any, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{name} is not a number from 0")
    return value


def _time(value: Any, name: str) -> float:
    if type(value) not in (int, float) or not isfinite(value):
        raise ValueError(f"{name} is not a time")
    return float(value)


def _mapping(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or len(value) > MAX_FACTS:
        raise ValueError(f"{name} is not a mapping of at most {MAX_FACTS}")
    return value
