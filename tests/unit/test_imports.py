# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon is built in floors, and imports only go down."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
PACKAGE = PLUGINS / "module_utils/_bootd"

# From the ground up. A name covers the module, or the package and all in it that has no line of its own.
FLOORS = [
    "process".split(),
    """
    configurations.base configurations.document
    decisions.architectures decisions.deadlines decisions.events decisions.stages decisions.tokens
    dhcp.options dhcp.packet dhcp.sighting hardware ipxe.artifacts ra.packet stores.unknown_machines syslog.packet
    tftp.packet
    """.split(),
    "installers".split(),
    "decisions validation".split(),
    "ipxe kube".split(),
    "grub".split(),
    "configurations stores".split(),
    "runtime".split(),
    "dhcp http ra syslog tftp".split(),
    "commands".split(),
    "daemon".split(),
]
CODECS = 1  # the floor of what is pure and stands in a server's room
SERVERS = {"dhcp", "http", "ra", "syslog", "tftp"}

LIBRARIES = {"aiohttp", "bottle", "inotify_simple", "jinja2", "kubernetes", "prometheus_client", "urllib3", "yaml"}


@dataclass(frozen=True)
class Import:
    """One imported module: `target` is absolute, or relative to the daemon's package where `inside` is true."""

    module: str
    target: str
    line: int
    inside: bool
    guarded: bool


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def base_of(module: str, level: int) -> list[str] | None:
    """Return the package that `level` dots mean in `module`, or None when they lead out of the daemon."""
    parts = module.split(".") if module else []
    package = parts if MODULES[module].name == "__init__.py" else parts[:-1]
    up = level - 1
    return package[: len(package) - up] if up <= len(package) else None


def imports_in(module: str) -> Iterator[Import]:
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    guarded = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.Try) and any("ImportError" in ast.unparse(h.type or h) for h in block.handlers)
        for statement in block.body
        for node in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(module, alias.name, node.lineno, inside=False, guarded=id(node) in guarded)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield Import(module, node.module or "", node.lineno, inside=False, guarded=id(node) in guarded)
        elif isinstance(node, ast.ImportFrom):
            base = base_of(module, node.level)
            for alias in node.names:
                yield relative_import(module, node, base, alias.name, id(node) in guarded)


def relative_import(module: str, node: ast.ImportFrom, base: list[str] | None, name: str, guarded: bool) -> Import:
    if base is None:
        return Import(module, "." * node.level + (node.module or name), node.lineno, inside=False, guarded=guarded)
    source = ".".join([*base, *(node.module or "").split(".")]).strip(".")
    submodule = f"{source}.{name}".strip(".")
    target = submodule if submodule in MODULES else source
    return Import(module, target, node.lineno, inside=True, guarded=guarded)


IMPORTS = [imported for module in MODULES for imported in imports_in(module)]


def floor_of(module: str) -> int:
    """Return the floor of `module`: its own, or its nearest package's; above all others when it has none."""
    while module:
        for number, names in enumerate(FLOORS):
            if module in names:
                return number
        module = module.rpartition(".")[0]
    return len(FLOORS)


def say(imported: Import) -> str:
    return f"{imported.module}:{imported.line} imports {imported.target}"


def test_there_is_something_to_check():
    assert len(MODULES) > 20
    assert len(IMPORTS) > 50


@pytest.mark.parametrize("name", [name for names in FLOORS for name in names])
def test_floors_name_real_modules(name):
    assert name in MODULES


def test_every_module_has_a_floor():
    assert [module for module in MODULES if module and floor_of(module) == len(FLOORS)] == []


def test_imports_go_down():
    upward = [i for i in IMPORTS if i.inside and floor_of(i.target) > floor_of(i.module)]
    assert [say(i) for i in upward] == []


def test_servers_do_not_know_each_other():
    """What two servers need lies on a floor below; only pure codecs may be borrowed."""
    across = [
        i
        for i in IMPORTS
        if i.inside
        and i.module.split(".")[0] in SERVERS
        and i.target.split(".")[0] in SERVERS - {i.module.split(".")[0]}
        and floor_of(i.target) != CODECS
    ]
    assert [say(i) for i in across] == []


def test_imports_have_no_cycle():
    graph: dict[str, set[str]] = {module: set() for module in MODULES}
    for imported in IMPORTS:
        if imported.inside and imported.target != imported.module:
            graph[imported.module].add(imported.target)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_daemon_imports_stay_inside():
    """Relative imports only, and no dots that lead out: the package runs under any name, without Ansible."""
    outside = [i for i in IMPORTS if not i.inside and i.target.split(".")[0] not in sys.stdlib_module_names | LIBRARIES]
    assert [say(i) for i in outside if i.target != "__future__"] == []


