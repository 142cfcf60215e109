# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines that the playbook provision ends with, one for each machine."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment

TEMPLATE = Path(__file__).resolve().parents[3] / "playbooks/templates/summary.j2"
ROW = {"name": "um790-1", "reached": True, "stage": "ready", "reason": "", "percent": None}


def lines(row: dict[str, object], *stages: tuple[str, float]) -> list[str]:
    """Return what is told of a machine that came to these stages, each with its time in seconds."""
    machine = {"ip": "10.10.0.16", "firmware": "uefi", "stages": [{"stage": name, "at": at} for name, at in stages]}
    result = {"summary": [row], "machines": {"um790-1": machine}}
    # As Ansible's own lookup of templates has it.
    template = Environment(trim_blocks=True).from_string(TEMPLATE.read_text(encoding="utf-8"))
    return template.render(provision_result=result, clusters=["10.10.0.30"]).splitlines()


def test_time_counts_from_the_first_request_and_not_from_the_inventory():
    told, cluster = lines(ROW, ("known", 100.0), ("offered", 160.0), ("script", 162.5), ("ready", 200.0))
    assert told.split(maxsplit=3) == ["um790-1", "ready", "10.10.0.16", "uefi, 40.0 s after its first request"]
    assert cluster == "The cluster is at https://10.10.0.30"


def test_machine_that_has_not_arrived_is_told_with_its_reason():
    row = {**ROW, "reached": False, "stage": "known", "reason": "no request has come"}
    (told,) = lines(row, ("known", 100.0))
    assert told.split(maxsplit=3) == ["um790-1", "known", "10.10.0.16", "no request has come"]
