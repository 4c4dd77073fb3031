"""answers_as_usual: what calm times taught, what is new, and when it was too little to tell."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest
from scipy.stats import hypergeom

from harness import facts as f
from harness.expectations.answers_as_usual import AnswersAsUsual
from harness.expectations.base import Evidence, Steady
from harness.expectations.usual_answers import Answers, chance_unseen, family, novelties, rough
from harness.faults.latency import Latency
from harness.testing import WrittenLogs, journal_of, rows_of, series_of
from harness.verdict import Finding, Outcome

PASSED, FAILED, UNKNOWN = Outcome.PASSED, Outcome.FAILED, Outcome.INCONCLUSIVE
FAULT = Latency(edge="api->postgres", delay="400ms", id="hurt/latency")
PAGE = "text/html 'Wiki' tags:0a1b2c3d"
JSON = "application/json items[].sku,total"


def rows(start_s: float, count: int, shape: str = JSON, status: int = 200, **more: Any) -> list[dict[str, Any]]:
    """`count` answers from start_s on, evenly over ten seconds."""
    outcome = "ok" if status < 400 else "4xx" if status < 500 else "5xx"
    return [
        {"at_s": start_s + 10 * i / count, "shape": shape, "status": status, "outcome": outcome, "endpoint": "GET /catalog", **more}
        for i in range(count)
    ]  # fmt: skip


def check(
    *listed: list[dict[str, Any]], series: Any = None, phase: str = "hurt", watched: bool = True, **options: Any
) -> Finding:
    """Load from 0 s, steady from 10 s, held at 20 s; a phase from 60 to 70 s with a fault; the load's end at 90 s."""
    journal = journal_of(
        f.Opened(drill="d", run="0123abcd", wall_unix_s=1e9, monotonic_ns=0),
        f.LoadBegan(begins_s=0.0),
        f.GateHeld(seen_s=20.0),
        f.PhaseBegan(phase="hurt", seen_s=60.0),
        f.Injecting(fault=FAULT.id, kind="latency", target="api->postgres", planned_s=0, seen_s=60.1),
        f.Injected(fault=FAULT.id, begun_s=60.1, seen_s=60.2),
        f.Mended(fault=FAULT.id, begun_s=70.0, seen_s=70.1),
        f.PhaseEnded(phase="hurt", seen_s=70.0),
        *(f.LoadSampled(cpu_ratio=0.1, late_ms=0, due=1, dropped=0, seen_s=float(s)) for s in range(1, 92) if watched),
        f.LoadEnded(clean=True, ended_s=90.0, seen_s=92.0),
    )
    ledger = rows_of(sorted((row for part in listed for row in part), key=lambda row: row["at_s"]))
    claim = AnswersAsUsual.model_validate(options)
    faults = {FAULT.id: FAULT}
    return claim.check(
        Evidence(journal, ledger, WrittenLogs(), Steady(10.0, ()), phase=phase, faults=faults, series=series or {})
    )


def test_the_usual_answers_pass() -> None:
    finding = check(rows(20, 400), rows(20, 30, status=402), rows(60, 100), rows(60, 9, status=402))
    assert finding.outcome is PASSED, finding.because
    assert "109 answers were of kinds that 430 calm ones had shown" in finding.because


