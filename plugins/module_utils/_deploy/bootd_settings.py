# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be said about bootd in a cluster, and whether it makes sense. Pure.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.commands import arguments
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.decisions.modes import OFF, PROXIES, RESERVATION
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy import option_values

DEFAULT_NAMESPACE = "netboot"
DEFAULT_STATE_DIR = "/var/lib/bootd"
PROXY_PORT = 4011
# There is no limit of the processor: a throttled server answers too late for firmware, which does not ask for long.
DEFAULT_RESOURCES = {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}}
# Flags that say where things are in the pod, or who it is there.
_OF_THE_POD = (
    "admin_token_file", "boot_files", "image_dir", "lease_namespace", "replica", "report_key", "state_dir",
    "tls_cert", "tls_key",
)  # fmt: skip
_OPTIONS = ("store", "address", "interface", "bind", "http_port", "tftp_port", "dhcp_port", "syslog_port")


@dataclass(frozen=True)
class Settings:
    """``nodes`` are names; empty: any that ``node_selector`` matches. ``settings`` are further flags of bootd.

    Paths are those of the node; ``image_dir`` "" is none.
    """

    address: str = ""
    image: str = ""
    image_key: str = ""
    store: str = "kubernetes"
    interface: str = ""
    bind: str = "0.0.0.0"
    http_port: int = 7080
    tftp_port: int = 69
    dhcp_port: int = 67
    syslog_port: int = 514
    settings: Mapping[str, str] = field(default_factory=dict)
    namespace: str = DEFAULT_NAMESPACE
    nodes: Sequence[str] = ()
    node_selector: Mapping[str, str] = field(default_factory=dict)
    tolerations: Sequence[Mapping[str, Any]] = ()
    replicas: int = 1
    resources: Mapping[str, Any] = field(default_factory=lambda: DEFAULT_RESOURCES)
    image_pull_secrets: Sequence[str] = ()
    state_dir: str = DEFAULT_STATE_DIR
    image_dir: str = ""

    @property
    def machines(self) -> str:
        """Return the namespace of the Hardware objects, "" for all."""
        return self.store.partition(":")[2]

    def flags(self) -> dict[str, str]:
        """Return bootd's flags by name, without those that say where things are in the pod."""
        own = {name: str(getattr(self, name)) for name in _OPTIONS}
        return {name: value for name, value in {**own, **self.settings}.items() if value}

    def ports(self) -> dict[str, tuple[str, int]]:
        """Return the ports it takes on its node, as ``{name: (protocol, port)}``."""
        ports = {"http": ("TCP", self.http_port), "tftp": ("UDP", self.tftp_port), "syslog": ("UDP", self.syslog_port)}
        by_scope = str(self.settings.get("dhcp_modes", "")).split(",")
        modes = {scope.rpartition("=")[2].strip() for scope in by_scope if scope.strip()}
        modes.add(str(self.settings.get("dhcp_mode", RESERVATION)))
        if modes != {OFF}:
            ports["dhcp"] = ("UDP", self.dhcp_port)
        if modes.intersection(PROXIES):
            number = str(self.settings.get("proxy_port", PROXY_PORT))
            ports["proxy"] = ("UDP", int(number) if number.isdecimal() else PROXY_PORT)
        return ports


def settings_from(options: Mapping[str, Any]) -> Settings:
    """Return the settings that a module's options are; what is not given is None there."""
    given = {name: options[name] for name in Settings.__dataclass_fields__ if options.get(name) is not None}
    given["node_selector"] = option_values.texts_of(given.get("node_selector", {}))
    flags = option_values.texts_of(given.get("settings", {}))
    given["settings"] = {name: str(value) if isinstance(value, float) else value for name, value in flags.items()}
    return Settings(**given)


def problems(settings: Settings) -> list[str]:
    """Return a sentence for each thing that makes no sense."""
    return [*_of_place(settings), *_of_flags(settings)]


def _of_place(settings: Settings) -> Iterator[str]:
    yield from option_values.image("image", settings.image)
    yield from option_values.name("namespace", settings.namespace)
    yield from option_values.labels("node_selector", settings.node_selector)
    yield from option_values.nodes(settings.nodes, settings.replicas)
    for name in ("state_dir", "image_dir"):
        path = getattr(settings, name)
        if path and not path.startswith("/"):
            yield f"{name} is {path!r} but should be an absolute path on the node"


def _of_flags(settings: Settings) -> Iterator[str]:
    """Check as bootd itself does when it starts, so that the pod need not be asked."""
    if not settings.store.startswith("kubernetes"):
        yield f"store is {settings.store!r} but should be kubernetes or kubernetes:NAMESPACE: a pod has no other"
        return
    taken = sorted(set(settings.settings) & {*_OF_THE_POD, *_OPTIONS})
    if taken:
        yield f"settings has {', '.join(taken)}, for which there are options, or which the pod decides"
        return
    told = [line for name, value in settings.settings.items() for line in option_values.text(f"settings.{name}", value)]
    if told:
        yield from told
        return
    flags = {"address": "", **settings.flags()}
    options = arguments.parse(["serve"], {f"BOOTD_{name.upper()}": value for name, value in flags.items()})
    unknown = sorted(set(settings.settings) - set(vars(options)))
    if unknown:
        yield f"settings has {', '.join(unknown)}, which bootd does not know"
    for name, (_protocol, port) in settings.ports().items():
        if port == 0:
            yield f"{name}_port is 0, a port that nobody would find"
    try:
        arguments.settings_from(options)
    except arguments.UsageError as error:
        yield from str(error).splitlines()
