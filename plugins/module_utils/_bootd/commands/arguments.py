# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""bootd's command line: flags, their ``BOOTD_...`` environment variables, and the settings they make."""

from __future__ import annotations

import argparse
import os
import socket
import sys
from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv4Address
from typing import Any

from ..decisions.architectures import X64_UEFI, parse_arch_map
from ..decisions.deadlines import MAX_LIMIT, limits_text, parse_limits
from ..decisions.modes import parse_modes
from ..decisions.stages import STAGES
from ..hardware.interface import SCRIPT_START
from ..process.log import LEVELS
from ..process.settings import DHCP_MODES, LIMITS, Settings
from ..process.version import version_text
from .clients import CLIENTS, Client
from .flag_values import (
    directories,
    directory_or_none,
    file_or_none,
    host_address,
    ipv4_networks,
    namespace_or_none,
    networks,
    store,
)
from .https_options import HTTPS_FLAGS, https_problems
from .mode_options import mode_problems, read_script

STORES = "files:DIR, a directory of Hardware manifests, or kubernetes[:NAMESPACE]"
DEFAULT_STATE_DIR = "/var/lib/bootd"
SETTINGS_FILE = "/etc/default/bootd"  # what the role writes, and systemd gives the daemon as its environment
EXAMPLE_ADDRESS = "192.0.2.1"  # of nobody (RFC 5737), where nothing says which address is bootd's
LOOPBACK = "127.0.0.1"


class UsageError(Exception):
    """The command line can't be used; the message names the flag, its value and what it should be."""


class _ShowVersion(argparse.Action):
    """Prints the version as it stands; argparse's own action would fold its lines."""

    def __call__(self, parser: argparse.ArgumentParser, *_unused: object) -> None:
        """Print the version and end."""
        sys.stdout.write(version_text())
        parser.exit()


def parse(argv: list[str], environ: Mapping[str, str]) -> argparse.Namespace:
    """Return the parsed command line; a flag that is not given takes its value from ``environ``."""
    parser = argparse.ArgumentParser(prog="bootd", description="Boot machines from the network.")
    parser.add_argument("--version", action=_ShowVersion, nargs=0, help="show the versions of bootd and its libraries")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, add, text, more in _COMMANDS:
        description = f"{text[0].upper()}{text[1:]}."
        add(commands.add_parser(name, help=text, description=description, epilog=more), environ)
    return parser.parse_args(argv)


def _flag(
    parser: argparse.ArgumentParser,
    environ: Mapping[str, str],
    flag: str,
    default: str | None,
    text: str,
    metavar: str,
    *,
    required: bool = False,
) -> None:
    variable = variable_of(flag)
    value = environ.get(variable, default)
    missing = required and value is None
    parser.add_argument(flag, default=value, required=missing, help=f"{text} [{variable}]", metavar=metavar)


def variable_of(flag: str) -> str:
    """Return the environment variable that stands for ``flag``, with its dashes or without."""
    return f"BOOTD_{flag.removeprefix('--').replace('-', '_').upper()}"


def _add_common(parser: argparse.ArgumentParser, environ: Mapping[str, str], *, required: bool) -> None:
    text = "IPv4 address that machines reach bootd by"
    _flag(parser, environ, "--address", None, text, metavar="IP", required=required)
    _flag(parser, environ, "--http-port", "7080", "port of every URL handed out", metavar="PORT")
    _flag(parser, environ, "--state-dir", DEFAULT_STATE_DIR, "where states and the secret are kept", metavar="DIR")
    text = "file that keys report URLs, for several bootds to share; none: one in the state directory"
    _flag(parser, environ, "--report-key", "", text, metavar="FILE")


