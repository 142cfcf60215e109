# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""``bootd report-url``: the URLs to which installers report, for configurations that are kept elsewhere."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping

from ..decisions.stages import State
from ..decisions.tokens import report_urls
from ..process.log import Log
from ..stores.catalog import Catalog
from ..stores.states.directory import StateDir
from .arguments import UsageError, settings_from
from .backends import open_backends, report_key


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print the report URLs of the machines that are named, or of all, as JSON; raises UsageError for unknown ones."""
    settings = settings_from(options)
    catalog = Catalog()
    with StateDir(settings.state_dir, exclusive=False) as state_dir:
        store = open_backends(settings, state_dir, catalog, Log(level="error"), environ).store
        store.read(catalog)
        states, secret = store.load_states(), report_key(settings, state_dir)
    wanted = set(options.names)
    machines = [machine for machine in catalog.machines() if not wanted or wanted & {machine.name, machine.key}]
    missing = sorted(wanted - {name for machine in machines for name in (machine.name, machine.key)})
    if missing:
        raise UsageError(f"no Hardware object is named {', '.join(missing)}")
    urls = report_urls(machines, lambda key: states.get(key, State()), secret, settings.http_base)
    sys.stdout.write(json.dumps(urls, indent=2) + "\n")
    return 0
