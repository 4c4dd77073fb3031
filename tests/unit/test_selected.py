"""What a rule reads decides whether its silence says anything, and tells why it never fired."""

from __future__ import annotations

from typing import Any

import pytest
from alert_stories import judged, rule, ruled

from harness import facts as f
from harness.expectations.alert_fires import AlertFires
from harness.expectations.alert_quiet import AlertQuiet
from harness.expectations.base import Expectation
from harness.expectations.page_sent import PageSent
from harness.ledger import Rows
from harness.promql import wanting
from harness.promql_parts import parts
from harness.testing import rows_of
from harness.verdict import Finding

QUIET = AlertQuiet(alert="Slow")
ERRORS = 'errors_total{job="api",dependency="postgresql"}'
LATER = ((60.0, 90.0),)
THROUGHOUT = ((5.0, 95.0),)


def selector(text: str = ERRORS, **more: Any) -> f.SelectorSeen:
    return f.SelectorSeen(seen_s=92, **{"selector": text, "metric": text.partition("{")[0], **more})


def reads(text: str, **more: Any) -> f.RuleSeen:
    return rule(4.0, expr=f"sum(rate({text}[15s])) > 0.5", **more)


def came_out(finding: Finding) -> tuple[str, str]:
    return finding.outcome.value, finding.reason


def test_silence_of_a_rule_on_a_label_that_nothing_has_says_nothing() -> None:
    seen = selector(of_metric=True, strange={"dependency": "'postgres', 'redis'"}, unknown=("dependency",))
    found = judged(QUIET, ruled(reads(ERRORS), seen))
    assert came_out(found) == ("inconclusive", "no_series")
    assert (
        f"the rule Slow reads {ERRORS}, which no series has: dependency is 'postgres', 'redis' there; nothing in "
        "Prometheus has such a dependency, so its silence says nothing" in found.because
    )


@pytest.mark.parametrize(
    ("text", "more"),
    [
        ('requests_total{job="api",code=~"5.."}', {"of_metric": True, "plain": True, "strange": {"code": "'200'"}}),
        # OpenTelemetry's has that label once there was an error; a word may stand for what had no answer
        ('took_seconds_count{error_type=~"5.."}', {"of_metric": True, "plain": True, "strange": {"error_type": "''"}}),
        ('calls_total{status="IO_ERROR"}', {"of_metric": True, "plain": True, "strange": {"status": "'200'"}}),
        ('calls_total{status="0"}', {"of_metric": True, "plain": True, "strange": {"status": "'200', '404'"}}),
        ('requests_total{code=~"5.."}', {"of_metric": True, "plain": True, "strange": {"code": "'2xx'"}}),
        ('requests_total{code="5xx"}', {"of_metric": True, "plain": True, "strange": {"code": "'2xx'"}}),
        ('rpcs_total{code=~"1[34]"}', {"of_metric": True, "plain": True, "strange": {"code": "'0'"}}),
        ('ALERTS{severity="page"}', {"of_metric": True, "plain": True, "strange": {"severity": "''"}}),
        ('errors_total{job="api"}', {"described": True}),  # a counter that nobody has seen yet
        ("ALERTS", {}),  # no alert was yet
        ('orders_differ{job="api"}', {"described": True}),  # its help is exposed
        (ERRORS, {"of_metric": True, "strange": {"dependency": "'redis'"}}),  # the name is another metric's
        ('errors_total{type="odd"}', {"of_metric": True, "strange": {"type": "'even'"}, "unknown": ("type",)}),
        ('ALERTS{alertname="Other"}', {"of_metric": True, "strange": {"alertname": "'Watchdog'"}}),
        (ERRORS, {"spans": LATER}),  # its first error came later
    ],
)
def test_what_appears_only_with_the_first_error_is_no_reason_to_doubt_a_rule(text: str, more: dict[str, Any]) -> None:
    found = judged(QUIET, ruled(reads(text), selector(text, **more)))
    assert came_out(found) == ("passed", "met")
    assert f"of {text} there was nothing, as before its first error" in found.because


def test_that_nothing_is_there_of_errors_though_there_were_some_is_said() -> None:
    text = 'requests_total{job="other",code=~"5.."}'
    seen = selector(text, of_metric=True, plain=True, strange={"code": "'200'"})
    rows = rows_of({"at_s": float(at_s), "outcome": "5xx"} for at_s in range(10, 60))
    found = judged(QUIET, ruled(reads(text), seen), rows=rows)
    assert came_out(found) == ("passed", "met")
    assert f"of {text} there was nothing, though 30 requests ended in error then" in found.because


