# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What bootd does not start with: secrets that others have, and files that anybody may write."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from _bootd.commands import start_checks
from _bootd.commands.arguments import parse
from _bootd.daemon import main
from programs.require import require
from samples.certificates import make_certificate

DIRECTORIES = ("state", "config", "image", "manifests", "boot")


def place(root: Path) -> dict[str, str]:
    """Return flags whose directories and key are as they should be."""
    for name in DIRECTORIES:
        (root / name).mkdir(mode=0o755)
    key = root / "key"
    key.write_bytes(os.urandom(32))
    key.chmod(0o600)
    return {
        "--store": f"files:{root / 'manifests'}",
        "--address": "192.0.2.1",
        "--state-dir": str(root / "state"),
        "--config-dir": str(root / "config"),
        "--image-dir": str(root / "image"),
        "--boot-files": str(root / "boot"),
        "--report-key": str(key),
    }


@pytest.fixture
def flags(tmp_path) -> dict[str, str]:
    """The flags of a bootd that may start."""
    return place(tmp_path)


def problems(flags: dict[str, str]) -> list[str]:
    return start_checks.problems(parse(["serve", *(f"{name}={value}" for name, value in flags.items())], {}))


def test_nothing_is_wrong_with_what_is_as_it_should_be(flags, tmp_path):
    assert problems(flags) == []
    (tmp_path / "key").chmod(0o640)  # of root, for the daemon's group
    assert problems(flags) == []


@pytest.mark.parametrize(
    ("name", "mode"),
    [(name, mode) for name in DIRECTORIES for mode in (0o777, 0o1777, 0o702) if (name, mode) != ("state", 0o1777)],
)
def test_directory_that_everybody_may_write(flags, tmp_path, name, mode):
    path = tmp_path / name
    path.chmod(mode)
    (problem,) = problems(flags)
    assert f"{path}: everybody may write there (mode {mode:04o}); run: chmod o-w {path}" in problem


@pytest.fixture
def https(flags, tmp_path) -> dict[str, str]:
    """The flags of a bootd with a certificate that may start."""
    require("openssl")
    certificate, key = make_certificate(tmp_path, "bootd", "192.0.2.1")
    return {**flags, "--tls-cert": str(certificate), "--tls-key": str(key)}


def test_nothing_is_wrong_with_a_certificate_as_it_should_be(https):
    assert problems(https) == []
    os.chmod(https["--tls-key"], 0o640)  # of root, for the daemon's group
    assert problems(https) == []


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o660, 0o602])
def test_key_of_the_certificate_that_others_may_read_or_write(https, mode):
    os.chmod(https["--tls-key"], mode)
    (problem,) = problems(https)
    assert f"--tls-key {https['--tls-key']}: others may have read or written it (mode {mode:04o})" in problem


def test_certificate_that_everybody_may_write(https):
    os.chmod(https["--tls-cert"], 0o646)
    (problem,) = problems(https)
    assert "everybody may write it (mode 0646)" in problem


@pytest.mark.parametrize(
    ("flag", "content", "said"),
    [
        ("--tls-key", None, "No such file"),
        ("--tls-cert", b"", "can't be used: "),
        ("--tls-cert", b"-----BEGIN CERTIFICATE-----\n", "can't be used: "),
        ("--tls-key", "of another certificate", "key values mismatch"),
    ],
)
def test_certificate_that_can_not_be_used(https, tmp_path, flag, content, said):
    file = Path(https[flag])
    if content is None:
        file.unlink()
    elif isinstance(content, bytes):
        file.write_bytes(content)
    else:
        file.write_bytes(make_certificate(tmp_path, "other", "192.0.2.1")[1].read_bytes())
    (problem,) = problems(https)
    assert https["--tls-cert"] in problem and https["--tls-key"] in problem
    assert said in problem


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o660, 0o602])
@pytest.mark.parametrize("name", ["key", "state/secret"])
def test_key_that_others_may_read_or_write(flags, tmp_path, name, mode):
    path = tmp_path / name
    if name != "key":
        del flags["--report-key"]
    path.write_bytes(os.urandom(32))
    path.chmod(mode)
    (problem,) = problems(flags)
    assert f"(mode {mode:04o}); run: chmod 0600 {path}" in problem


@pytest.mark.parametrize("content", [bytes(32), bytes(4096), b"a" * 64, b"secret" * 8])
@pytest.mark.parametrize("name", ["key", "state/secret"])
def test_key_that_is_not_random(flags, tmp_path, name, content):
    path = tmp_path / name
    if name != "key":
        del flags["--report-key"]
    path.write_bytes(content)
    path.chmod(0o600)
    (problem,) = problems(flags)
    assert f"{path}: this is no random key; run: head -c 32 /dev/urandom > {path}" in problem


@pytest.mark.parametrize("content", [bytes(range(32)), b"0123456789abcdef" * 4, b"3q2+7wAAECAwQFBgcICQoLDA0ODw=="])
def test_key_in_other_letters_is_one(flags, tmp_path, content):
    (tmp_path / "key").write_bytes(content)
    assert problems(flags) == []


@pytest.mark.parametrize(
    ("cidrs", "count"),
    [
        ("0.0.0.0/0", 1),
        ("::/0", 1),
        ("10.0.0.0/8, 0.0.0.0/0,::/0", 2),
        ("0.0.0.0/1,128.0.0.0/1", 1),
        ("10.0.0.0/8,fd00::/8", 0),
        ("10.0.0.0/99", 0),  # which settings_from tells
    ],
)
def test_trusted_proxies_that_are_everybody(flags, cidrs, count):
    told = problems({**flags, "--trusted-proxies": cidrs})
    assert len(told) == count
    assert all("everybody" in problem for problem in told)


def test_states_that_everybody_may_write(flags, tmp_path):
    path = tmp_path / "state/states.db"
    path.touch(0o600)
    path.chmod(0o666)
    assert problems(flags) == [f"{path}: everybody may write it (mode 0666); run: chmod 0600 {path}"]


@pytest.mark.parametrize("name", ["secret", "states.db"])
def test_file_that_somebody_else_has_put_into_the_state_directory(flags, tmp_path, name):
    require("root")  # who alone gives files away
    state = tmp_path / "state"
    state.chmod(0o1777)
    assert problems(flags) == []
    (state / name).write_bytes(os.urandom(32))
    (state / name).chmod(0o600)
    assert problems(flags) == []
    os.chown(state / name, 4711, 4711)
    (problem,) = problems(flags)
    assert problem.startswith(f"{state / name}: it belongs to another user")


def test_kubeconfig_that_everybody_may_read_is_told(tmp_path):
    path = tmp_path / "config"
    path.touch(0o600)
    environ = {"KUBECONFIG": f"{path}:/nowhere"}
    assert start_checks.readable_kubeconfigs(environ) == []
    path.chmod(0o644)
    assert start_checks.readable_kubeconfigs(environ) == [str(path)]
    assert start_checks.readable_kubeconfigs({}) == []


def test_serve_refuses_to_start_and_tells_everything_at_once(flags, tmp_path, capsys):
    (tmp_path / "key").chmod(0o644)
    (tmp_path / "state").chmod(0o777)
    flags |= {"--trusted-proxies": "0.0.0.0/0", "--lease-time": "soon"}
    assert main(["serve", *(f"{name}={value}" for name, value in flags.items())]) == 2
    told = capsys.readouterr().err
    assert len(told.splitlines()) == 4
    for words in ("--lease-time", "--report-key", "--state-dir", "--trusted-proxies"):
        assert words in told
