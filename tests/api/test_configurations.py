# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configurations as Secrets on a real API server: written by the module, delivered by bootd, seen by nobody else."""

from __future__ import annotations

import base64
import json
import re
import secrets
import subprocess

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args

from _bootd.hardware.model import USER_DATA_ANNOTATION
from _bootd.kube.errors import ApiError
from _bootd.kube.rules import CONFIGURATIONS, MACHINES, OWN
from ansible_collections.baremetal.netboot.plugins.filter.harvester_config import harvester_config
from ansible_collections.baremetal.netboot.plugins.modules import boot_configuration
from api.processes import PROGRAMS, environment
from api.site import ADDRESS, MACHINE, ask, report
from api.test_daemon import account
from cluster.kube import wait_for

CANARY = "canary-5f3a9e"
SCRIPT = "/58-47-ca-71-d8-49/auto.ipxe"
CONFIG_URL = re.compile(r"harvester\.install\.config_url=http://127\.0\.10\.1:7080(\S+)")

HOST = {
    "netboot_mac": "58:47:ca:71:d8:49",
    "netboot_ip": "10.10.0.16",
    "netboot_network": "10.10.0.0/24",
    "netboot_gateway": "10.10.0.1",
    "netboot_dns": ["10.10.0.1"],
    "netboot_disk": "/dev/nvme0n1",
    "netboot_os": "harvester",
    "netboot_os_version": "v1.8.2",
    "netboot_image_url": "http://10.10.0.2/harvester",
    "harvester_vip": "10.10.0.10",
    "harvester_password": CANARY,
}


@pytest.fixture
def run(capsys, site):
    """Return a function that runs the module and returns its result."""

    def run_module(*configurations, check=False, **options):
        options = {"store": f"kubernetes:{site.namespace}", "configurations": list(configurations), **options}
        modes = {"_ansible_check_mode": check, "_ansible_diff": True}
        with (
            patch_module_args({**options, "kubeconfig": str(site.api.kubeconfig), **modes}),
            pytest.raises(SystemExit),
        ):
            boot_configuration.main()
        output = capsys.readouterr()
        assert CANARY not in output.out + output.err
        return json.loads(output.out)

    return run_module


def configuration(name=MACHINE, **content):
    return {"name": name, "content": {"scheme_version": 1, "token": CANARY, "install": {"mode": "create"}, **content}}


def actions(result) -> dict[str, str]:
    assert "msg" not in result, result["msg"]
    return {item["name"]: item["action"] for item in result["configurations"]}


def path_of(site, name: str = "") -> str:
    return f"/api/v1/namespaces/{site.namespace}/secrets" + (f"/{name}" if name else "")


def kept(site, name: str = MACHINE) -> dict:
    secret = site.api.client.get(path_of(site, f"netboot-configuration-{name}"))
    return yaml.safe_load(base64.b64decode(secret["data"]["configuration.yaml"]))


def token_of(site, cluster: str) -> str:
    return base64.b64decode(site.api.client.get(path_of(site, f"netboot-cluster-{cluster}"))["data"]["token"]).decode()


def names(site) -> list[str]:
    return [item["metadata"]["name"] for item in site.api.client.get(path_of(site))["items"]]


@pytest.fixture
def asking(site) -> dict:
    """Have the machine at an address that this host can ask from, and without a config_url of its own."""
    return at_this_host(site)


def at_this_host(site) -> dict:
    document = site.document()
    document["spec"]["interfaces"][0]["dhcp"]["ip"]["address"] = ADDRESS
    document["spec"]["metadata"]["instance"]["userdata"] = "ip=dhcp"
    site.apply(document)
    return document


def config_url(bootd) -> str:
    found = CONFIG_URL.search(ask(bootd, SCRIPT)[1])
    return found[1] if found else ""


def test_run_is_foreseen_and_then_done_once(run, site):
    machines = [configuration(), configuration("um790-2")]
    foreseen = run(*machines, check=True)
    assert names(site) == []
    done = run(*machines)
    assert (actions(done), done["diff"]) == (actions(foreseen), foreseen["diff"])
    assert actions(done) == {MACHINE: "created", "um790-2": "created"}
    again = run(*machines)
    assert (again["changed"], again["diff"]) == (False, [])
    secret = site.api.client.get(path_of(site, f"netboot-configuration-{MACHINE}"))
    assert secret["metadata"]["labels"] == {
        "app.kubernetes.io/managed-by": "baremetal.netboot",
        "netboot.baremetal/configuration": "true",
    }
    assert secret["metadata"]["annotations"] == {"netboot.baremetal/machine": MACHINE}


