"""The drill as data: what stands in the file, frozen, with its ids and places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, PrivateAttr, model_validator

from harness.alerting import Quiet
from harness.drill.announce import Way
from harness.drill.blast_radius import BlastRadius
from harness.drill.document import Document, Path_
from harness.drill.load import Load
from harness.drill.locustfiles import located
from harness.drill.orders import Orders
from harness.drill.problem import Problem
from harness.drill.schedule import Schedule
from harness.drill.silence import Silence
from harness.drill.stack import Stack
from harness.drill.state import Kept, KeptName
from harness.drill.tagged import one_of
from harness.drill.words import ConditionText, DrillName, GuardText, PhaseName
from harness.expectations import EXPECTATIONS
from harness.expectations.base import Expectation
from harness.faults import FAULTS
from harness.faults.base import Fault
from harness.quantities import Model, Seconds
from harness.stats import Condition

if TYPE_CHECKING:
    AnyFault = Fault
    AnyExpectation = Expectation
else:
    AnyFault = one_of(FAULTS)
    AnyExpectation = one_of(EXPECTATIONS)

WHOLE_RUN = "run"  # stands where a phase's name would, in the ids of claims about the whole run


class Steady(Model):
    """The gate: nothing is injected before every condition has held over a window of `for`."""

    for_s: Seconds = Field(alias="for", gt=0, description="how long all conditions hold together")
    within_s: Seconds = Field(alias="within", gt=0, description="held by then, or the run ends, inconclusive")
    all: tuple[ConditionText, ...] = Field(
        min_length=1, description="errors < 0.5%, p95 < 300ms, no alert firing (except Watchdog), …"
    )

    @model_validator(mode="after")
    def _about_requests(self) -> Steady:
        if not self.conditions:
            raise ValueError("`all` needs a condition on requests, such as errors < 0.5%")
        return self

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Those of `all` that are about requests."""
        return tuple(condition for condition in self.all if isinstance(condition, Condition))

    @property
    def quiet(self) -> Quiet | None:
        """`no alert firing`, where it stands among `all`."""
        return next((condition for condition in self.all if isinstance(condition, Quiet)), None)


class Phase(Model):
    """A named stretch of the drill: what is done to the stack, and what must be seen."""

    name: PhaseName
    for_s: Seconds = Field(alias="for", gt=0, description="how long; faults last to its end unless they say `for`")
    faults: tuple[AnyFault, ...] = Field(default=(), description="what is done")
    expect: tuple[AnyExpectation, ...] = Field(
        default=(), description="must be seen in it; `within` counts from its start"
    )
    then: tuple[AnyExpectation, ...] = Field(
        default=(), description="must be seen after it; `within` counts from its end"
    )


class Abort(Model):
    """Guards: looked at every second; the first that trips ends the drill, and the faults are taken out at once.

    Two stand without being stated, until a drill states its own of the kind: host memory < 2% free for 5s, host disk < 500MB.
    """

    any: tuple[GuardText, ...] = Field(default=(), description="errors > 50% for 15s, any alert, host cpu > 95%, …")
    blind_s: Seconds = Field(
        default=15.0, alias="blind", gt=0, description="a guard that could not be looked at for so long trips as well"
    )
    max_duration_s: Annotated[Seconds, Field(gt=0)] | None = Field(
        default=None,
        alias="max_duration",
        description="of the whole run; when left out what its waits may take at the most, as `drill plan` says",
    )


@dataclass(frozen=True)
class Origin:
    """Where a drill came from: `places` has 'file:line' by id, `paths` the path of each id in the document.

    requests_per_task   at most so many, as the locustfile's text shows; infinite where it does not
    named               names of its requests, POST /checkout, as far as its text tells them
    unnamed             methods of those whose names only a run knows; None where there may be any other request
    prepared            those of `named` that users ask in their on_start alone
    follows             whether some of its requests follow redirects
    """

    document: Document
    base: Path
    places: Mapping[str, str] = field(default_factory=dict)
    paths: Mapping[str, Path_] = field(default_factory=dict)
    warnings: tuple[Problem, ...] = ()
    requests_per_task: float = 1.0
    named: tuple[str, ...] = ()
    unnamed: tuple[str, ...] | None = None
    prepared: tuple[str, ...] = ()
    follows: bool = False

    @property
    def endpoints(self) -> tuple[str, ...] | None:
        """The names of its requests; None where its text does not tell them all."""
        return self.named if self.unnamed == () else None


