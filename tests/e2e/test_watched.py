"""Whole drills on a stack with its own Prometheus and Alertmanager: would somebody know? And what is said where nobody could."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.facts import AlertChanged, Fact, LoadReady, MonitoringFound, Paged, PhaseBegan, Sampled
from harness.journal import Journal, read

pytestmark = pytest.mark.e2e

WATCHED = Path(__file__).parent / "projects" / "watched"

HEAD = f"""
drill: watched
stack: {{compose: [{WATCHED}/compose.yaml], ready_within: 180s}}
load:
  locustfile: {WATCHED}/locustfile.py
  against: web:8080
  arrivals: [{{for: 1m, rate: 10/s}}]
  max_in_flight: 30
  timeout: 3s
"""

SEEN = (
    HEAD
    + f"""
steady: {{for: 4s, within: 90s, all: [errors < 5%, p95 < 3s, no alert firing except Watchdog]}}
phases:
  - name: gone
    for: 18s
    faults: [{{down: {{edge: web->store}}}}]
    expect:
      - {{alert_fires: {{id: fires, alert: StoreGone, labels: {{severity: page}}, within: 14s}}}}
      - {{alert_fires: {{id: for somebody else, alert: StoreGone, labels: {{service: store}}, within: 14s}}}}
      - {{alert_fires: {{id: without the label, alert: StoreGone, labels: {{team: web}}, within: 14s}}}}
      - {{alert_fires: {{id: too soon to ask, alert: StoreGone, within: 1s}}}}
      - {{alert_fires: {{id: only pending, alert: StoreGoneForLong}}}}
      - {{alert_fires: {{id: no rule, alert: NoSuchAlert}}}}
      - {{alert_fires: {{id: never fires, alert: NeverFires}}}}
      - {{alert_fires: {{id: fired before, alert: Watchdog}}}}
      - {{page_sent: {{id: paged, receiver: oncall, alert: StoreGone, count: 1, within: 16s}}}}
      - {{page_sent: {{id: paged elsewhere, receiver: board, alert: StoreGone, within: 16s}}}}
      - {{page_sent: {{id: paged over https, receiver: vault, alert: Secret, within: 16s}}}}
      - {{page_sent: {{id: ticket, receiver: board, alert: StoreTicket, within: 16s}}}}
      - {{alert_quiet: {{id: quiet, alert: NeverFires}}}}
      - {{alert_quiet: {{id: not quiet, alert: "*", allow: [Watchdog]}}}}
      - {{metric_stays: {{id: metric stays, query: 'count(up{{job="web"}})', above: 0.5}}}}
      - {{metric_stays: {{id: metric leaves, query: web_store_up, above: 0.5}}}}
      - {{metric_stays: {{id: no metric, query: no_such_metric, below: 1}}}}
      - {{metric_stays: {{id: own metrics, query: 'sum(max_over_time(drill_arrivals_total[30s]))', above: 0}}}}
    then:
      - {{alert_clears: {{id: clears, alert: StoreGone, within: 12s}}}}
      - {{alert_clears: {{id: nothing to clear, alert: NeverFires, within: 3s}}}}
      - {{page_sent: {{id: all-clear, receiver: oncall, alert: StoreGone, status: resolved, within: 15s}}}}
expect: [{{dashboard_live: {{id: dashboard, file: {WATCHED}/dashboard.json}}}}]
abort: {{any: ["promql: web_store_up > 5"], max_duration: 6m}}
"""
)

BLIND = (
    HEAD
    + """
steady: {for: 4s, within: 90s, all: [errors < 5%, p95 < 3s]}
phases:
  - name: silenced
    for: 12s
    faults: [{down: {edge: web->store}}]
    expect:
      - {alert_fires: {id: fires though silenced, alert: StoreGone, within: 10s}}
      - {page_sent: {id: silenced, receiver: oncall, alert: StoreGone}}
    then: [{alert_clears: {id: clears though silenced, alert: StoreGone, within: 12s}}]
  - name: blind
    for: 14s
    faults: [{down: {edge: web->store}}]
    expect:
      - {alert_fires: {id: nobody looked, alert: StoreGone, within: 12s}}
      - {alert_quiet: {id: nobody heard, alert: NeverFires}}
      - {metric_stays: {id: nobody measured, query: web_store_up, below: 5}}
