# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which chain a boot program begins, by its name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.decisions.boot_chains import Kind, chain_of


@pytest.mark.parametrize(
    ("name", "chain"),
    [
        # rhboot/shim, Make.defaults: DEFAULT_LOADER := \\\\grub$(ARCH_SUFFIX).efi
        ("shimx64.efi", [(Kind.SHIM, "shimx64.efi"), (Kind.GRUB, "grubx64.efi")]),
        ("shimaa64.efi", [(Kind.SHIM, "shimaa64.efi"), (Kind.GRUB, "grubaa64.efi")]),
        ("debian/SHIMX64.EFI", [(Kind.SHIM, "debian/SHIMX64.EFI"), (Kind.GRUB, "debian/grubx64.efi")]),
        # SUSE's shim.spec: DEFAULT_LOADER="\\\\\\\\grub.efi"
        ("sle/shim.efi", [(Kind.SHIM, "sle/shim.efi"), (Kind.GRUB, "sle/grub.efi")]),
        # https://ipxe.org/appnote/secureboot
        ("snponly-shimx64.efi", [(Kind.SHIM, "snponly-shimx64.efi"), (Kind.IPXE, "snponly.efi")]),
        ("ipxe-shimaa64.efi", [(Kind.SHIM, "ipxe-shimaa64.efi"), (Kind.IPXE, "ipxe.efi")]),
        ("grubnetx64.efi", [(Kind.GRUB, "grubnetx64.efi")]),
        ("snponly.efi", [(Kind.IPXE, "snponly.efi")]),
        ("undionly.kpxe", [(Kind.IPXE, "undionly.kpxe")]),
        ("myshimx64.efi", [(Kind.IPXE, "myshimx64.efi")]),
    ],
)
def test_chain_of(name, chain):
    assert [(link.kind, link.file) for link in chain_of(name)] == chain


@given(st.text(st.sampled_from("shimgrub-x64aa.ef/ \n"), max_size=24) | st.text(max_size=24))
def test_chain_of_ends(name):
    assert len(list(chain_of(name))) <= 3