def _add_serve(parser: argparse.ArgumentParser, environ: Mapping[str, str]) -> None:
    _flag(parser, environ, "--store", None, STORES, metavar="STORE", required=True)
    _add_common(parser, environ, required=True)
    _flag(parser, environ, "--interface", "", "answer DHCP on this interface only", metavar="IF")
    _flag(parser, environ, "--bind", "0.0.0.0", "IPv4 address the servers listen on", metavar="IP")
    for flag, default, text, metavar in HTTPS_FLAGS:
        _flag(parser, environ, flag, default, text, metavar)
    _flag(parser, environ, "--tftp-port", "69", "TFTP port", metavar="PORT")
    _flag(parser, environ, "--dhcp-port", "67", "DHCP port", metavar="PORT")
    _flag(parser, environ, "--syslog-port", "514", "syslog port", metavar="PORT")
    _flag(parser, environ, "--proxy-port", "4011", "port where PXE clients ask a proxy", metavar="PORT")
    _add_modes(parser, environ)
    _add_boot_files(parser, environ)
    _flag(parser, environ, "--image-dir", "", "directory served below /images/", metavar="DIR")
    _add_config_dir(parser, environ)
    _add_arch_map(parser, environ)
    _flag(parser, environ, "--lease-time", "86400", "seconds, where an object gives none", metavar="SECONDS")
    _flag(parser, environ, "--tftp-single-port", "no", "yes: answer TFTP transfers from one port", metavar="YES|NO")
    _flag(parser, environ, "--tftp-max-blksize", "1468", "largest TFTP block, in bytes", metavar="BYTES")
    text = "CIDRs TFTP answers, beside the networks of machines and of this host"
    _flag(parser, environ, "--tftp-networks", "", text, metavar="CIDR,...")
    _flag(parser, environ, "--router-advertisements", "yes", "no: let iPXE wait 16 s for IPv6", metavar="YES|NO")
    _flag(parser, environ, "--trusted-proxies", "", "CIDRs whose X-Forwarded-For is believed", metavar="CIDR,...")
    text = "minutes after its script in which a machine gets its configuration"
    _flag(parser, environ, "--configuration-window", "60", text, metavar="MINUTES")
    text = "file with the token of whoever may switch netboot on and off over HTTP; none: nobody may"
    _flag(parser, environ, "--admin-token-file", "", text, metavar="FILE")
    text = "namespace of the Lease by which one of several bootds answers DHCP; none: this one does"
    _flag(parser, environ, "--lease-namespace", "", text, metavar="NAMESPACE")
    _flag(parser, environ, "--replica", socket.gethostname(), "this bootd's name in the Lease", metavar="NAME")
    text = f"seconds after which a silent machine has failed, over {limits_text(LIMITS)}; 0: never"
    _flag(parser, environ, "--stage-limits", "", text, metavar="NAME=SECONDS,...")
    _flag(parser, environ, "--ready-checks", "on", "off: do not ask installed machines to answer", metavar="ON|OFF")
    _flag(parser, environ, "--installs-at-once", "0", "machines installed side by side; 0: no limit", metavar="N")
    _flag(parser, environ, "--log-format", "json", "json or text", metavar="FORMAT")
    _flag(parser, environ, "--log-level", "info", f"one of {', '.join(LEVELS)}", metavar="LEVEL")


def _add_check(parser: argparse.ArgumentParser, environ: Mapping[str, str]) -> None:
    text = "a manifest or a directory of them; by default the daemon's"
    parser.add_argument("paths", nargs="*", metavar="PATH", help=text)
    _add_asking(parser, environ)
    _add_boot_files(parser, environ)
    _add_arch_map(parser, environ)


def _add_asking(parser: argparse.ArgumentParser, environ: Mapping[str, str], *, as_json: bool = True) -> None:
    """Add what every command has that asks about a daemon: where that one's settings are."""
    text = f"file of the daemon's settings, which count where a flag is not given; {SETTINGS_FILE} where it is there"
    _flag(parser, environ, "--settings", None, text, metavar="FILE")
    _flag(parser, environ, "--store", None, STORES, metavar="STORE")
    if as_json:
        parser.add_argument("--json", action="store_true", help="print one JSON document, for programs")


