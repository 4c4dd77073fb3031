"""What leaves a claim open whatever it found: its fault was not felt, one of many claims fails by chance, the system offers no such
thing, the run is invalid. Pure.

Others on the machine (beside.py), our own clean-up (cleanups.py) and changed evidence (damage.py) do so, too.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from harness import beside
from harness.facts import Unavailable
from harness.faults.base import FELT, Landing
from harness.journal import Journal
from harness.stats.holm import ALPHA, holm, holm_levels
from harness.verdict import Finding, HypothesisTest, Judged, Outcome, inconclusive

if TYPE_CHECKING:
    from harness.judge_claim import Claim


def under_landings(finding: Finding, landed: Mapping[str, Landing]) -> Finding:
    """A claim passes only where every fault of its phase was felt, and fails only where one was, but for a census."""
    missing = {id_: landing for id_, landing in landed.items() if landing.outcome not in FELT}
    stands = finding.outcome is Outcome.FAILED and (finding.census or len(missing) < len(landed))
    if finding.outcome is Outcome.INCONCLUSIVE or stands or not missing:
        return finding
    unmeasured = all(landing.outcome == "not_measurable" for landing in missing.values())
    said = "; ".join(f"{id_}: {landing.because}" for id_, landing in missing.items())
    could = "; ".join(f"{id_}: {landing.decide}" for id_, landing in missing.items() if landing.decide)
    return inconclusive(
        f"{'whether the fault landed could not be measured' if unmeasured else 'the fault did not land'} ({said}); "
        f"without it: {finding.because}",
        reason="fault_not_measurable" if unmeasured else "fault_not_landed",
        decide=f"a fault that the witness can see{f' ({could})' if could else ''}"
        if unmeasured
        else "a fault that is felt",
        measure=finding.measure,
        cites=finding.cites,
        details=finding.details,
    )


def among_many(judged: Sequence[Judged], among: int) -> list[Judged]:
    """Of many claims decided by samples some would fail by chance: those that Holm's correction does not bear out are open."""
    tested = [(i, one.finding.p_value) for i, one in enumerate(judged) if one.finding.p_value is not None]
    p_values = [p_value for _, p_value in tested]
    among, found = max(among, len(tested)), list(judged)
    adjusted, levels = holm(p_values, among), holm_levels(p_values, among)
    for (i, p_value), corrected, level in zip(tested, adjusted, levels, strict=True):
        finding, test = judged[i].finding, HypothesisTest(p_value, corrected, ALPHA, level, among)
        finding = dataclasses.replace(finding, test=test, details=(*finding.details, ("test", str(test))))
        if finding.outcome is Outcome.FAILED and corrected > ALPHA:
            finding = _by_chance(finding, test)
        found[i] = dataclasses.replace(judged[i], finding=finding)
    return found


def _by_chance(finding: Finding, test: HypothesisTest) -> Finding:
    return dataclasses.replace(
        finding,
        outcome=Outcome.INCONCLUSIVE,
        reason="one_of_many",
        because=f"{finding.because}; of {test.tests} claims decided by samples one may come so far by chance "
        f"(p {test.p_value:.2g}, corrected for their number {test.adjusted:.2g}, limit {ALPHA:g})",
        decide="more requests, or fewer such claims",
    )


def where_offered(judged: Judged, journal: Journal) -> Judged:
    """What the system that was played on cannot offer decides nothing, whatever was seen."""
    absent = journal.first(Unavailable, what=judged.id)
    if absent is None:
        return judged
    finding = inconclusive(
        f"not available here: {absent.why}",
        reason="not_available",
        decide="a target that offers it, or a stack of the run's own",
        cites=[absent.cite],
    )
    return dataclasses.replace(judged, finding=finding)


def whenever_sent(judged: Judged, claim: Claim, journal: Journal) -> bool:
    """Whether it stands though requests were sent late: a failure only where nobody else filled the machine."""
    if not claim.expectation.whenever_sent:
        return False
    failed = judged.finding.outcome is Outcome.FAILED
    return not failed or not beside.perhaps_theirs(journal, journal.window(claim.phase, claim.then))


def under_gates(judged: Judged, reasons: Sequence[str]) -> Judged:
    """In an invalid run nothing passes, and only a census failure stands."""
    finding = judged.finding
    if finding.outcome is Outcome.INCONCLUSIVE or (finding.outcome is Outcome.FAILED and finding.census):
        return judged
    replaced = inconclusive(
        f"the run is invalid ({reasons[0]}); in it: {finding.because}",
        reason="invalid_run",
        decide="a run that happens as planned",
        measure=finding.measure,
        cites=finding.cites,
        details=finding.details,
    )
    return dataclasses.replace(judged, finding=replaced)
