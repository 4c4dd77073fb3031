"""Whom pages, logs and traces accuse, against who was hurt: the on-call follows the finger that points."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import ClassVar, NamedTuple

from pydantic import Field

from harness import blaming
from harness.blaming import Parts, Truth
from harness.expectations import (
    alerts,
    log_accusations,
    logs,
    page_accusations,
    page_receivers,
    page_unseen,
    trace_accusations,
)
from harness.expectations.accusations import (
    NOBODY,
    Accused,
    Heard,
    Rankings,
    Source,
    Threshold,
    listed,
    one_list,
    told,
)
from harness.expectations.base import Evidence, Expectation, Reach
from harness.expectations.failed_requests import AFTERMATH_S
from harness.expectations.log_limits import ALIASES_DECIDE, LEVELS_DECIDE
from harness.expectations.log_named import Accusing
from harness.expectations.log_search import names_of
from harness.expectations.requests import cites, not_begun, still_open
from harness.journal import Window
from harness.landings import hurts
from harness.quantities import Ratio
from harness.verdict import Details, Finding, Measure, failed, inconclusive, passed

LABELS = ("dependency", "peer_service", "db", "upstream", "target")
SOURCES: tuple[Source, ...] = ("pages", "logs", "traces")


class Wrong(NamedTuple):
    why: str
    reason: str


class Blame(Expectation):
    """Pages, logs and traces accuse who was hurt, and hardly anybody else; where nobody was hurt they accuse nobody.

        expect:
          - blame: {by: [pages, logs, traces], at: 1}
          - blame: {root: [postgres], aliases: {postgres: [db, pg-1]}, chain: [checkout, api], labels: [dependency], at: 3}

    Units:   at: the root stands within the first so many of the list, which begins on the way to it (1: it is the first).
             noise: the least share of the accusing lines that a part must have to be accused by the logs, and `least` lines;
             of the accusing traces likewise.
    Counts:  parts of the stack, each once and under all its names: pages first, by their receipt, then by severity, whom
             the first of `labels` that a page has names (else `component` or `service`, but for a part on the way to who was
             hurt: a page about that is a symptom's); then the logs, by how many lines at WARNING or above, more than before the
             first fault, accuse a part in a field (dependency, peer.service, server.address) or in words; then the traces, by how many of those that failed
             or were slow accuse a part, as in `traces`. Slow ones count while a fault of the phase is on, where they are more
             than the one in a hundred that always is. Where no service sends traces nothing is asked of them. What was
             accused already before the first fault is not an answer to it. All make one list; but each source that a drill
             states in `by` must accuse somebody where somebody was hurt (left out, it is told which did not). The root is what the phase's faults hurt (of an
             edge its dependency), the chain who stands between it and the users; both can be stated. Where the phase hurts
             nobody, who was hurt before it may be accused until 30 s after that was mended.
    Decides: once the phase is over, and every source was looked at until after it. Failed: wrong_part, on_chain_only,
             blames_nobody, blames_everybody, false_blame. Inconclusive where lines without a readable level (no_levels),
             names that no part bears (unknown_names) or pages to receivers that nobody here sees (not_observable) would turn it.
    Source:  what the mailbox received; `docker logs`; spans sent by OTLP. AC@k as in RCAEval's evaluation.py, over distinct parts.
    """

    word: ClassVar[str] = "blame"
    reads_traces: ClassVar[bool] = True

    by: tuple[Source, ...] = Field(default=SOURCES, min_length=1, description="who accuses: pages, logs, traces")
    at: int = Field(default=1, ge=1, le=5, description="within the first so many the root must stand")
    root: tuple[str, ...] = Field(default=(), description="who was hurt; what the phase's faults hurt when left out")
    aliases: dict[str, tuple[str, ...]] = Field(default_factory=dict, description="by part, other names of it")
    chain: tuple[str, ...] = Field(
        default=(), description="who may be named besides; else those on the way to the root"
    )
    labels: tuple[str, ...] = Field(
        default=LABELS, min_length=1, description="labels of a page that accuse, the best first"
    )
    blames: tuple[str, ...] = Field(default=(), description="fields of a line that accuse, besides the usual ones")
    services: tuple[str, ...] = Field(default=("*",), min_length=1, description="services whose logs count")
    noise: Ratio = Field(
        default=0.05, description="a part accused by a smaller share of the accusing lines is not accused"
    )
    least: int = Field(default=3, ge=1, description="nor one that fewer lines accuse")

    def about(self) -> str:
        return "+".join(self.root)

    def undecidable(self, reach: Reach) -> str:
        return next((said for service in self.services if (said := reach.no_service(service))), "")

    def pages(self) -> str:
        return "*" if "pages" in self.by else ""

    def unseen(self, reach: Reach) -> str:
        alone = self.by == ("pages",)
        return alerts.unseen(reach, pages=True) or page_unseen.planned(reach, "") if alone else ""

    def check(self, evidence: Evidence) -> Finding:
        window = evidence.window
        if window is None:
            return not_begun(evidence)
        if "logs" in self.by and (unknown := logs.stepped(evidence)):
            return unknown
        if not window.ended:
            return still_open(evidence, window)
        parts = Parts.of(evidence.journal, self.aliases)
        truth = self._truth(evidence, parts)
        span = Window(alerts.from_of(evidence, window, window.end_s), window.end_s)
        heard = self._heard(evidence, span, parts, truth)
        if isinstance(heard, Finding):
            return heard
        left, until_s = self._left(evidence, window, parts) if not truth.roots else (frozenset(), window.start_s)
        if left:
            late = self._heard(evidence, Window(until_s, window.end_s), parts, truth) if until_s < window.end_s else []
            late_parts = {one.part for source in late for one in source.accused} if isinstance(late, list) else set()
            heard = [_without(one, left - late_parts, until_s) for one in heard]
        return self._judged(evidence, truth, heard)

    def _heard(self, evidence: Evidence, span: Window, parts: Parts, truth: Truth) -> list[Heard] | Finding:
        threshold = Threshold(self.least, self.noise)
        heard: list[Heard] = []
        if "pages" in self.by:
            heard.append(page_accusations.heard(evidence, span, parts, truth, self.labels))
        if "logs" in self.by:
            accusing = Accusing(parts, (), self.blames)
            heard.append(log_accusations.heard(evidence, span, accusing, truth, self.services, threshold))
        if "traces" in self.by:
            found = trace_accusations.heard(evidence, span, truth, self.aliases, threshold)
            if isinstance(found, Finding) and self.by == ("traces",):
                return found
            heard.append(found if isinstance(found, Heard) else Heard("traces", (), "", found.because))
        return heard

    def _left(self, evidence: Evidence, window: Window, parts: Parts) -> tuple[frozenset[str], float]:
        """Whom faults of before hurt, or made look ill, that were on when the window began, or shortly before; and until when."""
        on = [
            hurt
            for hurt in hurts(evidence.journal)
            if math.isfinite(hurt.sure_s) and hurt.on_s < window.start_s < hurt.off_s + AFTERMATH_S
        ]
        targets = (one for hurt in on for one in hurt.target.split("+"))
        until_s = max((hurt.off_s + AFTERMATH_S for hurt in on), default=window.start_s)
        return blaming.truth_of(targets, parts, evidence.against).allowed, until_s

    def _truth(self, evidence: Evidence, parts: Parts) -> Truth:
        if self.root:
            roots = frozenset(parts.part(name) for name in self.root)
            above = frozenset[str]().union(*(parts.above(root) for root in roots))
            truth = Truth(roots, parts.between(evidence.against, above) - roots)
        else:
            on = [
                hurt for hurt in hurts(evidence.journal) if hurt.fault in evidence.faults and math.isfinite(hurt.sure_s)
            ]
            targets = (one for hurt in on for one in hurt.target.split("+"))
            truth = blaming.truth_of(targets, parts, evidence.against)
        if self.chain:
            truth = Truth(truth.roots, frozenset(parts.part(name) for name in self.chain) - truth.roots)
        return truth

    def _judged(self, evidence: Evidence, truth: Truth, heard: Sequence[Heard]) -> Finding:
        accused = [one for said_ in heard for one in said_.accused]
        rankings = {one.source: one.ranking for one in heard if not one.silent}
        ranking = one_list(rankings)
        roots, way = ", ".join(sorted(truth.roots)), ", ".join(sorted(truth.chain))
        hurt = f"{roots} {'was' if len(truth.roots) == 1 else 'were'} hurt" if truth.roots else "nobody was hurt"
        said = f"{hurt}, and {told(rankings)}"
        shown = {one.part: one for one in reversed(accused)}
        cited = (*cites(evidence), *(shown[part].cite for part in ranking[:3]))
        details: Details = (
            ("hurt", roots or NOBODY),
            ("on the way to it", way or NOBODY),
            *((f"{one.source} accuse", str(one)) for one in heard),
            *((f"accused by {one.source}", str(one)) for one in accused),
            *((f"no accusation by {one.source}", why) for one in heard for why in one.aside),
            *(("levels", one.unread) for one in heard if one.unread),
            *(("AC@" + str(k), f"{_share(ranking, truth, k):g}") for k in (1, blaming.REACH) if truth.roots),
        )
        place = min((ranking.index(root) + 1 for root in truth.roots if root in ranking), default=0)
        measure = Measure(place, place, "place of the root") if place else None
        word, passes = blaming.verdict(ranking, truth), self._passes(rankings, truth)
        blind = next((one.blind for one in heard if one.blind), "")
        if blind:  # what stands whatever comes: somebody accused where nobody was hurt, or too many
            sure = blaming.verdict([one.part for one_ in heard if one_.stands for one in one_.accused], truth)
            word = sure if sure in ("false", "spray") else "open"
        unsure = None
        if word == "open":
            unsure = "not_watched", blind, "every source looked at until after the window"
        elif not blind:
            unsure = self._unsure(truth, heard, passes)
        if unsure is not None:
            reason, why, decide = unsure
            return inconclusive(
                f"{said}; but {why}", reason=reason, decide=decide, measure=measure, cites=cited, details=details
            )
        if passes and not blind:
            return passed(said, measure=measure, cites=cited, details=details)
        wrong = self._wrong(word, rankings, truth, shown)
        return failed(f"{said}{wrong.why}", reason=wrong.reason, measure=measure, cites=cited, details=details)

    def _wrong(self, word: str, rankings: Rankings, truth: Truth, shown: Mapping[str, Accused]) -> Wrong:
        """Why whoever is on call is not led to who was hurt."""
        ranking = one_list(rankings)
        if self._placed(ranking, truth):
            mute = listed(self._mute(rankings, truth))
            return Wrong(f": `by` asks {mute} too, by which nobody finds who was hurt", reason="blames_nobody")
        match word:
            case "on_chain":
                return Wrong(": it begins on the way to who was hurt", reason="on_chain_only")
            case "spray":
                return Wrong(
                    f": more than the {len(truth.allowed)} that were hurt or on the way", reason="blames_everybody"
                )
            case "none":
                return Wrong("", reason="blames_nobody")
        return Wrong(f": {_misled(shown[ranking[0]], truth)}", reason="wrong_part" if truth.roots else "false_blame")

    def _passes(self, rankings: Rankings, truth: Truth) -> bool:
        return self._placed(one_list(rankings), truth) and not self._mute(rankings, truth)

    def _placed(self, ranking: Sequence[str], truth: Truth) -> bool:
        word = blaming.verdict(ranking, truth)
        return word in ("root", "quiet") or (word == "on_chain" and self._within(ranking, truth))

    def _mute(self, rankings: Rankings, truth: Truth) -> list[Source]:
        """Sources that the drill states and that accuse nobody, though somebody was hurt."""
        asked = truth.roots and "by" in self.model_fields_set
        return [source for source, ranking in rankings.items() if asked and not ranking]

    def _unsure(self, truth: Truth, heard: Sequence[Heard], passes: bool) -> tuple[str, str, str] | None:
        """Whether what could not be read would turn the result: lines without a level, names that no part bears (aliases of
        who was hurt, or somebody else's names), and pages that went where nobody sees them. The reason, why, and what would decide
        it."""
        unread = [one.unread for one in heard if one.unread]
        unheard = [one.unheard for one in heard if one.unheard]
        strangers = [one.part for source in heard for one in source.strange if one.strange]
        roots = sorted(truth.roots)
        either = (False, True)
        for with_unheard, with_unread, alias in product(
            either if unheard else (False,), either if unread else (False,), either if roots else (False,)
        ):
            rankings = _supposed(heard, with_unheard, with_unread, roots if alias else ())
            if self._passes(rankings, truth) == passes:
                continue
            if with_unheard:
                return "not_observable", f"{'; '.join(unheard)}, which would turn this", page_receivers.DECIDE
            if with_unread:
                return "no_levels", f"{'; '.join(unread)}, which would turn this", LEVELS_DECIDE
            why = f"{names_of(strangers)} stands for nobody in the stack: an alias would turn this"
            return "unknown_names", why, ALIASES_DECIDE
        return None

    def _within(self, ranking: Sequence[str], truth: Truth) -> bool:
        return truth.roots <= set(ranking[: max(self.at, len(truth.roots))])


def _without(heard: Heard, parts: frozenset[str], until_s: float) -> Heard:
    """What a source said but against parts that were hurt until shortly before."""

    def kept(accused: Sequence[Accused]) -> tuple[Accused, ...]:
        return tuple(one for one in accused if one.part not in parts)

    gone = (one for one in heard.accused if one.part in parts)
    aside = (f"{one.part} ({one.why}) was hurt before, and may be accused until {until_s:.1f} s" for one in gone)
    return replace(
        heard,
        accused=kept(heard.accused),
        strange=kept(heard.strange),
        with_unread=kept(heard.with_unread),
        with_unheard=kept(heard.with_unheard),
        aside=(*heard.aside, *aside),
    )


def _misled(first: Accused, truth: Truth) -> str:
    """Why who is accused first misleads whoever is on call."""
    if not truth.roots:
        return str(first)
    if first.part in truth.allowed:
        return f"who was hurt is not among the first {max(blaming.REACH, len(truth.roots))}"
    astray = f"whoever follows that looks elsewhere, whatever `at` is: {first}"
    return f"{first.part} was neither hurt nor on the way to it, and {astray}"


def _supposed(heard: Sequence[Heard], with_unheard: bool, with_unread: bool, roots: Sequence[str]) -> Rankings:
    """The rankings, if pages that nobody saw had come, lines without a level were severe, and strange names those of the roots (else of parts of their own; whom
    a page is about is then nobody whom it accuses)."""
    rankings: dict[Source, tuple[str, ...]] = {}
    strangers: list[str] = []
    for source in heard:
        named: list[str] = []
        read = source.with_unread if with_unread and source.unread else source.strange
        named_by = (source.with_unheard if with_unheard and source.unheard else read) or source.accused
        for one in named_by:
            if one.strange and roots:
                strangers += [one.part] if one.part not in strangers else []
                named.append(roots[strangers.index(one.part) % len(roots)])
            elif not (one.strange and one.about):
                named.append(one.part)
        if not source.silent:
            rankings[source.source] = blaming.distinct(named)
    return rankings


def _share(ranking: Sequence[str], truth: Truth, k: int) -> float:
    return sum(root in ranking[: max(k, len(truth.roots))] for root in truth.roots) / len(truth.roots)
