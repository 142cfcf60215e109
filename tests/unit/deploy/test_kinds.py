# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where objects are and which come first."""

from __future__ import annotations

import pytest

from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.kinds import in_order, path_of, title_of


def made(kind, version, namespace=""):
    meta = {"name": "x", "namespace": namespace} if namespace else {"name": "x"}
    return {"apiVersion": version, "kind": kind, "metadata": meta}


@pytest.mark.parametrize(
    ("kind", "version", "namespace", "path"),
    [
        ("Namespace", "v1", "", "/api/v1/namespaces/x"),
        ("ServiceAccount", "v1", "n", "/api/v1/namespaces/n/serviceaccounts/x"),
        ("DaemonSet", "apps/v1", "n", "/apis/apps/v1/namespaces/n/daemonsets/x"),
        ("ClusterRole", "rbac.authorization.k8s.io/v1", "", "/apis/rbac.authorization.k8s.io/v1/clusterroles/x"),
        ("Hardware", "tinkerbell.org/v1alpha1", "n", "/apis/tinkerbell.org/v1alpha1/namespaces/n/hardware/x"),
    ],
)
def test_path_of_is_that_of_the_api(kind, version, namespace, path):
    assert path_of(made(kind, version, namespace)) == path


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (made("Pod", "v1", "n"), "Pod is not among the kinds"),
        (made("Secret", "v1"), "Secret x has no namespace"),
        (made("Namespace", "v1", "n"), "Namespace x has a namespace"),
    ],
)
def test_path_of_refuses_what_has_no_place(document, problem):
    with pytest.raises(ValueError, match=problem):
        path_of(document)


def test_title_of_names_the_namespace_where_there_is_one():
    assert title_of(made("Secret", "v1", "n")) == "Secret n/x"
    assert title_of(made("Namespace", "v1")) == "Namespace x"


def test_in_order_puts_first_what_others_need():
    kinds = "Hardware DaemonSet Secret RoleBinding Role ServiceAccount CustomResourceDefinition Namespace".split()
    ordered = in_order([{"kind": kind} for kind in kinds])
    assert [item["kind"] for item in ordered] == list(reversed(kinds))
