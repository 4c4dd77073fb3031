"""A dependency that takes a request and says nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from harness.facts import Witnessed
from harness.faults import felt
from harness.faults.base import Landing
from harness.faults.toxic import Stream, ToxicFault
from harness.world.handles import Toxic


class Hang(ToxicFault):
    """
    A dependency says nothing any more: connections open, and no answer ever comes.

        faults:
          - hang: {edge: api->postgres, share: 30%}

    Begins: answers stop at once, on open connections too unless they are cut. What is sent is dropped: the dependency
            does not get the requests, and where every connection is hit, nothing of what it says by itself arrives.
            With `stream: downstream` it gets and carries them out, and only its answers are lost; where it closes the
            connection after its answer, the caller meets an end of file instead of silence.
    Ends:   every connection of the edge is closed, those that were not hit too: the caller sees an end of file (FIN).
            So the end is a disturbance of its own.
    Units:  none; it lasts until it is taken away.
    Raises: NotApplied when the edge has no proxy, or Toxiproxy did not take it.
    Source: Toxiproxy toxics/timeout.go (timeout 0), Pipe and Cleanup.
    """

    word: ClassVar[str] = "hang"
    spends: ClassVar[bool] = True

    stream: Stream | None = Field(
        default=None, description="what is lost: upstream, the requests; downstream, the answers; default: both"
    )

    def toxics(self) -> tuple[Toxic, ...]:
        if self.stream:
            streams: tuple[Stream, ...] = (self.stream,)
        else:  # the draw is made for each toxic by itself: two at 30% would hit 51% of the connections
            streams = ("upstream", "downstream") if self.share == 1 else ("upstream",)
        return tuple(Toxic("timeout", {"timeout": 0}, stream, self.share) for stream in streams)

    def landing(self, before: Sequence[Witnessed], during: Sequence[Witnessed]) -> Landing:
        if not felt.answered(before, protocol=True):
            return felt.no_baseline(before, "whether an answer comes", self.share, {"outcome": "hung"})
        return felt.by_outcome(self.share, [look for look in during if look.speaks], ("hung",))
