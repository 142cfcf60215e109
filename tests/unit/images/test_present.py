# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of a release come from a server on the loopback interface, whatever was there before and whatever it does."""

from __future__ import annotations

import json
import os
import ssl
from pathlib import Path

import pytest
from ansible.module_utils import urls

from ansible_collections.baremetal.netboot.plugins.module_utils._images import fetch
from ansible_collections.baremetal.netboot.plugins.module_utils._images.choose import source_from
from ansible_collections.baremetal.netboot.plugins.module_utils._images.directory import Busy, alone_in
from ansible_collections.baremetal.netboot.plugins.module_utils._images.outcome import result_of
from ansible_collections.baremetal.netboot.plugins.module_utils._images.present import Failed, Wish, present
from ansible_collections.baremetal.netboot.plugins.module_utils._images.wanted import release_from
from servers.image_mirror import SIZES, content_of, make_release, running

VERSION = "v1.8.2"
ISO, ROOTFS = "harvester-v1.8.2-amd64.iso", "harvester-v1.8.2-rootfs-amd64.squashfs"
KERNEL, INITRD = "harvester-v1.8.2-vmlinuz-amd64", "harvester-v1.8.2-initrd-amd64"
SUMS = "harvester-v1.8.2-amd64.sha512"
ALL = sorted([ISO, ROOTFS, KERNEL, INITRD, SUMS])
HOW = {"timeout": 5, "use_proxy": False}
# Ansible makes one for each request, http or https, which is most of the time it takes.
CONTEXT = ssl.create_default_context()
OPTIONS = {"source_directory": "{version}", "checksums": None}


@pytest.fixture
def mirror(tmp_path):
    make_release(tmp_path / "mirror", VERSION)
    with running(tmp_path / "mirror") as server:
        yield server


@pytest.fixture
def images(tmp_path):
    return tmp_path / "images" / VERSION


@pytest.fixture
def run(mirror, images, monkeypatch):
    """Return a function that runs as the module does."""
    warnings = []
    monkeypatch.setattr(fetch, "pause_after", lambda _tries: 0.0)
    monkeypatch.setattr(urls, "make_context", lambda **_unused: CONTEXT)

    def run_it(*, check=False, again=False, verify=True, retries=2, roles=tuple(SIZES), templates=None, **options):
        release = release_from(VERSION, "amd64", roles, templates or {})
        source = source_from(release, {"source": mirror.url, **OPTIONS, **options}, HOW)
        wish = Wish(release, images, verify=verify, again=again, retries=retries, check=check)
        return result_of(present(wish, source, warnings.append))

    run_it.warnings = warnings
    return run_it


def names_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir() if not path.name.startswith("."))


def hidden_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir() if path.name.startswith("."))


def actions(result) -> dict[str, str]:
    return {item["name"]: item["action"] for item in result["files"]}


def size_of(role: str) -> int:
    return SIZES[role]


def test_present_fetches_each_file_once(run, images, mirror):
    result = run()
    assert actions(result) == dict.fromkeys(ALL, "fetched")
    assert names_in(images) == ALL
    assert (images / ISO).read_bytes() == content_of(ISO, size_of("iso"))
    assert (images / ISO).stat().st_mode & 0o777 == 0o644
    assert images.stat().st_mode & 0o777 == 0o755
    assert hidden_in(images) == [".verified.json"]
    gets = mirror.requests("GET")
    assert len(gets) == 5
    assert {request[2] for request in gets} == {None}
    sums = len((images / SUMS).read_bytes())
    assert result["bytes"] == sum(SIZES.values()) + sums


def test_present_again_changes_nothing_and_reads_nothing(run, images, mirror):
    run()
    before = {path.name: path.stat().st_mtime_ns for path in images.iterdir()}
    mirror.forget()
    # Read again it would be found wrong, so it is not.
    digest_free = os.stat(images / ISO)
    with (images / ISO).open("r+b") as file:
        file.write(b"x")
    os.utime(images / ISO, ns=(digest_free.st_atime_ns, digest_free.st_mtime_ns))
    result = run()
    assert (result["changed"], result["bytes"]) == (False, 0)
    assert {path.name: path.stat().st_mtime_ns for path in images.iterdir()} == before
    assert [request[1] for request in mirror.requests()] == [f"/{VERSION}/{SUMS}"]
    assert actions(run(again=True))[ISO] == "replaced"