def test_text_and_mapping_take_each_others_place(run, site):
    text = {"name": MACHINE, "content": f"rootpw {CANARY}\n"}
    name = f"netboot-configuration-{MACHINE}"
    for item, key in (configuration(), "yaml"), (text, "cfg"), (configuration(), "yaml"):
        foreseen = run(item, check=True)
        assert (actions(run(item)), run(item)["changed"]) == (actions(foreseen), False)
        assert list(site.api.client.get(path_of(site, name))["data"]) == [f"configuration.{key}"]
    # Both at once, by whatever hand, are one again.
    data = {"configuration.cfg": base64.b64encode(b"by hand").decode()}
    site.api.client.request("PATCH", path_of(site, name), {}, {"data": data}, "application/merge-patch+json")
    assert actions(run(configuration())) == {MACHINE: "updated"}
    assert list(site.api.client.get(path_of(site, name))["data"]) == ["configuration.yaml"]


def test_run_updates_shows_keys_and_prunes_what_is_its_own(run, site):
    run(configuration(), configuration("um790-2"))
    theirs = {"name": "netboot-configuration-theirs", "namespace": site.namespace}
    theirs["labels"] = {"netboot.baremetal/configuration": "true"}
    site.api.create({"apiVersion": "v1", "kind": "Secret", "metadata": theirs}, "secrets")
    done = run(configuration(token=f"{CANARY}-2"), prune=True)
    assert actions(done) == {MACHINE: "updated", "um790-2": "removed"}
    shown = next(item for item in done["diff"] if MACHINE in item["before_header"])
    assert 'token: "(hidden)"' in shown["before"] and 'token: "(hidden, another)"' in shown["after"]
    assert kept(site)["token"] == f"{CANARY}-2"
    assert names(site) == ["netboot-configuration-theirs", f"netboot-configuration-{MACHINE}"]
    assert actions(run({"name": MACHINE}, state="absent")) == {MACHINE: "removed"}
    assert run({"name": MACHINE}, state="absent")["changed"] is False


@pytest.mark.parametrize("labels", [{}, {"netboot.baremetal/configuration": "true"}])
def test_run_leaves_the_secret_of_somebody_else_alone(run, site, labels):
    meta = {"name": f"netboot-configuration-{MACHINE}", "namespace": site.namespace, "labels": labels}
    site.api.create({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": {"x": "theirs"}}, "secrets")
    refused = run(configuration())
    assert refused["failed"]
    assert MACHINE in refused["msg"]
    assert "data" in site.api.client.get(path_of(site, meta["name"]))
    assert base64.b64decode(site.api.client.get(path_of(site, meta["name"]))["data"]["x"]) == b"theirs"


def test_token_of_a_cluster_is_made_once(run, site):
    first, second = configuration(), configuration("um790-2")
    del first["content"]["token"], second["content"]["token"]
    assert run(first, cluster="lab", check=True)["clusters"] == [{"name": "lab", "action": "created"}]
    assert names(site) == []
    assert run(first, cluster="lab")["clusters"] == [{"name": "lab", "action": "created"}]
    done = run(first, second, cluster="lab")
    assert done["clusters"] == [{"name": "lab", "action": "unchanged"}]
    assert actions(done) == {MACHINE: "unchanged", "um790-2": "created"}
    token = token_of(site, "lab")
    assert kept(site)["token"] == kept(site, "um790-2")["token"] == token
    assert token not in json.dumps(done)


def test_clusters_of_an_inventory_have_a_token_each(run, site):
    two = {"netboot_mac": "58:47:ca:71:d8:4a", "netboot_ip": "10.10.0.17", "harvester_vip": "10.10.0.11"}
    hosts = {MACHINE: HOST, "um790-2": {**HOST, **two}}
    done = run(*harvester_config(list(hosts), hosts), cluster="lab")
    assert done["clusters"] == [{"name": name, "action": "created"} for name in ("10-10-0-10", "10-10-0-11")]
    tokens = [token_of(site, "10-10-0-10"), token_of(site, "10-10-0-11")]
    assert [kept(site)["token"], kept(site, "um790-2")["token"]] == tokens
    assert tokens[0] != tokens[1]


def test_clusters_may_be_in_namespaces_of_their_own(run, site):
    """One cluster's machines may not: they would not find their token."""
    other = f"{site.namespace}-two"
    items = [{**configuration(MACHINE, token=""), "namespace": site.namespace, "cluster": "one"}]
    items.append({**configuration("um790-2", token=""), "namespace": other, "cluster": "one"})
    refused = run(*items, store="kubernetes", create_namespace=True)
    assert refused["msg"] == f"the token of cluster one is kept in one namespace, not in {site.namespace}, {other}"
    assert names(site) == []
    items[1]["cluster"] = "two"
    foreseen = run(*items, store="kubernetes", create_namespace=True, check=True)
    done = run(*items, store="kubernetes", create_namespace=True)
    assert done["clusters"] == [{"name": "one", "action": "created"}, {"name": "two", "action": "created"}]
    assert (foreseen["clusters"], actions(foreseen)) == (done["clusters"], actions(done))
    assert names(site) == ["netboot-cluster-one", f"netboot-configuration-{MACHINE}"]
    assert run(*items, store="kubernetes", create_namespace=True)["changed"] is False


def test_configurations_of_an_inventory_are_in_the_namespace_of_the_store(api, run):
    """The inventory names none, and what the filter makes of it goes where the machines are."""
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "tink-system"}}, "namespaces")
    name = f"um790-{secrets.token_hex(3)}"
    made = harvester_config([name], {name: {**HOST, "harvester_token": CANARY}})
    done = run(*made, store="kubernetes:tink-system")
    assert actions(done) == {name: "created"}
    assert done["configurations"][0]["namespace"] == "tink-system"
    assert actions(run(*made, store="kubernetes:tink-system", state="absent")) == {name: "removed"}


