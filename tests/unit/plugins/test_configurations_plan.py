# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to become of configurations, and that nothing said about them holds a secret."""

from __future__ import annotations

import pytest

from _bootd.configurations.base import MAX_BYTES
from ansible_collections.baremetal.netboot.plugins.module_utils._configurations import plan
from ansible_collections.baremetal.netboot.plugins.module_utils._configurations.plan import Kept, Step, Wanted

CANARY = "canary-5f3a9e"
CONTENT = {
    "token": CANARY,
    "os": {"password": f"$6${CANARY}", "hostname": "a"},
    "install": {"webhooks": [{"event": "STARTED", "headers": {"Authorization": [CANARY]}}], "mode": "create"},
}


def item(name="a", content=None, **more):
    return {"name": name, "content": CONTENT if content is None else content, **more}


def test_problems_of_good_ones_are_none():
    items = [item(), item("b", namespace="other"), item("a", namespace="other"), item("x" * 231)]
    items += [item("c", cluster="10-10-0-30"), item("d", cluster=None), item("e", cluster="x" * 237)]
    assert plan.problems(items, "default", contents=True) == []


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"content": CONTENT}, "configurations[1].name is None but should be that of a machine"),
        (item("No_Name"), "configurations[1].name is 'No_Name'"),
        (item("../a"), "configurations[1].name is '../a'"),
        (item("x" * 232), "configurations[1].name is 'xxx"),
        (item("c", namespace="a/b"), "configurations[1].namespace is 'a/b'"),
        (item("c", cluster="../b"), "configurations[1].cluster is '../b' but should be lower-case letters, digits"),
        (item("c", cluster=""), "configurations[1].cluster is ''"),
        (item("c", cluster=5), "configurations[1].cluster is 5"),
        (item("c", cluster="x" * 238), "configurations[1].cluster is 'xxx"),
        (item(), "configurations[1].name is 'a', which another of them has"),
        (item(namespace="default"), "configurations[1].name is 'a', which another of them has"),
        (item("c", content={}), "configurations[1].content is neither a mapping nor a text"),
        (item("c", content=[CANARY]), "configurations[1].content is neither a mapping nor a text"),
        (item("c", content=" \n"), "configurations[1].content is neither a mapping nor a text"),
        (item("c", content=CANARY * MAX_BYTES), "configurations[1].content is larger than 256 KiB"),
        (
            item("c", content=f"{CANARY}\udc80"),
            "configurations[1].content holds something that YAML can't say, or UTF-8",
        ),
        (item("c", content={"a": {CANARY}}), "configurations[1].content holds something that YAML can't say"),
        (item("c", content={"a": CANARY * MAX_BYTES}), "configurations[1].content is larger than 256 KiB"),
        (item("c", contents=CANARY), "configurations[1].contents means nothing here"),
    ],
)
def test_problems_name_place_and_word_and_no_value(wrong, words):
    (problem,) = plan.problems([item(), wrong], "default", contents=True)
    assert problem.startswith(words)
    assert CANARY not in problem


def test_problems_of_a_removal_are_those_of_names():
    assert plan.problems([{"name": "a"}], "default", contents=False) == []
    assert plan.problems([{"name": "A"}], "default", contents=False)


@pytest.mark.parametrize("missing", [{}, {"token": ""}, {"token": None}])
def test_with_tokens_fills_only_what_is_missing(missing):
    given = plan.wanted([item(), item("b", {"install": {"mode": "join"}, **missing})], "default", "lab")
    assert plan.clusters_without_token(given) == {"lab": "default"}
    assert plan.clusters_without_token(given[:1]) == {}
    assert [item.content["token"] for item in plan.with_tokens(given, {"lab": "made"})] == [CANARY, "made"]


def test_with_tokens_gives_each_cluster_its_own():
    """What a configuration says of its cluster wins over what is said of all."""
    contents = {"install": {"mode": "join"}}
    given = plan.wanted([item("a", contents, cluster="one"), item("b", contents), item("c", contents)], "ns", "two")
    assert plan.clusters_without_token(given) == {"one": "ns", "two": "ns"}
    done = plan.with_tokens(given, {"one": "first", "two": "second"})
    assert [item.content["token"] for item in done] == ["first", "second", "second"]


def test_with_tokens_leaves_alone_what_belongs_to_no_cluster():
    given = plan.wanted([item("a", {"x": 1}), item("b", {"x": 1}, cluster="one")], "ns")
    assert plan.clusters_without_token(given) == {"one": "ns"}
    assert [item.content.get("token") for item in plan.with_tokens(given, {"one": "made"})] == [None, "made"]


def test_clusters_without_token_are_in_one_namespace_each():
    open_ = {"install": {"mode": "join"}}
    apart = [item("a", open_, cluster="one", namespace="x"), item("b", open_, cluster="two", namespace="y")]
    assert plan.clusters_without_token(plan.wanted(apart, "ns")) == {"one": "x", "two": "y"}
    spread = [*apart, item("c", cluster="one"), item("d", open_, cluster="two")]
    with pytest.raises(ValueError, match="cluster") as caught:
        plan.clusters_without_token(plan.wanted(spread, "ns"))
    assert str(caught.value).splitlines() == [
        "the token of cluster one is kept in one namespace, not in ns, x",
        "the token of cluster two is kept in one namespace, not in ns, y",
    ]
    kept = [item("a", cluster="one", namespace="x"), item("b", cluster="one", namespace="y")]
    assert plan.clusters_without_token(plan.wanted(kept, "ns")) == {}


