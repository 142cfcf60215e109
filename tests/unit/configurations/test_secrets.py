# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configurations as Secrets: whose they are, how much is held, and what is said of those that can't be used."""

from __future__ import annotations

import base64
import io
import json

import pytest

from _bootd.configurations import document, secrets
from _bootd.configurations.base import MAX_BYTES, YAML_SUFFIX, Configuration
from _bootd.configurations.secrets import SecretConfigurations
from _bootd.kube.errors import ApiError, ApiUnreachable
from _bootd.process.log import Log

CANARY = "canary-5f3a"
DATA_KEY = secrets.DATA_KEYS[YAML_SUFFIX]
NOTHING = "it has nothing at data['configuration.yaml' or 'configuration.cfg']"
KEY = "tink-system/um790-1"


def secret(name: str = "netboot-configuration-um790-1", text: str = f"token: {CANARY}\n", key: str = DATA_KEY):
    return {"metadata": {"name": name}, "data": {key: base64.b64encode(text.encode()).decode()}}


class Api:
    """Answers get with pages of Secrets, and every question for a right with allowed."""

    server = "https://api.example"

    def __init__(self, *items, allowed: bool = True, error: Exception | None = None) -> None:
        self.items, self.allowed, self.error = list(items), allowed, error
        self.asked: list[tuple[str, dict]] = []

    def get(self, path, query):
        self.asked.append((path, dict(query)))
        if self.error:
            raise self.error
        return {"items": self.items, "metadata": {"resourceVersion": "7"}}

    def request(self, _method, _path, body):
        if self.error:
            raise self.error
        assert body["kind"] == "SelfSubjectAccessReview"
        return {"status": {"allowed": self.allowed}}

    def watch(self, *_arguments):
        raise ApiUnreachable("no watch here")


class Bench:
    def __init__(self, api: Api) -> None:
        self.stream = io.StringIO()
        self.configurations = SecretConfigurations(api, "tink-system", Log("json", "debug", self.stream))

    def lines(self, event: str) -> list[dict]:
        assert CANARY not in self.stream.getvalue()
        return [line for line in map(json.loads, self.stream.getvalue().splitlines()) if line["event"] == event]


def bench_with(*items, **more) -> Bench:
    bench = Bench(Api(*items, **more))
    bench.configurations.read()
    return bench


def test_read_asks_for_its_label_in_one_namespace():
    api = Api(secret())
    bench = Bench(api)
    bench.configurations.read()
    assert api.asked[0][0] == "/api/v1/namespaces/tink-system/secrets"
    assert api.asked[0][1]["labelSelector"] == "netboot.baremetal/configuration=true"
    assert bench.configurations.get(KEY, document.read).document == {"token": CANARY}


@pytest.mark.parametrize("key", ["default/um790-1", "tink-system/um790", "tink-system/", "um790-1", ""])
def test_get_gives_nobody_the_secret_of_another(key):
    assert bench_with(secret()).configurations.get(key, document.read) is None


def test_get_knows_a_machine_by_the_name_of_the_secret_and_by_nothing_else():
    stranger = secret("anything")
    stranger["metadata"]["annotations"] = {"netboot.baremetal/machine": "um790-1"}
    assert bench_with(stranger).configurations.get(KEY, document.read) is None


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (secret(key="config.yaml"), NOTHING),
        ({"metadata": {"name": "netboot-configuration-um790-1"}}, NOTHING),
        (secret() | {"data": {DATA_KEY: "%%%"}}, NOTHING),
        (secret() | {"data": {DATA_KEY: 3}}, NOTHING),
        (secret(text="x" * (MAX_BYTES + 1)), "it is larger than 256 KiB"),
        (secret(text=f"!{CANARY}"), "it is no YAML that can be used, from line 1 on"),
    ],
)
def test_get_of_a_secret_that_can_not_be_used(item, reason):
    bench = bench_with(item)
    assert bench.configurations.get(KEY, document.read) is None
    assert bench.configurations.expects(KEY, document.read) is False
    line = bench.lines("configuration_refused")[-1]
    assert (line["secret"], line["reason"]) == ("tink-system/netboot-configuration-um790-1", reason)


