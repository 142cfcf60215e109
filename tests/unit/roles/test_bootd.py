# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role bootd writes: a unit that may do little, and settings that bootd knows."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

from _bootd.commands import arguments
from _bootd.commands.arguments import parse, settings_from
from _bootd.process.settings import LIMITS
from programs.require import require
from steps.lock_files import DAEMON, HOST

ROLE = Path(__file__).resolve().parents[3] / "roles/bootd"
CAPABILITIES = {"CAP_NET_BIND_SERVICE", "CAP_NET_RAW"}
MAX_EXPOSURE = 2.0  # in systemd's figures, from 0 (safe) to 10


def trusted(node):
    """Return ``node`` as Ansible reads a role's files: its text may hold templates."""
    if isinstance(node, dict):
        return {key: trusted(value) for key, value in node.items()}
    if isinstance(node, list):
        return [trusted(value) for value in node]
    return trust_as_template(node) if isinstance(node, str) else node


def templar(**given) -> Templar:
    variables = {"ansible_managed": "Ansible managed", "ansible_check_mode": False, "bootd_address": "10.10.0.20"}
    for directory in ("defaults", "vars"):
        variables |= trusted(yaml.safe_load((ROLE / directory / "main.yml").read_text(encoding="utf-8")))
    return Templar(DataLoader(), variables={**variables, **given})


def render(name: str, **given) -> str:
    return str(templar(**given).template(trust_as_template((ROLE / "templates" / name).read_text(encoding="utf-8"))))


def settings(**given) -> dict[str, str]:
    """Return what a shell, which reads such files as systemd does, makes of the environment file."""
    lines = [line for line in render("bootd.env.j2", **given).splitlines() if line and not line.startswith("#")]
    return dict(word.split("=", 1) for line in lines for word in shlex.split(line))


def directives(**given) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in render("bootd.service.j2", **given).splitlines():
        if match := re.fullmatch(r"(\w+)=(.*)", line):
            found.setdefault(match[1], []).append(match[2])
    return found


def test_settings_are_flags_of_the_daemon():
    environment = settings()
    assert environment["BOOTD_ADDRESS"] == "10.10.0.20"
    options = arguments.parse(["serve"], {**environment, "BOOTD_STORE": "files:/etc/bootd/hardware"})
    known = {f"BOOTD_{name.upper()}" for name in vars(options)}
    assert set(environment) <= known


def test_settings_take_further_ones_and_quote_them():
    further = {"tftp_single_port": True, "lease_time": 3600, "image_dir": '/srv/some "images"'}
    environment = settings(bootd_settings=further, bootd_arch_map={7: "snponly.efi", 11: ""})
    assert environment["BOOTD_TFTP_SINGLE_PORT"] == "True"
    assert environment["BOOTD_LEASE_TIME"] == "3600"
    assert environment["BOOTD_IMAGE_DIR"] == '/srv/some "images"'
    assert environment["BOOTD_ARCH_MAP"] == "7=snponly.efi,11="


def test_settings_have_networks_for_tftp_wherever_bootd_runs():
    given = {"bootd_tftp_networks": ["192.0.2.0/24", "198.51.100.7/32"]}
    pod = templar(**given).template(trust_as_template("{{ __bootd_pod_settings }}"))
    assert settings(**given)["BOOTD_TFTP_NETWORKS"] == pod["tftp_networks"] == "192.0.2.0/24,198.51.100.7/32"
    environment = {**settings(**given), "BOOTD_STORE": "files:/x", "BOOTD_BOOT_FILES": ""}
    assert settings_from(parse(["serve"], environment)).tftp_networks == ("192.0.2.0/24", "198.51.100.7/32")
    environment = {**settings(), "BOOTD_STORE": "files:/x", "BOOTD_BOOT_FILES": ""}
    assert settings_from(parse(["serve"], environment)).tftp_networks == ()


def test_settings_of_dhcp_modes_reach_bootd_wherever_it_runs(tmp_path):
    script = "#!ipxe\necho who are you?\n"
    given = {"bootd_dhcp_mode": "proxy", "bootd_dhcp_modes": {"eth1": "off", "10.20.0.0/24": "auto-proxy"}}
    given |= {"bootd_unknown_script": script, "bootd_install_dir": str(tmp_path)}
    (tmp_path / "unknown.ipxe").write_text(script)
    environment = {**settings(**given), "BOOTD_STORE": "files:/x", "BOOTD_BOOT_FILES": ""}
    pod = templar(**given).template(trust_as_template("{{ __bootd_pod_settings }}"))
    # A pod has no file of the node, so it is told the script itself.
    assert (environment["BOOTD_UNKNOWN_SCRIPT"], pod["unknown_script"]) == (f"{tmp_path}/unknown.ipxe", script)
    for variables in (environment, {**environment, **{f"BOOTD_{name.upper()}": str(pod[name]) for name in MODES}}):
        made = settings_from(parse(["serve"], variables))
        assert (made.dhcp_mode, made.dhcp_modes, made.proxy_port) == ("proxy", given["bootd_dhcp_modes"], 4011)
        assert made.unknown_script == script
    assert settings()["BOOTD_UNKNOWN_SCRIPT"] == settings()["BOOTD_DHCP_MODES"] == ""


