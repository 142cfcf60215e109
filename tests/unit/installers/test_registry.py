# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each installer keeps its contract, and one more is known everywhere by being in the registry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.configurations.base import Configuration
from _bootd.decisions import tokens
from _bootd.decisions.boot import BootContext, Script, Unusable, decide_script
from _bootd.decisions.deadlines import Expected, overdue
from _bootd.decisions.stages import State
from _bootd.decisions.waiting import is_asked
from _bootd.hardware.field_check import Finding
from _bootd.hardware.manifest import Document
from _bootd.hardware.model import Interface, Machine, Netboot, Nic, Osie, machine_from_object
from _bootd.http.status import machine_document
from _bootd.installers import registry
from _bootd.installers.base import MAX_TARGETS, TEXT, YAML, Handout, Installer, Target
from _bootd.installers.fields import FieldError
from _bootd.installers.kernel_boot import KernelBoot, kernel_boot
from _bootd.installers.registry import ANY, INSTALLERS, find, installer_of, meant_by
from _bootd.process.settings import LIMITS
from _bootd.runtime import configuration_handout as delivery
from _bootd.runtime.deadline_monitor import expected_of
from _bootd.validation.objects import check
from samples.documents import damaged_objects
from servers.services_in_memory import NOW, ServicesInMemory

BASE = "http://10.10.0.20:7080"
ALL = pytest.mark.parametrize("installer", INSTALLERS, ids=lambda installer: installer.name)


@ALL
def test_installer_is_found_by_its_distro(installer):
    assert find(installer.distro) is installer
    assert meant_by(f" {installer.distro.upper()} ") is installer


def test_distro_that_nobody_knows_boots_any_kernel():
    assert find("havester") is find("") is ANY


@ALL
def test_installer_names_what_people_and_events_see(installer):
    assert installer.name and installer.does
    assert installer.last_stage in ("installed", "ready")
    assert set(installer.reports) <= set(tokens.OUTCOMES)
    assert len({item.name for item in INSTALLERS}) == len({item.distro for item in INSTALLERS}) == len(INSTALLERS)


@ALL
@given(document=damaged_objects())
def test_installer_takes_any_object(installer, document):
    spec = document.get("spec")
    if isinstance(spec, dict):
        assert [path for path, *_rest in _problems(installer, spec) if not path.startswith("spec.")] == []
    machine = machine_from_object(document)
    assert len(installer.answers_at(machine, {"install": {"vip": 5}})) <= MAX_TARGETS
    for interface in machine.interfaces:
        nic = Nic(machine, interface)
        with suppress(FieldError):
            assert isinstance(installer.boot(nic, f"{BASE}/configuration/x/y", interface.arch), KernelBoot)
        with suppress(ValueError):
            kept = installer.read("install: {webhooks: 5}\n")
            assert isinstance(installer.configuration(nic, kept, f"{BASE}/phone-home/x/y"), Handout)


@ALL
@pytest.mark.parametrize("arch", ["", "x86_64", "aarch64", "sparc"])
def test_installer_boots_or_names_the_field_that_keeps_it_from_that(installer, arch):
    netboot = Netboot(True, osie=Osie("http://h/base"))
    interface = Interface("52:54:00:00:00:01", "10.10.0.16", arch=arch, netboot=netboot)
    system = {"distro": installer.distro, "version": "v1.8.0"}
    nic = Nic(Machine("a", interfaces=(interface,), metadata={"instance": {"operating_system": system}}), interface)
    with suppress(FieldError):
        boots = installer.boot(nic, "", arch)
        assert all(url.startswith("http") for url in (boots.kernel, *(initrd.url for initrd in boots.initrds)))


def _problems(installer: Installer, spec: dict[str, Any]) -> Iterator[Finding]:
    # As check_software does: only where the object names it.
    system = {"operating_system": {"distro": installer.distro, "version": "v1.2.0"}}
    return installer.problems({**spec, "metadata": {"instance": system}})


