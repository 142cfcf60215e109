# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: machine_power
short_description: Switch machines on and off, and have them boot from the network once
version_added: 0.1.0
author:
  - The baremetal.netboot authors (@baremetal-netboot)
description:
  - Asks BMCs by Redfish or IPMI, or wakes machines by Wake-on-LAN. Takes many machines at once.
  - All machines are asked for their power first, then changed in waves of O(width), with O(stagger) seconds between.
    One that fails keeps no other from its steps. At the end the task fails with a line for each that did.
  - Where bootd says of a machine that it is installed or on its way, it is left alone, see O(machines[].stage).
  - With O(url) or O(store) that is asked anew before each wave, so that a machine is left alone which began to install
    after the task had begun. Where nobody answers, no machine of that wave is touched, and the task fails.
  - Runs where the BMCs can be reached, which most often is the controller; use C(delegate_to) with it.
extends_documentation_fragment:
  - baremetal.netboot.attributes
  - baremetal.netboot.attributes.actiongroup_kubernetes
  - baremetal.netboot.kubernetes
attributes:
  check_mode:
    support: full
    details:
      - BMCs are asked how the machines are, and nothing is changed.
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - Yes with O(state=on) and O(state=off). With the others a machine is started anew each time, unless its
        O(machines[].stage) says that it is installed or on its way. Wake-on-LAN can't know how a machine is.
requirements:
  - sushy, for Redfish
  - pyghmi, for IPMI
  - wakeonlan, for Wake-on-LAN
