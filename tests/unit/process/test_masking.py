# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is cut out of text from outside, and that bootd's own tokens never get through."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.decisions import tokens
from _bootd.process.masking import _WORD, clean, mask

TOKEN = "Ab3" + "h-_X9" * 8
BASE, MAC = "http://10.10.0.20:7080", "58:47:ca:71:d8:49"
URLS = (tokens.configuration_url(BASE, MAC, TOKEN), f"{tokens.report_url(BASE, MAC, TOKEN)}/failed")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("password: X", "password: ***"),
        ("PASSWD=a,b;c next", "PASSWD=*** next"),
        ('{"password": "a, b", "n": 1}', '{"password": "***", "n": 1}'),
        (r'{"password": "a\"b", "n": 1}', '{"password": "***", "n": 1}'),
        (r"{\"token\": \"a b\", \"n\": 1}", r"{\"token\": \"***\", \"n\": 1}"),
        ("token='a b", "token='***"),
        ("clusterTokenRef: x", "clusterTokenRef: ***"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("http://h/x?token=hush&c=d", "http://h/x?token=***&c=d"),
        ("http://h/x?url=a%3Ftoken%3Dhush", "http://h/x?url=a%3Ftoken%3D***"),
        ("http://user:hush@h/x", "http://user:***@h/x"),
        ("hash $6$salt$abc/def. end", "hash *** end"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END", "-----BEGIN RSA PRIVATE KEY-----***-----END"),
        (f"lost {TOKEN} here", "lost *** here"),
        ("no token here, phone-home/x", "no token here, phone-home/x"),
        ("the configuration was never fetched", "the configuration was never fetched"),
        ("sha256 " + "0123456789abcdef" * 4, "sha256 " + "0123456789abcdef" * 4),
        ("http://10.10.0.2/harvester/v1.2.0/vmlinuz", "http://10.10.0.2/harvester/v1.2.0/vmlinuz"),
    ],
)
def test_mask(text, shown):
    assert mask(text) == shown


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("wrap", [str, quote, lambda url: quote(url, safe=""), lambda url: url.replace("/", "//")])
def test_mask_leaves_no_token_of_a_url(url, wrap):
    shown = mask(f"curl: (22) {wrap(url)} returned 404")
    assert TOKEN not in shown
    assert shown.startswith("curl: (22) ")


secrets = st.binary(min_size=32, max_size=32)
words = st.text(st.characters(blacklist_categories=("Cs",)), max_size=40)


@given(secrets, words, words, st.sampled_from([str, json.dumps, lambda text: quote(text, safe="")]))
def test_mask_never_lets_a_token_through(secret, before, after, wrap):
    value = tokens.token(secret, "tink-system/um790-1", 0)
    for url in (tokens.configuration_url(BASE, MAC, value), tokens.report_url(BASE, MAC, value), value):
        assert value not in mask(f"{before} {wrap(url)} {after}")


names = st.sampled_from(["password", "os.password", "TOKEN", "root_passwd", "clientSecret", "api-key"])
values = st.text(st.characters(min_codepoint=33, max_codepoint=126, blacklist_characters="&\"'\\*="), min_size=6)


@given(words, names, st.sampled_from(["=", ": ", " = ", '": "', "='"]), values)
def test_mask_never_lets_a_named_value_through(before, name, between, value):
    shown = mask(f"{before} {name}{between}{value}")
    assert value not in shown or value in before or value in name


@given(st.text())
def test_mask_twice_is_mask_once(text):
    assert mask(mask(text)) == mask(text)


_HALVES = st.sampled_from(
    ["password", "token-", "phone-home", "configuration", "A-Key_", "Basic", "BEGIN.PRIVATE.KEY", ""]
)


@given(st.builds(str.__add__, _HALVES, st.text("aZ09_.-", max_size=42)), _HALVES)
def test_what_is_kept_of_a_word_is_what_mask_leaves_of_it(text, end):
    text += end
    assert clean(text) == mask(text)
    assert not _WORD.fullmatch(text) or mask(text) == text