def test_present_in_check_mode_writes_nothing_and_tells_sizes(run, images, mirror):
    result = run(check=True)
    assert result["changed"]
    assert not images.parent.exists()
    assert {item["name"]: item["size"] for item in result["files"]}[ISO] == size_of("iso")
    assert {request[0] for request in mirror.requests() if not request[1].endswith(".sha512")} == {"HEAD"}
    assert actions(result) == actions(run())


def test_present_goes_on_where_the_server_broke_off(run, images, mirror):
    (mirror.directory / VERSION / f"{ISO}.break").write_text("123456")
    run()
    asked = [request[2:] for request in mirror.requests("GET", ISO)]
    assert asked[0] == [None, None, 200]
    assert asked[1][0] == "bytes=123456-"
    assert asked[1][1].startswith('"')
    assert asked[1][2] == 206
    assert len(asked) == 2
    assert (images / ISO).read_bytes() == content_of(ISO, size_of("iso"))


def test_present_goes_on_where_an_earlier_run_has_stopped(run, images, mirror):
    (mirror.directory / VERSION / f"{ISO}.break").write_text("200000")
    with pytest.raises(Failed, match="broke off after 200000 of 400000 bytes; 200000 bytes are kept") as told:
        run(retries=0)
    assert ISO not in names_in(images)
    assert hidden_in(images) == [f".{ISO}.part", f".{ISO}.part.json", ".verified.json"]
    assert {outcome.name for outcome in told.value.outcomes} == set(ALL) - {ISO}
    mirror.forget()
    result = run()
    (asked,) = mirror.requests("GET", ISO)
    assert asked[2:] == ["bytes=200000-", asked[3], 206]
    (iso,) = [item for item in result["files"] if item["name"] == ISO]
    assert (iso["action"], iso["resumed_at"]) == ("fetched", 200_000)
    assert result["bytes"] == 200_000
    assert hidden_in(images) == [".verified.json"]


def test_present_begins_anew_where_the_source_has_another_file_now(run, images, mirror):
    images.mkdir(parents=True)
    (images / f".{ISO}.part").write_bytes(b"x" * 1000)
    sums = (mirror.directory / VERSION / SUMS).read_text().split()
    note = {"sha512": sums[sums.index(ISO) - 1], "validator": '"old"'}
    (images / f".{ISO}.part.json").write_text(json.dumps(note))
    result = run()
    asked = [request[2:] for request in mirror.requests("GET", ISO)]
    assert asked == [["bytes=1000-", '"old"', 200]]
    assert (images / ISO).read_bytes() == content_of(ISO, size_of("iso"))
    assert actions(result)[ISO] == "fetched"


def test_present_drops_a_part_that_does_not_fit(run, images, mirror):
    """A beginning without a note, of something else: only the digest of the whole tells."""
    images.mkdir(parents=True)
    (images / f".{ISO}.part").write_bytes(b"x" * 1000)
    run()
    assert [request[2] for request in mirror.requests("GET", ISO)] == ["bytes=1000-", None]
    assert (images / ISO).read_bytes() == content_of(ISO, size_of("iso"))


def test_present_takes_a_whole_part_without_asking(run, images, mirror):
    """The process ended between the last octet and the new name."""
    images.mkdir(parents=True)
    (images / f".{ISO}.part").write_bytes(content_of(ISO, size_of("iso")))
    run()
    assert mirror.requests("GET", ISO) == []
    assert ISO in names_in(images)


@pytest.mark.parametrize(
    ("content", "reason", "ranges"),
    [
        (
            content_of(ISO, SIZES["iso"])[:300_000],
            "it is truncated or wrong: 300000 of 400000 bytes",
            ["bytes=300000-"],
        ),
        (b"y" * SIZES["iso"], "it is not what the checksums say: 400000 bytes", [None]),
        (b"y" * (SIZES["iso"] + 1), "it is not what the checksums say: 400001 bytes, not 400000", [None]),
        (content_of(ROOTFS, SIZES["rootfs"]), f"it is {ROOTFS} under a wrong name", [None]),
        (b"", "it is truncated or wrong: 0 of 400000 bytes", [None]),
    ],
    ids=["truncated", "corrupt", "too long", "renamed", "empty"],
)
def test_present_replaces_what_is_wrong(run, images, mirror, content, reason, ranges):
    run()
    (images / ISO).write_bytes(content)
    mirror.forget()
    foreseen = run(check=True)
    assert (images / ISO).read_bytes() == content
    result = run()
    (iso,) = [item for item in result["files"] if item["name"] == ISO]
    assert iso["action"] == "replaced"
    assert iso["reason"].startswith(reason)
    assert actions(foreseen) == actions(result)
    assert [request[2] for request in mirror.requests("GET", ISO)] == ranges
    assert (images / ISO).read_bytes() == content_of(ISO, size_of("iso"))
    assert result["diff"]["before"] != result["diff"]["after"]


