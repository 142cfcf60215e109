# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a Debian preseed file may be shown: answers to questions that are known to be harmless, and no more. Pure.

Its lines are OWNER QUESTION TYPE VALUE, see "Creating a preconfiguration file" in appendix B of Debian's installation
guide.
"""

from __future__ import annotations

import re

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.problem import ABSENT
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.secret_fields import word_for
from ansible_collections.baremetal.netboot.plugins.module_utils._harvester.visible import harmless

_LINE = re.compile(
    r"(?P<owner>[a-z0-9][a-z0-9+.-]*)\s+(?P<question>[\w.+:-]+(?:/[\w.+:-]+)+)\s+"
    r"(?P<kind>string|boolean|select|multiselect|note|text|password|error|title)(?:\s+(?P<value>.*))?"
)
_CHOICES = ("boolean", "select", "multiselect")  # from what the installer offers
_HARMLESS = re.compile(
    r"(?:netcfg|debian-installer|localechooser|keyboard-configuration|clock-setup|time|mirror|partman[\w-]*|pkgsel|tasksel"
    r"|apt-setup|grub-installer|finish-install|popularity-contest)/"
    r"|passwd/(?:username|user-fullname|user-uid|user-default-groups)$"
)
_TELLING = re.compile(r"password|passphrase|crypt|secret|token|wireless|command|opts|cmdline|key$")
_COMMENT = re.compile(r"\s*(?:#.*)?")


def visible(text: str, before: str = "") -> str | None:
    """Return ``text`` with words for what may be secret, without comments; None where it is no preseed file.

    ``before`` is an earlier state of it. A secret that was another one before says so.
    """
    answers = _answers(text)
    if not answers:
        return None
    earlier = {(found["owner"], found["question"]): found["value"] for found in _answers(before) or ()}
    return "".join(
        f"{found['owner']} {found['question']} {found['kind']} "
        f"{_shown(found, earlier.get((found['owner'], found['question']), ABSENT))}\n"
        for found in answers
    )


def _answers(text: str) -> list[re.Match[str]] | None:
    """Return the lines of a preseed file; None where one is no such line."""
    lines = text.replace("\\\r\n", " ").replace("\\\n", " ").splitlines()
    found = [_LINE.fullmatch(line.strip()) for line in lines if not _COMMENT.fullmatch(line)]
    answers = [line for line in found if line is not None]
    return answers if len(answers) == len(found) else None


def _shown(found: re.Match[str], before: object) -> str:
    value, question = found["value"] or "", found["question"]
    known = found["kind"] in _CHOICES or (found["kind"] != "password" and _HARMLESS.match(question) is not None)
    if known and not _TELLING.search(question) and harmless(value):
        return value
    return word_for(found["value"], before)
