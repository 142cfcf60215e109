# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Report tokens."""

from __future__ import annotations

import pytest

from _bootd.tokens import matches, new_secret, report_url, token

SECRET = bytes(range(32))


def test_token_has_256_bits_in_url_safe_letters():
    value = token(SECRET, "default/a", 0)
    assert len(value) == 43
    assert value.replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize(
    ("secret", "key", "installs"),
    [(new_secret(), "default/a", 0), (SECRET, "default/b", 0), (SECRET, "default/a", 1)],
)
def test_token_differs_by_secret_machine_and_installation(secret, key, installs):
    assert token(secret, key, installs) != token(SECRET, "default/a", 0)


def test_matches_only_the_token_itself():
    value = token(SECRET, "default/a", 3)
    assert matches(SECRET, "default/a", 3, value)
    for wrong in ("", value[:-1], value + "=", value.swapcase(), "\udcff", "é"):
        assert not matches(SECRET, "default/a", 3, wrong)


def test_report_url_has_no_colon_in_its_path():
    url = report_url("http://192.0.2.1:7080", "58:47:ca:71:d8:49", "secret")
    assert url == "http://192.0.2.1:7080/phone-home/58-47-ca-71-d8-49/secret"
