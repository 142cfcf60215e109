# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every store does, whatever it is made of."""

from __future__ import annotations

from dataclasses import replace

import pytest

from _bootd.decisions.stages import Progress, State, Step
from _bootd.hardware.model import Machine
from _bootd.stores.base import StoreError
from contract.conftest import wait_until
from samples.manifests import key, mac

WAITING = State(stage="loading", waits_for="um790-1 (kernel)", last_at=3.5)
FAILED = State(
    stage="failed",
    progress=Progress("iso", 5, 10),
    seen={"iso": 2.5},
    overdue="installing",
    error="nothing",
    last_at=4.5,
)
INSTALLED = State(stage="installed", steps=(Step("installed", 5.5),), installs=1, facts={"a": "b"})


def switched_off(number: int, reprovision: str = "") -> State:
    return State(stage="installed", installs=1, switched_off={mac(number): reprovision})


def test_start_serves_everything_when_it_returns(bench):
    for number in (2, 3):
        bench.put(number)
    store = bench.start()
    assert [machine.key for machine in bench.catalog.machines()] == [key(2), key(3)]
    assert bench.catalog.by_mac(mac(2)).machine.key == key(2)
    assert bench.catalog.by_ip("10.10.0.103").machine.key == key(3)
    assert store.problems() == []


def test_start_of_an_empty_store(bench):
    assert bench.start().problems() == []
    assert len(bench.catalog) == 0


def test_start_of_a_store_that_is_not_there(bench):
    bench.take_away()
    with pytest.raises(StoreError):
        bench.start()


def test_changes_are_served_and_told(bench):
    bench.put(2)
    bench.start()
    bench.put(3)
    wait_until(lambda: bench.catalog.get(key(3)))
    bench.put(2, address="10.10.0.222")
    wait_until(lambda: bench.catalog.by_ip("10.10.0.222"))
    assert bench.catalog.by_ip("10.10.0.102") is None
    bench.delete(3)
    wait_until(lambda: bench.catalog.get(key(3)) is None)
    wait_until(lambda: bench.changes >= 3)
    assert isinstance(bench.catalog.get(key(2)), Machine)


def test_order_of_machines_is_served_as_it_changes(bench):
    bench.put(3, after="um790-2, other/um790-9")
    bench.start()
    assert bench.catalog.get(key(3)).after == (key(2), "other/um790-9")
    bench.put(3, after="um790-4")
    wait_until(lambda: bench.catalog.get(key(3)).after == (key(4),))


def test_stop_ends_it_and_may_be_called_again(bench):
    bench.start()
    bench.store.stop()
    bench.put(2)
    assert bench.changes == 0
    bench.store.stop()


def test_stop_of_a_store_that_never_started(bench):
    bench.store.stop()


@pytest.mark.parametrize("state", [WAITING, FAILED])
def test_what_is_loaded_and_waited_for_outlives_a_restart(bench, state):
    bench.put(2)
    bench.start()
    bench.store.save({key(2): state})
    bench.restart()
    assert dict(bench.store.load_states()) == {key(2): state}


def test_saved_states_are_there_after_a_restart(bench):
    bench.put(2)
    bench.start()
    assert dict(bench.store.load_states()) == {}
    bench.store.save({key(2): State(stage="script")})
    bench.store.save({key(2): INSTALLED})
    bench.store.save({"other/gone": State()})
    bench.restart()
    assert dict(bench.store.load_states()) == {key(2): INSTALLED, "other/gone": State()}
    assert bench.store.problems() == []


def test_switch_takes_effect_with_the_save(bench):
    bench.put(2)
    bench.start()
    assert bench.allow_pxe(2) == (True, False)
    bench.store.save({key(2): switched_off(2)})
    assert bench.allow_pxe(2) == (False, True)
    bench.restart()
    assert bench.allow_pxe(2) == (False, True)


