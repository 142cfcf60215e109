# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""bootd while the API is away, has lost its data, or another bootd is there."""

from __future__ import annotations

import time

from _bootd.kube.client import resource_path
from _bootd.kube.lease import DURATION, RENEW
from api.site import MACHINE, REPLICAS, ask_for_address, metric, report
from cluster.kube import wait_for

SCRIPT = "/58-47-ca-71-d8-49/auto.ipxe"
TAKEOVER = 15.0  # seconds


def test_api_away_during_an_installation(own_site):
    site = own_site
    bootd = site.bootd().start()
    site.api.kill()
    assert "vmlinuz" in bootd.get(SCRIPT)[1]
    assert report(bootd, site, "started") == 200
    assert report(bootd, site, "succeeded") == 200
    assert "vmlinuz" not in bootd.get(SCRIPT)[1]
    wait_for(lambda: bootd.get("/readyz")[1].count("Connection refused"), "readyz says that the API is away")
    site.api.start()
    wait_for(lambda: site.state().get("stage") == "installed", "the object says installed", 60)
    assert site.allow_pxe() is False
    wait_for(lambda: "Connection refused" not in bootd.get("/readyz")[1], "all is well again")


def test_changes_made_after_the_api_was_away_are_served(own_site):
    site = own_site
    bootd = site.bootd().start()
    site.api.kill()
    time.sleep(1)
    site.api.start()
    site.apply(site.document("um790-2", "58:47:ca:71:d8:4a", "10.10.0.17"))
    wait_for(lambda: bootd.get("/58-47-ca-71-d8-4a/auto.ipxe")[0] == 200, "the new machine is served")


def test_start_without_the_api_serves_what_was_known(own_site):
    site = own_site
    bootd = site.bootd().start()
    assert report(bootd, site, "started") == 200
    wait_for((bootd.state / "hardware.jsonl").exists, "the objects are kept")
    site.api.kill()
    bootd.kill()
    bootd.start()
    assert "vmlinuz" in bootd.get(SCRIPT)[1]
    assert report(bootd, site, "succeeded") == 200
    bootd.kill()
    bootd.start()
    assert "vmlinuz" not in bootd.get(SCRIPT)[1]
    site.api.start()
    wait_for(lambda: site.allow_pxe() is False, "the object says so too", 60)


def test_cluster_that_lost_its_data_does_not_make_bootd_forget(own_api, own_site):
    site = own_site
    bootd = site.bootd().start()
    assert report(bootd, site, "succeeded") == 200
    wait_for(lambda: site.allow_pxe() is False, "netboot is off")
    wait_for((bootd.state / "hardware.jsonl").exists, "the objects are kept")
    own_api.lose_data()
    wait_for(lambda: "404" in bootd.get("/readyz")[1], "readyz says that Hardware is unknown", 60)
    assert bootd.get(SCRIPT)[0] == 200
    site.restore()
    own_api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": site.namespace}}, "namespaces")
    message = "which has lost data or was restored"
    wait_for(lambda: message in bootd.get("/readyz")[1], "readyz tells what is missing", 60)
    assert bootd.get(SCRIPT)[0] == 200
    bootd.kill()
    bootd.start()
    assert message in bootd.get("/readyz")[1]
    site.apply(site.document())
    wait_for(lambda: message not in bootd.get("/readyz")[1], "nothing is missing any more")
    wait_for(lambda: site.allow_pxe() is False, "an installed machine is not installed again")
    assert "vmlinuz" not in bootd.get(SCRIPT)[1]


def test_deleted_objects_are_forgotten_although_bootd_was_away(site):
    bootd = site.bootd().start()
    bootd.stop()
    site.api.kubectl("-n", site.namespace, "delete", "hardware", MACHINE)
    bootd.start()
    assert bootd.get(SCRIPT)[0] == 404
    assert bootd.lines("store_problem") == []


def answers(bootd) -> bool:
    """Return whether this replica answers DHCP."""
    before = metric(bootd, "bootd_dropped_total", 'reason="standby"')
    sent = metric(bootd, "bootd_dhcp_messages_total", 'direction="send"', 'type="DHCPOFFER"')
    ask_for_address(bootd)
    wait_for(
        lambda: (
            metric(bootd, "bootd_dropped_total", 'reason="standby"') > before
            or metric(bootd, "bootd_dhcp_messages_total", 'direction="send"', 'type="DHCPOFFER"') > sent
        ),
        "it has seen the request",
    )
    return metric(bootd, "bootd_dhcp_messages_total", 'direction="send"', 'type="DHCPOFFER"') > sent


def test_one_of_three_replicas_answers_and_another_takes_over(site, record_property):
    flags = [("--lease-namespace", site.namespace, "--replica", f"node{number}") for number in range(len(REPLICAS))]
    first, *others = [site.bootd(*more, number=number).start() for number, more in enumerate(flags)]
    assert [answers(bootd) for bootd in (first, *others)] == [True, False, False]
    began = time.monotonic()
    first.kill()
    wait_for(lambda: any(answers(bootd) for bootd in others), "another has taken over", TAKEOVER)
    took = time.monotonic() - began
    record_property("takeover_seconds", round(took, 1))
    assert DURATION - RENEW - 1 < took < TAKEOVER
    assert sum(answers(bootd) for bootd in others) == 1
    # Started again it waits: the lease is another's.
    assert answers(first.start()) is False
    holder = next(bootd for bootd in others if answers(bootd))
    began = time.monotonic()
    holder.stop()
    rest = [bootd for bootd in (first, *others) if bootd is not holder]
    wait_for(lambda: any(answers(bootd) for bootd in rest), "a lease that was given back is taken at once", 2 * RENEW)


def test_replicas_know_what_the_others_have_seen(site):
    one, other = (site.bootd(number=number).start() for number in (0, 1))
    assert report(one, site, "started") == 200
    wait_for(lambda: '"installing"' in other.get(f"/api/v1/machines/{MACHINE}")[1], "the other knows too")


def test_lease_outlives_the_api(own_site):
    site = own_site
    bootd = site.bootd("--lease-namespace", site.namespace, "--replica", "node0").start()
    assert answers(bootd)
    path = resource_path("coordination.k8s.io/v1", "leases", site.namespace, "bootd")
    assert site.api.client.get(path)["spec"]["holderIdentity"] == "node0"
    site.api.kill()
    time.sleep(DURATION + 2 * RENEW)
    assert answers(bootd)
    site.api.start()