def _add_modes(parser: argparse.ArgumentParser, environ: Mapping[str, str]) -> None:
    _flag(parser, environ, "--dhcp-mode", "reservation", f"one of {', '.join(DHCP_MODES)}", metavar="MODE")
    text = "another mode by interface or subnet, as in eth1=off,10.20.0.0/24=proxy"
    _flag(parser, environ, "--dhcp-modes", "", text, metavar="WHERE=MODE,...")
    text = "iPXE script of unknown machines in the mode auto-proxy, or its file; none: they boot their disk"
    _flag(parser, environ, "--unknown-script", "", text, metavar="FILE")


def _add_boot_files(parser: argparse.ArgumentParser, environ: Mapping[str, str]) -> None:
    _flag(parser, environ, "--boot-files", "", "directories of boot programs, separated by ':'", metavar="DIR")


def _readable(directory: str) -> str:
    """Return ``directory`` where this process may read it, else ""."""
    return directory if os.access(directory, os.R_OK | os.X_OK) else ""


def _add_config_dir(parser: argparse.ArgumentParser, environ: Mapping[str, str]) -> None:
    text = "directory of installer configurations, NAME.yaml or NAME.cfg; with store kubernetes they are Secrets"
    _flag(parser, environ, "--config-dir", "", text, metavar="DIR")


def _add_arch_map(parser: argparse.ArgumentParser, environ: Mapping[str, str]) -> None:
    text = "boot file by client architecture (option 93), as in 7=ipxe.efi,11=snponly-arm64.efi"
    _flag(parser, environ, "--arch-map", "", text, metavar="ARCH=FILE,...")


def _add_state_dir(parser: argparse.ArgumentParser, environ: Mapping[str, str]) -> None:
    text = "the daemon's, to take what was kept there into account"
    _flag(parser, environ, "--state-dir", _readable(DEFAULT_STATE_DIR), text, metavar="DIR")


def _add_machines(parser: argparse.ArgumentParser, environ: Mapping[str, str]) -> None:
    text = "name, MAC address or IP address; all by default"
    parser.add_argument("machines", nargs="*", metavar="MACHINE", help=text)
    _add_listing(parser, environ)
    text = "those that asked and have no Hardware object and want to boot, as the running daemon knows them"
    parser.add_argument("--unknown", action="store_true", help=text)
    parser.add_argument("--all", action="store_true", help="with --unknown, also those that do not want to boot")
    _add_asking(parser, environ)
    _add_state_dir(parser, environ)


def _add_listing(parser: argparse.ArgumentParser, environ: Mapping[str, str]) -> None:
    _flag(parser, environ, "--address", LOOPBACK, "IPv4 address at which the daemon is asked", metavar="IP")
    _flag(parser, environ, "--http-port", "7080", "and its port", metavar="PORT")
    text = f"only machines at these stages, of {', '.join(STAGES)}"
    parser.add_argument("--stage", default="", metavar="STAGE,...", help=text)


def _add_top(parser: argparse.ArgumentParser, environ: Mapping[str, str]) -> None:
    parser.add_argument("--url", default="", metavar="URL", help="of a daemon elsewhere, as in http://10.10.0.20:7080")
    parser.add_argument("--once", action="store_true", help="show it once and end")
    _add_listing(parser, environ)
    _add_asking(parser, environ, as_json=False)


def _add_explain(parser: argparse.ArgumentParser, environ: Mapping[str, str]) -> None:
    # The daemon's settings count here too that are no flags of this command, such as the limit of installations.
    told = {name: environ.get(variable_of(name)) for name in _CONVERTERS}
    parser.set_defaults(**{name: value for name, value in told.items() if value is not None})
    parser.add_argument("machine", metavar="MACHINE", help="name, MAC address or IP address of the machine")
    text = f"who asks, one of {', '.join(CLIENTS)}; by default the machine's own firmware, or else uefi"
    parser.add_argument("--client", default="", metavar="CLIENT", help=text)
    text = "its architecture, as a number of DHCP option 93: 0 is BIOS, 7 is UEFI, 11 is UEFI of arm64"
    parser.add_argument("--arch", default="", metavar="N", help=text)
    _add_asking(parser, environ)
    _flag(parser, environ, "--address", EXAMPLE_ADDRESS, "IPv4 address that machines reach bootd by", metavar="IP")
    _flag(parser, environ, "--http-port", "7080", "port of every URL handed out", metavar="PORT")
    _add_state_dir(parser, environ)
    _add_boot_files(parser, environ)
    _add_config_dir(parser, environ)
    _add_arch_map(parser, environ)
    _add_modes(parser, environ)


