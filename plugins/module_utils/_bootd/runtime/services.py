# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What every server is handed: the catalog to look machines up, the journal to tell, the log and the metrics."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ..configurations.base import Configurations, NoConfigurations
from ..process.health import Health
from ..process.log import Log
from ..process.metrics import Metrics
from ..process.settings import Settings
from ..stores.base import StoreProblem
from ..stores.catalog import Catalog
from ..stores.journal import Journal
from ..stores.unknown_machines import UnknownMachines


@dataclass(frozen=True, slots=True)
class Services:
    """The daemon's shared parts. ``clock`` gives seconds since the epoch; ``secret`` keys the tokens."""

    settings: Settings
    catalog: Catalog
    journal: Journal
    unknown: UnknownMachines
    metrics: Metrics
    log: Log
    secret: bytes
    problems: Callable[[], list[StoreProblem]]
    clock: Callable[[], float] = time.time
    answers_dhcp: Callable[[], bool] = lambda: True  # false on a replica that stands by
    configurations: Configurations = field(default_factory=NoConfigurations)
    health: Health = field(default_factory=Health)