@ALL
@given(text=st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_installer_reads_any_text_as_it_was_written_or_refuses_it(installer, text):
    with suppress(ValueError):
        found = installer.read(text)
        assert found.text == text
        handout = installer.configuration(Nic(Machine("a"), Interface("52:54:00:00:00:01")), found, f"{BASE}/x")
        assert handout is None or "/" in handout.media_type


@ALL
@pytest.mark.parametrize("text", ["password: *canary-5f3a9e\n", "\x00canary-5f3a9e", "canary-5f3a9e\tcanary-5f3a9e \\"])
def test_installer_that_refuses_a_configuration_repeats_nothing_of_it(installer, text):
    with suppress(ValueError):
        installer.read(text)
        return
    with pytest.raises(ValueError, match=r"^it ") as refused:
        installer.read(text)
    assert "canary" not in str(refused.value)
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


def test_configuration_of_any_other_system_comes_back_as_it_was_written():
    text = "#cloud-config\n# by hand\nhostname: a   # and so it stays\n"
    nic = Nic(Machine("a"), Interface("52:54:00:00:00:01"))
    handout = ANY.configuration(nic, ANY.read(text), f"{BASE}/phone-home/x/y")
    assert handout is not None
    assert (handout.content.decode(), handout.media_type) == (text, YAML)


def test_configuration_that_is_no_mapping_comes_back_too():
    kept = ANY.read("%packages\n@core\n%end\n")
    assert kept.document == {}
    handout = ANY.configuration(Nic(Machine("a"), Interface("52:54:00:00:00:01")), kept, f"{BASE}/phone-home/x/y")
    assert handout == Handout(b"%packages\n@core\n%end\n", TEXT)


def test_arguments_that_come_last_stay_as_they_are():
    boot = kernel_boot("http://h/linux", ["http://h/initrd.gz"], ["a=1"], ["quiet", "a=2"], last=["--", "quiet", "a=1"])
    assert boot.arguments == ("initrd=initrd.gz", "a=2", "quiet", "--", "quiet", "a=1")
    with pytest.raises(FieldError, match="the kernel command line"):
        kernel_boot("http://h/linux", ["http://h/initrd.gz"], [], [], last=["x" * 2048])


def test_handout_is_not_shown_by_printing_it():
    assert "secret" not in repr(Handout(b"secret"))


class Third(Installer):
    """One more, as somebody would add it."""

    distro = "third"
    name = "third"
    does = "installs Third"
    configuration_argument = "url"
    makes_configuration = True
    reports = ("started", "succeeded")
    last_stage = "ready"

    def problems(self, spec: Mapping[str, Any]) -> Iterator[Finding]:
        yield "spec.metadata.instance.operating_system.version", "x", "should be y", False

    def boot(self, nic: Nic, configuration_url: str, _arch: str) -> KernelBoot:
        if nic.interface.arch == "odd":
            raise FieldError("dhcp.arch", "is odd")
        return kernel_boot("http://h/linux", ["http://h/initrd.gz"], [f"url={configuration_url}"], [])

    def configuration(self, nic: Nic, kept: Configuration | None, report_url: str) -> Handout | None:
        return Handout(f"report {report_url}/succeeded\n".encode(), "text/plain")

    def expect(self, expected: Expected, document: Mapping[str, Any] | None, http_base: str) -> Expected:
        return replace(expected, stopped_by="its mirror does not answer")

    def answers_at(self, machine: Machine, document: Mapping[str, Any] | None) -> tuple[Target, ...]:
        return (Target(machine.interfaces[0].address, 22),)


@pytest.fixture
def desk(monkeypatch):
    monkeypatch.setitem(registry._BY_DISTRO, "third", Third())
    interface = Interface("52:54:00:00:00:01", "10.10.0.16", netboot=Netboot(True))
    metadata = {"instance": {"operating_system": {"distro": "third"}}}
    machine = Machine("a", interfaces=(interface,), metadata=metadata)
    return ServicesInMemory([Nic(machine, interface)])


def test_third_installer_boots_is_given_its_configuration_and_is_waited_for(desk):
    services = desk.services
    (machine,) = services.catalog.machines()
    nic = Nic(machine, machine.interfaces[0])
    url = delivery.config_url(services, nic, "10.10.0.16")
    script = decide_script(nic, BootContext.of(services.settings, url))
    assert isinstance(script, Script)
    assert (script.reason, script.kind) == ("a installs Third", "third")
    assert script.boots.arguments == ("initrd=initrd.gz", f"url={BASE}/configuration/{url.split('/', 4)[4]}")
    handout = delivery.handout(services, nic)
    assert handout is not None
    assert handout.content.startswith(b"report http://10.10.0.20:7080/phone-home/52-54-00-00-00-01/")
    assert handout.media_type == "text/plain"
    assert is_asked(machine, services.settings)
    assert machine_document(machine, State())["last_stage"] == "ready"
    expected = expected_of(machine, services)
    assert expected.answers == "10.10.0.16:22"
    late = overdue(State("kernel", NOW, seen={"configuration": NOW}), NOW + 1000, LIMITS, expected)
    assert str(late).endswith("likely its mirror does not answer")


def test_third_installer_says_what_is_wrong_with_an_object(desk):
    odd = Interface("52:54:00:00:00:01", arch="odd", netboot=Netboot(True))
    (machine,) = desk.services.catalog.machines()
    script = decide_script(Nic(machine, odd), BootContext(BASE))
    assert script.boots == Unusable("dhcp.arch is odd")
    document = {
        "apiVersion": "tinkerbell.org/v1alpha1",
        "kind": "Hardware",
        "metadata": {"name": "a"},
        "spec": {"metadata": {"instance": {"operating_system": {"distro": "Third"}}}},
    }
    messages = [problem.message for problem in check([Document(document)])]
    assert {"should be third", "should be y"} <= set(messages)
    assert installer_of(machine).name == "third"
