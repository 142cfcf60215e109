# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dhcp_probe
short_description: Find every DHCP server on a network, and what machines would do with its answers
version_added: 0.1.0
author:
  - The baremetal.netboot authors (@baremetal-netboot)
description:
  - Asks on a network interface as a machine does, as an operating system, as firmware that boots by PXE or HTTP and as
    iPXE, and reports each server that answers, what it offers, and what a machine would make of it.
  - Where two servers answer, it says which of them each kind of client follows, and why.
  - Fails as O(expect) says, and then names the server, its MAC address, what it would do to which machine, and what to
    set at dnsmasq, Kea, ISC dhcpd, OPNsense and RouterOS.
  - Nothing but DHCPDISCOVER is ever sent, so nobody gets a lease. Some servers keep what they offer back for others for
    some seconds, so ask for a handful of machines rather than a thousand where addresses are scarce.
  - Each message is marked as a rehearsal by the private DHCP option 254, so that bootd takes none of them for a boot.
    Other servers ignore that option.
  - Frames have the MAC address of the interface itself, and that of the machine stands in the message only. So nothing
    that is meant for a machine that runs is drawn here. A switch that compares the two, as with DHCP snooping on a
    port that is not trusted, lets no question through, and then no server is found.
  - Servers on the host itself are asked too, and heard.
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
  - root or C(CAP_NET_RAW) on the host
options:
  interface:
    description:
      - The Ethernet interface to ask on, of the host that the task runs on. A bridge or a VLAN's interface is one too.
    type: str
    required: true
  macs:
    description:
      - The MAC addresses of the machines to ask for. By default a random one that is nobody's.
      - Servers tell machines apart by it, so what a machine gets is known only where its own address is asked for.
    type: list
    elements: str
    default: []
  kinds:
    description:
      - As whom to ask.
      - V(plain) is an operating system, V(bios) and V(uefi) are PXE firmware, V(uefi-http) is firmware that boots by
        HTTP, V(arm64) and V(arm64-http) are those of ARM, and V(ipxe) is iPXE.
    type: list
    elements: str
    choices: [plain, bios, uefi, uefi-http, arm64, arm64-http, ipxe]
    default: [plain, bios, uefi, uefi-http]
  expect:
    description:
      - What is a problem.
      - With V(any), nothing is.
      - With V(none), any answer is.
      - With V(only 10.10.0.20), or V(only) and O(servers), an answer of a server that is not one of these is. So is the
        silence of one of them, where O(macs) are given. Several addresses are separated by commas or spaces.
      - With V(addresses), others than O(servers) may give addresses, and it is a problem where they tell what to boot,
        or where nobody gives an address. This is what bootd's mode V(proxy) needs.
    type: str
    default: any
  servers:
    description:
      - The addresses of the servers that are meant to answer, with O(expect=only) beside those that it names, and
        with O(expect=addresses).
    type: list
    elements: str
    default: []
  must_answer:
    description:
      - Whether it is a problem with O(expect=only) that one of O(servers) is silent. It is none where that server does
        not run yet, or does not know the machines yet.
    type: bool
    default: true
  timeout:
    description:
      - How many seconds to wait for answers after all have been asked for. Each is asked for twice in that time.
      - dnsmasq first looks for three seconds whether an address is free.
    type: float
    default: 5
  fail:
    description:
      - Whether to fail where there are problems. They are in RV(problems) in any case.
    type: bool
    default: true
seealso:
  - module: baremetal.netboot.bootd_ports
"""

EXAMPLES = r"""
- name: See who answers DHCP here
  baremetal.netboot.dhcp_probe:
    interface: eth0
  become: true
  register: dhcp

- name: Show what machines would do
  ansible.builtin.debug:
    msg: "{{ dhcp.machines | map(attribute='does') | list }}"

