# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of Harvester's versions is data: each row once, with its source, and in the documentation."""

from __future__ import annotations

from pathlib import Path

import pytest

from _bootd.installers.harvester.quirks import ARCHES, QUIRKS, arch_refused, bios_refused, holds, quirks_of
from _bootd.installers.harvester.spelling import documented
from _bootd.installers.harvester.versions import is_known, parse_version, shown_version
from ansible_collections.baremetal.netboot.plugins.module_utils._harvester.schema import (
    CONFIGURATION,
    Field,
    Items,
    Named,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._harvester.schema_names import ADDONS, SETTINGS

PAGE = Path(__file__).resolve().parents[3] / "docs/harvester-configuration.md"


def test_quirks_have_a_name_of_their_own_a_source_and_an_architecture():
    assert len({quirk.name for quirk in QUIRKS}) == len(QUIRKS)
    for quirk in QUIRKS:
        assert quirk.what and quirk.source
        assert quirk.archs and set(quirk.archs) <= set(ARCHES)
        assert quirk.until is None or quirk.since < quirk.until


def test_quirks_are_documented():
    text = PAGE.read_text(encoding="utf-8")
    assert [quirk.name for quirk in QUIRKS if f"| `{quirk.name}` | {quirk.versions()} |" not in text] == []


def versioned(fields: dict[str, Field], path: str = "") -> list[tuple[str, Field]]:
    found = []
    for name, field in fields.items():
        below = f"{path}.{documented(name)}".lstrip(".")
        if field.since > (1, 0) or field.until:
            found.append((below, field))
        shape = field.shape.fields if isinstance(field.shape, (Items, Named)) else field.shape
        if isinstance(shape, dict) and not (field.since > (1, 0) and isinstance(field.shape, Named)):
            found += versioned(shape, below)
    return found


def test_keys_with_a_version_are_documented():
    text = PAGE.read_text(encoding="utf-8")
    for path, field in versioned(CONFIGURATION):
        assert f"| `{path}` | {shown_version(field.since) if field.since > (1, 0) else ''}" in text, path
        assert field.source


def test_addons_and_settings_with_a_version_are_documented():
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    later = {name: since for name, since in ADDONS.items() if since > (1, 2)}
    later |= {name: since for name, since in SETTINGS.items() if since > (1, 0)}
    for name, since in later.items():
        assert [line for line in lines if f"`{name}`" in line and f"| {shown_version(since)} |" in line], name


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("v1.8.2", (1, 8, 2)),
        ("1.8.2", (1, 8, 2)),
        ("v1.9.0-rc6", (1, 9, 0)),
        ("v1.9.0-dev-20260705", (1, 9, 0)),
        ("v1.10.3", (1, 10, 3)),
    ],
)
def test_parse_version_reads_releases_and_candidates(text, version):
    assert parse_version(text) == version


def test_parse_version_takes_a_branch_for_its_newest_and_master_for_the_newest_of_all():
    assert parse_version("v1.1.9999") < parse_version("v1.1") < parse_version("v1.2.0")
    assert parse_version("v99.0.0") < parse_version("master") == parse_version("")


@pytest.mark.parametrize(("text", "known"), [("v0.3.0", False), ("v1.0.3", True), ("v1.9", True), ("v1.10.0", False)])
def test_is_known_is_what_the_tables_were_written_for(text, known):
    assert is_known(parse_version(text)) is known


@pytest.mark.parametrize(
    ("version", "refused"), [("v1.7.3", False), ("v1.8", True), ("v1.8.0-rc1", True), ("master", True)]
)
def test_bios_refused_from_v1_8(version, refused):
    assert bool(bios_refused(version)) is refused


@pytest.mark.parametrize(
    ("version", "arch", "refused"),
    [("v1.2.2", "arm64", True), ("v1.3.0", "arm64", False), ("v1.2.2", "amd64", False), ("master", "arm64", False)],
)
def test_arch_refused_before_v1_3(version, arch, refused):
    assert bool(arch_refused(version, arch)) is refused


def test_quirks_of_are_those_that_hold():
    names = {quirk.name for quirk in quirks_of("v1.8.2", "arm64")}
    assert {"bios-refused", "address-lost"} <= names
    assert not {"arm64-missing", "arm64-stub", "iso-local", "networks-v1.0"} & names
    assert all(holds(name, "v1.8.2", "arm64") for name in names)
