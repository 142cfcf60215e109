# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine in QEMU, plugged into the lab's switch, that tries the network first and its disk second at every boot."""

from __future__ import annotations

import shutil
import subprocess
import uuid
from pathlib import Path

from .accelerator import EMULATION, accelerator
from .console import without_control_sequences
from .https_trust import signature_list
from .network import BRIDGE, Lab
from .variables import emptied, network_first

FIRMWARES = ("uefi", "bios")
ARCHITECTURES = ("amd64", "arm64")
CODE = {"amd64": Path("/usr/share/OVMF/OVMF_CODE_4M.fd"), "arm64": Path("/usr/share/AAVMF/AAVMF_CODE.fd")}
VARIABLES = {"amd64": Path("/usr/share/OVMF/OVMF_VARS_4M.fd"), "arm64": Path("/usr/share/AAVMF/AAVMF_VARS.ms.fd")}
# With Secure Boot on, and the keys that machines are sold with: Microsoft's.
SECURE_CODE = Path("/usr/share/OVMF/OVMF_CODE_4M.secboot.fd")
SECURE_VARIABLES = Path("/usr/share/OVMF/OVMF_VARS_4M.ms.fd")
NETWORK_SLOT = 3  # of the PCI bus
DISK_SIZE = 1 << 30  # bytes; the file is sparse


