# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole boots against bootd's own decisions, without a socket: what a machine is told, and what stands against it."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network
from urllib.parse import urlsplit

import pytest

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.decisions.boot import Program, Wait
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.decisions.modes import Modes
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.dhcp import options as opt
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.dhcp.decide import Answer as Decided
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.dhcp.proxy import decide_in_mode
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.grub import render as grub
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.ipxe import render as ipxe
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.process.settings import Settings
from ansible_collections.baremetal.netboot.plugins.module_utils._clients.answers import Answer
from ansible_collections.baremetal.netboot.plugins.module_utils._clients.http import HttpProblem, Response
from ansible_collections.baremetal.netboot.plugins.module_utils._clients.kinds import KINDS
from ansible_collections.baremetal.netboot.plugins.module_utils._clients.tftp import TftpProblem, Transfer
from ansible_collections.baremetal.netboot.plugins.module_utils._rehearsal import intent
from ansible_collections.baremetal.netboot.plugins.module_utils._rehearsal.intent import Where
from ansible_collections.baremetal.netboot.plugins.module_utils._rehearsal.run import rehearse
from ansible_collections.baremetal.netboot.plugins.module_utils._rehearsal.wire import Image, Once, Wire
from servers.rehearsal_lab import IMAGES, INITRD, MAC, PROGRAMS, URL, hardware, harvester

BOOTD = intent.Bootd("10.10.0.20", URL)
SETTINGS = Settings("files:x", "x", "10.10.0.20")
OTHER = "10.10.0.1"
HERE = Where()


class DecidedWire:
    """Answers as the decisions of bootd do, for the objects that ``kept`` are; the files are in memory."""

    def __init__(self, *kept, mode="reservation", stage="known"):
        self.kept, self.mode = list(kept), mode
        self.machines = [intended for document in kept if (intended := intent.intended(document, "auto", [], Where()))]
        self.files, self.programs, self.others = dict(IMAGES), dict(PROGRAMS), []
        self.stage, self.waits_for = stage, ""
        self.configuration = {"present": False, "problems": []}
        self.answers = {}  # what servers have to say instead of their files, by name

    def of(self, mac):
        return next((machine for machine in self.machines if machine.mac == mac), None)

    def offers(self, discoveries, _enough=None):
        return [[*self.own(asked), *(make(asked) for make in self.others)] for asked in discoveries]

    def own(self, asked):
        machine, request = self.of(asked.mac), asked.message()
        reply = self.decided(request, machine)
        return [Answer(asked.mac, asked.kind, 0.0, "02:00:00:00:00:20", "10.10.0.20", reply)] if reply else []

    def decided(self, request, machine, *, again=False):
        context = BOOTD.context
        if request.options.get(opt.USER_CLASS):
            context = replace(context, has_program=True)
        nic = machine.nic if machine else None
        decision = decide_in_mode(request, nic, context, self.mode, to_proxy_port=again)
        return decision.reply if isinstance(decision, Decided) else None

    def ask_proxy(self, _server, kind, mac):
        request = KINDS[kind].discover(mac, 1)
        options = {**request.options, opt.MESSAGE_TYPE: bytes((opt.DHCPREQUEST,))}
        return self.decided(replace(request, options=options, ciaddr="10.10.0.9"), self.of(mac), again=True)

    def program(self, _server, name, shared):
        if shared not in self.programs:
            raise TftpProblem(f"{name}: file not found")
        return Transfer(None, self.programs[shared], 0.0), 0.0, 1

    def program_by_http(self, url, _shared):
        return self.program("", url, url.rpartition("/")[2])

    def script(self, machine, program, via):
        url = "http://10.10.0.20:7080/configuration/x/..." if self.configuration["present"] else ""
        decision = intent.script_of(machine, program, BOOTD, url, self.waits_for)
        if self.waits_for:
            assert isinstance(decision, Wait)
        by_grub = program is Program.GRUB
        text = (
            grub.render(decision, machine.mac, SETTINGS, via)
            if by_grub
            else ipxe.render(decision, machine.mac, SETTINGS)
        )
        return text.encode()

    def by_tftp(self, _server, _name):
        (machine,) = self.machines
        return Transfer(None, self.script(machine, Program.GRUB, "tftp"), 0.0)

    def text(self, url):
        self.refuse(url)
        machine = next((item for item in self.machines if item.path in url), None)
        if machine is None:
            raise HttpProblem("404 no such file", 404)
        program = Program.GRUB if "grub.cfg" in url else Program.IPXE
        return Response(200, {}, self.script(machine, program, "http"), 0.0)

    def document(self, url):
        if "/explain" in url:
            return {"configuration": self.configuration}
        return {
            "machines": [
                {"name": item.name, "mac": item.mac, "stage": self.stage, "reason": "as bootd says"}
                for item in self.machines
            ]
        }

    def refuse(self, url):
        if (error := self.answers.get(urlsplit(url).hostname)) is not None:
            raise error

    def image(self, url, _whole_at="", _algorithm=""):
        self.refuse(url)
        name = url.partition("/images/")[2]
        if name not in self.files:
            raise HttpProblem("404 no such file", 404)
        content = self.files[name]
        return Image(len(content), content[:4096], "abc", 0.0, 1), True


