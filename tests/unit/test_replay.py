"""What a rule reads, and how its series are laid out for promtool; what promtool says of them stands in tests/e2e/test_replay.py."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from itertools import accumulate, pairwise

import pytest
import yaml
from counted_calls import calls
from hypothesis import example, given
from hypothesis import strategies as st

from harness.facts import RuleSeen
from harness.promql import clock, course, readings
from harness.replay import Fired, Trial, answers, rules_file, trials
from harness.replay_series import Recorded, Times, with_history

TIMES = Times(clean_from_s=10, clean_to_s=20, effect_s=20, end_s=26, lasts_s=26)
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
    ("expr", "what"),
    [
        ("time() - batch_last_success_timestamp_seconds > 60", "time()"),
        ("up == 0 and on() hour() >= 8", "hour()"),
        ("topk(scalar(vector(time())), up)", "time()"),
        ("timestamp(up) > 0", "timestamp()"),
        ("rate(a[1m] @ 1700000000) > 0", "@ 1700000000.000"),
        ("max_over_time(rate(a[1m])[10m:1m] @ end()) > 0", "@ end()"),
        ("hour(batch_last_success_timestamp_seconds) > 8", ""),
        ('rate(a{at="time()"}[5m] offset 1h) > 0', ""),
    ],
)
def test_what_of_an_expression_reads_the_clock(expr: str, what: str) -> None:
    assert clock(expr) == what


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


def test_what_came_after_a_rollback_began_is_no_fault_that_goes_on() -> None:
    """Errors rise by 6 a scrape until the rollback at 25 s, and then no more; the alert is looked for as long as they were recorded."""
    errors = [(20.5, 6.0), (22.5, 12.0), (24.5, 18.0), *((26.5 + t, 20.0) for t in range(0, 14, 2))]
    one = Recorded({"__name__": "a", "x": "1"}, ((18.5, 0.0), *errors), counted=True)
    rehearsal, production = trials(course([ALERT, RATIO], "Slow"), [one], Times(10, 20, 20, 40, 25), 2.0)
    assert values(rehearsal)['a{x="1"}'].split()[-1] == "20.0", "as it was recorded, to the end"
    assert values(production)['a{x="1"}'].endswith(" 6.0 12.0 18.0 24.0+6.0x13")
    assert production.end_s - production.effect_s > rehearsal.end_s - rehearsal.effect_s


def test_a_fault_of_one_scrape_goes_on_as_it_rose_in_that() -> None:
    there = Recorded({"__name__": "a", "x": "1"}, ((16.5, 3.0), (18.5, 3.0), (20.5, 9.0)), counted=True)
    born = Recorded({"__name__": "a", "x": "2"}, ((20.5, 4.0),), counted=True)
    _, production = trials(course([ALERT, RATIO], "Slow"), [there, born], Times(10, 20, 20, 40, 21), 2.0)
    assert " 9.0 15.0+6.0x" in values(production)['a{x="1"}']
    assert " 4.0 8.0+4.0x" in values(production)['a{x="2"}']


def test_a_counter_that_is_too_small_for_its_history_is_lifted_until_it_begins_anew() -> None:
    before = [(t, 10.0 * n) for n, t in enumerate((12.5, 14.5, 16.5, 18.5))]
    part = [(20.5, 40.0), (22.5, 5.0), (24.5, 15.0)]
    one = Recorded({"__name__": "a", "x": "1"}, (*before, *part), counted=True)
    _, production = trials(course([ALERT, RATIO], "Slow"), [one], TIMES, 2.0)
    assert values(production)['a{x="1"}'].startswith("0.0+10.0x6 70.0 5.0 15.0 ")


def laid_out(values: str) -> list[float]:
    """The samples of promtool's words, summed up as it does: each the one before plus the step."""
    found: list[float] = []
    for word in values.split():
        stepped = re.fullmatch(r"([0-9.]+)\+([0-9.]+)x([0-9]+)", word)
        if stepped:
            found.append(float(stepped[1]))
            for _ in range(int(stepped[3])):
                found.append(found[-1] + float(stepped[2]))
        elif re.fullmatch(r"[0-9.]+", word):
            found.append(float(word))
    return found