class Machine:
    """One machine; its disk and its firmware's variables last from power-on to power-on."""

    def __init__(
        self,
        lab: Lab,
        directory: Path,
        name: str,
        mac: str,
        firmware: str = "uefi",
        *,
        arch: str = "amd64",
        http: bool = False,
        secure_boot: bool = False,
        trusted: Path | None = None,
        rom: Path | None = None,
        unplugged: str = "",
        memory: int = 512,
    ) -> None:
        """Put the machine together, off. ``directory`` takes its files; ``memory`` in MiB.

        With ``http`` its UEFI firmware boots by HTTP instead of PXE, and over HTTPS from who has a certificate of the
        authority whose own is the PEM file ``trusted``. With ``secure_boot`` it starts only what has a signature that
        Microsoft's keys vouch for. ``arch`` is "arm64" for a 64-bit ARM machine, which has UEFI only. ``rom`` is the
        network card's where firmware is a BIOS, by default QEMU's. ``unplugged`` is the MAC address of a card without a
        cable, which a BIOS tries first.
        """
        if arch not in ARCHITECTURES:
            raise ValueError(f"arch {arch!r}: one of {', '.join(ARCHITECTURES)}")
        if arch == "arm64" and (firmware != "uefi" or secure_boot):
            raise ValueError("the machine of arm64 has UEFI, and no Secure Boot")
        if firmware not in FIRMWARES:
            raise ValueError(f"firmware {firmware!r}: one of {', '.join(FIRMWARES)}")
        if secure_boot and firmware != "uefi":
            raise ValueError(f"firmware {firmware!r} knows no Secure Boot")
        self.arch, self._secure_boot = arch, secure_boot
        self.name, self.mac, self.firmware, self.memory = name, mac, firmware, memory
        self.serial = directory / f"{name}.serial.log"
        self._errors = directory / f"{name}.qemu.log"
        self._disk = directory / f"{name}.disk"
        self._variables = directory / f"{name}.variables"
        self._lab, self._rom, self._unplugged = lab, rom, unplugged
        self._authorities = directory / f"{name}.authorities" if trusted else None
        if trusted and self._authorities:
            self._authorities.write_bytes(signature_list(trusted.read_text()))
        # Interface names hold 15 characters, machine names may be longer.
        self.tap = lab.tap("tap" + mac.replace(":", ""))
        self._process: subprocess.Popen[bytes] | None = None
        with self._disk.open("wb") as disk:
            disk.truncate(DISK_SIZE)
        if firmware == "uefi":
            store = SECURE_VARIABLES.read_bytes() if secure_boot else emptied(VARIABLES[arch].read_bytes())
            self._variables.write_bytes(network_first(store, mac, NETWORK_SLOT, http=http))

    def write_disk(self, image: Path) -> None:
        """Copy ``image`` to the beginning of the disk, as an installer does."""
        with image.open("rb") as source, self._disk.open("r+b") as disk:
            shutil.copyfileobj(source, disk)

    def power_on(self) -> None:
        """Start the machine; its serial port's log begins anew."""
        self.serial.unlink(missing_ok=True)
        with self._errors.open("wb") as errors:
            self._process = self._lab.popen(BRIDGE, self._qemu(), stdout=errors, stderr=errors)

    def command(self) -> list[str]:
        """The command by which somebody else switches the machine on; to end it is to cut the power."""
        return self._lab.command(BRIDGE, self._qemu())

    def power_off(self) -> None:
        """Cut the power."""
        self._process.kill()
        self._process.wait()

    def wait(self, timeout: float) -> bool:
        """Whether the machine has powered off within ``timeout`` seconds."""
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return False
        return True

    @property
    def is_on(self) -> bool:
        """Whether the machine runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def console(self) -> str:
        """All that came out of the serial port since power-on, as text alone."""
        return without_control_sequences(self.serial.read_text(errors="replace")) if self.serial.exists() else ""

    def _qemu(self) -> list[str]:
        argv = [*self._board(), "-name", self.name, "-uuid", str(uuid.uuid5(uuid.NAMESPACE_OID, self.mac))]
        argv += ["-m", str(self.memory), "-smbios", f"type=1,serial={self.name}"]
        argv += ["-nodefaults", "-display", "none", "-serial", f"file:{self.serial}"]
        argv += ["-netdev", f"tap,id=network,ifname={self.tap},script=no,downscript=no"]
        argv += ["-blockdev", f"driver=raw,node-name=disk,file.driver=file,file.filename={self._disk}"]
        argv += ["-device", self._disk_controller()]
        argv += ["-device", self._network_card()]
        if self._unplugged:
            argv += ["-device", f"virtio-net-pci,mac={self._unplugged},addr={NETWORK_SLOT + 1},bootindex=0"]
        return argv + (self._uefi() if self.firmware == "uefi" else self._bios())

    def _board(self) -> list[str]:
        """QEMU for the architecture: a PC, or its board for ARM with the processor that is quickest to emulate."""
        if self.arch == "amd64":
            return ["qemu-system-x86_64", "-accel", accelerator()]
        # Emulated whatever the host is: accelerator() tries a PC.
        return ["qemu-system-aarch64", "-accel", EMULATION, "-machine", "virt", "-cpu", "cortex-a57"]

    def _network_card(self) -> str:
        """For UEFI without a ROM, so that firmware's own PXE client runs; for BIOS QEMU's ROM, which is iPXE."""
        card = f"virtio-net-pci,netdev=network,mac={self.mac},addr={NETWORK_SLOT}"
        if self.firmware == "uefi":
            return f"{card},romfile="
        # Only in a ROM of its own choice QEMU writes the number of the older kind of card that it is by default.
        return f"{card},bootindex=1" + (f",disable-legacy=on,romfile={self._rom}" if self._rom else "")

    def _disk_controller(self) -> str:
        """Where the HOWTO's machine has its disk: /dev/nvme0n1."""
        controller = f"nvme,drive=disk,serial={self.name}"
        return controller if self.firmware == "uefi" else f"{controller},bootindex=2"

    def _uefi(self) -> list[str]:
        """edk2; its boot order stands in its variables, which with Secure Boot nobody may write but firmware itself."""
        code = SECURE_CODE if self._secure_boot else CODE[self.arch]
        argv = ["-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={code}"]
        if self._authorities:
            argv += ["-fw_cfg", f"name=etc/edk2/https/cacerts,file={self._authorities}"]
        if self._secure_boot:
            argv += ["-machine", "q35,smm=on", "-global", "driver=cfi.pflash01,property=secure,value=on"]
        return argv + ["-drive", f"if=pflash,unit=1,format=raw,file={self._variables}"]

    def _bios(self) -> list[str]:
        """SeaBIOS, which shows its screen on the serial port."""
        return ["-machine", "graphics=off"]