def play(wire, *machines, client="auto", checksums=None, where=HERE):
    return rehearse(machines or wire.kept, client, BOOTD, wire, checksums or {}, where)


def other(address, file="", siaddr="0.0.0.0"):
    """What makes the offer of a server that is not bootd."""

    def make(asked):
        request = asked.message()
        options = {opt.MESSAGE_TYPE: bytes((opt.DHCPOFFER,)), opt.SERVER_IDENTIFIER: bytes((10, 10, 0, 1))}
        message = replace(request, op=2, yiaddr=address, siaddr=siaddr, file=file.encode(), options=options)
        return Answer(asked.mac, asked.kind, 0.0, "02:00:00:00:00:01", OTHER, message)

    return make


@pytest.mark.parametrize("mode", ["reservation", "proxy"])
@pytest.mark.parametrize("client", ["bios", "uefi", "uefi-http", "ipxe"])
@pytest.mark.parametrize("binary", ["", "shimx64.efi"])
def test_machine_boots_in_each_mode_as_each_client(mode, client, binary):
    wire = DecidedWire(hardware(1, netboot={"ipxe": {"binary": binary}} if binary else {}), mode=mode)
    if mode == "proxy":
        wire.others.append(other("10.10.200.7", siaddr="10.10.0.20"))
    if binary and client == "bios":
        wire.programs[binary] = wire.programs["grubx64.efi"] = b"a program for BIOS"
    if binary and client == "uefi-http":
        wire.programs["grubx64.efi"] += b"HTTP/1.1"
    result = play(wire, client=client)
    assert (result["problems"], result["machines"]["um790-1"]["verdict"]) == ([], "boots")


def problems(result):
    return [(problem["where"], problem["who"]) for problem in result["problems"]]


def test_proxy_without_a_server_of_addresses_boots_nobody():
    result = play(DecidedWire(hardware(1), mode="proxy"))
    assert problems(result) == [("um790-1, DHCP as uefi", "network")]
    assert "nobody offers an address, expected one from another DHCP server" in result["problems"][0]["what"]


OF_OFF = Where("eth0", (IPv4Network("10.10.0.0/16"),), Modes("off"))
PATH = MAC.format(1).replace(":", "-")


def without_address():
    """A machine as inventories have it where another server gives the addresses: netboot_disable_dhcp."""
    document = hardware(1)
    document["spec"]["interfaces"][0]["disableDhcp"] = True
    del document["spec"]["interfaces"][0]["dhcp"]["ip"]
    return document


@pytest.mark.parametrize("document", [hardware(1), without_address()], ids=["reserved", "no address"])
@pytest.mark.parametrize("others", [[], [other("10.10.200.7")], [other("10.10.200.7", "evil.efi", "10.10.0.66")]])
def test_where_bootd_s_dhcp_is_off_and_nobody_leads_to_it_its_own_path_is_played(others, document):
    wire = DecidedWire(document, mode="off")
    wire.others += others
    result = play(wire, where=OF_OFF)
    # Firmware has to be told one thing and iPXE another.
    assert problems(result) == [("um790-1, DHCP as uefi", "network"), ("um790-1, DHCP as ipxe", "network")]
    told = result["problems"][0]
    assert "bootd's DHCP is off here" in told["what"] and "snponly.efi from 10.10.0.20" in told["what"]
    assert "docs/beside-a-dhcp-server.md" in told["remedy"] and "bootd_dhcp_mode" in told["remedy"]
    steps = [step["step"] for step in result["machines"]["um790-1"]["steps"]]
    assert steps[1:4] == ["TFTP snponly.efi", "DHCP as ipxe", "HTTP auto.ipxe"]
    assert steps[-1] == "initrd initrd.img"


