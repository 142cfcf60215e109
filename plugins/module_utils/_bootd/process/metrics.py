# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Prometheus metrics of the daemon, one object handed to every server."""

from __future__ import annotations

import platform
from collections.abc import Mapping

try:
    from prometheus_client import (
        CollectorRegistry,
        Counter,
        Gauge,
        Info,
        ProcessCollector,
        disable_created_metrics,
        generate_latest,
    )
except ImportError:
    pass

from .version import VERSION

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """The counters and gauges that bootd exposes at ``/metrics``. Label values come from small fixed sets."""

    def __init__(self) -> None:
        # One more series for each counter, which only says when bootd began: that is process_start_time_seconds.
        disable_created_metrics()
        self._registry = CollectorRegistry()
        self.dhcp = self._counter("dhcp_messages", "DHCP messages", "direction", "type")
        self.tftp = self._counter("tftp_transfers", "TFTP transfers that ended", "status")
        self.tftp_bytes = self._counter("tftp_bytes", "Bytes of files sent by TFTP")
        self.http = self._counter("http_requests", "HTTP requests", "route", "status")
        self.http_bytes = self._counter("http_bytes", "Bytes of files sent by HTTP")
        self.rehearsals = self._counter("rehearsals", "Requests of rehearsals, which move no machine", "protocol")
        self.syslog = self._counter("syslog_messages", "syslog messages", "outcome")
        self.dropped = self._counter("dropped", "Datagrams dropped", "protocol", "reason")
        self.failures = self._counter("handler_failures", "Requests that met a fault in bootd itself", "protocol")
        self.machines = Gauge("bootd_machines", "Machines in the catalog, by stage", ["stage"], registry=self._registry)
        self.store_problems = self._gauge("store_problems", "Problems in the store: files or objects not served")
        self.unknown = self._gauge("unknown_machines", "Machines seen that have no Hardware object")
        build = Info("bootd_build", "Which bootd this is", registry=self._registry)
        build.info({"version": VERSION, "python": platform.python_version()})
        ProcessCollector(registry=self._registry)

    def set_stages(self, machines: Mapping[str, int]) -> None:
        """Show how many machines stand at each stage, by its name."""
        for stage, number in machines.items():
            self.machines.labels(stage).set(number)

    def render(self) -> bytes:
        """Return all metrics in the Prometheus text format."""
        return generate_latest(self._registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"bootd_{name}", text, labels, registry=self._registry)

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(f"bootd_{name}", text, registry=self._registry)