def test_namespace_that_is_missing_is_told(run):
    namespace = f"none-{secrets.token_hex(3)}"
    item = {**configuration(), "namespace": namespace}
    for check in (True, False):
        for options in ({}, {"cluster": "lab"}):
            told = run({**item, "content": {"a": 1}}, store="kubernetes", check=check, **options)["msg"]
            assert f'namespaces "{namespace}" not found' in told


def test_namespace_that_is_missing_is_made_where_that_is_asked_for(run, api):
    namespace = f"made-{secrets.token_hex(3)}"
    item = {"name": MACHINE, "content": {"a": 1}}
    options = {"store": f"kubernetes:{namespace}", "cluster": "lab", "create_namespace": True}
    foreseen = run(item, check=True, **options)
    assert api.client.get("/api/v1/namespaces", {"fieldSelector": f"metadata.name={namespace}"})["items"] == []
    done = run(item, **options)
    assert (actions(done), done["clusters"]) == (actions(foreseen), foreseen["clusters"])
    assert actions(done) == {MACHINE: "created"}
    assert run(item, **options)["changed"] is False
    assert run(item, state="absent", **{**options, "store": f"kubernetes:{namespace}-2"})["changed"] is False
    assert api.client.get("/api/v1/namespaces", {"fieldSelector": f"metadata.name={namespace}-2"})["items"] == []


@pytest.mark.usefixtures("asking")
def test_bootd_delivers_follows_and_forgets(run, site):
    bootd = site.bootd("--log-level", "debug").start()
    assert config_url(bootd) == ""
    run(configuration())
    wait_for(lambda: config_url(bootd), "bootd knows of the configuration")
    url = config_url(bootd)
    nothing = ask(bootd, "/configuration/x/y", "127.0.0.1")
    assert nothing[0] == 404
    assert ask(bootd, url, "127.0.0.1") == nothing  # who asks again once the machine has it ends that for both
    status, text = ask(bootd, url)
    assert (status, yaml.safe_load(text)["token"]) == (200, CANARY)
    hooks = [hook["event"] for hook in yaml.safe_load(text)["install"]["webhooks"]]
    assert hooks == ["STARTED", "SUCCEEDED", "FAILED"]
    run(configuration(token="second"))
    wait_for(lambda: yaml.safe_load(ask(bootd, url)[1]).get("token") == "second", "the change is delivered")
    site.api.kubectl(
        "-n", site.namespace, "label", "secret", f"netboot-configuration-{MACHINE}", "netboot.baremetal/configuration-"
    )
    wait_for(lambda: ask(bootd, url) == nothing, "without its label it is not delivered")
    leaked = [path for path in bootd.directory.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]
    assert leaked == []


def test_user_data_is_the_configuration_where_the_object_asks_for_it(run, site, asking):
    run(configuration())
    asking["metadata"]["annotations"] = {USER_DATA_ANNOTATION: "configuration"}
    site.apply(asking)
    bootd = site.bootd().start()
    assert ask(bootd, "/2009-04-04/user-data")[0] == 404
    ask(bootd, SCRIPT)
    assert CANARY in ask(bootd, "/2009-04-04/user-data")[1]
    assert ask(bootd, "/2009-04-04/user-data", "127.0.0.1")[0] == 404
    assert report(bootd, site, "succeeded") == 200
    assert ask(bootd, "/2009-04-04/user-data")[0] == 404


@pytest.mark.usefixtures("asking")
def test_rights_are_enough_and_only_in_one_namespace(run, site, tmp_path):
    run(configuration())
    who = account(site, places=(MACHINES, OWN, CONFIGURATIONS))
    bootd = site.bootd(kubeconfig=who.kubeconfig(tmp_path)).start()
    assert CANARY in ask(bootd, config_url(bootd))[1]
    assert bootd.lines("configurations_not_read") == []
    for path in ("/api/v1/secrets", "/api/v1/namespaces/kube-system/secrets", "/api/v1/namespaces/default/secrets"):
        with pytest.raises(ApiError) as refused:
            who.client.get(path)
        assert refused.value.status == 403


