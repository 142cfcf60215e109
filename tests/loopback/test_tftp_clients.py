# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real clients fetch files over TFTP, with and without options, and get every byte as it is."""

from __future__ import annotations

import itertools
import os
import subprocess
import threading
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
import tftpy

from _bootd.tftp.content import to_netascii
from _bootd.tftp.packet import Request
from _bootd.tftp.sessions import Sessions
from programs.require import require
from servers.tftp_lab import MAC, OFF, ON, SCRIPT, Client, tftp_lab

SMALL, BIG = 1 << 20, 40 << 20
TEXT = b"unix\nmac\rdos\r\nend"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("boot")
    (root / "sub").mkdir()
    files = {"ipxe.efi": SMALL, "sub/even": 512 * 20, "empty": 0, "big": BIG}
    for name, size in files.items():
        (root / name).write_bytes(os.urandom(size))
    (root / "text").write_bytes(TEXT)
    return root


@pytest.fixture(scope="module", params=["classic", "single_port"])
def lab(request, root):
    with tftp_lab(root, tftp_single_port=request.param == "single_port", tftp_max_blksize=65464) as lab:
        yield lab


def run(*command, **more):
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=120, **more)


@dataclass
class Fetcher:
    """How to call a client, and what the log says of a fetch with it."""

    label: str
    tool: str
    call: callable
    blksize: int = 512
    windowsize: int = 1


def curl(*options):
    def call(lab, name, target):
        return run("curl", "-sS", "--max-time", "100", *options, "-o", target, f"tftp://{ON}:{lab.port}/{name}")

    return call


def tftp_hpa(mode):
    def call(lab, name, target):
        return run("tftp", "-4", "-m", mode, ON, str(lab.port), "-c", "get", name, str(target))

    return call


def atftp(**options):
    chosen = itertools.chain.from_iterable(("--option", f"{name} {value}") for name, value in options.items())
    arguments = list(chosen)

    def call(lab, name, target):
        return run("atftp", *arguments, "-g", "-r", name, "-l", target, ON, str(lab.port))

    return call


def busybox(*options):
    def call(lab, name, target):
        return run("busybox", "tftp", *options, "-g", "-r", name, "-l", target, ON, str(lab.port))

    return call


def by_tftpy(**options):
    def call(lab, name, target):
        tftpy.TftpClient(ON, lab.port, options=options).download(name, str(target), timeout=10)

    return call


FETCHERS = [
    Fetcher("curl", "curl", curl(), 512),
    Fetcher("curl without options", "curl", curl("--tftp-no-options"), 512),
    Fetcher("curl blksize", "curl", curl("--tftp-blksize", "1468"), 1468),
    Fetcher("curl largest blksize", "curl", curl("--tftp-blksize", "65464"), 65464),
    Fetcher("tftp-hpa", "tftp", tftp_hpa("binary")),
    Fetcher("atftp", "atftp", atftp()),
    Fetcher("atftp blksize", "atftp", atftp(blksize=1468, tsize=0), 1468),
    Fetcher("atftp windowsize", "atftp", atftp(blksize=1468, windowsize=16, timeout=2), 1468, 16),
    Fetcher("atftp all options", "atftp", atftp(blksize=1024, windowsize=4, timeout=2, tsize=0), 1024, 4),
    Fetcher("busybox", "busybox", busybox()),
    Fetcher("busybox blksize", "busybox", busybox("-b", "1468"), 1468),
    Fetcher("tftpy", "", by_tftpy()),
    Fetcher("tftpy blksize", "", by_tftpy(blksize=1432, tsize=0), 1432),
]


@pytest.fixture(params=FETCHERS, ids=lambda fetcher: fetcher.label)
def fetcher(request):
    if request.param.tool:
        require(request.param.tool)
    return request.param


@pytest.mark.parametrize("name", ["ipxe.efi", "sub/even", "empty"])
def test_fetch_identical_bytes(lab, fetcher, name, tmp_path):
    lab.log.truncate(0)
    lab.log.seek(0)
    target = tmp_path / "fetched"
    outcome = fetcher.call(lab, name, target)
    assert target.read_bytes() == (lab.root / name).read_bytes(), outcome
    line = lab.line(event="get", filename=name, status="complete")
    size = (lab.root / name).stat().st_size
    assert (line["bytesSent"], line["contentSize"]) == (size, size)
    assert (line["blksize"], line["windowsize"]) == (fetcher.blksize, fetcher.windowsize)
    assert (line["machine"], line["mac"], line["client"].split(":")[0]) == ("on", MAC[ON], ON)