def _add_report_url(parser: argparse.ArgumentParser, environ: Mapping[str, str]) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME", help="machines; all of the store where none is named")
    _add_asking(parser, environ, as_json=False)
    _add_common(parser, environ, required=False)


_COMMANDS: tuple[tuple[str, Callable[[argparse.ArgumentParser, Mapping[str, str]], None], str, str], ...] = (
    ("serve", _add_serve, "answer DHCP, TFTP, HTTP and syslog", "Exit status: 0 stopped, 1 a fault, 2 the settings."),
    (
        "machines",
        _add_machines,
        "list the machines, and where each stands",
        "Exit status: 0, 1 where a machine that is named is not there, 2 the command line or the store.",
    ),
    (
        "top",
        _add_top,
        "show the machines of the running daemon, and go on doing so",
        "q ends it. Exit status: 0, 2 the command line, or with --once where the daemon does not answer.",
    ),
    (
        "check",
        _add_check,
        "validate Hardware manifests",
        "Exit status: 0 no problem, 1 problems, 2 the command line.",
    ),
    (
        "explain",
        _add_explain,
        "show what one machine would get, stage by stage, and why",
        "Exit status: 0, 1 where there is no such machine or its manifest is broken, 2 the command line or the store.",
    ),
    ("report-url", _add_report_url, "print the URLs installers report to, as JSON", ""),
)


def settings_from(options: argparse.Namespace, more: Iterable[str] = ()) -> Settings:
    """Return the Settings that ``options`` make; raises UsageError naming every flag that can't be used, and ``more``.

    Commands have only some of the flags: what a command does not have keeps its default.
    """
    values: dict[str, Any] = {}
    problems: list[str] = []
    for name, (convert, expected) in _CONVERTERS.items():
        text = getattr(options, name, None)
        if text is None:
            continue
        try:
            values[name] = convert(text)
        except ValueError as error:
            why = f" ({error})" if error.args else ""
            problems.append(f"--{name.replace('_', '-')} is {text!r} but should be {expected}{why}")
    for name in _NEEDED:
        if getattr(options, name, "") is None:
            flag = f"--{name.replace('_', '-')}"
            file = getattr(options, "settings", None) or SETTINGS_FILE
            problems.append(f"{flag} is not given, and neither the environment nor {file} has {variable_of(flag)}")
    if values.get("config_dir") and str(values.get("store")).startswith("kubernetes"):
        problems.append("--config-dir goes with --store files:DIR; in a cluster, configurations are Secrets")
    problems += mode_problems(values)
    problems += more
    problems += https_problems(values)
    if problems:
        raise UsageError("\n".join(problems))
    return Settings(**{"state_dir": "", "address": EXAMPLE_ADDRESS, **values})


def daemon_url(options: argparse.Namespace) -> str:
    """Return the URL at which the daemon is asked, which needs no store; raises UsageError."""
    settings = settings_from(
        argparse.Namespace(store="kubernetes", address=options.address, http_port=options.http_port)
    )
    return settings.http_base


def client_from(options: argparse.Namespace) -> Client | None:
    """Return the client that ``bootd explain`` was asked about, None for the machine's own; raises UsageError."""
    kind, own = CLIENTS.get(options.client or "uefi", ("", None))
    if not kind:
        raise UsageError(f"--client is {options.client!r} but should be one of {', '.join(CLIENTS)}")
    if not options.arch:
        return Client(kind, X64_UEFI if own is None else own) if options.client else None
    if options.client and own is not None:
        raise UsageError(f"--client {options.client} is architecture {own}: give --arch or that, not both")
    try:
        return Client(kind, _between(0, 0xFFFF)(options.arch))
    except ValueError:
        raise UsageError(f"--arch is {options.arch!r} but should be a number: 0 is BIOS, 7 is UEFI") from None


