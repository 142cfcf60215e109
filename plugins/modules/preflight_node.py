# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: preflight_node
short_description: Look whether a host is ready to run bootd
version_added: 0.1.0
author:
  - The baremetal.netboot authors (@baremetal-netboot)
description:
  - Looks at the network interface, asks by ARP who has the addresses that machines and clusters are to have, looks for
    firewall rules that give bootd's ports away, asks for the files that machines will load, compares them with their
    checksums, compares clocks, and looks whether there is room for what will be written.
  - Changes nothing, and does not fail because of what it finds, which is in RV(problems).
    M(baremetal.netboot.preflight_report) tells it.
  - Needs no library on the host, so that it runs before anything is installed there.
  - The role P(baremetal.netboot.preflight#role) uses it.
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
  host:
    description:
      - What to call the host. By default its name in the inventory.
    type: str
  interface:
    description:
      - The network interface on which bootd is to answer DHCP. Empty for all.
    type: str
    default: ""
  address:
    description:
      - The address by which machines are to reach bootd. Empty where it is not known.
    type: str
    default: ""
  virtual_address:
    description:
      - Whether O(address) is put on the host later, as by kube-vip.
    type: bool
    default: false
  dhcp_mode:
    description:
      - The DHCP mode of bootd.
    type: str
    choices: [reservation, proxy, auto-proxy, "off"]
    default: reservation
  dhcp_modes:
    description:
      - Other modes by network interface or subnet, each as O(dhcp_mode).
    type: dict
    default: {}
  machines:
    description:
      - The machines, as M(baremetal.netboot.inventory_check) returns them.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Its name.
        type: str
        required: true
      namespace:
        description: The namespace of its Hardware object.
        type: str
        default: default
      distro:
        description: The operating system that it installs.
        type: str
        default: ""
      macs:
        description: The MAC addresses of its interfaces, in small letters.
        type: list
        elements: str
        default: []
      addresses:
        description: Its IPv4 addresses.
        type: list
        elements: str
        default: []
      urls:
        description: What it loads.
        type: list
        elements: dict
        default: []
        suboptions:
          url:
            description: Where a file is. What O(address) serves is not asked for, as it is not there yet.
            type: str
            required: true
          checksums:
            description: Where its SHA-512 is, in a list as sha512sum writes it. Empty where nobody says.
            type: str
            default: ""
  vips:
    description:
      - The virtual addresses of clusters, as M(baremetal.netboot.inventory_check) returns them.
    type: list
    elements: dict
    default: []
    suboptions:
      address:
        description: The address.
        type: str
        required: true
      machines:
        description: The machines of the cluster.
        type: list
        elements: str
        default: []
      macs:
        description: The MAC addresses that may answer for it, those of the cluster's machines.
        type: list
        elements: str
        default: []
  ports:
    description:
      - The ports that bootd needs, each with C(name), C(protocol) and C(port), as M(baremetal.netboot.bootd_ports)
        returns them.
    type: list
    elements: dict
    default: []
  releases:
    description:
      - The releases that will be fetched, as the option image_server_releases of P(baremetal.netboot.image_server#role)
        has them.
      - Files in a folder of the host are read, and compared with their checksums.
    type: list
    elements: dict
    default: []
  image_dir:
    description:
      - The directory that O(releases) are fetched to.
    type: path
    default: /srv/images
  source:
    description:
      - Where O(releases) come from that do not say so themselves.
    type: str
    default: https://releases.rancher.com/harvester
  files:
    description:
      - Which files of O(releases) are wanted that do not say so themselves.
    type: list
    elements: str
    choices: [kernel, initrd, rootfs, iso, net_install_iso]
    default: [kernel, initrd, rootfs, iso]
  directories:
    description:
      - What else will be written.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: The directory, which need not be there yet.
        type: path
        required: true
      what:
        description: What it is.
        type: str
        required: true
      bytes:
        description: How large it is.
        type: int
        required: true
  configurations:
    description:
      - A directory of machines' configurations that are there already. Empty for none.
    type: path
    default: ""
  max_skew:
    description:
      - For how many seconds clocks may differ.
    type: float
    default: 5.0
  compare_bytes:
    description:
      - How large files on servers may be that are read whole, to compare them with their checksums.
    type: int
    default: 209715200
  url_username:
    description:
      - The user name for the servers of O(releases).
    type: str
  url_password:
    description:
      - The password for the servers of O(releases).
    type: str
  validate_certs:
    description:
      - Whether to check servers' certificates.
    type: bool
    default: true
  ca_path:
    description:
      - A file with the certificates of the authorities to trust.
    type: path
  use_proxy:
    description:
      - Whether to go by the proxy that the environment names.
    type: bool
    default: true
seealso:
  - module: baremetal.netboot.bootd_ports
  - module: baremetal.netboot.preflight_cluster
  - module: baremetal.netboot.preflight_report
"""

EXAMPLES = r"""
- name: Look whether this host can serve
  baremetal.netboot.preflight_node:
    interface: eth0
    address: 10.10.0.20
    vips:
      - address: 10.10.0.30
        machines: [um790-1]
        macs: ["58:47:ca:71:d8:49"]
    directories:
      - {path: /srv/images, what: images, bytes: 8000000000}
  register: seen
"""

RETURN = r"""
checks:
  description: Each check.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: What it is called.
      type: str
      sample: interface
    looked_at:
      description: What was looked at.
      type: str
      sample: eth0 is up and has 10.10.0.20/24
    skipped:
      description: Why it was not made, empty where it was.
      type: str
    problems:
      description: What it found, as in RV(problems).
      type: list
      elements: dict
problems:
  description: Everything that is wrong.
  returned: always
  type: list
  elements: dict
  contains:
    what:
      description: What is wrong.
      type: str
      sample: 10.10.0.30, the VIP of um790-1, is answered for by 02:00:00:00:00:66
    where:
      description: Where.
      type: str
      sample: the network of eth0
    remedy:
      description: What to do.
      type: str
      sample: take the address from that host, or use another
    who:
      description: Who can do it, V(inventory), V(network), V(node), V(cluster) or V(machine).
      type: str
      sample: network
interface:
  description: The interface from which machines are reached, O(interface) or the one with O(address). Empty for none.
  returned: always
  type: str
  sample: eth0
dhcp_mode:
  description: Which of O(dhcp_mode) and O(dhcp_modes) machines on RV(interface) meet.
  returned: always
  type: str
  sample: proxy
time:
  description: The host's clock, in seconds of Unix.
  returned: always
  type: float
"""

import time
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._ansible.basic import AnsibleModule
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.decisions.modes import (
    RESERVATION,
    Modes,
    checked_modes,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.installers.harvester.releases import (
    BOOT_ROLES,
    DEFAULT_BASE_URL,
    TEMPLATES,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.process.settings import DHCP_MODES
from ansible_collections.baremetal.netboot.plugins.module_utils._images.source import secrets_in
from ansible_collections.baremetal.netboot.plugins.module_utils._images.wanted import CHECKSUMS
from ansible_collections.baremetal.netboot.plugins.module_utils._preflight import node
from ansible_collections.baremetal.netboot.plugins.module_utils._preflight.results import result_of

AGENT = "baremetal.netboot"
FILES = [role for role in TEMPLATES if role != CHECKSUMS]
URLS = {"url": {"type": "str", "required": True}, "checksums": {"type": "str", "default": ""}}
MACHINE = {
    "name": {"type": "str", "required": True},
    "namespace": {"type": "str", "default": "default"},
    "distro": {"type": "str", "default": ""},
    "macs": {"type": "list", "elements": "str", "default": []},
    "addresses": {"type": "list", "elements": "str", "default": []},
    "urls": {"type": "list", "elements": "dict", "default": [], "options": URLS},
}
VIP = {
    "address": {"type": "str", "required": True},
    "machines": {"type": "list", "elements": "str", "default": []},
    "macs": {"type": "list", "elements": "str", "default": []},
}
DIRECTORY = {
    "path": {"type": "path", "required": True},
    "what": {"type": "str", "required": True},
    "bytes": {"type": "int", "required": True},
}
ARGUMENTS = {
    "host": {"type": "str"},
    "interface": {"type": "str", "default": ""},
    "address": {"type": "str", "default": ""},
    "virtual_address": {"type": "bool", "default": False},
    "dhcp_mode": {"type": "str", "choices": list(DHCP_MODES), "default": RESERVATION},
    "dhcp_modes": {"type": "dict", "default": {}},
    "machines": {"type": "list", "elements": "dict", "default": [], "options": MACHINE},
    "vips": {"type": "list", "elements": "dict", "default": [], "options": VIP},
    "ports": {"type": "list", "elements": "dict", "default": []},
    "releases": {"type": "list", "elements": "dict", "default": []},
    "image_dir": {"type": "path", "default": "/srv/images"},
    "source": {"type": "str", "default": DEFAULT_BASE_URL},
    "files": {"type": "list", "elements": "str", "choices": FILES, "default": list(BOOT_ROLES)},
    "directories": {"type": "list", "elements": "dict", "default": [], "options": DIRECTORY},
    "configurations": {"type": "path", "default": ""},
    "max_skew": {"type": "float", "default": 5.0},
    "compare_bytes": {"type": "int", "default": 200 * 1024 * 1024},
    "url_username": {"type": "str"},
    "url_password": {"type": "str", "no_log": True},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    "use_proxy": {"type": "bool", "default": True},
}
_FOR_URLS = ("url_username", "url_password", "validate_certs", "ca_path", "use_proxy")


def how_to_ask(params: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments for open_url."""
    given = {name: params[name] for name in _FOR_URLS if params[name] is not None}
    basic = {"force_basic_auth": True} if params["url_username"] else {}
    return {"http_agent": AGENT, **given, **basic}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    told = time.time()
    try:
        modes = Modes.by_scope(module.params["dhcp_mode"], checked_modes(module.params["dhcp_modes"]))
    except ValueError as error:
        module.fail_json(msg=f"dhcp_modes: {error}")
    places = [place for machine in module.params["machines"] for url in machine["urls"] for place in url.values()]
    for release in (module.params, *module.params["releases"]):
        places += [release.get("source"), release.get("checksums")]
    for place in places:
        # Nothing that is printed or returned then has them.
        module.no_log_values.update(secrets_in(str(place or "")))

    def run(argv: list[str]) -> tuple[int, str]:
        status, printed, _errors = module.run_command(argv, handle_exceptions=False)
        return status, printed

    module.params["host"] = module.params["host"] or "the host"
    checks, link = node.look(module.params, how_to_ask(module.params), run)
    mode = link.dhcp_mode(modes) if link else modes.default
    module.exit_json(**result_of(checks), interface=link.name if link else "", dhcp_mode=mode, time=told)


if __name__ == "__main__":
    main()
