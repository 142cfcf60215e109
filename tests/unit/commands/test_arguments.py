# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: flags, environment, and every problem at once."""

from __future__ import annotations

import pytest

from _bootd.commands.arguments import UsageError, client_from, parse, settings_from, stages_from
from _bootd.commands.clients import Client
from _bootd.process.settings import LIMITS

SERVE = ["serve", "--store", "files:/etc/manifests", "--address", "192.0.2.1"]


def serve(*more: str, environ: dict[str, str] | None = None):
    return settings_from(parse([*SERVE, *more], environ or {}))


def test_settings_from_the_least_one_can_type():
    settings = serve()
    assert (settings.store, settings.address) == ("files:/etc/manifests", "192.0.2.1")
    ports = (settings.http_port, settings.tftp_port, settings.dhcp_port, settings.syslog_port)
    assert ports == (7080, 69, 67, 514)
    assert (settings.dhcp_mode, settings.state_dir) == ("reservation", "/var/lib/bootd")


def test_parse_takes_the_environment_and_flags_win():
    environ = {"BOOTD_STORE": "files:/e", "BOOTD_ADDRESS": "192.0.2.9", "BOOTD_HTTP_PORT": "80"}
    settings = settings_from(parse(["serve", "--http-port", "8080"], environ))
    assert (settings.store, settings.address, settings.http_port) == ("files:/e", "192.0.2.9", 8080)


def test_parse_without_a_store_says_which_flag_is_missing(capsys):
    with pytest.raises(SystemExit) as ended:
        parse(["serve", "--address", "192.0.2.1"], {})
    assert ended.value.code == 2
    assert "--store" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flag", "value", "words"),
    [
        ("--store", "kubernetes:No_Name", "kubernetes[:NAMESPACE]"),
        ("--store", "files:", "files:DIR"),
        ("--address", "0.0.0.0", "machines can't send to that"),
        ("--address", "fe80::1", "IPv4"),
        ("--http-port", "65536", "port"),
        ("--http-port", "http", "port"),
        ("--dhcp-mode", "proxies", "reservation"),
        ("--boot-files", "/nowhere/at/all", "/nowhere/at/all is not a directory"),
        ("--arch-map", "seven=ipxe.efi", "seven=ipxe.efi"),
        ("--lease-time", "0", "60"),
        ("--stage-limits", "kernel=1,lunch=5", "no limit is called 'lunch'"),
        ("--stage-limits", "kernel", "NAME=SECONDS"),
        ("--stage-limits", "kernel=-1", "script, kernel, iso, installing, ready"),
        ("--stage-limits", "kernel=nan", "NAME=SECONDS"),
        ("--installs-at-once", "-1", "a number of machines"),
        ("--ready-checks", "often", "on or off"),
        ("--tftp-single-port", "maybe", "yes or no"),
        ("--trusted-proxies", "10.0.0.0/99", "10.0.0.0/8"),
        ("--tftp-networks", "10.0.0.1/8", "10.0.0.0/8"),
        ("--tftp-networks", "2001:db8::/32", "IPv4"),
        ("--log-level", "loud", "debug"),
    ],
)
def test_settings_from_names_flag_value_and_what_would_be_right(flag, value, words):
    with pytest.raises(UsageError) as error:
        serve(flag, value)
    assert flag in str(error.value)
    assert repr(value) in str(error.value)
    assert words in str(error.value)


def test_settings_from_names_every_problem_at_once():
    with pytest.raises(UsageError) as error:
        serve("--http-port", "x", "--lease-time", "y", "--log-format", "z")
    assert len(str(error.value).splitlines()) == 3


def test_settings_from_reads_lists_and_maps(tmp_path):
    settings = serve(
        *("--boot-files", f"{tmp_path}:{tmp_path}", "--arch-map", "7=snponly.efi", "--trusted-proxies", "10.0.0.0/8")
    )
    assert settings.boot_files == (str(tmp_path), str(tmp_path))
    assert settings.arch_map == {7: "snponly.efi"}
    assert settings.trusted_proxies == ("10.0.0.0/8",)
    networks = serve("--tftp-networks", "10.0.0.0/8, 192.0.2.1").tftp_networks
    assert networks == ("10.0.0.0/8", "192.0.2.1/32")


