# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""States reach the API: none holds up another, and none is written over what has changed meanwhile."""

from __future__ import annotations

import io
import json
import threading

import pytest

from _bootd.kube.errors import ApiError
from _bootd.process.log import Log
from _bootd.stores.api_writer import ApiWriter


class Taken:
    """A client whose API takes every patch."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.patched = threading.Event()

    def request(self, _method, path, _query, _body, _content_type):
        self.paths.append(path)
        self.patched.set()
        return {}


def test_fault_about_one_machine_holds_up_no_other():
    client, stream = Taken(), io.StringIO()
    patches = {"default/b": [{"op": "add", "path": "/metadata/annotations/a", "value": "b"}]}
    writer = ApiWriter(
        client, patches.__getitem__, lambda key, _object: patches.update({key: []}), Log("json", stream=stream)
    )
    writer.write_state("default/a")
    writer.write_state("default/b")
    writer.start()
    assert client.patched.wait(10)
    writer.stop()
    assert client.paths == ["/apis/tinkerbell.org/v1alpha1/namespaces/default/hardware/b"]
    assert writer.is_waiting("default/a")
    assert (writer.backlog().states, writer.backlog().seconds > 0) == (1, True)
    line = json.loads(stream.getvalue().splitlines()[0])
    assert (line["event"], line["thread"], line["reason"]) == ("fault", "hardware-states", "KeyError: 'default/a'")


class Refuses(Taken):
    """A client whose API refuses the first patches with ``answers``, and has the object changed by somebody else."""

    def __init__(self, *answers: ApiError) -> None:
        super().__init__()
        self.answers = list(answers)
        self.sent: list[str] = []

    def get(self, _path):
        return {"metadata": {"resourceVersion": "8"}}

    def request(self, _method, path, _query, body, _content_type):
        self.sent.append(body[0]["value"])
        if self.answers:
            raise self.answers.pop(0)
        return super().request(_method, path, _query, body, _content_type)


class Known:
    """What bootd knows of one object: the version it has seen, which each patch tests; patched, nothing is to do."""

    def __init__(self) -> None:
        self.version = "7"

    def patch(self, _key):
        return (
            [] if self.version == "" else [{"op": "test", "path": "/metadata/resourceVersion", "value": self.version}]
        )

    def on_written(self, _key, document):
        self.version = document.get("metadata", {}).get("resourceVersion", "")


@pytest.mark.parametrize("status", [409, 422])
def test_patch_that_is_stale_is_made_anew_of_the_object_as_it_is(status):
    """409 is a conflict, 422 a test operation that failed: the same patch would be refused for ever."""
    client, known = Refuses(ApiError(status, "Conflict", "changed")), Known()
    writer = ApiWriter(client, known.patch, known.on_written, Log("json", stream=io.StringIO()))
    writer.write_state("default/a")
    writer.stop()
    assert client.sent == ["7", "8"]
    assert not writer.is_waiting("default/a")


def test_patch_that_is_refused_for_another_reason_waits_as_it_is():
    client, known = Refuses(ApiError(403, "Forbidden", "patch is forbidden")), Known()
    writer = ApiWriter(client, known.patch, known.on_written, Log("json", stream=io.StringIO()))
    writer.write_state("default/a")
    writer.stop()
    assert (client.sent, known.version) == (["7"], "7")
    assert writer.is_waiting("default/a")
    assert writer.trouble == "patch is forbidden"


def test_state_that_comes_while_another_is_sent_is_written_too():
    states = ["first"]

    class Slow(Refuses):
        def request(self, *request):
            if len(states) == 1:
                states.append("second")
            return super().request(*request)

    client, written = Slow(), []

    def patch(_key):
        return [] if written and written[-1] == states[-1] else [{"value": states[-1]}]

    writer = ApiWriter(
        client, patch, lambda _key, _object: written.append(client.sent[-1]), Log("json", stream=io.StringIO())
    )
    writer.write_state("default/a")
    writer.stop()
    assert (client.sent, writer.is_waiting("default/a")) == (["first"], True)
    writer.stop()
    assert (client.sent, writer.is_waiting("default/a")) == (["first", "second"], False)
