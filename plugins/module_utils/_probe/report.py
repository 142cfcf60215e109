# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The answers of all servers put in order for people, and what is wrong with them. Pure.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._clients.answers import Answer
from ansible_collections.baremetal.netboot.plugins.module_utils._clients.kinds import KINDS
from ansible_collections.baremetal.netboot.plugins.module_utils._probe.advice import (
    as_text,
    leave_alone,
    say_nothing_of_booting,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._probe.what_a_machine_does import (
    Verdict,
    says_what_to_boot,
    what_a_machine_does,
)

ANY, NONE, ONLY, ADDRESSES = "any", "none", "only", "addresses"
EXPECTATIONS = (ANY, NONE, ONLY, ADDRESSES)
_SHOWN_MACS = 3
_PROXY = "Or run bootd with bootd_dhcp_mode proxy, beside which a server that gives addresses may stay as it is"

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """One question and all answers to it, with what the machine does with them."""

    mac: str
    kind: str
    answers: tuple[Answer, ...]
    verdict: Verdict

    @classmethod
    def of(cls, mac: str, kind: str, answers: Sequence[Answer]) -> Asked:
        """Return it with the verdict."""
        return cls(mac, kind, tuple(answers), what_a_machine_does(kind, answers))


@dataclass(frozen=True, slots=True)
class Expectation:
    """Who may answer: ``what`` of EXPECTATIONS, ``servers`` are those that are meant to, by address.

    ``macs_given``: machines were asked for that ``servers`` know, and not one that nobody knows. ``must_answer``: they
    run, and are to answer.
    """

    interface: str
    what: str
    servers: tuple[str, ...] = ()
    macs_given: bool = False
    must_answer: bool = True


def servers(asked: Sequence[Asked]) -> list[Document]:
    """Return each server that answered, with its offers."""
    found = []
    for (address, mac), answers in _by_server(asked):
        sources = sorted({answer.source for answer in answers} - {address})
        found.append(
            {
                "address": address,
                "mac": mac,
                "through": sources,
                "kinds": [kind for kind in KINDS if any(answer.kind == kind for answer in answers)],
                "offers": [_offer(answer) for answer in answers],
            }
        )
    return found


def machines(asked: Sequence[Asked]) -> list[Document]:
    """Return what each client that asked does with all that it was offered."""
    return [
        {"mac": item.mac, "kind": item.kind, "does": item.verdict.text, **_without_text(item.verdict)} for item in asked
    ]


def problems(asked: Sequence[Asked], expected: Expectation) -> list[dict[str, str]]:
    """Return what is not as ``expected``, each as what, where, remedy and who can change it."""
    if expected.what == ANY:
        return []
    return [*_of_strangers(asked, expected), *_of_silence(asked, expected)]


def _of_strangers(asked: Sequence[Asked], expected: Expectation) -> Iterator[dict[str, str]]:
    meant = () if expected.what == NONE else expected.servers
    for (address, mac), answers in _by_server(asked):
        if address in meant or any(answer.source in meant for answer in answers):
            continue
        if expected.what == ADDRESSES:
            answers = [
                answer for answer in answers if KINDS[answer.kind].arch is not None and says_what_to_boot(answer)
            ]
        if not answers:
            continue
        about = {(answer.mac, answer.kind) for answer in answers}
        told = [item for item in asked if (item.mac, item.kind) in about]
        yield {
            "what": f"{_who(address, mac, answers)} {_does(expected)}.\n{_consequences(told)}",
            "where": expected.interface,
            "remedy": _remedy(expected, told),
            "who": "network",
        }


def _of_silence(asked: Sequence[Asked], expected: Expectation) -> Iterator[dict[str, str]]:
    """Yield who is missing: a server of which an answer is expected, or anybody who gives addresses."""
    heard = [answer for item in asked for answer in item.answers]
    if expected.what == ONLY and expected.macs_given and expected.must_answer:
        for address in expected.servers:
            if not any(address in (answer.server, answer.source) for answer in heard):
                yield {
                    "what": f"The DHCP server {address} answers none of {_list(sorted({item.mac for item in asked}))}",
                    "where": expected.interface,
                    "remedy": "See that it runs and listens on this network, that UDP port 67 reaches it, and that it "
                    "knows these machines; `bootd explain MAC` says what bootd would answer",
                    "who": "node",
                }
    if expected.what == ADDRESSES and not any(answer.address for answer in heard):
        yield {
            "what": "No DHCP server gives addresses",
            "where": expected.interface,
            "remedy": "In the modes proxy and auto-proxy machines need a DHCP server that gives them addresses: see "
            "that it runs, is on this network or has a relay here, and has free addresses",
            "who": "network",
        }


def _who(address: str, mac: str, answers: Sequence[Answer]) -> str:
    sources = sorted({answer.source for answer in answers} - {address})
    through = f", heard through {_list(sources)}" if sources else ""
    return f"The DHCP server {address} (MAC {mac}{through})"


def _does(expected: Expectation) -> str:
    if expected.what == ADDRESSES:
        return "says what to boot, and should give addresses only"
    if expected.what == ONLY:
        return f"answers, and only {_list(expected.servers)} should"
    return "answers, and nobody should"


def _consequences(told: Sequence[Asked]) -> str:
    """Return what each client does, one line for those of a kind that do the same."""
    lines: dict[tuple[str, str], list[str]] = {}
    for item in told:
        # Addresses differ from machine to machine, and are named with the first of them only.
        key = (item.kind, item.verdict.text.replace(item.verdict.address or "\0", ""))
        lines.setdefault(key, []).append(item.mac)
    firsts = {(item.mac, item.kind): item for item in told}
    shown = []
    for (kind, _text), macs in lines.items():
        verdict = firsts[macs[0], kind].verdict
        because = f", since {verdict.because}" if verdict.because else ""
        shown.append(f"  {KINDS[kind].title} with {_list(macs)} {verdict.text}{because}.")
    return "\n".join(shown)


def _remedy(expected: Expectation, told: Sequence[Asked]) -> str:
    if expected.what == ADDRESSES:
        return as_text("Take out there, as far as it is set", say_nothing_of_booting(), "Then reload it")
    macs = list(dict.fromkeys(item.mac for item in told)) if expected.macs_given else []
    head = "Have it leave each of these machines alone" if macs else "Have it leave the machines of bootd alone"
    return as_text(f"{head}, or switch it off", leave_alone(macs), _PROXY)


def _by_server(asked: Sequence[Asked]) -> list[tuple[tuple[str, str], list[Answer]]]:
    def of(answer: Answer) -> tuple[str, str]:
        return answer.server, answer.server_mac

    answers = sorted((answer for item in asked for answer in item.answers), key=of)
    return [(server, list(group)) for server, group in groupby(answers, key=of)]


def _offer(answer: Answer) -> Document:
    return {
        "mac": answer.mac,
        "kind": answer.kind,
        "seconds": round(answer.seconds, 3),
        "address": answer.address,
        "siaddr": answer.siaddr,
        "file": answer.file,
        "sname": answer.sname,
        "options": answer.options,
        "alone": what_a_machine_does(answer.kind, [answer]).text,
    }


def _without_text(verdict: Verdict) -> Document:
    return {name: value for name, value in asdict(verdict).items() if name != "text"}


def _list(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_SHOWN_MACS])
    return f"{shown} and {len(names) - _SHOWN_MACS} more" if len(names) > _SHOWN_MACS else shown
