"""A simulated run judged: the whole judge on the whole evidence, as `drill judge` would, in memory or from a folder."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from calibration.simulator.folder import write_ledger
from calibration.simulator.looks import containers
from calibration.simulator.raw import chosen
from calibration.simulator.recording import Memo, Recording, simulate
from calibration.simulator.world import World
from harness import ledger
from harness.drill.model import Drill
from harness.drill.parse import parse_text
from harness.expectations.base import Line
from harness.journal import Journal, merged
from harness.judge import judge
from harness.masking import Secret
from harness.plan import Plan, make_plan
from harness.series import Book, RawSeries
from harness.spans import GivenSpans
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
    def of(*phases: str) -> Script:
        """The rehearsal with only some of its phases; all of them without any."""
        data = yaml.safe_load((DRILLS / "rehearsal.yaml").read_text())
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
        return tuple(dict.fromkeys(one for claim in self.plan.all_claims for one in claim.expectation.series()))


def judged(script: Script, world: World, seed: int, memo: Memo | None = None) -> Verdict:
    """Simulate and judge one run."""
    return verdict_of(script, simulate(script.data, world, seed, memo))


def verdict_of(script: Script, recording: Recording) -> Verdict:
    """Judge a recording without writing its facts and logs; a test holds that its folder is judged the same."""
    journal = _journal(recording)
    services = containers(recording.replicas)
    lines = [Line(services[line.container], line.container, line.written_s, line.text) for line in recording.lines]
    with tempfile.TemporaryDirectory(prefix="drill-calibration-", dir=SCRATCH) as folder:
        write_ledger(recording.history, Path(folder))
        rows = ledger.read(Path(folder))
        return judge(
            script.drill,
            script.plan.all_claims,
            journal,
            rows,
            WrittenLogs(lines, SECRETS),
            over=True,
            series=_book(recording, script.selectors),
            spans=GivenSpans.of(recording.spans),
        )


def _book(recording: Recording, selectors: Sequence[str]) -> Book:
    return {
        selector: tuple(
            RawSeries(labels, np.array(one.at_s), np.array(one.values))
            for labels, one in chosen(recording.store, selector)
        )
        for selector in selectors
    }


def _journal(recording: Recording) -> Journal:
    """The facts stamped as the journal's writer stamps them."""
    return merged(
        dataclasses.replace(fact, writer="harness", number=number)
        for number, fact in enumerate(recording.facts, start=1)
    )
