"""One claim judged on its evidence: what it is asked with, and what the faults that it needs leave of its finding. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from harness.expectations.asked import Ask, asked
from harness.expectations.base import Evidence, Expectation, Finder, Line, Logs, Steady
from harness.expectations.narrowed import Narrowed
from harness.faults.base import Fault, Landing
from harness.journal import Journal
from harness.landings import landings
from harness.left_open import under_landings
from harness.series import Book
from harness.stats import Condition
from harness.verdict import Judged

if TYPE_CHECKING:
    from harness.ledger import Rows
    from harness.masking import Secret
    from harness.orders.review import Reviews
    from harness.spans import Spans

    Wanted = Callable[[re.Match[bytes]], bool]


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
    evidence = evidence_of(
        drill, claim.phase, claim.then, journal, rows, logs, over=over, series=series, spans=spans, orders=orders
    )
    finding = ask(claim.expectation, evidence)
    if claim.phase and faults and not claim.expectation.faultless:
        known = landings(journal, faults, rows) if landed is None else {id_: landed[id_] for id_ in faults}
        finding = under_landings(finding, known)
    text = claim.text or f"{claim.expectation.word}: {claim.expectation.about()}"
    return Judged(claim.id, text, claim.phase, claim.where, finding)


def evidence_of(
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
    """What a claim about a phase, or about the time after it, is asked with."""
    return Evidence(
        journal=journal,
        rows=rows,
        logs=LogsUntil(logs, journal.end_s),
        steady=Steady(drill.steady.for_s, tuple(c for c in drill.steady.all if isinstance(c, Condition))),
        phase=phase,
        then=then,
        faults=faults_of(drill, phase),
        claims=tuple(claim for one in drill.phases if one.name == phase for claim in getattr(one, "expect", ())),
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


class LogsUntil:
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
