# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Values as words of GRUB's configuration language, and URLs as its file names. Pure.

Between single quotes nothing has a meaning to GRUB but the next single quote (GRUB's manual, "Quoting"), so a word in
single quotes is one word whatever stands in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from ..decisions.events import Via
from ..hardware.mac import dashed
from ..process.settings import Settings
from .names import OF_CPU

IMAGES = "images"  # below which bootd has images, by HTTP and by TFTP


def quoted(word: str) -> str:
    """Return ``word`` as one word of GRUB's language."""
    return "'" + word.replace("'", "'\\''") + "'"


@dataclass(frozen=True, slots=True)
class Files:
    """How a GRUB that was given its configuration ``via`` TFTP or HTTP names the files of the machine with ``mac``.

    Whether it has a module for HTTP shows where it has asked by HTTP, and is not known where it has asked by TFTP.
    """

    mac: str
    via: Via
    address: str
    http_base: str

    @classmethod
    def of(cls, mac: str, via: Via, settings: Settings) -> Files:
        """Return the names for this daemon."""
        return cls(mac, via, settings.address, settings.http_base)

    def own(self, path: str) -> str:
        """Return the name of what bootd has of this machine at ``path``."""
        if self.via == "http":
            return f"(http,{urlsplit(self.http_base).netloc})/{dashed(self.mac)}/{path}"
        return f"(tftp,{self.address})/{dashed(self.mac)}/{path}"

    @property
    def again(self) -> str:
        """Return, as a word of GRUB's language, the name by which it asks again, and says its own processor."""
        return quoted(self.own(OF_CPU)) + '"$grub_cpu"'

    def report(self, query: str) -> str:
        """Return the name whose fetching tells bootd the query ``query``."""
        return self.own(f"phone-home?{query}")

    def at(self, url: str) -> str:
        """Return the name of ``url``; images of bootd's own come the way that this GRUB certainly has."""
        images = f"{self.http_base}/{IMAGES}/"
        if self.via == "tftp" and url.startswith(images):
            return self.own(f"{IMAGES}/{unquote(url.removeprefix(images))}")
        parts = urlsplit(url)
        query = f"?{parts.query}" if parts.query else ""
        return f"({parts.scheme},{parts.netloc}){parts.path or '/'}{query}"

    def far(self, urls: Iterable[str]) -> str:
        """Return the first of ``urls`` that needs a module for HTTP, "" for none, or where this GRUB has one."""
        return next((url for url in urls if self.via == "tftp" and self.at(url).startswith("(http,")), "")


def as_form(query: str) -> str:
    """Return the ``query`` of a report that GRUB made, as a form has it.

    GRUB writes what firmware says as it is: a plus is none of a form's spaces.
    """
    return query.replace("+", "%2B")
