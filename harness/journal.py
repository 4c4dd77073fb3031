"""The journal: the append-only list of facts of one run. A Journal answers questions; harness.journal_writer puts facts in.

Written as JSON lines, flushed one by one, so that a run killed at any instant can still be judged.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

from harness import chain, factlines
from harness import facts as f
from harness.facts import Fact

F = TypeVar("F", bound=Fact)
T = TypeVar("T")

CHAINED = "harness"
"""The writer whose file is chained line by line as people's records are: a run stands on it."""
TICK_S = 1e-6  # the ledger's resolution: an arrival due exactly at the end of the load belongs to it


@dataclass(frozen=True)
class Window:
    """[start_s, end_s) on the run's axis; end_s is infinite while nothing in the journal has ended it."""

    start_s: float
    end_s: float

    @property
    def ended(self) -> bool:
        return math.isfinite(self.end_s)

    @property
    def length_s(self) -> float:
        return self.end_s - self.start_s


@dataclass(frozen=True)
class Journal:
    """Facts in the order in which they were seen, and questions about them. Pure data; never asks a clock."""

    facts: tuple[Fact, ...] = ()

    @cached_property
    def _by_kind(self) -> dict[type[Fact], list[Fact]]:
        kinds: dict[type[Fact], list[Fact]] = {}
        for fact in self.facts:
            kinds.setdefault(type(fact), []).append(fact)
        return kinds

    @cached_property
    def _looked(self) -> dict[str, list[f.Looked]]:
        """Looks by their probe: most facts of a run are looks, and every claim asks for those of one probe."""
        probes: dict[str, list[f.Looked]] = {}
        for look in self.of(f.Looked):
            probes.setdefault(look.probe, []).append(look)
        return probes

    def of(
        self, kind: type[F], /, *, since_s: float = -math.inf, until_s: float = math.inf, **fields: Any
    ) -> tuple[F, ...]:
        """Facts of a kind whose fields equal those given, with at_s in [since_s, until_s]."""
        found: Sequence[Fact] = self._by_kind.get(kind, ())
        for name, value in fields.items():
            found = [fact for fact in found if getattr(fact, name) == value]
        if since_s > -math.inf or until_s < math.inf:
            found = [fact for fact in found if since_s <= fact.at_s <= until_s]
        return tuple(found)  # type: ignore[arg-type]

    def first(
        self, kind: type[F], /, *, since_s: float = -math.inf, until_s: float = math.inf, **fields: Any
    ) -> F | None:
        found = self.of(kind, since_s=since_s, until_s=until_s, **fields)
        return found[0] if found else None

    def last(
        self, kind: type[F], /, *, since_s: float = -math.inf, until_s: float = math.inf, **fields: Any
    ) -> F | None:
        found = self.of(kind, since_s=since_s, until_s=until_s, **fields)
        return found[-1] if found else None

    def once(self, read: Callable[..., T], *asked: Hashable) -> T:
        """What a pure function reads of these facts, read once: what is asked of each of a thousand alerts is the same for all of them.
        Nobody changes what it gives."""
        key = (read, asked)
        if key not in self._known:
            self._known[key] = read(self, *asked)
        known: T = self._known[key]
        return known

    @cached_property
    def _known(self) -> dict[Hashable, Any]:
        return {}

    @property
    def opened(self) -> f.Opened | None:
        return self.first(f.Opened)

    @cached_property
    def by_cite(self) -> Mapping[str, Fact]:
        """Each fact by its citation."""
        return {fact.cite: fact for fact in self.facts}

    @cached_property
    def end_s(self) -> float:
        """When the last fact was seen: nothing after this instant is known."""
        return max((fact.seen_s for fact in self.facts), default=0.0)

    def phase_began(self, name: str) -> f.PhaseBegan | None:
        return self.first(f.PhaseBegan, phase=name)

    def phase_ended(self, name: str) -> f.PhaseEnded | None:
        return self.first(f.PhaseEnded, phase=name)

    def window(self, phase: str, then: bool = False) -> Window | None:
        """The stretch that a claim is about; None when it has not begun.

        of a phase    [PhaseBegan, PhaseEnded)
        of its `then` [PhaseEnded, PhaseSettled): a claim with a limit of its own ends it earlier
        of the run    phase '': [GateHeld, or the load's beginning without a gate; LoadEnded)
        """
        if not phase:
            return self._run_window()
        began = self.phase_ended(phase) if then else self.phase_began(phase)
        if began is None:
            return None
        ended: Fact | None = self.first(f.PhaseSettled, phase=phase) if then else self.phase_ended(phase)
        return Window(began.at_s, ended.at_s if ended else math.inf)

    def _run_window(self) -> Window | None:
        """Ends when the load's end is *seen*, answers awaited: an end told afterwards would disown what came after it."""
        held, began, ended = self.first(f.GateHeld), self.first(f.LoadBegan), self.first(f.LoadEnded)
        if held is None and (began is None or self.first(f.PhaseBegan) is None):
            return None
        start_s = held.at_s if held else began.begins_s if began else 0.0
        return Window(start_s, ended.seen_s if ended else math.inf)

    def watched(self, probe: str, target: str, start_s: float, end_s: float, gap_s: float, lag_s: float) -> bool:
        """Whether somebody was looking from start_s to end_s, so that having seen nothing means something.

        True when no gap between looks exceeds gap_s, there was a look at or after end_s + lag_s, and no look in the
        stretch was blinded. A look without a target covers every target of its probe. A probe whose next look makes
        good a failed one (Docker's events since the last call) should write Blinded only once that is no longer so.
        """
        return self.unwatched(probe, target, start_s, end_s, gap_s, lag_s) is None

    def unwatched(
        self, probe: str, target: str, start_s: float, end_s: float, gap_s: float, lag_s: float
    ) -> tuple[float, float] | None:
        """The first stretch in which nobody was looking, from one look to the next; None where it was `watched`."""
        looks = sorted(look.seen_s for look in self._looked.get(probe, ()) if look.target in (target, ""))
        chain = [start_s, *looks[bisect_left(looks, start_s) : bisect_left(looks, end_s) + 1]]
        if not math.isfinite(end_s) or not looks or looks[-1] < end_s + lag_s:
            return chain[-1], max(end_s, chain[-1])
        blinded = sorted(b.seen_s for b in self.of(f.Blinded, probe=probe) if not target or b.target in (target, ""))
        blind = [at_s for at_s in blinded if start_s <= at_s <= end_s]
        gaps = (
            (one, next_)
            for one, next_ in pairwise(chain)
            if next_ - one > gap_s or any(one <= at <= next_ for at in blind)
        )
        return next(gaps, None)

    def cut(self, at_s: float) -> Journal:
        """What was known at that instant: the facts seen until then."""
        return Journal(tuple(fact for fact in self.facts if fact.seen_s <= at_s))


