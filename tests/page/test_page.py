# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people see of bootd and its machines, by mouse, keyboard and screen reader, and what they may change."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest

from _bootd.decisions import events
from _bootd.dhcp.sighting import Sighting
from _bootd.http.event_stream import TICK_SECONDS
from _bootd.stores.base import StoreProblem
from page.boots import BOOT, ERROR
from page.conftest import COMPLETE, TOKEN, Served
from servers.http_site import serving

PICTURES = Path(__file__).resolve().parents[2] / "build/pictures"
LOOKS = {
    "light": {"scheme": "light"},
    "dark": {"scheme": "dark"},
    "phone": {"width": 390, "height": 844, "scheme": "light", "scale": 2.0},
}
NONE = "\N{EN DASH}"
ROW = "[...document.querySelectorAll('#rows .row')].find((row) => row.querySelector('a').textContent === %s)"


def boot(served: Served, place: int, until: float, *, fails: bool = False) -> str:
    """Have the machine at ``place`` be where a boot stands after ``until`` seconds; return its name."""
    machine = served.site.catalog.get(f"tink-system/um790-{place}")
    for at, detail in BOOT:
        if at <= until:
            served.seen(machine, detail, until - at)
    if fails:
        served.seen(machine, ERROR)
        served.seen(machine, events.Overdue("nothing came for 5 minutes after its script"))
    return machine.name


def fill(served: Served) -> None:
    """Have a machine at each stage, an unknown one, and a problem."""
    for place, until in enumerate((-1, 0, 4, 30, 53, 75, 125, 200, 410, 500)):
        boot(served, place, until)
    boot(served, 10, 60, fails=True)
    said = Sighting("firmware", 7, b"PXEClient:Arch:00007:UNDI:003016", b"", b"", b"", b"", "", "eth0", "")
    served.site.services.unknown.record("52:54:00:00:00:99", said, time.time())
    served.site.problems.append(StoreProblem("/etc/bootd/hardware/a.yaml:3", "tink-system/a: not a MAC address"))


def row(browser, name):
    """The texts of the row of a machine: name, stage, progress, in stage, attempt, last event, seen, address."""
    found = f"(row => row && [...row.children].map((cell) => cell.textContent))({ROW % json.dumps(name)})"
    return browser.evaluate(found)


def opened(browser, served, where=""):
    browser.show(f"{served.url}{where}")
    browser.wait_for(COMPLETE)
    browser.wait_for(f"document.querySelectorAll('#rows .row').length === {len(served.machines())}")


def click(browser, selector):
    browser.evaluate(f"document.querySelector({json.dumps(selector)}).click()")


def button(browser, text):
    browser.evaluate(f"[...document.querySelectorAll('button')].find((it) => it.textContent === {text!r}).click()")


def test_rows_say_what_the_api_says(browser, served):
    fill(served)
    opened(browser, served)
    for document in served.machines():
        texts = row(browser, document["name"])
        assert texts[1] == document["stage"]
        assert texts[4] == str(document["attempt"] or NONE)
        assert texts[7] == document["ip"]
        assert texts[5] == (document["summary"] or "nothing seen yet")
    assert browser.evaluate("document.querySelector('#unknown-count').textContent") == "1"
    assert {url.partition("/page/")[0].partition("/api/")[0].rstrip("/") for url in browser.requests} == {
        served.url.rstrip("/")
    }


def test_stages_advance_without_a_reload(browser, served):
    opened(browser, served)
    browser.evaluate("window.mark = 'same page'")
    (own, *_others) = served.site.catalog.machines()
    stages = []
    for _at, detail in BOOT:
        served.seen(own, detail)
        stage = served.site.journal.state(own.key).stage
        began = time.monotonic()
        browser.wait_for(f"({ROW % json.dumps(own.name)}).children[1].textContent === {stage!r}")
        if stage not in stages:
            assert time.monotonic() - began < 2.0 + TICK_SECONDS
            stages.append(stage)
    assert stages == ["offered", "loading", "script", "kernel", "installing", "installed", "ready"]
    assert browser.evaluate("window.mark") == "same page"
    # Screen readers are told where it ended, and not of each step.
    browser.wait_for(f"document.querySelector('#news[aria-live=polite]').textContent.endsWith('{own.name} ready')")


