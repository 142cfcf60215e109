# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Redfish to sushy-tools' emulator, whose machines are processes: what it was told, and what it answers."""

from __future__ import annotations

import functools
import http.server
import json
import threading
from contextlib import contextmanager

import pytest
import sushy

from ansible_collections.baremetal.netboot.plugins.modules import machine_power
from programs.require import require
from samples.certificates import make_certificate
from servers.module_run import run_module
from servers.redfish_emulator import PASSWORD, USER, Wired, emulator, read_events

MACHINES = [Wired(f"um790-{number}", ["sleep", "600"]) for number in (1, 2, 3)]
# One that does not listen to what its BMC asks of its operating system.
STUBBORN = Wired("stubborn", ["sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"])


@pytest.fixture(scope="module")
def emulated(tmp_path_factory):
    """The port of an emulator with TLS, its certificate, and the file with its events."""
    require("openssl")
    directory = tmp_path_factory.mktemp("redfish")
    certificate, key = make_certificate(directory, "bmc", "127.0.0.1")
    with emulator(directory, [*MACHINES, STUBBORN], SSL_CERT=str(certificate), SSL_KEY=str(key)) as (port, events):
        yield port, certificate, events


@contextmanager
def served(directory):
    """The URL at which a directory is served."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=directory)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def described(emulated, machine, **words):
    """The machine as an inventory has it."""
    port, certificate, _events = emulated
    login = {"username": USER, "password": PASSWORD, "ca_path": str(certificate)}
    bmc = {"type": "redfish", "address": "127.0.0.1", "port": port, "system": machine.system, **login, **words}
    return {"name": machine.name, "bmc": bmc}


@pytest.fixture
def power(capsys):
    """A function that runs the module and returns its result."""

    def run(machines, state, *, check=False, **options):
        return run_module(machine_power, capsys, {"machines": machines, "state": state, **options}, check=check)

    return run


def happened(emulated, machine):
    return [
        (event["power"], event["boot"], event["mode"])
        for event in read_events(emulated[2])
        if event["name"] == machine.name
    ]


def test_machines_are_booted_from_the_network_once(power, emulated):
    one, two, _three = MACHINES
    machines = [described(emulated, one), {**described(emulated, two, boot="http"), "firmware": "uefi"}]
    foreseen = power(machines, "network_boot", check=True)
    assert happened(emulated, one) == []
    found = power(machines, "network_boot")
    assert foreseen["machines"] == found["machines"]
    assert found["machines"]["um790-1"]["steps"] == ["eject", "boot_once", "switch_on"]
    assert found["diff"]["before"] == "um790-1: off\num790-2: off\n"
    assert "um790-1: eject, boot_once, switch_on, on\n" in found["diff"]["after"]
    # The emulator takes UefiHttp without a URL for Pxe.
    assert happened(emulated, one) == happened(emulated, two) == [("On", "Pxe", "UEFI")]
    assert not power(machines, "on")["changed"]

    power([{**machines[0], "firmware": "bios"}], "network_boot")
    assert happened(emulated, one)[2:] == [("On", "Pxe", "Legacy")]
    power(machines, "cycled")
    assert happened(emulated, one)[4:] == [("On", "None", "Legacy")]
    assert power(machines, "off")["changed"]
    assert not power(machines, "off")["changed"]


def test_virtual_media_are_ejected(power, emulated, tmp_path):
    three = MACHINES[2]
    port, certificate, _events = emulated
    (tmp_path / "cd.iso").write_bytes(b"x" * 2048)
    url = f"https://127.0.0.1:{port}"
    system = sushy.Sushy(url, USER, PASSWORD, verify=str(certificate)).get_system(f"/redfish/v1/Systems/{three.system}")
    (cd,) = [medium for medium in system.virtual_media.get_members() if medium.identity == "Cd"]
    with served(tmp_path) as site:
        cd.insert_media(f"{site}/cd.iso")
    cd.refresh(force=True)
    assert cd.inserted
    found = power([described(emulated, three)], "network_boot")
    assert found["machines"]["um790-3"]["ejected"] == ["Cd"]
    cd.refresh(force=True)
    assert not cd.inserted


def test_machine_that_does_not_shut_down_is_told_and_its_power_cut_by_force(power, emulated):
    machines = [described(emulated, STUBBORN)]
    power(machines, "on")
    found = power(machines, "off", timeout=1)
    assert found["msg"] == "stubborn: shut down: it is not off after 1 s; force cuts the power"
    assert power(machines, "off", force=True)["machines"]["stubborn"]["steps"] == ["cut"]


def test_all_that_is_wrong_is_told_at_once_and_no_secret(power, emulated):
    one, two, three = MACHINES
    machines = [
        described(emulated, one, password="ganz-falsch"),
        {**described(emulated, STUBBORN, ca_path=None), "name": "untrusted"},
        {**described(emulated, two, system="7"), "name": "nameless"},
        {**described(emulated, three, port=1), "name": "gone"},
        described(emulated, two),
    ]
    found = power(machines, "on")
    assert found["failed"]
    port = emulated[0]
    told = dict(line.split(": ", 1) for line in found["msg"].splitlines())
    assert told["um790-1"] == f"https://127.0.0.1:{port} refuses the user name or the password"
    assert told["untrusted"].endswith("name its authority in ca_path, or set validate_certs: false")
    assert told["nameless"].startswith("the BMC has no system 7, but ")
    assert told["gone"] == "https://127.0.0.1:1: can't be reached: Connection refused"
    assert found["machines"]["um790-2"]["after"] == "on"
    assert PASSWORD not in json.dumps(found)
    assert "falsch" not in json.dumps(found)


def test_verification_can_be_switched_off(power, emulated):
    found = power([described(emulated, MACHINES[0], ca_path=None, validate_certs=False)], "on")
    assert found["machines"]["um790-1"]["error"] == ""


def test_system_has_to_be_named_where_there_are_several(power, emulated):
    found = power([described(emulated, MACHINES[0], system=None)], "on")
    assert found["msg"].startswith("um790-1: the BMC has 4 systems: say which one with system, of ")
