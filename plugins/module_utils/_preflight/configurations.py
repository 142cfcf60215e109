# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Can the configurations be used that are kept as files for machines? bootd's own reader says.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.configurations.directory import ConfigDirectory
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.model import Machine
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.installers.registry import find
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.process.log import Log
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.stores.catalog import Catalog
from ansible_collections.baremetal.netboot.plugins.module_utils._preflight.results import NODE, Check, Problem


class _Refusals(Log):
    """Keeps what bootd would log of configurations that it does not use."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []

    def error(self, event: str, **fields: object) -> None:
        self.found.append((str(fields.get("path", event)), str(fields.get("reason", ""))))


def look(directory: str, machines: Iterable[Mapping[str, Any]]) -> Check:
    """Return which files in ``directory`` bootd would refuse of ``machines`` (name, namespace, distro)."""
    catalog, refusals = Catalog(), _Refusals()
    known = [(Machine(item["name"], item["namespace"]), item["distro"]) for item in machines]
    catalog.replace([machine for machine, _distro in known])
    if not Path(directory).is_dir():
        return Check("configurations", skipped=f"{directory} is not there yet, and will be made")
    kept = ConfigDirectory(directory, catalog, refusals)
    usable = sum(kept.get(machine.key, find(distro).read) is not None for machine, distro in known)
    remedy = "change the file so that it is, or remove it and have the role configuration write it of the inventory"
    problems = [Problem(reason, path, remedy, NODE) for path, reason in refusals.found]
    return Check("configurations", f"{usable} of {len(known)} machines have one that can be read", problems)