def test_machines_come_and_go(browser, served):
    opened(browser, served)
    (gone, *_others) = served.site.catalog.machines()
    served.site.catalog.remove(gone.key)
    browser.wait_for(f"!({ROW % json.dumps(gone.name)})")
    served.site.catalog.upsert(gone)
    browser.wait_for(f"Boolean({ROW % json.dumps(gone.name)})")
    names = browser.evaluate("[...document.querySelectorAll('#rows a')].map((link) => link.textContent)")
    assert names == sorted(names, key=lambda name: int(name.rpartition("-")[2]))


def test_it_goes_on_by_itself_after_a_restart_of_bootd(browser, served, tmp_path):
    with serving(served.site) as port:
        browser.show(f"http://127.0.0.1:{port}/")
        browser.wait_for(COMPLETE)
        object.__setattr__(served.site.services.settings, "http_port", port)
    browser.wait_for("document.querySelector('#connection').textContent.startsWith('Connection lost')")
    (own, gone, *_others) = served.site.catalog.machines()
    served.site.catalog.remove(gone.key)
    served.seen(own, BOOT[0][1])
    with serving(served.site):
        browser.wait_for("document.querySelector('#connection').textContent === 'Live'")
        browser.wait_for(f"({ROW % json.dumps(own.name)}).children[1].textContent === 'offered'")
        browser.wait_for(f"!({ROW % json.dumps(gone.name)})")
    assert tmp_path
    browser.show("about:blank")
    browser.faults.clear()  # the connection that was lost


def test_finding_machines(browser, served):
    fill(served)
    opened(browser, served)
    shown = "[...document.querySelectorAll('#rows .row:not([hidden]) a')].map((link) => link.textContent)"
    browser.press("/", "/")
    assert browser.evaluate("document.activeElement.id") == "find"
    browser.call("Input.insertText", text="10.10.0.3")
    assert browser.evaluate(shown) == ["um790-2"]
    browser.evaluate("document.activeElement.value = ''; document.activeElement.dispatchEvent(new Event('input'))")
    click(browser, "#stages .stage-failed")
    assert browser.evaluate(shown) == ["um790-10"]
    assert browser.evaluate("document.querySelector('#stages .stage-failed').ariaPressed") == "true"


def test_by_keyboard(browser, served):
    fill(served)
    opened(browser, served)
    browser.evaluate("document.querySelector('#rows a').focus()")
    browser.press("ArrowDown")
    browser.press("ArrowDown")
    browser.press("ArrowUp")
    assert browser.evaluate("document.activeElement.textContent") == "um790-1"
    browser.press("Enter", "\r")
    browser.wait_for("document.activeElement.id === 'title-machine'")
    assert browser.evaluate("document.title") == f"um790-1 {NONE} bootd"
    browser.press("Escape")
    browser.wait_for("document.activeElement.textContent === 'um790-1'")


def spoken(browser) -> list[tuple[str, str, list[str]]]:
    """What the browser hands to a screen reader: of each thing its role, its name, and the texts of what is in it."""
    nodes = {node["nodeId"]: node for node in browser.call("Accessibility.getFullAXTree")["nodes"]}

    def word(node, part) -> str:
        return str(node.get(part, {}).get("value", ""))

    def text(node) -> str:
        if word(node, "role") in ("StaticText", "progressbar"):
            return " ".join(filter(None, (word(node, "name"), word(node, "value"))))
        return " ".join(filter(None, map(text, inside(node))))

    def inside(node):
        return [nodes[key] for key in node.get("childIds", ()) if key in nodes]

    heard = [node for node in nodes.values() if not node["ignored"]]
    return [(word(node, "role"), word(node, "name"), list(map(text, inside(node)))) for node in heard]


