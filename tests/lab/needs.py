# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host must have for the lab: programs and files, as `tools.missing` and `require` take them."""

from __future__ import annotations

from programs.known import DEBIAN_INSTALLER, KUBE_SCRIPT

NETWORK = ("root", "ip", "nsenter", "sysctl", "curl", "dnsmasq")
ARTIFACTS = (
    *("apt-get", "busybox", "dpkg-deb", "grub-mkimage", "mcopy", "mkfs.vfat"),
    "/usr/lib/grub/i386-pc/boot.img",
)
MACHINES = (
    *("qemu-system-x86_64", "/boot/ipxe.efi", "/usr/lib/ipxe/snponly.efi", "/usr/lib/ipxe/undionly.kpxe"),
    "/usr/share/OVMF/OVMF_CODE_4M.fd",
    *("/usr/share/OVMF/OVMF_CODE_4M.secboot.fd", "/usr/share/OVMF/OVMF_VARS_4M.ms.fd"),
)
ARM64 = ("qemu-system-aarch64", "/usr/share/AAVMF/AAVMF_CODE.fd", "apt-get", "dpkg-deb")
DEBIAN = (f"{DEBIAN_INSTALLER}/linux", f"{DEBIAN_INSTALLER}/initrd.gz")
ALL = NETWORK + ARTIFACTS + MACHINES
CLUSTER = (
    *(
        KUBE_SCRIPT,
        "root",
        "ip",
        "nsenter",
        "sysctl",
        "containerd",
        "ctr",
        "runc",
        "iptables",
        "conntrack",
        "/usr/lib/cni/bridge",
    ),
    *("etcd", "kubectl", "openssl", "zstd"),
)
IMAGE = ("buildah", "mmdebstrap", "/boot/ipxe.efi", "/usr/lib/ipxe/snponly.efi", "/usr/lib/ipxe/undionly.kpxe")
