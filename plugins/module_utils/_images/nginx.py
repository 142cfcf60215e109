# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nginx is told, so that it serves a directory of images at bootd's URLs and does nothing else. Pure.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address

# What UEFI firmware goes by when it boots by HTTP.
_KINDS = (("application/efi", "efi"), ("application/vnd.efi-iso", "iso"), ("application/vnd.efi-img", "img"))
_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
# In a configuration a string may be quoted, but variables in it are not switched off by that.
_PATH = re.compile(r"/[A-Za-z0-9_.,:@+/-]*", re.ASCII)


@dataclass(frozen=True)
class Nginx:
    """Serves ``images`` at ``/images/`` on ``bind`` and ``port``; it writes to nothing but ``scratch``."""

    images: str
    bind: str
    port: int
    scratch: str
    access_log: str = "off"


def path_problem(name: str, path: str) -> Iterator[str]:
    """Yield why a directory can't be served."""
    if not _PATH.fullmatch(path) or "/.." in path or path.strip("/") == "":
        yield f"{name} is {path!r} but should be an absolute path of letters, digits and _.,:@+-"


def listen_problem(bind: str, port: int) -> Iterator[str]:
    """Yield why nobody can be served there."""
    if not 1 <= port <= 65535:
        yield f"port is {port} but should be between 1 and 65535"
    try:
        ip_address(bind)
    except ValueError:
        yield f"bind is {bind!r} but should be an IP address"


def configuration(nginx: Nginx) -> str:
    """Return the text of nginx.conf. nginx runs in the foreground as a user who may do nothing in particular."""
    host = f"[{nginx.bind}]" if ":" in nginx.bind else nginx.bind
    kinds = "".join(f"        {kind} {suffix};\n" for kind, suffix in _KINDS)
    temporary = "".join(f"    {name}_temp_path {nginx.scratch}/{name};\n" for name in _TEMPORARY)
    return f"""# Written by baremetal.netboot.image_server, which overwrites it.
daemon off;
pid {nginx.scratch}/nginx.pid;
error_log stderr notice;
worker_processes auto;

events {{
    worker_connections 1024;
}}

http {{
    access_log {nginx.access_log};
    server_tokens off;
    types {{
{kinds}    }}
    default_type application/octet-stream;
    sendfile on;
    # One fast client must not keep the others waiting.
    sendfile_max_chunk 1m;
    tcp_nopush on;
    client_max_body_size 1k;
{temporary}
    server {{
        listen {host}:{nginx.port};
        autoindex off;
        # What there is in a directory is nobody's business, not even that it is one.
        error_page 403 =404 @none;

        if ($request_method !~ ^(GET|HEAD)$) {{
            return 405;
        }}
        # What is hidden is half, or of no use to others; directories are no files.
        location ~ /(\\.|$) {{
            return 404;
        }}
        location @none {{
            return 404;
        }}
        location = /healthz {{
            access_log off;
            default_type text/plain;
            return 200 "ok\\n";
        }}
        location /images/ {{
            alias {nginx.images.rstrip("/")}/;
            # Links could lead anywhere.
            disable_symlinks on from={nginx.images.rstrip("/")}/;
        }}
        location / {{
            return 404;
        }}
    }}
}}
"""


def unit(nginx: Nginx, *, program: str, configuration_file: str, name: str) -> str:
    """Return the text of a unit of systemd: nginx as a user who exists only while it runs, and who may only read."""
    low = "CAP_NET_BIND_SERVICE" if nginx.port < 1024 else ""
    at_home = nginx.images.startswith(("/home/", "/root/", "/run/user/"))
    return f"""# Written by baremetal.netboot.image_server, which overwrites it.
[Unit]
Description=Serves images of operating systems
Documentation=https://github.com/baremetal-netboot/netboot
Wants=network-online.target
After=network-online.target
RequiresMountsFor={nginx.images}

[Service]
Type=exec
ExecStart={program} -e stderr -c {configuration_file}
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartSec=2
TimeoutStopSec=15

DynamicUser=yes
RuntimeDirectory={name}
RuntimeDirectoryMode=0700
UMask=0077
AmbientCapabilities={low}
CapabilityBoundingSet={low}
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
NoNewPrivileges=yes

ProtectSystem=strict
ProtectHome={"read-only" if at_home else "yes"}
PrivateTmp=yes
PrivateDevices=yes
PrivateMounts=yes

ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProcSubset=pid
LockPersonality=yes
MemoryDenyWriteExecute=yes
RemoveIPC=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM

TasksMax=64
LimitNOFILE=4096

[Install]
WantedBy=multi-user.target
"""
