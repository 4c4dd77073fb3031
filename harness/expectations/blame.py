"""Whom pages, logs and traces accuse, against who was hurt: the on-call follows the finger that points."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import Field

from harness import blaming
from harness.blaming import Parts, Truth
from harness.expectations import alerts, logs, traced
from harness.expectations.base import Evidence, Expectation, Line, Reach
from harness.expectations.log_search import Accusing
from harness.expectations.notifications import GAP_S, LAG_S, PROBE, notifications
from harness.expectations.requests import cites, folded, load_was_watched, not_begun, still_open
from harness.expectations.traced import SLOW, Seen
from harness.facts import Paged
from harness.journal import Window
from harness.landings import hurts
from harness.logtext import WARNING, Said
from harness.quantities import Ratio
from harness.verdict import Details, Finding, Measure, failed, inconclusive, passed

LABELS = ("dependency", "peer_service", "db", "upstream", "target", "component", "service")
SEVERITIES = ("none", "info", "ticket", "warning", "error", "page", "critical")
Source = Literal["pages", "logs", "traces"]
SOURCES: tuple[Source, ...] = ("pages", "logs", "traces")
NOBODY = "nobody"
CHANCE = 3.0  # standard deviations by which slow traces must outnumber the one in a hundred that is always slow


@dataclass(frozen=True)
class Accused:
    """A part that a source accuses; `why` says how, `cite` shows it."""

    part: str
    source: str
    why: str
    cite: str


@dataclass(frozen=True)
class Heard:
    """What one source said. `blind`: why it may yet say more, or other things; `silent`: why it could say nothing at all."""

    source: Source
    accused: tuple[Accused, ...]
    blind: str = ""
    silent: str = ""

    @property
    def ranking(self) -> tuple[str, ...]:
        return blaming.distinct(one.part for one in self.accused)

    @property
    def stands(self) -> bool:
        """Whether who is accused stays accused, whatever comes: a page that came has come, shares may change."""
        return self.source == "pages" or not self.blind

    def __str__(self) -> str:
        if self.silent:
            return f"nothing ({self.silent})"
        return (_numbered(self.ranking) or "nobody") + (f" ({self.blind})" if self.blind else "")


class Blame(Expectation):
    """Pages, logs and traces accuse who was hurt, and hardly anybody else; where nobody was hurt they accuse nobody.

        expect:
          - blame: {by: [pages, logs, traces], at: 1}
          - blame: {root: [postgres], aliases: {postgres: [db, pg-1]}, chain: [checkout, api], labels: [dependency], at: 3}

    Units:   at: the root stands within the first so many of the list, which begins on the way to it (1: it is the first).
             noise: the least share of the accusing lines that a part must have to be accused by the logs, and `least` lines;
             of the accusing traces likewise.
    Counts:  parts of the stack, each once and under all its names: pages first, by their receipt, then by severity, whom
             the first of `labels` that a page has names; then the logs, by how many lines at WARNING or above accuse a part in
             a field (dependency, peer.service, server.address) or in words; then the traces, by how many of those that failed
             or were slow accuse a part, as in `traces`. Slow ones count while a fault of the phase is on, where they are more
             than the one in a hundred that always is. Where no service sends traces nothing is asked of them. What was
             accused already before the first fault is not an answer to it. The root is what the phase's faults hurt (of an
             edge its dependency), the chain who stands between it and the users; both can be stated.
    Decides: once the phase is over, and every source was looked at until after it. Failed: wrong_part, on_chain_only,
             blames_nobody, blames_everybody, false_blame.
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
        span = Window(alerts.from_of(evidence, window, window.end_s), window.end_s)
        heard: list[Heard] = []
        if "pages" in self.by:
            heard.append(Heard("pages", tuple(self._pages(evidence, span, parts)), self._pages_unseen(evidence, span)))
        if "logs" in self.by:
            heard.append(Heard("logs", tuple(self._logs(evidence, span, parts)), self._logs_unseen(evidence, span)))
        if "traces" in self.by:
            found = self._traces(evidence, span, parts)
            if isinstance(found, Finding) and self.by == ("traces",):
                return found
            heard.append(found if isinstance(found, Heard) else Heard("traces", (), "", found.because))
        return self._judged(evidence, truth, heard)

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
        loud = self._loud(count, lines)
        loud.sort(key=lambda part: (-count[part], first[part].at_s, part))
        return [Accused(part, "logs", f"{count[part]} of {lines} lines", first[part].cite) for part in loud]

    def _traces(self, evidence: Evidence, window: Window, parts: Parts) -> Heard | Finding:
        """By how many traces; of a tie who was accused first. A finding where no service sends any that can be read."""
        seen = Seen(evidence, window, "")
        blind = traced.unseen(evidence, Window(window.start_s, max(window.end_s, seen.until_s)))
        if blind is not None and blind.reason == "no_exporter":
            return blind
        why = blind.because if blind is not None else ""
        if not load_was_watched(evidence.journal, window.start_s, window.end_s):
            why = "the load was not seen at work all the time"
        elif waiting := folded(evidence, window.start_s, window.end_s).waiting:
            why = f"{waiting} requests had not ended"
        during = seen.during(seen.hurts)
        found = [one for one in seen.accusations(parts) if not one.slow or during[one.place]]
        slow, usual = sum(one.slow for one in found), (1 - SLOW) * int(during.sum())
        if slow <= usual + CHANCE * math.sqrt(usual):
            found = [one for one in found if not one.slow]
        count = Counter(one.part for one in found)
        first: dict[str, int] = {}
        for one in found:
            first.setdefault(one.part, one.place)
        loud = self._loud(count, len(found))
        loud.sort(key=lambda part: (-count[part], first[part], part))
        accused = [
            Accused(part, "traces", f"{count[part]} of {len(found)} traces", seen.rows.cite(first[part]))
            for part in loud
        ]
        return Heard("traces", tuple(accused), why)

    def _loud(self, count: Counter[str], among: int) -> list[str]:
        """The parts that more than a few accuse."""
        return [part for part, n in count.items() if n >= self.least and n >= self.noise * among]

    def _pages_unseen(self, evidence: Evidence, window: Window) -> str:
        missing = alerts.without(evidence, pages=True)
        if missing is not None:
            return missing.because
        if not evidence.journal.watched(PROBE, "", window.start_s, window.end_s, GAP_S, LAG_S):
            return "the mailbox could not be looked at all the time"
        return ""

    def _logs_unseen(self, evidence: Evidence, window: Window) -> str:
        unseen = (
            logs.not_followed(evidence.journal, service, window.start_s, window.end_s) for service in self.services
        )
        return next(filter(None, unseen), "")

    # --- what it comes to -------------------------------------------------------------------------------------------------

    def _judged(self, evidence: Evidence, truth: Truth, heard: Sequence[Heard]) -> Finding:
        accused = [one for said_ in heard for one in said_.accused]
        ranking = blaming.distinct(one.part for one in accused)
        roots, way = ", ".join(sorted(truth.roots)), ", ".join(sorted(truth.chain))
        hurt = f"{roots} {'was' if len(truth.roots) == 1 else 'were'} hurt" if truth.roots else "nobody was hurt"
        by = _listed([one.source for one in heard if not one.silent])
        said = f"{hurt}, and {by} accuse {_numbered(ranking) or 'nobody'}{_apart(heard)}"
        shown = {one.part: one for one in reversed(accused)}
        cited = (*cites(evidence), *(shown[part].cite for part in ranking[:3]))
        details: Details = (
            ("hurt", roots or "nobody"),
            ("on the way to it", way or "nobody"),
            *((f"{one.source} accuse", str(one)) for one in heard),
            *((f"accused by {one.source}", f"{one.part} ({one.why})") for one in accused),
            *(("AC@" + str(k), f"{_share(ranking, truth, k):g}") for k in (1, blaming.REACH) if truth.roots),
        )
        place = min((ranking.index(root) + 1 for root in truth.roots if root in ranking), default=0)
        measure = Measure(place, place, "place of the root") if place else None
        word = blaming.verdict(ranking, truth)
        blind = next((one.blind for one in heard if one.blind), "")
        if blind:  # what stands whatever comes: somebody accused where nobody was hurt, or too many
            sure = blaming.verdict([one.part for one_ in heard if one_.stands for one in one_.accused], truth)
            word = sure if sure in ("false", "spray") else "open"
        if word == "open":
            return inconclusive(
                f"{said}; but {blind}",
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


def _listed(sources: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(sources[:-1]), sources[-1]))) if sources else "nobody who could"


def _numbered(ranking: Sequence[str]) -> str:
    return ", ".join(f"{number}. {part}" for number, part in enumerate(ranking, start=1))


def _apart(heard: Sequence[Heard]) -> str:
    """What each source said, where they do not say the same."""
    told = [one for one in heard if not one.silent]
    if len({one.ranking for one in told}) < 2:
        return ""
    return f" ({'; '.join(f'{one.source}: {_numbered(one.ranking) or NOBODY}' for one in told)})"


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
