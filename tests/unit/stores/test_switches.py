# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What bootd has switched off, laid over the objects; and clashes as problems."""

from __future__ import annotations

import pytest

from _bootd.hardware.model import Interface, Machine, Netboot
from _bootd.stores.catalog import Catalog
from _bootd.stores.switches import as_served, clash_problems

FIRST, SECOND = "52:54:00:00:00:01", "52:54:00:00:00:02"


def machine(allow: bool | None = True, reprovision: str = "") -> Machine:
    netboot = Netboot(allow_pxe=allow, ipxe_url="http://h/x")
    return Machine("a", interfaces=(Interface(FIRST, netboot=netboot), Interface(SECOND)), reprovision=reprovision)


@pytest.mark.parametrize(
    ("allow", "reprovision", "switched_off", "expected"),
    [
        (True, "", {FIRST: ""}, (False, True)),
        (True, "2", {FIRST: "2"}, (False, True)),
        (True, "2", {FIRST: "1"}, (True, False)),
        (True, "", {FIRST: "1"}, (True, False)),
        (True, "", {SECOND: ""}, (True, False)),
        (True, "", {}, (True, False)),
        (False, "", {FIRST: ""}, (False, False)),
        (None, "", {FIRST: ""}, (None, False)),
    ],
)
def test_as_served(allow, reprovision, switched_off, expected):
    given = machine(allow, reprovision)
    served = as_served(given, switched_off)
    netboot = served.interfaces[0].netboot
    assert (netboot.allow_pxe, netboot.switched_off) == expected
    assert netboot.ipxe_url == "http://h/x"
    assert served.interfaces[1] == given.interfaces[1]
    assert (served is given) == (expected == (allow, False))


def test_clash_problems_name_both():
    catalog = Catalog()
    for name, created in (("old", "1"), ("young", "2"), ("younger", "3")):
        interface = Interface(FIRST, address="10.10.0.1")
        catalog.upsert(Machine(name, interfaces=(interface,), created=created, source=f"{name}.yaml"))
    problems = list(clash_problems(catalog.clashes()))
    assert [problem.where for problem in problems] == ["young.yaml", "younger.yaml"] * 2
    assert all("default/old" in problem.message and "old.yaml" in problem.message for problem in problems)
    assert FIRST in problems[0].message and "10.10.0.1" in problems[2].message


def test_machine_that_was_installed_from_one_card_is_installed_from_no_other():
    on = Netboot(allow_pxe=True)
    cards = (Interface(FIRST, netboot=on), Interface(SECOND, netboot=on), Interface("52:54:00:00:00:03"))
    served = as_served(Machine("a", interfaces=cards), {SECOND: ""})
    found = [(card.netboot.allow_pxe, card.netboot.switched_off) for card in served.interfaces]
    assert found == [(False, True), (False, True), (None, False)]
    # Another value asks for another installation, from whichever card.
    again = Machine("a", interfaces=cards, reprovision="2")
    assert as_served(again, {SECOND: ""}) is again