def test_libraries_are_guarded():
    """Ansible's own checks import every file on a machine that has none of them."""
    bare = [i for i in IMPORTS if not i.inside and i.target.split(".")[0] in LIBRARIES and not i.guarded]
    assert [say(i) for i in bare] == []


# Which rooms of module_utils each room there may import; the daemon's own floors are above.
ROOMS: dict[str, set[str]] = {
    "_ansible": set(),
    "_bootd": set(),
    "_clients": {"_bootd"},
    "_probe": {"_bootd", "_clients"},
    "_kubernetes": {"_bootd"},
    "_images": {"_bootd"},
    "_deploy": {"_bootd", "_images", "_kubernetes"},
    "_harvester": {"_bootd"},
    "_inventory": {"_bootd"},
    "_configurations": {"_bootd", "_deploy", "_harvester", "_kubernetes"},
    "_hardware": {"_bootd", "_deploy", "_kubernetes"},
    "_node": set(),
    "_rehearsal": {"_bootd", "_clients"},
    "_preflight": {"_bootd", "_deploy", "_images"},
    "_power": {"_bootd"},
}
# What a room beside the daemon needs and the daemon does not. scapy is GPL-2.0-only, so that only a room whose licence
# goes with that may import it.
OF_ROOMS = {"_clients": {"scapy", "tftpy"}, "_power": {"pyghmi", "requests", "sushy", "wakeonlan"}}
OURS = "ansible_collections.baremetal.netboot.plugins."
BESIDE = [
    pytest.param(room, path, id=f"{room}/{path.name}")
    for room in ROOMS
    if room != "_bootd"
    for path in sorted((PLUGINS / "module_utils" / room).rglob("*.py"))
]


def test_module_utils_has_rooms_only():
    """A loose module is one that nobody said the place of."""
    there = {path.name for path in (PLUGINS / "module_utils").iterdir()} - {"__pycache__", "__init__.py"}
    assert there == set(ROOMS)


@pytest.mark.parametrize(("room", "path"), BESIDE)
def test_rooms_beside_the_daemon_import_down(room, path):
    """What modules and plugins share knows the daemon and each other, and none of the plugins above."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    names = [node.module or "" for node in froms] + [
        alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    ]
    assert [node.lineno for node in froms if node.level] == []
    ours = [name.removeprefix(f"{OURS}module_utils.") for name in names if name.startswith(OURS)]
    assert {name.split(".")[0] for name in ours} <= ROOMS[room] | {room}
    others = {name.split(".")[0] for name in names if not name.startswith(OURS)}
    assert others - sys.stdlib_module_names <= LIBRARIES | {"ansible"} | OF_ROOMS.get(room, set())


def test_installers_are_known_by_name_in_the_registry_only():
    """Everybody else asks the registry: so a third installer is one more file."""
    shared = {"base", "fields", "kernel_boot", "registry"}
    rooms = {m.split(".")[1] for m in MODULES if m.startswith("installers.")} - shared
    assert {"harvester", "linux"} <= rooms
    known = [
        say(i)
        for i in IMPORTS
        for room in rooms
        if i.inside
        and f"{i.target}.".startswith(f"installers.{room}.")
        and not f"{i.module}.".startswith(f"installers.{room}.")
        and i.module != "installers.registry"
    ]
    assert known == []
    named = [m for m, path in MODULES.items() if "harvester" in path.read_text(encoding="utf-8").lower()]
    assert [m for m in named if not m.startswith(("installers.harvester", "installers.registry"))] == []


# What a decision may not do: it has no socket, no clock, no file, no thread.
ACTS = set(
    """
    io os pathlib random secrets select selectors shutil socket ssl subprocess tempfile threading time
    """.split()
)
PURE = """
    configurations.base configurations.document decisions dhcp.options dhcp.packet dhcp.reply
    grub hardware http.caller http.ec2 http.ranges http.report_body http.status http.wsgi_environ
    installers ipxe ra.packet syslog.packet syslog.signals tftp.packet validation
    """.split()
# Arithmetic that happens to live in the socket module.
CONVERSIONS = {"inet_aton", "inet_ntoa", "inet_ntop", "inet_pton"}


def is_pure(module: str) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in PURE) or module.endswith(".decide")


@pytest.mark.parametrize("module", [module for module in MODULES if is_pure(module)])
def test_decisions_and_codecs_are_pure(module):
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            conversions = {alias.name for alias in node.names} <= CONVERSIONS
            names |= set() if conversions else {node.module or ""}
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in {"open", "print", "input"}, f"line {node.lineno} calls {node.func.id}()"
    assert {name.split(".")[0] for name in names} & ACTS == set()
