"""From evidence to a verdict: every claim checked, the gates applied, the ending read. Pure: no clock, no socket."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from harness import beside, cleanups, gates
from harness.damage import JOURNAL_ALONE, READS, Damage, proven
from harness.document import verdict_doc as verdict_doc  # noqa: PLC0414 (named here for those who judge)
from harness.ending import ending_of, left_behind, unsettled
from harness.expectations import people_story
from harness.expectations.asked import asked
from harness.expectations.base import Evidence, Expectation, Finder, Line, Logs, Steady
from harness.expectations.narrowed import Narrowed
from harness.expectations.no_regression import NoRegression
from harness.expectations.release_story import ReleaseStory, release_story
from harness.expectations.rolled_back import RolledBack
from harness.facts import Closed, PhaseSettled, Unavailable
from harness.faults.base import Fault, Landing
from harness.in_good_time import broken_at_once, none_late
from harness.journal import Journal
from harness.landings import landings, mends
from harness.lateness import tightest_ms
from harness.series import Book, known_until
from harness.stats import Condition
from harness.stats.holm import ALPHA, holm, holm_levels
from harness.verdict import Finding, HypothesisTest, Judged, Outcome, Verdict, inconclusive

if TYPE_CHECKING:
    from harness.ledger import Rows
    from harness.masking import Secret
    from harness.orders.review import Reviews
    from harness.spans import Spans

    Wanted = Callable[[re.Match[bytes]], bool]

Ask = Callable[[Expectation, Evidence], Finding]
FELT = ("landed", "partial")


class Claim(Protocol):
    """A claim in its place, as a plan lists it (harness.plan.Claim)."""

    @property
    def id(self) -> str: ...
    @property
    def expectation(self) -> Expectation: ...
    @property
    def phase(self) -> str: ...
    @property
    def then(self) -> bool: ...
    @property
    def where(self) -> str: ...
    @property
    def text(self) -> str: ...


class PhaseLike(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def faults(self) -> Sequence[Fault]: ...


class DrillLike(Protocol):
    """What judging needs of a drill (harness.drill.model.Drill)."""

    @property
    def name(self) -> str: ...
    @property
    def phases(self) -> Sequence[PhaseLike]: ...
    @property
    def steady(self) -> Any: ...
    @property
    def load(self) -> Any: ...


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
    judged = _among_many(judged, sum(claim.expectation.sampling for claim in plan_claims))
    judged = [
        beside.judged_beside(
            one,
            claim.expectation,
            _evidence(drill, claim.phase, claim.then, journal, rows, logs, over=over),
            partial(_in_good_time, drill, claim, journal, rows, logs, over=over, ask=ask),
        )
        for one, claim in zip(judged, plan_claims, strict=True)
    ]
    judged = [
        _under_cleanup(drill, one, claim, journal, rows, logs, series, ask)
        for one, claim in zip(judged, plan_claims, strict=True)
    ]
    judged = [_where_offered(one, journal) for one in judged]
    if reasons:
        judged = [
            one if not barring and _whenever_sent(one, claim, journal) else _under_gates(one, reasons)
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


def judge_claim(
    drill: DrillLike,
    claim: Claim,
    journal: Journal,
    rows: Rows,
    logs: Logs,
    landed: Mapping[str, Landing] | None = None,
    *,
    over: bool = False,
    series: Book = MappingProxyType({}),
    spans: Spans | None = None,
    orders: Reviews | None = None,
    ask: Ask = asked,
) -> Judged:
    """One claim on its evidence. A check that breaks is inconclusive; one that needs faults which did not land is, too."""
    faults = faults_of(drill, claim.phase)
    evidence = _evidence(
        drill, claim.phase, claim.then, journal, rows, logs, over=over, series=series, spans=spans, orders=orders
    )
    finding = ask(claim.expectation, evidence)
    if claim.phase and faults and not claim.expectation.faultless:
        known = landings(journal, faults, rows) if landed is None else {id_: landed[id_] for id_ in faults}
        finding = _under_landings(finding, known)
    text = claim.text or f"{claim.expectation.word}: {claim.expectation.about()}"
    return Judged(claim.id, text, claim.phase, claim.where, finding)


def _evidence(
    drill: DrillLike,
    phase: str,
    then: bool,
    journal: Journal,
    rows: Rows,
    logs: Logs,
    *,
    over: bool = False,
    series: Book = MappingProxyType({}),
    spans: Spans | None = None,
    orders: Reviews | None = None,
) -> Evidence:
    return Evidence(
        journal=journal,
        rows=rows,
        logs=_Known(logs, journal.end_s),
        steady=Steady(drill.steady.for_s, tuple(c for c in drill.steady.all if isinstance(c, Condition))),
        phase=phase,
        then=then,
        faults=faults_of(drill, phase),
        over=over,
        timeout_s=drill.load.timeout_s,
        against=getattr(getattr(drill.load, "against", None), "service", ""),
        series=Narrowed(series),
        spans=spans,
        orders=orders,
    )


def faults_of(drill: DrillLike, phase: str = "") -> dict[str, Fault]:
    """The faults of a phase, or of all phases, by id."""
    return {fault.id: fault for one in drill.phases if phase in ("", one.name) for fault in one.faults}


def releases_of(
    drill: DrillLike, claims: Sequence[Claim], journal: Journal, rows: Rows, logs: Logs
) -> tuple[ReleaseStory, ...]:
    """What became of each bad release that was deployed, with the lever of the first claim about it."""
    stories = []
    for phase in drill.phases:
        evidence = _evidence(drill, phase.name, False, journal, rows, logs)
        wanted = [c.expectation for c in claims if c.phase == phase.name and isinstance(c.expectation, RolledBack)]
        for fault in (one for one in phase.faults if one.outlasts):
            mine = next((claim for claim in wanted if claim.service in ("", *fault.targets)), None)
            story = release_story(evidence, fault.id, mine.trigger if mine else None, mine.id if mine else "")
            stories += [story] if story is not None else []
    return tuple(stories)


def _under_cleanup(
    drill: DrillLike,
    judged: Judged,
    claim: Claim,
    journal: Journal,
    rows: Rows,
    logs: Logs,
    series: Book,
    ask: Ask = asked,
) -> Judged:
    """A claim that connections closed by our clean-up may have decided is open, unless it was decided so before them."""
    cut = cleanups.cut_in(journal, judged, claim.expectation.word, claim.then)
    if cut is None:
        return judged
    known, at_s = journal.cut(cut.begun_s), cut.begun_s
    if claim.expectation.word in cleanups.SHOWS:
        shown = cleanups.shown_before(journal, at_s)
        before = judge_claim(drill, claim, shown, rows, _Known(logs, at_s), over=True, series=series, ask=ask)
    else:
        before = judge_claim(
            drill,
            claim,
            known,
            cleanups.rows_before(rows, at_s),
            logs,
            series=known_until(series, known.end_s),
            ask=ask,
        )
    return cleanups.judged_under(judged, before.finding, cut)


def _in_good_time(
    drill: DrillLike, claim: Claim, journal: Journal, rows: Rows, logs: Logs, *, over: bool, ask: Ask
) -> Finding | None:
    """What a claim with patience fails by, and surely for no want of processors, where no request that decides it came late."""
    evidence = _evidence(drill, claim.phase, claim.then, journal, rows, logs, over=over)
    expectation = claim.expectation.patient(evidence)
    kept = none_late(evidence, expectation.asked_in(evidence))
    finding = ask(expectation, kept)
    return finding if finding.outcome is Outcome.FAILED and expectation.stands(kept, finding) else None


def _broken_at_once(
    drill: DrillLike, journal: Journal, rows: Rows, logs: Logs, damage: Sequence[Damage], phase: str
) -> bool:
    """Whether a ledger that is as the run wrote it shows that errors kept a phase from settling."""
    changed = any("ledger" in one.parts for one in damage)
    return not changed and broken_at_once(_evidence(drill, phase, True, journal, rows, logs))


def _under_landings(finding: Finding, landed: Mapping[str, Landing]) -> Finding:
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


def _among_many(judged: Sequence[Judged], among: int) -> list[Judged]:
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


def _where_offered(judged: Judged, journal: Journal) -> Judged:
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


def _whenever_sent(judged: Judged, claim: Claim, journal: Journal) -> bool:
    """Whether it stands though requests were sent late: a failure only where nobody else filled the machine."""
    if not claim.expectation.whenever_sent:
        return False
    failed = judged.finding.outcome is Outcome.FAILED
    return not failed or not beside.perhaps_theirs(journal, journal.window(claim.phase, claim.then))


def _under_gates(judged: Judged, reasons: Sequence[str]) -> Judged:
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


def _settling(unsettled: Sequence[Judged], starved: Sequence[str]) -> Iterator[Judged]:
    """That a stack did not settle stands whatever the gates say, unless it was looked at through a load that ailed itself."""
    for one in unsettled:
        finding = dataclasses.replace(one.finding, census=one.finding.census and not starved)
        judged = dataclasses.replace(one, finding=finding)
        yield _under_gates(judged, starved) if starved else judged


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


class _Known:
    """Logs as they were known at an instant: what was stamped later is not there."""

    def __init__(self, logs: Logs, until_s: float) -> None:
        self._logs = logs
        self._until_s = until_s

    @property
    def secrets(self) -> Sequence[Secret] | None:
        return self._logs.secrets

    def lines(self, service: str, start_s: float, end_s: float) -> Iterable[Line]:
        yield from self._logs.lines(service, start_s, min(end_s, self._until_s))

    def matching(
        self, pattern: Finder, service: str, start_s: float, end_s: float, wanted: Wanted | None = None
    ) -> Iterable[Line]:
        yield from self._logs.matching(pattern, service, start_s, min(end_s, self._until_s), wanted)

    def count(self, service: str, start_s: float, end_s: float) -> int:
        return self._logs.count(service, start_s, min(end_s, self._until_s))