def stages_from(options: argparse.Namespace) -> tuple[str, ...]:
    """Return the stages that ``bootd machines`` was asked about, () for all; raises UsageError."""
    wanted = tuple(filter(None, map(str.strip, options.stage.split(","))))
    if unknown := [stage for stage in wanted if stage not in STAGES]:
        raise UsageError(f"--stage is {', '.join(unknown)} but should be of {', '.join(STAGES)}")
    return wanted


def _one_of(choices: tuple[str, ...]) -> Callable[[str], str]:
    def convert(text: str) -> str:
        if text not in choices:
            raise ValueError
        return text

    return convert


def _between(low: int, high: int) -> Callable[[str], int]:
    def convert(text: str) -> int:
        number = int(text)
        if not low <= number <= high:
            raise ValueError(f"not between {low} and {high}")
        return number

    return convert


def _yes_no(text: str) -> bool:
    answers = {**dict.fromkeys(("yes", "true", "1", "on"), True), **dict.fromkeys(("no", "false", "0", "off"), False)}
    if text.lower() not in answers:
        raise ValueError("neither")
    return answers[text.lower()]


def _minutes(text: str) -> float:
    return 60.0 * _between(1, MAX_LIMIT // 60)(text)


_NEEDED = ("store", "address")
_PORT = (_between(0, 65535), "a port number")
_CONVERTERS: dict[str, tuple[Callable[[str], object], str]] = {
    "store": (store, STORES),
    "state_dir": (str, "a directory"),
    "address": (host_address, "the IPv4 address of this node that machines can reach"),
    "interface": (str, "a network interface"),
    "bind": (lambda text: str(IPv4Address(text)), "an IPv4 address"),
    "http_port": _PORT,
    "https_port": _PORT,
    **dict.fromkeys(("tls_cert", "tls_key"), (str, "a file")),
    "https_boot": (_yes_no, "yes or no"),
    "tftp_port": _PORT,
    "dhcp_port": _PORT,
    "syslog_port": _PORT,
    "proxy_port": _PORT,
    "dhcp_modes": (parse_modes, "WHERE=MODE,... by interface or subnet"),
    "unknown_script": (read_script, f"an iPXE script or a file with one, which begins with {SCRIPT_START}"),
    "dhcp_mode": (_one_of(DHCP_MODES), f"one of {', '.join(DHCP_MODES)}"),
    "boot_files": (directories, "directories that exist"),
    "image_dir": (directory_or_none, "a directory that exists"),
    "config_dir": (directory_or_none, "a directory that exists"),
    "arch_map": (parse_arch_map, "ARCH=FILE,... with architecture numbers"),
    "lease_time": (_between(60, 0xFFFFFFFE), "seconds, 60 or more"),
    "tftp_single_port": (_yes_no, "yes or no"),
    "tftp_max_blksize": (_between(512, 65464), "a number from 512 to 65464"),
    "tftp_networks": (ipv4_networks, "IPv4 networks such as 10.0.0.0/8"),
    "router_advertisements": (_yes_no, "yes or no"),
    "stage_limits": (parse_limits, f"NAME=SECONDS,... with names of {', '.join(LIMITS)}"),
    "ready_checks": (_yes_no, "on or off"),
    "installs_at_once": (_between(0, 100_000), "a number of machines, 0 for no limit"),
    "lease_namespace": (namespace_or_none, "a namespace"),
    "replica": (str, "a name"),
    **dict.fromkeys(("report_key", "admin_token_file"), (file_or_none, "a file that exists")),
    "configuration_window": (_minutes, f"minutes, from 1 to {MAX_LIMIT // 60}"),
    "trusted_proxies": (networks, "networks such as 10.0.0.0/8"),
    "log_format": (_one_of(("json", "text")), "json or text"),
    "log_level": (_one_of(LEVELS), f"one of {', '.join(LEVELS)}"),
}
