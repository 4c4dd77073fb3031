"""The probes of the stack's own monitoring: only what changed is written, missed evaluations are made good, silence is said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from harness.errors import NotApplied
from harness.facts import (
    AlertChanged,
    AlertRouted,
    Blinded,
    DeliveryCounted,
    Fact,
    Looked,
    RuleSeen,
    Sampled,
    SilenceSeen,
    TargetSeen,
)
from harness.fakeworld import FakeWorld
from harness.probes.alerts import AlertsProbe, changes
from harness.probes.delivery import DeliveryProbe
from harness.probes.pages import PagesProbe
from harness.probes.samples import SamplesProbe, sampled
from harness.probes.silences import SilencesProbe
from harness.probes.targets import TargetsProbe
from harness.world.exposition import delivery_counters
from harness.world.metrics import Answer, Rules, Series


def firing(at_s: float, state: str = "firing", **labels: str) -> AlertChanged:
    return AlertChanged(alert="Slow", state=state, labels=labels or {"service": "api"}, happened_s=at_s)


@dataclass
class FakePrometheus:
    """Rules and alerts as the test sets them; `history` answers for ALERTS."""

    alerts: tuple[AlertChanged, ...] = ()
    rule: RuleSeen | None = field(default_factory=lambda: RuleSeen(rule="Slow", group="g", interval_s=1.0))
    evaluated_s: float = 0.0
    history: tuple[AlertChanged, ...] = ()
    error: str = ""
    asked_back_s: list[float] = field(default_factory=list)

    def rules(self) -> Rules:
        if self.error:
            raise NotApplied(self.error)
        from dataclasses import replace

        rules = (replace(self.rule, evaluated_s=self.evaluated_s),) if self.rule else ()
        return Rules(rules, tuple(replace(one, happened_s=self.evaluated_s) for one in self.alerts))

    def alerts_since(self, back_s: float) -> tuple[AlertChanged, ...]:
        self.asked_back_s.append(back_s)
        return self.history


class Looking:
    """A probe on the fake world, looked through at given times."""

    def __init__(self, prometheus: FakePrometheus) -> None:
        self.world = FakeWorld()
        self.prometheus = prometheus
        self.probe = AlertsProbe(prometheus)

    def at(self, now_s: float, *alerts: AlertChanged, evaluated_s: float | None = None) -> Sequence[Fact]:
        self.world.clock.wait_until(now_s)
        self.prometheus.alerts = alerts
        self.prometheus.evaluated_s = now_s - 0.3 if evaluated_s is None else evaluated_s
        return self.probe.look(self.world.world)


def states(facts: Sequence[Fact]) -> list[tuple[str, float]]:
    return [(fact.state, round(fact.at_s, 3)) for fact in facts if isinstance(fact, AlertChanged)]


def test_a_rule_is_written_once_and_when_it_changed_or_went() -> None:
    looking = Looking(FakePrometheus())
    assert [f.rule for f in looking.at(1) if isinstance(f, RuleSeen)] == ["Slow"]
    assert not [f for f in looking.at(2) if isinstance(f, RuleSeen)]
    looking.prometheus.rule = RuleSeen(rule="Slow", group="g", interval_s=1.0, health="err", error="no")
    assert [f.health for f in looking.at(3) if isinstance(f, RuleSeen)] == ["err"]
    looking.prometheus.rule = None
    assert [f.gone for f in looking.at(4) if isinstance(f, RuleSeen)] == [True]


def test_an_alert_is_written_when_its_state_changes_at_its_evaluation() -> None:
    looking = Looking(FakePrometheus())
    assert states(looking.at(1)) == []
    assert states(looking.at(2, firing(0, "pending"))) == [("pending", 1.7)]
    assert states(looking.at(3, firing(0, "pending"))) == []
    assert states(looking.at(4, firing(0))) == [("firing", 3.7)]
    cleared = looking.at(5)
    assert states(cleared) == [("inactive", 4.7)]
    assert [f.before_s for f in cleared if isinstance(f, AlertChanged)] == [3.7]
    assert isinstance(cleared[-1], Looked)


def test_evaluations_that_were_missed_are_asked_for_and_made_good() -> None:
    looking = Looking(FakePrometheus())
    looking.at(1)
    looking.prometheus.history = (firing(3.7), firing(4.7), firing(5.7))
    found = looking.at(9)
    assert looking.prometheus.asked_back_s == [pytest.approx(9.3)]
    assert states(found) == [("firing", 3.7), ("inactive", 6.7)]


def test_a_late_look_finds_when_a_known_alert_cleared_and_fired_anew() -> None:
    looking = Looking(FakePrometheus())
    looking.at(1)
    looking.at(2, firing(0))
    looking.prometheus.history = (firing(2.7), firing(5.7), firing(6.7))
    assert states(looking.at(8, firing(0))) == [("inactive", 3.7), ("firing", 5.7)]


def test_without_interval_or_history_only_the_two_looks_are_compared() -> None:
    told = changes(firing(1.0), (), None, last_s=1.0, evaluated_s=9.0, interval_s=0.0)
    assert [(change.state, change.at_s, change.before_s) for change in told] == [("inactive", 9.0, 1.0)]
    assert changes(None, (), None, last_s=1.0, evaluated_s=9.0, interval_s=1.0) == []


@dataclass
class SetPrometheus:
    """Rules and alerts as functions of the time; nothing between two looks."""

    rules_at: Callable[[float], Sequence[RuleSeen]]
    alerts_at: Callable[[float], Sequence[AlertChanged]]
    history: tuple[AlertChanged, ...] = ()
    now_s: float = 0.0
    asked: int = 0

    def rules(self) -> Rules:
        return Rules(tuple(self.rules_at(self.now_s)), tuple(self.alerts_at(self.now_s)))

    def alerts_since(self, back_s: float) -> tuple[AlertChanged, ...]:
        self.asked += 1
        return self.history


def looked_through(prometheus: SetPrometheus, times: Sequence[float]) -> list[tuple[str, float]]:
    world, probe = FakeWorld(), AlertsProbe(prometheus)
    found: list[Fact] = []
    for now_s in times:
        world.clock.wait_until(now_s + 0.5)
        prometheus.now_s = now_s
        found += probe.look(world.world)
    return states(found)


def slow(group: str, evaluated_s: float | None, interval_s: float = 1.0, **labels: str) -> RuleSeen:
    health = "unknown" if evaluated_s is None else "ok"
    return RuleSeen(
        rule="Slow", group=group, labels=labels, interval_s=interval_s, evaluated_s=evaluated_s, health=health
    )


def of(rule: RuleSeen, state: str = "firing", **labels: str) -> AlertChanged:
    return AlertChanged(
        alert="Slow", state=state, labels={**rule.labels, **labels}, group=rule.group, happened_s=rule.evaluated_s
    )


def test_a_name_in_two_groups_is_told_by_the_evaluations_of_the_group_that_fired() -> None:
    """Ticket each minute, page each second: the page's alert clears at its own evaluation, not at the ticket's, before it fired."""

    def rules(now_s: float) -> tuple[RuleSeen, RuleSeen]:
        return slow("a", 15.0 if now_s < 75 else 75.0, 60.0, severity="ticket"), slow("b", now_s, severity="page")

    prometheus = SetPrometheus(rules, lambda now_s: [of(rules(now_s)[1])] if 29 <= now_s < 40 else [])
    assert looked_through(prometheus, range(16, 95)) == [("firing", 29.0), ("inactive", 40.0)]
    assert prometheus.asked == 0, "no evaluation was missed"


def test_a_known_group_decides_where_names_and_labels_are_the_same() -> None:
    def rules(now_s: float) -> tuple[RuleSeen, RuleSeen]:
        return slow("a", 15.0 if now_s < 75 else 75.0, 60.0), slow("b", now_s)

    prometheus = SetPrometheus(rules, lambda now_s: [of(rules(now_s)[1], service="api")] if 29 <= now_s < 40 else [])
    assert looked_through(prometheus, range(16, 95)) == [("firing", 29.0), ("inactive", 40.0)]


def test_of_two_rules_with_one_alert_firing_hides_pending_and_clears_by_its_own_evaluation() -> None:
    def rules(now_s: float) -> tuple[RuleSeen, RuleSeen]:
        return slow("a", now_s), slow("b", 15.0 + 60.0 * ((now_s - 15) // 60), 60.0)

    def alerts(now_s: float) -> Sequence[AlertChanged]:
        quick, late = rules(now_s)
        return [*([of(quick)] if 29 <= now_s < 80 else []), *([of(late, "pending")] if 75 <= now_s < 135 else [])]

    prometheus = SetPrometheus(rules, alerts)
    assert looked_through(prometheus, range(16, 140)) == [("firing", 29.0), ("pending", 80.0), ("inactive", 135.0)]


def test_samples_of_two_rules_with_one_alert_are_the_louder_one() -> None:
    def rules(now_s: float) -> tuple[RuleSeen, RuleSeen]:
        return slow("a", now_s), slow("b", now_s + 0.2)

    prometheus = SetPrometheus(rules, lambda now_s: [of(rules(now_s)[0]), of(rules(now_s)[1], "pending")])
    prometheus.history = tuple(
        AlertChanged(alert="Slow", state=state, happened_s=at_s + late_s)
        for at_s in (17.0, 18.0, 19.0)
        for state, late_s in (("firing", 0.0), ("pending", 0.2))
    )
    assert looked_through(prometheus, (15, 16, 20)) == [("firing", 15.0)]


def test_nothing_clears_while_a_prometheus_that_restarted_has_not_evaluated_its_rule() -> None:
    def rules(clears_s: float) -> SetPrometheus:
        def rule(now_s: float) -> RuleSeen:
            if 51 <= now_s < 65:
                return slow("g", None, 15.0)
            return slow("g", 14.0 + 15 * ((now_s - 14) // 15) if now_s < 51 else 65.0 + 15 * ((now_s - 65) // 15), 15.0)

        return SetPrometheus(
            lambda now_s: [rule(now_s)],
            lambda now_s: [of(rule(now_s))] if 29 <= now_s < clears_s and rule(now_s).evaluated_s else [],
        )

    assert looked_through(rules(1e9), range(16, 95)) == [("firing", 29.0)]
    assert looked_through(rules(60.0), range(16, 95)) == [("firing", 29.0), ("inactive", 65.0)]


def test_an_alert_whose_rule_is_taken_away_is_over() -> None:
    prometheus = SetPrometheus(
        lambda now_s: [slow("g", now_s)] if now_s < 30 else [],
        lambda now_s: [of(slow("g", now_s))] if now_s < 30 else [],
    )
    assert [state for state, _ in looked_through(prometheus, range(16, 35))] == ["firing", "inactive"]


def test_a_failed_look_is_made_good_by_the_next_and_a_long_silence_blinds() -> None:
    looking = Looking(FakePrometheus(error="no answer"))
    assert isinstance(looking.at(1)[0], Blinded), "never yet looked"
    looking.prometheus.error = ""
    looking.at(2)
    looking.prometheus.error = "no answer"
    assert looking.at(4) == ()
    assert isinstance(looking.at(7.5)[0], Blinded)


def test_a_target_is_written_when_its_health_changes_and_when_it_goes() -> None:
    class Prometheus:
        seen: tuple[TargetSeen, ...] = (TargetSeen(job="api", instance="a", health="up", interval_s=1.0, took_s=0.1),)

        def targets(self) -> tuple[TargetSeen, ...]:
            return self.seen

    prometheus, world = Prometheus(), FakeWorld().world
    probe = TargetsProbe(prometheus)
    assert len(probe.look(world)) == 2
    prometheus.seen = (TargetSeen(job="api", instance="a", health="up", interval_s=1.0, took_s=0.2),)
    assert len(probe.look(world)) == 1, "what a scrape took is no change"
    prometheus.seen = ()
    assert [f.health for f in probe.look(world) if isinstance(f, TargetSeen)] == ["gone"]


def test_silences_and_routed_alerts_are_written_when_they_change() -> None:
    class Alertmanager:
        held: tuple[AlertRouted, ...] = ()
        quiet: tuple[SilenceSeen, ...] = ()

        def alerts(self) -> tuple[AlertRouted, ...]:
            return self.held

        def silences(self) -> tuple[SilenceSeen, ...]:
            return self.quiet

    alertmanager, world = Alertmanager(), FakeWorld().world
    probe = SilencesProbe(alertmanager)
    assert [type(fact) for fact in probe.look(world)] == [Looked]
    alertmanager.held = (AlertRouted(alert="Slow", state="active", fingerprint="a", receivers=("oncall",)),)
    assert [f.state for f in probe.look(world) if isinstance(f, AlertRouted)] == ["active"]
    alertmanager.quiet = (SilenceSeen(silence="s", state="active"),)
    alertmanager.held = (AlertRouted(alert="Slow", state="suppressed", fingerprint="a", silenced_by=("s",)),)
    assert [type(fact) for fact in probe.look(world)] == [SilenceSeen, AlertRouted, Looked]
    alertmanager.held = ()
    assert [f.state for f in probe.look(world) if isinstance(f, AlertRouted)] == ["gone"]


def test_pages_are_watched_only_while_the_mailbox_says_something() -> None:
    class Pager:
        why = ""

        def blind(self) -> str:
            return self.why

    pager, world = Pager(), FakeWorld().world
    assert [type(f) for f in PagesProbe(pager).look(world)] == [Looked]
    pager.why = "it was silent"
    assert [type(f) for f in PagesProbe(pager).look(world)] == [Blinded]


def test_counters_of_alerts_on_their_way_are_written_when_they_change() -> None:
    exposed = """# HELP prometheus_notifications_sent_total Total number of alerts sent.
