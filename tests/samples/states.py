# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A strategy for hypothesis: any State that the journal can hold."""

from __future__ import annotations

from hypothesis import strategies as st

from _bootd.decisions.events import Progress
from _bootd.decisions.stages import LOADS, SEEN, STAGES, State, Step

_TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
_TIME = st.floats(0, 4e9, allow_nan=False)
_COUNT = st.integers(0, 2**50)
_STAGE = st.sampled_from(STAGES)

STATES = st.builds(
    State,
    stage=_STAGE,
    since=_TIME,
    attempt=_COUNT,
    steps=st.lists(st.builds(Step, _STAGE, _TIME), max_size=5).map(tuple),
    firmware=st.sampled_from(["", "uefi", "bios"]),
    facts=st.dictionaries(_TEXT, _TEXT, max_size=4),
    bytes=st.dictionaries(st.sampled_from(["tftp", "http"]), _COUNT),
    last=_TEXT,
    last_at=_TIME,
    error=_TEXT,
    installs=_COUNT,
    switched_off=st.dictionaries(st.sampled_from(["58:47:ca:71:d8:49", "52:54:00:00:00:01"]), _TEXT),
    switched_by=_TEXT,
    progress=st.none() | st.builds(Progress, st.sampled_from(LOADS), _COUNT, _COUNT),
    seen=st.dictionaries(st.sampled_from(SEEN), _TIME),
    waits_for=_TEXT,
    overdue=st.sampled_from(["", *STAGES]),
)
