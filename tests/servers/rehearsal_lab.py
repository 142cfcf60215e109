# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A switch with bootd, and a host beside it that rehearses: by the module itself, as Ansible runs it."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from integration.daemon.running import ADDRESS, ROOT, Bootd
from lab.network import Lab

NODE, BESIDE = "node", "beside"
URL = f"http://{ADDRESS}:7080"
MODULE = "ansible_collections.baremetal.netboot.plugins.modules.rehearse"
MAC = "58:47:ca:71:d8:{:02x}"
_PE = 0x80  # where the PE header is put


def efi_program(machine: int, size: int = 4096) -> bytes:
    """Return what begins as a UEFI program for ``machine``, as the PE header numbers them."""
    content = bytearray(size)
    content[:2], content[0x3C:0x40] = b"MZ", _PE.to_bytes(4, "little")
    content[_PE : _PE + 6] = b"PE\0\0" + machine.to_bytes(2, "little")
    return bytes(content)


def x86_kernel(size: int = 8192) -> bytes:
    """Return what begins as a Linux kernel for x86 with an EFI stub."""
    content = bytearray(efi_program(0x8664, size))
    content[0x1FE:0x208] = b"\x55\xaa\xeb\x66HdrS\x0f\x02"
    return bytes(content)


def arm64_kernel(size: int = 8192) -> bytes:
    """Return what begins as a Linux kernel for arm64 with an EFI stub."""
    content = bytearray(efi_program(0xAA64, size))
    content[56:60] = b"ARM\x64"
    return bytes(content)


INITRD = gzip.compress(b"070701 of a test" * 200, mtime=0)
KERNEL_SHA256 = f"sha256:{hashlib.sha256(x86_kernel()).hexdigest()}"
PROGRAMS = {
    "undionly.kpxe": b"\xeb\x3e" + bytes(4000),
    "snponly.efi": efi_program(0x8664, 60_000),
    "ipxe-arm64.efi": efi_program(0xAA64, 60_000),
    "shimx64.efi": efi_program(0x8664),
    "grubx64.efi": efi_program(0x8664),
}
HARVESTER = "v1.8.2/harvester-v1.8.2-{}"
IMAGES = {
    "vmlinuz": x86_kernel(),
    "initrd.img": INITRD,
    "linux-arm64": arm64_kernel(),
    HARVESTER.format("vmlinuz-amd64"): x86_kernel(),
    HARVESTER.format("initrd-amd64"): INITRD,
    HARVESTER.format("rootfs-amd64.squashfs"): b"hsqs of a test",
    HARVESTER.format("amd64.iso"): b"an image of a test",
}


def hardware(
    number: int, *, dhcp: Mapping[str, Any] | None = None, netboot: Mapping[str, Any] | None = None, **spec: Any
) -> dict[str, Any]:
    """Return the Hardware object of the machine ``number``, with more fields of its interface and of its ``spec``."""
    name = f"um790-{number}"
    address = {"address": f"10.10.{number // 200}.{20 + number % 200 + 1}", "netmask": "255.255.0.0"}
    card = {
        "mac": MAC.format(number),
        "arch": "x86_64",
        "uefi": True,
        "hostname": name,
        "ip": {**address, "gateway": "10.10.0.1"},
        "name_servers": ["10.10.0.53"],
    }
    osie = {"baseURL": f"{URL}/images", "kernel": "vmlinuz", "initrd": "initrd.img", "kernelParams": ["console=ttyS0"]}
    boots = {"allowPXE": True, "osie": osie, **(netboot or {})}
    annotations = spec.pop("annotations", None)
    meta = {"name": name, "namespace": "default", **({"annotations": annotations} if annotations else {})}
    return {
        "apiVersion": "tinkerbell.org/v1alpha1",
        "kind": "Hardware",
        "metadata": meta,
        "spec": {"interfaces": [{"dhcp": {**card, **(dhcp or {})}, "netboot": boots}], **spec},
    }


def harvester(number: int, **more: Any) -> dict[str, Any]:
    """Return the Hardware object of the machine ``number`` that installs Harvester."""
    system = {"distro": "harvester", "version": "v1.8.2"}
    metadata = {"facility": {"facility_code": "onprem"}, "instance": {"operating_system": system}}
    netboot = {"allowPXE": True, "osie": {"baseURL": f"{URL}/images"}}
    document = hardware(number, metadata=metadata, disks=[{"device": "/dev/sda"}], **more)
    document["spec"]["interfaces"][0]["netboot"] = netboot
    return document


class RehearsalLab:
    """The lab; ``images`` is the directory that bootd serves below /images."""

    def __init__(self, lab: Lab, directory: Path, flags: tuple[str, ...]) -> None:
        self.lab, self.images = lab, directory / "images"
        lab.host(NODE, f"{ADDRESS}/16")
        lab.host(BESIDE, "10.10.250.9/16")
        self.configurations = directory / "configurations"
        self.images.mkdir()
        self.configurations.mkdir(mode=0o700)
        more = (
            "--config-dir",
            str(self.configurations),
            "--image-dir",
            str(self.images),
            "--router-advertisements",
            "no",
            *flags,
        )
        self.bootd = Bootd(lab, NODE, directory, more=more)
        self.restore()

    def configure(self, name: str, text: str) -> None:
        """Keep ``text`` as the configuration of the machine ``name``."""
        file = self.configurations / f"{name}.yaml"
        file.write_text(text)
        file.chmod(0o600)

    def restore(self) -> None:
        """Put every file in its place."""
        for name, content in PROGRAMS.items():
            (self.bootd.boot_files / name).write_bytes(content)
        for name, content in IMAGES.items():
            (self.images / name).parent.mkdir(exist_ok=True)
            (self.images / name).write_bytes(content)

    def keep(self, *documents: Mapping[str, Any]) -> None:
        """Make ``documents`` all that bootd knows, before it is started or while it runs."""
        # JSON is YAML too; one file, so that it is one change.
        text = "\n---\n".join(map(json.dumps, documents))
        new = self.bootd.manifests / "hardware.yaml.new"
        new.write_text(text)
        new.rename(self.bootd.manifests / "hardware.yaml")

    def rehearse(self, *machines: Mapping[str, Any], host: str = BESIDE, **arguments: Any) -> dict[str, Any]:
        """Return the result of the module on ``host``."""
        return rehearse(self.lab, host, self.bootd.directory, machines, **arguments)


def rehearse(
    lab: Lab, host: str, directory: Path, machines: Sequence[Mapping[str, Any]], **arguments: Any
) -> dict[str, Any]:
    """Return the result of the module on ``host`` of ``lab``; its arguments are put into ``directory``."""
    given = {"machines": machines, "url": URL, "interface": "eth0", "timeout": 0.5, "fail": False, **arguments}
    environment = os.environ | {"PYTHONPATH": str(ROOT / "build/link")}
    file = directory / "arguments.json"
    file.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": given}))
    done = lab.run(host, [sys.executable, "-m", MODULE, str(file)], env=environment, check=False)
    try:
        found: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        raise AssertionError(f"the module broke:\n{done.stdout}\n{done.stderr}") from None
    return found


@contextmanager
def rehearsal_lab(directory: Path, *flags: str) -> Iterator[RehearsalLab]:
    """Make the lab; bootd is not started yet."""
    with Lab() as lab:
        yield RehearsalLab(lab, directory, flags)
