# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's installer: its kernel line, what a preseed file may be, and the reports that are put into it."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from _bootd.decisions import events, tokens
from _bootd.decisions.events import Event
from _bootd.hardware.manifest import Document
from _bootd.hardware.model import Netboot, Osie, machine_from_object
from _bootd.installers.debian import EARLY, LATE, MAX_ENVIRONMENT, Debian, with_reports
from _bootd.installers.fields import FieldError
from _bootd.installers.kernel_boot import KernelBoot
from _bootd.installers.registry import installer_of
from _bootd.ipxe.render import render
from _bootd.validation.objects import check
from ansible_collections.baremetal.netboot.plugins.filter.to_hardware import to_hardware
from ansible_collections.baremetal.netboot.plugins.module_utils._configurations import plan
from samples import howto
from servers.http_site import ADDRESS, KEY, MAC, NOW, SECRET, Site, machine, make_site

CANARY = "canary-5f3a9e"
BASE = "http://10.10.0.20:7080"
PRESEED_URL = f"{BASE}/configuration/58-47-ca-71-d8-49/abc"
REPORT_URL = f"{BASE}/phone-home/58-47-ca-71-d8-49/abc"
OURS = ("auto=true", "priority=critical", f"url={PRESEED_URL}", f"interface={MAC}")
DOCUMENT = Path(__file__).resolve().parents[3] / "docs/installers.md"
DEBIAN = Debian()


def boot(*params: str, url: str = PRESEED_URL, **osie: Any) -> KernelBoot:
    files = osie or {"base_url": "http://10.10.0.2/debian"}
    return DEBIAN.boot(howto.nic(Netboot(True, osie=Osie(kernel_params=params, **files))), url, "x86_64")


def test_boot_is_debians_kernel_told_to_ask_nobody():
    started = boot()
    assert started.kernel == "http://10.10.0.2/debian/linux"
    assert [item.url for item in started.initrds] == ["http://10.10.0.2/debian/initrd.gz"]
    assert started.arguments == ("initrd=initrd.gz", *OURS)


# Where the mirror of Debian 12 has them.
MAIN = "http://deb.debian.org/debian/dists/bookworm/main"


@pytest.mark.parametrize(
    ("base", "arch", "kernel", "cpu"),
    [
        (MAIN, "", f"{MAIN}/installer-amd64/current/images/netboot/debian-installer/amd64/linux", "x86_64"),
        (
            f"{MAIN}/",
            "aarch64",
            f"{MAIN}/installer-arm64/current/images/netboot/debian-installer/arm64/linux",
            "aarch64",
        ),
        ("http://h/d/debian-installer", "arm64", "http://h/d/debian-installer/arm64/linux", "aarch64"),
        ("http://h/d/debian-installer", "loongarch64", "http://h/d/debian-installer/loong64/linux", "loongarch64"),
        ("http://h/d/debian-installer/amd64", "aarch64", "http://h/d/debian-installer/amd64/linux", ""),
    ],
)
def test_boot_below_what_is_for_all_architectures(base, arch, kernel, cpu):
    started = DEBIAN.boot(howto.nic(Netboot(True, osie=Osie(base))), "", arch)
    assert (started.kernel, started.cpu) == (kernel, cpu)
    assert started.initrds[0].url == kernel.removesuffix("linux") + "initrd.gz"


def test_boot_names_the_architecture_that_debian_has_no_installer_for():
    with pytest.raises(FieldError, match=r"^dhcp\.arch is no architecture that Debian's installer has a name for"):
        DEBIAN.boot(howto.nic(Netboot(True, osie=Osie(MAIN))), "", "sparc")


def test_boot_files_may_have_names_of_their_own():
    started = boot(kernel="http://h/vmlinuz", initrd="http://i/gtk/initrd")
    assert (started.kernel, started.initrds[0].url) == ("http://h/vmlinuz", "http://i/gtk/initrd")


def test_boot_names_no_preseed_file_that_is_not_at_hand():
    assert boot("quiet", url="").arguments == ("initrd=initrd.gz", f"interface={MAC}", "quiet")


@pytest.mark.parametrize(
    ("params", "arguments"),
    [
        (["quiet"], [*OURS, "quiet"]),
        (["interface=auto"], [*OURS[:3], "interface=auto"]),
        (["netcfg/choose_interface=eth1"], [*OURS[:3], "netcfg/choose_interface=eth1"]),
        (["url=http://h/p.cfg"], [*OURS[:2], "url=http://h/p.cfg", OURS[3]]),
        (["preseed/file=/p.cfg priority=high"], ["auto=true", "priority=high", OURS[3], "preseed/file=/p.cfg"]),
        # What is behind the dashes is the installed system's, also where it was said before.
        (["quiet console=ttyS0", "--- quiet console=ttyS0 auto=true"],)
        + ([*OURS, "quiet", "console=ttyS0", "---", "quiet", "console=ttyS0", "auto=true"],),
        (["--- interface=eth0"], [*OURS, "---", "interface=eth0"]),
    ],
)
def test_boot_takes_the_users_arguments_before_its_own(params, arguments):
    assert boot(*params).arguments[1:] == tuple(arguments)


