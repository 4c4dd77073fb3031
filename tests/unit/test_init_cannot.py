"""What a first drill cannot judge: a list that is cut says so."""

from __future__ import annotations

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


def test_edges_that_are_left_out_of_the_list_are_counted() -> None:
    edges = [Edge("api", f"db{i}", refused="UDP") for i in range(6)]
    *_, last = cannot._edges(edges, Looked())
    assert last.startswith("faults on 1 other edge")