def test_settings_from_stage_limits_are_over_the_defaults():
    limits = serve("--stage-limits", "kernel=60, ready=0").stage_limits
    assert limits == {**LIMITS, "kernel": 60.0, "ready": 0.0}
    assert serve().stage_limits == LIMITS


@pytest.mark.parametrize(("text", "on"), [("on", True), ("off", False), ("Yes", True), ("False", False)])
def test_settings_from_ready_checks(text, on):
    assert serve(environ={"BOOTD_READY_CHECKS": text}).ready_checks is on


@pytest.mark.parametrize(
    ("flags", "client"),
    [
        ([], None),
        (["--arch", "6"], Client("firmware", 6)),
        (["--client", "bios"], Client("firmware", 0)),
        (["--client", "uefi-http"], Client("firmware", 16)),
        (["--client", "ipxe"], Client("ipxe", 7)),
        (["--client", "ipxe-without-http", "--arch", "0"], Client("ipxe-without-http", 0)),
        (["--client", "none"], Client("none", 7)),
    ],
)
def test_client_from_is_the_machines_own_unless_told(flags, client):
    assert client_from(parse(["explain", "um790-1", *flags], {})) == client


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--arch", "uefi"], "--arch is 'uefi' but should be a number"),
        (["--arch", "65536"], "--arch is '65536'"),
        (["--client", "mips"], "--client is 'mips' but should be one of bios, uefi,"),
        (["--client", "bios", "--arch", "7"], "--client bios is architecture 0"),
    ],
)
def test_client_from_refuses_what_is_none(flags, words):
    with pytest.raises(UsageError, match=words):
        client_from(parse(["explain", "um790-1", *flags], {}))


def test_stages_from():
    assert stages_from(parse(["machines"], {})) == ()
    assert stages_from(parse(["machines", "--stage", "failed, ready"], {})) == ("failed", "ready")
    with pytest.raises(UsageError, match="--stage is lunch but should be of known, offered,"):
        stages_from(parse(["machines", "--stage", "failed,lunch"], {}))


@pytest.mark.parametrize("command", ["machines", "explain um790-1", "report-url"])
def test_settings_from_names_what_neither_flags_nor_environment_nor_file_have(command):
    with pytest.raises(UsageError, match="--store is not given, and neither the environment nor /x has BOOTD_STORE"):
        settings_from(parse([*command.split(), "--settings", "/x"], {}))


@pytest.mark.parametrize("command", ["serve", "machines", "check", "explain", "report-url"])
def test_help_tells_flags_and_their_variables(command, capsys):
    with pytest.raises(SystemExit):
        parse([command, "--help"], {})
    out = capsys.readouterr().out
    assert "[BOOTD_STORE]" in out
    assert max(map(len, out.splitlines())) <= 80


def test_settings_from_a_directory_of_configurations(tmp_path):
    assert serve(environ={"BOOTD_CONFIG_DIR": str(tmp_path)}).config_dir == str(tmp_path)
    with pytest.raises(UsageError, match="--config-dir is '/nowhere' but should be a directory that exists"):
        serve("--config-dir", "/nowhere")


def test_settings_from_refuses_a_directory_of_configurations_beside_a_cluster(tmp_path):
    options = parse(["serve", "--address", "192.0.2.1", "--store", "kubernetes", "--config-dir", str(tmp_path)], {})
    with pytest.raises(UsageError, match="in a cluster, configurations are Secrets"):
        settings_from(options)


@pytest.mark.parametrize(("text", "seconds"), [("1", 60.0), ("90", 5400.0)])
def test_settings_from_configuration_window(text, seconds):
    assert serve(environ={"BOOTD_CONFIGURATION_WINDOW": text}).configuration_window == seconds
    assert serve().configuration_window == 3600.0


@pytest.mark.parametrize("text", ["0", "-1", "1e400", "43201", "nan"])
def test_settings_from_refuses_a_window_without_an_end(text):
    with pytest.raises(UsageError, match=r"--configuration-window .* should be minutes, from 1 to 43200"):
        serve("--configuration-window", text)
