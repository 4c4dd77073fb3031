"""The simulator: apart from the judge, the same for the same seed, and true to what it claims to simulate."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from calibration.defects.alerting import metric_renamed, no_rule
from calibration.judged import Script
from calibration.simulator.monitored import asked
from calibration.simulator.recording import Memo, Recording, simulate
from calibration.simulator.store import Scrapes, Series, Store
from calibration.simulator.world import HONEST
from harness import facts as f

HERE = Path(__file__).parent
JUDGES = ("expectations", "judge", "judging", "landings", "gates", "stats", "scoring", "alerting", "blaming")


@pytest.fixture(scope="module")
def script() -> Script:
    return Script.of("calm", "database-slow")


@pytest.fixture(scope="module")
def honest(script: Script) -> Recording:
    return simulate(script.data, HONEST, 3)


def test_it_imports_nothing_that_judges_not_even_through_others() -> None:
    code = "import sys, calibration.simulator.folder; print(*(n for n in sys.modules if n.startswith('harness.')))"
    told = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": f"{HERE.parent}:{HERE.parents[1]}"},
    )
    loaded = {name.split(".")[1] for name in told.stdout.split()}
    assert loaded, "nothing of the harness was loaded: not even its journal"
    assert not loaded & set(JUDGES)


@pytest.mark.parametrize("path", sorted((HERE / "simulator").glob("*.py")), ids=lambda path: path.stem)
def test_it_does_not_name_what_judges(path: Path) -> None:
    named = {
        name
        for node in ast.walk(ast.parse(path.read_text()))
        for name in (
            [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in getattr(node, "names", ())]
        )
    }
    assert not {name for name in named if name.split(".")[:1] == ["harness"] and set(name.split(".")) & set(JUDGES)}


def test_the_same_seed_gives_the_same_run_with_a_memo_or_without(script: Script, honest: Recording) -> None:
    again, memo = simulate(script.data, HONEST, 3), Memo(3)
    simulate(script.data, no_rule(HONEST), 3, memo)
    shared = simulate(script.data, HONEST, 3, memo)
    assert again.facts == honest.facts == shared.facts
    assert again.lines == honest.lines == shared.lines
    assert again.spans == honest.spans == shared.spans


def test_another_seed_gives_another_run(script: Script, honest: Recording) -> None:
    other = simulate(script.data, HONEST, 4)
    assert [r.took_s for r in other.history.requests] != [r.took_s for r in honest.history.requests]


def test_a_defect_of_a_rule_changes_no_request(script: Script, honest: Recording) -> None:
    gagged = simulate(script.data, no_rule(HONEST), 3)
    assert gagged.history.requests == honest.history.requests
    assert gagged.facts != honest.facts


def test_an_honest_counter_shows_what_was_answered_until_its_scrape(honest: Recording) -> None:
    for series in honest.store.select("http_requests_total", {"route": "/checkout", "code": "201"}):
        answered = sorted(
            r.served.ended_s
            for r in honest.history.requests
            if r.served and r.status == 201 and r.served.replica.instance == series.labels["instance"]
        )
        for at_s, value in zip(series.at_s, series.values, strict=True):
            assert np.searchsorted(answered, at_s) <= value <= np.searchsorted(answered, at_s + 0.2)


def test_an_alert_fires_no_sooner_than_its_rule_asks(honest: Recording) -> None:
    changes = [c for c in honest.facts if isinstance(c, f.AlertChanged) and c.alert == "CheckoutLatencyHigh"]
    pending = next(c for c in changes if c.state == "pending")
    firing = next(c for c in changes if c.state == "firing")
    assert pending.happened_s is not None
    assert firing.happened_s is not None
    assert firing.happened_s - pending.happened_s >= 6.0


def test_a_new_group_is_told_of_after_its_wait(honest: Recording) -> None:
    firing = next(
        c.at_s
        for c in honest.facts
        if isinstance(c, f.AlertChanged) and c.alert == "CheckoutLatencyHigh" and c.state == "firing"
    )
    page = next(p.at_s for p in honest.facts if isinstance(p, f.Paged) and p.alert == "CheckoutLatencyHigh")
    assert HONEST.pager.group_wait_s <= page - firing <= HONEST.pager.group_wait_s + 0.2


def test_scrapes_jitter_and_load_remembers(honest: Recording) -> None:
    gaps = {round(b - a, 4) for a, b in pairwise(honest.store.targets[0].at_s.tolist())}
    assert len(gaps) > 3
    mine = [r for r in honest.history.requests if r.route == "GET /products" and r.due_s < 60]
    took = [r.took_s for r in mine if r.took_s is not None and r.took_s < 0.3]  # without those in the hiccup
    seconds = np.array([np.median(took[i : i + 9]) for i in range(0, len(took) - 9, 9)])
    assert np.corrcoef(seconds[:-1], seconds[1:])[0, 1] > 0.3


def test_a_process_that_ends_takes_its_counts_with_it() -> None:
    script = Script.of("calm", "bad-release")
    recording = simulate(script.data, HONEST, 3)
    series = recording.store.select("http_requests_total", {"route": "/products", "code": "200", "version": "v1"})
    assert any(later < earlier for one in series for earlier, later in pairwise(one.values))


def test_logs_are_written_late_and_not_in_the_order_of_what_they_tell(honest: Recording) -> None:
    told = [line.written_s for line in honest.lines]
    assert told == sorted(told)
    ended_s = {r.number: r.served.ended_s for r in honest.history.requests if r.served}
    access = [json.loads(line.text) for line in honest.lines if '"GET /products 200"' in line.text]
    ends = [ended_s[int(line["request_id"].rpartition("-")[2])] for line in access]
    assert ends != sorted(ends)


def test_every_query_is_asked_once_more_when_the_load_is_over(honest: Recording) -> None:
    """As the watch has it: a dashboard that is asked every 5 s is not left unwatched in its last seconds."""
    looks = [fact for fact in honest.facts if isinstance(fact, f.Looked) and fact.probe == "samples"]
    last = {fact.target: fact.seen_s for fact in looks}
    assert len(last) == len(HONEST.panels) + 1
    assert all(at_s >= honest.scenario.load_ends_s + 2.0 for at_s in last.values())


def test_a_metric_that_falls_silent_tells_nothing_of_the_fault(script: Script) -> None:
    """Not even a request: the last samples before would be a rule's whole window in the end."""
    store = simulate(script.data, metric_renamed(HONEST), 3).store
    began_s = simulate(script.data, HONEST, 3).scenario.hurts[0].on_s
    kept = store.select("http_request_duration_seconds_bucket", {})
    assert kept
    assert all(one.at_s[-1] < began_s for one in kept)


def test_the_greatest_of_a_few_seconds_outlives_a_failed_scrape() -> None:
    target = Scrapes("worker", "w", np.array([1.0, 2.0]), np.zeros(2), np.array([True, False]), np.zeros(2))
    store = Store([Series("waiting", {}, [1.0], [7.0], [7.0], target)], [target])
    assert asked("waiting")(store, 2.5) == []
    assert asked("max_over_time(waiting[4s])")(store, 2.5) == [({}, 7.0)]
    assert asked("max_over_time(waiting[4s])")(store, 5.5) == []