def test_present_takes_a_wrong_file_away_before_it_asks_for_the_right_one(run, images, mirror):
    run()
    (images / ISO).write_bytes(b"y" * SIZES["iso"])
    (mirror.directory / VERSION / f"{ISO}.break").write_text("10")
    with pytest.raises(Failed, match=f"{ISO} was wrong and is gone: it is not what the checksums say"):
        run(retries=0)
    assert ISO not in names_in(images)


def test_present_never_serves_what_the_source_has_wrong(run, images, mirror):
    (mirror.directory / VERSION / ISO).write_bytes(b"z" * SIZES["iso"])
    with pytest.raises(Failed, match=rf"{ISO} is not what it should be: 400000 bytes with the sha512") as told:
        run()
    assert ISO not in names_in(images)
    assert not [name for name in hidden_in(images) if "part" in name]
    assert len(told.value.outcomes) == 4
    make_release(mirror.directory, VERSION)
    assert actions(run())[ISO] == "fetched"


def test_present_names_all_that_is_missing(run, images, mirror):
    for name in (ISO, KERNEL):
        (mirror.directory / VERSION / name).unlink()
    with pytest.raises(Failed) as told:
        run()
    assert f"/{VERSION}/{ISO}: 404 Not Found" in str(told.value)
    assert f"/{VERSION}/{KERNEL}: 404 Not Found" in str(told.value)
    assert names_in(images) == []


def test_present_without_checksums_says_what_to_do(run, mirror, images):
    (mirror.directory / VERSION / SUMS).unlink()
    with pytest.raises(Failed, match=r"404 Not Found; give checksums, .* or verify=false"):
        run()
    assert actions(run(verify=False)) == dict.fromkeys(set(ALL) - {SUMS}, "fetched")
    assert run(verify=False)["changed"] is False
    (images / ISO).write_bytes(b"short")
    assert actions(run(verify=False))[ISO] == "replaced"
    assert (images / ISO).read_bytes() == content_of(ISO, size_of("iso"))


@pytest.mark.parametrize("text", ["<html>", "", f"{'0' * 128}  another\n"])
def test_present_refuses_checksums_that_are_none(run, mirror, images, text):
    (mirror.directory / VERSION / SUMS).write_text(text)
    with pytest.raises(Failed, match=rf"/{VERSION}/{SUMS}: "):
        run()
    assert names_in(images) == []


def test_present_with_a_server_that_knows_no_ranges(run, mirror, images):
    mirror.has_ranges = mirror.has_tags = False
    mirror.refuses_head = True
    (mirror.directory / VERSION / f"{ISO}.break").write_text("123456")
    result = run()
    assert [request[2:] for request in mirror.requests("GET", ISO)] == [
        [None, None, 200],
        ["bytes=123456-", None, 200],
    ]
    assert (images / ISO).read_bytes() == content_of(ISO, size_of("iso"))
    assert result["bytes"] > sum(SIZES.values())


def test_present_while_the_source_is_away(run, images):
    run()
    assert run(source="http://127.0.0.1:1", retries=0)["changed"] is False
    assert "the checksums in" in run.warnings[0]
    (images / KERNEL).unlink()
    (images / ISO).write_bytes(b"wrong")
    with pytest.raises(Failed, match=r"127\.0\.0\.1:1/v1\.8\.2/harvester-v1\.8\.2-vmlinuz-amd64: ") as told:
        run(source="http://127.0.0.1:1", retries=0)
    # What is wrong is not served until the source is back either.
    assert f"{ISO} was wrong and is gone" in str(told.value)
    assert told.value.outcomes == []
    assert ISO not in names_in(images)


def test_present_in_check_mode_while_the_source_is_away(run, images):
    """Whoever looks first may have no way to the source: told is what would be fetched, and what nobody looked at."""
    closed = "http://127.0.0.1:1"
    result = run(check=True, source=closed)
    assert actions(result) == dict.fromkeys(set(ALL) - {SUMS}, "fetched")
    assert [item["url"].startswith(f"{closed}/{VERSION}/") for item in result["files"]] == [True] * len(SIZES)
    assert "unknown size" in result["diff"]["after"]
    (warning,) = run.warnings
    assert warning.startswith(f"{closed}/{VERSION}/{SUMS}: ")
    assert "check mode takes the files that are here for right" in warning
    assert not images.exists()


