# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""bootd over a real API server: what it serves, what it writes, and what it may."""

from __future__ import annotations

import os
import subprocess

import pytest

from _bootd.hardware.model import REPROVISION_ANNOTATION
from _bootd.kube.errors import ApiError
from _bootd.kube.rules import MACHINES, OWN, role_rules
from api.processes import ROOT
from api.site import ADDRESS, MACHINE, ask, report
from cluster.kube import ServiceAccount, wait_for

RBAC = "rbac.authorization.k8s.io/v1"


def test_installation_is_written_to_the_object(site):
    site.apply(site.document(address=ADDRESS))
    bootd = site.bootd().start()
    status, script = ask(bootd, "/58-47-ca-71-d8-49/auto.ipxe", ADDRESS)
    assert (status, script[:6]) == (200, "#!ipxe")
    wait_for(lambda: site.state().get("stage") == "script", "the object says script")
    assert report(bootd, site, "started") == 200
    assert report(bootd, site, "succeeded") == 200
    wait_for(lambda: site.state().get("stage") == "installed", "the object says installed")
    assert site.allow_pxe() is False
    assert site.state()["switchedOff"] == {"58:47:ca:71:d8:49": ""}
    wait_for(lambda: "InstallationSucceeded" in reasons(site), "an Event says so")
    assert bootd.get("/58-47-ca-71-d8-49/auto.ipxe")[1].count("vmlinuz") == 0


def reasons(site) -> list[str]:
    events = site.api.client.get(f"/api/v1/namespaces/{site.namespace}/events")["items"]
    assert {event["involvedObject"]["uid"] for event in events} <= {site.machine()["metadata"]["uid"]}
    return [event["reason"] for event in events]


def test_object_written_again_is_not_installed_again_until_it_asks(site):
    bootd = site.bootd().start()
    assert report(bootd, site, "succeeded") == 200
    wait_for(lambda: site.allow_pxe() is False, "netboot is off")
    site.apply(site.document(), force=True)
    assert site.allow_pxe() is True
    wait_for(lambda: site.allow_pxe() is False, "netboot is off again")
    assert "vmlinuz" not in bootd.get("/58-47-ca-71-d8-49/auto.ipxe")[1]
    site.api.kubectl("-n", site.namespace, "annotate", "hardware", MACHINE, f"{REPROVISION_ANNOTATION}=second")
    wait_for(lambda: site.allow_pxe() is True, "netboot is on")
    wait_for(lambda: "vmlinuz" in bootd.get("/58-47-ca-71-d8-49/auto.ipxe")[1], "it is installed again")
    assert report(bootd, site, "succeeded", installs=1) == 200
    wait_for(lambda: site.allow_pxe() is False, "netboot is off after the second installation")
    assert site.state()["installs"] == 2


def test_objects_of_the_cluster_are_checked(site):
    wrong = site.document("um790-2", "58:47:ca:71:d8:4a")
    del wrong["spec"]["interfaces"][0]["dhcp"]["ip"]
    site.apply(wrong)
    argv = [ROOT / "bin/bootd", "check", "--store", f"kubernetes:{site.namespace}"]
    environment = {**os.environ, "KUBECONFIG": str(site.api.kubeconfig)}
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout.splitlines() == [
        (
            f"{site.namespace}/um790-2 spec.interfaces[0].dhcp.ip: missing: without it the machine gets no lease; "
            "disableDhcp: true where another DHCP server gives it one"
        ),
        "1 problem and 0 notes in 2 objects of the cluster",
    ]
    assert (done.returncode, done.stderr) == (1, "")


def test_fields_of_others_stay(site):
    bootd = site.bootd().start()
    site.api.kubectl("-n", site.namespace, "label", "hardware", MACHINE, "rack=b12")
    site.api.kubectl("-n", site.namespace, "annotate", "hardware", MACHINE, "someone=else")
    assert report(bootd, site, "succeeded") == 200
    wait_for(lambda: site.allow_pxe() is False, "netboot is off")
    meta = site.machine()["metadata"]
    assert meta["labels"] == {"rack": "b12"}
    assert meta["annotations"]["someone"] == "else"


def account(site, without: str = "", places: tuple[str, ...] = (MACHINES, OWN)) -> ServiceAccount:
    """Return a service account with the generated rules for ``places``, less those for the verb ``without``."""
    name, namespace = "bootd", site.namespace
    api = site.api
    rules = [{**rule, "verbs": [verb for verb in rule["verbs"] if verb != without]} for rule in role_rules(*places)]
    rules = [rule for rule in rules if rule["verbs"]]
    meta = {"name": name, "namespace": namespace}
    api.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta}, "serviceaccounts")
    api.create({"apiVersion": RBAC, "kind": "Role", "metadata": meta, "rules": rules}, "roles")
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name}
    subjects = [{"kind": "ServiceAccount", "name": name, "namespace": namespace}]
    binding = {"apiVersion": RBAC, "kind": "RoleBinding", "metadata": meta, "roleRef": reference, "subjects": subjects}
    api.create(binding, "rolebindings")
    return api.service_account(namespace, name)


def test_generated_rules_are_enough(site, tmp_path):
    kubeconfig = account(site).kubeconfig(tmp_path)
    bootd = site.bootd("--lease-namespace", site.namespace, kubeconfig=kubeconfig).start()
    assert report(bootd, site, "succeeded") == 200
    wait_for(lambda: site.allow_pxe() is False, "netboot is off")
    wait_for(lambda: "InstallationSucceeded" in reasons(site), "an Event says so")
    assert bootd.lines("store_problem") + bootd.lines("lease_failed") == []


@pytest.mark.parametrize("path", ["/api/v1/secrets", "/api/v1/namespaces/kube-system/secrets", "/api/v1/nodes"])
def test_generated_rules_are_no_more(site, path):
    with pytest.raises(ApiError) as refused:
        account(site).client.get(path)
    assert refused.value.status == 403


def test_missing_rule_is_named_at_the_start(site, tmp_path):
    kubeconfig = account(site, without="patch").kubeconfig(tmp_path)
    bootd = site.bootd(kubeconfig=kubeconfig)
    with pytest.raises(AssertionError, match="not ready") as ended:
        bootd.start()
    assert bootd.process.returncode == 2
    rule = '{apiGroups: ["tinkerbell.org"], resources: [hardware], verbs: [patch]}'
    assert f"a Role for namespace {site.namespace} needs the rule {rule} to keep their states" in str(ended.value)
    assert "verbs: [list]" not in str(ended.value)


def test_malformed_object_is_told_and_the_others_served(site):
    document = site.document("broken", "58:47:ca:71:d8:50", "10.10.0.17")
    document["spec"]["interfaces"][0]["dhcp"]["ip"]["address"] = "10.10.0.999"
    site.apply(document)
    bootd = site.bootd().start()
    (line,) = bootd.lines("store_problem")
    assert line["where"] == f"Hardware {site.namespace}/broken"
    assert "spec.interfaces[0].dhcp.ip.address" in line["reason"]
    assert bootd.get("/58-47-ca-71-d8-49/auto.ipxe")[0] == 200
    machines = [line for line in bootd.get("/metrics")[1].splitlines() if line.startswith("bootd_machines{")]
    assert sum(float(line.split()[1]) for line in machines) == 2.0
