# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Label selectors without an API server; tests/api compares them with a real one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.baremetal.netboot.plugins.module_utils._hardware.label_selector import matcher

LABELS = {"rack": "b12", "netboot.baremetal/role": "server", "empty": ""}


@pytest.mark.parametrize(
    ("selector", "selected"),
    [
        ("", True),
        ("  ", True),
        ("rack", True),
        ("!rack", False),
        ("! spare", True),
        ("rack=b12", True),
        ("rack == b12", True),
        ("rack=b1", False),
        ("rack!=b12", False),
        ("spare!=yes", True),
        ("empty=", True),
        ("spare=", False),
        ("rack in (b11, b12)", True),
        ("rack in(b11)", False),
        ("spare in (yes)", False),
        ("rack notin (b12)", False),
        ("spare notin (yes)", True),
        ("empty in ()", True),
        ("netboot.baremetal/role=server,rack in (b12),!spare", True),
        ("netboot.baremetal/role=server,rack in (b12),spare", False),
        ("in", False),
        ("notin in (a)", False),
    ],
)
def test_matcher_selects_as_kubernetes_does(selector, selected):
    assert matcher(selector)(LABELS) is selected


@pytest.mark.parametrize(
    ("selector", "told"),
    [
        ("a,", "'a,'"),
        (",a", "',a'"),
        ("a=b,,c", "',c'"),
        ("a b", "'a b'"),
        ("a in b", "'a in b'"),
        ("a in (b", "'a in (b'"),
        ("=b", "'=b'"),
        ("ok,a=b c", "'a=b c'"),
        ("a=b=c", "'a=b=c'"),
        ("-a", "'-a'"),
    ],
)
def test_matcher_refuses_what_it_can_not_read(selector, told):
    with pytest.raises(ValueError, match="can't be read") as refused:
        matcher(selector)
    assert told in str(refused.value)


@given(st.text(alphabet="ab!=,() inot/.-", max_size=30))
def test_matcher_reads_or_refuses(selector):
    try:
        selects = matcher(selector)
    except ValueError:
        return
    assert selects({"a": "b"}) in (True, False)