def test_off_without_quotes_is_the_mode_off_wherever_bootd_runs():
    given = {"bootd_dhcp_mode": False, "bootd_dhcp_modes": {"eth1": False, "10.20.0.0/24": "proxy"}}
    environment, pod = settings(**given), templar(**given).template(trust_as_template("{{ __bootd_pod_settings }}"))
    assert environment["BOOTD_DHCP_MODE"] == pod["dhcp_mode"] == "off"
    assert environment["BOOTD_DHCP_MODES"] == pod["dhcp_modes"] == "eth1=off,10.20.0.0/24=proxy"


MODES = ("dhcp_mode", "dhcp_modes", "proxy_port", "unknown_script")


def test_off_without_quotes_is_off_wherever_bootd_runs():
    given = yaml.safe_load("bootd_dhcp_mode: off\nbootd_dhcp_modes: {eth1: off, eth2: proxy, eth3: no}")
    wanted = ("off", "eth1=off,eth2=proxy,eth3=off")
    environment = settings(**given)
    assert (environment["BOOTD_DHCP_MODE"], environment["BOOTD_DHCP_MODES"]) == wanted
    pod = templar(**given).template(trust_as_template("{{ __bootd_pod_settings }}"))
    assert (pod["dhcp_mode"], pod["dhcp_modes"]) == wanted


def test_settings_for_stages_reach_bootd_wherever_it_runs():
    given = {"bootd_stage_limits": {"kernel": 60, "ready": 0}, "bootd_installs_at_once": 4, "bootd_ready_checks": False}
    given["bootd_configuration_window"] = 30
    wanted = {"stage_limits": "kernel=60,ready=0", "installs_at_once": "4", "ready_checks": "off"}
    wanted["configuration_window"] = "30"
    environment = settings(**given)
    assert {name: environment[f"BOOTD_{name.upper()}"] for name in wanted} == wanted
    pod = templar(**given).template(trust_as_template("{{ __bootd_pod_settings }}"))
    assert {name: str(pod[name]) for name in wanted} == wanted
    defaults = settings_from(parse(["serve"], {**settings(), "BOOTD_STORE": "files:/x", "BOOTD_BOOT_FILES": ""}))
    assert (defaults.stage_limits, defaults.installs_at_once, defaults.ready_checks) == (LIMITS, 0, True)
    assert defaults.configuration_window == 3600.0


def test_settings_have_configurations_in_a_directory_only_without_a_cluster():
    assert settings()["BOOTD_CONFIG_DIR"] == ""
    assert settings(bootd_service_manager="systemd")["BOOTD_CONFIG_DIR"] == "/etc/bootd/configurations"
    assert settings(bootd_service_manager="systemd", bootd_store="kubernetes")["BOOTD_CONFIG_DIR"] == ""
    assert settings(bootd_store="files:/srv/x", bootd_config_dir="/srv/y")["BOOTD_CONFIG_DIR"] == "/srv/y"


CLUSTER = {"bootd_store": "kubernetes:tink-system", "bootd_kubeconfig": "/etc/kind/netboot.kubeconfig"}


def value(name: str, **given: object) -> object:
    return templar(**given).template(trust_as_template("{{ " + name + " }}"))


def test_service_reaches_a_cluster_by_a_copy_of_the_kubeconfig():
    """KinD's is root's, and the service has neither root's files nor anybody's home."""
    assert settings(bootd_service_manager="systemd", **CLUSTER)["KUBECONFIG"] == "/etc/bootd/kubeconfig"
    assert settings(bootd_service_manager="systemd", **CLUSTER)["BOOTD_STORE"] == "kubernetes:tink-system"
    assert value("__bootd_kubeconfig", bootd_service_manager="foreground", **CLUSTER) == "/etc/kind/netboot.kubeconfig"
    tasks = yaml.safe_load((ROLE / "tasks/cluster.yml").read_text(encoding="utf-8"))
    (copy,) = [task for task in tasks if "ansible.builtin.copy" in task]
    assert (copy["ansible.builtin.copy"]["mode"], copy["diff"]) == ("0400", False)


