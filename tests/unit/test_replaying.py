"""What of a run's record is tried again, and how closely what comes out is known; promtool itself stands in tests/e2e/test_replay.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml

from harness import facts as f
from harness.expectations.alert_fires import AlertFires
from harness.run.replaying import Replaying
from harness.testing import journal_of
from harness.world.metrics import Answer, Series

RATIO = "rate(err_total[30s]) / rate(req_total[30s])"
HELD = """  FAILED:
    expr: "min(...)[{ms}ms:2000ms])) or 0 * count(...) + -1", time: 2m,
        exp: nil
        got: {{}} -1E+00
"""


class Recording:
    """Both counters rise by one a second; they are scraped at their own intervals. `named`: the metric that a selector reads."""

    def __init__(self, named: Mapping[str, str] | None = None, **every_s: float) -> None:
        self.every_s, self.named = every_s, named or {}

    def query(self, expr: str) -> Answer:
        name = self.named.get(expr.partition("[")[0], expr.partition("[")[0])
        every_s = self.every_s[name]
        times = [40.7 + every_s * n for n in range(int(160 / every_s))] if every_s else []
        return Answer((Series({"__name__": name}, tuple((t, t - 40.0) for t in times)),))


class Tried:
    """A promtool that says of each file what it is told to."""

    def __init__(self, said: str = "  SUCCESS\n  SUCCESS\n") -> None:
        self.said = said
        self.files: Mapping[str, str] = {}
        self.kept: Mapping[str, str] = {}

    def __call__(self, files: Mapping[str, str], tests: Sequence[str]) -> tuple[str, str]:
        self.files = files
        return self.said, "promtool"


def replayed(recording: Recording, tried: Tried, *rules: f.Fact) -> f.ReplaySeen:
    journal = journal_of(
        f.TargetSeen(seen_s=5, job="api", instance="api:80", health="up", interval_s=5.0),
        f.TargetSeen(seen_s=5, job="blackbox", instance="bb:9115", health="up", interval_s=60.0),
        *rules,
        f.GateHeld(seen_s=95),
        f.PhaseBegan(seen_s=99, phase="hurt"),
        f.Injecting(seen_s=99.9, fault="x", kind="bad_release", target="api", planned_s=99.9),
        f.Injected(seen_s=100, fault="x", begun_s=99.9),
        f.PhaseEnded(seen_s=200, phase="hurt"),
    )
    with TemporaryDirectory() as folder:
        trying = Replaying(journal, recording, tried, 15.0, Path(folder) / "replays")
        (seen,) = trying.seen([("hurt", AlertFires(alert="A"))])
        tried.kept = {file.name: file.read_text() for file in (Path(folder) / (seen.files or "-")).glob("*")}
    return seen


def rule(expr: str, **more: object) -> f.RuleSeen:
    values = {"rule": "A", "group": "b.yml;p", "expr": expr, "interval_s": 2.0, **more}
    return f.RuleSeen(seen_s=5, **values)  # type: ignore[arg-type]


def test_what_promtool_was_given_lies_in_the_runs_folder_and_says_how_its_answer_is_read() -> None:
    tried = Tried()
    seen = replayed(Recording(req_total=5.0, err_total=5.0), tried, rule(f"{RATIO} > 0.1"))
    assert seen.files == "replays/1-hurt-A"
    assert tried.kept == tried.files
    assert sorted(tried.kept) == ["production.yml", "rehearsal.yml", "rules.yml"]
    assert tried.kept["production.yml"].startswith(f"# The fault begins at {seen.history_s:g} s.")


def test_samples_lie_as_close_as_those_that_are_read_whatever_else_is_scraped() -> None:
    tried = Tried()
    seen = replayed(Recording(err_total=5.0, req_total=2.0), tried, rule(f"{RATIO} > 0.05"))
    assert yaml.safe_load(tried.files["production.yml"])["tests"][0]["interval"] == "2000ms"
    assert (seen.why, seen.grain_s) == ("", 7.0)  # a scrape of the slower one, and an evaluation


def test_a_group_that_is_evaluated_more_seldom_leaves_its_own_interval_open() -> None:
    slow = rule(RATIO, rule="job:ratio", group="r.yml;slow", kind="recording", interval_s=60.0)
    assert replayed(Recording(err_total=2.0, req_total=2.0), Tried(), slow, rule("job:ratio > 0.05")).grain_s == 64.0


def test_an_alert_that_holds_with_a_full_history_before_the_fault_is_told() -> None:
    """Both files have the same 30 s of window; the longer one goes on by it and two evaluations."""
    said = "  SUCCESS\n" + HELD.format(ms=134100)
    seen = replayed(Recording(err_total=2.0, req_total=2.0), Tried(said), rule(f"{RATIO} > 0.05"))
    assert (seen.after_s, seen.held_before, seen.rehearsed_after_s) == (None, True, None)


def test_a_native_histogram_is_not_replayed() -> None:
    seen = replayed(
        Recording(latency_seconds=0), Tried(), rule("histogram_quantile(0.9, rate(latency_seconds[1m])) > 1")
    )
    assert seen.why == "latency_seconds is a native histogram, and those cannot be laid out"


def test_a_fault_begins_with_its_deployment_and_ends_where_somebody_takes_it_back() -> None:
    """The helper's fault is put on from 99.9 to 100 s, in a phase that ends at 200 s."""
    both = rule(f"{RATIO} > 0.05"), Recording(err_total=2.0, req_total=2.0)
    pulled = f.LeverPulled(lever="hurt/rolled_back-runbook", by="runbook", seen_s=130.0)
    back = f.Deployed(service="api", image="a:1", by="rollback", begun_s=125.0, seen_s=128.0)
    out = f.Mended(fault="x", begun_s=120.0, seen_s=121.0)
    elsewhere = f.Deployed(service="web", image="w:1", by="rollback", begun_s=115.0, seen_s=118.0)
    given = (((), 100.1), ((pulled,), 30.1), ((pulled, back), 25.1), ((elsewhere,), 100.1), ((out,), 20.1))
    for facts, lasted_s in given:
        seen = replayed(both[1], Tried(), both[0], *facts)
        assert (seen.why, seen.recorded_s) == ("", lasted_s)
        assert round(seen.recorded_s + seen.extended_s) >= 134, "it is looked for as long as ever"


