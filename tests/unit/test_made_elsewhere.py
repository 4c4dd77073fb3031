"""Alerts that a log store's ruler, another Prometheus or Grafana made: Alertmanager and the mailbox had them, Prometheus did not."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote_plus

import pytest
from alert_stories import SERVICE, alert, judged, looks, page, rule, story

from harness import facts as f
from harness.alerting import Quiet
from harness.curtain import Curtain
from harness.expectations.alert_quiet import AlertQuiet
from harness.made_elsewhere import PROBE, made_elsewhere
from harness.masking import Secret
from harness.probes.silences import SilencesProbe
from harness.quiet import firing, quiet_since
from harness.world.pager import pages

PAGES = AlertQuiet(alert="*", labels={"severity": "page"})


class FromTheEpoch:
    """A clock whose run began with the wall clock's own count."""

    def now_s(self) -> float:
        return 31.0

    def wall_s(self) -> float:
        return 31.0

    def wait_until(self, at_s: float) -> None:
        raise AssertionError("nothing waits here")


def held(at_s: float, state: str = "active", name: str = "LokiErrors", **more: Any) -> f.AlertRouted:
    values = {"alert": name, "labels": SERVICE, "fingerprint": "x", "receivers": ("oncall",), **more}
    return f.AlertRouted(seen_s=at_s, state=state, **values)


def loki(at_s: float, **more: Any) -> f.Paged:
    return page(at_s, alert="LokiErrors", fingerprint="x", **more)


def came(*happened: f.Fact, claim: AlertQuiet = PAGES, cut_s: float = 99.0, **more: Any) -> tuple[str, str]:
    found = judged(claim, story(*looks(PROBE), *happened, **more).cut(cut_s))
    return found.outcome.value, found.reason


def test_what_it_takes_for_the_looks_at_alertmanager_are_them() -> None:
    assert SilencesProbe.name == PROBE


@pytest.mark.parametrize(
    ("happened", "expected"),
    [
        ((held(30), loki(31)), ("failed", "collateral")),
        ((held(30),), ("failed", "collateral")),
        ((held(30, "suppressed"),), ("failed", "collateral")),  # it fires, whoever hears of it
        ((loki(31),), ("failed", "collateral")),
        ((loki(31, status="resolved", ends_s=31.0, start_s=28.0),), ("failed", "collateral")),
        ((held(20.5),), ("failed", "false_alarm")),
        ((held(12),), ("failed", "pre_existing")),
        ((held(12), held(20.4, "gone")), ("passed", "met")),
        ((held(12), held(22.4, "gone")), ("failed", "pre_existing")),
        ((loki(31, start_s=15.0),), ("passed", "met")),  # nobody knows until when it fired
        ((held(51), loki(52)), ("passed", "met")),
        ((held(30, labels={"severity": "ticket"}),), ("passed", "met")),
        ((loki(31, before_s=30.0),), ("passed", "met")),  # of a provider's list, where others' pages are, too
        ((held(30), f.TargetChosen(seen_s=0, target="shared", load="x")), ("passed", "met")),
    ],
)
def test_an_alert_that_another_made_breaks_the_quiet(happened: tuple[f.Fact, ...], expected: tuple[str, str]) -> None:
    assert came(*happened) == expected


def test_the_page_is_cited_and_it_says_who_did_not_make_it() -> None:
    journal = story(held(30.5), loki(31))
    found = judged(PAGES, journal)
    assert found.because.startswith(
        'LokiErrors{service="api", severity="page"} fired at 30.0 s, in the trouble of \'hurt\''
    )
    assert found.because.endswith("oncall was sent a page about it, and it was not Prometheus that made it")
    assert journal.of(f.Paged)[0].cite in found.cites
    assert found.measure is not None
    assert found.measure.high == 1


