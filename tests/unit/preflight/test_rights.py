# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which rights are asked for, and how those that are refused are told."""

from __future__ import annotations

from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.bootd_settings import Settings
from ansible_collections.baremetal.netboot.plugins.module_utils._preflight.rights import look, of_bootd, of_roles

SETTINGS = Settings(store="kubernetes:tink-system", namespace="netboot")


def asked(*, deploys):
    return {(access.rule.resource, access.verb, access.namespace) for access in of_roles(SETTINGS, deploys=deploys)}


def test_roles_ask_for_what_they_make():
    wanted = asked(deploys=True)
    assert {("deployments", "patch", "netboot"), ("namespaces", "create", ""), ("pods", "list", "")} <= wanted
    assert {("hardware", "patch", "tink-system"), ("secrets", "create", "tink-system")} <= wanted


def test_bootd_on_a_host_needs_no_deployment():
    assert "deployments" not in {resource for resource, _verb, _namespace in asked(deploys=False)}


def test_refused_rights_on_one_resource_are_one_problem_with_the_rule_that_is_missing():
    refused = [item for item in of_bootd(SETTINGS, deploys=False) if item.rule.resource == "hardware"]
    (problem,) = look("https://10.10.0.20:6443", 9, refused).problems
    assert "may not get, list, patch, watch hardware.tinkerbell.org in namespace tink-system" in problem.what
    assert "resources: [hardware], verbs: [get, list, patch, watch]}" in problem.remedy
    assert problem.who == "cluster"
