"""What every fault is: a condition we cause on one target, how to take it away, and how a witness tells that it
landed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from pydantic import Field

from harness.facts import Witnessed
from harness.quantities import Model, Seconds
from harness.world.handles import World

Landed = Literal["landed", "partial", "not_landed", "not_measurable"]
FELT = ("landed", "partial")


@dataclass(frozen=True)
class Landing:
    """Whether a fault took effect, from witness looks alone: stated and measured size side by side.

    share    of the looks that felt it (None when nothing could be measured); share_stated what the drill asked for
    decide   where it could not be measured: what could
    """

    outcome: Landed
    because: str
    stated: Mapping[str, Any] = field(default_factory=dict)
    measured: Mapping[str, Any] = field(default_factory=dict)
    share: float | None = None
    looks: int = 0
    decide: str = ""


class Fault(Model):
    """The common part of all faults. `after` counts from the phase's beginning; without `for` it lasts to the phase's
    end.
    """

    word: ClassVar[str] = ""
    outlasts: ClassVar[bool] = False
    """Stays until its judging window has closed: what takes it away before that is the system or its people."""
    witnessed: ClassVar[bool] = True
    """Whether looks tell that it landed; where not, its own readback does (`by_readback`)."""

    after: Seconds = Field(default=0.0, description="from the phase's beginning")
    for_: Seconds | None = Field(default=None, alias="for", description="how long; to the phase's end when left out")
    id: str = Field(default="", description="a name of your own; else <phase>/<fault>-<target>")

    @classmethod
    def kind(cls) -> str:
        """The word of drill's own fault that it is, or is built on: by it a fault is taken out from outside, when its run has died."""
        ours = (base for base in cls.__mro__ if base.__module__.startswith("harness.faults."))
        return next((str(vars(base)["word"]) for base in ours if vars(base).get("word")), cls.word)

    @property
    def target(self) -> str:
        """The edge (`api->postgres`) or the service that is hurt."""
        raise NotImplementedError

    @property
    def targets(self) -> tuple[str, ...]:
        """The edges or services that `target` stands for: itself, or several that it joins with a plus sign."""
        return tuple(self.target.split("+"))

    @property
    def on_edge(self) -> bool:
        """Whether the target is an edge."""
        return "->" in self.target

    def stated(self) -> Mapping[str, Any]:
        """The fault's size as the drill states it, for the journal and the report."""
        return self.model_dump(mode="json", exclude={"after", "for_", "id"}, exclude_defaults=False)

    def aimed(self, world: World) -> Fault:
        """Itself, with the containers chosen that it hurts, where it hurts any. Raises errors.NotApplied."""
        return self

    @property
    def containers(self) -> tuple[str, ...]:
        """The containers that were chosen; () where its target is none."""
        return ()

    def inject(self, holder: str, world: World) -> Mapping[str, Any]:
        """Make it so and read it back; returns the readback. Raises errors.NotApplied."""
        raise NotImplementedError

    def begun(self, holder: str, world: World) -> bool:
        """`inject` has raised: whether a part of it may have taken place. False only where that is sure: then nothing undoes it."""
        return True

    def hasten(self, world: World) -> None:
        """The run is being ended while `inject` still waits, in another thread: what it waits for is cut short, if it can be."""
        return

    def mend(self, holder: str, world: World) -> str:
        """Take it away and prove it; returns the ladder rung used, '' for the ordinary way. Idempotent. Raises
        errors.NotMended.
        """
        raise NotImplementedError

    def came_to(self, holder: str, world: World) -> Mapping[str, Any]:
        """Once it was taken away, what there is to tell of how it had been, for the journal."""
        return {}

    def by_readback(self, injected: Mapping[str, Any], mended: Mapping[str, Any] | None) -> Landing:
        """Pure: did it land, of a fault that looks cannot tell; from what its injection and its mend (None: not yet) read back."""
        raise NotImplementedError  # abstract: asked only of faults that are not `witnessed`

    def unseen(self, answer_bytes: int | None) -> str:
        """Why the witness can hardly tell it by answers of about so many bytes (None: not known), or ''. Said at plan time."""
        return ""

    def landing(self, before: Sequence[Witnessed], during: Sequence[Witnessed]) -> Landing:
        """Pure: did it land, judged from witness looks before and during."""
        raise NotImplementedError

    def gone(self, before: Sequence[Witnessed], after: Sequence[Witnessed]) -> Landing:
        """Pure: is it proven gone; 'landed' then means that the mend landed."""
        raise NotImplementedError
