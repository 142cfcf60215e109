# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Single values of Harvester's configuration: each function returns what would be right, or "" where the value is.

What the installer refuses is in pkg/console/validator.go of harvester/harvester-installer, in pkg/installer/console
of harvester/harvester from v1.9; what it takes without a word and then does not do is refused here as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import IPv4Network
from urllib.parse import urlsplit

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware import values
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.mac import parse_mac
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.names import (
    is_hostname,
    is_label_name,
    is_label_value,
)

Rule = Callable[[object], str]

BOND_MODES = ("balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad", "balance-tlb", "balance-alb")
ENCODINGS = ("", "b64", "base64", "gz", "gzip", "gz+base64", "gzip+base64", "gz+b64", "gzip+b64")
ISO_SCHEMES = ("http", "https", "ftp", "tftp")
MIN_PERSISTENT_GI = 150

_TOKEN = re.compile(r"[A-Za-z0-9 !\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]+", re.ASCII)
_PATH = re.compile(r"/[!-~]+")
_HOSTNAME = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*", re.ASCII)
_MODE = re.compile(r"0?[0-7]{3,4}")
_SIZE = re.compile(r"([0-9]{1,7})(Gi|Mi)")
_KEY_TYPE = re.compile(r"(?:^|[\s,\"])(?:ssh-(?:rsa|dss|ed25519|ed448)|ecdsa-sha2-\S+|sk-(?:ssh|ecdsa)-\S+)\s")
_HASH = re.compile(r"\$(?:6|5|1|apr1)\$")
_OTHER_HASH = re.compile(r"\$(?:2[abxy]?|y|gy|7|argon2\w*|pbkdf2\S*|sha1|md5)\$|\{[A-Za-z0-9]+\}\S{20,}")


def one_of(*choices: str) -> Rule:
    """Return the rule that a value is one of ``choices``."""

    def rule(value: object) -> str:
        if value in choices:
            return ""
        meant = next((choice for choice in choices if str(value).strip().lower() == choice.lower()), None)
        return f"should be {' or '.join(choice for choice in choices if choice)}" + (f": {meant}" if meant else "")

    return rule


def between(low: int, high: int, *others: int) -> Rule:
    """Return the rule that a number is from ``low`` to ``high``, or one of ``others``."""

    def rule(value: object) -> str:
        number = int(str(value))
        if low <= number <= high or number in others:
            return ""
        also = "".join(f"{other} or " for other in others)
        return f"should be {also}from {low} to {high}"

    return rule


def each(rule: Rule) -> Rule:
    """Return the rule that ``rule`` holds for each value of a list; the message says for which it does not."""

    def rule_of_all(items: object) -> str:
        for place, item in enumerate(items if isinstance(items, list) else [items]):
            message = rule(item)
            if message:
                return f"number {place + 1} {message}"
        return ""

    return rule_of_all


def ipv4(value: object) -> str:
    """Hold a value against an IPv4 address: the installer takes no other anywhere."""
    return values.ipv4(str(value))


def host_address(value: object) -> str:
    """Hold a value against an IPv4 address that a machine can have: the installer takes 0.0.0.0 too."""
    return values.host_address(str(value))


def netmask(value: object) -> str:
    return values.netmask(str(value))


def mac(value: object) -> str:
    """Hold a value against a MAC address as Go's net.ParseMAC takes it, with six bytes."""
    text = str(value)
    found = parse_mac(text)
    if found is None:
        return values.mac(text)
    # Twelve digits without anything in between are no MAC address to Go.
    return "" if re.search(r"[:.-]", text) else f"should be {found}"


def network(value: object) -> str:
    return values.route_destination(str(value))


def path(value: object) -> str:
    return "" if _PATH.fullmatch(str(value)) else "should be an absolute path"


def device(value: object) -> str:
    text = str(value)
    if text.startswith("/dev/") and _PATH.fullmatch(text):
        return ""
    return "should be the path of a disk, as in /dev/disk/by-id/nvme-eui.0025388b01234567 or /dev/nvme0n1"


def state_path(value: object) -> str:
    """Hold a value against a path that is to survive a reboot."""
    text = str(value)
    if text == "/tmp" or text.startswith("/tmp/"):
        return "should be elsewhere than in /tmp"
    return path(text)


