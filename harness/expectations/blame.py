"""Whom pages and logs accuse, against who was hurt: the on-call follows the finger that points."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import Field

from harness import blaming
from harness.blaming import Parts, Truth
from harness.expectations import alerts, logs
from harness.expectations.base import Evidence, Expectation, Line, Reach
from harness.expectations.log_search import Accusing
from harness.expectations.notifications import GAP_S, LAG_S, PROBE, notifications
from harness.expectations.requests import cites, not_begun, still_open
from harness.facts import Paged
from harness.journal import Window
from harness.landings import hurts
from harness.logtext import WARNING, Said
from harness.quantities import Ratio
from harness.verdict import Details, Finding, Measure, failed, inconclusive, passed

LABELS = ("dependency", "peer_service", "db", "upstream", "target", "component", "service")
SEVERITIES = ("none", "info", "ticket", "warning", "error", "page", "critical")
Source = Literal["pages", "logs"]


@dataclass(frozen=True)
class Accused:
    """A part that a source accuses; `why` says how, `cite` shows it."""

    part: str
    source: str
    why: str
    cite: str


class Blame(Expectation):
    """Pages and logs accuse who was hurt, and hardly anybody else; where nobody was hurt they accuse nobody.

        expect:
          - blame: {by: [pages, logs], at: 1}
          - blame: {root: [postgres], aliases: {postgres: [db, pg-1]}, chain: [checkout, api], labels: [dependency], at: 3}

    Units:   at: the root stands within the first so many of the list, which begins on the way to it (1: it is the first).
             noise: the least share of the accusing lines that a part must have to be accused by the logs, and `least` lines.
    Counts:  parts of the stack, each once and under all its names: pages first, by their receipt, then by severity, whom
             the first of `labels` that a page has names; then the logs, by how many lines at WARNING or above accuse a part in
             a field (dependency, peer.service, server.address) or in words. What was accused already before the first
             fault is not an answer to it. The root is what the phase's faults hurt (of an edge its dependency), the chain
             who stands between it and the users; both can be stated.
    Decides: once the phase is over. Failed: wrong_part, on_chain_only, blames_nobody, blames_everybody, false_blame.
    Source:  what the mailbox received; `docker logs`. AC@k as in RCAEval's evaluation.py, over distinct parts.
    """

    word: ClassVar[str] = "blame"
    reads_traces: ClassVar[bool] = True

    by: tuple[Source, ...] = Field(default=("pages", "logs"), min_length=1, description="who accuses: pages, logs")
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

    def unseen(self, reach: Reach) -> str:
        return alerts.unseen(reach, pages=True) if self.by == ("pages",) else ""

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
        since_s = alerts.from_of(evidence, window, window.end_s)
        accused: list[Accused] = []
        blind: list[str] = []
        if "pages" in self.by:
            accused += self._pages(evidence, Window(since_s, window.end_s), parts)
            blind += self._pages_unseen(evidence, Window(since_s, window.end_s))
        if "logs" in self.by:
            accused += self._logs(evidence, Window(since_s, window.end_s), parts)
            blind += [
                why
                for service in self.services
                if (why := logs.not_followed(evidence.journal, service, since_s, window.end_s))
            ]
        return self._judged(evidence, truth, accused, blind)

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

    # --- who accuses ----------------------------------------------------------------------------------------------------

    def _pages(self, evidence: Evidence, window: Window, parts: Parts) -> list[Accused]:
        """By receipt, then the most severe first; of one that names several the first of the labels."""
        found: list[tuple[tuple[float, int, str], Accused]] = []
        for page in (note.first for note in notifications(evidence.journal)):
            name = next((page.labels[label] for label in self.labels if page.labels.get(label)), "")
            fresh = page.starts_s is None or page.starts_s >= window.start_s - 1.0  # written in whole seconds
            if not name or not fresh or page.status != "firing" or not window.start_s <= page.at_s < window.end_s:
                continue
            part = parts.part(name)
            why = f"{page.alert} at {page.at_s:.1f} s"
            found.append(((page.at_s, -_severity(page), page.alert), Accused(part, "pages", why, page.cite)))
        return _distinct([one for _, one in sorted(found, key=lambda pair: (pair[0], pair[1].part))])

    def _logs(self, evidence: Evidence, window: Window, parts: Parts) -> list[Accused]:
        """By how many lines; of a tie who was accused first."""
        accusing = Accusing(parts, (), self.blames)
        count: Counter[str] = Counter()
        first: dict[str, Line] = {}
        lines = 0
        for service in dict.fromkeys(self.services):
            for line in logs.lines(evidence, service, window.start_s, window.end_s):
                said = Said(line.text)
                named = accusing.accused(said, line.service) if said.level >= WARNING else frozenset()
                lines += bool(named)
                for part in named:
                    count[part] += 1
                    first[part] = min(line, first.get(part, line), key=lambda one: (one.at_s, one.container, one.text))
        loud = [part for part, n in count.items() if n >= self.least and n >= self.noise * lines]
        loud.sort(key=lambda part: (-count[part], first[part].at_s, part))
        return [Accused(part, "logs", f"{count[part]} of {lines} lines", first[part].cite) for part in loud]

    def _pages_unseen(self, evidence: Evidence, window: Window) -> list[str]:
        missing = alerts.without(evidence, pages=True)
        if missing is not None:
            return [missing.because]
        if not evidence.journal.watched(PROBE, "", window.start_s, window.end_s, GAP_S, LAG_S):
            return ["the mailbox could not be looked at all the time"]
        return []

    # --- what it comes to -------------------------------------------------------------------------------------------------

    def _judged(self, evidence: Evidence, truth: Truth, accused: Sequence[Accused], blind: Sequence[str]) -> Finding:
        ranking = blaming.distinct(one.part for one in accused)
        roots, way = ", ".join(sorted(truth.roots)), ", ".join(sorted(truth.chain))
        named = ", ".join(f"{number}. {part}" for number, part in enumerate(ranking, start=1)) or "nobody"
        hurt = f"{roots} {'was' if len(truth.roots) == 1 else 'were'} hurt" if truth.roots else "nobody was hurt"
        said = f"{hurt}, and {' and '.join(self.by)} accuse {named}"
        shown = {one.part: one for one in reversed(accused)}
        cited = (*cites(evidence), *(shown[part].cite for part in ranking[:3]))
        details: Details = (
            ("hurt", roots or "nobody"),
            ("on the way to it", way or "nobody"),
            *((f"accused by {one.source}", f"{one.part} ({one.why})") for one in accused),
            *(("AC@" + str(k), f"{_share(ranking, truth, k):g}") for k in (1, blaming.REACH) if truth.roots),
        )
        place = min((ranking.index(root) + 1 for root in truth.roots if root in ranking), default=0)
        measure = Measure(place, place, "place of the root") if place else None
        word = blaming.verdict(ranking, truth)
        silent = set(self.by) - {one.source for one in accused}
        if blind and silent and word != "false":
            return inconclusive(
                f"{said}; but {blind[0]}",
                reason="not_watched",
                decide="every source looked at until after the window",
                measure=measure,
                cites=cited,
                details=details,
            )
        if word in ("root", "quiet") or (word == "on_chain" and self._within(ranking, truth)):
            return passed(said, measure=measure, cites=cited, details=details)
        if word == "on_chain":
            return failed(
                f"{said}: it begins on the way to who was hurt",
                reason="on_chain_only",
                measure=measure,
                cites=cited,
                details=details,
            )
        if word == "spray":
            most = len(truth.allowed)
            return failed(
                f"{said}: more than the {most} that were hurt or on the way",
                reason="blames_everybody",
                measure=measure,
                cites=cited,
                details=details,
            )
        if word == "none":
            return failed(said, reason="blames_nobody", cites=cited, details=details)
        return failed(
            said,
            reason="false_blame" if word == "false" else "wrong_part",
            measure=measure,
            cites=cited,
            details=details,
        )

    def _within(self, ranking: Sequence[str], truth: Truth) -> bool:
        return truth.roots <= set(ranking[: max(self.at, len(truth.roots))])


def _share(ranking: Sequence[str], truth: Truth, k: int) -> float:
    return sum(root in ranking[: max(k, len(truth.roots))] for root in truth.roots) / len(truth.roots)


def _severity(page: Paged) -> int:
    told = page.labels.get("severity", "").lower()
    return SEVERITIES.index(told) if told in SEVERITIES else SEVERITIES.index("warning")


def _distinct(accused: Sequence[Accused]) -> list[Accused]:
    first: dict[str, Accused] = {}
    for one in accused:
        first.setdefault(one.part, one)
    return list(first.values())
