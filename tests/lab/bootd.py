# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What bootd on the lab's node says of the machines."""

from __future__ import annotations

import json

from .bootstrap import NODE, NODE_ADDRESS
from .command import CommandFailed
from .network import Lab

PORT = 7080


def machines(lab: Lab) -> list[dict[str, object]]:
    """The machines as `/api/v1/machines` lists them; none while bootd does not answer."""
    url = f"http://{NODE_ADDRESS}:{PORT}/api/v1/machines"
    try:
        answer = lab.run(NODE, ["curl", "--silent", "--show-error", "--fail", "--max-time", "5", url])
    except CommandFailed:
        return []
    return json.loads(answer.stdout)["machines"]
