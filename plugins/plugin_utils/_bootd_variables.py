# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables of the role bootd that the daemon itself reads: held against its own parsers, before it is restarted.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.commands.mode_options import (
    mode_problems,
    script_problem,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.decisions.architectures import parse_arch_map
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.decisions.modes import (
    OFF,
    RESERVATION,
    parse_modes,
)
from ansible_collections.baremetal.netboot.plugins.plugin_utils._inventory import Finding

MODE, MODES, ARCH_MAP, SCRIPT = "bootd_dhcp_mode", "bootd_dhcp_modes", "bootd_arch_map", "bootd_unknown_script"
INTERFACE, SETTINGS = "bootd_interface", "bootd_settings"
_FLAG = re.compile(r"--([a-z-]+)")


def bootd_findings(name: str, variables: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield why bootd would not start with ``variables``, as far as they could be worked out, of host ``name``.

    A value of another type than the role takes is left to the check of its options.
    """
    values: dict[str, Any] = {"dhcp_mode": mode_of(variables), "interface": variables.get(INTERFACE) or ""}
    for variable, parse in ((MODES, modes_of), (ARCH_MAP, _arch_map)):
        try:
            values[variable.removeprefix("bootd_")] = parse(variables)
        except ValueError as error:
            for message in str(error).split("; "):
                yield Finding(name, variable, "", message)
    script = variables.get(SCRIPT)
    if isinstance(script, str) and script:
        if problem := script_problem(script.encode("utf-8", "surrogatepass")):
            yield Finding(name, SCRIPT, "", problem)
        elif values["dhcp_mode"]:
            values["unknown_script"] = script
    for problem in mode_problems(values):
        variable, _space, message = _FLAG.sub(_as_variable, problem).partition(" ")
        yield Finding(name, variable, "", message)


def mode_of(variables: Mapping[str, Any]) -> str:
    """Return the DHCP mode that holds where no other does, "" where it could not be worked out."""
    further = variables.get(SETTINGS)
    given = further.get("dhcp_mode") if isinstance(further, dict) else None
    given = variables.get(MODE, RESERVATION) if given is None else given
    return "" if given is None else _mode(given)


def modes_of(variables: Mapping[str, Any]) -> dict[str, str]:
    """Return the DHCP modes by interface or subnet; raises ValueError as ``parse_modes`` does."""
    given = variables.get(MODES)
    if not isinstance(given, dict):
        return {}
    return parse_modes(",".join(f"{scope}={_mode(mode)}" for scope, mode in given.items()))


def _mode(given: Any) -> str:
    """Return a mode as the role hands it on: YAML reads "off" without quotes as false."""
    return OFF if str(given).lower() in ("false", "no") else str(given)


def _arch_map(variables: Mapping[str, Any]) -> dict[int, str]:
    """Return boot programs by architecture; raises ValueError that tells every entry that is none."""
    given = variables.get(ARCH_MAP)
    items = [f"{number}={file}" for number, file in given.items()] if isinstance(given, dict) else []
    wrong = list(filter(None, (_problem(parse_arch_map, item) for item in items)))
    if wrong:
        raise ValueError("; ".join(wrong))
    return parse_arch_map(",".join(items))


def _problem(parse: Callable[[str], object], text: str) -> str:
    try:
        parse(text)
    except ValueError as error:
        return str(error)
    return ""


def _as_variable(flag: re.Match[str]) -> str:
    return f"bootd_{flag[1].replace('-', '_')}"
