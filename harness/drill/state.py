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
    may_be_empty: bool = Field(
        default=False,
        description="of redis: the name is right, though there may be nothing under it before the load and when all is over",
    )

    @model_validator(mode="after")
    def _counts(self) -> Kept:
        if self.at_most is not None and self.margin is not None:
            raise ValueError("`at_most` counts rows at the end, `margin` against those before: give one of them")
        if self.compare in (SAME, GROWS) and (self.at_most is not None or self.margin is not None):
            raise ValueError(f"`at_most` and `margin` count rows, and `compare: {self.compare}` does not: leave it out")
        if self.may_be_empty and not self.unproven:
            raise ValueError("`may_be_empty` is said of redis: any other way says by itself what is not there")
        return self

    @property
    def unproven(self) -> bool:
        """Whether it reads as empty where nothing has its name: Redis keeps no empty list, hash or set."""
        return self.redis is not None

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
    """Claims about the end state that stand in a phase, or that name parts of the state which the drill does not declare; and, as a
    warning, parts that are to be empty and whose name nothing would prove."""
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
    for name, kept in drill.state.items():
        if kept.unproven and not kept.may_be_empty and kept.at_most == 0:
            what = (
                f"state.{name}: {kept.reader.what} is empty where it is not there, so a misspelt name reads like that too: where no "
                "look finds a row, state_restored is inconclusive. Where the name is right, say `may_be_empty: true`"
            )
            yield drill.origin.document.warning(("state", name), what)