def token(value: object) -> str:
    """Hold a value against the characters of a token: printable ASCII, as OWASP lists it for passwords."""
    return "" if _TOKEN.fullmatch(str(value)) else "should be letters, digits and other printable ASCII characters"


def hostname(value: object) -> str:
    """Hold a value against an RFC 1123 subdomain in lower case, which becomes the node's name."""
    text = str(value)
    if len(text) <= 253 and _HOSTNAME.fullmatch(text):
        return ""
    lower = text.lower()
    better = f": {lower}" if lower != text and _HOSTNAME.fullmatch(lower) else ""
    return f"should be a host name of lower-case letters, digits, dashes and dots{better}"


def host(value: object) -> str:
    """Hold a value against the name or IPv4 address of a server."""
    text = str(value)
    return "" if not values.ipv4(text) or is_hostname(text) else "should be a host name or an IPv4 address"


def ssh_key(value: object) -> str:
    """Hold a value against a line of authorized_keys, or ``github:USER``."""
    text = str(value).strip()
    if "PRIVATE KEY" in text:
        return "is a private key; should be the public one"
    if re.fullmatch(r"github:[A-Za-z0-9-]+", text) or (_KEY_TYPE.search(f"{text} ") and "\n" not in text):
        return ""
    return "should be a public key, as in ssh-ed25519 AAAA..., or github:USER"


def password(value: object) -> str:
    """Hold a value against a password in clear, or one that was hashed in a way that Harvester checks."""
    text = str(value)
    if not text:
        return "should not be empty"
    if _HASH.match(text):
        return "" if text.count("$") >= 3 and not text.endswith("$") else "should be a whole hash: this one is cut off"
    if _OTHER_HASH.match(text):
        return "is hashed in a way that Harvester does not know: should be SHA-512, as of openssl passwd -6"
    return ""


def is_hashed(text: str) -> bool:
    """Return whether a password is given as a hash that Harvester checks."""
    return _HASH.match(text) is not None


def permissions(value: object) -> str:
    return "" if _MODE.fullmatch(str(value)) else "should be octal digits in quotes, as in '0644'"


def size(value: object) -> str:
    """Hold a value against the size of the partition COS_PERSISTENT."""
    found = _SIZE.fullmatch(str(value))
    if found is None:
        return f"should be a size in Gi or Mi, as in {MIN_PERSISTENT_GI}Gi"
    mebibytes = int(found[1]) * (1024 if found[2] == "Gi" else 1)
    return "" if mebibytes >= MIN_PERSISTENT_GI * 1024 else f"should be at least {MIN_PERSISTENT_GI}Gi"


def iso_url(value: object) -> str:
    """Hold a value against a URL that the installer downloads from; ``local`` is told by the version."""
    return "" if value == "local" else _url(str(value), ISO_SCHEMES)


def server_url(value: object) -> str:
    """Hold a value against the URL of a cluster: HTTPS, an IPv4 address or a name, any port, no path."""
    text = str(value)
    message = _url(text, ("https",))
    if message:
        return f"{message}, as in https://10.10.0.10:443"
    parts = urlsplit(text)
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        return f"should have no path: https://{parts.netloc}"
    return host(parts.hostname or "") and "should name a host by its IPv4 address or its name"


def label_name(name: str) -> str:
    """Hold a name against that of a Kubernetes label: ``name`` or ``domain/name``."""
    if is_label_name(name):
        return ""
    return "is no name of a label: letters, digits, dashes, underscores and dots, after DOMAIN/ where it has one"


def label_value(value: object) -> str:
    # The installer makes these words of truth values.
    if is_label_value(str(value).lower() if isinstance(value, bool) else str(value)):
        return ""
    return "should be at most 63 letters, digits, dashes, underscores and dots, with a letter or digit at both ends"


def inside(address: str, within: str) -> bool:
    """Return whether an IPv4 address is in a network, both well formed."""
    return IPv4Network(address).subnet_of(IPv4Network(within, strict=False))


def _url(text: str, schemes: tuple[str, ...]) -> str:
    form = f"should be a URL that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}"
    if not text.isascii() or not text.isprintable() or " " in text:
        return form
    try:
        parts = urlsplit(text)
        named, port = parts.hostname, parts.port
    except ValueError as error:
        return f"{form}: {error}"
    if parts.scheme not in schemes or not named or port == 0:
        return form
    return ""
