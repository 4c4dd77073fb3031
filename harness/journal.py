"""The journal: the append-only list of facts of one run. Writers put facts in; a Journal answers questions.

Written as JSON lines, flushed one by one, so that a run killed at any instant can still be judged.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import os
import threading
from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
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

PLACE_EVERY = 4096  # facts
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


class Writer:
    """Writes the facts of one writer to `folder/<writer>.jsonl`; safe to share between threads.

    `now` gives seconds since the run was opened and stamps each fact that has no `seen_s` yet. Opened again (a harness
    that was killed, a second `drill halt`), it goes on counting where the file ends.

    Neither opening nor `write` raises when the disk refuses (full, read-only): taking a fault out must never hang on
    writing it down. The facts stay in memory, are tried again with every later one, and `broken` says what happened.

    mask      takes out of a fact what must not be written down; what `write` returns is without it as well
    chained   each line holds the hash of the line before it; the first this text (see harness/chain.py)
    """

    def __init__(
        self,
        folder: Path,
        writer: str,
        now: Callable[[], float],
        *,
        chained: str = "",
        mask: Callable[[F], F] | None = None,
    ) -> None:
        self.writer = writer
        self.path = folder / f"{writer}.jsonl"
        self.broken = ""  # why a fact could not be put on disk when it happened; the first reason stays
        self._now = now
        self._before = chained
        self._mask: Callable[[Any], Any] | None = mask
        self._lock = threading.Lock()
        self._facts: list[Fact] = []
        self._owed = b""  # what the disk has refused so far
        self._number = 0
        self._fd = -1
        self._places: list[tuple[float, int]] = []  # now and then: by when all before this byte was seen
        try:
            folder.mkdir(parents=True, exist_ok=True)
            old = self.path.read_bytes() if self.path.exists() else b""
            self._number = max((number for line in old.split(b"\n") if (number := _number(line))), default=0)
            if chained and (whole := old.removesuffix(b"\n").split(b"\n")) and old:
                self._before = chain.digest(whole[-1])
            if old and not old.endswith(b"\n"):  # a line torn by a kill: end it, so that the next one is whole
                self._owed = b"\n"
            self._fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        except OSError as error:
            self.broken = _refusal(self.path, error)

    def write(self, fact: F, *, durable: bool = False) -> F:
        """Stamp and append one fact; returns it as written. `durable`: on disk (fsync) before this returns."""
        with self._lock:
            seen_s = fact.seen_s or round(self._now(), 6)
            fact = self._mask(fact) if self._mask else fact
            stamped = dataclasses.replace(fact, writer=self.writer, number=self._number + 1, seen_s=seen_s)
            data = f.to_dict(stamped) | ({chain.KEY: self._before} if self._before else {})
            text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), default=str)
            line = text.encode("utf-8", "backslashreplace")
            if self._before:
                self._before = chain.digest(line)
            self._owed += line + b"\n"
            self._number += 1
            self._facts.append(stamped)
            self._pay(durable)
            if self._number % PLACE_EVERY == 0:
                self._mark()
        return stamped

    @property
    def whole(self) -> bool:
        """Whether every fact is in the file by now."""
        return not self._owed

    def journal(self) -> Journal:
        """All that this writer has written since it was opened: the live view, without reading files again."""
        with self._lock:
            return Journal(tuple(self._facts))

    def forget(
        self,
        kinds: tuple[type[Fact], ...],
        before_s: float,
        since_s: float = -math.inf,
        but_last_of: Callable[[Any], Hashable] | None = None,
    ) -> None:
        """Leave facts of these kinds seen in [since, before) out of the live view: memory must not grow with a run's length.

        They stand in the file (`recall`); where the disk has refused any, nothing is forgotten, for the run is judged by
        what is here. With `but_last_of`, the last of them with each key stays: what it says holds until the next.
        """
        with self._lock:
            if self._owed or self.broken:
                return
            going = [fact for fact in self._facts if isinstance(fact, kinds) and since_s <= fact.seen_s < before_s]
            numbers = {fact.number for fact in going}
            if but_last_of is not None:
                numbers -= set({but_last_of(fact): fact.number for fact in going}.values())
            if numbers:
                self._facts = [fact for fact in self._facts if fact.number not in numbers]

    def recall(self, kinds: tuple[type[Fact], ...], since_s: float) -> Iterator[None]:
        """Take what was forgotten of these kinds, seen since then, into the live view again, some lines at each step: whoever asks
        has other things to do meanwhile. It is there after the last one; a file that cannot be read gives nothing."""
        with self._lock:
            held = {fact.number for fact in self._facts}
            place = bisect_left(self._places, (since_s, 0)) - 1
            offset = self._places[place][1] if place >= 0 else 0
            last = self._number
        found: list[Fact] = []
        with contextlib.suppress(OSError):
            for step in factlines.of_kinds(self.path, kinds, offset):
                found += (one for one in step if one.seen_s >= since_s and one.number <= last)
                yield
        again = [fact for fact in found if fact.number not in held]
        with self._lock:
            self._facts = sorted([*self._facts, *again], key=lambda fact: fact.number)

    def close(self) -> None:
        """Facts that come later stay in memory; idempotent."""
        with self._lock:
            self._pay(durable=False)
            if self._fd >= 0:
                os.close(self._fd)
            self._fd = -1

    def _mark(self) -> None:
        """Remember where the file ends by now: what is seen later than this stands behind it."""
        if self._fd >= 0 and not self._owed:
            with contextlib.suppress(OSError):
                self._places.append((self._now(), os.lseek(self._fd, 0, os.SEEK_END)))

    def _pay(self, durable: bool) -> None:
        """Put on disk what it has not got yet, in order; a line that went in half-way is gone on with."""
        if self._fd < 0:
            return
        try:
            while self._owed:
                self._owed = self._owed[os.write(self._fd, self._owed) :]
            if durable:
                os.fsync(self._fd)
        except OSError as error:
            self.broken = self.broken or _refusal(self.path, error)


def _refusal(path: Path, error: OSError) -> str:
    return f"{path} cannot be written: {error.strerror or error}"


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
        number = _number(line)
        if number != expected and not (number is None and place < len(lines) and _number(lines[place]) == expected):
            return f"line {place} is not the fact number {expected} that was written there"
        expected += number is not None
    return ""


def _number(line: bytes) -> int | None:
    """The number of a whole fact's line; None for what is none."""
    data = next(factlines.decoded(line), {})
    number = data.get("number")
    try:
        f.from_dict(data)
    except TypeError:
        return None
    return number if type(number) is int else None


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
