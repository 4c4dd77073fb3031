"""What the rules of claimed alerts read is asked of Prometheus once, when the phases are over."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from alert_stories import alert, rule, ruled

from harness import facts as f
from harness.errors import NotApplied
from harness.expectations.alert_clears import AlertClears
from harness.expectations.alert_fires import AlertFires
from harness.expectations.alert_quiet import AlertQuiet
from harness.expectations.page_sent import PageSent
from harness.expectations.selected import may_come
from harness.journal import Journal
from harness.promql import matchers
from harness.run.selecting import CUT, FAILURES, MOST, Selecting, selected
from harness.run.target_servers import Servers
from harness.world.metrics import Answer, Series

ASKED = re.compile(r"(count by \((?P<by>[\w, ]+)\) |count|max)\((?P<selector>.*)\)\[(?P<back>\d+)s:(?P<step>\d+)s\]")
TIMES = tuple(range(91))
API = {"job": "api", "instance": "api:80"}


class Known:
    """A Prometheus that knows a few series, from one second to another; each goes up by one a second."""

    def __init__(self, *series: tuple[Mapping[str, str], tuple[float, float]], described: tuple[str, ...] = ()) -> None:
        self._series = [*series, ({"__name__": "up", **API}, (0.0, 90.0))]
        self._described = described
        self.made: dict[str, tuple[int, ...]] = {}
        """What parts of a rule give, by query; all the time where it is not told."""

    def query(self, expr: str) -> Answer:
        asked = ASKED.fullmatch(expr)
        assert asked is not None, expr
        if "(" in asked["selector"].partition("{")[0] or " " in asked["selector"].partition("{")[0]:
            points = tuple((float(at_s), 1.0) for at_s in self.made.get(asked["selector"], TIMES))
            return Answer((Series({}, points),) if points else ())
        found = [one for one in self._series if self._matches(one[0], asked["selector"])]
        names = (asked["by"] or "").split(", ") if asked["by"] else []
        made = []
        for values in sorted({tuple(labels.get(name, "") for name in names) for labels, _ in found}):
            mine = [span for labels, span in found if tuple(labels.get(name, "") for name in names) == values]
            times = [at_s for at_s in TIMES if any(from_s <= at_s <= until_s for from_s, until_s in mine)]
            group = dict(zip(names, values, strict=True))
            made.append(Series(group, tuple((float(at_s), float(at_s)) for at_s in times)))
        return Answer(tuple(one for one in made if one.points))

    def described(self, metric: str) -> str:
        return next((name for name in (metric, metric.rpartition("_")[0]) if name in self._described), "")

    def metrics(self) -> tuple[str, ...]:
        return tuple({labels["__name__"] for labels, _ in self._series})

    @staticmethod
    def _matches(labels: Mapping[str, str], selector: str) -> bool:
        metric, parts = matchers(selector)
        if metric and labels["__name__"] != metric:
            return False
        for part in parts:
            mine, pattern = labels.get(part.label, ""), part.text.partition('"')[2][:-1]
            if "!~" in part.text:
                if re.fullmatch(pattern, mine):
                    return False
            elif not re.fullmatch(pattern, mine):
                return False
        return True


def seen(expr: str, prometheus: Known) -> list[f.SelectorSeen]:
    found = list(Selecting(ruled(rule(4.0, expr=expr)), prometheus).seen(("Slow",)))
    assert not any(isinstance(one, f.SeriesSeen) for one in found), "no alert of it fired"
    return [one for one in found if isinstance(one, f.SelectorSeen)]


def errors(dependency: str, span: tuple[float, float] = (0.0, 90.0)) -> tuple[Mapping[str, str], tuple[float, float]]:
    return {"__name__": "errors_total", **API, "dependency": dependency}, span


def test_of_what_there_is_it_tells_when_and_what_it_gave_last() -> None:
    (one,) = seen("max(errors_total) > 1", Known(errors("a", (10.0, 30.0)), errors("b", (60.0, 70.0))))
    assert one.spans == ((10.0, 30.0), (60.0, 70.0))
    assert one.last == ((30.0, 30.0),), "the phase of the story ends at 50 s"


def test_what_a_rule_read_that_went_is_asked_after_what_those_read_that_are_loaded() -> None:
    went, now = "lost > 1", "up == 0"
    journal = ruled(rule(4.0, expr=went), rule(29.9, 29.9, expr=now), rule(4.0, 30.0, expr=went, gone=True))
    found = Selecting(journal, Known()).seen(("Slow",))
    assert [(one.selector, bool(one.spans)) for one in found if isinstance(one, f.SelectorSeen)] == [
        ("up", True),
        ("lost", False),
    ]


def test_of_a_label_that_nothing_has_it_tells_what_is_there_instead() -> None:
    (one,) = seen('rate(errors_total{job="api",dependency="postgresql"}[15s]) > 1', Known(errors("postgres")))
    assert (one.spans, one.of_metric, one.plain) == ((), True, False)
    assert (one.strange, one.unknown) == ({"dependency": "'postgres'"}, ("dependency",))


def test_a_name_that_another_metric_has_is_known() -> None:
    calls = {"__name__": "calls_total", **API, "dependency": "redis"}, (0.0, 90.0)
    (one,) = seen('rate(errors_total{dependency="redis"}[15s]) > 1', Known(errors("postgres"), calls))
    assert (one.strange, one.unknown) == ({"dependency": "'postgres'"}, ())


def test_an_alert_of_the_rules_own_makes_no_name_known() -> None:
    alert = {"__name__": "ALERTS", "dependency": "postgresql"}, (0.0, 90.0)
    (one,) = seen('rate(errors_total{dependency="postgresql"}[15s]) > 1', Known(errors("postgres"), alert))
    assert one.unknown == ("dependency",)


def test_a_status_that_nothing_had_yet_leaves_the_rest_of_the_selector() -> None:
    answered = {"__name__": "requests_total", **API, "route": "/a", "code": "200"}, (0.0, 90.0)
    (one,) = seen('rate(requests_total{route="/a",code=~"5.."}[1m]) > 0', Known(answered))
    assert one.plain
    (one,) = seen('rate(requests_total{route="/b",code=~"5.."}[1m]) > 0', Known(answered))
    assert not one.plain
    assert set(one.strange) == {"route", "code"}


def test_of_a_status_it_tells_what_those_have_that_match_the_rest_of_the_selector() -> None:
    api = {"__name__": "requests_total", **API, "code": "503"}, (0.0, 90.0)
    other = {"__name__": "requests_total", "job": "box", "instance": "box:80", "status": "500"}, (0.0, 90.0)
    (one,) = seen('rate(requests_total{job="api",status=~"5.."}[1m]) > 0', Known(api, other))
    assert (one.plain, one.strange, one.unknown) == (True, {"status": "''"}, ())


@pytest.mark.parametrize(
    ("statuses", "shown", "comes"),
    [
        (("200", "201", "204", "404", "ERR_1"), "'200', '201', 'ERR_1', …", True),
        (("200", "201", "204", "404", "600"), "'200', '201', '600', …", True),
        (("", "200", "201", "204"), "'', '200', '201', …", True),
        (("200", "201", "204", "404"), "'200', '201', '204', …", False),
        (("2xx", "3xx", "4xx"), "'2xx', '3xx', '4xx'", False),
    ],
)
def test_a_status_written_otherwise_is_shown_before_others_that_are_alike(
    statuses: tuple[str, ...], shown: str, comes: bool
) -> None:
    """Else a list that is cut would say that an own code, which the first error brings, is none that there is."""
    api = [({"__name__": "requests_total", **API, "status": status}, (0.0, 90.0)) for status in statuses]
    text = 'requests_total{job="api",status="E500"}'
    (one,) = seen(f"rate({text}[1m]) > 0", Known(*api))
    assert one.strange == {"status": shown}
    assert may_come(ruled(rule(4.0, expr=text)), one, 90.0) is comes


@pytest.mark.parametrize(
    ("metric", "described", "like"),
    [
        ("error_total", False, "errors_total"),
        ("waiting", True, ""),
        ("other", False, ""),
        ("errors", True, "errors_total"),
        ("errors_count", True, "errors_total"),
    ],
)
def test_a_metric_that_is_not_there_is_described_or_written_nearly_so(metric: str, described: bool, like: str) -> None:
    (one,) = seen(f"{metric} > 1", Known(errors("a"), described=("waiting", "errors")))
    assert (one.of_metric, one.described, one.like) == (False, described, like)


def test_a_metric_that_there_was_before_the_run_is_told_as_such_and_not_as_like_itself() -> None:
    before = {"__name__": "lost_total", **API}, (-900.0, -800.0)
    alike = {"__name__": "losts_total", **API}, (0.0, 90.0)
    (one,) = seen("lost_total > 1", Known(before, alike))
    assert (one.of_metric, one.described, one.like, one.before) == (False, False, "", True)
    (one,) = seen("last_total > 1", Known(before, alike))
    assert (one.like, one.before) == ("lost_total", False)


def test_a_metric_with_help_of_its_own_is_not_of_the_family_of_another() -> None:
    (one,) = seen("errors > 1", Known(errors("a"), described=("errors", "errors_total")))
    assert (one.described, one.like) == (True, "")


def test_a_job_that_scrapes_nothing_is_unknown_also_where_the_metric_is() -> None:
    (one,) = seen('rate(lost_total{job="box",instance="api:80"}[1m]) > 1', Known())
    assert one.unknown == ("job",)


def test_recording_rules_are_followed_and_what_cannot_be_read_is_told_whole() -> None:
    rules = (
        rule(4.0, expr="share > 1"),
        rule(4.0, rule="share", kind="recording", expr="sum(up) / sum(waiting)"),
        rule(4.0, rule="Sly", expr="new_function(x)"),
        rule(4.0, rule="Other", expr="other > 1"),
    )
    found = [one for one in Selecting(ruled(*rules), Known()).seen(("Sl*",)) if isinstance(one, f.SelectorSeen)]
    assert [one.selector for one in found] == ["new_function(x)", "up", "waiting"]
    assert ["cannot be read" in one.why for one in found] == [True, False, False]


def test_more_than_it_can_be_asked_for_is_told_and_what_claims_name_comes_first() -> None:
    many = [rule(4.0, rule=f"Mixin{number}", expr=f"rate(m{number}_total[1m]) > 1") for number in range(MOST)]
    named = rule(4.0, expr="rate(waiting_total[1m]) > 1")
    found = list(Selecting(ruled(*many, named), Known()).seen(("*", "Slow")))
    selectors = [one for one in found if isinstance(one, f.SelectorSeen)]
    parts = [one for one in found if isinstance(one, f.PartSeen)]
    assert (selectors[0].selector, parts[0].part) == ("waiting_total", "rate(waiting_total[1m])")
    assert [one.selector for one in selectors if one.why == CUT] == [f"m{MOST - 1}_total"]
    assert [one.part for one in parts if one.why == CUT] == [f"rate(m{MOST - 1}_total[1m])"]


def test_parts_that_it_is_asked_for_no_more_are_told() -> None:
    class Half(Known):
        def query(self, expr: str) -> Answer:
            if "rate(" in expr:
                raise NotApplied("it took too long")
            return super().query(expr)

    expr = " + ".join(f"rate(up[{number}m])" for number in range(1, 6))
    found = Selecting(ruled(rule(4.0, expr=expr)), Half()).seen(("Slow",))
    whys = [one.why for one in found if isinstance(one, f.PartSeen)]
    assert len(whys) > FAILURES
    assert set(whys) == {"it took too long"}


def test_a_prometheus_that_does_not_answer_is_told_and_soon_asked_no_more() -> None:
    asked: list[str] = []

    class Gone(Known):
        def query(self, expr: str) -> Answer:
            asked.append(expr)
            raise NotApplied("it is gone")

    found = seen(" + ".join(f"m{number}" for number in range(9)), Gone())
    assert [one.why for one in found] == ["it is gone"] * 9
    assert len(asked) == 6, "three selectors, each twice"


def test_what_is_too_much_for_it_is_asked_for_more_coarsely() -> None:
    class Slow(Known):
        def query(self, expr: str) -> Answer:
            if expr.endswith(":1s]"):
                raise NotApplied("it took too long")
            return super().query(expr)

    (one,) = seen("up == 0", Slow())
    assert (one.why, one.step_s, one.spans) == ("", 10, ((0.0, 90.0),))


def test_a_server_that_tells_no_names_leaves_a_metric_unknown() -> None:
    class Silent(Known):
        def described(self, metric: str) -> str:
            raise NotApplied("404")

    (one,) = seen("other > 1", Silent())
    assert (one.why, one.described, one.like) == ("", False, "")


def test_it_is_asked_for_the_alerts_of_claims_that_stand_on_it_and_of_a_target_too() -> None:
    claims = [
        ("hurt", False, AlertFires(alert="Slow")),
        ("hurt", False, AlertQuiet(alert="*")),
        ("hurt", True, AlertClears(alert="Other", within_s="5s")),
        ("", False, PageSent(alert="Slow")),
    ]
    drill: Any = SimpleNamespace(claims=lambda: claims)
    assert selected(drill) == ("Slow", "*", "Other")
    recorded: list[f.Fact] = []

    class Record:
        def __call__(self, fact: f.Fact) -> None:
            recorded.append(fact)

        def journal(self) -> Journal:
            return ruled(rule(4.0, expr="up == 0"))

    session: Any = SimpleNamespace(record=Record(), drill=drill)
    target: Any = None
    servers = Servers(session, target, Path())
    servers.select()
    assert recorded == [], "there is no Prometheus to ask"
    known: Any = Known()
    servers._prometheus = known
    servers.select()
    assert [type(fact) for fact in recorded] == [f.SelectorSeen]


def test_where_an_alert_fired_it_tells_whose_series_its_rule_reads_and_those_beside_an_outcome() -> None:
    answered = {"__name__": "requests_total", "service": "api", **API}
    shop = {"__name__": "requests_total", "service": "shop", "job": "shop", "instance": "shop:80", "code": "500"}
    known = Known(
        ({**answered, "code": "500"}, (22.0, 40.0)),
        ({**answered, "code": "503"}, (39.0, 53.0)),
        ({**answered, "code": "200"}, (0.0, 90.0)),
        (shop, (0.0, 90.0)),
    )
    expr = 'sum by (service) (rate(requests_total{code=~"5.."}[5s])) > 1'
    fired = alert("firing", 29, labels={"service": "api", "severity": "page"})
    journal = ruled(rule(4.0, expr=expr, labels={"severity": "page"}), fired)
    found = [one for one in Selecting(journal, known).seen(("Slow",)) if isinstance(one, f.SeriesSeen)]
    assert [(one.selector, one.labels, one.spans) for one in found] == [
        ('requests_total{code=~"5.."}', {**API, "service": "api"}, ((22.0, 53.0),)),
        ("requests_total{}", {**API, "service": "api"}, ((0.0, 90.0),)),
    ]


def test_of_whose_series_cannot_be_asked_is_told() -> None:
    class Half(Known):
        def query(self, expr: str) -> Answer:
            if expr.startswith("count by"):
                raise NotApplied("it took too long")
            return super().query(expr)

    journal = ruled(rule(4.0, expr="up == 0"), alert("firing", 29))
    (one,) = [one for one in Selecting(journal, Half()).seen(("Slow",)) if isinstance(one, f.SeriesSeen)]
    assert (one.selector, one.why) == ("up", "it took too long")


def test_a_part_of_a_rule_is_asked_for_whatever_it_holds() -> None:
    prometheus = Known(errors("a"))
    prometheus.made = {"rate(errors_total[1s])": (), "up > bool on (job) sum(errors_total)": (10, 11, 40)}
    expr = "rate(errors_total[1s]) > 1 or up > on(job) sum(errors_total) or up / up > 1"
    journal = ruled(rule(4.0, expr=expr))
    told = {
        one.part: one.spans for one in Selecting(journal, prometheus).seen(("Slow",)) if isinstance(one, f.PartSeen)
    }
    assert told == {
        "rate(errors_total[1s])": (),
        "up > on (job) sum(errors_total)": ((10.0, 11.0), (40.0, 40.0)),
        "up / up": ((0.0, 90.0),),
    }