@given(
    rises=st.lists(st.one_of(st.integers(0, 40).map(float), st.floats(0, 40)), min_size=26, max_size=26),
    began=st.one_of(st.integers(0, 10**9).map(float), st.floats(0, 1e12)),
    window_s=st.sampled_from([15.0, 60.0, 600.0, 3600.0]),
    slot_s=st.sampled_from([1.0, 2.0]),
)
@example([0, 5, 8, 0, 8, 6, 2, 9, 3, *[3] * 4, *[0] * 13], 3.0, 60.0, 2.0)
def test_a_counter_that_never_fell_falls_nowhere_in_its_history_by_the_least(
    rises: list[float], began: float, window_s: float, slot_s: float
) -> None:
    """A step of a third, summed up 33 times, ended a bit above the sample after it: rate() read a counter that began anew."""
    points = [(slot_s * n, value) for n, value in enumerate(accumulate(rises, initial=began))]
    times = Times(slot_s * 4, slot_s * 13, slot_s * 13.5, slot_s * 26, slot_s * 26)
    words = with_history(Recorded({"__name__": "a_total"}, points), times, slot_s, window_s, 4 * slot_s)
    found = laid_out(words)
    history = math.ceil(window_s / slot_s)
    assert len(found) == history + 13 + 4
    assert all(after >= before for before, after in pairwise(found))
    rate = (found[history - 1] - found[0]) / ((history - 1) * slot_s)
    grid = math.ulp(found[history - 1]) / slot_s  # 1e12 with a half is no finer
    assert rate == pytest.approx((points[13][1] - points[4][1]) / (9 * slot_s), abs=1e-6 + grid)


def test_a_counter_at_zero_whose_history_is_shorter_than_its_spacing_is_laid_out() -> None:
    """It began anew just before the fault; its one sample of history has no step."""
    points = [(0.0, 30.0), (6.0, 60.0), (12.0, 90.0), (18.0, 0.0), (24.0, 4.0)]
    one = Recorded({"__name__": "a_total"}, points)
    assert with_history(one, Times(0, 18, 19, 26, 26), 2.0, 4.0, 0.0) == "_x1 0.0 _ _ 4.0 _"


def test_errors_of_an_earlier_fault_are_no_clean_history() -> None:
    """60 of them until 12 s, none in the clean stretch before this fault: then the counter stood still."""
    before = [(float(t), min(60.0, t * 5.0)) for t in range(0, 20, 2)]
    one = Recorded({"__name__": "a", "x": "1"}, (*before, (20.5, 60.0), (22.5, 70.0)), counted=True)
    _, production = trials(course([ALERT, RATIO], "Slow"), [one], Times(14, 20, 20, 25, 25), 2.0)
    assert values(production)['a{x="1"}'].startswith("60.0+0.0x6 60.0 70.0 ")


@pytest.mark.parametrize(("scraped", "history"), [(True, "30.0+0.0x6 30.0 45.0 "), (False, "0.0+10.0x6 60.0 75.0 ")])
def test_what_was_born_in_an_earlier_fault_stood_still_before_where_its_target_was_scraped(
    scraped: bool, history: str
) -> None:
    """`code="503"` has its first sample in the fault before this one; a target that is new may have counted elsewhere till then."""
    before = [(14.5, 10.0), (16.5, 20.0), (18.5, 30.0)]
    one = Recorded({"__name__": "a", "x": "1"}, (*before, (20.5, 30.0), (22.5, 45.0)), counted=True, scraped=scraped)
    _, production = trials(course([ALERT, RATIO], "Slow"), [one], Times(4, 10, 20, 25, 25), 2.0)
    assert values(production)['a{x="1"}'].startswith(history)


def test_a_series_that_is_born_in_the_fault_has_no_history_and_one_that_ends_does_not_go_on() -> None:
    born = Recorded({"__name__": "a", "x": "1"}, ((22.5, 1.0), (24.5, 2.0)), counted=True)
    ended = Recorded({"__name__": "b"}, ((16.5, 1.0), (18.5, 1.0), (20.5, 1.0)))
    long = Times(10, 20, 20, 40, 40)
    _, production = trials(course([ALERT, RATIO], "Slow"), [born, ended], long, 2.0)
    assert values(production)['a{x="1"}'] == "_x7 _ 1.0 2.0 stale _ _ _ _ _ _"
    assert values(production)["b{}"] == "1.0+0.0x6 1.0 stale _ _ _ _ _ _ _ _"


