"""What a first drill cannot judge: a list that is cut says so."""

from __future__ import annotations

import pytest

from harness.edges import Edge
from harness.facts import RuleSeen
from harness.init import alerts, cannot
from harness.init.seen import Looked
from harness.stack.observed import Monitoring


def test_rules_that_are_left_out_of_the_list_are_counted() -> None:
    rules = [RuleSeen(rule=f"Load{i}", expr=f"queue_length_{i} > 1", interval_s=5.0) for i in range(7)]
    monitoring, picked = Monitoring(prometheus="prometheus:9090"), alerts.pick(rules)
    (said,) = cannot._alerts(monitoring, rules, picked, Looked())
    assert "Load4 reads neither" in said
    assert said.endswith("; and 2 rules more)")


@pytest.mark.parametrize(
    ("firing", "said"),
    [
        (("Watchdog",), "whether any alert fires before a fault: add `no alert firing except Watchdog` to the gate"),
        (("Slow",), "wrong (Slow): cure them, then add `no alert firing` to the gate"),
        (("Slow", "Watchdog"), "wrong (Slow): cure them, then add `no alert firing except Watchdog` to the gate"),
    ],
)
def test_a_dead_mans_switch_is_not_to_be_cured(firing: tuple[str, ...], said: str) -> None:
    rules = [RuleSeen(rule="Watchdog", expr="vector(1)"), RuleSeen(rule="Slow", expr="latency_seconds > 1")]
    *_, last = cannot._alerts(Monitoring(prometheus="p:9090"), rules, alerts.pick(rules), Looked(firing=firing))
    assert said in last


def test_of_several_alertmanagers_one_is_to_be_named() -> None:
    monitoring = Monitoring(prometheus="p:9090", alertmanagers={"a:9093": "", "b:9093": ""})
    (said,) = cannot._pages(monitoring, (), {})
    assert "several could be it. Name it: stack: {observe: {alertmanager: a:9093}}" in said


def test_edges_that_are_left_out_of_the_list_are_counted() -> None:
    edges = [Edge("api", f"db{i}", refused="UDP") for i in range(6)]
    *_, last = cannot._edges(edges, Looked())
    assert last.startswith("faults on 1 other edge")