def test_steps_compare_and_prune_only_ours():
    configurations = plan.wanted([item("same"), item("other"), item("new")], "ns")
    same = configurations[0].kept
    present = {("ns", "same"): same, ("ns", "other"): Kept("x: 1\n"), ("ns", "gone"): same, ("ns", "theirs"): same}
    done = plan.steps(configurations, present, ours=[("ns", "gone"), ("ns", "same")])
    assert [(step.key[1], step.action) for step in done] == [
        ("gone", "removed"),
        ("new", "created"),
        ("other", "updated"),
        ("same", "unchanged"),
    ]


def test_removals_are_of_what_is_there():
    present = {("ns", "a"): Kept("x: 1\n"), ("ns", "b"): Kept("x: 1\n")}
    assert [step.key for step in plan.removals([("ns", "c"), ("ns", "a"), ("other", "b")], present)] == [("ns", "a")]


def kept(**content) -> Kept:
    return Wanted(("", "a"), content).kept


def test_diff_shows_what_is_harmless_and_that_a_secret_changes():
    before = kept(token="old", os={"password": CANARY, "hostname": "a"}, install={"mode": "create"}, gone=CANARY)
    after = kept(token=CANARY, os={"password": CANARY, "hostname": "b"}, install={"mode": "join"}, new=[CANARY])
    shown = plan.diff_of(Step(("", "a"), "updated", before, after), "a, /etc/a.yaml")
    assert shown["before"] == (
        "token: (hidden)\nos:\n  password: (hidden)\n  hostname: a\ninstall:\n  mode: create\ngone: (hidden)\n"
    ).replace("(hidden)", '"(hidden)"')
    assert shown["after"] == (
        'token: "(hidden, another)"\nos:\n  password: "(hidden)"\n  hostname: b\n'
        'install:\n  mode: join\nnew: "(hidden)"\n'
    )
    assert shown["before_header"] == shown["after_header"] == "a, /etc/a.yaml"


@pytest.mark.parametrize(("before", "after"), [(None, kept(token=CANARY)), (kept(token=CANARY), None)])
def test_diff_of_one_that_comes_or_goes(before, after):
    shown = plan.diff_of(Step(("", "a"), "x", before, after), "a")
    assert (shown["before"], shown["after"]) == (
        'token: "(hidden)"\n' if before else "",
        'token: "(hidden)"\n' if after else "",
    )


@pytest.mark.parametrize("broken", [f"!{CANARY}", f"'{CANARY}", f"- {CANARY}\n---\n- {CANARY}\n", f"- {CANARY}\n"])
def test_diff_of_one_that_can_not_be_read(broken):
    shown = plan.diff_of(Step(("", "a"), "updated", Kept(broken), kept(token=CANARY)), "a")
    assert (shown["before"], shown["after"]) == ("configuration: (hidden)\n", 'token: "(hidden)"\n')


def test_diff_without_a_yaml_library(monkeypatch):
    """Then what is written is JSON, and what somebody else has written can't be read."""
    monkeypatch.setattr(plan, "HAS_YAML", False)
    json = Kept('{"token": "x", "install": {"mode": "join"}}\n')
    shown = plan.diff_of(Step(("", "a"), "updated", Kept("token: old\n"), json), "a")
    assert shown["before"] == "configuration: (hidden)\n"
    assert "join" in shown["after"] and '"x"' not in shown["after"]


def test_secrets_are_known_by_their_keys():
    configurations = plan.wanted([item(content={**CONTENT, "os": {"password": "pass", "Hostname": "a"}, "n": 1})], "")
    assert plan.secrets_of(configurations) == {CANARY, "pass"}
    assert {"1", "a", "create", "STARTED", CANARY} <= plan.values_of(configurations)


def test_printing_shows_nothing():
    (configuration,) = plan.wanted([item()], "")
    step = Step(("", "a"), "created", configuration.kept, configuration.kept)
    assert CANARY not in f"{configuration}{configuration!r}{step}{step!r}"


PRESEED = f"rootpw: {CANARY}\n"  # reads as YAML, whatever it is


def test_text_is_kept_as_it_is_and_nobody_makes_a_token_for_it():
    (configuration,) = given = plan.wanted([item(content=PRESEED)], "ns", "lab")
    assert configuration.kept == Kept(PRESEED, ".cfg")
    assert plan.clusters_without_token(given) == {}
    assert plan.with_tokens(given, {"lab": "made"}) == given
    assert plan.secrets_of(given) == set()
    assert CANARY not in f"{configuration}{configuration!r}"


@pytest.mark.parametrize(
    ("before", "action"),
    [(Kept(PRESEED, ".cfg"), "unchanged"), (Kept(PRESEED), "updated"), (Kept(PRESEED, ""), "updated")],
)
def test_text_that_is_kept_otherwise_is_updated(before, action):
    (step,) = plan.steps(plan.wanted([item(content=PRESEED)], "ns"), {("ns", "a"): before})
    assert (step.action, step.suffix) == (action, ".cfg")


def test_diff_of_a_preseed_file_shows_what_is_harmless():
    before = f"d-i netcfg/get_hostname string a\nd-i passwd/root-password password {CANARY}\n"
    after = f"d-i netcfg/get_hostname string b\nd-i passwd/root-password password {CANARY}2\n"
    shown = plan.diff_of(Step(("", "a"), "updated", Kept(before, ".cfg"), Kept(after, ".cfg")), "a")
    assert shown["before"] == "d-i netcfg/get_hostname string a\nd-i passwd/root-password password (hidden)\n"
    assert shown["after"] == "d-i netcfg/get_hostname string b\nd-i passwd/root-password password (hidden, another)\n"


def test_diff_of_a_text_shows_no_word_of_it():
    shown = plan.diff_of(Step(("", "a"), "updated", Kept("x: 1\n", ".cfg"), Kept(PRESEED, ".cfg")), "a")
    assert (shown["before"], shown["after"]) == ("configuration: (hidden)\n", "configuration: (hidden, another)\n")