def test_a_dependency_that_is_called_as_a_part_of_the_stack_is_no_slip() -> None:
    seen = selector(of_metric=True, strange={"dependency": "'redis'"}, unknown=("dependency",))
    database = f.ContainerSeen(
        seen_s=3, service="db", container="db-1", status="running", image="bitnami/postgresql:16"
    )
    assert came_out(judged(QUIET, ruled(reads(ERRORS), seen, database))) == ("passed", "met")


@pytest.mark.parametrize(
    ("text", "more", "said"),
    [
        ('errors_total{job="box"}', {"unknown": ("job",)}, "nothing in Prometheus has such a job"),
        ("error_total", {"like": "errors_total"}, "there is no metric error_total (there is errors_total)"),
        ("waiting", {}, "there is no metric waiting"),
        ("checkout_errors_total", {}, "there is no metric checkout_errors_total"),
        ("errors", {"described": True, "like": "errors_total"}, "there is no metric errors (there is errors_total)"),
        ("waiting", {"before": True}, "there is no metric waiting (there was one before this run)"),
        (
            'requests_total{job="api",status=~"5.."}',
            {"of_metric": True, "plain": True, "strange": {"status": "''"}},
            "which no series has: no status is there",
        ),
        (
            'requests_total{code="5.."}',
            {"of_metric": True, "plain": True, "strange": {"code": "'200', '304', '503', …"}},
            "code is '200', '304', '503', … there",
        ),
        (
            'requests_total{code=~"5xx"}',
            {"of_metric": True, "plain": True, "strange": {"code": "'200'"}},
            "code is '200' there",
        ),
        ('requests_total{route="/x"}', {"of_metric": True, "strange": {"route": "'/y'"}}, "route is '/y' there"),
        (
            'seconds_bucket{le="0.3"}',
            {"of_metric": True, "strange": {"le": "'0.1', '0.5'"}},
            "le is '0.1', '0.5' there",
        ),
        (
            'failed_seconds_bucket{le="0.3"}',
            {"of_metric": True, "strange": {"le": "'0.1', '0.5'"}, "unknown": ("le",)},
            "le is '0.1', '0.5' there",
        ),
        ("waiting", {"spans": ((5.0, 18.0),)}, "which gave no sample from 18.0 s on"),
        ("waiting", {"spans": LATER}, "which gave no sample before 60.0 s"),
    ],
)
def test_a_rule_that_reads_in_vain_decides_nothing_and_says_of_what(text: str, more: dict[str, Any], said: str) -> None:
    found = judged(QUIET, ruled(reads(text), selector(text, **more)))
    assert came_out(found) == ("inconclusive", "no_series")
    assert said in found.because


def load(*outcomes: str, from_s: int = 10, until_s: int = 60) -> Rows:
    """One request a second, of these outcomes in turn."""
    return rows_of({"at_s": float(at_s), "outcome": outcomes[at_s % len(outcomes)]} for at_s in range(from_s, until_s))


def test_a_metric_of_errors_that_nothing_tells_of_passes_where_the_load_met_none() -> None:
    share = "rate(errors_total[15s]) / rate(requests_total[15s])"
    happened = (
        rule(4.0, expr=f"{share} > 0.05"),
        selector("errors_total"),
        selector("requests_total", spans=THROUGHOUT),
        f.PartSeen(seen_s=92, part="rate(errors_total[15s])"),
        f.PartSeen(seen_s=92, part=share),
    )
    found = judged(QUIET, ruled(*happened), rows=load("ok"))
    assert came_out(found) == ("passed", "met")
    assert (
        "of errors_total there was nothing, as before its first error (nothing tells of a metric errors_total yet"
        in found.because
    )
    found = judged(QUIET, ruled(*happened), rows=load("ok", "5xx"))
    assert came_out(found) == ("inconclusive", "no_series")
    assert "20 requests failed until 50.0 s and there is still no metric errors_total (Go's and" in found.because
    assert found.decide.endswith("; or a phase whose error brings it")


@pytest.mark.parametrize(
    ("rows", "outcome"),
    [
        (rows_of([]), "inconclusive"),  # no load, no evidence
        (load("dropped"), "inconclusive"),
        (load("ok", "dropped"), "passed"),  # the load's own want of users reaches no service
        (load("ok", "timeout"), "inconclusive"),
        (rows_of([{"at_s": 11.0, "outcome": "conn"}, {"at_s": 21.0}]), "inconclusive"),  # before the window counts, too
        (rows_of([{"at_s": 9.0, "outcome": "conn"}, {"at_s": 21.0}]), "passed"),  # as the stack came up
        (rows_of([{"at_s": 21.0}, {"at_s": 51.0, "outcome": "5xx"}]), "passed"),  # after the window's end
    ],
)
def test_what_the_load_met_from_the_steady_state_to_the_windows_end_counts(rows: Rows, outcome: str) -> None:
    found = judged(QUIET, ruled(reads("errors_total"), selector("errors_total")), rows=rows)
    assert found.outcome.value == outcome


