# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Prometheus metrics of the daemon, one object handed to every server."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Mapping, Sequence

try:
    from prometheus_client import (
        CollectorRegistry,
        Counter,
        Gauge,
        Histogram,
        Info,
        ProcessCollector,
        disable_created_metrics,
        generate_latest,
    )
    from prometheus_client.core import CounterMetricFamily
except ImportError:
    pass

from .tallies import TallyCounter, TallyHistogram
from .version import VERSION

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# Upper bounds in seconds. An answer takes less than a millisecond, and firmware asks again after one or four seconds.
ANSWERS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 4.0)
TRANSFERS = (0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0)
STAGES = (1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0, 7200.0)


class Metrics:
    """The counters, gauges and histograms that bootd exposes at ``/metrics``.

    Label values come from small fixed sets. What a DHCP or TFTP reply counts is a tally: see ``tallies``.
    """

    def __init__(self) -> None:
        # One more series for each counter, which only says when bootd began: that is process_start_time_seconds.
        disable_created_metrics()
        self._registry = CollectorRegistry()
        full = "Datagrams that came while the queue of the socket was full"
        self._socket_drops = self._counted_elsewhere("socket_drops", full, "protocol")
        too_slow = "Lines of the log that its reader was too slow for"
        self._log_lines = self._counted_elsewhere("log_lines_left_out", too_slow)
        self.dhcp = self._tally("dhcp_messages", "DHCP messages", "direction", "type")
        self.decisions = self._tally("decisions", "What machines were told to boot", "protocol", "decision")
        self.answers = TallyHistogram(
            "bootd_answer_duration_seconds", "From a request to its answer", ANSWERS, "protocol"
        )
        self._registry.register(self.answers)
        self.tftp = self._counter("tftp_transfers", "TFTP transfers that ended", "status")
        self.tftp_bytes = self._counter("tftp_bytes", "Bytes of files sent by TFTP")
        self.http = self._tally("http_requests", "HTTP requests", "route", "status")
        self.http_bytes = self._counter("http_bytes", "Bytes of files sent by HTTP")
        self.rehearsals = self._counter("rehearsals", "Requests of rehearsals, which move no machine", "protocol")
        self.transfers = self._histogram(
            "transfer_duration_seconds", "From a file's first byte to its last", TRANSFERS, "protocol", "status"
        )
        self.syslog = self._counter("syslog_messages", "syslog messages", "outcome")
        self.dropped = self._counter("dropped", "Datagrams dropped", "protocol", "reason")
        self.failures = self._counter("handler_failures", "Requests that met a fault in bootd itself", "protocol")
        self.machines = self._gauge("machines", "Machines in the catalog, by stage", "stage")
        self.stages_reached = self._tally("stages_reached", "Stages that machines have reached", "stage")
        told = "How long machines were at a stage, once they have left it"
        self.stage_seconds = TallyHistogram("bootd_stage_duration_seconds", told, STAGES, "stage")
        self._registry.register(self.stage_seconds)
        self.machine_failures = self._counter(
            "machine_failures", "Machines that failed, by the stage they were at", "stage", "reason"
        )
        self.boot_errors = self._counter("boot_errors", "Errors that iPXE and GRUB have reported")
        self.store_problems = self._gauge("store_problems", "Problems in the store: files or objects not served")
        self.store_pending = self._gauge("store_pending_states", "Machine states that wait to be kept", "place")
        self.store_lag = self._gauge("store_lag_seconds", "How long the oldest of them has waited", "place")
        self.unknown = self._gauge("unknown_machines", "Machines seen that have no Hardware object")
        self.unknown_to_boot = self._gauge(
            "unknown_machines_to_boot", "Those of them that want to boot from the network"
        )
        self.server_up = self._gauge("server_up", "1 where the server hears and answers", "server")
        self.answers_dhcp = self._gauge("answers_dhcp", "1 where this replica answers DHCP, 0 where it stands by")
        build = Info("bootd_build", "Which bootd this is", registry=self._registry)
        build.info({"version": VERSION, "python": platform.python_version()})
        ProcessCollector(registry=self._registry)

    def set_stages(self, machines: Mapping[str, int]) -> None:
        """Show how many machines stand at each stage, by its name."""
        for stage, number in machines.items():
            self.machines.labels(stage).set(number)

    def watch_socket(self, protocol: str, drops: Callable[[], int]) -> None:
        """Ask ``drops``, at each scrape, how many datagrams found no room: see ``process.kernel_queue``."""
        self._socket_drops.counts[(protocol,)] = drops

    def watch_log(self, left_out: Callable[[], int]) -> None:
        """Ask ``left_out``, at each scrape, how many lines the log had no room for: see ``process.log``."""
        self._log_lines.counts[()] = left_out

    def render(self) -> bytes:
        """Return all metrics in the Prometheus text format."""
        return generate_latest(self._registry)

    def _tally(self, name: str, text: str, *labels: str) -> TallyCounter:
        counter = TallyCounter(f"bootd_{name}", text, labels)
        self._registry.register(counter)
        return counter

    def _counted_elsewhere(self, name: str, text: str, *labels: str) -> _CountedElsewhere:
        counter = _CountedElsewhere(f"bootd_{name}", text, labels)
        self._registry.register(counter)
        return counter

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"bootd_{name}", text, labels, registry=self._registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"bootd_{name}", text, labels, registry=self._registry)

    def _histogram(self, name: str, text: str, bounds: Iterable[float], *labels: str) -> Histogram:
        return Histogram(f"bootd_{name}", text, labels, registry=self._registry, buckets=tuple(bounds))


class _CountedElsewhere:
    """A counter that others keep: they are asked when Prometheus asks, and it costs nothing otherwise."""

    def __init__(self, name: str, text: str, labels: Sequence[str]) -> None:
        self._name, self._text, self._labelnames = name, text, tuple(labels)
        self.counts: dict[tuple[str, ...], Callable[[], int]] = {}  # by the values of the labels

    def describe(self) -> list[CounterMetricFamily]:
        """Return the metric without its values."""
        return [CounterMetricFamily(self._name, self._text, labels=self._labelnames)]

    def collect(self) -> list[CounterMetricFamily]:
        """Return the metric as it is now."""
        (family,) = self.describe()
        for values, count in list(self.counts.items()):
            family.add_metric(values, count())
        return [family]
