# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/monitoring: metrics as a running bootd has them, and a dashboard and alerts that ask for nothing else."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
import yaml

from _bootd.process.metrics import Metrics
from _bootd.runtime.measures import REASONS
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy import bootd_pod
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.bootd_settings import Settings
from programs.require import require

ROOT = Path(__file__).resolve().parents[2]
MODULE_UTILS = ROOT / "plugins/module_utils"
PAGE = (ROOT / "docs/monitoring.md").read_text(encoding="utf-8")
ALERTS = ROOT / "docs/monitoring/alerts.yml"
RULES = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"][0]["rules"]
ALERTS_TEST = ROOT / "tests/samples/monitoring/alerts_test.yml"
DASHBOARD = json.loads((ROOT / "docs/monitoring/dashboard.json").read_text(encoding="utf-8"))
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
EXPRESSIONS = [target["expr"] for panel in PANELS for target in panel["targets"]]
SECONDS = 20


def promtool(*arguments: str, said: str = "") -> None:
    """Have promtool judge; its words are what the test fails with."""
    require("promtool")
    done = subprocess.run(["promtool", *arguments], input=said, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr


@pytest.fixture(scope="module")
def scraped(tmp_path_factory) -> str:
    """What a bootd that runs has at /metrics."""
    root = tmp_path_factory.mktemp("bootd")
    (root / "hardware").mkdir()
    flags = {"store": f"files:{root / 'hardware'}", "state-dir": root / "state", "log-format": "json"}
    flags |= {"address": "127.0.0.1", "bind": "127.0.0.1"}
    # Whoever is not root opens no port 67, and any other will do.
    flags |= dict.fromkeys(("dhcp-port", "http-port", "tftp-port", "syslog-port"), 0) | {"router-advertisements": "no"}
    argv = [sys.executable, "-m", "_bootd.daemon", "serve", *(f"--{name}={value}" for name, value in flags.items())]
    with subprocess.Popen(argv, env={"PYTHONPATH": str(MODULE_UTILS)}, stdout=subprocess.PIPE, text=True) as process:
        try:
            ready = json.loads(next(line for line in process.stdout if '"ready"' in line))
            with urllib.request.urlopen(f"http://127.0.0.1:{ready['http']}/metrics", timeout=SECONDS) as answer:
                return answer.read().decode()
        finally:
            process.terminate()


def series(text: str) -> set[str]:
    """The metrics of a scrape by the names that a query has for them, those of a histogram's parts included."""
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)", text, re.MULTILINE))
    histograms = {name for name, kind in kinds.items() if kind == "histogram"}
    return (kinds.keys() - histograms) | {
        f"{name}_{part}" for name in histograms for part in ("bucket", "count", "sum")
    }


def asked_for(expressions: list[str]) -> set[str]:
    return {name for text in expressions for name in re.findall(r"\b(?:bootd|process)_\w+", text)}


def test_promtool_finds_nothing_wrong_with_what_is_scraped(scraped):
    promtool("check", "metrics", said=scraped)


def test_dashboard_and_alerts_ask_for_metrics_that_are_there(scraped):
    asked = asked_for([*EXPRESSIONS, *(rule["expr"] for rule in RULES)])
    assert len(asked) > 20
    assert asked - series(scraped) == set()


def test_dashboard_shows_every_metric_of_bootd(scraped):
    shown = {re.sub(r"_(bucket|count|sum)$", "", name) for name in asked_for(EXPRESSIONS)}
    kinds = set(re.findall(r"^# TYPE (bootd_\S+)", scraped, re.MULTILINE))
    assert kinds - shown == {"bootd_stages_reached_total", "bootd_unknown_machines"}


def test_page_has_each_metric_with_its_type_and_labels():
    metrics = Metrics()
    told = dict(re.findall(r"^# TYPE (bootd_\S+) (\S+)", metrics.render().decode(), re.MULTILINE))
    table = re.findall(r"^\| `(bootd_\w+)` \| (\w+) \| ([^|]*)\|", PAGE, re.MULTILINE)
    assert {name: kind for name, kind, _labels in table} == told
    documented = {name: set(re.findall(r"`(\w+)`", labels)) for name, _kind, labels in table}
    found = [metric for metric in vars(metrics).values() if hasattr(metric, "_labelnames")]
    assert len(found) > 20
    for metric in found:
        name = metric._name if metric._name in documented else f"{metric._name}_total"
        assert set(metric._labelnames) == documented[name]
    assert all(f"`{reason}`" in PAGE for reason in REASONS)


def test_page_has_each_alert():
    assert re.findall(r"^\| `(Bootd\w+)` \|", PAGE, re.MULTILINE) == [rule["alert"] for rule in RULES]


def test_alerts_are_rules_of_prometheus():
    promtool("check", "rules", str(ALERTS))


def test_each_alert_fires_and_is_quiet():
    tests = yaml.safe_load(ALERTS_TEST.read_text(encoding="utf-8"))["tests"]
    held = [(rule["alertname"], bool(rule["exp_alerts"])) for test in tests for rule in test["alert_rule_test"]]
    assert sorted(held) == sorted((rule["alert"], fires) for rule in RULES for fires in (True, False))
    promtool("test", "rules", str(ALERTS_TEST))


def test_dashboard_asks_what_prometheus_understands(tmp_path):
    texts = [re.sub(r"\$__(rate_interval|range)", "5m", text) for text in EXPRESSIONS]
    rules = [{"record": f"panel:{number}", "expr": text} for number, text in enumerate(texts)]
    path = tmp_path / "panels.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}), encoding="utf-8")
    promtool("check", "rules", str(path))


def test_dashboard_is_one_that_grafana_imports():
    """https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/."""
    assert DASHBOARD["schemaVersion"] >= 36
    assert "id" not in DASHBOARD  # that of another Grafana
    identifiers = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(identifiers) == len(set(identifiers))
    variables = {item["name"] for item in DASHBOARD["templating"]["list"]}
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells
    for panel in PANELS:
        assert panel["type"] in ("timeseries", "stat", "bargauge")
        assert panel["title"]
        letters = [target["refId"] for target in panel["targets"]]
        assert len(letters) == len(set(letters))
        for target in panel["targets"]:
            assert target["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
            assert 'job=~"$job"' in target["expr"]
    assert set(re.findall(r"\$\{?(\w+)", json.dumps(PANELS))) - {"__rate_interval", "__range"} <= variables


def test_scrape_settings_fit_the_pod_and_are_prometheus_own(tmp_path):
    monitor, scrape = (yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
    pod = bootd_pod.deployment(Settings(image="x"))["spec"]["template"]
    assert monitor["spec"]["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
    ports = [port["name"] for port in pod["spec"]["containers"][0]["ports"]]
    assert monitor["spec"]["podMetricsEndpoints"][0]["port"] in ports
    (job,) = scrape["scrape_configs"]
    assert job.pop("kubernetes_sd_configs") == [{"role": "pod"}]  # which Debian's promtool was built without
    on_host = yaml.safe_load(re.search(r"## Prometheus on a host\n\n(.*?)\n\n", PAGE, re.DOTALL)[1])
    (tmp_path / "alerts.yml").write_bytes(ALERTS.read_bytes())
    for number, settings in enumerate((scrape, on_host)):
        path = tmp_path / f"{number}.yml"
        path.write_text(yaml.safe_dump(settings), encoding="utf-8")
        promtool("check", "config", str(path))