def test_where_no_request_is_known_it_is_open_what_the_load_met() -> None:
    found = judged(QUIET, ruled(reads("errors_total"), selector("errors_total")))
    assert "and no request is known to have ended until 50.0 s" in found.because


@pytest.mark.parametrize("rows", [load("ok"), load("5xx")])
def test_a_metric_of_errors_that_there_was_before_the_run_is_no_slip(rows: Rows) -> None:
    found = judged(QUIET, ruled(reads("errors_total"), selector("errors_total", before=True)), rows=rows)
    assert came_out(found) == ("passed", "met")
    assert found.because.endswith("(there was a metric errors_total before this run)")


@pytest.mark.parametrize(
    ("text", "more"),
    [
        ("waiting", {}),
        ("waiting", {"before": True}),
        ("error_total", {"like": "errors_total"}),
        ('errors_total{job="box"}', {"unknown": ("job",)}),
        ('errors_total{job="box"}', {"before": True, "unknown": ("job",)}),
        ("errors_total", {"spans": ((5.0, 18.0),)}),
    ],
)
def test_a_load_that_met_no_failure_excuses_no_name_that_something_speaks_against(
    text: str, more: dict[str, Any]
) -> None:
    found = judged(QUIET, ruled(reads(text), selector(text, **more)), rows=load("ok"))
    assert came_out(found) == ("inconclusive", "no_series")


@pytest.mark.parametrize(
    "expr",
    [
        "absent(lost_errors_total)",
        "(sum(lost_errors_total) or vector(0)) > 5",
        "errors_total > 5 unless lost_errors_total",
        "errors_total > 5 or lost_errors_total > 5",
    ],
)
def test_a_rule_that_can_hold_without_a_metric_does_not_ask_for_it(expr: str) -> None:
    seen = (selector("errors_total", spans=THROUGHOUT), selector("lost_errors_total"))
    assert came_out(judged(QUIET, ruled(rule(4.0, expr=expr), *seen))) == ("passed", "met")


def test_a_share_of_a_metric_that_nothing_tells_of_asks_for_its_name() -> None:
    expr = "rate(lost_errors_total[15s]) / rate(requests_total[15s]) > 0.05"
    seen = (selector("requests_total", spans=THROUGHOUT), selector("lost_errors_total"))
    found = judged(QUIET, ruled(rule(4.0, expr=expr), *seen))
    assert came_out(found) == ("inconclusive", "no_series")
    assert found.decide.startswith("the metric's name as a target exposes it")


def test_what_was_there_passes_as_ever_and_so_does_what_nobody_asked_for() -> None:
    for more in ((), (selector(spans=THROUGHOUT),), (selector(spans=((5.0, 21.0), (48.0, 95.0))),)):
        found = judged(QUIET, ruled(reads(ERRORS), *more))
        assert came_out(found) == ("passed", "met")
        assert "evaluated all the time); none seen in 30s excludes more than 360 per hour at 95 %" in found.because
    unread = rule(4.0, expr="new_function(x)")
    assert came_out(judged(QUIET, ruled(unread, selector("x")))) == ("passed", "met")


@pytest.mark.parametrize(
    "happened",
    [
        (reads(ERRORS), selector(why="it is gone")),
        (rule(4.0, expr="new_function(x)"), selector("new_function(x)", why="it cannot be read")),
        (
            rule(4.0, expr=f"rate({ERRORS}[15s]) > 1"),
            selector(described=True),
            f.PartSeen(seen_s=92, part=f"rate({ERRORS}[15s])", why="x"),
        ),
    ],
)
def test_what_could_not_be_asked_leaves_a_silence_undecided(happened: tuple[f.Fact, ...]) -> None:
    assert came_out(judged(QUIET, ruled(*happened))) == ("inconclusive", "not_watched")


def test_of_several_rules_those_that_nobody_could_ask_for_are_told_beside_those_that_could_fire() -> None:
    both = (reads(ERRORS, rule="Slow"), rule(4.0, rule="Other", group="h", expr="new_function(x)"))
    seen = (selector(spans=THROUGHOUT), selector("new_function(x)", why="it cannot be read"))
    found = judged(AlertQuiet(alert="*"), ruled(*both, *seen))
    assert came_out(found) == ("passed", "met")
    assert "of 1 nobody knows: Other (it cannot be read)" in found.because