def test_present_in_check_mode_while_the_source_is_away_judges_by_kept_checksums(run, images):
    run()
    (images / ISO).write_bytes(b"y" * SIZES["iso"])
    (images / KERNEL).unlink()
    result = run(check=True, source="http://127.0.0.1:1")
    changes = {ISO: "replaced", KERNEL: "fetched"}
    assert actions(result) == {**dict.fromkeys(ALL, "unchanged"), **changes}
    assert (images / ISO).read_bytes() == b"y" * SIZES["iso"]


def test_present_in_check_mode_fails_where_the_source_has_no_such_release(run, mirror):
    (mirror.directory / VERSION / SUMS).unlink()
    with pytest.raises(Failed, match="404 Not Found"):
        run(check=True)


def test_present_keeps_credentials_to_itself(run, mirror, images):
    mirror.password = "hunter2"
    source = mirror.url.replace("http://", "http://me:hunter2@")
    result = run(source=source)
    assert "hunter2" not in str(result)
    (mirror.directory / VERSION / ISO).unlink()
    (images / ISO).unlink()
    with pytest.raises(Failed, match="404") as told:
        run(source=source)
    mirror.password = "other"
    with pytest.raises(Failed, match="401") as refused:
        run(source=source)
    assert "hunter2" not in str(told.value) + str(refused.value)


def test_present_from_a_mirror_that_renames(run, mirror, images):
    place = mirror.directory / VERSION
    for old, new in ((KERNEL, "vmlinuz-amd64"), (ISO, "amd64.iso"), (SUMS, "sums")):
        (place / old).rename(place / new)
    (place / "sums").write_text((place / "sums").read_text().replace(KERNEL, "vmlinuz-amd64"))
    place.rename(mirror.directory / "flat")
    templates = {"kernel": "vmlinuz-{arch}", "iso": "{arch}.iso", "checksums": "sums"}
    result = run(templates=templates, source_directory="flat")
    assert sorted(actions(result)) == ALL == names_in(images)
    assert KERNEL in (images / SUMS).read_text()
    assert run(templates=templates, source_directory="flat")["changed"] is False


def test_present_with_checksums_elsewhere(run, mirror, tmp_path):
    sums = tmp_path / "sums"
    (mirror.directory / VERSION / SUMS).rename(sums)
    assert run(checksums=str(sums))["changed"]
    sums.rename(mirror.directory / "x.sha512")
    assert run(checksums=f"{mirror.url}/x.sha512")["changed"] is False


def test_present_from_a_folder(run, mirror, images):
    (mirror.directory / VERSION / f"{ISO}.break").write_text("5")
    for source in (mirror.directory, mirror.directory / VERSION):
        assert run(source=str(source), check=True)["changed"]
    result = run(source=str(mirror.directory))
    assert {item["url"] for item in result["files"]} == {str(mirror.directory / VERSION / name) for name in ALL}
    assert names_in(images) == ALL
    assert run(source=str(mirror.directory))["changed"] is False
    assert mirror.requests() == []


def test_present_asks_for_room_first(run, images, monkeypatch):
    places = "ansible_collections.baremetal.netboot.plugins.module_utils._images.directory.free_space"
    monkeypatch.setattr(places, lambda _directory: 100_000)
    with pytest.raises(Failed, match=r"has 100\.00 kB free but 650\.00 kB are needed"):
        run()
    assert names_in(images) == []


def test_present_lets_one_run_at_a_time_in(run, images):
    images.mkdir(parents=True)
    with alone_in(images), pytest.raises(Busy, match="another run is at work"):
        run()
    assert run()["changed"]


def test_present_touches_nothing_that_is_no_file(run, images):
    (images / ISO).mkdir(parents=True)
    with pytest.raises(Failed, match="is no regular file"):
        run()


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ("ftp://mirror/", "is no http or https URL"),
        ("http://me:hunter2@mirror:99999/", "is no http or https URL"),
        ("http://mirror/a b", "is no http or https URL"),
        ("relative/folder", "should be a URL or an absolute path"),
        ("/no/such/folder", "there is no such folder, and no such ISO"),
        ("http://mirror/{name}", "in braces, and nothing else"),
    ],
)
def test_source_from_refuses(run, source, word):
    with pytest.raises(ValueError, match=word) as told:
        run(source=source)
    assert "hunter2" not in str(told.value)