- name: Be sure that nobody but bootd answers the machines of the inventory
  baremetal.netboot.dhcp_probe:
    interface: eth0
    macs: "{{ groups['all'] | map('extract', hostvars, 'netboot_mac') | select('defined') | list }}"
    expect: only 10.10.0.20
  become: true

- name: Be sure that the network's DHCP server gives addresses and says nothing of booting, for bootd's mode proxy
  baremetal.netboot.dhcp_probe:
    interface: eth0
    expect: addresses
    servers: [10.10.0.20]
  become: true
"""

RETURN = r"""
servers:
  description: Each server that answered.
  returned: always
  type: list
  elements: dict
  contains:
    address:
      description: Its address, as it names it itself.
      type: str
      sample: 10.10.0.1
    mac:
      description: The MAC address that its answers came from.
      type: str
      sample: "52:54:00:12:34:56"
    through:
      description: Other addresses that its answers came from, as through a relay.
      type: list
      elements: str
      sample: []
    kinds:
      description: The kinds of clients that it answered.
      type: list
      elements: str
      sample: [plain, uefi]
    offers:
      description: What it offered.
      type: list
      elements: dict
      contains:
        mac:
          description: To the machine with this MAC address,
          type: str
          sample: "58:47:ca:71:d8:49"
        kind:
          description: as this kind of client,
          type: str
          sample: uefi
        seconds:
          description: so many seconds after it was asked.
          type: float
          sample: 0.012
        address:
          description: The address that it offers. Empty where it offers none, as a proxy DHCP server does.
          type: str
          sample: 10.10.0.207
        siaddr:
          description: The next server. Empty for none.
          type: str
          sample: 10.10.0.1
        file:
          description: The boot file, of option 67 or the message's header. Empty for none.
          type: str
          sample: pxelinux.0
        sname:
          description: The boot server's name, of option 66 or the message's header. Empty for none.
          type: str
          sample: ""
        options:
          description:
            - All DHCP options, by the names of RFC 2132 and others in lower case, C(option_NUMBER) for those without.
              Values that are no address, number or text are hexadecimal.
          type: dict
          sample: {"dhcp_message_type": "DHCPOFFER", "router": ["10.10.0.1"], "server_identifier": "10.10.0.1"}
        alone:
          description: What the machine would do if nobody else answered.
          type: str
          sample: takes 10.10.0.207 from 10.10.0.1 and boots pxelinux.0 from 10.10.0.1 by TFTP
machines:
  description: What each machine does with all that it is offered, as each kind of client.
  returned: always
  type: list
  elements: dict
  contains:
    mac:
      description: Its MAC address.
      type: str
      sample: "58:47:ca:71:d8:49"
    kind:
      description: As what it asked.
      type: str
      sample: uefi
    does:
      description: What it does, for people.
      type: str
      sample: takes 10.10.0.50 from 10.10.0.20 and boots snponly.efi from 10.10.0.20 by TFTP
    because:
      description: Why it follows this server and not another. Empty where there was no other.
      type: str
      sample: an address with PXE's options comes before all
    address:
      description: The address that it takes. Empty for none.
      type: str
      sample: 10.10.0.50
    address_from:
      description: The server that gives it. Empty for none.
      type: str
      sample: 10.10.0.20
    boot_from:
      description: The server that tells it what to boot. Empty for none.
      type: str
      sample: 10.10.0.20
    file:
      description: What it loads. Empty for nothing.
      type: str
      sample: snponly.efi
    file_from:
      description: Where it loads that from by TFTP. Empty for nothing, and for a URL.
      type: str
      sample: 10.10.0.20
problems:
  description: What is not as O(expect) has it.
  returned: always
  type: list
  elements: dict
  contains:
    what:
      description: What is wrong, and what it does to which machine.
      type: str
    where:
      description: The interface.
      type: str
      sample: eth0
    remedy:
      description: What to change.
      type: str
    who:
      description: Who can change it, V(network) or V(node).
      type: str
      sample: network
