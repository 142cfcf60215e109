# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What GRUB can't load or can't hand on, of what iPXE can. Pure.

GRUB has modules for HTTP and TFTP and none for anything else. What it makes of the words of its ``linux`` command is
grub_create_loader_cmdline of its lib/cmdline.c: a word with a space is put between double quotes, and quotes and
backslashes get a backslash before them, which the kernel takes for a part of the value.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from ..installers.kernel_boot import KernelBoot

SCHEMES = ("http", "tftp")


def obstacle(boots: KernelBoot) -> str:
    """Return why GRUB can't boot ``boots``, "" where it can; no value is repeated."""
    for what, url in (("the kernel", boots.kernel), *((f"the initrd {item.name}", item.url) for item in boots.initrds)):
        scheme = urlsplit(url).scheme
        if scheme not in SCHEMES:
            return f"{what} is at a URL of {scheme}, and GRUB loads by http and tftp only"
    for argument in boots.arguments:
        if kernel_word(argument) is None:
            return f"GRUB would change the quotes or backslashes of the kernel argument {argument.partition('=')[0]}"
    return ""


def kernel_word(argument: str) -> str | None:
    """Return the word of GRUB's ``linux`` command that the kernel is to read as ``argument``, None where there is none.

    ``key="a b"`` and ``"key=a b"`` are one to the kernel (next_arg of its lib/cmdline.c), and GRUB writes the second.
    """
    key, equals, value = argument.partition("=")
    word = argument
    if len(argument) > 1 and argument[0] == argument[-1] == '"':
        word = argument[1:-1]
    elif equals and len(value) > 1 and value[0] == value[-1] == '"':
        word = f"{key}={value[1:-1]}"
    return None if set(word) & set("\"'\\") else word