@pytest.mark.parametrize(
    ("new", "reason", "how"),
    [
        (rows(60, 20, "text/html 'Oops' tags:00000000"), "new_success", "200 text/html 'Oops'"),
        (rows(60, 20, "application/json error"), "new_success", "200 application/json error"),
        (rows(60, 20, "text/html -> /login 'Sign in' tags:00000000"), "moved_elsewhere", "-> /login"),
        (rows(60, 20, "text/html -> /login", status=302), "moved_elsewhere", "302 text/html -> /login"),
        (rows(60, 20, "application/json error", status=401), "new_error", "401 application/json error"),
        (rows(60, 20, "application/json error", status=504), "new_error", "504 application/json error"),
    ],
)
def test_an_answer_that_was_never_seen_fails_with_its_kind(new: list[dict[str, Any]], reason: str, how: str) -> None:
    finding = check(rows(20, 400), rows(60, 100), new)
    assert (finding.outcome, finding.reason) == (FAILED, reason)
    assert (
        f"20 of 120 answers were of a kind that calm times never showed (limit 0%): 20× GET /catalog: {how}"
        in finding.because
        or how in finding.because
    )
    told = dict(finding.details)
    assert told["requests"].startswith("drill-0123abcd-0-")
    assert told["samples"].endswith("answers/*.jsonl")
    assert sum(cite.startswith("row ") for cite in finding.cites) == 3


def test_what_is_expected_is_allowed() -> None:
    errors = rows(60, 20, "application/json error", status=503)
    for allow in (["503"], [503], ["5xx"], ["5xx application/json*"]):
        assert check(rows(20, 400), rows(60, 100), errors, allow=allow).outcome is PASSED
    assert check(rows(20, 400), rows(60, 100), errors, allow=["503 text/html*"]).outcome is FAILED
    assert check(rows(20, 400), rows(60, 100), errors, ratio="20%").outcome is PASSED


def test_a_kind_so_rare_that_calm_times_may_have_missed_it_is_not_called_new() -> None:
    """One of 100 may hide in 400 others by chance; with 1900 it would have shown."""
    odd = rows(60, 1, "application/json items[].sku,note,total")
    finding = check(rows(20, 400), rows(60, 99), odd)
    assert (finding.outcome, finding.reason) == (UNKNOWN, "taught_too_little")
    assert finding.decide == "1900 answers to GET /catalog in calm times (there were 400)"
    assert check(rows(20, 1900), rows(60, 99), odd).outcome is FAILED
    assert check(rows(20, 400), rows(60, 99), odd, ratio="1%").outcome is PASSED


def test_an_endpoint_that_calm_times_never_asked_is_not_judged() -> None:
    assert check(rows(20, 400), rows(60, 50, endpoint="GET /new")).reason == "taught_too_little"


def spread(start_s: float, each: int, **more: Any) -> list[dict[str, Any]]:
    """So many answers to each of nine endpoints."""
    return [row for name in "abcdefghi" for row in rows(start_s, each, endpoint=f"GET /{name}", **more)]


def test_an_error_that_is_rare_everywhere_is_new_where_calm_times_showed_it_nowhere() -> None:
    bad = [row for name in "abcdefghi" for row in rows(62, 1, "text/html", 502, endpoint=f"GET /{name}")]
    finding = check(spread(20, 60), spread(60, 60), bad)
    assert (finding.outcome, finding.reason) == (FAILED, "new_error")
    assert finding.because.startswith("9 of 549 answers were of a kind that calm times never showed")
    assert finding.p_value is not None
    assert finding.p_value <= 0.05
    mixed = [row | {"status": 500 + at} for at, row in enumerate(bad)]
    assert check(spread(20, 60), spread(60, 60), mixed).outcome is FAILED, "5xx are tested together"


def test_errors_that_calm_times_showed_elsewhere_are_not_tested_together() -> None:
    bad = [row for name in "abcdefghi" for row in rows(62, 1, "text/html", 502, endpoint=f"GET /{name}")]
    seen = rows(25, 1, "text/html", 502, endpoint="GET /other")
    assert check(spread(20, 60), seen, spread(60, 60), bad).reason == "taught_too_little"


def test_an_error_of_endpoints_that_calm_times_never_asked_is_not_judged_together_either() -> None:
    bad = [row for name in "uvwxyz" for row in rows(60, 9, "text/html", 404, endpoint=f"GET /{name}")]
    assert check(spread(20, 60), spread(60, 60), bad).reason == "taught_too_little"