def merged(facts: Iterable[Fact]) -> Journal:
    """A journal of facts of several writers, in the order in which they were seen."""
    return Journal(tuple(sorted(facts, key=lambda fact: (fact.seen_s, fact.writer, fact.number))))


def read(folder: Path) -> Journal:
    """The journal of a run folder (or of its facts/ folder), of all writers. A line torn by a kill is left out; of a person's
    record that is not as it was written nothing is taken but that it is so (RecordBroken); of another file, that it is so too."""
    inner = folder / "facts"
    facts: list[Fact] = []
    texts: dict[str, bytes] = {}
    records: dict[str, bytes] = {}
    for path in sorted((inner if inner.is_dir() else folder).glob("*.jsonl")):
        text = path.read_bytes()
        if path.stem.startswith(chain.PEOPLE):
            records[path.stem] = text
        else:
            texts[path.stem] = text
            facts += factlines.facts_in(text)
    run = next((fact.run for fact in facts if isinstance(fact, f.Opened)), "")
    damaged = [
        f.RecordBroken(writer=name, why=why)
        for name, text in texts.items()
        if name == CHAINED and (why := _damage(text, run))
    ]
    return merged((*facts, *damaged, *_unbroken(records, Journal(tuple(facts)))))


def _damage(text: bytes, run: str) -> str:
    """Why the file of the run's own writer is not as it was written, '' when it is. A line torn by a kill at its end is no damage;
    one in the midst was ended by the writer that went on after it, and its number was given again."""
    lines = text[: text.rfind(b"\n") + 1].split(b"\n")[:-1]
    if any(line.endswith(b'"}') and b'"prev":"' in line for line in lines):
        return chain.broken(lines, run, CHAINED, {})
    expected = 1
    for place, line in enumerate(lines, start=1):
        number = factlines.number(line)
        if number != expected and not (
            number is None and place < len(lines) and factlines.number(lines[place]) == expected
        ):
            return f"line {place} is not the fact number {expected} that was written there"
        expected += number is not None
    return ""


def _unbroken(records: Mapping[str, bytes], others: Journal) -> Iterable[Fact]:
    """The facts of people's records, each held against its chain and against what the run had read of it."""
    run = others.opened.run if others.opened else ""
    for name in sorted({*records, *(seal.record for seal in others.of(f.Sealed))}):
        text = records.get(name, b"")
        whole = text[: text.rfind(b"\n") + 1]
        seals = {seal.lines: seal.sha256 for seal in others.of(f.Sealed, record=name)}
        if why := chain.broken(whole.split(b"\n")[:-1], run, name, seals):
            yield f.RecordBroken(writer=name, why=why)
        else:
            yield from factlines.facts_in(whole)
