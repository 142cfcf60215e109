# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tallies tell Prometheus is what its own client would."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest

from _bootd.process.tallies import TallyCounter, TallyHistogram

BOUNDS = (0.0005, 0.01, 1.0, 4.0)
disable_created_metrics()


def exposed(*collectors) -> str:
    registry = CollectorRegistry()
    for collector in collectors:
        registry.register(collector)
    return generate_latest(registry).decode()


@given(st.lists(st.one_of(st.sampled_from([0.0, *BOUNDS]), st.floats(0, 100))))
def test_histogram_is_told_as_by_the_prometheus_client(durations):
    theirs = Histogram("a_seconds", "how long", ["protocol"], registry=None, buckets=BOUNDS)
    ours = TallyHistogram("a_seconds", "how long", BOUNDS, "protocol")
    for series in (theirs.labels("dhcp"), ours.labels("dhcp")):
        for seconds in durations:
            series.observe(seconds)
    assert exposed(ours) == exposed(theirs)


@given(st.lists(st.sampled_from([("send", "ACK"), ("recv", "ACK"), ('"', "\\\n")])))
def test_counter_is_told_as_by_the_prometheus_client(counted):
    theirs = Counter("a", "how many", ["direction", "type"], registry=None)
    ours = TallyCounter("a", "how many", ("direction", "type"))
    for values in counted:
        theirs.labels(*values).inc()
        ours.labels(*values).inc()
    assert exposed(ours) == exposed(theirs)


def test_shared_series_lose_nothing_to_other_threads():
    counter = TallyCounter("a", "how many", ("protocol",))
    timings = TallyHistogram("a_seconds", "how long", BOUNDS, "protocol")

    def count() -> None:
        for _unused in range(2000):
            counter.shared("http").inc()
            timings.shared("http").observe(0.25)

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(count) for _unused in range(4)]:
            done.result()
    assert 'a_total{protocol="http"} 8000.0' in exposed(counter)
    assert 'a_seconds_sum{protocol="http"} 2000.0' in exposed(timings)