def test_service_has_no_kubeconfig_where_machines_are_files():
    given = {"bootd_service_manager": "systemd", "bootd_kubeconfig": "/root/.kube/config"}
    assert "KUBECONFIG" not in settings(**given)
    assert value("__bootd_kubeconfig", **given) == ""
    assert value("__bootd_manifest_dir", **given) == "/etc/bootd/hardware"


@pytest.mark.parametrize("store", ["kubernetes", "kubernetes:tink-system"])
def test_cluster_is_no_directory(store):
    assert value("__bootd_manifest_dir", bootd_service_manager="systemd", bootd_store=store) == ""
    tasks = yaml.safe_load((ROLE / "tasks/install.yml").read_text(encoding="utf-8"))
    (made,) = [task for task in tasks if "__bootd_manifest_dir" in str(task.get("ansible.builtin.file"))]
    assert made["when"] == "__bootd_manifest_dir | length > 0"


@pytest.mark.parametrize(
    ("store", "good"),
    [
        *((store, True) for store in ("files:/srv/x", "kubernetes", "kubernetes:tink-system", "kubernetes:a")),
        *((store, False) for store in ("/srv/x", "files:srv/x", "files:", "kubernetes:", "kubernetes:A_b", "kube")),
    ],
)
def test_store_is_checked_before_anything_is_done(store, good):
    first = yaml.safe_load((ROLE / "tasks/main.yml").read_text(encoding="utf-8"))[0]
    condition = first["ansible.builtin.assert"]["that"]
    assert value(condition, bootd_store=store) is good


def test_command_is_for_hosts_where_bootd_is_a_service():
    assert value("bootd_command", bootd_service_manager="systemd") == "/usr/local/bin/bootd"
    assert value("bootd_command", bootd_service_manager="foreground") == ""
    assert value("bootd_command") == ""


