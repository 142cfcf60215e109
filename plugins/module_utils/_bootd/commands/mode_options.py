# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What ``bootd serve`` is told of its DHCP modes: the script of unknown machines, and what does not go together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..decisions.modes import AUTO_PROXY, is_network
from ..hardware.interface import SCRIPT_START

MAX_SCRIPT = 64 * 1024  # bytes


def read_script(given: str) -> str:
    """Return the iPXE script that ``given`` is, or that is in the file of that path; "" for "".

    Raises ValueError where it is none, or has more than MAX_SCRIPT bytes.
    """
    if not given or given.startswith(SCRIPT_START):
        text = given.encode("utf-8")
    else:
        try:
            with open(given, "rb") as file:
                text = file.read(MAX_SCRIPT + 1)
        except OSError as error:
            raise ValueError(error.strerror or str(error)) from error
    if given and (problem := script_problem(text)):
        raise ValueError(problem)
    return text.decode("utf-8")


def script_problem(text: bytes) -> str:
    """Return why ``text`` can't be the script of unknown machines, "" where it can."""
    if len(text) > MAX_SCRIPT:
        return f"it has more than {MAX_SCRIPT} bytes"
    if text.split(b"\n", 1)[0].rstrip() != SCRIPT_START.encode():
        return f"its first line is not {SCRIPT_START}"
    return ""


def mode_problems(values: Mapping[str, Any]) -> list[str]:
    """Return what does not go together of the modes, of those settings that could be read."""
    modes, only = values.get("dhcp_modes", {}), values.get("interface", "")
    found = [
        f"--dhcp-modes {scope}={mode}: bootd answers on --interface {only} only; leave --interface out, or name subnets"
        for scope, mode in modes.items()
        if only and not is_network(scope) and scope != only
    ]
    if values.get("unknown_script") and AUTO_PROXY not in (values.get("dhcp_mode"), *modes.values()):
        found.append(f"--unknown-script goes with the mode {AUTO_PROXY}: other modes boot no unknown machine")
    return found
