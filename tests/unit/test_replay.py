"""What a rule reads, and how its series are laid out for promtool; what promtool says of them stands in tests/e2e/test_replay.py."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml

from harness.facts import RuleSeen
from harness.promql import course, readings
from harness.replay import Recorded, Times, Trial, answers, asking, rules_file, trials

TIMES = Times(clean_from_s=10, clean_to_s=20, effect_s=20, end_s=26)
ALERT = RuleSeen(
    rule="Slow", group="f;alerts", expr="slow:ratio > 0.1", interval_s=2.0, for_s=3.0, labels={"severity": "page"}
)
RATIO = RuleSeen(rule="slow:ratio", group="f;counts", kind="recording", expr='rate(a{x="1"}[6s]) / b', interval_s=2.0)


def values(trial: Trial) -> dict[str, str]:
    (test,) = yaml.safe_load(trial.text)["tests"]
    return {one["series"]: one["values"] for one in test["input_series"]}


@pytest.mark.parametrize(
    ("expr", "found"),
    [
        ("up == 0", [("up", 0, False)]),
        ('sum(rate(a{code=~"5.."}[5m])) / sum(rate(a[5m])) > 0.1', [('a{code=~"5.."}', 300, True), ("a", 300, True)]),
        ("max_over_time(rate(a[1m])[10m:15s])", [("a", 660, True)]),
        ("a[5m] offset 1h", [("a", 3900, False)]),
        ("histogram_quantile(0.9, sum by (le) (rate(b_bucket[2m])))", [("b_bucket", 120, True)]),
        ("-(avg_over_time(g[30s])) or absent(h)", [("g", 30, False), ("h", 0, False)]),
        ('{__name__="a", x="y"}', [('{__name__="a",x="y"}', 0, False)]),
        ("vector(1)", []),
    ],
)
def test_what_an_expression_reads_how_far_back_and_whether_as_a_counter(
    expr: str, found: list[tuple[str, float, bool]]
) -> None:
    assert [(one.selector, one.back_s, one.counted) for one, _ in readings(expr)] == found


@pytest.mark.parametrize(
    ("expr", "selector"),
    [
        (r'x{path=~"/orders/\\d+",code!~"2.."}', r'x{path=~"/orders/\\d+",code!~"2.."}'),
        (r"x{path=~`/orders/\d+`}", r'x{path=~"/orders/\\d+"}'),
        (r'x{said="\"no\"",why="`?"}', r'x{said="\"no\"",why="`?"}'),
        (r"""x{said=~`it's "\w+"`}""", r"""x{said=~"it's \"\\w+\""}"""),
        (r'x{lines="a\nb",at="C:\\"}', r'x{lines="a\nb",at="C:\\"}'),
        ("""x{said='it"s'}""", r'x{said="it\"s"}'),
        ('{"http.requests", "url.path"="/"}', '{__name__="http.requests","url.path"="/"}'),
        ('x{a="1" or b!="2"}', 'x{a="1" or b!="2"}'),
    ],
)
def test_a_selector_is_promql_again_and_selects_the_same(expr: str, selector: str) -> None:
    ((found, _),) = readings(f"rate({expr}[1m])")
    assert found.selector == selector
    ((again, _),) = readings(found.selector)
    assert again.selector == selector


def test_a_rule_stands_on_the_rules_that_record_what_it_reads_each_further_back() -> None:
    twice = RuleSeen(rule="Slow", expr="avg_over_time(slow:ratio[1m]) > 0.1", interval_s=2.0)
    found = course([twice, RATIO], "Slow")
    assert [rule.rule for rule in found.rules] == ["slow:ratio", "Slow"]
    assert {one.selector: one.back_s for one in found.readings} == {'a{x="1"}': 66, "b": 60}
    assert found.window_s == 66


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        ([], "0 rules"),
        ([ALERT, ALERT], "2 rules"),
        ([RuleSeen(rule="Slow", expr="rate(", interval_s=1.0)], "cannot be read"),
        ([ALERT, RuleSeen(rule="slow:ratio", kind="recording", expr="slow:ratio + 1")], "stands on itself"),
    ],
)
def test_a_rule_that_cannot_be_followed_says_why(rules: list[RuleSeen], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        course(rules, "Slow")


def test_of_two_severities_under_one_name_the_claimed_one_is_followed() -> None:
    page, ticket = (replace(ALERT, group=name, labels={"severity": name}) for name in ("page", "ticket"))
    rules = [page, ticket, RATIO]
    assert course(rules, "Slow", {"severity": "ticket"}).alert is ticket
    with pytest.raises(ValueError, match="2 rules Slow"):
        course(rules, "Slow")
    with pytest.raises(ValueError, match=r'0 rules Slow\{severity="info"\}'):
        course(rules, "Slow", {"severity": "info"})


def test_the_rules_file_has_the_recording_group_first_and_every_wait() -> None:
    text = yaml.safe_load(rules_file(course([ALERT, RATIO], "Slow")))
    assert [group["name"] for group in text["groups"]] == ["f;counts", "f;alerts"]
    (alert,) = text["groups"][1]["rules"]
    assert alert == {"alert": "Slow", "expr": "slow:ratio > 0.1", "labels": {"severity": "page"}, "for": "3000ms"}


def test_clean_history_goes_on_backwards_at_the_rate_of_before_and_the_fault_forwards_at_its_own() -> None:
    """Every 2 s: a counter that rises by 10 a scrape before the fault and by 3 in it; a gauge that stands at 7, then at 1."""
    before = [(t, 1000 + 5.0 * (t - 10)) for t in (10.5, 12.5, 14.5, 16.5, 18.5)]
    part = [(20.5, 1045.5), (22.5, 1048.5), (24.5, 1051.5)]
    counter = Recorded({"__name__": "a", "x": "1"}, (*before, *part), counted=True)
    gauge = Recorded({"__name__": "b"}, (*((t, 7.0) for t, _ in before), *((t, 1.0) for t, _ in part)))
    rehearsal, production = trials(course([ALERT, RATIO], "Slow"), [counter, gauge], TIMES, 2.0)
    assert (rehearsal.effect_s, production.effect_s) == (
        10.0,
        14.0,
    )  # 10 s were recorded; 6 s of window, 3 s of for, and two
    assert values(rehearsal)['a{x="1"}'].split() == [*(f"{v:.1f}" for _, v in (*before, *part))]
    assert values(production)['a{x="1"}'] == "982.5+10.0x6 1045.5 1048.5 1051.5 1054.5+3.0x6"
    assert values(production)["b{}"] == "7.0+0.0x6 1.0 1.0 1.0 1.0+0.0x6"


def test_a_counter_that_is_too_small_for_its_history_is_lifted_until_it_begins_anew() -> None:
    before = [(t, 10.0 * n) for n, t in enumerate((12.5, 14.5, 16.5, 18.5))]
    part = [(20.5, 40.0), (22.5, 5.0), (24.5, 15.0)]
    one = Recorded({"__name__": "a", "x": "1"}, (*before, *part), counted=True)
    _, production = trials(course([ALERT, RATIO], "Slow"), [one], TIMES, 2.0)
    assert values(production)['a{x="1"}'].startswith("0.0+10.0x6 70.0 5.0 15.0 ")


def test_a_series_that_is_born_in_the_fault_has_no_history_and_one_that_ends_does_not_go_on() -> None:
    born = Recorded({"__name__": "a", "x": "1"}, ((22.5, 1.0), (24.5, 2.0)), counted=True)
    ended = Recorded({"__name__": "b"}, ((16.5, 1.0), (18.5, 1.0), (20.5, 1.0)))
    long = Times(10, 20, 20, 40)
    _, production = trials(course([ALERT, RATIO], "Slow"), [born, ended], long, 2.0)
    assert values(production)['a{x="1"}'] == "_x7 _ 1.0 2.0 stale _ _ _ _ _ _"
    assert values(production)["b{}"] == "1.0+0.0x6 1.0 stale _ _ _ _ _ _ _ _"


def test_one_missed_scrape_is_a_gap_and_two_are_stale() -> None:
    one = Recorded({"__name__": "b"}, ((10.5, 1.0), (14.5, 2.0), (20.5, float("inf")), (22.5, None)))
    rehearsal, _ = trials(course([ALERT, RATIO], "Slow"), [one], TIMES, 2.0)
    assert values(rehearsal)["b{}"] == "1.0 _ 2.0 stale _ Inf NaN stale"


def test_a_window_that_is_too_long_to_be_tried_is_said() -> None:
    days = RuleSeen(rule="Slow", expr="rate(a[3d]) > 1", interval_s=2.0)
    with pytest.raises(ValueError, match="too far to be tried"):
        trials(course([days], "Slow"), [], TIMES, 2.0)


def test_the_question_is_when_such_an_alert_first_fires_after_the_fault() -> None:
    trial, _ = trials(course([ALERT, RATIO], "Slow"), [], TIMES, 2.0)
    (question,) = yaml.safe_load(asking(trial, "Slow", {"team": 'a"b'}, 2.0).text)["tests"][0]["promql_expr_test"]
    assert question["expr"] == (
        'min_over_time(timestamp(ALERTS{alertname="Slow",alertstate="firing",team="a\\"b"})[6000ms:2000ms])'
    )


SHORT, LONG = Trial("rehearsal", "", 60.0, 160.0), Trial("production", "", 604.0, 1308.0)
FAILED = """  FAILED:
    expr: "min_over_time(timestamp(ALERTS{{...}})[{ms}ms:2000ms])", time: 2m40s,
        exp: nil
        got: {{alertname="Burns", pod="a"}} 9E+01, {{alertname="Burns", pod="b"}} {at}
"""


def test_what_promtool_got_is_the_answer_and_what_it_did_not_get_is_none() -> None:
    titles = "Unit Testing:  /x/rehearsal.yml\n\n\nUnit Testing:  /x/production.yml\n  SUCCESS\n\n"
    assert answers(titles + FAILED.format(ms=100000, at="7.6E+01"), (SHORT, LONG)) == [16.0, None]
    both = FAILED.format(ms=704000, at="7.24E+02") + FAILED.format(ms=100000, at="8E+01")
    assert answers(titles.replace("SUCCESS", "") + both, (SHORT, LONG)) == [20.0, -514.0]


def test_a_promtool_that_cannot_try_is_no_answer() -> None:
    with pytest.raises(ValueError, match="yaml: line 3"):
        answers("Unit Testing:  /x/rehearsal.yml\n  FAILED:\n yaml: line 3\n", (SHORT, LONG))
    with pytest.raises(ValueError, match="said nothing"):
        answers("", (SHORT, LONG))
