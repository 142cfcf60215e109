# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Conflicts name the field and who has set it."""

from __future__ import annotations

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.errors import ApiError
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.conflicts import (
    fields_of,
    is_conflict,
    sentence,
)


def refusal(status=409, causes=()):
    return ApiError(status, "Conflict", "Apply failed", {"causes": list(causes)})


def cause(field, message='conflict with "kubectl-edit" using apps/v1'):
    return {"reason": "FieldManagerConflict", "message": message, "field": field}


def test_sentence_names_fields_and_managers():
    error = refusal(causes=[cause(".spec.replicas"), cause(".spec.paused", 'conflict with "helm"')])
    assert is_conflict(error)
    assert sentence("Deployment n/x", error) == (
        "Deployment n/x: others have set .spec.replicas (by kubectl-edit), .spec.paused (by helm); "
        "force takes these fields over"
    )


def test_is_conflict_is_not_any_409():
    assert not is_conflict(refusal())
    assert not is_conflict(refusal(causes=[{"reason": "UnexpectedServerResponse"}]))
    assert not is_conflict(refusal(status=422, causes=[cause(".spec")]))


def test_fields_of_copes_with_other_words():
    assert fields_of(refusal(causes=[cause(".spec", "someone was faster")])) == [(".spec", "another manager")]
    assert fields_of(ApiError(409, "Conflict", "", None)) == []
