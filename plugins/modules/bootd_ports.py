# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bootd_ports
short_description: Be sure that bootd's ports are free
version_added: 0.1.0
author:
  - The baremetal.netboot authors (@baremetal-netboot)
description:
  - Fails where a process on the host holds a port that bootd needs, and says which process it is and what to do.
  - A bootd that runs already, as O(service_manager) runs it, is what should be there.
  - Each port is tried for a moment as bootd itself would bind it, so that a DHCP server on another network interface
    is in nobody's way.
  - Ports of the host that a cluster's network redirects to pods are held by no process. These
    M(baremetal.netboot.bootd_deployment) knows.
  - The role P(baremetal.netboot.bootd#role) uses it.
extends_documentation_fragment:
  - baremetal.netboot.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  service_manager:
    description:
      - What runs bootd on the host.
    type: str
    choices: [systemd, foreground, kubernetes]
    required: true
  pid_file:
    description:
      - The file with the number of bootd's process, with O(service_manager=foreground).
    type: path
  bind:
    description:
      - The address that bootd listens on.
    type: str
    default: 0.0.0.0
  interface:
    description:
      - The network interface on which it answers DHCP. Empty for all.
    type: str
    default: ""
  dhcp_mode:
    description:
      - With V(off) the DHCP port is not needed. V(proxy) and V(auto-proxy) need O(proxy_port) too.
    type: str
    choices: [reservation, proxy, auto-proxy, "off"]
    default: reservation
  dhcp_modes:
    description:
      - Other modes by network interface or subnet, each as O(dhcp_mode).
    type: dict
    default: {}
  http_port:
    description: The HTTP port.
    type: int
    default: 7080
  tftp_port:
    description: The TFTP port.
    type: int
    default: 69
  dhcp_port:
    description: The DHCP port.
    type: int
    default: 67
  proxy_port:
    description: The port at which PXE clients ask a proxy.
    type: int
    default: 4011
  syslog_port:
    description: The syslog port.
    type: int
    default: 514
  fail:
    description: Whether to fail when a port is held. What was found is in RV(problems) in any case.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Be sure that nobody else answers DHCP on this host
  baremetal.netboot.bootd_ports:
    service_manager: kubernetes
    interface: eth0
"""

RETURN = r"""
ports:
  description: Each port that bootd needs.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: What it is for.
      type: str
      sample: dhcp
    protocol:
      description: V(udp) or V(tcp).
      type: str
      sample: udp
    port:
      description: Its number.
      type: int
      sample: 67
    free:
      description: Whether bootd can have it, or has it.
      type: bool
      sample: false
    processes:
      description: The processes that hold it, as far as they can be seen.
      type: list
      elements: str
      sample: [dnsmasq (process 812)]
problems:
  description: What is wrong, for M(baremetal.netboot.preflight_report).
  returned: always
  type: list
  elements: dict
  contains:
    what:
      description: What is wrong.
      type: str
      sample: UDP port 67 (dhcp) is held by dnsmasq (process 812)
    where:
      description: Where. Empty, since it is this host.
      type: str
    remedy:
      description: What to do.
      type: str
      sample: stop it, keep it off bootd's interface, or set dhcp_mode to off
    who:
      description: Who can do it.
      type: str
      sample: node
"""

from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Address
from pathlib import Path
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._ansible.basic import AnsibleModule
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.decisions.modes import OFF, PROXIES
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.process.settings import DHCP_MODES
from ansible_collections.baremetal.netboot.plugins.module_utils._node.port_holders import Holder, holders, is_taken

ARGUMENTS = {
    "service_manager": {"type": "str", "choices": ["systemd", "foreground", "kubernetes"], "required": True},
    "pid_file": {"type": "path"},
    "bind": {"type": "str", "default": "0.0.0.0"},
    "interface": {"type": "str", "default": ""},
    "dhcp_mode": {"type": "str", "choices": list(DHCP_MODES), "default": "reservation"},
    "dhcp_modes": {"type": "dict", "default": {}},
    "http_port": {"type": "int", "default": 7080},
    "tftp_port": {"type": "int", "default": 69},
    "dhcp_port": {"type": "int", "default": 67},
    "proxy_port": {"type": "int", "default": 4011},
    "syslog_port": {"type": "int", "default": 514},
    "fail": {"type": "bool", "default": True},
}
UNIT = "bootd.service"
# In the words of the role bootd, whose options the module's own are named after.
ADVICE = {
    "dhcp": 'stop it, keep it off bootd\'s interface, or have bootd answer no DHCP: bootd_dhcp_mode: "off"',
    "proxy": "stop it, or keep it off bootd's interface: PXE clients know no other port",
    "tftp": "stop it: firmware knows no other port",
    "syslog": "stop it, or set bootd_syslog_port",
    "http": "stop it, or set bootd_http_port",
}


def is_own(holder: Holder, service_manager: str, pid: int) -> bool:
    """Return whether it is the bootd that ``service_manager`` runs; ``pid`` is that of the foreground's, else 0."""
    if service_manager == "foreground":
        return holder.pid == pid
    return holder.is_bootd and (holder.in_pod if service_manager == "kubernetes" else UNIT in holder.cgroup)


def needed(params: dict[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    """Yield name, protocol, address and interface of each port, as bootd binds them."""
    bind = params["bind"]
    yield "http", "tcp", bind, ""
    yield "tftp", "udp", bind, ""
    yield "syslog", "udp", bind, ""
    # YAML takes an off without quotes for false.
    modes = {params["dhcp_mode"], *(OFF if mode is False else str(mode) for mode in params["dhcp_modes"].values())}
    # Broadcasts reach no socket with an address of its own.
    heard = ("udp", bind if IPv4Address(bind).is_loopback else "", params["interface"])
    if modes != {OFF}:
        yield "dhcp", *heard
    if modes.intersection(PROXIES):
        yield "proxy", *heard


def look(params: dict[str, Any], pid: int) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Return what was found of each port, and a problem for each that somebody else holds."""
    found, problems = [], []
    for name, protocol, address, interface in needed(params):
        number = params[f"{name}_port"]
        others: list[str] | None = None
        if is_taken(protocol, address, number, interface):
            seen = holders(protocol, number)
            if not any(is_own(holder, params["service_manager"], pid) for holder in seen):
                others = [title(holder) for holder in seen]
        if others is not None:
            who = ", ".join(others) or "a process that can't be seen from here"
            what = f"{protocol.upper()} port {number} ({name}) is held by {who}"
            problems.append({"what": what, "where": "", "remedy": ADVICE[name], "who": "node"})
        port = {"name": name, "protocol": protocol, "port": number, "free": others is None, "processes": others or []}
        found.append(port)
    return found, problems


def title(holder: Holder) -> str:
    """Return what to call a process."""
    name = "another bootd" if holder.is_bootd else holder.name
    return f"{name} (process {holder.pid})"


def read_pid(path: str | None) -> int:
    """Return the number in a pid file, 0 where there is none."""
    try:
        return int(Path(path).read_text(encoding="ascii")) if path else 0
    except (OSError, ValueError):
        return 0


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        IPv4Address(module.params["bind"])
    except AddressValueError as error:
        module.fail_json(msg=f"bind is {module.params['bind']!r} but should be an IPv4 address ({error})")
    ports, problems = look(module.params, read_pid(module.params["pid_file"]))
    if problems and module.params["fail"]:
        lines = [f"{problem['what']}: {problem['remedy']}" for problem in problems]
        module.fail_json(msg="\n".join(lines), ports=ports, problems=problems)
    module.exit_json(changed=False, ports=ports, problems=problems)


if __name__ == "__main__":
    main()