@pytest.mark.parametrize("reads", ['{__name__="job:ratio"}', '{"job:ratio"}', "job:ratio"])
def test_a_recorded_series_is_reckoned_anew_however_its_name_is_written(reads: str) -> None:
    tried = Tried()
    recorded = rule(RATIO, rule="job:ratio", kind="recording")
    seen = replayed(Recording(err_total=2.0, req_total=2.0), tried, recorded, rule(f"{reads} > 0.05"))
    assert seen.why == ""
    assert "record: job:ratio" in tried.files["rules.yml"]
    laid = yaml.safe_load(tried.files["production.yml"])["tests"][0]["input_series"]
    assert [one["series"] for one in laid] == ["err_total{}", "req_total{}"]


@pytest.mark.parametrize(
    ("reads", "name"),
    [
        ("far:errors:ratio1h", "far:errors:ratio1h"),  # federated: the rule is another Prometheus' own
        ('{__name__=~"job:.*"}', "job:ratio"),
        ('{team="shop"}', "share"),
        ('ALERTS{alertname="Slow"}', "ALERTS"),
    ],
)
def test_what_a_rule_made_of_the_short_history_is_laid_before_no_other(reads: str, name: str) -> None:
    made = [rule(RATIO, rule=one, kind="recording") for one in ("job:ratio", "share")]
    recording = Recording({reads: name}, **{name: 2.0})
    seen = replayed(recording, Tried(), *made, rule(f"{reads} > 0.05"))
    assert f"{reads} reads {name}, which is itself reckoned from this run's short history" in seen.why


class Twice:
    """One target: its requests are counted all along, its errors from 100 s, in a first fault, to 106 s; and again from 121 s on."""

    def query(self, expr: str) -> Answer:
        name = expr.partition("[")[0]
        times = [40.7 + 2 * n for n in range(80)]
        failed = [(t, min(t - 100, 6.0) + max(0.0, t - 121)) for t in times if t > 100]
        points = failed if name == "err_total" else [(t, t - 40) for t in times]
        return Answer((Series({"__name__": name, "job": "api", "instance": "api:80"}, tuple(points)),))


def test_errors_that_began_in_an_earlier_phase_are_no_history_of_a_target_that_was_up_before() -> None:
    journal = journal_of(
        f.TargetSeen(seen_s=5, job="api", instance="api:80", health="up", interval_s=2.0),
        rule(f"{RATIO} > 0.1"),
        f.GateHeld(seen_s=95),
        f.PhaseBegan(seen_s=98, phase="first"),
        f.Injecting(seen_s=98, fault="y", kind="down", target="api->db", planned_s=98),
        f.Injected(seen_s=99, fault="y", begun_s=98.5),
        f.Mended(seen_s=106, fault="y", begun_s=105.9),
        f.PhaseEnded(seen_s=107, phase="first"),
        f.PhaseBegan(seen_s=120, phase="hurt"),
        f.Injecting(seen_s=120, fault="x", kind="down", target="api->db", planned_s=120),
        f.Injected(seen_s=121, fault="x", begun_s=120.5),
        f.PhaseEnded(seen_s=180, phase="hurt"),
    )
    tried = Tried()
    with TemporaryDirectory() as folder:
        trying = Replaying(journal, Twice(), tried, 15.0, Path(folder))
        (seen,) = trying.seen([("hurt", AlertFires(alert="A"))])
    (test,) = yaml.safe_load(tried.files["production.yml"])["tests"]
    laid = {one["series"].partition("{")[0]: one["values"] for one in test["input_series"]}
    assert seen.why == ""
    assert laid["err_total"].startswith("6.0+0.0x")
    assert laid["req_total"].split()[0].partition("+")[2].startswith("2.0x")