def test_what_is_told_first_by_longer_calm_times_is_the_hint() -> None:
    few = rows(60, 100), rows(60, 1, "text/html 'Odd'", 404)
    many = rows(60, 100, endpoint="GET /cart"), rows(60, 5, "text/html 'Odd'", 404, endpoint="GET /cart")
    kept = rows(25, 1, "text/html 'Odd'", 404, endpoint="GET /other")
    finding = check(rows(20, 90), rows(20, 90, endpoint="GET /cart"), kept, *few, *many)
    assert finding.reason == "taught_too_little"
    assert "answers to GET /cart in calm times (there were 90)" in finding.decide
    assert (
        "answers to GET /catalog"
        in check(rows(20, 90), rows(20, 90, endpoint="GET /cart"), kept, *few, *many, ratio="2.5%").decide
    )


@pytest.mark.parametrize("seed", range(3))
def test_errors_that_are_as_frequent_in_calm_times_are_seldom_called_new_together(seed: int) -> None:
    chance, wrong = random.Random(seed), 0
    for _ in range(400):
        calm, seen = (
            Answers(
                {(f"GET /{i}", 200, ""): 80 for i in range(8)}
                | {(f"GET /{i}", bad, ""): 1 for i in range(8) for bad in (502, 503) if chance.random() < 0.2}
            )
            for _ in "ab"
        )
        wrong += any(one.new for one in novelties(calm, seen))
    assert wrong <= 0.05 * 400


def test_pages_that_vary_all_the_time_vary_under_a_fault_too() -> None:
    """Every hundredth page has tags of its own; that one repeats itself is something else."""

    def varied(start_s: float, count: int, seed: int) -> list[dict[str, Any]]:
        chance = random.Random(seed)
        return [
            {**row, "shape": f"text/html 'Wiki' tags:{chance.getrandbits(32):08x}" if i % 50 == 0 else PAGE}
            for i, row in enumerate(rows(start_s, count))
        ]

    assert check(varied(20, 400, 1), varied(60, 200, 2)).outcome is PASSED
    error = rows(60, 30, "text/html 'Wiki' tags:eeeeeeee")
    assert check(varied(20, 400, 1), varied(60, 200, 2), error).reason == "new_success"


def named(start_s: float, count: int, seed: int, kind: str) -> list[dict[str, Any]]:
    """Pages of 3000 products by their titles, or each answer's redirect to a slug of its own."""
    chance = random.Random(seed)

    def word(number: int) -> str:
        return "".join("abcdefghij"[int(digit)] for digit in str(number))

    shapes = {
        "titles": lambda: f"text/html 'Product {word(chance.randrange(3000))} - Shop' tags:0a1b2c3d",
        "slugs": lambda: f"text/html -> /o/{word(chance.randrange(10**9))}",
    }
    return [{**row, "shape": shapes[kind]()} for row in rows(start_s, count)]


@pytest.mark.parametrize("kind", ["titles", "slugs"])
def test_titles_and_redirects_that_name_the_content_vary_under_a_fault_too(kind: str) -> None:
    calm, same = named(20, 1500, 1, kind), named(60, 500, 2, kind)
    finding = check(calm, same)
    assert finding.outcome is PASSED, finding.because
    assert "of pages that vary as much in calm times" in finding.because
    sorry = rows(60, 30, "text/html 'Sorry' tags:11111111")
    assert check(calm, same, sorry).reason in ("new_success", "moved_elsewhere")
    login = rows(60, 1, "text/html -> /login 'Sign in' tags:11111111")
    twice = rows(60, 4, "text/html -> /o/error" if kind == "slugs" else "text/plain")
    assert check(calm, same, twice).outcome is not PASSED, "what repeats itself among what does not is none of it"
    assert check(calm, same, login).reason == "taught_too_little", "where it leads is none of what varies"


