"""A failure that was read from evidence which somebody changed is not proven; one that was read elsewhere stands."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import pytest
from test_judge import LOST, Claim, Drill, load, story

from harness import facts as f
from harness import seal
from harness.damage import FACTS, READS, Damage, proven
from harness.expectations import EXPECTATIONS
from harness.expectations.stays_up import StaysUp
from harness.judge import judge
from harness.testing import WrittenLogs, journal_of, rows_of
from harness.verdict import Judged, Outcome, failed, passed

DIED = Judged("calm/stays_up", "no container dies", "calm", "", failed("api-1 died", reason="died", census=True))


def damaged(*parts: str) -> Sequence[Damage]:
    return (Damage(frozenset(parts), f"{', '.join(parts)}: not as the run wrote it"),)


@pytest.mark.parametrize(
    ("word", "parts", "stands"),
    [
        ("stays_up", ("ledger",), True),
        ("stays_up", ("logs", "orders"), True),
        ("stays_up", (FACTS,), False),
        ("stays_up", ("drill.yaml",), False),
        ("log_quiet", ("logs",), False),
        ("log_quiet", ("ledger",), True),
        ("orders_kept", ("ledger",), False),
        ("orders_kept", ("logs",), True),
        ("state_restored", ("state",), False),
        ("errors_below", ("spans",), False),
        ("a claim of the user's own", ("spans",), False),
    ],
)
def test_a_failure_stands_only_where_the_damage_lies_elsewhere(word: str, parts: tuple[str, ...], stands: bool) -> None:
    finding = proven(DIED, READS.get(word), damaged(*parts)).finding
    assert (finding.outcome is Outcome.FAILED) == stands
    if not stands:
        assert (finding.outcome, finding.reason) == (Outcome.INCONCLUSIVE, "evidence_changed")
        assert finding.because == (
            f"it was read from evidence that is not as the run wrote it ({', '.join(parts)}: not as the run wrote it): api-1 died"
        )
        assert finding.decide


def test_what_did_not_fail_is_left_to_the_gates() -> None:
    fine = dataclasses.replace(DIED, finding=passed("fine"))
    assert proven(fine, READS["stays_up"], damaged(FACTS)) is fine
    assert proven(DIED, READS["stays_up"], ()) is DIED


def test_only_claims_that_there_are_and_parts_that_are_sealed_are_listed() -> None:
    assert set(READS) <= {one.word for one in EXPECTATIONS}
    assert {part for parts in READS.values() for part in parts} <= set(seal.EVIDENCE)


@pytest.mark.parametrize(("name", "parts"), [("logs/api.log", {"logs"}), ("ledger/rows-0.bin", {"ledger"})])
def test_a_seal_tells_which_part_was_changed(tmp_path: Path, name: str, parts: set[str]) -> None:
    for file in ("logs/api.log", "ledger/rows-0.bin", "drill.yaml"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text("as it was")
    journal = journal_of(f.EvidenceSealed(files=seal.hashes(tmp_path), seen_s=1.0))
    assert seal.broken(tmp_path, journal) == ()
    (tmp_path / name).write_text("as somebody would like it")
    (one,) = seal.broken(tmp_path, journal)
    assert one.parts == parts
    assert str(one) == f"{name}: not as the run wrote it"


def whole(claim: Claim, damage: Sequence[Damage]) -> tuple[int, str]:
    """The exit code of a run in which a container died, and the claim's reason."""
    died = f.ContainerChanged(container="api-1", service="api", event="die", exit_code=1, seen_s=15.0)
    looks = [f.Looked(probe="containers", target="", seen_s=float(at)) for at in range(32)]
    journal = journal_of(*story(more=(died, *looks)))
    verdict = judge(Drill(), (claim,), journal, rows_of(load()), WrittenLogs(), over=True, damage=damage)
    assert bool(verdict.invalid) == bool(damage), "nothing passes on it in any case"
    return verdict.exit_code, verdict.findings[0].finding.reason


def test_a_run_whose_journal_was_changed_ends_with_three_and_one_whose_logs_were_still_says_who_died() -> None:
    claim = Claim(StaysUp(service="api"))
    assert whole(claim, ()) == (1, "died")
    assert whole(claim, damaged("logs")) == (1, "died")
    assert whole(claim, damaged(FACTS)) == (3, "evidence_changed")
    assert whole(LOST, damaged("logs"))[0] == 3, "nobody knows what this claim reads"