def test_boot_stops_before_a_kernel_that_would_panic():
    words = [f"a{number}/b=1" for number in range(MAX_ENVIRONMENT - 4)]
    assert len(boot(*words, "console=tty1 8250.nr_uarts=4 quiet ---").arguments) == 1 + MAX_ENVIRONMENT + 4
    with pytest.raises(FieldError, match=r"^netboot.osie.kernelParams has so many words with a value, 32 with bootd's"):
        boot(*words, "---", "one=more")


def spec(**osie: Any) -> dict[str, Any]:
    return {"interfaces": [{"dhcp": {"mac": MAC}, "netboot": {"allowPXE": True, "osie": osie}}]}


@pytest.mark.parametrize(
    ("osie", "told"),
    [
        ({"baseURL": "http://h/d"}, []),
        ({"kernel": "http://h/linux", "initrd": "http://h/initrd.gz"}, []),
        ({"kernel": "http://h/linux"}, ["netboot.osie.baseURL"]),
        ({"kernel": "linux", "initrd": "initrd.gz"}, ["netboot.osie.baseURL"]),
        ({}, ["netboot.osie.baseURL"]),
        ({"baseURL": "http://h/d", "kernelParams": [f"a{n}=1" for n in range(28)]}, ["netboot.osie.kernelParams"]),
        ({"baseURL": "http://h/d", "kernelParams": [5, None]}, []),
    ],
)
def test_problems_are_told_with_their_place(osie, told):
    found = [path.removeprefix("spec.interfaces[0].") for path, *_rest in DEBIAN.problems(spec(**osie))]
    assert found == told


def test_problems_are_none_where_a_script_or_another_server_boots():
    script = {"interfaces": [{"netboot": {"allowPXE": True, "ipxe": {"url": "http://h/x"}}}]}
    preset = {"interfaces": [{"dhcp": {"boot_file_name": "grubx64.efi"}, "netboot": {"allowPXE": True}}]}
    assert [*DEBIAN.problems(script), *DEBIAN.problems(preset)] == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing but a comment\n\n",
        "d-i a/b string c",
        "d-i a/b string\n",
        "d-i\ta/b   string  c d  e \n",
        "popularity-contest popularity-contest/participate boolean false\r\n",
        "d-i a/b seen true\n",
        "d-i a/b \\\n# between its lines\n\n  string c \\\n\td\n",
        "\\\nd-i a/b \\\n\\\nstring\n",
        "d-i a/b string é\n",
    ],
)
def test_read_takes_what_debian_reads(text):
    assert DEBIAN.read(text).text == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"d-i a/b string c\nd-i {CANARY} string\x00\n", "it has a control character in line 2"),
        (f"d-i a/b string \x1b[2J{CANARY}\n", "it has a control character in line 1"),
        (f"token: {CANARY}\n", "it has no owner, question, type and value in line 1"),
        (f"\nd-i passwd/root-password {CANARY}\n", "in line 2"),
        (f"d-i a/b \\\n  sting {CANARY}\n", "in line 1"),
        (f"d-i a/b string c\n\n # {CANARY} of mine\n", "it has a comment in line 3 that does not begin there"),
        (f"d-i a/b string c \\\n# {CANARY}\n", "it ends within line 1, which a backslash continues"),
    ],
)
def test_read_refuses_what_debian_stops_at_without_a_word_of_it(text, words):
    with pytest.raises(ValueError, match=re.escape(words)) as refused:
        DEBIAN.read(text)
    assert CANARY not in str(refused.value)


def commands(text: str) -> dict[str, str]:
    """The commands that Debian's installer runs: those that are said last, word for word."""
    found = re.findall(rf"^d-i ({EARLY}|{LATE}) string (.*)$", text, re.MULTILINE)
    return dict(found)


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_reports_stand_behind_what_the_user_wrote(end):
    text = f"# mine\nd-i a/b string c{end}"
    given = with_reports(text, REPORT_URL)
    assert given.startswith(text)
    assert len(given.removeprefix(text).strip("\n").split("\n")) == 2
    assert {question: command.count(REPORT_URL) for question, command in commands(given).items()} == {EARLY: 1, LATE: 1}
    assert with_reports("", REPORT_URL).startswith(f"d-i {EARLY} ")


def run(command: str, folder: Path) -> tuple[int, list[str], str]:
    """Run ``command`` as /bin/preseed_command does; return its end, what was POSTed, and what it printed.

    The wget of this is a stand-in that fails: no report may stop anything.
    """
    wget = folder / "wget"
    wget.write_text(f'#!/bin/sh\nfor last; do :; done; echo "${{last##*/}}" >>{folder}/posted; exit 4\n')
    wget.chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", "-c", command], env={"PATH": f"{folder}:/usr/bin:/bin"}, capture_output=True, text=True, check=False
    )
    posted = folder / "posted"
    return done.returncode, posted.read_text().split() if posted.exists() else [], done.stdout