def test_applied_changes_and_removes():
    bench = bench_with(secret())
    bench.configurations.applied([("MODIFIED", secret(text="token: b\n"))], "8")
    assert bench.configurations.get(KEY, document.read).document == {"token": "b"}
    bench.configurations.applied([("ADDED", secret("netboot-configuration-b")), ("DELETED", secret())], "9")
    assert bench.configurations.get(KEY, document.read) is None
    assert bench.configurations.get("tink-system/b", document.read) is not None
    bench.configurations.applied([("MODIFIED", secret("netboot-configuration-b", key="other"))], "10")
    assert bench.configurations.get("tink-system/b", document.read) is None


def test_listed_forgets_what_is_gone():
    bench = bench_with(secret())
    bench.configurations.listed([secret("netboot-configuration-b")], "9")
    assert bench.configurations.get(KEY, document.read) is None


def test_what_is_held_is_bounded(monkeypatch):
    monkeypatch.setattr(secrets, "MAX_HELD", 100)
    bench = bench_with(*(secret(f"netboot-configuration-{letter}", "a: " + "x" * 40) for letter in "abc"))
    held = [letter for letter in "abc" if bench.configurations.get(f"tink-system/{letter}", document.read)]
    assert held == ["a", "b"]
    assert "all configurations together" in bench.lines("configuration_refused")[0]["reason"]
    # Room that another leaves is used.
    gone = ("DELETED", secret("netboot-configuration-a"))
    bench.configurations.applied([gone, ("MODIFIED", secret("netboot-configuration-c", "a: 1"))], "8")
    assert bench.configurations.get("tink-system/c", document.read) is not None


def test_expects_any_machine_of_the_namespace_while_the_api_is_away():
    """A kernel line without the URL would have the installer go on without a configuration."""
    bench = bench_with(error=ApiUnreachable("the API is away"))
    assert bench.configurations.get(KEY, document.read) is None
    assert bench.configurations.expects(KEY, document.read) is True
    assert bench.configurations.expects("elsewhere/um790-1", document.read) is False
    assert bench.lines("configurations_not_followed")[0]["reason"] == "the API is away"
    bench.configurations.listed([], "1")
    assert bench.configurations.expects(KEY, document.read) is False


def test_start_without_the_right_names_the_rule_and_goes_on():
    bench = Bench(Api(secret(), allowed=False, error=None))
    bench.configurations.start()
    bench.configurations.stop()
    (line,) = bench.lines("configurations_not_read")
    assert line["level"] == "warning"
    rule = '{apiGroups: [""], resources: [secrets], verbs: [list]} to give machines their configurations'
    assert f"a Role for namespace tink-system needs the rule {rule}" in line["reason"]
    assert bench.configurations.get(KEY, document.read) is None
    assert bench.configurations.expects(KEY, document.read) is False


def test_trouble_is_told_once_and_that_it_is_over():
    bench = bench_with()
    for reason in ("away", "away", "still away", "", ""):
        bench.configurations.trouble(reason)
    assert [line["reason"] for line in bench.lines("configurations_not_followed")] == ["away"]
    assert len(bench.lines("configurations_followed_again")) == 1


def test_read_of_a_refused_list_says_so():
    bench = bench_with(error=ApiError(403, "Forbidden", "secrets is forbidden"))
    assert bench.configurations.get(KEY, document.read) is None
    assert "forbidden" in bench.lines("configurations_not_followed")[0]["reason"]


def test_stop_forgets_everything():
    bench = bench_with(secret())
    bench.configurations.stop()
    assert bench.configurations.get(KEY, document.read) is None


def test_text_is_kept_under_a_key_of_its_own():
    bench = bench_with(secret(text=f"rootpw {CANARY}\n", key="configuration.cfg"))
    assert bench.configurations.get(KEY, Configuration).text == f"rootpw {CANARY}\n"


def test_secret_with_two_is_told_and_neither_used():
    both = secret()
    both["data"]["configuration.cfg"] = both["data"]["configuration.yaml"]
    bench = bench_with(both)
    assert bench.configurations.get(KEY, document.read) is None
    (line,) = bench.lines("configuration_refused")
    assert line["reason"].startswith("there is configuration.cfg too, and a machine has one")