abort: {max_duration: 6m}
"""
)

GUARDED = (
    HEAD
    + """
steady: {for: 4s, within: 90s, all: [errors < 5%, p95 < 3s]}
phases: [{name: calm, for: 60s}]
expect: [{stays_up: {service: web}}]
abort: {any: ["promql: web_store_up > 5"], max_duration: 6m}
"""
)


@dataclass
class Run:
    """One drill of the watched stack, in a folder of its own; `meanwhile` does something to it."""

    home: Path
    drill: str
    meanwhile: Callable[[Run], None] = lambda run: None
    code: int = -1
    said: str = ""

    def play(self) -> Run:
        self.home.mkdir(parents=True)
        (self.home / "pyproject.toml").write_text("[tool.drill]\n")
        (self.home / "watched.yaml").write_text(self.drill)
        process = subprocess.Popen(
            [sys.executable, "-m", "harness", "run", "watched.yaml", "--live", "plain"],
            cwd=self.home,
            env={**os.environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            self.meanwhile(self)
            self.said = process.communicate()[0]
        finally:
            process.kill()
        self.code = process.returncode
        return self

    @property
    def folder(self) -> Path:
        return next((self.home / "runs" / "watched").glob("2*"))

    @property
    def journal(self) -> Journal:
        return read(self.folder)

    def finding(self, id_: str) -> dict[str, Any]:
        verdict = json.loads((self.folder / "verdict.json").read_text())
        (found,) = [finding for finding in verdict["findings"] if finding["id"] == id_]
        assert isinstance(found, dict)
        return found

    def await_fact(self, kind: type[Fact], **fields: Any) -> None:
        """Wait for a fact in its journal, as long as the run may take to get there."""
        end_s = time.monotonic() + 400
        while time.monotonic() < end_s:
            with_folder = list((self.home / "runs").glob("watched/2*")) if (self.home / "runs").exists() else []
            if with_folder and read(with_folder[0]).first(kind, **fields) is not None:
                return
            time.sleep(0.2)
        raise AssertionError(f"{kind.__name__} {fields} never came")

    def silence(self) -> None:
        """As a person would who works on the store: through Alertmanager's API."""
        self.await_fact(LoadReady)
        host, port = json.loads((self.folder / "stack.json").read_text())["published"]["alertmanager:9093"]
        body = {
            "matchers": [{"name": "alertname", "value": "StoreGone", "isRegex": False, "isEqual": True}],
            "startsAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 60)),
            "endsAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600)),
            "createdBy": "a test",
            "comment": "work on the store",
        }
        request = urllib.request.Request(
            f"http://{host}:{port}/api/v2/silences", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
            assert answer.status == 200

    def stop_prometheus(self) -> None:
        run = self.folder.name.rpartition("-")[2]
        subprocess.run(["docker", "stop", "--time", "1", f"drill-{run}-prometheus-1"], check=True, capture_output=True)


def silence_then_blind(run: Run) -> None:
    run.silence()
    run.await_fact(PhaseBegan, phase="blind")
    run.stop_prometheus()


def blind_in_the_calm(run: Run) -> None:
    run.await_fact(PhaseBegan, phase="calm")
    run.stop_prometheus()


Told = Callable[[str], Run]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, docker_engine: None) -> Iterator[Told]:
    """Each story played once, side by side, when the first is asked for."""
    base = tmp_path_factory.mktemp("watched")
    stories = {
        "seen": Run(base / "seen", SEEN),
        "blind": Run(base / "blind", BLIND, silence_then_blind),
        "guarded": Run(base / "guarded", GUARDED, blind_in_the_calm),
    }
    with ThreadPoolExecutor(2) as pool:
        runs: dict[str, Future[Run]] = {name: pool.submit(run.play) for name, run in stories.items()}
        yield lambda name: runs[name].result()


