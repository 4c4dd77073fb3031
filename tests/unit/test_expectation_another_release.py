"""rolled_back: a bad release that leaves for another than the one from before was not taken back, as far as anybody knows."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from test_expectation_rolled_back import BAD, FAULT, PASSED, UNKNOWN, Run, claim

from harness import facts as f
from harness.expectations.base import Evidence
from harness.faults.bad_release import BadRelease
from harness.ledger import Rows
from harness.verdict import Finding

BACK_S = 33.0  # the last bad answer


def goes(to: str, *, run: Run | None = None, from_s: float = BACK_S, until_s: float = 99.0) -> Evidence:
    """What answers in [from_s, until_s) calls itself so."""
    evidence = (run or Run()).evidence()
    rows = evidence.rows
    array = rows.array.copy()
    turned = (rows.intended_s >= from_s) & (rows.intended_s < until_s)
    array["version"][turned] = len(rows.versions) if to else 0
    return dataclasses.replace(evidence, rows=dataclasses.replace(rows, array=array, versions=(*rows.versions, to)))


def seen(evidence: Evidence, release: str, image: str) -> Evidence:
    """Docker says so of the containers that the drill's look found good again."""
    told = [
        dataclasses.replace(fact, release=release, image=image)
        if isinstance(fact, f.ReleaseSeen) and fact.release == "good"
        else fact
        for fact in evidence.journal.facts
        if release == "good" or not isinstance(fact, f.Deployed)
    ]
    return dataclasses.replace(evidence, journal=dataclasses.replace(evidence.journal, facts=tuple(told)))


def judged(evidence: Evidence, **changes: Any) -> Finding:
    return claim(**changes).check(evidence)


@pytest.mark.parametrize(
    "evidence",
    [
        seen(goes("third"), "other", "api:third"),
        goes("third", run=Run(looks=False)),
        seen(goes("third"), "other", "api:bad"),
    ],
    ids=["another image", "by the answers alone", "other settings of the same image"],
)
def test_a_rollback_to_another_release_is_open_with_both_versions(evidence: Evidence) -> None:
    finding = judged(evidence)
    assert (finding.outcome, finding.reason) == (UNKNOWN, "another_release"), finding.because
    assert "third answered at the end, where good had before the deployment" in finding.because
    assert "`recovers`" in finding.decide


def test_the_image_of_another_release_is_named() -> None:
    for evidence in (seen(goes("third"), "other", "api:third"), seen(goes(""), "other", "api:third")):
        finding = judged(evidence)
        assert (finding.outcome, finding.reason) == (UNKNOWN, "another_release"), finding.because
        assert "api-1 runs another release (api:third), api-2 runs another release (api:third)" in finding.because


def test_where_no_answer_names_a_version_the_image_alone_tells() -> None:
    finding = judged(seen(Run(header=False).evidence(), "other", "api:third"))
    assert (finding.outcome, finding.reason) == (UNKNOWN, "another_release"), finding.because


@pytest.mark.parametrize(
    "evidence",
    [
        seen(Run().evidence(), "other", "api:rebuilt"),
        goes("good, started at 33 s"),
        seen(goes("good, started at 33 s"), "good", "api:bad"),
        goes("third", until_s=50.0, run=Run(looks=False)),
        goes("", run=Run(looks=False)),
    ],
    ids=[
        "the same version built anew",
        "a version of each start",
        "a version of each start, and other settings of the same image",
        "a wrong one that was mended",
        "no version at the end",
    ],
)
def test_what_is_back_whatever_it_is_called_passes(evidence: Evidence) -> None:
    finding = judged(evidence)
    assert finding.outcome is PASSED, finding.because


def test_the_version_of_another_release_of_the_phase_is_not_held_against_this_one() -> None:
    other = BadRelease(service="web", image="web:bad", id="release/bad_release-web")
    evidence = dataclasses.replace(goes("web-2", run=Run(looks=False)), faults={FAULT: BAD, other.id: other})
    assert judged(evidence).outcome is PASSED


def test_a_bad_release_of_an_earlier_phase_is_none_that_ran_before() -> None:
    """It answered from 5 s to 10 s, when drill had put the good one back."""
    evidence = seen(goes("third"), "other", "api:third")
    rows: Rows = evidence.rows
    array = rows.array.copy()
    array["version"][(rows.intended_s >= 5.0) & (rows.intended_s < 10.0)] = rows.versions.index("third")
    earlier = f.Injecting(fault="early/bad_release-api", kind="bad_release", target="api", planned_s=4.9, seen_s=4.9)
    journal = dataclasses.replace(evidence.journal, facts=(earlier, *evidence.journal.facts))
    finding = judged(dataclasses.replace(evidence, rows=dataclasses.replace(rows, array=array), journal=journal))
    assert finding.reason == "another_release", finding.because
