# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rehearse
short_description: Play the boot of machines over the network before they are powered on
version_added: 0.1.0
author:
  - The baremetal.netboot authors (@baremetal-netboot)
description:
  - Does over the network what each machine will do when it is powered on. It asks by DHCP as the machine's firmware
    does, loads the boot program by TFTP or HTTP, asks again as iPXE or GRUB does, reads the script, and looks
    at each file in it, down to the headers of the kernel and the last octet, and the checksum where one is known.
  - What comes is held against the inventory's Hardware objects. Each difference is an error that says in which step it
    is, what was expected and what came, and what to do about it.
  - Nothing changes by it. Each request is marked as a rehearsal, and bootd answers it as ever and records nothing of
    the machine. No lease is taken, and no secret is asked for. What bootd keeps for an installer it tells by whether it
    is there and can be used.
  - Files that machines share are loaded and looked at once.
  - What another server than bootd answers, a C(404) or a refused connection, is taken for what it would answer a
    machine. Where it is not reached from here at all, for a name that is not known here or a route that is not there,
    this is a note, since a machine may reach it. Such servers are in RV(unseen).
  - Fails where a machine would not boot, unless O(fail) says otherwise.
extends_documentation_fragment:
  - baremetal.netboot.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
requirements:
  - scapy >= 2.5, as in Debian's package C(python3-scapy), for the Python that runs the module
  - tftpy >= 0.8.2, as in Debian's package C(python3-tftpy), for the same Python
  - root or C(CAP_NET_RAW) on the host