"""

import secrets
from ipaddress import AddressValueError, IPv4Address
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._ansible.basic import AnsibleModule
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.mac import parse_mac
from ansible_collections.baremetal.netboot.plugins.module_utils._clients.dhcp import (
    ClientProblem,
    Discovery,
    exchange_all,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._clients.kinds import KINDS
from ansible_collections.baremetal.netboot.plugins.module_utils._probe import report

ARGUMENTS = {
    "interface": {"type": "str", "required": True},
    "macs": {"type": "list", "elements": "str", "default": []},
    "kinds": {
        "type": "list",
        "elements": "str",
        "choices": list(KINDS),
        "default": ["plain", "bios", "uefi", "uefi-http"],
    },
    "expect": {"type": "str", "default": report.ANY},
    "servers": {"type": "list", "elements": "str", "default": []},
    "must_answer": {"type": "bool", "default": True},
    "timeout": {"type": "float", "default": 5},
    "fail": {"type": "bool", "default": True},
}
LONGEST = 120.0  # seconds to wait


def wrong_arguments(params: dict[str, Any]) -> list[str]:
    """Return a sentence for each argument that can't be used."""
    wrong = [f"macs has {mac!r}, which is no MAC address" for mac in params["macs"] if not parse_mac(mac)]
    wrong += [f"servers has {name!r}, which is no IPv4 address" for name in params["servers"] if not is_address(name)]
    expect, meant = expected_of(params["expect"], params["servers"])
    named = expected_of(params["expect"], [])[1]
    if expect not in report.EXPECTATIONS or (named and expect != report.ONLY) or not all(map(is_address, named)):
        wrong.append(f"expect is {params['expect']!r} but should be any, none, only ADDRESS or addresses")
    elif expect == report.ONLY and not meant:
        wrong.append("expect is only, and servers does not say which: with none that are meant it is expect: none")
    if not params["kinds"]:
        wrong.append(f"kinds is empty: it should have some of {', '.join(KINDS)}")
    if not 0 < params["timeout"] <= LONGEST:
        wrong.append(f"timeout is {params['timeout']} and should be more than 0 and at most {LONGEST:.0f} seconds")
    return wrong


def expected_of(expect: str, servers: list[str]) -> tuple[str, tuple[str, ...]]:
    """Return the word of ``expect``, "" for none, and who is meant: those that it names, and ``servers``."""
    word, *named = expect.replace(",", " ").split() or [""]
    return word, (*named, *servers)


def is_address(text: str) -> bool:
    """Return whether ``text`` is an IPv4 address."""
    try:
        IPv4Address(text)
    except AddressValueError:
        return False
    return True


def random_mac() -> str:
    """Return a MAC address that no card has: one that is administered locally, and of one host."""
    return (b"\x02" + secrets.token_bytes(5)).hex(":")


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    params = module.params
    if wrong := wrong_arguments(params):
        module.fail_json(msg="\n".join(wrong))
    macs = list(dict.fromkeys(parse_mac(mac) for mac in params["macs"])) or [random_mac()]
    # All of one kind, then all of the next: no server hears one machine at short intervals.
    asking = [Discovery(mac, kind) for kind in dict.fromkeys(params["kinds"]) for mac in macs]
    try:
        answers = exchange_all(params["interface"], asking, timeout=params["timeout"])
    except ClientProblem as problem:
        module.fail_json(msg=str(problem))
    asked = [report.Asked.of(item.mac, item.kind, heard) for item, heard in zip(asking, answers, strict=True)]
    expect, servers = expected_of(params["expect"], params["servers"])
    expected = report.Expectation(
        params["interface"],
        expect,
        servers,
        macs_given=bool(params["macs"]),
        must_answer=params["must_answer"],
    )
    problems = report.problems(asked, expected)
    found = {"servers": report.servers(asked), "machines": report.machines(asked), "problems": problems}
    if problems and params["fail"]:
        module.fail_json(msg="\n\n".join(f"{item['what']}\n{item['remedy']}" for item in problems), **found)
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()