@pytest.mark.parametrize(
    "happened",
    [
        (alert("firing", 15), alert("inactive", 19), held(15.9, name="Slow"), held(19.9, "gone", name="Slow")),
        (alert("firing", 15), alert("inactive", 19), held(15.9, name="Slow")),  # of its end Alertmanager heard nothing
        (alert("firing", 30, labels={"severity": "critical"}), held(31, name="Slow"), page(31)),  # relabelled
        (alert("firing", 30, labels={"severity": "critical", "pod": "a"}), page(31, labels={"severity": "page"})),
    ],
)
def test_what_prometheus_made_is_its_own_whatever_alertmanager_has_of_its_labels(happened: tuple[f.Fact, ...]) -> None:
    assert made_elsewhere(story(*looks(PROBE), *happened)) == []
    assert came(*happened) == ("passed", "met")


def test_another_prometheus_rule_of_the_same_name_is_anothers() -> None:
    ours = (alert("firing", 12, labels={"service": "db"}), alert("inactive", 15, labels={"service": "db"}))
    assert came(*ours, page(31)) == ("failed", "collateral")
    assert came(alert("firing", 25, labels={"service": "db"}), page(31)) == ("failed", "collateral")


def test_it_is_told_only_when_prometheus_was_looked_at_since() -> None:
    """Until then it may be an alert of its own."""
    assert came(loki(31), cut_s=32.0) == ("inconclusive", "window_open")
    assert came(loki(31), cut_s=35.0) == ("failed", "collateral")
    assert came(loki(31), hole=(28, 40)) == ("inconclusive", "not_watched")


def test_those_that_may_fire_may_do_so_elsewhere() -> None:
    allowing = AlertQuiet(alert="*", labels={"severity": "page"}, allow=("Loki*",))
    assert came(held(30), loki(31), claim=allowing) == ("passed", "met")


NONE = {"severity": "none"}
WATCHDOG = alert("firing", 5, name="Watchdog", labels=NONE)
RENAMED = held(6, name="prod-Watchdog", labels=NONE)


def renamed_page(at_s: float, **more: Any) -> f.Paged:
    return page(at_s, **{"alert": "prod-Watchdog", "labels": NONE, "fingerprint": "w", **more})


@pytest.mark.parametrize(
    ("happened", "expected"),
    [
        ((WATCHDOG, RENAMED), ("passed", "met")),
        ((WATCHDOG, RENAMED, renamed_page(31, start_s=5.0)), ("passed", "met")),
        ((WATCHDOG, held(6, name="prod-Watchdog", labels={**NONE, "env": "prod"})), ("passed", "met")),
        ((RENAMED,), ("failed", "pre_existing")),  # Prometheus has none such
        ((WATCHDOG, held(6, name="prod-Watchdog", labels={"severity": "page"})), ("failed", "pre_existing")),
        ((WATCHDOG, held(6, name="Watchdog", labels=NONE, fingerprint="w"), RENAMED), ("failed", "pre_existing")),
        ((WATCHDOG, held(6, name="LokiErrors", labels=NONE)), ("failed", "pre_existing")),
        ((WATCHDOG, alert("inactive", 15, name="Watchdog", labels=NONE), renamed_page(31)), ("failed", "collateral")),
    ],
)
def test_what_prometheus_renames_on_its_way_is_its_own(happened: tuple[f.Fact, ...], expected: tuple[str, str]) -> None:
    quiet = AlertQuiet(alert="*", allow=("Watchdog",))
    assert came(*happened, claim=quiet) == expected
    waits = firing(story(*looks(PROBE), *happened).cut(20.0), Quiet(("Watchdog",)))
    assert bool(waits) == (expected[1] == "pre_existing")


@pytest.mark.parametrize("sent", [held, page])
def test_a_new_name_and_a_rewritten_label_may_be_made_by_prometheus_or_by_another_with_the_same_rule(sent: Any) -> None:
    rules = (rule(4.0, rule="Watchdog", expr="vector(1)", labels=NONE), rule(4.0, expr="up == 0"))
    more = (
        {"expr": "vector(1)", "name": "prod-Watchdog"} if sent is held else {"alert": "prod-Watchdog", "start_s": 25.0}
    )
    more |= {} if sent is held else {"generator": "http://p:9090/graph?g0.expr=vector%281%29&g0.tab=1"}
    fires = alert("firing", 25, name="Watchdog", labels=NONE)
    journal = story(*looks(PROBE), *rules, fires, sent(26, labels={"severity": "P5"}, **more), but=(f.RuleSeen,))
    found = judged(AlertQuiet(alert="*", allow=("Watchdog",)), journal)
    assert (found.outcome.value, found.reason) == ("inconclusive", "unknown_maker")
    assert 'prod-Watchdog{severity="P5"} did at 2' in found.because
    assert "stands on the expression of Watchdog" in found.because
    assert "allow: [prod-Watchdog]" in found.decide
    assert judged(AlertQuiet(alert="*", allow=("Watchdog", "prod-*")), journal).outcome.value == "passed"
    assert firing(journal, Quiet(("Watchdog",))) == (), "the gate is not held up by what may be allowed"