options:
  machines:
    description:
      - The Hardware objects, as the inventory wants them. P(baremetal.netboot.to_hardware#filter) makes them.
    type: list
    elements: dict
    required: true
  url:
    description:
      - Where bootd serves HTTP, by its address, such as V(http://10.10.0.20:7080).
    type: str
    required: true
  interface:
    description:
      - The Ethernet interface to ask on, of the host that the task runs on. It has to be in the machines' network, and
        to have an address there.
    type: str
    required: true
  client:
    description:
      - As what machines boot. By default each as its firmware was seen to be, or as its object says.
      - V(bios) and V(uefi) are PXE firmware, V(uefi-http) is firmware that boots by HTTP, V(arm64) and V(arm64-http)
        are those of ARM, and V(ipxe) is an iPXE in the ROM of the network card.
      - A machine with Secure Boot boots as V(uefi), and loads the shim that C(netboot_ipxe) or bootd names.
    type: str
    choices: [auto, bios, uefi, uefi-http, arm64, arm64-http, ipxe]
    default: auto
  checksums:
    description:
      - The digests of files, by their URL or by their name alone, as V(sha256:HEX) or V(sha512:HEX).
      - A file that has one is loaded whole, once however many machines load it.
    type: dict
    default: {}
  timeout:
    description:
      - How many seconds to wait for DHCP servers. Another one than bootd's may take three to answer.
    type: float
    default: 5
  dhcp_mode:
    description:
      - The DHCP mode of bootd, as its flag C(--dhcp-mode) and the option bootd_dhcp_mode of the role
        P(baremetal.netboot.bootd#role) have it.
      - With V(off) another server has to have machines load from bootd, and what it says is followed. Where none does,
        this is an error, and what bootd has for the machine is looked at all the same.
    type: str
    choices: [reservation, proxy, auto-proxy, "off"]
    default: reservation
  dhcp_modes:
    description:
      - Other modes by network interface or subnet, each as O(dhcp_mode). That counts which a machine meets where its
        address is.
      - A machine whose address is in no network of O(interface) is behind a relay. Who answers it there can't be asked
        here, so that only what bootd has for it is looked at.
    type: dict
    default: {}
  tftp_port:
    description:
      - The port that TFTP is asked at. Firmware knows no other than 69.
    type: int
    default: 69
  fail:
    description:
      - Whether to fail where a machine would not boot. What is wrong is in RV(problems) in any case.
    type: bool
    default: true
notes:
  - A machine that has been installed boots its disk, since bootd has switched netboot off. That is no error.
  - A machine that waits for others is told so. The files that it will load are looked at nevertheless.
  - A script of your own (C(netboot_ipxe)) is followed where it has only commands that bootd's scripts have.
seealso:
  - module: baremetal.netboot.dhcp_probe
"""

EXAMPLES = r"""
- name: Rehearse the boot of all machines of the inventory
  baremetal.netboot.rehearse:
    machines: "{{ groups.netboot_machines | baremetal.netboot.to_hardware(hostvars) }}"
    url: http://10.10.0.20:7080
    interface: eth0
  become: true
  register: rehearsal

- name: Show each step
  ansible.builtin.debug:
    msg: "{{ rehearsal.table }}"

- name: See what one machine would do by UEFI HTTP boot, and check what it loads
  baremetal.netboot.rehearse:
    machines: "{{ ['um790-1'] | baremetal.netboot.to_hardware(hostvars) }}"
    url: http://10.10.0.20:7080
    interface: eth0
    client: uefi-http
    checksums:
      vmlinuz: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    fail: false
  become: true
"""

RETURN = r"""
machines:
  description: What becomes of each machine, by its name.
  returned: always
  type: dict
  contains:
    verdict:
      description:
        - V(boots), from the network as the inventory has it; V(waits), in iPXE for others, and boots then; V(disk), it
          starts its disk, as it should; or V(fails).
      type: str
      sample: boots
    says:
      description: The same in words, with what went wrong first.
      type: str
      sample: it boots from the network as the inventory has it
    client:
      description: As what it booted.
      type: str
      sample: uefi
    mac:
      description: The MAC address of the card that it boots from.
      type: str
      sample: 58:47:ca:71:d8:49
    seconds:
      description: How long its steps took together.
      type: float
      sample: 0.214
    steps:
      description: What it did, in order.
      type: list
      elements: dict
      contains:
        step:
          description: What it was.
          type: str
          sample: TFTP snponly.efi
        seconds:
          description: How long it took. What was loaded for another machine takes none.
          type: float
          sample: 0.093
        verdict:
          description: V(ok), V(note) for what is worth knowing, or V(error).
          type: str
          sample: ok
        what:
          description: What came.
          type: str
          sample: a UEFI program for x86_64, 1017856 octets
        bytes:
          description: How many octets came.
          type: int
          sample: 1017856
        expected:
          description: What should have come, of an error.
          type: str
          sample: the boot program
        remedy:
          description: What to do, of an error.
          type: str
          sample: put it into a directory of bootd_boot_files
problems:
  description: All errors, each with who can put it right.
  returned: always
  type: list
  elements: dict
  contains:
    what:
      description: What is wrong, with what came and what was expected.
      type: str
      sample: 'it would not boot: snponly.efi: file not found, expected the boot program'
    where:
      description: The machine and the step.
      type: str
      sample: um790-1, TFTP snponly.efi
    remedy:
      description: What to do.
      type: str
      sample: put it into a directory of bootd_boot_files
    who:
      description: Who can, one of V(inventory), V(network), V(node), V(cluster) and V(machine).
      type: str
      sample: node
unseen:
  description:
    - Servers that were not reached from here, by name or address and port. Machines load from them, or are told to by
      arguments of their kernel, and what they would get is not known.
  returned: always
  type: list
  elements: str
  sample: ["images.example.com"]
table:
  description: The machines and their steps as lines for people, in columns.
  returned: always
  type: list
  elements: str
  sample: ["machine    as    verdict  seconds      bytes  what"]
"""

import hashlib
import re
import socket
import sys
from typing import Any, NoReturn
from urllib.parse import urlsplit

from ansible_collections.baremetal.netboot.plugins.module_utils._ansible.basic import AnsibleModule
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.decisions.modes import (
    RESERVATION,
    Modes,
    checked_modes,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.process.networks import Links
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.process.settings import DHCP_MODES
from ansible_collections.baremetal.netboot.plugins.module_utils._clients.dhcp import ClientProblem
from ansible_collections.baremetal.netboot.plugins.module_utils._clients.tftp import HAS_TFTPY, NO_TFTPY
from ansible_collections.baremetal.netboot.plugins.module_utils._rehearsal.intent import AUTO, CLIENTS, Bootd, Where
from ansible_collections.baremetal.netboot.plugins.module_utils._rehearsal.run import rehearse
from ansible_collections.baremetal.netboot.plugins.module_utils._rehearsal.wire import Wire

ARGUMENTS = {
    "machines": {"type": "list", "elements": "dict", "required": True},
    "url": {"type": "str", "required": True},
    "interface": {"type": "str", "required": True},
    "client": {"type": "str", "choices": list(CLIENTS), "default": AUTO},
    "checksums": {"type": "dict", "default": {}},
    "timeout": {"type": "float", "default": 5},
    "dhcp_mode": {"type": "str", "choices": list(DHCP_MODES), "default": RESERVATION},
    "dhcp_modes": {"type": "dict", "default": {}},
    "tftp_port": {"type": "int", "default": 69},
    "fail": {"type": "bool", "default": True},
}
MAX_NAMED = 5  # problems that the message has; the others are counted
_CHECKSUM = re.compile("([a-z0-9]+):([0-9a-fA-F]+)")


class BadOption(ValueError):
    """An option that can't be used; the message names it and says what would be right."""


def bootd_at(url: str, tftp_port: int) -> Bootd:
    """Return where bootd is by its ``url``; raises BadOption."""
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname or parts.path.strip("/"):
        raise BadOption(f"url: {url!r} should be http://ADDRESS:PORT, without a path")
    try:
        address = socket.gethostbyname(parts.hostname)
        port = parts.port or 80
    except (OSError, ValueError) as error:
        raise BadOption(f"url: {url!r}: {error}") from None
    return Bootd(address, f"http://{address}:{port}", tftp_port)


def checked(checksums: dict[str, Any]) -> dict[str, str]:
    """Return ``checksums`` as they are used; raises BadOption with all that are none."""
    wrong = []
    for name, value in checksums.items():
        found = _CHECKSUM.fullmatch(str(value))
        algorithm, digest = found.groups() if found else ("", "")
        if algorithm not in ("sha256", "sha512") or len(digest) != 2 * hashlib.new(algorithm).digest_size:
            wrong.append(f"checksums[{name}]: {value!r} should be sha256: or sha512: and the digest in hexadecimal")
    if wrong:
        raise BadOption("\n".join(wrong))
    return {name: str(value) for name, value in checksums.items()}


def asked_from(params: dict[str, Any]) -> Where:
    """Return where the rehearsal asks, and the modes of bootd; raises BadOption."""
    interface = params["interface"]
    try:
        modes = Modes.by_scope(params["dhcp_mode"], checked_modes(params["dhcp_modes"]))
    except ValueError as error:
        raise BadOption(f"dhcp_modes: {error}") from None
    return Where(interface, Links().networks_of(interface), modes)


def read(params: dict[str, Any]) -> tuple[Bootd, dict[str, str], Where]:
    """Return where bootd is, the checksums, and from where it is asked; raises BadOption with all that is wrong."""
    wrong = []
    bootd, checksums, where = None, None, None
    try:
        bootd = bootd_at(params["url"], params["tftp_port"])
    except BadOption as error:
        wrong.append(str(error))
    try:
        checksums = checked(params["checksums"])
    except BadOption as error:
        wrong.append(str(error))
    try:
        where = asked_from(params)
    except BadOption as error:
        wrong.append(str(error))
    if bootd is None or checksums is None or where is None:
        raise BadOption("\n".join(wrong))
    return bootd, checksums, where


def message(problems: list[dict[str, str]]) -> str:
    """Return for people what is wrong, the first few of it with what to do."""
    lines = [f"{problem['where']}: {problem['what']}; {problem['remedy']}" for problem in problems[:MAX_NAMED]]
    more = len(problems) - MAX_NAMED
    return "\n".join([*lines, f"and {more} more: see problems and table"] if more > 0 else lines)


class Module(AnsibleModule):
    """Ansible's module, which sends no machines back: there are secrets in their objects."""

    @property
    def told(self) -> dict[str, Any]:
        """Return the arguments that may be shown."""
        return {"module_args": {name: value for name, value in self.params.items() if name != "machines"}}

    def fail_json(self, msg: str, **kwargs: Any) -> NoReturn:
        super().fail_json(msg, **{"invocation": self.told, **kwargs})


def main() -> None:
    """Run the module."""
    module = Module(argument_spec=ARGUMENTS, supports_check_mode=True)
    params = module.params
    if not HAS_TFTPY:
        module.fail_json(msg=NO_TFTPY.format(python=sys.executable))
    try:
        bootd, checksums, where = read(params)
        wire = Wire(params["interface"], params["timeout"], params["tftp_port"])
        report = rehearse(params["machines"], params["client"], bootd, wire, checksums, where)
    except (BadOption, ClientProblem) as error:
        module.fail_json(msg=str(error))
    if report["problems"] and params["fail"]:
        module.fail_json(msg=message(report["problems"]), changed=False, **report)
    module.exit_json(changed=False, invocation=module.told, **report)


if __name__ == "__main__":
    main()
