# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which chain a boot program begins, by its name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.decisions.boot_chains import ProgramKind, chain_of, in_words


@pytest.mark.parametrize(
    ("name", "chain"),
    [
        # rhboot/shim, Make.defaults: DEFAULT_LOADER := \\\\grub$(ARCH_SUFFIX).efi
        ("shimx64.efi", [(ProgramKind.SHIM, "shimx64.efi"), (ProgramKind.GRUB, "grubx64.efi")]),
        ("shimaa64.efi", [(ProgramKind.SHIM, "shimaa64.efi"), (ProgramKind.GRUB, "grubaa64.efi")]),
        ("debian/SHIMX64.EFI", [(ProgramKind.SHIM, "debian/SHIMX64.EFI"), (ProgramKind.GRUB, "debian/grubx64.efi")]),
        # SUSE's shim.spec: DEFAULT_LOADER="\\\\\\\\grub.efi"
        ("sle/shim.efi", [(ProgramKind.SHIM, "sle/shim.efi"), (ProgramKind.GRUB, "sle/grub.efi")]),
        # https://ipxe.org/appnote/secureboot
        ("snponly-shimx64.efi", [(ProgramKind.SHIM, "snponly-shimx64.efi"), (ProgramKind.IPXE, "snponly.efi")]),
        ("ipxe-shimaa64.efi", [(ProgramKind.SHIM, "ipxe-shimaa64.efi"), (ProgramKind.IPXE, "ipxe.efi")]),
        ("grubnetx64.efi", [(ProgramKind.GRUB, "grubnetx64.efi")]),
        ("snponly.efi", [(ProgramKind.IPXE, "snponly.efi")]),
        ("undionly.kpxe", [(ProgramKind.IPXE, "undionly.kpxe")]),
        ("myshimx64.efi", [(ProgramKind.IPXE, "myshimx64.efi")]),
    ],
)
def test_chain_of(name, chain):
    assert [(link.kind, link.file) for link in chain_of(name)] == chain


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("snponly.efi", "snponly.efi"),
        ("grubnetx64.efi", "grubnetx64.efi (GRUB), which asks for its configuration"),
        ("shimx64.efi", "shimx64.efi (shim), which starts grubx64.efi (GRUB), which asks for its configuration"),
        ("ipxe-shimx64.efi", "ipxe-shimx64.efi (shim), which starts ipxe.efi (iPXE), which asks for its script"),
    ],
)
def test_in_words(name, words):
    assert in_words(name) == words


@given(st.text(st.sampled_from("shimgrub-x64aa.ef/ \n"), max_size=24) | st.text(max_size=24))
def test_chain_of_ends(name):
    assert len(list(chain_of(name))) <= 3
    assert in_words(name).startswith(name)