TO_OWN = "http://prometheus:9090/graph?g0.expr=slow+%3E+1&g0.tab=1"
TO_LOKI = "http://loki:3100/explore?left=x"
TO_OTHER = "http://other:9090/graph?g0.expr=late+%3E+1&g0.tab=1"
BUDGET: dict[str, Any] = {"alert": "LatencyBudget", "fingerprint": "b"}
FIRES = (rule(expr="slow > 1", health="ok"), rule(rule="Other", expr="x > 1", health="ok"), alert("firing", 24))


def budget_held(expr: str = "") -> f.AlertRouted:
    return held(25, name="LatencyBudget", fingerprint="b", expr=expr)


@pytest.mark.parametrize(
    ("happened", "expected"),
    [
        ((page(26, generator=TO_OWN, start_s=24.0, **BUDGET),), ("passed", "met")),
        ((budget_held("slow > 1"), page(26, generator=TO_OWN, start_s=24.0, **BUDGET)), ("passed", "met")),
        ((budget_held("slow > 1"),), ("passed", "met")),
        ((budget_held(), page(26, generator=TO_OWN, start_s=24.0, **BUDGET)), ("passed", "met")),
        (
            (page(26, generator=TO_OWN, start_s=24.0, **{**BUDGET, "labels": {**SERVICE, "env": "x"}}),),
            ("passed", "met"),
        ),
        (
            (page(26, generator=TO_OWN, start_s=24.0, **{**BUDGET, "labels": {"service": "db"}}),),
            ("inconclusive", "unknown_maker"),
        ),
        (
            (page(31, generator=TO_OWN, start_s=29.0, **{**BUDGET, "labels": {"service": "db"}}),),
            ("failed", "collateral"),  # it began at another time
        ),
        (
            (held(25, name="Other", labels={"service": "db"}, expr="slow > 1"),),
            ("failed", "collateral"),  # a rule has that name, and another expression
        ),
        ((page(26, generator=TO_OTHER, start_s=24.0, **BUDGET),), ("failed", "collateral")),
        ((page(26, generator=TO_LOKI, start_s=24.0, **BUDGET),), ("failed", "collateral")),
        ((page(26, start_s=24.0, **BUDGET),), ("passed", "met")),  # nothing tells its maker
        ((budget_held(), page(26, start_s=24.0, **BUDGET)), ("passed", "met")),
        ((page(26, start_s=22.9, **BUDGET),), ("failed", "collateral")),  # at another evaluation
        ((page(26, start_s=24.0, **{**BUDGET, "labels": {"severity": "page"}}),), ("failed", "collateral")),
        ((budget_held(),), ("failed", "collateral")),
        ((budget_held("late > 1"),), ("failed", "collateral")),
    ],
)
def test_an_alert_that_is_renamed_wholly_is_known_by_its_expression_or_its_beginning(
    happened: tuple[f.Fact, ...], expected: tuple[str, str]
) -> None:
    allowing = AlertQuiet(alert="*", allow=("Slow",))
    assert came(*FIRES, *happened, claim=allowing, but=(f.RuleSeen,)) == expected