def test_other_server_that_has_ipxe_load_ipxe_again_is_whose_fault_that_is():
    wire = DecidedWire(without_address(), mode="off")
    wire.others.append(other("10.10.200.7", "snponly.efi", "10.10.0.20"))
    result = play(wire, where=OF_OFF)
    assert problems(result) == [("um790-1, load snponly.efi", "network")]
    assert "user class" in result["problems"][0]["remedy"]


@pytest.mark.parametrize(("client", "file"), [("bios", "snponly.efi"), ("uefi", "missing.efi")])
def test_other_server_that_names_a_program_which_the_machine_can_not_have_is_whose_fault_that_is(client, file):
    wire = DecidedWire(without_address(), mode="off")
    wire.others.append(other("10.10.200.7", file, "10.10.0.20"))
    result = play(wire, client=client, where=OF_OFF)
    assert problems(result) == [(f"um790-1, TFTP {file}", "network")]
    assert "architecture" in result["problems"][0]["remedy"]


@pytest.mark.parametrize(
    ("client", "file", "asked"),
    [
        ("uefi", "snponly.efi", f"{PATH}/snponly.efi"),
        ("uefi-http", f"{URL}/ipxe/snponly.efi", f"{URL}/ipxe/{PATH}/snponly.efi"),
        ("ipxe", f"{URL}/${{mac:hexhyp}}/auto.ipxe", f"{URL}/{PATH}/auto.ipxe"),
        ("ipxe", f"{URL}/auto.ipxe", f"{URL}/{PATH}/auto.ipxe"),
    ],
)
def test_what_another_server_names_is_asked_for_as_the_machine(client, file, asked):
    """bootd knows the machine by its address, which a rehearsal has not: so by the MAC in the name."""
    wire = DecidedWire(hardware(1), mode="off")
    names = []
    wire.program = lambda _server, name, shared: names.append(name) or DecidedWire.program(wire, "", name, shared)
    wire.program_by_http = lambda url, shared: names.append(url) or DecidedWire.program_by_http(wire, url, shared)
    wire.text = lambda url: names.append(url) or DecidedWire.text(wire, url)
    wire.others.append(other("10.10.200.7", file, "10.10.0.20"))
    play(wire, client=client, where=OF_OFF)
    assert names[0] == asked


def test_mode_counts_that_the_machine_s_subnet_or_interface_has():
    networks = (IPv4Network("10.10.0.0/24"),)
    of_subnets = Modes.by_scope("off", {"10.10.0.0/24": "proxy", "10.20.0.0/24": "reservation"})
    of_interface = Modes("off", {"eth0": "auto-proxy"})
    here, there = hardware(1), hardware(2, dhcp={"ip": {"address": "10.20.0.9", "netmask": "255.255.255.0"}})
    for modes, found in ((of_subnets, ["proxy", "reservation"]), (of_interface, ["auto-proxy", "auto-proxy"])):
        where = Where("eth0", networks, modes)
        machines = [intent.intended(document, "auto", [], where) for document in (here, there)]
        assert [machine.mode for machine in machines] == found
        assert [machine.is_here for machine in machines] == [True, False]


def test_machine_of_another_network_is_not_judged_by_the_servers_of_this_one():
    """Who answers behind a router can't be asked from here: what bootd has for the machine is looked at."""
    document = hardware(2, dhcp={"ip": {"address": "10.20.0.9", "netmask": "255.255.255.0"}})
    wire = DecidedWire(document, mode="proxy")
    result = play(wire, where=Where("eth0", (IPv4Network("10.10.0.0/24"),), Modes("proxy")))
    assert (result["problems"], result["machines"]["um790-2"]["verdict"]) == ([], "boots")
    wire = DecidedWire(document, mode="off")
    wire.others.append(other("10.10.0.7", "evil.efi", "10.10.0.66"))
    result = play(wire, where=Where("eth0", (IPv4Network("10.10.0.0/24"),), Modes("off")))
    assert (result["problems"], result["machines"]["um790-2"]["verdict"]) == ([], "boots")
    told = result["machines"]["um790-2"]["steps"][0]
    assert told["verdict"] == "note"
    assert "10.20.0.9 is in no network of this interface" in told["what"]


