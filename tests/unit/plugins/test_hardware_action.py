# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the action of hardware does the work itself, and where it has the module run."""

from __future__ import annotations

import contextlib
import sys
from types import SimpleNamespace

import pytest
from ansible.errors import AnsibleActionFail

from ansible_collections.baremetal.netboot.plugins.action.hardware import ActionModule

HERE = {"ansible_python_interpreter": sys.executable}


def action(store="kubernetes:lab", transport="local", become=None, environment=(), async_val=0, **args):
    task = SimpleNamespace(args={"store": store, **args}, environment=environment, async_val=async_val)
    connection = SimpleNamespace(transport=transport, become=become)
    made = ActionModule.__new__(ActionModule)
    made._task, made._connection = task, connection
    made._templar = SimpleNamespace(template=lambda value: value)
    return made


def test_action_works_itself_where_the_module_would_run_as_it_does():
    assert action()._is_here(HERE)


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"store": "files:/etc/bootd/hardware"},
        {"transport": "ssh"},
        {"become": object()},
        {"environment": [{"KUBECONFIG": "/root/other"}]},
        {"async_val": 60},
    ],
)
def test_action_has_the_module_run_elsewhere(elsewhere):
    assert not action(**elsewhere)._is_here(HERE)


@pytest.mark.parametrize("variables", [{}, {"ansible_python_interpreter": "/usr/bin/python3.other"}])
def test_action_has_the_module_run_under_another_python(variables):
    assert not action()._is_here(variables)


def test_options_leave_the_machines_as_they_are():
    given = [{"metadata": {"name": "um790-1"}}]
    made = action(machines=given)
    options, machines = made._options()
    assert machines == given
    assert (options["store"], options["state"], options["prune"]) == ("kubernetes:lab", "present", False)


@pytest.mark.parametrize("args", [{}, {"machines": [], "machine": {}}, {"machines": "um790-1"}, {"machines": ["a"]}])
def test_options_are_checked(args):
    with pytest.raises(Exception, match=r"machine"):
        action(**args)._options()


@pytest.mark.parametrize("more", [{}, {"state": "nonsense"}])
def test_options_are_the_same_when_the_task_is_tried_again(more):
    # `until` runs the same action once more: an empty list would have prune remove every machine.
    given = [{"metadata": {"name": "um790-1"}}]
    made = action(machines=given, **more)
    for _attempt in range(2):
        with contextlib.suppress(AnsibleActionFail):
            assert made._options()[1] == given
        assert made._task.args["machines"] == given
