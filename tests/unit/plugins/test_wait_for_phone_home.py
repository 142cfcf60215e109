# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wait itself: when it asks, when it ends, what it shows, on a clock that only its own pauses move."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import yaml

from ansible_collections.baremetal.netboot.plugins.action import wait_for_phone_home as action
from ansible_collections.baremetal.netboot.plugins.modules import wait_for_phone_home as documented
from ansible_collections.baremetal.netboot.plugins.plugin_utils import _sources
from ansible_collections.baremetal.netboot.plugins.plugin_utils._bars import Bars
from ansible_collections.baremetal.netboot.plugins.plugin_utils._sources import Look

EPOCH = 1_700_000_000.0


def machine(name, stage="known", since=0.0, error=""):
    stages = [{"stage": stage, "at": EPOCH + since}] if since else []
    last = {"what": stage, "at": EPOCH + since if since else 0.0}
    common = {"name": name, "namespace": "default", "attempt": 1, "netboot": True}
    return {**common, "stage": stage, "since": last["at"], "stages": stages, "error": error, "last": last}


@pytest.fixture(autouse=True)
def shown(monkeypatch):
    """Return the lines that are shown."""
    lines: list[str] = []
    monkeypatch.setattr(action.display, "display", lines.append)
    return lines


@pytest.fixture
def wait(monkeypatch):
    """Return a function that waits while bootd gives ``answers``: seconds of the clock -> machines, or an error."""
    clock = {"now": 0.0}
    monkeypatch.setattr(action.time, "monotonic", lambda: clock["now"])
    monkeypatch.setattr(action.time, "time", lambda: EPOCH + clock["now"])
    monkeypatch.setattr(action.time, "sleep", lambda seconds: clock.update(now=clock["now"] + seconds))

    def run(answers, **options):
        def fetch(_url, _use_proxy):
            answer = answers[max(moment for moment in answers if moment <= clock["now"])]
            if isinstance(answer, Exception):
                raise answer
            return Look(answer)

        monkeypatch.setattr(_sources, "fetch", fetch)
        common = {"machines": ["a", "b"], "url": "http://10.10.0.20:7080", "store": None, "stage": "installed"}
        options = {**common, "timeout": 100, "poll": 1.0, "fail_fast": False, "use_proxy": True, **options}
        return action.waited(options, action.source_for(options), Bars(wanted=False))

    return run


BOTH = [machine("a", "installed", 3.0), machine("b", "installed", 7.0)]


def test_until_settled_ends_with_the_last_machine(wait, shown):
    result = wait({0: [machine("a"), machine("b")], 3: [BOTH[0], machine("b")], 7: BOTH})
    assert shown == ["[3.0s] a: installed", "[7.0s] b: installed"]
    assert (result["changed"], result["elapsed"], result["machines"]) == (False, 7.0, {"a": BOTH[0], "b": BOTH[1]})
    assert [(item["name"], item["stage"], item["reached"]) for item in result["summary"]] == [
        ("a", "installed", True),
        ("b", "installed", True),
    ]


def test_until_settled_ends_in_time_and_returns_what_is_known(wait):
    result = wait({0: [machine("a"), machine("b")], 3: [BOTH[0], machine("b", "script", 2.0)]}, timeout=9, poll=2)
    assert result["failed"]
    assert result["elapsed"] == 9.0
    assert result["machines"] == {"a": BOTH[0], "b": machine("b", "script", 2.0)}
    assert result["msg"] == (
        "1 of 2 machines did not reach the stage installed within 9.0 s\n"
        "b: script for 7.0 s; last seen 7.0 s ago: script"
    )


@pytest.mark.parametrize(
    ("fail_fast", "elapsed", "ended"),
    [
        (True, 2.0, "2 of 2 machines did not reach the stage installed: the first failure ended the wait after 2.0 s"),
        (False, 7.0, "1 of 2 machines did not reach the stage installed: nothing was left to wait for after 7.0 s"),
    ],
)
def test_until_settled_ends_when_the_outcome_is_known(wait, shown, fail_fast, elapsed, ended):
    failed = machine("a", "failed", 2.0, "disk full")
    answers = {0: [machine("a"), machine("b")], 2: [failed, machine("b")], 7: [failed, BOTH[1]]}
    result = wait(answers, fail_fast=fail_fast)
    assert result["failed"]
    assert result["elapsed"] == elapsed
    # No word of a time within which they had to: that has not passed.
    assert result["msg"].splitlines()[0] == ended
    assert "[2.0s] a: FAILED: disk full" in shown


def test_until_settled_says_who_stands_where_when_nothing_happens(wait, shown):
    wait({0: [machine("a"), machine("b")], 50: [machine("a"), machine("b", "kernel", 50.0)], 120: BOTH}, timeout=200)
    assert shown[:3] == [
        "[50.0s] b: kernel",
        "[110.0s] 0 of 2 installed; known: a; kernel: b for 60.0 s",
        "[120.0s] a: installed",
    ]


def test_until_settled_tolerates_that_bootd_is_away(wait, shown):
    away = ConnectionRefusedError("Connection refused")
    wait({0: away, 5: [machine("a"), machine("b")], 8: away, 9: BOTH})
    assert shown == [
        "[0.0s] no answer from bootd at http://10.10.0.20:7080: Connection refused; asking again",
        "[5.0s] bootd answers again after 5.0 s",
        "[8.0s] no answer from bootd at http://10.10.0.20:7080: Connection refused; asking again",
        "[9.0s] bootd answers again after 1.0 s",
        "[9.0s] a: installed",
        "[9.0s] b: installed",
    ]


def test_until_settled_tells_of_a_bootd_that_never_came(wait, shown):
    result = wait({0: ValueError("not JSON")}, machines=["a"], timeout=70)
    assert len([line for line in shown if "no answer" in line]) == 1
    assert "[60.0s] 0 of 1 installed; not heard of: a; bootd has not answered for 60.0 s: not JSON" in shown
    assert (
        "within 70.0 s; bootd has not answered for 70.0 s: not JSON\na: nothing has been heard of it" in result["msg"]
    )
    assert result["machines"] == {}


def test_until_settled_of_no_machines_is_over_at_once(wait):
    assert wait({0: []}, machines=[]) == {"changed": False, "elapsed": 0.0, "machines": {}, "summary": []}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"poll": 0}, "poll is 0 but should be"),
        ({"url": None}, "exactly one of url and store"),
        ({"store": "kubernetes"}, "exactly one of url and store"),
        ({"url": None, "store": "files:/etc/bootd/hardware"}, "give its url"),
        ({"url": None, "store": "kubernetes:"}, "should be kubernetes, kubernetes:NAMESPACE"),
    ],
)
def test_source_for_refuses_options_that_can_not_be(options, told):
    with pytest.raises(ValueError, match=told):
        action.source_for({"poll": 1.0, "url": "http://10.10.0.20:7080", "store": None, "use_proxy": True, **options})


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"{", "Expecting property name"),
        (b"[]", "not bootd's list"),
        (b'{"machines": [1]}', "not bootd's list"),
        (b"\xff", "can't decode"),
    ],
)
def test_fetch_refuses_what_is_no_list_of_machines(body, told):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words):
            return

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        with pytest.raises(ValueError, match=told):
            _sources.fetch(f"http://127.0.0.1:{server.server_port}/", False)
        thread.join()


def test_arguments_are_the_documented_ones():
    options = yaml.safe_load(documented.DOCUMENTATION)["options"]
    keys = ("type", "elements", "required", "choices", "default")
    assert {
        name: {key: option[key] for key in keys if key in option} for name, option in options.items()
    } == action.ARGUMENTS
