# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: to_hardware
short_description: Make Hardware objects of inventory hosts
version_added: 0.1.0
author:
  - The baremetal.netboot authors (@baremetal-netboot)
description:
  - Makes a Tinkerbell Hardware object (C(tinkerbell.org/v1alpha1)) of each host, from its variables whose names begin
    with C(netboot_). What machines have in common is best written once, as variables of their group.
  - All hosts are checked, each by itself and against each other. When anything is wrong, the filter fails, and its
    message has a line for each problem, with host, variable, value, and what would be right. A variable that begins
    with C(netboot_) and is none of these is a problem too, and so is one that begins with C(harvester_) and whose name
    is that of something which has another place. What is only worth knowing is a warning.
  - Addresses of machines have to differ from each other, from gateways, and from each C(bootd_address) there is.
  - An empty value, such as that of a template which falls back to nothing, counts as not given. A date is taken as its
    text.
  - C(netboot_mac) is the MAC address of the card that the machine boots from, in any notation. Write it in quotes,
    since YAML takes some for numbers.
  - C(netboot_ip) is its IPv4 address, also with a prefix as in V(10.10.0.16/24). Where it is not given and
    C(ansible_host) is an IPv4 address, it is that.
  - C(netboot_network), as in V(10.10.0.0/24), or C(netboot_netmask), and C(netboot_gateway), C(netboot_dns),
    C(netboot_ntp), C(netboot_domain_name), C(netboot_vlan_id), C(netboot_static_routes) and C(netboot_lease_time) in
    seconds. C(netboot_hostname) is the name of the host unless given.
  - >-
    C(netboot_dhcp_options) is a mapping of further DHCP options to their values, by name or by code, as in
    V({interface-mtu: 9000, "150": "ip:10.0.0.5"}).
  - C(netboot_disk), a path, or C(netboot_disks), a list of them.
  - C(netboot_os) and C(netboot_os_version), as in V(harvester) and V(v1.2.0). C(netboot_image_url) is the URL below
    which the files of each version are. C(netboot_kernel_args) is a text or a list. C(netboot_config_url) is where
    the installer finds its configuration, where bootd keeps none for it. C(netboot_kernel) and C(netboot_initrd) name
    the files of systems other than Harvester.
  - C(netboot_ipxe) is a mapping, with C(url) or C(contents) of an iPXE script, or with C(binary), the boot program of
    this machine where the default does not suit, as in V(ipxe.efi).
  - C(netboot_allow_pxe), V(true) unless given. C(netboot_reprovision) is a text, such as a date, that asks for another
    installation when it changes. C(netboot_firmware) is V(uefi) or V(bios). C(netboot_arch) is V(x86_64) unless given.
  - C(netboot_https_boot) says that the firmware of this machine trusts bootd's certificate, so that UEFI HTTP boot is
    given https URLs, in the annotation C(netboot.baremetal/https-boot).
  - C(netboot_local_boot) is how the machine gets to its disk where netboot is off, for firmware that the default does
    not get there, in the annotation C(netboot.baremetal/local-boot). It is one of V(menu), V(exit), V(sanboot),
    V(sanboot:0x81) for the second disk, V(404) and V(lease).
  - C(netboot_after) is a list of the machines that have to be done before this one boots, in the annotation
    C(netboot.baremetal/after). Where it is not given, a machine that joins the Harvester cluster with
    C(harvester_vip) waits for the one that creates it; see P(baremetal.netboot.harvester_config#filter). An empty
    list waits for nobody.
  - C(netboot_bmc_ref) is the name of a Machine of Tinkerbell, C(bmc.tinkerbell.org/v1alpha1), which has the login of
    the machine's BMC, for C(spec.bmcRef). C(netboot_bmc) says the same here and is no part of the object, since it has
    a password; see P(baremetal.netboot.to_power#filter).
  - C(netboot_namespace), C(netboot_labels), C(netboot_annotations), C(netboot_manufacturer), C(netboot_facility_code),
    C(netboot_plan_slug), C(netboot_userdata), C(netboot_user_data), C(netboot_vendor_data), C(netboot_allow_workflow),
    C(netboot_iface_name), C(netboot_disable_dhcp), C(netboot_tftp_server_name) and C(netboot_boot_file_name) go where
    Hardware objects have them.
    C(netboot_interfaces) is a list of further network cards, mappings of such names without their prefix.
  - C(netboot_hardware) is a whole Hardware object. It is taken as it is, and the host's other variables but
    C(netboot_bmc) do not count.
options:
  _input:
    description:
      - The names of the hosts.
    type: list
    elements: str
    required: true
  hostvars:
    description:
      - The variables of all hosts, C(hostvars).
    type: dict
    required: true
  more:
    description:
      - Variables of some of the hosts, by the hosts' names, that win over those in O(hostvars).
    type: dict
    default: {}
seealso:
  - plugin: baremetal.netboot.harvester_config
    plugin_type: filter
  - module: baremetal.netboot.hardware
  - plugin: baremetal.netboot.hardware
    plugin_type: role
"""

EXAMPLES = r"""
# inventory.yml
#
# netboot_machines:
#   hosts:
#     um790-1: {netboot_mac: "58:47:ca:71:d8:49", netboot_ip: 10.10.0.16}
#     um790-2: {netboot_mac: "58:47:ca:71:d8:4a", netboot_ip: 10.10.0.17}
#   vars:
#     netboot_network: 10.10.0.0/24
#     netboot_gateway: 10.10.0.1
#     netboot_dns: [10.10.0.1]
#     netboot_disk: /dev/nvme0n1
#     netboot_os: harvester
#     netboot_os_version: v1.2.0
#     netboot_image_url: http://10.10.0.2/harvester
#     netboot_kernel_args: ip=dhcp net.ifnames=1 rd.cos.disable rd.noverifyssl console=tty1

- name: Show the Hardware objects of the machines
  ansible.builtin.debug:
    msg: "{{ groups.netboot_machines | baremetal.netboot.to_hardware(hostvars) }}"
"""

RETURN = r"""
_value:
  description:
    - The Hardware objects, in the order of the hosts.
  type: list
  elements: dict
"""

from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.utils.display import Display

from ansible_collections.baremetal.netboot.plugins.plugin_utils._inventory import lines_of
from ansible_collections.baremetal.netboot.plugins.plugin_utils._inventory_report import machines_report, message_of

_display = Display()


def to_hardware(
    hosts: Iterable[str],
    hostvars: Mapping[str, Mapping[str, Any]],
    more: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[dict[str, Any]]:
    """Return the Hardware objects of ``hosts``; raises AnsibleFilterError with every problem of every host."""
    if isinstance(hosts, (str, Mapping)) or not isinstance(hosts, Iterable):
        raise AnsibleFilterError("to_hardware takes a list of host names, such as groups.netboot_machines")
    own = {name: ChainMap(dict(found), hostvars[name]) for name, found in (more or {}).items() if name in hostvars}
    report = machines_report(map(str, hosts), ChainMap(own, hostvars) if own else hostvars)
    if report.problems:
        raise AnsibleFilterError(message_of(report.problems))
    for line in lines_of(report.notes):
        _display.warning(line)
    return list(report.machines.objects.values())


class FilterModule:
    """The filter, for Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"to_hardware": to_hardware}