@pytest.mark.parametrize(
    ("own", "code", "outcome", "printed"),
    [
        ("", 0, "succeeded", ""),
        ("true", 0, "succeeded", ""),
        ("echo \"it's\" 'on  e' \\$HOME # a comment", 0, "succeeded", "it's on  e $HOME\n"),
        ("echo first; false", 1, "failed", "first\n"),
        ("exit 7", 1, "failed", ""),
        ("if (", 1, "failed", ""),
    ],
)
def test_late_command_reports_how_the_installation_went_and_ends_as_the_users_own(
    tmp_path, own, code, outcome, printed
):
    text = f"d-i {LATE} string echo never\nd-i {LATE} string {own}\n"
    late = commands(with_reports(text, REPORT_URL))[LATE]
    assert run(late, tmp_path) == (code, [outcome], printed)


@pytest.mark.parametrize(("own", "code"), [("true", 0), ("echo it  # says", 0), ("exit 7", 7)])
def test_early_command_reports_the_start_first(tmp_path, own, code):
    text = f"d-i {EARLY} \\\n  string \\\n  {own}\nd-i {EARLY} seen true\n"
    early = commands(with_reports(text, REPORT_URL))[EARLY]
    assert run(early, tmp_path) == (code, ["started"], "it\n" if "echo" in own else "")


@given(st.lists(st.sampled_from([EARLY, LATE, "a/b"]), max_size=6), st.text("ab'\" \\$#;|&()é", max_size=20))
def test_reports_keep_every_command_of_the_user(questions, value):
    value = value.strip().rstrip("\\").strip()
    text = "".join(f"d-i {question} string {value}\n" for question in questions)
    given_out = with_reports(DEBIAN.read(text).text, REPORT_URL)
    assert DEBIAN.read(given_out).text == given_out
    found = commands(given_out)
    assert found[EARLY].endswith(f"; {value}" if EARLY in questions and value else "/started || true")
    own = LATE in questions and bool(value)
    assert found[LATE].startswith(f"if sh -c {shlex.quote(value)}; then " if own else "wget ")


@pytest.fixture
def site(tmp_path):
    """A machine that is to install Debian, and its preseed file."""
    system = {"instance": {"operating_system": {"distro": "debian", "version": "12"}}}
    netboot = Netboot(True, osie=Osie(base_url="http://10.10.0.2/debian"))
    site = make_site(tmp_path, machine(metadata=system, netboot=netboot))
    site.configurations.texts[KEY] = f"d-i passwd/root-password password {CANARY}\n"
    site.render = render
    return site


def script(site: Site) -> str:
    return site.get("/58-47-ca-71-d8-49/auto.ipxe", ADDRESS).text


def test_machine_is_told_its_preseed_file_gets_it_and_reports(site):
    (path,) = re.findall(rf" url={BASE}(\S+)", script(site))
    site.journal.record(Event(KEY, MAC, NOW, events.Script(boot="debian", via="http", bytes=10)))
    answer = site.get(path)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert CANARY in answer.text
    assert isinstance(site.events()[-1], events.Configuration)
    for outcome, stage in ("started", "installing"), ("succeeded", "installed"):
        (url,) = re.findall(rf"{BASE}(/phone-home/\S+/{outcome})", answer.text)
        assert url == f"/phone-home/58-47-ca-71-d8-49/{tokens.token(SECRET, KEY, 0, 0)}/{outcome}"
        assert site.ask("POST", url).status == 200
        assert site.state().stage == stage
    assert site.get(path).status == 404
    assert CANARY not in site.stream.getvalue()


def test_machine_without_a_preseed_file_is_told_of_none(site):
    del site.configurations.texts[KEY]
    (line,) = re.findall(r"^imgargs .*$|^kernel .*$", script(site), re.MULTILINE)
    assert [word for word in line.split() if word.startswith(("auto", "priority", "url"))] == []
    assert f"interface={MAC}" in line.split()


def test_inventory_and_preseed_file_of_the_document_are_taken():
    """What is copied from the page makes a machine that boots, and a configuration that its installer reads."""
    section = DOCUMENT.read_text(encoding="utf-8").partition("## Debian\n")[2].partition("\n## ")[0]
    inventory, documents = map(yaml.safe_load, re.findall(r"```yaml\n(.*?)```", section, re.DOTALL))
    group = inventory["netboot_machines"]
    hosts = {name: {**group["vars"], **own} for name, own in group["hosts"].items()}
    (document,) = to_hardware(list(hosts), hosts)
    assert [problem.message for problem in check([Document(document)])] == []
    found = machine_from_object(document)
    assert installer_of(found).name == "debian"
    kept = documents["configuration_documents"]
    assert plan.problems(kept, "", contents=True) == []
    assert [item["name"] for item in kept] == [found.name]
    text = DEBIAN.read(plan.wanted(kept, "")[0].kept.text).text
    assert commands(with_reports(text, REPORT_URL))[LATE].startswith("if sh -c 'in-target mkdir ")
