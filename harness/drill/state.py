"""`state:` of a drill file: what must be as it was before the load, once all is over; and what is wrong with claims about it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from harness.drill.problem import Problem, did_you_mean
from harness.drill.readers import Reader
from harness.drill.ways import Ways
from harness.endstate import CONTAINERS, COUNT, GROWS, SAME
from harness.expectations.state_restored import StateRestored

if TYPE_CHECKING:
    from harness.drill.model import Drill


def _name(value: str) -> str:
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", value) is None:
        raise ValueError(f"{value!r} cannot name a part of the state: it is made of letters, digits, '_' and '-'")
    if value == CONTAINERS:
        raise ValueError(f"`{CONTAINERS}` are read of every stack; give this part another name")
    return value


KeptName = Annotated[str, AfterValidator(_name)]


class Kept(Ways):
    """A part of the stack's state, and one way to read it: a schema, a queue, dead letters, a cache, flags, a configuration.

    Every column is compared, text too; of an element of JSON (http, redis, command) all that it holds, unless `fields` say less.
    Keep out of a query what changes by itself (a clock, a counter of reads); rows in another order are the same rows.
    """

    compare: Literal["same", "count", "grows"] | None = Field(
        default=None,
        description="same: every row as before, when left out; count: as many rows as before, as with at_most or margin;"
        " grows: not compared, but listed",
    )
    at_most: int | None = Field(default=None, ge=0, description="so many rows at the end, whatever there were before")
    margin: int | None = Field(default=None, ge=0, description="so many rows more or fewer than before")

    @model_validator(mode="after")
    def _counts(self) -> Kept:
        if self.at_most is not None and self.margin is not None:
            raise ValueError("`at_most` counts rows at the end, `margin` against those before: give one of them")
        if self.compare in (SAME, GROWS) and (self.at_most is not None or self.margin is not None):
            raise ValueError(f"`at_most` and `margin` count rows, and `compare: {self.compare}` does not: leave it out")
        return self

    @property
    def role(self) -> str:
        """same, count or grows."""
        counts = self.at_most is not None or self.margin is not None
        return self.compare or (COUNT if counts else SAME)


class ContainersReader(Reader):
    """What Docker says of the stack's containers: read of every stack, and declared by none."""

    word: ClassVar[str] = CONTAINERS

    @property
    def what(self) -> str:
        return "the stack's containers"


def problems(drill: Drill) -> Iterator[Problem]:
    """Claims about the end state that stand in a phase, or that name parts of the state which the drill does not declare."""
    known = (CONTAINERS, *drill.state)
    for id_, phase, claim in ((claim.id, phase, claim) for phase, _, claim in drill.claims()):
        if not isinstance(claim, StateRestored):
            continue
        if phase:
            what = (
                f"{id_}: the state is read when all phases are over; the claim belongs under the drill's own `expect`"
            )
            yield drill.problem(id_, what)
        for name in claim.only:
            if name not in known:
                near = did_you_mean(name, known) or f"; there are {', '.join(known)}"
                yield drill.problem(id_, f"{id_}: no part {name!r} of the state{near}", "only")
