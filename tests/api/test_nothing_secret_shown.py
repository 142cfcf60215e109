# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every module that shows differences, run as README says first, with --check --diff and at its most talkative."""

from __future__ import annotations

import subprocess

import pytest

from api.processes import PROGRAMS, environment

CANARY = "canary-5f3a9e"
SECRETS = 12  # in the play; most of them in files as well as in the cluster
PLAY = f"""\
- hosts: localhost
  gather_facts: false
  vars:
    machine:
      apiVersion: tinkerbell.org/v1alpha1
      kind: Hardware
      metadata: {{name: secret-1, namespace: NAMESPACE}}
      spec:
        userData: {CANARY}-1NEW
        vendorData: {CANARY}-2NEW
        metadata:
          instance:
            userdata: harvester.token={CANARY}-3NEW
            crypted_root_password: {CANARY}-4NEW
            operating_system: {{distro: linux}}
        interfaces:
          - dhcp:
              mac: "58:47:ca:71:d8:55"
              hostname: secret-1
              ip: {{address: 10.10.0.55, netmask: 255.255.255.0}}
            netboot:
              allowPXE: true
              ipxe: {{contents: "#!ipxe\\n# {CANARY}-5NEW"}}
              osie: {{kernelParams: [quiet, "token={CANARY}-6NEW"]}}
    configurations:
      - name: secret-1
        namespace: NAMESPACE
        content:
          scheme_version: 1
          token: {CANARY}-7NEW
          os: {{hostname: secret-1, password: {CANARY}-8NEW, environment: {{http_proxy: "http://a:{CANARY}-9NEW@b"}}}}
          install: {{mode: create, vip: 10.10.0.30, webhooks: [{{event: STARTED, url: "http://h/{CANARY}-10NEW"}}]}}
      - name: secret-2
        namespace: NAMESPACE
        content: |
          d-i netcfg/get_hostname string secret-2
          d-i passwd/root-password password {CANARY}-11NEW
  tasks:
    - baremetal.netboot.hardware: {{store: "files:DIRECTORY/hardware", machines: "{{{{ [machine] }}}}"}}
    - baremetal.netboot.hardware: {{store: "kubernetes:NAMESPACE", machines: "{{{{ [machine] }}}}"}}
    - baremetal.netboot.hardware: {{store: "kubernetes:NAMESPACE", machines: "{{{{ [machine] }}}}"}}
      environment: {{RUN: as a module}}
    - baremetal.netboot.boot_configuration:
        store: files:DIRECTORY/configurations
        configurations: "{{{{ configurations }}}}"
    - baremetal.netboot.boot_configuration:
        store: kubernetes:NAMESPACE
        configurations: "{{{{ configurations }}}}"
    - baremetal.netboot.bootd_deployment:
        namespace: NAMESPACE-b
        image: bootd:1
        address: ADDRESS
        nodes: [no-such]
    - baremetal.netboot.kube_vip:
        name: NAMESPACE-v
        namespace: NAMESPACE
        address: 10.10.0.31
        mode: bgp
        node_selector: {{no-such: node}}
        bgp: {{peers: [{{address: ADDRESS, asn: 65000, password: "{CANARY}-12NEW"}}]}}
    - baremetal.netboot.image_server:
        manager: kubernetes
        namespace: NAMESPACE-i
        path: PATH
        node_selector: {{no-such: node}}
        wait: false
    - block:
        - name: Fail, with what is secret among the arguments
          baremetal.netboot.hardware:
            store: "{{{{ store }}}}"
            machines: "{{{{ [machine] }}}}"
            reprovision: true
          loop: ["files:DIRECTORY/hardware", elsewhere]
          loop_control: {{loop_var: store}}
      rescue:
        - ansible.builtin.assert:
            that: ansible_failed_result.results | select('failed') | length == 2
            success_msg: both stores are refused
"""
REMOVAL = """\
- hosts: localhost
  gather_facts: false
  tasks:
    - baremetal.netboot.bootd_deployment: {state: absent, namespace: NAMESPACE-b}
    - baremetal.netboot.kube_vip: {state: absent, name: NAMESPACE-v, namespace: NAMESPACE}
    - baremetal.netboot.image_server: {state: absent, manager: kubernetes, namespace: NAMESPACE-i}
"""
SHOWN = ("hostname: secret-1", "mode: create", "10.10.0.30", "get_hostname string secret-2", "(hidden", "10.10.0.20")
ROUNDS = (
    (["--check"], {"NEW": "", "ADDRESS": "10.10.0.20", "PATH": "/srv/a"}),
    ([], {"NEW": "", "ADDRESS": "10.10.0.20", "PATH": "/srv/a"}),
    (["--check"], {"NEW": "-new", "ADDRESS": "10.10.0.21", "PATH": "/srv/b"}),
    ([], {"NEW": "-new", "ADDRESS": "10.10.0.21", "PATH": "/srv/b"}),
)


@pytest.fixture
def play(site, tmp_path):
    """Return a function that runs a play and returns what it shows."""

    def run_play(text: str, *arguments: str) -> str:
        text = text.replace("NAMESPACE", site.namespace).replace("DIRECTORY", str(tmp_path))
        (tmp_path / "play.yml").write_text(text, encoding="utf-8")
        done = subprocess.run(
            [PROGRAMS / "ansible-playbook", "-i", "localhost,", "-c", "local", "--diff", *arguments, "play.yml"],
            cwd=tmp_path,
            env=environment(site.api.kubeconfig, tmp_path),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    yield run_play
    run_play(REMOVAL)


def test_check_and_diff_show_no_secret_and_all_else(play, tmp_path):
    """Foreseen, done, and then each secret changed: nothing of the old ones nor of the new ones is shown."""
    for name in ("hardware", "configurations"):
        (tmp_path / name).mkdir()
    for arguments, words in ROUNDS:
        text = PLAY
        for word, value in words.items():
            text = text.replace(word, value)
        shown = play(text, "-vvv", *arguments)
        assert CANARY not in shown
        assert shown.count("failed: [localhost]") == 2 and "both stores are refused" in shown
        if words["NEW"]:
            assert shown.count("(hidden, another)") >= SECRETS
        else:
            assert [word for word in SHOWN if word not in shown] == []
