# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Every setting of the daemon, in one frozen object. Each address and port is one, so that tests bind port 0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

DHCP_MODES = ("reservation", "proxy", "auto-proxy", "off")  # see decisions.modes
# Seconds until a silent machine has failed, by the name of the limit. ``iso`` is for an installer that gets its ISO
# from bootd, ``ready`` is how long an installed machine may take to answer; the others are stages.
LIMITS: Mapping[str, float] = {"script": 300.0, "kernel": 900.0, "iso": 900.0, "installing": 5400.0, "ready": 1800.0}


@dataclass(frozen=True, slots=True)
class Settings:
    """What ``bootd serve`` was told. Paths are strings; an empty string means "not given"."""

    store: str  # "files:DIR", "kubernetes" or "kubernetes:NAMESPACE"
    state_dir: str
    address: str  # the IPv4 address machines reach bootd by: option 54, siaddr and the host of every URL
    interface: str = ""  # answer DHCP only on this interface; "": on every one
    bind: str = "0.0.0.0"
    http_port: int = 7080
    https_port: int = 7443  # where there is a certificate
    tls_cert: str = ""  # a PEM file: the certificate, and those between it and the authority
    tls_key: str = ""  # a PEM file
    https_boot: bool = False  # give UEFI HTTP boot https URLs, where an object does not say
    tftp_port: int = 69
    dhcp_port: int = 67
    syslog_port: int = 514
    proxy_port: int = 4011  # where PXE clients ask for boot files, in the modes proxy and auto-proxy
    dhcp_mode: str = "reservation"
    dhcp_modes: Mapping[str, str] = field(default_factory=dict)  # by interface or subnet, over dhcp_mode
    unknown_script: str = ""  # the iPXE script of unknown machines in the mode auto-proxy; "": they boot their disk
    boot_files: tuple[str, ...] = ()
    image_dir: str = ""
    config_dir: str = ""  # of installer configurations; with store kubernetes they are Secrets
    arch_map: Mapping[int, str] = field(default_factory=dict)  # option 93 value -> boot file, over the defaults
    lease_time: int = 86400  # seconds, where the Hardware object gives none
    tftp_single_port: bool = False
    tftp_max_blksize: int = 1468  # bytes: an Ethernet frame less IP, UDP and TFTP headers
    tftp_networks: tuple[str, ...] = ()  # CIDRs TFTP answers, beside those of machines and of this host
    router_advertisements: bool = True
    trusted_proxies: tuple[str, ...] = ()  # CIDRs of whose word for a machine bootd takes: X-Forwarded-For, or its MAC
    configuration_window: float = 3600.0  # seconds after its script in which a machine gets its configuration
    http_threads: int = 32
    http_connections: int = 1024  # fewer where the limit of open files is lower
    lease_namespace: str = ""  # of the Lease by which one of several replicas answers DHCP; "": this one always does
    replica: str = ""  # this bootd's name in the Lease and in Events
    stage_limits: Mapping[str, float] = field(default_factory=lambda: LIMITS)  # seconds, by name as in LIMITS
    ready_checks: bool = True  # ask installed machines whether they answer
    installs_at_once: int = 0  # machines; 0: no limit
    admin_token_file: str = ""  # a file with the token of whoever may switch netboot; "": nobody may
    report_key: str = ""  # a file that keys the report URLs; "": one that is made in state_dir
    log_format: str = "json"
    log_level: str = "info"

    @property
    def http_base(self) -> str:
        """Return the base of every URL handed to a machine, without a slash at the end."""
        return f"http://{self.address}" if self.http_port == 80 else f"http://{self.address}:{self.http_port}"

    @property
    def https_base(self) -> str:
        """Return the same for HTTPS, "" where there is no certificate."""
        if not self.tls_cert:
            return ""
        return f"https://{self.address}" if self.https_port == 443 else f"https://{self.address}:{self.https_port}"
