# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""When a machine that has begun to install is given up, because nothing came from it for too long, and why. Pure.

Only silence that can't be anybody's intention counts. A script of the user's own may load what it likes from where it
likes and tell nobody, so it has no limit; nor has an installer with a configuration that bootd does not know, until it
has reported that it started: then it reports its end too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..process.settings import LIMITS
from .stages import State

MAX_LIMIT = 30 * 86400  # seconds


@dataclass(frozen=True, slots=True)
class Expected:
    """What is sure to be heard from a machine that gets on.

    ``loads``: its script tells what it loads. ``configuration``: its installer fetches one from bootd and reports that
    it started. ``reports``: having reported its start it reports its end, which it need not where somebody has switched
    netboot off. ``answers``: where it answers once it is installed.

    The rest is what its installer says for people: ``no_iso`` what it means that no ISO is fetched, "" where none has
    to be; ``no_fetch`` what likely kept a kernel with an address from fetching its configuration; ``stopped_by`` what
    likely stopped it before it reported its start; ``no_bios`` why it does not start on a machine with legacy BIOS.
    """

    loads: bool = False
    configuration: bool = False
    reports: bool = True
    answers: str = ""
    no_iso: str = ""
    no_fetch: str = "the installer does not reach bootd, or stopped before"
    stopped_by: str = "it met an error, which its console tells"
    no_bios: str = ""


def quiet_since(state: State) -> float:
    """Return when the machine was last seen to get on; asking for its script again, or failing to boot, is not."""
    return max([state.since, *state.seen.values()])


def overdue(state: State, now: float, limits: Mapping[str, float], expected: Expected) -> str | None:
    """Return why a machine in ``state`` is given up at ``now``, None where it is not.

    ``limits`` are seconds by name as in ``settings.LIMITS``; 0, or none, is no limit.
    """
    name, told = _awaited(state, expected)
    silence = now - quiet_since(state)
    limit = limits.get(name, 0.0)
    if not limit or silence < limit:
        return None
    return f"nothing came for {_span(silence)} after {_last(state)}: {told}"


def is_over(state: State, now: float, limits: Mapping[str, float]) -> bool:
    """Return whether ``state`` lasts longer than its stage may, whatever was expected."""
    limit = limits.get(state.stage, 0.0)
    return bool(limit) and now - quiet_since(state) >= limit


def _awaited(state: State, expected: Expected) -> tuple[str, str]:
    """Return the name of the limit that counts now, "" for none, and what it means that it has passed."""
    if state.stage == "script" and expected.loads:
        return "script", _no_kernel(state)
    if state.stage == "kernel" and expected.configuration:
        return "kernel", _no_start(state, expected)
    if state.stage == "installing" and expected.reports:
        if expected.no_iso and "iso" not in state.seen:
            return "iso", expected.no_iso
        return "installing", _no_end(state)
    if state.stage == "installed" and expected.answers:
        return "ready", f"{expected.answers} does not answer; likely it boots from another disk, or has another address"
    return "", ""


def _no_kernel(state: State) -> str:
    if state.error:
        return f"the kernel was not loaded: {state.error}"
    if _stopped_in(state, "kernel", "initrd"):
        return f"it stopped loading at {state.progress}; likely the network, or the machine was switched off"
    return "the kernel was not loaded; likely the file server does not answer it, or the machine was switched off"


def _no_start(state: State, expected: Expected) -> str:
    bios = f", or {expected.no_bios}" if expected.no_bios and state.firmware == "bios" else ""
    if "configuration" in state.seen:
        return f"the installer did not report that it started; likely {expected.stopped_by}{bios}"
    if _stopped_in(state, "rootfs"):
        return f"it stopped loading at {state.progress}; likely the network, or memory for less than the whole rootfs"
    if "rootfs" in state.seen:
        return f"the configuration was never fetched; likely the installer has no network, or stopped{bios}"
    if "lease" in state.seen:
        return f"the configuration was never fetched; likely {expected.no_fetch}"
    return "the configuration was never fetched; likely the kernel did not start, or can't drive the network interface"


def _no_end(state: State) -> str:
    if _stopped_in(state, "iso"):
        return f"it stopped loading at {state.progress}; likely the network, or the machine was switched off"
    return "the installer reported no end; likely it hangs, or was switched off: its console tells"


def _stopped_in(state: State, *names: str) -> bool:
    progress = state.progress
    return progress is not None and progress.what in names and bool(progress.size) and progress.bytes < progress.size


_WORDS = {
    "script": "its script was served",
    "kernel": "the kernel was loaded",
    "installing": "the installer reported that it started",
    "installed": "the installer reported success",
}
_SEEN_WORDS = {"lease": "the kernel got an address", "configuration": "the configuration was fetched"}


def _last(state: State) -> str:
    """Return the last sign that the machine got on."""
    what, at = max(state.seen.items(), key=lambda item: item[1], default=("", 0.0))
    if at < state.since or not what:
        return _WORDS.get(state.stage, state.stage)
    if what in _SEEN_WORDS:
        return _SEEN_WORDS[what]
    if state.progress is not None and state.progress.what == what:
        return f"{state.progress} was sent"
    return f"the {what} was loaded"


def _span(seconds: float) -> str:
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min" if not rest or minutes >= 10 else f"{minutes} min {rest} s"


def parse_limits(text: str) -> Mapping[str, float]:
    """Return the limits that ``text`` gives, such as "kernel=60,ready=0", over LIMITS; else ValueError."""
    limits = dict(LIMITS)
    for item in filter(None, map(str.strip, text.split(","))):
        name, _equals, seconds = item.partition("=")
        if name not in LIMITS:
            raise ValueError(f"no limit is called {name!r}")
        if not 0 <= int(seconds) <= MAX_LIMIT:
            raise ValueError(f"not between 0 and {MAX_LIMIT}")
        limits[name] = float(int(seconds))
    return limits


def limits_text(limits: Mapping[str, float]) -> str:
    """Return ``limits`` as ``parse_limits`` reads them."""
    return ",".join(f"{name}={seconds:.0f}" for name, seconds in limits.items())