def test_of_several_rules_those_that_could_fire_are_enough_and_the_others_are_told() -> None:
    both = (reads(ERRORS, rule="Slow"), reads("waiting", rule="Other", group="h"))
    seen = (selector(spans=THROUGHOUT), selector("waiting"))
    found = judged(AlertQuiet(alert="*"), ruled(*both, *seen))
    assert came_out(found) == ("passed", "met")
    assert "1 could not fire: Other reads waiting, which no series has" in found.because


@pytest.mark.parametrize(
    ("expr", "wanted"),
    [
        ("gone > 1", ("gone",)),
        ("here > 1", ()),
        ("rate(gone[1m]) / rate(here[1m])", ("gone",)),
        ("here and gone", ("gone",)),
        ("here unless gone", ()),
        ("here or gone", ()),
        ("gone or lost", ("gone", "lost")),
        ("gone or vector(0)", ()),
        ("absent(gone)", ()),
        ("absent_over_time(gone[5m])", ()),
        ("histogram_quantile(0.9, sum by (le) (rate(gone[2m]))) > 1", ("gone",)),
        ("max_over_time(rate(gone[1m])[10m:15s])", ("gone",)),
        ("recorded > 1", ("gone",)),
        ('{__name__="recorded"} > 1', ("gone",)),
        ('{"recorded"} > 1', ("gone",)),
        ("either > 1", ()),
        ("vector(time()) > 3", ()),
    ],
)
def test_for_want_of_what_a_rule_gives_nothing(expr: str, wanted: tuple[str, ...]) -> None:
    rules = [
        rule(rule="recorded", kind="recording", expr="sum(gone)"),
        rule(rule="either", kind="recording", expr="sum(gone)"),
        rule(rule="either", kind="recording", expr="sum(here)"),
    ]
    assert wanting(rules, rule(expr=expr), lambda one: one == "here") == wanted


# --- why it never fired -------------------------------------------------------------------------------------------------------

FIRES = AlertFires(alert="Slow", within_s="15s")
PAGE = PageSent(alert="Slow", receiver="oncall", within_s="20s")


@pytest.mark.parametrize("claim", [FIRES, PAGE])
@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            {"of_metric": True, "strange": {"dependency": "'postgres'"}, "unknown": ("dependency",)},
            "which no series has",
        ),
        ({"spans": ((5.0, 23.0),)}, "which its rule reads, gave no sample from 23.0 s on"),
        ({"spans": ((5.0, 12.0),)}, "which gave no sample from 12.0 s on"),
        ({"spans": ((5.0, 24.0), (33.0, 95.0))}, "which its rule reads, gave no sample from 24.0 s to 33.0 s"),
        ({"spans": ((5.0, 18.0), (19.0, 23.0), (29.0, 95.0))}, "gave no sample from 23.0 s to 29.0 s"),
        ({}, "there is no metric errors_total"),
        ({"before": True}, "there is no metric errors_total (there was one before this run)"),
        ({"described": True}, "of which there was nothing"),
    ],
)
def test_an_alert_that_never_fired_says_what_its_rule_read_in_vain(
    claim: AlertFires | PageSent, more: dict[str, Any], said: str
) -> None:
    found = judged(claim, ruled(reads(ERRORS), selector(**more)))
    assert came_out(found) == ("failed", "missed")
    assert ERRORS in found.because
    assert said in found.because


@pytest.mark.parametrize("spans", [((5.0, 24.0), (26.0, 95.0)), ((24.0, 95.0),), ((5.0, 40.0),)])
def test_a_step_without_a_sample_what_came_with_the_trouble_and_what_went_later_are_no_reason(spans: Any) -> None:
    found = judged(FIRES, ruled(reads(ERRORS), selector(spans=spans)))
    assert found.because.endswith("its expression never held")


def test_an_alert_that_never_fired_tells_what_each_selector_gave_last() -> None:
    seen = selector("waiting", spans=THROUGHOUT, last=((19.0, 7.0), (49.0, 45.0), (80.0, 1.0)))
    found = judged(FIRES, ruled(rule(4.0, expr="max(waiting) > 60"), seen))
    assert found.because.endswith("its expression never held")
    assert found.details == (("waiting", "45 at 49.0 s, the greatest of its last values"),)


JOINED = "sum by (job)(rate(errors_total[15s])) / rate(requests_total[15s])"


def both(**more: Any) -> tuple[f.Fact, ...]:
    there = [selector(text, spans=THROUGHOUT) for text in ("errors_total", "requests_total")]
    return rule(4.0, expr=f"{JOINED} > 0.5"), *there, f.PartSeen(seen_s=92, **{"part": JOINED, **more})