def test_one_missed_scrape_is_a_gap_and_two_are_stale() -> None:
    calm = ((6.5, 1.0), (8.5, 1.0), (10.5, 1.0))
    one = Recorded({"__name__": "b"}, (*calm, (14.5, 2.0), (20.5, float("inf")), (22.5, None)))
    rehearsal, _ = trials(course([ALERT, RATIO], "Slow"), [one], TIMES, 2.0)
    assert values(rehearsal)["b{}"] == "1.0 1.0 1.0 _ 2.0 stale _ Inf NaN stale"


def test_a_window_that_is_too_long_to_be_tried_is_said() -> None:
    days = RuleSeen(rule="Slow", expr="rate(a[3d]) > 1", interval_s=2.0)
    with pytest.raises(ValueError, match="too far to be tried"):
        trials(course([days], "Slow"), [], TIMES, 2.0)


def test_a_rule_that_reads_the_clock_or_stands_on_one_that_does_is_not_tried() -> None:
    age = RuleSeen(rule="slow:ratio", kind="recording", expr="time() - a", interval_s=2.0)
    with pytest.raises(ValueError, match=r"slow:ratio reads the clock \(time\(\)\)"):
        trials(course([ALERT, age], "Slow"), [], TIMES, 2.0)


SPARSE = Times(clean_from_s=10, clean_to_s=40, effect_s=40, end_s=64, lasts_s=64)


def test_a_series_that_is_scraped_more_seldom_has_its_samples_as_far_apart_before_in_and_after_the_fault() -> None:
    """Every 8 s among others of every 2 s: nothing in between, and none of its gaps is its end."""
    points = tuple((t, 100 + 2.0 * (t - 9)) for t in range(9, 64, 8))  # 33 s is the last before the fault, 57 s of all
    _, production = trials(
        course([ALERT, RATIO], "Slow"), [Recorded({"__name__": "a"}, points, counted=True)], SPARSE, 2.0
    )
    slots = [
        word for one in values(production)["a{}"].split() for word in ("_" * int(one[2:]) if one[:2] == "_x" else [one])
    ]
    first = {place: float(word) for place, word in enumerate(slots) if word != "_"}
    assert list(first) == [place for place in range(len(slots)) if place % 4 == 1]  # 9 for 33 s, 13 for 41 s
    assert list(first.values()) == [116.0 + 16 * n for n in range(len(first))]
    assert production.effect_s == 26.0  # 6 s of window, 3 s of for, two scrapes of its own


def test_a_series_that_is_scraped_more_seldom_ends_after_scrapes_of_its_own() -> None:
    one = Recorded({"__name__": "b"}, tuple((float(t), 1.0) for t in (9, 17, 25, 33, 41)))
    rehearsal, production = trials(course([ALERT, RATIO], "Slow"), [one], replace(SPARSE, end_s=68, lasts_s=68), 2.0)
    ended = ["1.0", "_", "_", "_", "stale", *"_________"]
    assert values(rehearsal)["b{}"].split()[16:] == ended
    assert values(production)["b{}"].split()[-14:] == ended


def test_a_series_that_goes_on_is_not_stale_where_its_record_ends_between_two_scrapes() -> None:
    one = Recorded({"__name__": "b"}, tuple((t + 0.5, 1.0) for t in range(10, 26, 2)))
    _, production = trials(course([ALERT, RATIO], "Slow"), [one], replace(TIMES, end_s=26.2), 2.0)
    assert "stale" not in values(production)["b{}"]


def test_a_counter_by_its_name_rises_before_the_fault_as_well_whatever_reads_it() -> None:
    points = tuple((t + 0.5, 40 + 10.0 * (t - 10)) for t in range(10, 26, 2))
    one = Recorded({"__name__": "orders_total"}, points, looks_back=True)
    _, production = trials(course([ALERT, RATIO], "Slow"), [one], TIMES, 2.0)
    assert values(production)["orders_total{}"].startswith("0.0+20.0x6 ")