@pytest.mark.parametrize(
    ("id_", "outcome", "reason"),
    [
        ("fires", "passed", "met"),
        ("for somebody else", "failed", "other_service"),
        ("without the label", "failed", "wrong_labels"),
        ("too soon to ask", "failed", "rule_too_slow"),
        ("only pending", "failed", "pending_only"),
        ("no rule", "failed", "rule_missing"),
        ("never fires", "failed", "missed"),
        ("fired before", "inconclusive", "pre_existing"),
        ("paged", "passed", "met"),
        ("paged elsewhere", "failed", "wrong_receiver"),
        ("paged over https", "inconclusive", "not_observable"),
        ("ticket", "passed", "met"),
        ("quiet", "passed", "met"),
        ("not quiet", "failed", "collateral"),
        ("metric stays", "passed", "met"),
        ("metric leaves", "failed", "beyond"),
        ("no metric", "inconclusive", "no_data"),
        ("own metrics", "passed", "met"),
        ("clears", "passed", "met"),
        ("nothing to clear", "inconclusive", "never_fired"),
        ("all-clear", "passed", "met"),
        ("dashboard", "passed", "met"),
    ],
)
def test_each_claim_about_alerts_pages_and_metrics_comes_out_as_it_must(
    told: Told, id_: str, outcome: str, reason: str
) -> None:
    run = told("seen")
    finding = run.finding(id_)
    assert (finding["outcome"], finding["reason"]) == (outcome, reason), finding["because"] + "\n" + run.said


def test_a_page_is_delivered_within_what_scrape_evaluation_and_waits_allow(told: Told) -> None:
    journal = told("seen").journal
    fired = journal.first(AlertChanged, alert="StoreGone", state="firing")
    page = journal.first(Paged, alert="StoreGone", receiver="oncall", status="firing")
    assert fired is not None
    assert page is not None
    assert page.at_s >= fired.at_s + 1.0  # group_wait
    assert page.annotations == {"summary": "The store does not answer."}


def test_the_runs_own_metrics_say_which_fault_is_on(told: Told) -> None:
    samples = told("seen").journal.of(Sampled, query="sum(max_over_time(drill_arrivals_total[30s]))")
    values = [sample.value for sample in samples if sample.value is not None]
    assert values == sorted(values)
    assert values[-1] > values[0]


@pytest.mark.parametrize(
    ("id_", "outcome", "reason"),
    [
        ("fires though silenced", "passed", "met"),
        ("silenced", "failed", "suppressed"),
        ("clears though silenced", "passed", "met"),
        ("nobody looked", "inconclusive", "not_watched"),
        ("nobody heard", "inconclusive", "not_watched"),
        ("nobody measured", "inconclusive", "not_watched"),
    ],
)
def test_a_silence_is_named_and_without_prometheus_nothing_is_decided(
    told: Told, id_: str, outcome: str, reason: str
) -> None:
    run = told("blind")
    finding = run.finding(id_)
    assert (finding["outcome"], finding["reason"]) == (outcome, reason), finding["because"] + "\n" + run.said


def test_a_guard_that_cannot_be_asked_ends_the_drill(told: Told) -> None:
    run = told("guarded")
    assert run.code == 5, run.said
    assert "could not be asked" in run.said


def test_nothing_of_the_helpers_is_left_and_the_users_folder_stays_as_it_was(told: Told) -> None:
    for name in ("seen", "blind", "guarded"):
        run = told(name)
        assert run.journal.first(MonitoringFound, prometheus="prometheus:9090", alertmanager="alertmanager:9093")
        label = f"label=io.drill.run={run.folder.name.rpartition('-')[2]}"
        for kind in (("ps", "-aq"), ("network", "ls", "-q"), ("volume", "ls", "-q")):
            listed = subprocess.run(["docker", *kind, "--filter", label], check=True, capture_output=True, text=True)
            assert not listed.stdout
    assert [path.name for path in (WATCHED / "file_sd").iterdir()] == ["README"]