def test_a_few_odd_titles_in_calm_times_excuse_none_under_a_fault() -> None:
    calm = [*rows(20, 2000, PAGE), *(row for i in range(3) for row in rows(30, 1, f"text/html 'Odd {i * 'x'}' tags:1"))]
    assert check(calm, rows(60, 999, PAGE), rows(60, 1, "text/html 'Sorry' tags:2")).reason == "taught_too_little"


def test_that_other_pages_come_than_calm_times_named_is_not_as_usual() -> None:
    """Half of the titles were seen in calm times; under the fault none is."""
    strange = [{**row, "shape": row["shape"].replace("Product", "Error")} for row in named(60, 1000, 2, "titles")]
    assert check(named(20, 3000, 1, "titles"), strange).outcome is not PASSED


def silent(start_s: float, count: int) -> list[dict[str, Any]]:
    return [{**row, "outcome": "timeout"} for row in rows(start_s, count, "", status=0)]


def test_a_service_that_answers_hardly_anything_does_not_answer_as_usual() -> None:
    for answered in (0, 1, 58):
        finding = check(rows(20, 2000), rows(60, answered) if answered else [], silent(60, 999))
        assert (finding.outcome, finding.reason) == (UNKNOWN, "too_few"), finding.because
        assert f"999 of {999 + answered} requests were not answered" in finding.because
    error = rows(60, 10, "application/json error", status=504)
    assert check(rows(20, 400), silent(60, 100), error).reason == "new_error", "what was answered is judged"


def test_how_many_were_not_answered_is_told_where_enough_were() -> None:
    for answered, unanswered in ((100, 400), (20, 5)):
        finding = check(rows(20, 2000), rows(60, answered), silent(60, unanswered))
        assert finding.outcome is PASSED
        assert f"{unanswered} of {answered + unanswered} requests were not answered" in finding.because


def test_tasks_that_asked_nothing_were_not_left_without_an_answer() -> None:
    idle = [{"at_s": 60 + i / 100, "silent": True} for i in range(400)]
    finding = check(rows(20, 2000), rows(60, 100), idle)
    assert finding.outcome is PASSED
    assert "not answered" not in finding.because


@pytest.mark.parametrize("request_", ["", "WS message"])
def test_of_answers_without_a_status_it_says_that_they_have_none(request_: str) -> None:
    def told(start_s: float, count: int) -> list[dict[str, Any]]:
        return [{**row, "endpoint": "WS message", "outcome": "ok"} for row in rows(start_s, count, "", status=0)]

    finding = check(told(20, 2000), told(60, 1000), request=request_)
    assert finding.outcome is UNKNOWN
    assert finding.because == "none of 1000 answers has a status: this claim is about HTTP answers"
    both = check(rows(20, 400), rows(60, 100), told(60, 30))
    assert both.outcome is PASSED
    assert "30 of 130 answers have no status" in both.because


def test_what_came_while_something_was_hurt_or_before_the_steady_state_teaches_no_error() -> None:
    warm_up = rows(0, 50, "application/json error", status=503)
    assert (
        check(warm_up, rows(20, 400), rows(60, 100), rows(60, 20, "application/json error", status=503)).reason
        == "new_error"
    )
    in_steady = rows(15, 5, "application/json error", status=503)
    assert (
        check(in_steady, rows(20, 400), rows(60, 100), rows(60, 20, "application/json error", status=503)).outcome
        is PASSED
    )


def test_of_the_whole_run_what_came_from_the_first_fault_on_is_judged() -> None:
    assert check(rows(20, 400), rows(65, 100), phase="").outcome is PASSED
    assert check(rows(20, 400), rows(65, 100), rows(65, 20, "x/y"), phase="").reason == "new_success"


def test_without_fingerprints_or_looks_nothing_is_said() -> None:
    assert check(rows(20, 400), rows(60, 90), rows(60, 10, "")).reason == "no_shapes"
    assert check(rows(20, 400), rows(60, 100), watched=False).reason == "not_watched"
    assert check(rows(20, 400)).reason == "no_evidence"