def test_grub_beside_another_server_needs_its_next_server():
    """GRUB reads the lease alone: https://github.com/rhboot/grub2/pull/87."""
    wire = DecidedWire(hardware(1, netboot={"ipxe": {"binary": "shimx64.efi"}}), mode="proxy")
    wire.others.append(other("10.10.200.7"))
    result = play(wire)
    assert problems(result) == [("um790-1, TFTP grub.cfg", "network")]
    assert "dhcp-boot=,,10.10.0.20" in result["problems"][0]["remedy"]


def test_grub_that_came_by_http_and_has_none_is_a_problem():
    result = play(DecidedWire(hardware(1, netboot={"ipxe": {"binary": "shimx64.efi"}})), client="uefi-http")
    assert "no module for HTTP" in result["problems"][0]["what"]


def test_other_server_has_the_machine_load_from_bootd_where_bootd_gives_no_dhcp():
    wire = DecidedWire(hardware(1), mode="off")
    wire.others.append(other("10.10.200.7", f"{URL}/{MAC.format(1).replace(':', '-')}/auto.ipxe"))
    result = play(wire, client="ipxe")
    assert (result["problems"], result["machines"]["um790-1"]["verdict"]) == ([], "boots")
    wire.others[:] = [other("10.10.200.7", "evil.efi", "10.10.0.66")]
    assert ("um790-1, DHCP as uefi", "network") in problems(play(wire))


@pytest.mark.parametrize("file", ["http://[10.10.0.66/evil.efi", "http://\u2100/evil.efi"])
@pytest.mark.parametrize("mode", ["reservation", "off"])
def test_offer_of_a_url_that_is_none_is_a_problem_and_no_fault(file, mode):
    wire = DecidedWire(hardware(1), mode=mode)
    wire.others.append(other("10.10.200.7", file))
    assert ("um790-1, DHCP as uefi", "network") in problems(play(wire))


@pytest.mark.parametrize("stage", ["installed", "ready"])
def test_machine_that_is_installed_boots_its_disk_and_is_no_problem(stage):
    off = hardware(1, netboot={"allowPXE": False})
    result = play(DecidedWire(off, stage=stage), hardware(1))
    assert (result["problems"], result["machines"]["um790-1"]["verdict"]) == ([], "disk")
    result = play(DecidedWire(off), hardware(1))
    assert problems(result) == [("um790-1, DHCP as uefi", "inventory")]


def test_machine_that_waits_has_its_files_looked_at():
    wire = DecidedWire(hardware(1))
    wire.waits_for = "um790-2 (installing)"
    assert play(wire)["machines"]["um790-1"]["verdict"] == "waits"
    del wire.files["initrd.img"]
    assert problems(play(wire)) == [("um790-1, initrd initrd.img", "node")]


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ({"present": True, "problems": []}, []),
        ({"present": False, "problems": [], "made": True}, []),
        ({"present": False, "problems": []}, [("um790-1, configuration", "inventory")]),
        ({"present": True, "problems": ["it is no YAML"]}, [("um790-1, configuration", "inventory")]),
    ],
)
def test_configuration_is_what_bootd_says_of_it(told, found):
    wire = DecidedWire(harvester(1))
    wire.configuration = told
    if told.get("made"):
        wire = DecidedWire(hardware(1))
        wire.configuration = told
    assert problems(play(wire)) == found


RELEASE = f"{URL}/images/v1.8.2"
ISO, SUMS = "harvester-v1.8.2-amd64.iso", "harvester-v1.8.2-amd64.sha512"


def iso_steps(wire, **options):
    """Return what a rehearsal says of the ISO, whose place the configuration names, and of the list beside it."""
    wire.configuration = {"present": True, "problems": [], "loads": [f"{RELEASE}/{ISO}"]}
    result = play(wire, **options)
    found = result["machines"]["um790-1"]["steps"]
    return result, [(step["step"], step["verdict"]) for step in found if ISO[:20] in step["step"]][-2:]


