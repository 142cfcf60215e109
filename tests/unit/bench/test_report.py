# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of measurements: medians, ratios, goals, and the page and pictures made of them."""

from __future__ import annotations

from dataclasses import asdict
from xml.etree import ElementTree

import pytest

from bench import report
from bench.plots import WIDTH, Bar, Panel, picture
from bench.results import Workload, rows_of, short, spread

OFFERS = Workload("offers", "OFFERs <&>", "OFFERs")
BESIDE = Workload("beside", "OFFERs beside others", "OFFERs", compares="p99_ms")
CALM = Workload("calm", "OFFERs and nothing else", "OFFERs", compares="p99_ms")


def figures(per_cpu_second, p99_ms, failures=0):
    return {
        "per_second": 1000.0,
        "per_cpu_second": per_cpu_second,
        "failures": failures,
        "resident": 20_000_000,
        "p50_ms": None,
        "p99_ms": p99_ms,
    }


SERVERS = {
    "bootd": [figures(90.0, 4.0), figures(120.0, 8.0, 1), figures(100.0, 6.0)],
    "kea": [figures(50.0, 3.0), figures(40.0, 2.0), figures(60.0, 1.0)],
}


def document():
    return {
        "measured": "2026-11-30 12:00",
        "machine": {
            "processor": "one",
            "processors": 2,
            "memory_gib": 4,
            "kernel": "6.1",
            "system": "Debian",
            "python": "3.11",
            "load_before": [0.5, 0, 0],
        },
        "rounds": 3,
        "problems": ["dhcp: isc-dhcpd: it did not start"],
        "versions": {"kea-dhcp4-server": "2.2.0-6"},
        "workloads": [
            {**asdict(OFFERS), "servers": SERVERS},
            {**asdict(BESIDE), "servers": {"bootd": [figures(1.0, 9.0)]}},
            {**asdict(CALM), "servers": {"bootd": [figures(1.0, 4.0)]}},
        ],
    }


def test_rows_have_medians_ranges_and_ratios():
    titles, ours, kea = rows_of(OFFERS, SERVERS)
    assert titles == ["server", "OFFERs/s", "OFFERs per CPU-s", "bootd/it", "failures", "MB", "p50 ms", "p99 ms"]
    assert ours[2:] == ["100 [90 to 120]", "", "1", "20 [20 to 20]", "-", "6 [4 to 8]"]
    assert kea[2:5] == ["50 [40 to 60]", "2.00", "0"]


def test_a_workload_about_latency_compares_latencies():
    titles, _ours, kea = rows_of(BESIDE, SERVERS)
    assert (titles[3], kea[3]) == ("bootd/it p99", "3.00")


def test_a_figure_that_no_round_has_is_a_dash():
    assert (spread([{"p99_ms": None}, {}], "p99_ms"), spread([{"p99_ms": 2.0}], "p99_ms")) == ("-", "2")


@pytest.mark.parametrize(
    ("value", "text"), [(57403.4, "57,403"), (0.0526, "0.0526"), (2, "2"), (99.96, "100"), (0, "0")]
)
def test_numbers_have_three_digits_that_count(value, text):
    assert short(value) == text


def test_goals_tell_what_fell_short():
    lines = report.goals({"dhcp": document()}).splitlines()
    assert "| OFFERs per CPU-s | kea | at least 3 | 2 | no |" in lines
    assert "| p99 of OFFERs beside unknown machines | bootd without them | at most 2 | 2.25 | no |" in lines
    assert "| failures beside unknown machines |  | at most 0 | 0 | yes |" in lines
    # What was not measured is not judged.
    assert len(lines) == 5


def test_a_failure_in_any_round_counts():
    documents = {"dhcp": document()}
    assert report.reached(documents, report.Goal("failures", "dhcp/offers", 0, key="failures", at_most=True)) == 1


def test_the_page_has_what_was_measured_and_says_what_was_not():
    page = report.page("# Performance\n\n<!-- goals -->\n\n<!-- dhcp -->\n\n<!-- tftp -->\n", {"dhcp": document()})
    assert "| kea | 1,000 [1,000 to 1,000] | 50 [40 to 60] | 2.00 | 0 |" in page
    assert "Not measured: dhcp: isc-dhcpd: it did not start" in page
    assert page.endswith("*Not measured yet: `make bench ONLY=tftp`.*\n")


def test_every_place_of_the_template_is_known():
    places = set(report._PLACE.findall(report.TEMPLATE.read_text(encoding="utf-8")))
    assert places == {"goals", "machine", *report.SUITES}


def test_a_picture_is_xml_and_its_bars_are_in_it():
    ((name, svg),) = report.pictures({"dhcp": document()})
    root = ElementTree.fromstring(svg)
    rects = [item for item in root.iter("{http://www.w3.org/2000/svg}rect") if item.get("class") in ("ours", "peer")]
    assert name == "dhcp.svg"
    assert [(item.get("class"), item.get("width")) for item in rects[:2]] == [("ours", "333.3"), ("peer", "166.7")]
    assert all(float(item.get("x")) + float(item.get("width")) < WIDTH for item in rects)


def test_a_picture_of_nothing_is_a_picture():
    assert ElementTree.fromstring(picture([Panel("none", []), Panel("zero", [Bar("a", 0, 0, 0, "0")])], "nothing"))
