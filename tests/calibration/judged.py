"""A simulated run judged: the whole judge on the whole evidence, as `drill judge` would, in memory or from a folder."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from calibration.asking import asked_in
from calibration.simulator.folder import write_ledger
from calibration.simulator.looks import containers
from calibration.simulator.raw import chosen
from calibration.simulator.recording import Memo, Recording, Same, simulate
from calibration.simulator.service import History
from calibration.simulator.world import World
from harness import ledger
from harness.drill.model import Drill
from harness.drill.parse import parse_text
from harness.expectations.base import Finder, Line
from harness.expectations.responds_within import RespondsWithin
from harness.facts import Fact
from harness.journal import Journal
from harness.judge import judge
from harness.ledger import Rows
from harness.masking import Secret
from harness.plan import Claim, Plan, make_plan
from harness.series import Book, RawSeries
from harness.spans import GivenSpans, Span
from harness.testing import WrittenLogs
from harness.verdict import Verdict

DRILLS = Path(__file__).parent / "drills"
SECRETS = (Secret("POSTGRES_PASSWORD", "hunter2-s3cret"),)
SCRATCH = Path("/dev/shm") if Path("/dev/shm").is_dir() else None


@dataclass(frozen=True)
class Script:
    """A drill that is simulated: its plain data, for the simulator, and as parsed, for the judge."""

    data: Mapping[str, Any]

    @staticmethod
    def of(*phases: str, dialect: str = "prometheus") -> Script:
        """The rehearsal with only some of its phases (all of them without any), its claims written for a service that speaks so."""
        data = yaml.safe_load(asked_in((DRILLS / "rehearsal.yaml").read_text(), dialect))
        if phases:
            kept = [phase for phase in data["phases"] if phase["name"] in phases]
            assert len(kept) == len(phases), phases
            data = {**data, "phases": kept}
        return Script(data)

    @cached_property
    def drill(self) -> Drill:
        return parse_text(yaml.safe_dump(dict(self.data), sort_keys=False), file=DRILLS / "rehearsal.yaml", env={})

    @cached_property
    def plan(self) -> Plan:
        return make_plan(self.drill)

    @cached_property
    def selectors(self) -> tuple[str, ...]:
        """The raw series that its claims ask for."""
        return _selectors(self.plan.all_claims)

    def deciding(self, claim: str) -> tuple[Claim, ...]:
        """The claims that what is found of one depends on: itself, those that are corrected for their number together with it,
        and those whose limits say what the gates make of the load.
        """
        return tuple(
            one
            for one in self.plan.all_claims
            if one.id == claim or one.expectation.sampling or isinstance(one.expectation, RespondsWithin)
        )


def judged(script: Script, world: World, seed: int, memo: Memo | None = None, claim: str = "") -> Verdict:
    """Simulate and judge one run; of all claims, or as far as one claim's finding needs it."""
    memo = Memo(seed) if memo is None else memo
    return verdict_of(script, simulate(script.data, world, seed, memo), memo, claim)


def verdict_of(script: Script, recording: Recording, memo: Memo | None = None, claim: str = "") -> Verdict:
    """Judge a recording without writing its facts and logs; a test holds that its folder is judged the same.

    With the memo of its seed, evidence that several recordings share is made ready for the judge once.
    """
    memo = Memo(0) if memo is None else memo
    claims = script.deciding(claim) if claim else script.plan.all_claims
    history = recording.history
    return judge(
        script.drill,
        claims,
        _journal(recording),
        memo.get(("rows", Same(history)), partial(_rows, history)),
        _LateLogs(recording, memo),
        over=True,
        series=_book(recording, _selectors(claims)),
        spans=_LateSpans(recording, memo),
    )


def _selectors(claims: Iterable[Claim]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one for claim in claims for one in claim.expectation.series()))


def _rows(history: History) -> Rows:
    with tempfile.TemporaryDirectory(prefix="drill-calibration-", dir=SCRATCH) as folder:
        write_ledger(history, Path(folder))
        return ledger.read(Path(folder))  # mapped: it stays readable when the folder is gone


class _LateLogs:
    """The run's logs, made only when a claim asks for them."""

    def __init__(self, recording: Recording, memo: Memo) -> None:
        self._recording, self._memo = recording, memo
        self.secrets = SECRETS

    @cached_property
    def _logs(self) -> WrittenLogs:
        services, lines = containers(self._recording.replicas), self._recording.lines
        return self._memo.get(
            ("logs", Same(lines), *services),
            lambda: WrittenLogs(
                [Line(services[one.container], one.container, one.written_s, one.text) for one in lines], SECRETS
            ),
        )

    def lines(self, service: str, start_s: float, end_s: float) -> Iterable[Line]:
        return self._logs.lines(service, start_s, end_s)

    def matching(
        self,
        pattern: Finder,
        service: str,
        start_s: float,
        end_s: float,
        wanted: Callable[[re.Match[bytes]], bool] | None = None,
    ) -> Iterable[Line]:
        return self._logs.matching(pattern, service, start_s, end_s, wanted)

    def count(self, service: str, start_s: float, end_s: float) -> int:
        return self._logs.count(service, start_s, end_s)


class _LateSpans:
    """The run's spans, made only when a claim asks for them."""

    def __init__(self, recording: Recording, memo: Memo) -> None:
        self._recording, self._memo = recording, memo
        self.strange: Mapping[str, int] = {}

    @cached_property
    def by_trace(self) -> Mapping[str, tuple[Span, ...]]:
        spans = self._recording.spans
        return self._memo.get(("given", Same(spans)), lambda: GivenSpans.of(spans).by_trace)


def _book(recording: Recording, selectors: Sequence[str]) -> Book:
    return {
        selector: tuple(
            RawSeries(labels, np.array(one.at_s), np.array(one.values))
            for labels, one in chosen(recording.exposed, selector)
        )
        for selector in selectors
    }


def _journal(recording: Recording) -> Journal:
    """The facts, which are in the order in which they were seen, stamped as the journal's writer stamps them."""
    return Journal(tuple(_stamped(fact, number) for number, fact in enumerate(recording.facts, start=1)))


def _stamped(fact: Fact, number: int) -> Fact:
    """As dataclasses.replace(fact, writer="harness", number=number), which for 5,000 facts a run costs too much."""
    made = object.__new__(type(fact))
    made.__dict__.update(fact.__dict__, writer="harness", number=number)
    return made
