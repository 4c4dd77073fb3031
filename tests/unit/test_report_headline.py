"""The verdict in one sentence, and what failed first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness import facts as f
from harness.report.headline import artefact, faults_told, first_failed, only_liveness, sentence
from harness.report.proof import Proof, fact_proof, prove
from harness.testing import journal_of

ENDING: dict[str, Any] = {"gate": True, "stopped": "", "interrupted": 0, "not_mended": [], "broken": "", "refused": ""}


def document(code: int, *outcomes: str, invalid: tuple[str, ...] = (), **ending: Any) -> dict[str, Any]:
    findings = [{"id": f"p/{i}", "outcome": outcome, "phase": "", "cites": []} for i, outcome in enumerate(outcomes)]
    return {
        "drill": "tale",
        "exit_code": code,
        "findings": findings,
        "faults": [],
        "invalid": list(invalid),
        "ending": {**ENDING, **ending},
    }


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (document(0, "passed", "passed"), "all 2 expectations passed"),
        (document(1, "failed", "passed"), "1 of 2 expectations failed."),
        (document(1, "failed", "inconclusive"), "and 1 could not be decided"),
        (document(3, "inconclusive", "passed"), "leaves 1 of 2 expectations undecided"),
        (document(3, invalid=("the generator was starved",)), "the run is invalid: the generator was starved"),
        (
            document(
                3, "failed", running=True, invalid=("the run still goes on: judged is what it had written by 9 s",)
            ),
            "tale still runs, and this is no verdict yet: the run still goes on: judged is what it had written by 9 s. By then 1",
        ),
        (document(3, gate=False, invalid=("x",)), "its steady state never held, so nothing was injected"),
        (document(3), "it expects nothing"),
        (document(4, refused="the port\nis taken."), "nothing was injected: the port is taken."),
        (
            document(5, "failed", stopped="guard: errors 60%"),
            "(guard: errors 60%), and its faults are out. By then 1 of 1 expectation had failed.",
        ),
        (document(6, broken="KeyError"), "The harness itself broke while it ran tale: KeyError"),
        (document(7, not_mended=("x: on",)), "STILL ON: x: on"),
        (document(130, interrupted=130), "interrupted by a signal"),
        (document(143, interrupted=143), "interrupted by a signal"),
    ],
)
def test_each_way_to_end_has_its_sentence(made: dict[str, Any], says: str) -> None:
    assert says in sentence(made)
    assert sentence(made).endswith(".")
    assert "\n" not in sentence(made)


def test_what_passed_because_nothing_was_hurt_is_counted() -> None:
    made = document(0, "passed", "passed", "passed")
    assert "hurt" not in sentence(made)
    for finding in made["findings"][:2]:
        finding["reason"] = "unhurt"
    assert "all 3 expectations passed (2 only because nothing was hurt)" in sentence(made)


def asking(*names: str, errors: int = 0, on_s: float | None = 1.0) -> dict[str, Any]:
    made = document(0, "passed")
    lines = [{"request": name, "requests": 9, "errors": errors} for name in names]
    fault = {"id": "p/down", "asked_s": on_s, "on_s": on_s}
    return {**made, "faults": [fault], "phases": [{"by_request": lines}, {"by_request": lines}]}


def test_a_load_that_asks_only_whether_a_service_lives_is_told() -> None:
    assert "tell whether a service lives (GET /healthz), and none failed" in sentence(asking("GET /healthz"))
    assert only_liveness(asking("GET /healthz", errors=1)) == "", "it needs what is hurt"
    assert only_liveness(asking("GET /healthz", on_s=None)) == "", "nothing was hurt"
    assert only_liveness(asking("GET /healthz", "GET /orders")) == only_liveness(asking()) == ""


def test_the_failure_with_the_earliest_artefact_comes_first(make_story: Callable[..., Any]) -> None:
    story = make_story(p95="300ms", line="panic: x")
    proofs = prove(story, [cite for finding in story.document["findings"] for cite in finding["cites"]])
    first = first_failed(story.document["findings"], proofs, story.journal)
    assert first is not None
    assert first.finding["id"] == "slow/responds_within-GET /x"
    assert first.artefact is not None
    assert first.artefact.kind == "request"
    failed = {f["id"] for f in story.document["findings"] if f["outcome"] == "failed"}
    assert failed == {"slow/responds_within-GET /x", "run/log_quiet-all"}


def test_a_bound_of_the_window_proves_a_failure_only_where_there_is_nothing_else() -> None:
    bound = Proof("h:1", "fact", "phase_began", 1.0, "", {})
    event = Proof("h:2", "fact", "container_changed", 9.0, "", {})
    gone = Proof("h:3", "missing", "", None, "", {})
    proofs = {"h:1": bound, "h:2": event, "h:3": gone}
    assert artefact({"cites": ["h:3", "h:1", "h:2"]}, proofs) is event
    assert artefact({"cites": ["h:3", "h:1"]}, proofs) is bound
    assert artefact({"cites": ["h:3"]}, proofs) is None


def failure(id_: str, *cites: str, phase: str = "") -> dict[str, Any]:
    return {"id": id_, "outcome": "failed", "phase": phase, "cites": list(cites)}


def test_what_was_before_the_load_is_no_failure_of_that_time() -> None:
    """A state after all is compared with one before the load, and a rule was seen when the run began: the fault came later."""
    journal = journal_of(
        f.StateRead(part="containers", reading="before", seen_s=24.0),
        f.RuleSeen(kind="alerting", rule="Slow", group="g", health="ok", seen_s=25.0),
        f.GateHeld(seen_s=40.0),
        f.PhaseBegan(phase="bad", seen_s=81.0),
        f.LeverPulled(lever="undo", by="people", seen_s=107.0),
        f.PhaseEnded(phase="bad", seen_s=120.0),
        f.LoadEnded(clean=True, ended_s=200.0, seen_s=200.0),
        f.StateRead(part="containers", reading="second", seen_s=227.0),
    )
    proofs = {cite: fact_proof(fact) for cite, fact in journal.by_cite.items()}
    before, rule, _, began, pulled, ended, over, after = proofs
    state, rolled = failure("run/state", before, after), failure("bad/rolled", began, ended, pulled, phase="bad")
    quiet, clears = failure("run/quiet", over, rule), failure("bad/clears", ended, rule, phase="bad")
    for findings, first, at_s, cite in (
        ([state, rolled], "bad/rolled", 107.0, pulled),
        ([state], "run/state", 227.0, after),
        ([quiet, state], "run/quiet", 200.0, rule),
        ([clears, rolled], "bad/rolled", 107.0, pulled),
        ([clears], "bad/clears", 120.0, rule),
        ([failure("run/odd", rule), rolled], "bad/rolled", 107.0, pulled),
        ([failure("bad/odd", rule, phase="bad"), rolled], "bad/odd", 81.0, rule),
    ):
        found = first_failed(findings, proofs, journal)
        assert found is not None
        assert found.artefact is not None
        assert (found.finding["id"], found.at_s, found.artefact.cite) == (first, at_s, cite)


def test_where_nothing_failed_nothing_failed_first(make_story: Callable[..., Any]) -> None:
    story = make_story()
    assert first_failed(story.document["findings"], {}, story.journal) is None
    assert first_failed([], {}, journal_of()) is None


def test_what_became_of_the_faults_is_said_in_a_few_words(make_story: Callable[..., Any]) -> None:
    assert faults_told(make_story().document) == "1 of 1 faults landed, all out again"
    assert faults_told(make_story(cut_s=12.0).document).endswith("not known to be all out")
    assert faults_told(document(3)) == "no fault was injected"
    made = make_story().document
    made["faults"].append({**made["faults"][0], "asked_s": None})
    assert faults_told(made) == "1 of 1 faults landed, all out again; 1 never injected"