@pytest.mark.parametrize(
    ("happened", "expected"),
    [
        ((page(26, generator=TO_OTHER, start_s=24.0),), ("failed", "collateral")),
        ((held(25, name="Slow", expr="late > 1"),), ("failed", "collateral")),
        ((page(26, generator=TO_OWN, start_s=24.0),), ("passed", "met")),
        ((page(26, generator="http://vmalert:8880/vmalert/alert?alert_id=1", start_s=24.0),), ("passed", "met")),
    ],
)
def test_one_of_the_same_name_on_another_expression_is_anothers(
    happened: tuple[f.Fact, ...], expected: tuple[str, str]
) -> None:
    journal = story(*looks(PROBE), *FIRES, *happened, but=(f.RuleSeen,))
    assert [one.alert for one in made_elsewhere(journal)] == ["Slow"] * (expected[0] == "failed")


def test_a_password_that_is_a_word_of_the_expression_parts_no_page_from_its_rule() -> None:
    """The word is masked in what is written down, and in a URL it is not always found."""
    expr = 'absent(up{job="shop-api"})\n  or up{job="shop-api"} > 0'
    one = {
        "labels": {"alertname": "prod-Heartbeat", **NONE},
        "status": "firing",
        "startsAt": "1970-01-01T00:00:30Z",
        "generatorURL": f"http://p:9090/graph?g0.expr={quote_plus(expr)}&g0.tab=1",
    }
    body = {"version": "4", "receiver": "oncall", "alerts": [one]}
    (sent,) = pages(
        {"host": "pager", "port": 80, "at_ns": 31_000_000_000, "body": json.dumps(body)}, 1, 0, FromTheEpoch()
    )
    beats = rule(4.0, rule="Heartbeat", expr=expr, labels=NONE)
    fires = alert("firing", 30, name="Heartbeat", labels=NONE)
    mask = Curtain((Secret("DB_PASSWORD", "shop-api"),)).fact
    written = [mask(one) for one in (beats, rule(4.0, expr="up == 0"), fires, sent)]
    assert "[DB_PASSWORD]" in repr(written[0])
    found = judged(AlertQuiet(alert="*", allow=("Heartbeat",)), story(*looks(PROBE), *written, but=(f.RuleSeen,)))
    assert (found.outcome.value, found.reason) == ("passed", "met")


@pytest.mark.parametrize(
    ("name", "labels", "start_s", "expected"),
    [
        ("BackupFailed", {"severity": "page"}, 23.5, ("failed", "collateral")),
        ("Uptime", {"severity": "page"}, 22.0, ("failed", "collateral")),
        ("prod-up", {"severity": "page"}, 22.0, ("passed", "met")),
        ("prod_Up_2", {"severity": "page", "env": "prod"}, 22.0, ("passed", "met")),
        ("prod-Up", {"env": "prod"}, 22.0, ("failed", "collateral")),  # it has lost what the alert bears
    ],
)
def test_a_name_that_has_only_its_letters_in_it_is_none_made_of_it(
    name: str, labels: dict[str, str], start_s: float, expected: tuple[str, str]
) -> None:
    fires = alert("firing", 22, "Up", {"severity": "page"})
    sent = page(30, alert=name, start_s=start_s, labels=labels, fingerprint="z", generator=TO_LOKI)
    assert came(fires, sent, claim=AlertQuiet(alert="*", allow=("Up",))) == expected


def test_a_watchdog_that_fired_at_the_first_look_began_before_it() -> None:
    first = f.AlertChanged(
        alert="Watchdog", state="firing", labels=NONE, happened_s=9.0, seen_s=9.5, active_s=5.0, before_s=None
    )
    for name in ("Watchdog", "prod-Watchdog"):
        assert made_elsewhere(story(first, renamed_page(31, start_s=5.0, alert=name))) == []


def test_by_the_name_that_it_gets_on_its_way_it_breaks_a_quiet_of_that_name() -> None:
    assert came(WATCHDOG, RENAMED, claim=AlertQuiet(alert="prod-*")) == ("failed", "pre_existing")


def test_the_steady_state_waits_for_them_too() -> None:
    journal = story(*looks(PROBE), held(12), held(18.2, "gone")).cut(30.0)
    assert quiet_since(journal, Quiet(), 30.0) == 17.5
    assert quiet_since(journal.cut(15.0), Quiet(), 15.0) == 14.5
    assert firing(journal.cut(15.0), Quiet()) == ("LokiErrors",)
    assert quiet_since(journal, Quiet(("Loki*",)), 30.0) == 0.5