@pytest.mark.parametrize(
    "name",
    [
        "//sub//even",
        "./sub/./even",
        "\\sub\\even",
        "/02-00-00-00-00-01//sub/even",
        "02-00-00-00-00-01/sub/even",  # tftp-hpa takes what precedes a colon for a server
        "020000000001/sub/even",
        "0200.0000.0001\\sub\\even",
    ],
)
@pytest.mark.parametrize(
    ("tool", "call"),
    [("tftp", tftp_hpa("binary")), ("atftp", atftp()), ("busybox", busybox())],
    ids=["tftp-hpa", "atftp", "busybox"],
)
def test_fetch_by_a_name_that_wants_tidying(lab, tool, call, name, tmp_path):
    require(tool)
    outcome = call(lab, name, tmp_path / "fetched")
    assert (tmp_path / "fetched").read_bytes() == (lab.root / "sub/even").read_bytes(), outcome


@pytest.mark.parametrize(
    ("tool", "call"),
    [("tftp", tftp_hpa("binary")), ("atftp", atftp(blksize=1468)), ("busybox", busybox()), ("curl", curl())],
    ids=["tftp-hpa", "atftp", "busybox", "curl"],
)
def test_fetch_while_others_ask_and_take_nothing_up(root, tool, call, tmp_path):
    """Eighty requests a second, each from an address of its own, that name a machine; and the machine loads."""
    require(tool)
    done, sent = threading.Event(), []

    def flood(lab):
        with ExitStack() as stack:
            for number in itertools.count():
                forger = stack.enter_context(Client(lab, f"127.1.{number // 240}.{1 + number % 240}"))
                forger.send(Request("02-00-00-00-00-01/ipxe.efi"))
                sent.append(number)
                if done.wait(1 / 80):
                    return

    with tftp_lab(root, sessions=Sessions(limit=16)) as lab:
        flooding = threading.Thread(target=flood, args=(lab,))
        flooding.start()
        try:
            lab.line(event="get", status="dropped", machine="on")  # there is no more room
            outcome = call(lab, "ipxe.efi", tmp_path / "fetched")
        finally:
            done.set()
            flooding.join()
        assert (tmp_path / "fetched").read_bytes() == (root / "ipxe.efi").read_bytes(), outcome
        assert len(sent) > 16
        assert lab.count("tftp_transfers", status="busy") == 0


@pytest.mark.parametrize(
    ("tool", "call"), [("curl", curl("--tftp-no-options")), ("atftp", atftp(windowsize=16))], ids=["curl", "atftp"]
)
def test_fetch_more_blocks_than_numbers(lab, tool, call, tmp_path):
    require(tool)
    outcome = call(lab, "big", tmp_path / "fetched")
    assert (tmp_path / "fetched").read_bytes() == (lab.root / "big").read_bytes(), outcome


def test_fetch_netascii_curl(lab, tmp_path):
    require("curl")
    curl()(lab, "text;mode=netascii", tmp_path / "fetched")
    assert (tmp_path / "fetched").read_bytes() == to_netascii(TEXT)


def test_fetch_netascii_tftp_hpa_gives_the_file_back(lab, tmp_path):
    require("tftp")
    tftp_hpa("ascii")(lab, "text", tmp_path / "fetched")
    assert (tmp_path / "fetched").read_bytes() == TEXT


@pytest.mark.parametrize("name", ["autoexec.ipxe", f"{MAC[ON]}/autoexec.ipxe", "02-00-00-00-00-01/autoexec.ipxe"])
def test_fetch_autoexec(lab, name, tmp_path):
    require("curl")
    curl()(lab, name, tmp_path / "fetched")
    assert (tmp_path / "fetched").read_text() == SCRIPT


def test_fetch_autoexec_where_netboot_is_off(lab, tmp_path):
    require("curl")
    curl()(lab, f"{MAC[OFF]}/autoexec.ipxe", tmp_path / "fetched")
    script = (tmp_path / "fetched").read_text()
    assert script.startswith("#!ipxe\n")
    assert "sanboot" in script


# curl's exit codes: 68 for "not found", 69 for "permission".
@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("missing", 68),
        ("%2e%2e/ipxe.efi", 69),
        ("%2e%2e%2f%2e%2e%2fetc/passwd", 69),
        (f"{MAC[OFF]}/ipxe.efi", 69),
        ("02:00:00:00:00:99/ipxe.efi", 68),
    ],
)
def test_fetch_refused(lab, name, code, tmp_path):
    require("curl")
    outcome = curl("--path-as-is")(lab, name, tmp_path / "fetched")
    assert outcome.returncode == code
    assert not (tmp_path / "fetched").exists()


def test_put_refused(lab, tmp_path):
    require("curl")
    (tmp_path / "up").write_bytes(b"content")
    outcome = run("curl", "-sS", "--max-time", "20", "-T", tmp_path / "up", f"tftp://{ON}:{lab.port}/up")
    assert outcome.returncode == 69
    assert not (lab.root / "up").exists()
    assert lab.line(event="put", status="refused")["code"] == 2
