# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Report tokens."""

from __future__ import annotations

import pytest

from _bootd.decisions.stages import State
from _bootd.decisions.tokens import (
    configuration_token,
    configuration_url,
    matches,
    opens_configuration,
    report_url,
    report_urls,
    token,
)
from _bootd.hardware.model import Interface, Machine, Netboot

SECRET = bytes(range(32))


def test_token_has_256_bits_in_url_safe_letters():
    value = token(SECRET, "default/a", 0)
    assert len(value) == 43
    assert value.replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize(
    ("secret", "key", "installs"),
    [(b"another", "default/a", 0), (SECRET, "default/b", 0), (SECRET, "default/a", 1)],
)
def test_token_differs_by_secret_machine_and_installation(secret, key, installs):
    assert token(secret, key, installs) != token(SECRET, "default/a", 0)


def test_matches_only_the_token_itself():
    value = token(SECRET, "default/a", 3)
    of_attempt = token(SECRET, "default/a", 3, 2)
    assert matches(SECRET, "default/a", 3, 2, of_attempt)
    assert matches(SECRET, "default/a", 3, 2, value)
    for wrong in ("", value[:-1], value + "=", value.swapcase(), "\udcff", "é", token(SECRET, "default/a", 3, 1)):
        assert not matches(SECRET, "default/a", 3, 2, wrong)
    assert not matches(SECRET, "default/a", 4, 2, value)
    assert not matches(SECRET, "default/a", 4, 2, of_attempt)


def test_report_url_has_no_colon_in_its_path():
    url = report_url("http://192.0.2.1:7080", "58:47:ca:71:d8:49", "secret")
    assert url == "http://192.0.2.1:7080/phone-home/58-47-ca-71-d8-49/secret"


def test_report_urls_name_the_interface_that_boots_and_the_installation_to_come():
    machine = Machine(
        "a", interfaces=(Interface("52:54:00:00:00:01"), Interface("52:54:00:00:00:02", netboot=Netboot(True)))
    )
    urls = report_urls([machine, Machine("bare")], lambda _key: State(installs=3), SECRET, "http://192.0.2.1")
    assert urls == {"a": report_url("http://192.0.2.1", "52:54:00:00:00:02", token(SECRET, "default/a", 3))}


def test_report_urls_of_one_name_in_two_namespaces_are_both_there():
    machines = [Machine("a", namespace, (Interface("52:54:00:00:00:01"),)) for namespace in ("one", "two")]
    assert sorted(report_urls(machines, lambda _key: State(), SECRET, "http://192.0.2.1")) == ["one/a", "two/a"]


def test_configuration_token_and_report_token_do_not_open_each_others_urls():
    report, configuration = token(SECRET, "default/a", 2), configuration_token(SECRET, "default/a", 2, 1)
    assert opens_configuration(SECRET, "default/a", 2, 1, configuration)
    assert not opens_configuration(SECRET, "default/a", 2, 1, report)
    assert not opens_configuration(SECRET, "default/a", 2, 1, token(SECRET, "default/a", 2, 1))
    assert not matches(SECRET, "default/a", 2, 1, configuration)


@pytest.mark.parametrize(
    ("secret", "key", "installs", "attempt"),
    [
        (b"another", "default/a", 0, 1),
        (SECRET, "default/b", 0, 1),
        (SECRET, "default/a", 1, 1),
        (SECRET, "default/a", 0, 2),
    ],
)
def test_configuration_token_is_of_one_machine_and_one_attempt(secret, key, installs, attempt):
    assert not opens_configuration(SECRET, "default/a", 0, 1, configuration_token(secret, key, installs, attempt))


def test_configuration_url_has_no_colon_in_its_path():
    url = configuration_url("http://192.0.2.1:7080", "58:47:ca:71:d8:49", "secret")
    assert url == "http://192.0.2.1:7080/configuration/58-47-ca-71-d8-49/secret"
