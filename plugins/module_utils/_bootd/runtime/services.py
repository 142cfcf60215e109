# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What every server is handed: the catalog to look machines up, the journal to tell, the log and the metrics."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ..configurations.base import Configurations, NoConfigurations
from ..decisions.modes import Modes
from ..process.health import Health
from ..process.log import Log
from ..process.metrics import Metrics
from ..process.neighbours import Neighbours
from ..process.networks import Links
from ..process.settings import Settings
from ..stores.base import Backlog, StoreProblem
from ..stores.catalog import Catalog
from ..stores.journal import Journal
from ..stores.unknown_machines import UnknownMachines
from .heard_addresses import HeardAddresses
from .recent_packets import RecentPackets


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
    backlog: Callable[[], Backlog] = Backlog  # of the store: see there
    heard: HeardAddresses = field(default_factory=HeardAddresses)
    links: Links = field(default_factory=Links)
    recent: RecentPackets = field(default_factory=RecentPackets)
    modes: Modes = field(init=False)
    neighbours: Neighbours = field(init=False)

    def __post_init__(self) -> None:
        """Read what every request would otherwise read anew."""
        object.__setattr__(self, "modes", Modes.of(self.settings))
        object.__setattr__(self, "neighbours", Neighbours(self.links))