def test_a_screen_reader_is_told_what_is_seen(browser, served):
    fill(served)
    opened(browser, served)
    told = spoken(browser)
    assert {("banner", ""), ("navigation", "Views"), ("main", ""), ("table", "Machines")} <= {one[:2] for one in told}
    titles, *rows = [cells for role, _name, cells in told if role == "row"]
    assert titles == ["Name", "Stage", "Progress", "In stage", "Attempt", "Last event", "Seen", "Address"]
    machines = {document["name"]: document for document in served.machines()}
    assert sorted(machines) == sorted(cells[0] for cells in rows)
    for name, stage, bar, _since, attempt, last, _seen, address in rows:
        document = machines[name]
        assert (stage, address) == (document["stage"], document["ip"])
        assert (attempt, last) == (str(document["attempt"] or NONE), document["summary"] or "nothing seen yet")
        # Whose bar it is, the stage, and how far that is.
        assert re.match(rf"{name}, {stage} \d+", bar), bar
    name = boot(served, 11, 500)
    browser.evaluate(f"location.hash = '#/machine/tink-system/{name}'")
    browser.wait_for("document.querySelectorAll('#seen tbody tr').length > 10")
    told = spoken(browser)
    # The timeline is one picture, told in one sentence.
    (picture,) = [name for role, name, _cells in told if role in ("img", "image")]
    assert picture.startswith(f"Attempt 1 of {name}, ") and "installing 4m 38s" in picture
    assert {"Events", "Packets"} <= {name for role, name, _cells in told if role == "region"}
    assert "Asked by" in [name for role, name, _cells in told if role == "combobox"]


def test_a_machine_in_all_its_detail(browser, served):
    name = boot(served, 0, 500)
    opened(browser, served, f"#/machine/tink-system/{name}")
    browser.wait_for("document.querySelectorAll('#seen tbody tr').length > 10")
    told = served.site.get(f"/api/v1/machines/{name}/events").json["events"]
    shown = browser.evaluate(
        "[...document.querySelectorAll('#seen tbody tr')].map((row) => row.children[2].textContent)"
    )
    assert [text.partition(" (for")[0] for text in reversed(shown)] == [event["what"] for event in told]
    # To scale: the machine waited 40 s of 480.
    width = "(hatch => hatch.width.baseVal.value)(document.querySelector('#timeline rect[fill=\"url(#hatch)\"]'))"
    whole = "document.querySelector('#timeline svg').clientWidth - 74"
    assert browser.evaluate(f"({width}) / ({whole})") == pytest.approx(40 / 480, rel=0.05)
    stages = "[...document.querySelectorAll('#timeline rect.installing title')].map((it) => it.textContent)"
    assert browser.evaluate(stages) == ["installing for 4m 38s"]
    browser.wait_for("document.querySelectorAll('.steps li').length > 3")
    explained = served.site.get(f"/api/v1/machines/{name}/explain").json
    text = browser.evaluate("document.querySelector('.steps').textContent")
    for step in explained["clients"]["uefi"]["steps"]:
        assert step["asks"] in text
    assert "UM790 Pro" in browser.evaluate("document.querySelector('#view-machine dl').textContent")


def test_unknown_machines_and_bootd_itself(browser, served):
    fill(served)
    opened(browser, served, "#/unknown")
    text = "document.querySelector('#view-unknown tbody').textContent"
    (unknown,) = served.site.get("/api/v1/unknown").json["unknown"]
    shown = browser.wait_for(text)
    assert unknown["mac"] == "52:54:00:00:00:99"
    assert [word for word in (unknown["mac"], unknown["architecture"], "eth0") if word not in shown] == []
    browser.evaluate("location.hash = '#/bootd'")
    browser.wait_for("Boolean(document.querySelector('#view-bootd table'))")
    health = served.site.get("/api/v1/health").json
    (problem,) = health["problems"]
    shown = browser.evaluate("document.querySelector('#view-bootd').textContent")
    told = (problem["where"], problem["message"], health["version"], health["boot_programs"][0]["file"])
    assert [word for word in told if word not in shown] == []
    assert browser.evaluate("document.querySelector('#health-mark').textContent") == "1 problem"


def test_an_error_of_ipxe_leads_to_its_page(browser, served):
    name = boot(served, 0, 60, fails=True)
    opened(browser, served, f"#/machine/tink-system/{name}")
    href = browser.wait_for("document.querySelector('#seen a')?.href")
    assert href == "https://ipxe.org/4c126035"
    assert browser.evaluate("document.querySelector('#seen a').rel") == "noreferrer noopener"


