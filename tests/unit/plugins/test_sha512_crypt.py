# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hashes are those of every other implementation, and the same each time."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.baremetal.netboot.plugins.plugin_utils._sha512_crypt import (
    ALPHABET,
    MAX_SALT,
    salt_of,
    sha512_crypt,
)
from programs.require import require


def test_sha512_crypt_of_the_specification():
    hashed = "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1"
    assert sha512_crypt("Hello world!", "saltstring") == hashed


def by_openssl(password: str, salt: str) -> str:
    command = ["openssl", "passwd", "-6", "-salt", salt, "-stdin"]
    return subprocess.run(command, input=f"{password}\n", text=True, capture_output=True, check=True).stdout.strip()


@pytest.mark.parametrize("password", ["x", "supersecure", "a" * 63, "b" * 64, "c" * 65, "d" * 200, "gr\u00fcn & blau"])
@pytest.mark.parametrize("salt", ["s", "saltstring", "./09AZazABCDEFGH"])
def test_sha512_crypt_is_what_openssl_makes(password, salt):
    require("openssl")
    assert sha512_crypt(password, salt) == by_openssl(password, salt)


def test_sha512_crypt_takes_the_first_sixteen_of_a_salt():
    assert sha512_crypt("p", "a" * 16 + "b") == sha512_crypt("p", "a" * 16)


@settings(max_examples=20, deadline=None)
@given(password=st.text(min_size=1, max_size=80), salt=st.text(alphabet=ALPHABET, min_size=1, max_size=MAX_SALT))
def test_sha512_crypt_has_the_form_of_shadow(password, salt):
    empty, kind, seed, digest = sha512_crypt(password, salt).split("$")
    assert (empty, kind, seed) == ("", "6", salt)
    assert len(digest) == 86
    assert set(digest) <= set(ALPHABET)


def test_salt_of_depends_on_names_alone():
    assert salt_of("default/n1", "192.0.2.99") == salt_of("default/n1", "192.0.2.99")
    assert len({salt_of("n1", "a"), salt_of("n2", "a"), salt_of("n1", "b"), salt_of("n1a", "")}) == 4
    assert len(salt_of("n1")) == MAX_SALT