@pytest.mark.usefixtures("asking")
def test_without_the_right_bootd_says_so_and_serves(run, site, tmp_path):
    run(configuration())
    bootd = site.bootd(kubeconfig=account(site).kubeconfig(tmp_path)).start()
    (line,) = bootd.lines("configurations_not_read")
    rule = '{apiGroups: [""], resources: [secrets], verbs: [list]}'
    assert f"a Role for namespace {site.namespace} needs the rule {rule}" in line["reason"]
    status, script = ask(bootd, SCRIPT)
    assert (status, "vmlinuz" in script, config_url(bootd)) == (200, True, "")


PLAY = """\
- hosts: localhost
  gather_facts: false
  vars:
    made: "{{ groups.netboot_machines | baremetal.netboot.harvester_config(hostvars) }}"
  tasks:
    - name: Write them
      baremetal.netboot.boot_configuration:
        store: kubernetes:NAMESPACE
        cluster: lab
        configurations: "{{ made }}"
    - block:
        - name: Have one refused by the module
          baremetal.netboot.boot_configuration:
            store: kubernetes:NAMESPACE
            configurations: "{{ made + [{'name': 'Wrong', 'content': made[0].content}] }}"
      rescue:
        - name: Have one refused by the filter
          baremetal.netboot.boot_configuration:
            store: kubernetes:NAMESPACE
            configurations: "{{ ['um790-1', 'wrong'] | baremetal.netboot.harvester_config(hostvars) }}"
"""
INVENTORY = f"""\
netboot_machines:
  hosts:
    um790-1:
      netboot_mac: "58:47:ca:71:d8:49"
      netboot_ip: 10.10.0.16
others:
  hosts:
    wrong:
      netboot_mac: "58:47:ca:71:d8:4a"
      netboot_ip: 10.10.0.17
      harvester_config:
        os: {{pasword: {CANARY}-4, write_files: {CANARY}-5}}
all:
  vars:
    netboot_network: 10.10.0.0/24
    netboot_gateway: 10.10.0.1
    netboot_dns: [10.10.0.1]
    netboot_disk: /dev/nvme0n1
    netboot_os: harvester
    netboot_os_version: v1.8.2
    netboot_image_url: http://10.10.0.2/harvester
    harvester_vip: 10.10.0.10
    harvester_password: {CANARY}-1
    harvester_token: {CANARY}-2
    harvester_config:
      os:
        write_files:
          - path: /etc/secret
            content: {CANARY}-3
"""


def test_play_at_its_most_talkative_shows_nothing(site, tmp_path):
    (tmp_path / "play.yml").write_text(PLAY.replace("NAMESPACE", site.namespace), encoding="utf-8")
    (tmp_path / "inventory.yml").write_text(INVENTORY, encoding="utf-8")
    argv = [PROGRAMS / "ansible-playbook", "-i", "inventory.yml", "-c", "local", "-vvv", "--diff"]
    for arguments in (["--check"], []):
        done = subprocess.run(
            [*argv, *arguments, "play.yml"],
            cwd=tmp_path,
            env=environment(site.api.kubeconfig, tmp_path),
            capture_output=True,
            text=True,
            check=False,
        )
        shown = done.stdout + done.stderr
        assert done.returncode == 2, shown
        assert 'token: "(hidden)"' in shown.replace("\\", "")
        assert "mode: create" in shown
        assert "configurations[1].name is 'Wrong'" in shown
        assert "os.pasword" in shown
        assert CANARY not in shown
    assert kept(site)["token"] == f"{CANARY}-2"
    assert kept(site)["os"]["password"] not in shown


def test_bootd_started_while_the_api_is_away_expects_them(own_site, capsys):
    """What is in no memory is on no disk either, so the machine is sent to ask for it: it asks for five minutes."""
    site = own_site
    at_this_host(site)
    options = {"store": f"kubernetes:{site.namespace}", "configurations": [configuration()]}
    with patch_module_args({**options, "kubeconfig": str(site.api.kubeconfig)}), pytest.raises(SystemExit):
        boot_configuration.main()
    capsys.readouterr()
    bootd = site.bootd().start()
    url = config_url(bootd)
    assert CANARY in ask(bootd, url)[1]
    site.api.kill()
    try:
        assert CANARY in ask(bootd, url)[1]
        bootd.stop()
        bootd.start()
        assert config_url(bootd) == url
        assert ask(bootd, url)[0] == 404
    finally:
        site.api.start()
    wait_for(lambda: ask(bootd, url)[0] == 200, "the configuration is there again")
