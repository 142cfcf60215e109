# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: wait_for_phone_home
short_description: Wait until machines have phoned home
version_added: 0.1.0
author:
  - The baremetal.netboot authors (@baremetal-netboot)
description:
  - Waits until all machines have got to a stage of their boot, by default until their installers have reported
    success.
  - With O(url) it asks bootd again and again. With O(store) it watches the Hardware objects of a cluster, where bootd
    writes down where machines stand, and hears of each change as it happens.
  - One task waits for any number of machines and shows a line for each stage as it is reached. When nothing happens
    for a minute it says who stands where.
  - On a terminal it also draws bars of how far the machines are, below these lines. It has plain lines alone where the
    play has several hosts and the task is not C(run_once), with C(-v), C(ANSIBLE_NOCOLOR) or another stdout callback
    than C(default).
  - Runs on the controller, which must reach bootd's HTTP port or the API server, and with O(store) has to have the
    kubernetes library and the kubeconfig. Nothing is run on the task's host, wherever that is.
extends_documentation_fragment:
  - baremetal.netboot.attributes
  - baremetal.netboot.attributes.actiongroup_kubernetes
  - baremetal.netboot.kubernetes
attributes:
  check_mode:
    support: full
    details:
      - Nothing is waited for.
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  machines:
    description:
      - The names of the machines, which are those of their Hardware objects.
    type: list
    elements: str
    required: true
  url:
    description:
      - Where bootd serves HTTP, such as V(http://10.10.0.20:7080).
      - Exactly one of O(url) and O(store) is required.
    type: str
  store:
    description:
      - Where the Hardware objects are that bootd serves. V(kubernetes) is every namespace of a cluster,
        V(kubernetes:NAMESPACE) is one.
      - Needs the rights to list and to watch them, and no way to bootd itself.
      - The environment variables that options such as O(kubeconfig) name are those of the controller. A task's
        C(environment) does not count.
    type: str
  stage:
    description:
      - The stage that each machine has to reach.
      - A later stage counts as well.
      - With V(ready), a machine that installs Harvester has to answer on the network, which bootd finds out as long as
        its setting C(ready_checks) is on. A machine with another system has arrived when it is V(installed).
    type: str
    choices: [known, offered, loading, script, kernel, installing, installed, ready]
    default: installed
  timeout:
    description:
      - For how many seconds to wait.
    type: int
    default: 3600
  poll:
    description:
      - With O(url), how many seconds to pause between two questions to bootd.
    type: float
    default: 1.0
  fail_fast:
    description:
      - Whether to stop at the first machine that fails.
      - By default the task goes on until the outcome of every machine is known. A machine that has not begun, because
        it is to be installed after one that has failed, is not waited for.
    type: bool
    default: false
  use_proxy:
    description:
      - With O(url), whether to honour proxy settings in the environment of the controller.
    type: bool
    default: true
notes:
  - A machine that had failed before the task began is waited for, since it may boot again.
  - bootd takes a machine for failed as well when nothing comes from it for longer than C(stage_limits) allow. Such a
    machine may still go on, and is then waited for as long as the task lasts.
  - bootd or the API server may be away for a while, for example to be restarted. The machines go on without, and so
    does the wait, which says so. An API server that refuses the first question ends it.
  - A machine that has no Hardware object after 30 seconds counts as failed.
  - Where several namespaces have a machine of the same name, the one in the namespace C(default) is meant. Others are
    called C(NAMESPACE/NAME).
seealso:
  - module: baremetal.netboot.hardware
"""

EXAMPLES = r"""
- name: Wait for the machines of the inventory
  baremetal.netboot.wait_for_phone_home:
    machines: "{{ groups.netboot_machines }}"
    url: http://10.10.0.20:7080
  register: phone_home

- name: Wait for the machines of a bootd that runs in a cluster
  baremetal.netboot.wait_for_phone_home:
    machines: "{{ groups.netboot_machines }}"
    store: kubernetes:tink-system
    kubeconfig: ~/.kube/config
  register: phone_home

- name: Set what was seen of each machine as its own fact
  ansible.builtin.set_fact:
    netboot: "{{ phone_home.machines[item] }}"
  delegate_to: "{{ item }}"
  delegate_facts: true
  loop: "{{ phone_home.machines.keys() }}"

- name: Wait until the machines run a kernel, and stop at the first that fails
  baremetal.netboot.wait_for_phone_home:
    machines: [um790-1, um790-2]
    url: http://10.10.0.20:7080
    stage: kernel
    timeout: 300
    fail_fast: true
"""

RETURN = r"""
machines:
  description:
    - What was said last of each machine, by name. Machines without Hardware object are left out.
    - Also returned when the task fails, with the machines that have arrived and those that have not.
  returned: always
  type: dict
  contains:
    stage:
      description: Where the machine stands.
      type: str
      sample: installed
    since:
      description: Since when it stands there, in seconds since the epoch.
      type: float
      sample: 1697053479.3
    attempt:
      description: How many times the machine has booted from the network.
      type: int
      sample: 1
    stages:
      description: Each stage of this attempt and when it was reached, in seconds since the epoch.
      type: list
      elements: dict
      sample: [{"stage": "known", "at": 1697053442.8}, {"stage": "offered", "at": 1697053442.8}]
    mac:
      description: The MAC address of the interface it boots from.
      type: str
      sample: 58:47:ca:71:d8:49
    ip:
      description: Its IPv4 address.
      type: str
      sample: 10.10.0.16
    firmware:
      description: V(uefi) or V(bios), as far as it was seen.
      type: str
      sample: uefi
    facts:
      description: What iPXE reported of the machine.
      type: dict
      sample: {"manufacturer": "Micro Computer (HK) Tech Limited", "product": "UM790 Pro"}
    bytes:
      description: How many bytes bootd has sent it in this attempt.
      type: dict
      sample: {"tftp": 1017856, "http": 854}
    progress:
      description:
        - What bootd sends it, as C(what), C(bytes), C(size) and C(percent). C(what) is V(kernel), V(initrd), V(rootfs),
          V(configuration) or V(iso). Empty where it loads nothing from bootd.
      type: dict
      sample: {"what": "iso", "bytes": 2684354560, "size": 6291456000, "percent": 42}
    error:
      description: Why it failed, or the last error iPXE told of.
      type: str
      sample: ''
    overdue:
      description: The stage in which nothing came of it any more, where that is why it failed.
      type: str
      sample: ''
    configuration_closed:
      description:
        - Why it can't get its configuration any more in this attempt, for people. Somebody else had its URL.
      type: str
      sample: ''
    waits_for:
      description: What it waits for in iPXE, for people.
      type: str
      sample: um790-1 (installing)
    after:
      description: The machines that have to be done before it, as C(NAMESPACE/NAME).
      type: list
      elements: str
      sample: [tink-system/um790-1]
    last_stage:
      description: The stage after which nothing more is to come of it.
      type: str
      sample: ready
    last:
      description: The last thing that was seen of it, and when.
      type: dict
      sample: {"what": "report succeeded", "at": 1697053479.3}
    summary:
      description: What is worth knowing of it in one line, an error, what it waits for, or what was seen last.
      type: str
      sample: report succeeded
summary:
  description:
    - Where each machine stands, in the order of O(machines). For a table at the end of a play.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The machine as it is called in O(machines).
      type: str
      sample: um790-2
    stage:
      description: Where the machine stands. Empty where it has no Hardware object.
      type: str
      sample: loading
    since:
      description: Since when it stands there, in seconds since the epoch.
      type: float
      sample: 1697053479.3
    seconds:
      description: For how many seconds it stands there, by bootd's clock.
      type: float
      sample: 93.5
    reached:
      description: Whether it has arrived at O(stage).
      type: bool
      sample: false
    failed:
      description: Whether it has failed since the task began.
      type: bool
      sample: false
    loading:
      description: Which file bootd has sent it last, as far as it is followed, or an empty string.
      type: str
      sample: iso
    percent:
      description: How much of that file it was sent. Null where that is not known.
      type: int
      sample: 43
    reason:
      description: Why it failed, or what it waits for, or an empty string.
      type: str
      sample: waits for um790-1 (installing)
elapsed:
  description: For how many seconds the task has waited.
  returned: always
  type: float
  sample: 1260.4
"""
