# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The image of the role bootd: its name, its recipe, and the word that says which one it is."""

from __future__ import annotations

import json

import pytest
import yaml
from ansible.template import trust_as_template

from unit.roles.test_bootd import ROLE, render, templar


def value(name: str, **given: object) -> object:
    return templar(**given).template(trust_as_template("{{ " + name + " }}"))


def instructions(**given: object) -> list[str]:
    lines = render("Containerfile.j2", **given).splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def files(**checksums: str) -> dict[str, object]:
    return {"files": [{"path": path, "checksum": checksum} for path, checksum in checksums.items()]}


def test_image_has_the_version_of_the_collection():
    galaxy = yaml.safe_load((ROLE.parents[1] / "galaxy.yml").read_text(encoding="utf-8"))
    assert value("bootd_image") == f"localhost/baremetal-netboot/bootd:{galaxy['version']}"


def test_recipe_runs_no_shell():
    started = [line.split(" ", 1) for line in instructions() if line.startswith(("RUN", "ENTRYPOINT", "CMD"))]
    assert len(started) == 6
    assert all(isinstance(json.loads(argument), list) for _word, argument in started)


def test_recipe_with_wheels_asks_no_index():
    (pip,) = [line for line in instructions(bootd_pip_wheels="/srv/wheels") if '"--requirement"' in line]
    assert '"--no-index"' in pip


def test_recipe_installs_by_hashes_what_the_collection_names():
    def pip(**given: object) -> str:
        (line,) = [line for line in instructions(**given) if '"--requirement"' in line]
        return line

    assert '"--require-hashes"' in pip()
    assert '"--require-hashes"' in pip(bootd_pip_wheels="/srv/wheels")
    assert '"--require-hashes"' not in pip(bootd_pip_requirements="/srv/own.txt")


def test_recipe_takes_base_and_index():
    lines = instructions(
        bootd_image_base="docker-archive:/srv/base.tar", bootd_pip_index_url="https://pypi.example/simple"
    )
    assert [line for line in lines if line.startswith("FROM")] == [
        "FROM docker-archive:/srv/base.tar AS build",
        "FROM docker-archive:/srv/base.tar",
    ]
    assert any('"--index-url", "https://pypi.example/simple"' in line for line in lines)


@pytest.mark.parametrize(
    "other",
    [
        {"__bootd_image_files": files(a="2")},
        {"__bootd_image_files": files(b="1")},
        {"bootd_image": "registry.example/bootd:1"},
    ],
    ids=["content", "name of a file", "name of the image"],
)
def test_key_is_another_one_when_the_image_is(other):
    given = {
        "__bootd_image_files": files(a="1"),
        "__bootd_image_directories": {},
    }
    assert value("__bootd_image_key", **given) == value("__bootd_image_key", **given)
    assert value("__bootd_image_key", **given) != value("__bootd_image_key", **{**given, **other})
