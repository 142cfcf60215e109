# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster where Tinkerbell's v0.8 CRD is installed: all works, and the CRD stays what it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.baremetal.netboot.plugins.modules import hardware, hardware_crd
from api.site import MACHINE, Site, report
from cluster.kube import CRDS, ApiServer, ScriptedServer, wait_for
from samples.hardware_fields import V0_8, fields

NAME = "hardware.tinkerbell.org"


def schema(table: dict[str, str], path: str = "") -> dict[str, object]:
    """Return the structural schema of the field at ``path``, with all below it."""
    kind, _space, form = table[path].partition(" ") if path else ("object", "", "")
    if kind == "any":
        return {"anyOf": [{"type": "integer"}, {"type": "string"}], "x-kubernetes-int-or-string": True}
    found: dict[str, object] = {"type": kind, **({"format": form} if form else {})}
    if f"{path}[]" in table:
        found["items"] = schema(table, f"{path}[]")
    elif f"{path}{{}}" in table:
        found["additionalProperties"] = schema(table, f"{path}{{}}")
    else:
        start = f"{path}." if path else ""
        names = [name for name in table if name.startswith(start) and not set("[{.") & set(name[len(start) :])]
        if names and names != [""]:
            found["properties"] = {name[len(start) :]: schema(table, name) for name in names if name}
    return found


def crd() -> dict[str, object]:
    """Return a CRD with the fields of v0.8."""
    table = {path: kind for path, kind in fields(V0_8).items() if path != "metadata"}
    version = {
        "name": "v1alpha1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema(table)},
        "subresources": {"status": {}},
    }
    names = {"kind": "Hardware", "listKind": "HardwareList", "plural": "hardware", "singular": "hardware"}
    spec = {"group": "tinkerbell.org", "names": names, "scope": "Namespaced", "versions": [version]}
    meta = {"name": NAME, "annotations": {"controller-gen.kubebuilder.io/version": "v0.8.0"}}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": meta, "spec": spec}


@pytest.fixture
def old_site(bare_api: ScriptedServer, tmp_path: Path) -> Iterator[Site]:
    """A namespace in a cluster with the old CRD, with the HOWTO's machine."""
    bare_api.install_crd(crd())
    site = Site(bare_api, "tink-system", tmp_path)
    yield site
    site.close()


def spec_of(api: ApiServer) -> object:
    return api.client.get(f"{CRDS}/{NAME}")["spec"]


def run(module, capsys, **options):
    with patch_module_args(options), pytest.raises(SystemExit):
        module.main()
    result = json.loads(capsys.readouterr().out)
    assert "msg" not in result, result["msg"]
    return result


def test_old_crd_serves_and_stays(old_site, capsys):
    site, before = old_site, spec_of(old_site.api)
    kubeconfig = str(site.api.kubeconfig)
    assert run(hardware_crd, capsys, kubeconfig=kubeconfig)["changed"] is False
    site.delete(MACHINE)
    machines = {"store": "kubernetes:tink-system", "machine": site.document(), "kubeconfig": kubeconfig}
    assert run(hardware, capsys, **machines)["changed"] is True
    assert run(hardware, capsys, **machines)["changed"] is False
    bootd = site.bootd().start()
    assert "vmlinuz" in bootd.get("/58-47-ca-71-d8-49/auto.ipxe")[1]
    assert report(bootd, site, "succeeded") == 200
    wait_for(lambda: site.allow_pxe() is False, "netboot is off")
    assert site.state()["stage"] == "installed"
    assert run(hardware, capsys, **machines)["changed"] is False
    assert spec_of(site.api) == before