def test_iso_that_the_configuration_names_is_looked_at_like_what_the_kernel_names():
    wire = DecidedWire(harvester(1))
    wire.files[f"v1.8.2/{SUMS}"] = f"{'a' * 128}  {ISO}\n".encode()
    result, told = iso_steps(wire)
    assert (result["problems"], told) == ([], [(f"iso {ISO}", "ok"), (f"checksums {SUMS}", "ok")])
    wire.files[f"v1.8.2/{SUMS}"] = b"another release's"
    assert iso_steps(wire)[1][1] == (f"checksums {SUMS}", "note")
    del wire.files[f"v1.8.2/{SUMS}"]
    result, told = iso_steps(wire)
    assert (result["problems"], told[1]) == ([], (f"checksums {SUMS}", "note"))
    result, _told = iso_steps(wire, checksums={ISO: "sha512:abd"})
    assert problems(result) == [(f"um790-1, iso {ISO}", "node")]
    del wire.files[f"v1.8.2/{ISO}"]
    result, _told = iso_steps(wire)
    assert problems(result) == [(f"um790-1, iso {ISO}", "node")]
    assert "harvester_iso_url" in result["problems"][0]["remedy"]


def test_wrong_checksum_and_missing_file_are_told_of_each_machine_that_loads_it():
    wire = DecidedWire(hardware(1), hardware(2))
    wire.files["initrd.img"] = b"<html>"
    result = play(wire, checksums={"vmlinuz": "sha256:abd"})
    expected = [
        (f"um790-{number}, {step}", "node") for number in (1, 2) for step in ("kernel vmlinuz", "initrd initrd.img")
    ]
    assert problems(result) == expected
    assert INITRD.startswith(b"\x1f\x8b")


SILENT = [
    HttpProblem("Name or service not known"),
    HttpProblem("No route to host"),
    HttpProblem("certificate verify failed: unable to get local issuer certificate"),
    TftpProblem("no answer from 10.10.0.9, port 69"),
]
ANSWERED = [
    HttpProblem("404 not found", 404),
    HttpProblem("403 forbidden", 403),
    HttpProblem("Connection refused", answered=True),
    TftpProblem("file not found", answered=True),
]
ELSEWHERE = "http://reader:hidden@files.example:8080/harvester/create.yaml?token=hidden"


def configured(url):
    document = harvester(1)
    document["spec"]["metadata"]["instance"]["userdata"] = f"console=ttyS0 harvester.install.config_url={url}"
    return document


def loads_from(server):
    osie = {"baseURL": f"{server}/images", "kernel": "vmlinuz", "initrd": "initrd.img"}
    return hardware(1, netboot={"osie": osie})


@pytest.mark.parametrize("error", SILENT, ids=str)
def test_server_that_is_not_seen_from_here_is_a_note_and_no_problem(error):
    for document, server in (
        (configured(ELSEWHERE), "files.example:8080"),
        (loads_from("http://i.example"), "i.example"),
    ):
        wire = DecidedWire(document)
        wire.answers = {"files.example": error, "i.example": error}
        result = play(wire)
        assert (result["problems"], result["machines"]["um790-1"]["verdict"]) == ([], "boots")
        assert result["unseen"] == [server]
        notes = [step["what"] for step in result["machines"]["um790-1"]["steps"] if step["verdict"] == "note"]
        assert notes and all(note.startswith("not seen from here: ") and str(error) in note for note in notes)
        assert "hidden" not in str(result)


@pytest.mark.parametrize("error", ANSWERED, ids=str)
def test_server_that_says_no_says_it_to_machines_too(error):
    wire = DecidedWire(configured(ELSEWHERE), loads_from("http://i.example"))
    wire.answers = {"files.example": error, "i.example": error}
    result = play(wire, configured(ELSEWHERE))
    assert problems(result) == [("um790-1, configuration create.yaml", "network")]
    assert "provision_before_rehearsal" in result["problems"][0]["remedy"]
    assert "hidden" not in str(result)
    wire = DecidedWire(loads_from("http://i.example"))
    wire.answers = {"i.example": error}
    result = play(wire)
    assert problems(result) == [("um790-1, kernel vmlinuz", "network"), ("um790-1, initrd initrd.img", "network")]
    assert result["unseen"] == []


@pytest.mark.parametrize("error", [SILENT[1], ANSWERED[0]], ids=str)
def test_bootd_s_own_files_have_to_be_there(error):
    wire = DecidedWire(hardware(1))
    wire.image = lambda *_unused: (_ for _ in ()).throw(error)
    assert problems(play(wire)) == [("um790-1, kernel vmlinuz", "node"), ("um790-1, initrd initrd.img", "node")]


