# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Of a preseed file a diff shows the answers that are known to be harmless."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.baremetal.netboot.plugins.module_utils._configurations.preseed import visible

CANARY = "canary-5f3a9e"
PRESEED = f"""\
# the password is {CANARY}
d-i debian-installer/locale string en_US.UTF-8
d-i netcfg/get_hostname string um790-1
d-i netcfg/wireless_wpa string {CANARY}
d-i mirror/http/proxy string http://me:{CANARY}@proxy/
d-i passwd/root-login boolean false
d-i passwd/username string debian
d-i passwd/user-password-crypted password $6${CANARY}
d-i partman-auto/disk string /dev/nvme0n1
d-i partman-crypto/passphrase password {CANARY}
d-i preseed/late_command string \\
    in-target sh -c 'echo {CANARY}'
d-i debian-installer/add-kernel-opts string token={CANARY}
tasksel tasksel/first multiselect standard, ssh-server
d-i my/own string {CANARY}
popularity-contest popularity-contest/participate boolean false
d-i grub-installer/bootdev  string
"""
SHOWN = """\
d-i debian-installer/locale string en_US.UTF-8
d-i netcfg/get_hostname string um790-1
d-i netcfg/wireless_wpa string (hidden)
d-i mirror/http/proxy string (hidden)
d-i passwd/root-login boolean false
d-i passwd/username string debian
d-i passwd/user-password-crypted password (hidden)
d-i partman-auto/disk string /dev/nvme0n1
d-i partman-crypto/passphrase password (hidden)
d-i preseed/late_command string (hidden)
d-i debian-installer/add-kernel-opts string (hidden)
tasksel tasksel/first multiselect standard, ssh-server
d-i my/own string (hidden)
popularity-contest popularity-contest/participate boolean false
d-i grub-installer/bootdev string \n"""


def test_visible_is_what_is_known_to_be_harmless():
    assert visible(PRESEED) == SHOWN


def test_visible_says_that_a_secret_is_another_one():
    before = PRESEED.replace(f"$6${CANARY}", "$6$old").replace("um790-1", "um790-2")
    changed = [line for line in (visible(PRESEED, before) or "").splitlines() if line not in SHOWN.splitlines()]
    assert changed == ["d-i passwd/user-password-crypted password (hidden, another)"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# only this\n",
        f"#kickstart\nrootpw {CANARY}\n",
        f"{PRESEED}{CANARY}\n",
        f"d-i netcfg/x string a\n\\\n{CANARY}",
    ],
)
def test_visible_of_any_other_text_is_nothing(text):
    assert visible(text) is None


@given(
    question=st.from_regex(r"(netcfg|time|passwd|my)/[a-z_-]{1,12}", fullmatch=True),
    word=st.sampled_from(["password", "passphrase", "crypted", "secret", "token", "command"]),
    kind=st.sampled_from(["string", "boolean", "select", "text"]),
)
def test_visible_never_shows_an_answer_of_kind_password_or_to_a_question_that_names_one(question, word, kind):
    for line in (f"d-i {question} password {CANARY}", f"d-i {question}-{word} {kind} {CANARY}"):
        assert CANARY not in (visible(line) or CANARY)