@pytest.mark.parametrize("text", ["<img src=x onerror=alert(1)>", "javascript:alert(1)", "\u202edaer"])
def test_what_machines_say_is_text(browser, served, text):
    own = served.site.catalog.machines()[0]
    served.seen(own, events.Facts({"product": text}))
    served.seen(own, events.BootError(text, text, text))
    opened(browser, served, f"#/machine/{own.key}")
    browser.wait_for("document.querySelectorAll('#seen tbody tr').length === 2")
    packet = (time.time(), "tftp", "out", text, ("10.10.0.1", "RRQ", "refused", 0, None, text))
    served.site.services.recent.note(own.interfaces[0].mac, packet)
    # It leaves no event, and is shown all the same.
    cells = "[...document.querySelectorAll('#packets tbody td')].slice(1).map((cell) => cell.textContent)"
    browser.wait_for(f"{cells}.length === 4")
    assert browser.evaluate(cells) == ["TFTP", f"RRQ {text}, from 10.10.0.1", "refused", text]
    assert browser.evaluate("document.querySelectorAll('#view-machine img, #seen a').length") == 0
    assert text in browser.evaluate("document.querySelector('#view-machine dl').textContent")


def test_its_policy_lets_no_other_script_run(browser, served):
    opened(browser, served)
    browser.evaluate("document.body.append(Object.assign(document.createElement('script'), {text: 'window.ran = 1'}))")
    browser.evaluate("document.body.setAttribute('onclick', 'window.ran = 2')")
    click(browser, "body")
    assert browser.evaluate("window.ran ?? 0") == 0
    assert any("Content Security Policy" in fault for fault in browser.faults)
    browser.faults.clear()


def test_without_the_token_nothing_can_be_changed(browser, served):
    name = boot(served, 0, 500)
    path = f"/api/v1/machines/{name}"
    opened(browser, served, f"#/machine/tink-system/{name}")
    browser.wait_for("document.querySelector('#title-machine').textContent !== ''")
    assert browser.evaluate("document.querySelectorAll('#view-machine button').length") == 0
    for headers, status in (({}, 401), ({"Authorization": "Bearer x"}, 403)):
        for rest in ("netboot", "retry"):
            options = json.dumps({"method": "POST", "headers": headers, "body": '{"on": false}'})
            assert browser.evaluate(f"fetch('{path}/{rest}', {options}).then((answer) => answer.status)") == status
    assert served.site.get(path).json["netboot"] is True
    browser.faults.clear()  # the console tells of each refusal


def test_netboot_is_switched_by_whoever_types_the_token(browser, served):
    name = boot(served, 0, 60, fails=True)
    opened(browser, served, f"#/machine/tink-system/{name}")
    click(browser, "#token-button")
    browser.call("Input.insertText", text=TOKEN)
    browser.press("Enter", "\r")
    button_texts = "[...document.querySelectorAll('#view-machine button')].map((it) => it.textContent).join()"
    browser.wait_for(f"{button_texts} === 'Retry,Switch netboot off'")
    button(browser, "Switch netboot off")
    browser.wait_for(f"{button_texts} === 'Retry,Switch netboot on'")
    assert served.site.state(f"tink-system/{name}").switched_by == "127.0.0.1"
    button(browser, "Retry")
    browser.wait_for("document.querySelector('#view-machine .stage').textContent === 'known'")
    assert served.site.state(f"tink-system/{name}").stage == "known"
    assert [url for url in browser.requests if TOKEN in url] == []
    assert browser.evaluate("document.cookie + JSON.stringify(localStorage)") == "{}"
    click(browser, "#token-button")
    browser.wait_for(f"{button_texts} === ''")


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("where", ["", "#/machine/tink-system/um790-9", "#/unknown", "#/bootd"])
def test_nothing_keeps_people_from_using_it(browser, served, axe, where, look):
    fill(served)
    browser.look_like(**LOOKS[look])
    opened(browser, served, where)
    if "machine" in where:
        browser.wait_for("document.querySelectorAll('.steps li').length > 3")
        browser.wait_for("document.querySelectorAll('#seen tbody tr').length > 10")
    browser.evaluate(axe)
    found = browser.evaluate("axe.run().then((found) => found.violations)")
    told = [
        f"{item['impact']} {item['id']}: {item['help']}: {node['html'][:200]} {node.get('failureSummary', '')[:300]}"
        for item in found
        for node in item["nodes"][:3]
        if item["impact"] in ("serious", "critical")
    ]
    assert told == []
    assert browser.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    browser.picture(PICTURES / f"page-{where.rpartition('/')[2] or 'machines'}-{look}.png")
