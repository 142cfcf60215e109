# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""bootd's decisions as a rehearsal meets them, without a wire; and the answers of another DHCP server beside it."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.decisions.boot import Program, Wait
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
from ansible_collections.baremetal.netboot.plugins.module_utils._rehearsal.wire import Image
from servers.rehearsal_lab import IMAGES, PROGRAMS, URL

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


def problems(result):
    return [(problem["where"], problem["who"]) for problem in result["problems"]]