@pytest.mark.parametrize(
    ("before", "more", "tried"),
    [
        ((1, 2, 3, 4, 5), {"looks_back": True}, False),
        ((5, 4, 3, 2, 2), {"looks_back": True}, False),
        ((1, 2, 3, 4, 5), {}, True),  # only its latest sample is read
        ((1, 2, 3, 4, 5), {"looks_back": True, "counted": True}, True),
        ((3, 3, 3, 4, 4), {"looks_back": True}, True),
        ((3, 4, 5, 4, 5), {"looks_back": True}, True),
    ],
)
def test_what_moved_one_way_before_the_fault_and_may_be_a_gauge_has_no_history(
    before: tuple[int, ...], more: dict[str, bool], tried: bool
) -> None:
    one = Recorded({"__name__": "depth"}, tuple((10.5 + 2 * n, float(v)) for n, v in enumerate(before)), **more)
    if tried:
        trials(course([ALERT, RATIO], "Slow"), [one], TIMES, 2.0)
    else:
        with pytest.raises(ValueError, match="depth moved one way all the time before the fault"):
            trials(course([ALERT, RATIO], "Slow"), [one], TIMES, 2.0)


def test_the_question_is_when_such_an_alert_fires_that_did_not_hold_before_the_fault() -> None:
    by_value = replace(ALERT, labels={"severity": "page", "current": "{{ $value }}", "who": "{{ $labels.pod }}"})
    found = course([by_value, RATIO], "Slow")
    trial, _ = trials(found, [], TIMES, 2.0, {"team": 'a"b'})
    (test,) = yaml.safe_load(trial.text)["tests"]
    (question,) = test["promql_expr_test"]
    assert test["input_series"] == []
    before = 'ALERTS{alertname="Slow",team="a\\"b"} @ -0.001'
    assert question["expr"] == (
        'min(min_over_time((timestamp(ALERTS{alertname="Slow",team="a\\"b",alertstate="firing"})'
        f" unless ignoring(alertstate,current) {before})[6000ms:2000ms])) or 0 * count({before}) + -1"
    )


def test_a_sample_takes_a_few_calls() -> None:
    """A writer of YAML looks at each of its letters."""

    def taken(window_s: int) -> tuple[int, int]:
        long = course([replace(ALERT, expr=f"sum(rate(a[{window_s}s])) > 1 and on() fast > 0")], "Slow")
        seldom = Recorded({"__name__": "a"}, [(t, 3.0 * t) for t in range(0, 26, 6)], counted=True)
        fast = Recorded({"__name__": "fast"}, [(t, 1.0) for t in range(0, 26, 2)])
        found: list[Trial] = []
        count = calls(lambda: found.extend(trials(long, [seldom, fast], TIMES, 2.0)))
        return count, len(values(found[1])["a{}"].split())

    taken(60)  # what is imported, and compiled, at the first
    (few, short), (more, long) = taken(600), taken(6000)
    assert long - short > 1800
    assert (more - few) / (long - short) < 10


@pytest.mark.parametrize(
    "name", ['it"s', "it's", "back\\slash", "line\nbreak", "ünï", "\x7f\x85\u2028", "# no: comment", "😀"]
)
def test_a_series_has_its_name_whatever_is_in_it(name: str) -> None:
    one = Recorded({"__name__": "a", "x": name}, [(14.5, 1.0), (20.5, 2.0)])
    escaped = name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    for trial in trials(course([ALERT, RATIO], "Slow"), [one], TIMES, 2.0):
        assert list(values(trial)) == [f'a{{x="{escaped}"}}']


SHORT, LONG = Trial("rehearsal", "", 60.0, 160.0), Trial("production", "", 604.0, 1308.0)
FAILED = """  FAILED:
    expr: "min(min_over_time(({{...}})[{ms}ms:2000ms])) or 0 * count(...) + -1", time: 2m40s,
        exp: nil
        got: {{}} {at}
"""


def test_what_promtool_got_is_the_answer_and_what_it_did_not_get_is_none() -> None:
    titles = "Unit Testing:  /x/rehearsal.yml\n\n\nUnit Testing:  /x/production.yml\n  SUCCESS\n\n"
    assert answers(titles + FAILED.format(ms=100000, at="7.6E+01"), (SHORT, LONG)) == [Fired(16.0), Fired(None)]
    both = FAILED.format(ms=704000, at="-1E+00") + FAILED.format(ms=100000, at="8E+01")
    assert answers(titles.replace("SUCCESS", "") + both, (SHORT, LONG)) == [Fired(20.0), Fired(None, held=True)]


def test_a_promtool_that_cannot_try_is_no_answer() -> None:
    with pytest.raises(ValueError, match="yaml: line 3"):
        answers("Unit Testing:  /x/rehearsal.yml\n  FAILED:\n yaml: line 3\n", (SHORT, LONG))
    with pytest.raises(ValueError, match="said nothing"):
        answers("", (SHORT, LONG))