# TYPE prometheus_notifications_sent_total counter
prometheus_notifications_sent_total{alertmanager="http://me:secret@alertmanager:9093/api/v2/alerts"} 7
prometheus_notifications_dropped_total 0
prometheus_notifications_queue_length 1
go_goroutines 9
"""

    class Server:
        text = exposed

        def counters(self) -> tuple[DeliveryCounted, ...]:
            return delivery_counters("prometheus", self.text)

    server, world = Server(), FakeWorld().world
    probe = DeliveryProbe("prometheus", server)
    first = [(f.counter, f.value, f.labels) for f in probe.look(world) if isinstance(f, DeliveryCounted)]
    place = {"alertmanager": "http://alertmanager:9093/api/v2/alerts"}
    assert first == [
        ("prometheus_notifications_sent_total", 7.0, place),
        ("prometheus_notifications_dropped_total", 0.0, {}),
    ]
    assert [type(fact) for fact in probe.look(world)] == [Looked]
    server.text = exposed.replace("total 0", "total 2")
    assert [f.value for f in probe.look(world) if isinstance(f, DeliveryCounted)] == [2.0]
    assert delivery_counters("alertmanager", "<html>no metrics</html>") == ()
    (muted,) = delivery_counters(
        "alertmanager", 'alertmanager_notifications_suppressed_total{reason="mute_time_interval"} 1\n'
    )
    assert (muted.labels, muted.value) == ({"reason": "mute_time_interval"}, 1.0)


def series(value: float | None, **labels: str) -> Series:
    return Series(labels, ((5.0, value),))


def test_of_many_series_the_extremes_are_always_written() -> None:
    answer = Answer(tuple(series(float(n), n=str(n)) for n in range(100)))
    found = sampled("q", answer, 5)
    assert len(found) == 5
    assert {found[0].value, found[1].value} == {0.0, 99.0}
    assert {sample.count for sample in found} == {100}


def test_nan_is_written_before_numbers_and_nothing_is_written_as_nothing() -> None:
    found = sampled("q", Answer((series(1.0), series(None)), ("careful",)), 20)
    assert [sample.value for sample in found] == [None, 1.0]
    assert found[0].warnings == ("careful",)
    (nothing,) = sampled("q", Answer(()), 20)
    assert (nothing.value, nothing.count) == (None, 0)


def test_each_query_is_looked_at_or_blinded_by_itself() -> None:
    class Prometheus:
        def query(self, expr: str) -> Any:
            if expr == "bad":
                raise NotApplied("parse error")
            return Answer((series(1.0),))

    facts = SamplesProbe(Prometheus(), ("good", "bad")).look(FakeWorld().world)
    assert [(type(fact), getattr(fact, "target", "")) for fact in facts] == [
        (Sampled, ""),
        (Looked, "good"),
        (Blinded, "bad"),
    ]