def test_silence_of_two_sides_that_never_match_says_nothing_and_an_alert_is_missed_by_it() -> None:
    found = judged(QUIET, ruled(*both()))
    assert came_out(found) == ("inconclusive", "no_series")
    assert f"the rule Slow reads {JOINED}, which gave nothing in the whole run, though all" in found.because
    missed = judged(AlertFires(alert="Slow", within_s="15s"), ruled(*both()))
    assert came_out(missed) == ("failed", "missed")
    assert "which gave nothing in the whole run" in missed.because


def test_what_looks_back_to_before_the_run_is_said_to() -> None:
    back = "rate(errors_total[15s] offset 1d)"
    happened = (
        rule(4.0, expr=f"{back} > 1"),
        selector("errors_total", spans=THROUGHOUT),
        f.PartSeen(seen_s=92, part=back),
    )
    found = judged(QUIET, ruled(*happened))
    assert came_out(found) == ("inconclusive", "no_series")
    assert f"reads {back}, which gave nothing in the whole run, for it looks back to before that" in found.because


DROP = "rate(errors_total[5m]) / rate(errors_total[5m] offset {}) < 0.5"


def dropped(offset: str, **more: Any) -> tuple[f.Fact, ...]:
    fell = rule(4.0, expr=DROP.format(offset), **more)
    seen = [
        f.PartSeen(seen_s=92, part=one.text, spans=((5.0, 95.0),) if "offset" not in one.text else ())
        for one in parts([fell], fell)
    ]
    return fell, selector("errors_total", spans=THROUGHOUT), *seen


@pytest.mark.parametrize("claim", [AlertFires(alert="Slow", within_s="15s"), PageSent(alert="Slow", within_s="15s")])
def test_an_alert_that_looks_back_to_before_the_run_is_not_missed(claim: Expectation) -> None:
    found = judged(claim, ruled(*dropped("1d")))
    assert came_out(found) == ("inconclusive", "no_series")
    assert "for it looks back to before that" in found.because
    assert found.decide == "a Prometheus that had run for as long as its `offset`"
    short = judged(claim, ruled(*dropped("10s")))
    assert came_out(short) == ("failed", "missed")
    assert "which gave nothing in the whole run, though all that it reads was there" in short.because


@pytest.mark.parametrize("claim", [AlertFires(alert="Slow", within_s="15s"), PageSent(alert="Slow", within_s="15s")])
def test_beside_a_rule_that_looks_back_it_is_told_that_another_of_its_name_missed_and_labels_single_it_out(
    claim: Expectation,
) -> None:
    plain = rule(4.0, expr="waiting > 60", group="h", labels={"severity": "page"})
    for gone, said in (
        ((), "of what else makes it: its expression never held"),
        (
            (selector("waiting", spans=((5.0, 23.0),)),),
            "of what else makes it: waiting, which its rule reads, gave no sample from",
        ),
    ):
        happened = (*dropped("1d", labels={"severity": "ticket"}), plain, *gone)
        found = judged(claim, ruled(*happened))
        assert came_out(found) == ("inconclusive", "no_series")
        assert "for it looks back to before that" in found.because
        assert said in found.because
        assert (
            found.decide
            == "a Prometheus that had run for as long as its `offset`, or `labels` of the rule that is meant"
        )
        singled = judged(claim.model_copy(update={"labels": {"severity": "page"}}), ruled(*happened))
        assert came_out(singled) == ("failed", "missed")


def test_labels_that_single_out_no_rule_are_not_asked_for() -> None:
    plain = rule(4.0, expr="waiting > 60", group="h", labels={"severity": "page"})
    happened = (*dropped("1d"), plain)  # whose series may bear any severity
    found = judged(AlertFires(alert="Slow", within_s="15s"), ruled(*happened))
    assert found.decide == "a Prometheus that had run for as long as its `offset`"


@pytest.mark.parametrize(
    "happened",
    [
        both(spans=((60.0, 61.0),)),
        both(part="rate(other_total[1s])"),
        (*both(), selector("errors_total", spans=((80.0, 85.0),))),
        (*both(), selector("errors_total", spans=((5.0, 40.0),)), selector("requests_total", spans=((45.0, 95.0),))),
        (*both(), selector("errors_total", spans=(), described=True)),
    ],
)
def test_two_sides_that_matched_once_or_were_hardly_there_together_are_not_blamed(happened: tuple[f.Fact, ...]) -> None:
    assert came_out(judged(QUIET, ruled(*happened))) == ("passed", "met")
