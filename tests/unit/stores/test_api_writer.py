# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One machine whose state can't be written holds up no other's."""

from __future__ import annotations

import io
import json
import threading

from _bootd.logs import Log
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
    writer.put("default/a")
    writer.put("default/b")
    writer.start()
    assert client.patched.wait(10)
    writer.stop()
    assert client.paths == ["/apis/tinkerbell.org/v1alpha1/namespaces/default/hardware/b"]
    assert writer.waits("default/a")
    line = json.loads(stream.getvalue().splitlines()[0])
    assert (line["event"], line["thread"], line["reason"]) == ("fault", "hardware-states", "KeyError: 'default/a'")