def test_batch_is_kept_whole_or_not_at_all(bench):
    bench.start()
    bench.store.save({key(2): INSTALLED, key(3): WAITING})
    bench.store.save({})
    bench.refuse_writes()
    with pytest.raises(StoreError, match="No space left on device"):
        bench.store.save({key(2): FAILED, key(4): FAILED})
    bench.restart()
    assert dict(bench.store.load_states()) == {key(2): INSTALLED, key(3): WAITING}


def test_switch_takes_effect_although_it_can_not_be_kept(bench):
    bench.put(2)
    bench.start()
    bench.store.save({key(3): INSTALLED})
    bench.refuse_writes()
    with pytest.raises(StoreError, match="No space left on device"):
        bench.store.save({key(2): switched_off(2)})
    assert bench.allow_pxe(2) == (False, True)


def test_switch_stays_when_the_object_changes_elsewhere(bench):
    bench.put(2)
    bench.start()
    bench.store.save({key(2): switched_off(2)})
    bench.put(2, address="10.10.0.222")
    wait_until(lambda: bench.catalog.by_ip("10.10.0.222"))
    assert bench.allow_pxe(2) == (False, True)


def test_switch_gives_way_to_another_reprovision_value(bench):
    bench.put(2, reprovision="1")
    bench.start()
    bench.store.save({key(2): switched_off(2, "1")})
    assert bench.allow_pxe(2) == (False, True)
    bench.put(2, reprovision="2")
    wait_until(lambda: bench.allow_pxe(2) == (True, False))


def test_switch_shows_what_the_object_says_when_that_is_false(bench):
    bench.put(2)
    bench.start()
    bench.store.save({key(2): switched_off(2)})
    bench.put(2, allow=False)
    wait_until(lambda: bench.allow_pxe(2) == (False, bench.remembers_its_switch))


def test_switch_taken_back_by_a_save(bench):
    bench.put(2)
    bench.start()
    bench.store.save({key(2): switched_off(2)})
    bench.store.save({key(2): State()})
    assert bench.allow_pxe(2) == (True, False)


def test_switch_by_hand_is_the_same_and_says_so(bench):
    bench.put(2)
    bench.start()
    by_hand = State(stage="known", switched_off={mac(2): ""}, switched_by="10.10.0.9", last_at=1.0)
    for begin in (lambda: bench.store.save({key(2): by_hand}), bench.restart):
        begin()
        assert bench.allow_pxe(2) == (False, True)
        assert bench.catalog.get(key(2)).interfaces[0].netboot.by_hand
    bench.store.save({key(2): State(last_at=2.0)})
    assert bench.allow_pxe(2) == (True, False)
    assert not bench.catalog.get(key(2)).interfaces[0].netboot.by_hand


def test_clash_serves_the_older_and_is_a_problem_until_it_is_gone(bench):
    bench.put(2)
    bench.start()
    bench.put(3, mac=mac(2))
    wait_until(bench.store.problems)
    assert bench.catalog.by_mac(mac(2)).machine.key == key(2)
    (problem,) = bench.store.problems()
    assert key(2) in problem.message and key(3) in problem.message
    bench.delete(2)
    wait_until(lambda: bench.catalog.by_mac(mac(2)).machine.key == key(3))
    assert bench.store.problems() == []


def test_state_that_can_not_be_read_is_left_out_and_told_and_nothing_is_installed_again(bench):
    for number in (2, 3):
        bench.put(number)
    bench.start()
    bench.store.save({key(2): switched_off(2)})
    bench.store.save({key(3): INSTALLED})
    bench.spoil_state(2)
    bench.restart()
    assert dict(bench.store.load_states()) == {key(3): INSTALLED}
    assert len(bench.store.problems()) == 1
    assert bench.allow_pxe(2) == (False, True)
    assert bench.allow_pxe(3) == (True, False)
    # It goes on asking, and what is seen of it then is no history.
    for at in (9.0, 10.0):
        started_with = bench.store.load_states().get(key(2), State())
        bench.store.save({key(2): replace(started_with, stage="offered", last_at=at)})
        assert bench.allow_pxe(2) == (False, True)
        bench.restart()
