# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of the page: all are served, kept by browsers, and may load and send nothing elsewhere."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from _bootd.http import page_files
from ansible_collections.baremetal.netboot.plugins.plugin_utils._zipapp import PACKAGE, pack
from servers.http_site import machine, make_site

PAGE = PACKAGE / "http/page"
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def site(tmp_path):
    return make_site(tmp_path, machine())


def test_every_file_of_the_folder_is_served_and_no_other(site):
    assert sorted(page_files.FILES) == sorted(path.name for path in PAGE.iterdir())
    for name in page_files.FILES:
        answer = site.get(f"/page/{name}")
        assert (answer.status, answer.body) == (200, (PAGE / name).read_bytes())
        assert answer.headers["content-type"] == page_files.KINDS[name.rpartition(".")[2]]
    for name in ("..%2Fapi.py", "../api.py", "page_files.py", "x"):
        assert site.get(f"/page/{name}").status == 404


def test_browsers_get_the_page_and_programs_the_list(site):
    page = site.get("/", **BROWSER)
    assert page.body == (PAGE / "index.html").read_bytes()
    assert site.get("/").text.startswith("bootd ")
    assert [answer.headers["vary"] for answer in (page, site.get("/"))] == ["Accept", "Accept"]


def test_policy(site):
    for path in ("/", *(f"/page/{name}" for name in page_files.FILES)):
        headers = site.get(path, **BROWSER).headers
        assert headers["x-content-type-options"] == "nosniff"
        policy = dict(item.strip().split(" ", 1) for item in headers["content-security-policy"].split(";"))
        assert policy == {
            "default-src": "'none'",
            **dict.fromkeys(("script-src", "style-src", "connect-src", "img-src"), "'self'"),
            **dict.fromkeys(("base-uri", "form-action", "frame-ancestors"), "'none'"),
        }


def test_a_file_that_is_kept_is_not_sent_again(site):
    first = site.get("/page/page.js")
    again = site.get("/page/page.js", if_none_match=f'"x", {first.headers["etag"]}')
    assert (again.status, again.body) == (304, b"")
    assert first.headers["cache-control"] == "no-cache"
    assert site.get("/page/page.js", if_none_match='"x"').status == 200


def test_nothing_in_it_comes_from_elsewhere_or_writes_html():
    for path in PAGE.iterdir():
        text = path.read_text(encoding="utf-8")
        addresses = set(re.findall(r"https?://[\w./-]+", text)) - {"http://www.w3.org/2000/svg", "https://ipxe.org/"}
        assert addresses == set(), path.name
        for word in (
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "cookie",
            "localStorage",
        ):
            assert word not in text, path.name
        assert "style=" not in text
        assert re.findall(r"<script(?![^>]* src=)|\son\w+=", text) == [], path.name


def test_everything_that_it_loads_is_there():
    text = "".join(path.read_text(encoding="utf-8") for path in PAGE.iterdir())
    wanted = set(re.findall(r'(?:"/page/|from "\./)([\w.]+)"', text))
    assert wanted == set(page_files.FILES) - {"index.html"}


def test_it_is_served_out_of_a_zip_archive(tmp_path):
    archive = tmp_path / "bootd.zip"
    archive.write_bytes(pack(PACKAGE, sys.executable))
    assert zipfile.is_zipfile(io.BytesIO(archive.read_bytes()))
    code = "from bootd.http.page_files import _content; print(len(_content('page.css')[0]))"
    argv = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(archive)!r}); {code}"]
    told = subprocess.run(argv, capture_output=True, text=True, check=True, cwd=Path("/")).stdout
    assert int(told) == (PAGE / "page.css").stat().st_size