def test_how_many_the_services_own_counter_took_for_successes_is_said() -> None:
    """100 usual answers and 20 error pages with status 200: the counter has 120 successes."""
    series = series_of(
        {
            "http_requests_total": [
                ({"code": "200"}, [(58, 400), (72, 520)]),
                ({"code": "500"}, [(58, 0), (72, 0)]),
            ]
        }
    )
    error = rows(60, 20, "text/html 'Oops' tags:00000000")
    finding = check(rows(20, 400), rows(60, 100), error, series=series, metric="http_requests_total")
    assert dict(finding.details)["counted as success"].startswith("20 of 20: http_requests_total counted 120 successes")
    without = check(rows(20, 400), rows(60, 100), error, metric="http_requests_total")
    assert "were not kept in this run" in dict(without.details)["counted as success"]


@pytest.mark.parametrize("wrong", [{"allow": ["teapot"]}, {"allow": ["200text"]}, {"ratio": 2}])
def test_what_is_no_kind_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        AnswersAsUsual.model_validate(wrong)


@pytest.mark.parametrize(
    ("shape", "page"),
    [
        (PAGE, "text/html 'Wiki'"),
        ("text/html tags:0a1b2c3d", "text/html"),
        ("text/html -> /login 'Sign in' tags:0a1b2c3d", "text/html -> /login 'Sign in'"),
        (JSON, "application/json"),
        ("application/json -> /orders/# id,state", "application/json -> /orders/#"),
        ("application/json not json", "application/json not json"),
        ("text/plain", "text/plain"),
    ],
)
def test_of_a_shape_the_page_is_what_does_not_vary_within_it(shape: str, page: str) -> None:
    assert rough(shape) == page


def test_of_pages_a_family_is_what_does_not_name_the_content() -> None:
    assert family("text/html 'Product x - Shop'") == "text/html '*'"
    assert family("text/html -> /o/abc 'It's x'") == "text/html -> /o/* '*'"
    assert family("text/html -> /login") == "text/html -> /login"
    assert family("application/json not json") == "application/json not json"


@pytest.mark.parametrize(("count", "of", "taught"), [(1, 100, 400), (5, 40, 40), (3, 7, 1000), (20, 20, 5), (1, 1, 0)])
def test_the_chance_is_fishers(count: int, of: int, taught: int) -> None:
    assert chance_unseen(count, of, taught) == pytest.approx(
        hypergeom.pmf(count, of + taught, count, of), rel=1e-9, abs=1e-12
    )


def test_it_is_the_rule_of_three_where_the_window_is_long() -> None:
    """A kind of 1 % of a long window is told from 3 / 1 % = 300 calm answers on, as (1 - p)^m = 5 % says."""
    needed = next(m for m in range(1, 1000) if chance_unseen(10**6 // 100, 10**6, m) <= 0.05 or (1 - 0.01) ** m <= 0.05)
    assert needed == pytest.approx(math.log(0.05) / math.log(0.99), abs=1)


@pytest.mark.parametrize("seed", range(4))
def test_a_service_that_is_the_same_in_calm_times_and_after_is_seldom_called_new(seed: int) -> None:
    """500 pairs of samples from one distribution with a long tail of rare kinds: at most 5 % may be called new."""
    chance = np.random.default_rng(seed)
    weights = 1 / np.arange(1, 41) ** 2
    weights /= weights.sum()
    wrong = 0
    for _ in range(500):
        calm, seen = (
            Answers(
                {
                    ("GET /", 200, f"text/html 'p{k}'"): int(n)
                    for k, n in enumerate(chance.multinomial(size, weights))
                    if n
                }
            )
            for size in (300, 120)
        )
        wrong += any(one.new for one in novelties(calm, seen))
    assert wrong <= 0.05 * 500