def test_what_an_argument_of_one_s_own_names_need_not_be_a_file():
    document = hardware(1)
    repository = "inst.repo=http://files.example/9/BaseOS/"
    document["spec"]["interfaces"][0]["netboot"]["osie"]["kernelParams"] = [repository]
    wire = DecidedWire(document)
    wire.answers = {"files.example": ANSWERED[1]}
    result = play(wire)
    assert (result["problems"], result["unseen"]) == ([], [])
    assert "403 forbidden" in str(result["machines"]["um790-1"]["steps"])


@pytest.mark.parametrize(("error", "verdict"), [(SILENT[0], "boots"), (ANSWERED[0], "fails")], ids=str)
def test_script_of_one_s_own_on_another_server(error, verdict):
    wire = DecidedWire(hardware(1, netboot={"ipxe": {"url": "http://files.example/own.ipxe"}}))
    wire.answers = {"files.example": error}
    result = play(wire)
    assert result["machines"]["um790-1"]["verdict"] == verdict
    assert problems(result) == ([("um790-1, HTTP own.ipxe", "inventory")] if verdict == "fails" else [])


def test_server_that_nobody_reaches_is_waited_for_once(monkeypatch):
    asked = []

    def image(_wire, url):
        asked.append(url)
        raise HttpProblem("timed out") if "silent" in url else HttpProblem("404", 404)

    monkeypatch.setattr(Wire, "_image", image)
    wire = Wire("eth0", 1.0)
    for url in ("http://silent.example/a", "http://silent.example/b", "http://i.example/a", "http://i.example/b"):
        with pytest.raises(HttpProblem, match="timed out" if "silent" in url else "404"):
            wire.image(url)
    assert asked == ["http://silent.example/a", "http://i.example/a", "http://i.example/b"]


def test_name_of_another_program_that_loads_itself_is_a_loop():
    class Looping(DecidedWire):
        def decided(self, request, machine, *, again=False):
            decision = decide_in_mode(request, machine.nic, BOOTD.context, self.mode, to_proxy_port=again)
            return decision.reply

    wire = Looping(hardware(1, netboot={"ipxe": {"binary": "snponly.efi"}}))
    result = play(wire)
    assert "programs load each other in a loop" in result["problems"][0]["what"]


def test_secrets_of_the_object_are_in_no_message():
    document = hardware(1)
    document["spec"]["interfaces"][0]["netboot"]["osie"]["kernelParams"] = ["password=hidden-in-the-inventory"]
    result = play(DecidedWire(hardware(1)), document)
    assert "command line lacks password" in str(result["problems"])
    assert "hidden-in-the-inventory" not in str(result)


def test_secrets_of_a_url_are_in_no_message():
    document = hardware(1)
    url = "http://me:hidden-word@h/live?token=hidden-as-well"
    document["spec"]["interfaces"][0]["netboot"]["osie"]["kernelParams"] = [f"root=live:{url}"]
    result = play(DecidedWire(document))
    assert "http://h/live" in str(result)
    assert "hidden-" not in str(result)


def test_what_a_terminal_would_obey_is_in_no_message():
    wire = DecidedWire(hardware(1))
    wire.others.append(other("10.10.200.7", "evil\x1b[2J\nok"))
    found = play(wire)
    assert "evil\\x1b[2J\\nok" in "".join(found["table"])
    assert all(text.isprintable() for text in (*found["table"], *(item["what"] for item in found["problems"])))


def test_table_has_columns():
    lines = play(DecidedWire(hardware(1)))["table"]
    at = lines[0].index("what")
    assert all(line[at - 2 : at] == "  " and line[at] != " " for line in lines)


def test_object_without_a_card_is_a_problem():
    document = hardware(7)
    del document["spec"]["interfaces"][0]["dhcp"]["mac"]
    assert problems(play(DecidedWire(hardware(1)), document)) == [("um790-7, the object", "inventory")]


def test_fault_in_what_is_done_once_is_everybody_s():
    once = Once()
    for _unused in range(2):
        with pytest.raises(KeyError):
            once.get("x", lambda: {}["x"])
    assert [once.get("y", lambda: 1), once.get("y", lambda: 2)] == [(1, True), (1, False)]


@pytest.mark.parametrize(("seen", "kind"), [("bios", "bios"), ("uefi", "uefi"), ("", "uefi")])
def test_machine_without_an_architecture_boots_as_its_firmware_was_seen(seen, kind):
    document = hardware(1, dhcp={"arch": "", "uefi": None})
    known = [{"name": "um790-1", "mac": MAC.format(1), "firmware": seen}]
    assert intent.intended(document, "auto", known, Where()).kind == kind
