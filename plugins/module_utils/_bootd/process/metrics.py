# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Prometheus metrics of the daemon, one object handed to every server."""

from __future__ import annotations

try:
    from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
except ImportError:
    pass

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """The counters and gauges that bootd exposes at ``/metrics``. Label values come from small fixed sets."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.dhcp = self._counter("dhcp_messages", "DHCP messages", "direction", "type")
        self.tftp = self._counter("tftp_transfers", "TFTP transfers that ended", "status")
        self.tftp_bytes = self._counter("tftp_bytes", "Bytes of files sent by TFTP")
        self.http = self._counter("http_requests", "HTTP requests", "route", "status")
        self.http_bytes = self._counter("http_bytes", "Bytes of files sent by HTTP")
        self.syslog = self._counter("syslog_messages", "syslog messages", "outcome")
        self.dropped = self._counter("dropped", "Datagrams dropped", "protocol", "reason")
        self.failures = self._counter("handler_failures", "Requests that met a fault in bootd itself", "protocol")
        self.machines = self._gauge("machines", "Machines in the catalog")
        self.store_problems = self._gauge("store_problems", "Problems in the store: files or objects not served")
        self.unknown = self._gauge("unknown_machines", "Machines seen that have no Hardware object")

    def render(self) -> bytes:
        """Return all metrics in the Prometheus text format."""
        return generate_latest(self._registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"bootd_{name}", text, labels, registry=self._registry)

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(f"bootd_{name}", text, registry=self._registry)