class Drill(Model):
    """One rehearsal: a stack, load on it, faults in phases, and what must be seen."""

    name: DrillName = Field(alias="drill", description="the file's name without .yaml")
    title: str = Field(default="", description="one line for lists and reports")
    owner: str = ""
    tags: tuple[str, ...] = ()
    hypothesis: str = Field(default="", description="what you believe will happen, in your own words")
    stack: Stack
    load: Load
    steady: Steady
    orders: dict[str, Orders] = Field(
        default_factory=dict, description="by name, business operations that must come out right: the order book"
    )
    state: dict[KeptName, Kept] = Field(
        default_factory=dict,
        description="by name, what must be as it was before the load, once all is over; see state_restored",
    )
    phases: tuple[Phase, ...] = Field(min_length=1, description="in order; each begins when the last is put right")
    expect: tuple[AnyExpectation, ...] = Field(default=(), description="what must be seen in the whole run")
    restore: Literal["none", "restart"] = Field(
        default="none",
        description="restart: what does not come back by itself after a phase is restarted, and the next phase played",
    )
    lease_s: Seconds = Field(
        default=20.0,
        alias="lease",
        ge=5,
        description="a harness that stands still for longer than this loses its faults: its watchdog takes them out",
    )
    abort: Abort = Field(default_factory=Abort, description="guards, and the drill's end in any case")
    blast_radius: BlastRadius | None = Field(
        default=None, description="what its faults, releases and steps may touch; anything when left out"
    )
    schedule: Schedule | None = Field(default=None, description="when it is due, for `drill schedule` and --scheduled")
    announce: tuple[Way, ...] = Field(default=(), description="whom each run tells of its beginning and its end")
    silence: tuple[Silence, ...] = Field(default=(), description="alerts outside of the stack, quiet while it runs")

    _origin: Origin | None = PrivateAttr(default=None)

    @property
    def origin(self) -> Origin:
        assert self._origin is not None, "a drill comes from parse()"
        return self._origin

    @property
    def file(self) -> str:
        """The file it was read from, as it is printed."""
        return self.origin.document.file

    @property
    def given(self) -> tuple[str, ...]:
        """What the command line changed in it, as typed: `load.seed=7`, `--candidate api=shop:2`; secrets masked."""
        return self.origin.document.given

    def where(self, id_: str) -> str:
        """'file:line' of a fault or an expectation; '' for an id that this drill does not have."""
        return self.origin.places.get(id_, "")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What was found questionable, but not wrong, when it was read."""
        return self.origin.warnings

    def knowing(self, **known: Any) -> Drill:
        """The same drill with more known of its origin."""
        drill = self.model_copy()
        drill._origin = replace(self.origin, **known)
        return drill

    def text(self, id_: str) -> str:
        """A fault or an expectation as it stands in the file, on one line, secrets masked; '' for an unknown id."""
        from harness.drill.resolved import line

        return line(self, id_)

    def problem(self, id_: str, what: str, word: str = "") -> Problem:
        """Something wrong with a fault or an expectation, placed at it, or at `word` where that stands in it."""
        path = self.origin.paths[id_]
        document = self.origin.document
        if word and (*path, word) in document.values:
            return document.problem((*path, word), what)
        return document.problem(path, what, key=True)

    def path(self, text: str) -> Path:
        """A path of the drill file, which is relative to the file, as an absolute one."""
        return (self.origin.base / text).resolve()

    @property
    def compose_files(self) -> tuple[Path, ...]:
        return tuple(self.path(text) for text in self.stack.compose)

    @property
    def env_files(self) -> tuple[Path, ...]:
        return tuple(self.path(text) for text in self.stack.env_file)

    @property
    def locustfiles(self) -> tuple[Path, ...]:
        return located(self.load.locustfiles, self.origin.base)

    def claims(self) -> Iterator[tuple[str, bool, Expectation]]:
        """Every expectation with its phase ('' for the whole run) and whether it is a `then`, in the file's order."""
        for phase in self.phases:
            yield from ((phase.name, False, claim) for claim in phase.expect)
            yield from ((phase.name, True, claim) for claim in phase.then)
        yield from (("", False, claim) for claim in self.expect)

    def faults(self) -> Iterator[tuple[Phase, Fault]]:
        for phase in self.phases:
            yield from ((phase, fault) for fault in phase.faults)

    def masked(self) -> str:
        """The drill as resolved, secrets masked, as YAML: drill.yaml of the run folder, for `load_resolved`."""
        from harness.drill.resolved import masked

        return masked(self)


def data_of(drill: Drill) -> dict[str, Any]:
    """The drill's plain data, as it stood in the file after variables and `--set`."""
    data = drill.origin.document.data
    assert isinstance(data, dict)
    return data
