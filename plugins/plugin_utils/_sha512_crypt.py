# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hashes passwords as /etc/shadow has them: SHA-crypt with SHA-512, of Ulrich Drepper's specification, version 0.6.

Ansible's own helper needs passlib, which ansible-core does not bring along, or a libcrypt of the controller's from 2.20
on; Python has no module crypt from 3.13 on. One implementation gives the same hash on every controller.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

ROUNDS = 5000  # of the specification, of ``openssl passwd -6``, and of Harvester's installer
MAX_SALT = 16
ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SIZE = 64


@lru_cache(maxsize=1024)  # templates are evaluated more than once
def sha512_crypt(password: str, salt: str) -> str:
    """Return ``$6$SALT$HASH`` of ``password``; of ``salt``, characters of ALPHABET, the first 16 count."""
    key, seed = password.encode(), salt[:MAX_SALT].encode("ascii")
    digest = _first(key, seed)
    long_key = _repeated(hashlib.sha512(key * len(key)).digest(), len(key))
    long_seed = _repeated(hashlib.sha512(seed * (16 + digest[0])).digest(), len(seed))
    for number in range(ROUNDS):
        odd = number % 2
        parts = [
            long_key if odd else digest,
            long_seed if number % 3 else b"",
            long_key if number % 7 else b"",
            digest if odd else long_key,
        ]
        digest = hashlib.sha512(b"".join(parts)).digest()
    return f"$6${seed.decode()}${_encoded(digest)}"


def salt_of(*names: str) -> str:
    """Return a salt that only depends on ``names``, which are public: the same hash comes of the same password."""
    digest = hashlib.sha512("\0".join(names).encode()).digest()
    return "".join(ALPHABET[byte % len(ALPHABET)] for byte in digest[:MAX_SALT])


def _first(key: bytes, seed: bytes) -> bytes:
    """Return the digest that the rounds begin with: steps 1 to 12."""
    other = hashlib.sha512(key + seed + key).digest()
    message = key + seed + _repeated(other, len(key))
    bits = len(key)
    while bits:
        message += other if bits & 1 else key
        bits >>= 1
    return hashlib.sha512(message).digest()


def _repeated(block: bytes, length: int) -> bytes:
    return (block * (length // _SIZE + 1))[:length]


def _encoded(digest: bytes) -> str:
    """Return the digest in the specification's own base 64: three bytes, 21 apart, whose places go round."""
    text = []
    for number in range(21):
        places = [number, number + 21, number + 42]
        turn = number % 3
        first, second, third = (digest[place] for place in places[turn:] + places[:turn])
        text.append(_characters((first << 16) | (second << 8) | third, 4))
    return "".join(text) + _characters(digest[63], 2)


def _characters(bits: int, count: int) -> str:
    return "".join(ALPHABET[(bits >> (6 * place)) & 0x3F] for place in range(count))
