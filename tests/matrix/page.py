# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/boot-matrix.md, made of what was seen of each cell. Pure: results in, text out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from matrix.arrangements import ARRANGEMENTS, SERVERS, Arrangement
from matrix.cells import SETTINGS
from matrix.clients import CLIENTS, Client

VERSIONS = "## Versions"
HEAD = """\
# The boot matrix

Each cell is a machine in QEMU that was powered on and booted from the network until its system, Debian's kernel and an
initramfs made for this, reported to bootd and switched itself off. A cell says what the machine fetched from bootd and
by which protocol, as bootd's log has it, and whose lease the booted system had.

Nothing here is written by hand: `make boot-matrix` boots the machines, writes this page, and keeps logs and times in
`build/boot-matrix`. `make test` boots them too, and fails where one boots otherwise than it says here.
"""
Result = Mapping[str, object]


def page(results: Mapping[str, Result], versions: Iterable[tuple[str, str]]) -> str:
    """The page. ``results`` are by the names of their cells, ``versions`` pairs of a program and its version."""
    columns = ["machine", *(arrangement.title for arrangement in ARRANGEMENTS)]
    lines = [_row(columns), "|---" * len(columns) + "|"]
    for client in CLIENTS:
        lines.append(_row([client.title, *(_cell(client, arrangement, results) for arrangement in ARRANGEMENTS)]))
    notes = [f"- {arrangement.title}: {arrangement.meaning}" for arrangement in ARRANGEMENTS]
    table = ["| program | version |", "|---|---|", *(_row(pair) for pair in versions)]
    parts = [HEAD, "\n".join(lines), "\n".join(notes), VERSIONS, "When this page was last written:", "\n".join(table)]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def compared(text: str) -> str:
    """What of a page has to be as it was seen: all but the versions, which change with each update of Debian."""
    return text.partition(VERSIONS)[0]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(client: Client, arrangement: Arrangement, results: Mapping[str, Result]) -> str:
    result = results[f"{client.name}-{arrangement.name}"]
    setting = SETTINGS.get((client.name, arrangement.name))
    told = [f"with `{setting.line}` in the other server: {setting.why}"] if setting else []
    kernel = [f'"{line}"' for line in result["secure_boot"]]
    return "<br>".join([_fetched(result["fetched"]), *_lease(result), *kernel, *told])


def _fetched(files: Iterable[Sequence[str]]) -> str:
    """As ``snponly.efi by TFTP, auto.ipxe and vmlinuz by HTTP``, in order."""
    parts = []
    for protocol, group in groupby(files, key=lambda file: file[1]):
        names = [f"`{name}`" for name, _unused in group]
        parts.append(f"{', '.join(names)} by {protocol}")
    return "; ".join(parts)


def _lease(result: Result) -> Iterable[str]:
    server = SERVERS.get(str(result["leased_by"]), str(result["leased_by"]))
    relays = [via for via in result["vias"] if via != "0.0.0.0"]
    yield f"lease from {server}" + "".join(f" through {relay}" for relay in relays)