def tasks_of(name: str) -> list[dict[str, object]]:
    return yaml.safe_load((ROLE / f"tasks/{name}.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("version", "good"), [([3, 9, 18], False), ([3, 10, 12], False), ([3, 11, 2], True), ([3, 14, 0], True)]
)
def test_python_of_the_host_is_asserted(version, good):
    (asserted,) = [task["ansible.builtin.assert"] for task in tasks_of("python") if "ansible.builtin.assert" in task]
    facts = {"python": {"version_info": [*version, "final", 0], "executable": "/usr/bin/python3"}}
    given = {"ansible_facts": facts, "inventory_hostname": "um790"}
    assert value(asserted["that"], **given) is good
    message = str(templar(**given).template(trust_as_template(asserted["fail_msg"])))
    for word in ("um790", "/usr/bin/python3, which", ".".join(map(str, version)), "ansible_python_interpreter"):
        assert word in message


def test_virtual_environment_is_made_of_the_python_that_was_named():
    facts = {"ansible_facts": {"python": {"executable": "/usr/bin/python3.11"}}}
    assert value("__bootd_pythons", **facts) == ["/usr/bin/python3.11", "/opt/bootd/venv/bin/python"]
    assert value("__bootd_pythons", **facts, bootd_venv_python="/usr/bin/python3.12")[0] == "/usr/bin/python3.12"
    assert value("__bootd_pythons", **facts, bootd_python="/srv/python") == ["/srv/python"]


def test_directory_of_configurations_is_for_its_owner_only():
    tasks = yaml.safe_load((ROLE / "tasks/install.yml").read_text(encoding="utf-8"))
    (made,) = [task["ansible.builtin.file"] for task in tasks if "bootd_config_dir" in str(task.get("when"))]
    assert (made["path"], made["mode"]) == ("{{ bootd_config_dir }}", "0700")


def test_admin_token_is_made_once_and_for_its_owner_only():
    tasks = yaml.safe_load((ROLE / "tasks/install.yml").read_text(encoding="utf-8"))
    (task,) = [task for task in tasks if "bootd_admin_token_file" in str(task.get("when"))]
    made = task["ansible.builtin.copy"]
    assert (made["dest"], made["mode"], made["force"]) == ("{{ bootd_admin_token_file }}", "0600", False)
    assert task["no_log"] is True
    on_host = settings(bootd_service_manager="systemd")
    assert on_host["BOOTD_ADMIN_TOKEN_FILE"] == "/var/lib/bootd/admin-token"


def test_unit_has_no_more_than_it_needs():
    unit = directives()
    assert set(unit["AmbientCapabilities"][0].split()) == CAPABILITIES
    assert set(unit["CapabilityBoundingSet"][0].split()) == CAPABILITIES
    assert unit["User"] == ["bootd"]
    assert unit["ProtectSystem"] == ["strict"]
    assert unit["StateDirectory"] == ["bootd"]
    assert "ReadWritePaths" not in unit
    assert unit["ExecStart"] == ["/opt/bootd/venv/bin/python /opt/bootd/bootd serve"]


def test_unit_may_write_where_states_are_kept_elsewhere():
    unit = directives(bootd_state_dir="/srv/bootd")
    assert unit["ReadWritePaths"] == ["/srv/bootd"]
    assert "StateDirectory" not in unit


def test_unit_leaves_proc_readable():
    """bootd asks /proc/sys whether an interface has IPv6."""
    assert "ProcSubset" not in directives()


@pytest.fixture
def unit_file(tmp_path):
    path = tmp_path / "bootd.service"
    # systemd-analyze wants programs that exist.
    path.write_text(render("bootd.service.j2", bootd_python="/bin/sh"), encoding="utf-8")
    return path


def test_unit_is_one_that_systemd_takes(unit_file):
    require("systemd-analyze")
    done = subprocess.run(["systemd-analyze", "verify", unit_file], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_unit_is_hardened_by_systemds_own_figures(unit_file):
    require("systemd-analyze")
    argv = ["systemd-analyze", "security", "--offline=yes", "--no-pager", unit_file]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    exposure = re.search(r"Overall exposure level for bootd.service: ([0-9.]+)", done.stdout)
    assert float(exposure[1]) <= MAX_EXPOSURE


def pip_options(**given) -> list[str]:
    tasks = [task for part in tasks_of("libraries") for task in part.get("block", [part])]
    (pip,) = [task["ansible.builtin.pip"] for task in tasks if "ansible.builtin.pip" in task]
    return shlex.split(str(templar(**given).template(trust_as_template(pip["extra_args"]))))


def test_libraries_are_installed_by_their_hashes():
    assert pip_options() == ["--require-hashes"]
    assert pip_options(bootd_pip_wheels="/srv/my wheels", bootd_pip_index_url="https://pypi.example/simple") == [
        *("--require-hashes", "--no-index", "--find-links", "/srv/my wheels"),
        *("--index-url", "https://pypi.example/simple"),
    ]


def test_libraries_of_a_list_of_the_users_own_need_no_hashes():
    assert pip_options(bootd_pip_requirements="/srv/own.txt", bootd_pip_wheels="/srv/wheels") == [
        *("--no-index", "--find-links", "/srv/wheels"),
    ]


def test_lock_is_a_file_of_the_role():
    """So it is found in a checkout, in an installed collection, and where only the role's directory is there."""
    for name, lock in (("libraries", HOST), ("image_context", DAEMON)):
        text = (ROLE / f"tasks/{name}.yml").read_text(encoding="utf-8")
        assert f"{{{{ bootd_pip_requirements | default('{lock.name}', true) }}}}" in text
        assert lock.parent == ROLE / "files"


@pytest.mark.parametrize(
    ("library", "installs", "foresees"),
    [({"skipped": True}, True, False), ({"rc": 0}, True, False), ({"rc": 1}, False, True)],
    ids=["no check mode, or no apt", "check mode", "check mode on a host that Ansible never worked on"],
)
def test_packages_are_foreseen_where_they_cannot_be_looked_for(library, installs, foresees):
    """apt's module fails in check mode without python3-apt, which it installs by itself in an ordinary run."""
    *_before, install, foresee = tasks_of("packages")
    assert value(install["when"], __bootd_packages_library=library) is installs
    assert value(foresee["when"], __bootd_packages_library=library) is foresees
    assert foresee["changed_when"] is True
    changed = value(
        "__bootd_packages_change",
        __bootd_packages={"skipped": True, "changed": False},
        __bootd_packages_foreseen={"changed": foresees},
    )
    assert changed is foresees


def test_packages_are_installed_in_one_way_only():
    """What was mended there for check mode is then mended for all roles."""
    managers = re.compile(r"ansible\.builtin\.(package|apt|dnf|dnf5|yum):")
    files = ROLE.parent.glob("*/tasks/*.yml")
    assert [path.name for path in files if managers.search(path.read_text(encoding="utf-8"))] == ["packages.yml"]


@pytest.mark.parametrize(
    "role", ["bootd/tasks/main", "image_server/tasks/main", "hardware/tasks/files", "configuration/tasks/files"]
)
def test_role_looks_at_the_python_before_it_runs_a_module_of_the_collection(role):
    tasks = yaml.safe_load((ROLE.parent / f"{role}.yml").read_text(encoding="utf-8"))
    texts = [yaml.safe_dump(task) for task in tasks]
    (first,) = [number for number, text in enumerate(texts) if re.search(r"python(\.yml)?$", text, re.M)]
    modules = [number for number, text in enumerate(texts) if re.search(r"^baremetal\.netboot\.", text, re.M)]
    assert all(first < number for number in modules)
    others = ("ports.yml", "images.yml", "install.yml")
    assert all(first < number for number, text in enumerate(texts) if any(name in text for name in others))