options:
  machines:
    description:
      - The machines. P(baremetal.netboot.to_power#filter) makes them of an inventory's hosts.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: What results and messages call it.
        type: str
        required: true
      bmc:
        description:
          - How its power is reached, in the words of the variable C(netboot_bmc).
          - A machine that has neither this nor O(machines[].bmc_ref) is named in RV(by_hand).
        type: dict
        suboptions:
          type:
            description: The protocol.
            type: str
            choices: [redfish, ipmi, wol]
          address:
            description: Name or address of the BMC. For V(redfish) also a URL without a path.
            type: str
            aliases: [host]
          port:
            description: Its port. By default 443 for V(redfish), 623 for V(ipmi), and 9 for V(wol).
            type: int
          username:
            description: The user.
            type: str
            aliases: [user]
          password:
            description: The password.
            type: str
          system:
            description: With V(redfish), the C(Id) of the system. It is needed where the BMC has several.
            type: str
          validate_certs:
            description: With V(redfish), whether the BMC has to have a certificate that is trusted.
            type: bool
            default: true
          ca_path:
            description:
              - With V(redfish), a file with the certificates of the authorities to trust, or the BMC's own, on the host
                that the module runs on.
            type: path
          boot:
            description: By what the machine boots from the network. V(http) is UEFI HTTP boot, and needs V(redfish).
            type: str
            choices: [pxe, http]
            default: pxe
          broadcast:
            description: With V(wol), where the packet is sent to, such as the broadcast address of a network.
            type: str
            default: 255.255.255.255
          interface:
            description: With V(wol), the address of the interface that the packet is sent from.
            type: str
      bmc_ref:
        description:
          - The name of a C(Machine), C(bmc.tinkerbell.org/v1alpha1), as in C(spec.bmcRef) of its Hardware object. It is
            read from the cluster, with the Secret of its login. Where there is O(machines[].bmc), that counts.
        type: str
      namespace:
        description: The namespace of O(machines[].bmc_ref).
        type: str
        default: tink-system
      mac:
        description: The MAC address of the card it boots from, which V(wol) needs.
        type: str
      firmware:
        description: The mode that it boots in.
        type: str
        choices: [uefi, bios]
        default: uefi
      stage:
        description:
          - Where bootd says that the machine stands, as RV(baremetal.netboot.hardware_info#module:machines[].stage).
          - With V(installed) or V(ready) it is not cycled, and with V(loading), V(script), V(kernel) or V(installing)
            not switched off either, unless O(even_installed).
          - One that runs is not cycled with V(known), V(offered), or V(failed) after no more than that, unless
            O(even_running). Nothing was heard of it, or only DHCP, which anybody can send with its MAC address. Nor is
            one cycled that is V(failed) since its installer fell silent, see O(machines[].overdue).
          - Where it is empty, nothing of this holds, and machines that run are cycled whatever they run.
        type: str
        default: ''
      netboot:
        description: Whether bootd would boot it from the network now. Where it would not, it is not cycled.
        type: bool
        default: true
      reached:
        description: With V(failed) as O(machines[].stage), the last stage before that. Empty where nobody has said it.
        type: str
        default: ''
      overdue:
        description:
          - With V(failed) as O(machines[].stage), the stage in which nothing came any more, as
            RV(baremetal.netboot.hardware_info#module:machines[].overdue). Empty where it failed otherwise.
          - With V(kernel) and V(installing) it may be installed, and its report lost.
        type: str
        default: ''
  state:
    description:
      - V(on) and V(off) are how the machines are to be. For V(off) their operating systems are asked to shut down.
      - V(cycled) cuts the power of those that are on, and switches all of them on.
      - V(network_boot) ejects virtual media, has the BMC boot the machine from the network at its next start and only
        then, and cycles it. Machines with Wake-on-LAN boot whatever their firmware has first.
    type: str
    choices: ["on", "off", cycled, network_boot]
    required: true
  force:
    description: With O(state=off), cut the power instead.
    type: bool
    default: false
  even_installed:
    description: Whether to take also machines that are installed, on their way, or whose netboot is off.
    type: bool
    default: false
  even_running:
    description: Whether to cycle also machines that run, and of which bootd does not know what.
    type: bool
    default: false
  url:
    description:
      - The URL of bootd, as the host of the task reaches it, to ask before each wave where the machines stand.
    type: str
  store:
    description:
      - The store in a cluster, V(kubernetes) or V(kubernetes:NAMESPACE), to list before each wave instead, where bootd
        is not reached from the host of the task.
    type: str
  use_proxy:
    description: Whether to go to O(url) by the proxy that the environment names.
    type: bool
    default: true
  width:
    description: How many machines at once.
    type: int
    default: 5
  stagger:
    description:
      - Seconds between one wave and the next, so that neither a circuit breaker nor who serves the images gets all of
        them at once.
    type: float
    default: 0
  timeout:
    description: For how many seconds to wait until a machine is on or off.
    type: float
    default: 120
seealso:
  - plugin: baremetal.netboot.to_power
    plugin_type: filter
notes:
  - The role P(baremetal.netboot.power#role) does this with the machines of an inventory.
  - BMCs are only to be reached in a network of their own. IPMI hands out a hash of the password to whoever asks.
"""

EXAMPLES = r"""
- name: Ask bootd where the machines stand, so that none that is installed or on its way is touched
  ansible.builtin.uri:
    url: http://10.10.0.20:7080/api/v1/machines
  register: seen
  delegate_to: localhost
  run_once: true

- name: Boot all machines of the inventory from the network, four at once, with half a minute between
  baremetal.netboot.machine_power:
    machines: "{{ groups.netboot_machines | baremetal.netboot.to_power(hostvars, seen.json.machines) }}"
    state: network_boot
    url: http://10.10.0.20:7080
    width: 4
    stagger: 30
  delegate_to: localhost
  run_once: true

- name: Switch one machine on
  baremetal.netboot.machine_power:
    machines:
      - name: um790-1
        bmc:
          type: redfish
          address: 10.10.9.16
          username: admin
          password: "{{ vault_bmc_password }}"
          ca_path: /etc/ssl/certs/bmc-ca.pem
    state: "on"
  delegate_to: localhost

- name: Wake one that has no BMC
  baremetal.netboot.machine_power:
    machines:
      - name: um790-2
        mac: 58:47:ca:71:d8:4a
        bmc: {type: wol, broadcast: 10.10.0.255}
    state: network_boot
"""

RETURN = r"""
machines:
  description: What became of each machine that has a BMC, by name. In check mode, what would.
  returned: always
  type: dict
  contains:
    before:
      description: Its power before, V(on), V(off) or V(unknown).
      type: str
      sample: 'on'
    after:
      description: And after.
      type: str
      sample: 'on'
    steps:
      description: What was done, of V(eject), V(boot_once), V(shut_down), V(cut) and V(switch_on), in this order.
      type: list
      elements: str
      sample: [eject, boot_once, cut, switch_on]
    ejected:
      description: The virtual media that something was ejected from.
      type: list
      elements: str
      sample: [Cd]
    left_alone:
      description: Why it was not touched. Empty where it could be.
      type: str
      sample: it is ready
    error:
      description: Why not all was done. Empty where it was.
      type: str
      sample: ''
by_hand:
  description: For each machine without a BMC that is to be powered, what somebody has to do at it.
  returned: always
  type: list
  elements: str
  sample:
    - "um790-3 (58:47:ca:71:d8:4b) has no BMC: switch it on and have it boot from the network, by F12 on most machines,
      or by its boot menu (F7, F8, F10 or F11): UEFI: PXE IPv4, or HTTP IPv4"
"""

from collections import Counter
from typing import Any

from ansible.module_utils.basic import missing_required_lib

from ansible_collections.baremetal.netboot.plugins.module_utils._ansible.basic import AnsibleModule
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.client import Client
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.errors import ApiError, ApiUnreachable
from ansible_collections.baremetal.netboot.plugins.module_utils._hardware.machines import described
from ansible_collections.baremetal.netboot.plugins.module_utils._hardware.objects import from_cluster, parse_store
from ansible_collections.baremetal.netboot.plugins.module_utils._kubernetes import connection as _kubernetes
from ansible_collections.baremetal.netboot.plugins.module_utils._power import plan, standing, tinkerbell, words
from ansible_collections.baremetal.netboot.plugins.module_utils._power.base import PowerError
from ansible_collections.baremetal.netboot.plugins.module_utils._power.plan import Target, Wish
from ansible_collections.baremetal.netboot.plugins.module_utils._power.work import (
    Ask,
    Outcome,
    Pace,
    bring_about,
    missing_libraries,
)

# Values that the words have by themselves: those of another protocol would be told to be out of place.
_BMC = {
    "type": {"type": "str", "choices": list(words.TYPES)},
    "address": {"type": "str", "aliases": ["host"]},
    "port": {"type": "int"},
    "username": {"type": "str", "aliases": ["user"]},
    "password": {"type": "str", "no_log": True},
    "system": {"type": "str"},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    "boot": {"type": "str", "choices": list(words.BOOTS), "default": "pxe"},
    "broadcast": {"type": "str", "default": "255.255.255.255"},
    "interface": {"type": "str"},
}
_MACHINE = {
    "name": {"type": "str", "required": True},
    "bmc": {"type": "dict", "options": _BMC},
    "bmc_ref": {"type": "str"},
    "namespace": {"type": "str", "default": "tink-system"},
    "mac": {"type": "str"},
    "firmware": {"type": "str", "choices": ["uefi", "bios"], "default": "uefi"},
    "stage": {"type": "str", "default": ""},
    "netboot": {"type": "bool", "default": True},
    "reached": {"type": "str", "default": ""},
    "overdue": {"type": "str", "default": ""},
}
ARGUMENTS = {
    **_kubernetes.ARGUMENTS,
    "machines": {"type": "list", "elements": "dict", "required": True, "options": _MACHINE},
    "state": {"type": "str", "choices": list(plan.STATES), "required": True},
    "force": {"type": "bool", "default": False},
    "even_installed": {"type": "bool", "default": False},
    "even_running": {"type": "bool", "default": False},
    "width": {"type": "int", "default": 5},
    "stagger": {"type": "float", "default": 0},
    "timeout": {"type": "float", "default": 120},
    "url": {"type": "str"},
    "store": {"type": "str"},
    "use_proxy": {"type": "bool", "default": True},
}
_MAX_WIDTH = 256


def read_targets(module: AnsibleModule) -> tuple[list[Target], list[str]]:
    """Return the machines, and a line for each whose BMC can't be used."""
    targets: list[Target] = []
    problems: list[str] = []
    machines = module.params["machines"]
    needs_cluster = any(machine["bmc_ref"] and not machine["bmc"] for machine in machines)
    client = _kubernetes.client_for(module, connections=1) if needs_cluster else None
    for machine in machines:
        try:
            bmc = _read_bmc(machine, client)
        except (PowerError, ValueError) as error:
            problems.append(f"{machine['name']}: {error}")
            continue
        names = ("name", "namespace", "firmware", "stage", "netboot", "reached", "overdue")
        targets.append(Target(bmc=bmc, mac=machine["mac"] or "", **{name: machine[name] for name in names}))
    counted = Counter(machine["name"] for machine in machines)
    problems += [f"{name}: named {times} times" for name, times in counted.items() if times > 1]
    bmcs = {target.name: vars(target.bmc) for target in targets if target.bmc is not None}
    return targets, problems + [
        f"{name}: its BMC is that of {others[0]}" for name, others in words.shared(bmcs).items()
    ]


def _read_bmc(machine: dict[str, Any], client: Client | None) -> words.Bmc | None:
    """Return a machine's BMC, None where it has none; raises PowerError and ValueError."""
    given = machine["bmc"]
    if not given and client is not None and machine["bmc_ref"]:
        given = tinkerbell.words_of_machine(client, machine["namespace"], machine["bmc_ref"])
    if not given:
        return None
    own = {name: option.get("default") for name, option in _BMC.items()}
    return words.read({name: value for name, value in given.items() if name in own and value != own[name]})


def documented(outcome: Outcome) -> dict[str, Any]:
    """Return what became of a machine, as RETURN has it."""
    names = ("before", "after", "steps", "ejected", "left_alone", "error")
    return {name: getattr(outcome, name) for name in names}


def asking(module: AnsibleModule) -> Ask | None:
    """Return what asks where the machines stand, None where that is not wanted; raises ValueError."""
    url, store = module.params["url"], module.params["store"]
    if url:
        return lambda: standing.from_bootd(url, module.params["use_proxy"])
    if not store:
        return None
    kind, namespace = parse_store(store)
    if kind != "kubernetes":
        raise ValueError("store: a bootd that serves files keeps its states to itself: give its url instead")
    client = _kubernetes.client_for(module, connections=1)

    def ask() -> list[dict[str, Any]]:
        try:
            return [described(entry) for entry in from_cluster(client, namespace).entries]
        except (ApiError, ApiUnreachable) as error:
            raise standing.NotAsked(f"the Kubernetes API at {client.server}: {error}") from error

    return ask


def run(module: AnsibleModule, targets: list[Target], ask: Ask | None) -> tuple[dict[str, Any], list[str]]:
    """Return the result, and a line for each machine that was to be changed and could not."""
    params = module.params
    wish = Wish(params["state"], params["force"], params["even_installed"], params["even_running"])
    pace = Pace(params["width"], params["stagger"], params["timeout"])
    powered = [target for target in targets if target.bmc is not None]
    outcomes = bring_about(wish, powered, pace, check=module.check_mode, ask=ask)
    others = [target for target in targets if target.bmc is None and not plan.left_alone(wish, target)]
    result = {
        "changed": any(outcome.steps for outcome in outcomes),
        "machines": {outcome.name: documented(outcome) for outcome in outcomes},
        "by_hand": [plan.by_hand(target) for target in others if params["state"] != plan.TURNED_OFF],
        "diff": {
            "before": "".join(f"{each.name}: {each.before}\n" for each in outcomes),
            "after": "".join(f"{each.name}: {', '.join([*each.steps, each.after])}\n" for each in outcomes),
        },
    }
    return result, [f"{outcome.name}: {outcome.error}" for outcome in outcomes if outcome.error]


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True, mutually_exclusive=[("url", "store")])
    targets, problems = read_targets(module)
    ask = None
    try:
        ask = asking(module)
    except ValueError as error:
        problems.append(str(error))
    if not 1 <= module.params["width"] <= _MAX_WIDTH:
        problems.append(f"width: should be a number from 1 to {_MAX_WIDTH}")
    for name in ("stagger", "timeout"):
        if module.params[name] < 0:
            problems.append(f"{name}: should be a number of seconds, not less than 0")
    problems += [missing_required_lib(name) for name in missing_libraries(targets)]
    if problems:
        module.fail_json(msg="\n".join(problems), changed=False, machines={}, by_hand=[])
    result, failed = run(module, targets, ask)
    if failed:
        module.fail_json(msg="\n".join(failed), **result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
