# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs and files that tests and the lab use, and the Debian packages they come from."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

# Where Debian's package has the kernel and the initrd of its installer.
DEBIAN_INSTALLER = "/usr/lib/debian-installer/images/12/amd64/text/debian-installer/amd64"
# Tool, or absolute path of a file -> Debian package. Each package stands in a tests/packages-*.txt.
PACKAGES = {
    "7z": "p7zip-full",
    "apt-get": "apt",
    "atftp": "atftp",
    "buildah": "buildah",
    "bash": "bash",
    "bsdtar": "libarchive-tools",
    "busybox": "busybox-static",
    "chromium": "chromium",
    "conntrack": "conntrack",
    "containerd": "containerd",
    "ctr": "containerd",
    "curl": "curl",
    "dhclient": "isc-dhcp-client",
    "dhcpcd": "dhcpcd-base",
    "dhcrelay": "isc-dhcp-relay",
    "dnsmasq": "dnsmasq-base",
    "dpkg-deb": "dpkg",
    "etcd": "etcd-server",
    "git": "git",
    "grub-mkimage": "grub-common",
    "grub-script-check": "grub-common",
    "ip": "iproute2",
    "ipmi_sim": "openipmi",
    "ipmitool": "ipmitool",
    "iptables": "iptables",
    "kubectl": "kubernetes-client",
    "logger": "bsdutils",
    "mcopy": "mtools",
    "mkfs.vfat": "dosfstools",
    "mmdebstrap": "mmdebstrap",
    "nginx": "nginx-light",
    "nsenter": "util-linux",
    "openssl": "openssl",
    "promtool": "prometheus",
    "qemu-system-aarch64": "qemu-system-arm",
    "qemu-system-x86_64": "qemu-system-x86",
    "rdisc6": "ndisc6",
    "runc": "runc",
    "setpriv": "util-linux",
    "shellcheck": "shellcheck",
    "ss": "iproute2",
    "sysctl": "procps",
    "systemd-analyze": "systemd",
    "tcpdump": "tcpdump",
    "tftp": "tftp-hpa",
    "udhcpc": "udhcpc",
    "unshare": "util-linux",
    "xorriso": "xorriso",
    "zstd": "zstd",
    "/boot/ipxe.efi": "ipxe",
    "/usr/lib/cni/bridge": "containernetworking-plugins",
    f"{DEBIAN_INSTALLER}/initrd.gz": "debian-installer-12-netboot-amd64",
    f"{DEBIAN_INSTALLER}/linux": "debian-installer-12-netboot-amd64",
    "/usr/lib/grub/i386-pc/boot.img": "grub-pc-bin",
    "/usr/lib/ipxe/snponly.efi": "ipxe",
    "/usr/lib/ipxe/undionly.kpxe": "ipxe",
    "/usr/share/AAVMF/AAVMF_CODE.fd": "qemu-efi-aarch64",
    "/usr/share/OVMF/OVMF_CODE_4M.fd": "ovmf",
    "/usr/share/OVMF/OVMF_CODE_4M.secboot.fd": "ovmf",
    "/usr/share/OVMF/OVMF_VARS_4M.ms.fd": "ovmf",
}
# The environment variable with the script that starts Kubernetes.
KUBE_SCRIPT = "KUBE_FOR_TESTS"


def missing(*needs: str) -> list[str]:
    """Return one sentence for each need the machine does not meet: ``"root"``, `KUBE_SCRIPT`, a tool, or a file."""
    sentences = []
    for need in needs:
        if need == "root":
            if os.geteuid() != 0:
                sentences.append("must run as root")
        elif need == KUBE_SCRIPT:
            if not os.access(os.environ.get(KUBE_SCRIPT, ""), os.X_OK):
                sentences.append(
                    f"no Kubernetes node: set {KUBE_SCRIPT} to a script that starts one (tests/lab/cluster.py)"
                )
        elif need.startswith("/"):
            if not Path(need).exists():
                sentences.append(f"no {need}: apt-get install {PACKAGES[need]}")
        elif shutil.which(need) is None:
            sentences.append(f"no {need}: apt-get install {PACKAGES[need]}")
    return sentences
