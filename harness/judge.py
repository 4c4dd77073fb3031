"""From evidence to a verdict: every claim checked, the gates applied, the ending read. Pure: no clock, no socket."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from harness import beside, gates
from harness.cleanups import under_cleanup
from harness.damage import JOURNAL_ALONE, READS, Damage, proven
from harness.ending import ending_of, left_behind, unsettled
from harness.expectations import people_story
from harness.expectations.asked import Ask, asked
from harness.expectations.base import Evidence, Expectation, Logs
from harness.expectations.no_regression import NoRegression
from harness.expectations.release_story import ReleaseStory, release_story
from harness.expectations.rolled_back import RolledBack
from harness.facts import Closed, PhaseSettled
from harness.faults.base import FELT, Landing
from harness.in_good_time import broken_at_once, still_fails
from harness.journal import Journal
from harness.judge_claim import Claim, DrillLike, evidence_of, faults_of, judge_claim
from harness.landings import landings, mends
from harness.lateness import tightest_ms
from harness.left_open import among_many, under_gates, whenever_sent, where_offered
from harness.series import Book, known_until
from harness.verdict import Judged, Verdict

if TYPE_CHECKING:
    from harness.ledger import Rows
    from harness.orders.review import Reviews
    from harness.spans import Spans


def judge(
    drill: DrillLike,
    plan_claims: Sequence[Claim],
    journal: Journal,
    rows: Rows,
    logs: Logs,
    *,
    over: bool,
    series: Book = MappingProxyType({}),
    spans: Spans | None = None,
    orders: Reviews | None = None,
    damage: Sequence[Damage] = (),
    whole: Journal | None = None,
    lost: str = "",
    lives: bool = False,
    ask: Ask = asked,
) -> Verdict:
    """Judge a run, or what is known of it.

    over    the run has ended, nothing more will come. Of a run that has not, claims may be decided, but not the whole.
    damage  what of the evidence is not as the run wrote it: on such nothing passes, and no failure that was read from it stands
    whole   the journal with what came after all that is known of a run that was cut: how it ended, not what was seen
    lost    which of the evidence a power cut took, '' for none
    lives   whether the run still goes on
    ask     how a claim is asked what it finds
    """
    whole = journal if whole is None else whole
    landed = landings(journal, faults_of(drill), rows)
    load = _load(drill, plan_claims, journal, rows)
    shut = gates.invalid(load)
    reasons = (*map(str, damage), *shut.values())
    barring = [*damage, *(gate for gate in shut if gate not in gates.SENT_LATE)]
    known = known_until(series, journal.end_s)
    judged = [
        judge_claim(
            drill, claim, journal, rows, logs, landed, over=over, series=known, spans=spans, orders=orders, ask=ask
        )
        for claim in plan_claims
    ]
    judged = among_many(judged, sum(claim.expectation.sampling for claim in plan_claims))
    judged = [
        _beside_others(
            one, claim.expectation, evidence_of(drill, claim.phase, claim.then, journal, rows, logs, over=over), ask
        )
        for one, claim in zip(judged, plan_claims, strict=True)
    ]
    judged = [
        under_cleanup(one, drill, claim, journal, rows, logs, series, ask)
        for one, claim in zip(judged, plan_claims, strict=True)
    ]
    judged = [where_offered(one, journal) for one in judged]
    if reasons:
        judged = [
            one if not barring and whenever_sent(one, claim, journal) else under_gates(one, reasons)
            for one, claim in zip(judged, plan_claims, strict=True)
        ]
    judged = [
        proven(one, READS.get(claim.expectation.word), damage) for one, claim in zip(judged, plan_claims, strict=True)
    ]
    broken = partial(_broken_at_once, drill, journal, rows, logs, damage)
    came_back = [beside.settled_beside(one, journal, partial(broken, one.phase)) for one in unsettled(whole)]
    starved = [said for gate, said in shut.items() if gate in gates.ITS_OWN]
    settling = [*_settling(came_back, starved), *left_behind(whole)]
    judged += [proven(one, JOURNAL_ALONE, damage) for one in settling]
    judged += people_story.tampered(whole)
    opened = whole.opened
    return Verdict(
        drill=drill.name,
        run=opened.run if opened else "",
        findings=tuple(judged),
        invalid=(
            *reasons,
            *_unfinished(drill, journal, over, lost, lives),
            *_unproven(drill, plan_claims, journal, landed),
        ),
        ending=dataclasses.replace(ending_of(whole), running=lives),
    )


def _beside_others(judged: Judged, claim: Expectation, evidence: Evidence, ask: Ask) -> Judged:
    return beside.judged_beside(judged, claim, evidence, partial(still_fails, claim, evidence, ask))


def releases_of(
    drill: DrillLike, claims: Sequence[Claim], journal: Journal, rows: Rows, logs: Logs
) -> tuple[ReleaseStory, ...]:
    """What became of each bad release that was deployed, with the lever of the first claim about it."""
    stories = []
    for phase in drill.phases:
        evidence = evidence_of(drill, phase.name, False, journal, rows, logs)
        wanted = [c.expectation for c in claims if c.phase == phase.name and isinstance(c.expectation, RolledBack)]
        for fault in (one for one in phase.faults if one.outlasts):
            mine = next((claim for claim in wanted if claim.service in ("", *fault.targets)), None)
            story = release_story(evidence, fault.id, mine.trigger if mine else None, mine.id if mine else "")
            stories += [story] if story is not None else []
    return tuple(stories)


def _broken_at_once(
    drill: DrillLike, journal: Journal, rows: Rows, logs: Logs, damage: Sequence[Damage], phase: str
) -> bool:
    """Whether a ledger that is as the run wrote it shows that errors kept a phase from settling."""
    changed = any("ledger" in one.parts for one in damage)
    return not changed and broken_at_once(evidence_of(drill, phase, True, journal, rows, logs))


def _settling(unsettled: Sequence[Judged], starved: Sequence[str]) -> Iterator[Judged]:
    """That a stack did not settle stands whatever the gates say, unless it was looked at through a load that ailed itself."""
    for one in unsettled:
        finding = dataclasses.replace(one.finding, census=one.finding.census and not starved)
        judged = dataclasses.replace(one, finding=finding)
        yield under_gates(judged, starved) if starved else judged


def _unfinished(drill: DrillLike, journal: Journal, over: bool, lost: str, lives: bool) -> Iterator[str]:
    """Why the whole cannot have passed yet, though every claim in it may have."""
    if lost:
        yield f"{lost}; so what came after {journal.end_s:.1f} s is not judged"
    if not over and journal.first(Closed) is None:
        at = f"{journal.end_s:.1f} s"
        ended = f"the run did not come to its end: what is known of it ends at {at}"
        yield f"the run still goes on: judged is what it had written by {at}" if lives else ended
    elif (ending := ending_of(journal)).gate is not False and not ending.refused:
        unplayed = [p.name for p in drill.phases if journal.phase_ended(p.name) is None]
        unsure = [p.name for p in drill.phases if p.name not in unplayed and not journal.of(PhaseSettled, phase=p.name)]
        if unplayed:
            yield f"not played to its end: {', '.join(unplayed)}"
        if unsure:
            yield f"whether the stack was steady again is not known after: {', '.join(unsure)}"


def _unproven(
    drill: DrillLike, claims: Sequence[Claim], journal: Journal, landed: Mapping[str, Landing]
) -> Iterator[str]:
    """Faults that nobody felt where no claim says so, and mends that nobody felt: with them the whole has not passed."""
    claimed = {claim.phase for claim in claims}
    for phase in drill.phases:
        if phase.name not in claimed and journal.phase_ended(phase.name) is not None:
            for id_ in faults_of(drill, phase.name):
                if landed[id_].outcome not in FELT:
                    yield f"{id_} was not felt, and nothing else is claimed of {phase.name!r}: {landed[id_].because}"
    for id_, mend in mends(journal, faults_of(drill)).items():
        if mend.outcome == "not_landed":
            yield f"{id_} was read back as out, and is still felt: {mend.because}"


def _load(drill: DrillLike, claims: Sequence[Claim], journal: Journal, rows: Rows) -> gates.Load:
    from harness.load.arrivals import expected_count

    segments = drill.load.segments
    return gates.Load(
        journal=journal,
        rows=rows,
        planned=lambda start_s, end_s: expected_count(segments, start_s, end_s),
        tightest_ms=tightest_ms((c.expectation for c in claims), drill.steady.all),
        steady_for_s=drill.steady.for_s,
        poisson=bool(drill.load.poisson),
        compares=any(isinstance(c.expectation, NoRegression) and not c.expectation.against for c in claims),
    )
