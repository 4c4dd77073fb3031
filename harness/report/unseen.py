"""What was not observed, said as plainly as what was. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.facts import Blinded, ClockRead, Closed, ContainerSeen, EdgeFound, Witnessed
from harness.report.told_once import because

if TYPE_CHECKING:
    from harness.report.story import Story

CLOCK_STEP_S = 0.1


@dataclass(frozen=True)
class Unseen:
    """`what` was not seen, `why`, and what would show it, '' where nothing can be said. `id` of a finding or ''."""

    what: str
    why: str
    decide: str = ""
    id: str = ""


def unseen(story: Story) -> list[Unseen]:
    """All of it, what matters most first."""
    return [*_run(story), *_claims(story), *_faults(story), *_looks(story), *_edges(story), *_records(story)]


def _run(story: Story) -> Iterator[Unseen]:
    yield from (Unseen("the run as it was planned", reason) for reason in story.document["invalid"])
    closed = story.journal.last(Closed)
    if closed and closed.left:
        yield Unseen("everything taken down", f"left behind: {', '.join(closed.left)}", "`drill mend`")


def _claims(story: Story) -> Iterator[Unseen]:
    for finding in story.document["findings"]:
        if finding["outcome"] == "inconclusive":
            why = because(finding, story.document["faults"])
            yield Unseen(f"whether {finding['id']} holds", why, finding["decide"], finding["id"])


def _faults(story: Story) -> Iterator[Unseen]:
    for fault in story.document["faults"]:
        landing, mend = fault["landing"], fault["mend"]
        if landing["outcome"] not in ("landed", "partial"):
            yield Unseen(f"{fault['id']} felt by its caller", landing["because"])
        if mend is not None and mend["outcome"] != "landed":
            yield Unseen(f"{fault['id']} proven to be gone", mend["because"])


def _looks(story: Story) -> Iterator[Unseen]:
    """Probes that wanted to look and could not, one line for each probe and target."""
    blind: dict[tuple[str, str], list[Blinded]] = {}
    for fact in story.journal.of(Blinded):
        blind.setdefault((fact.probe, fact.target), []).append(fact)
    for (probe, target), facts in blind.items():
        first, last = facts[0].at_s, facts[-1].at_s
        times = "once" if len(facts) == 1 else f"{len(facts)} times"
        when = f"at {first:.1f} s" if len(facts) == 1 else f"from {first:.1f} s to {last:.1f} s"
        yield Unseen(f"{target or probe} ({probe})", f"{times} the probe could not look, {when}: {facts[-1].error}")


def _edges(story: Story) -> Iterator[Unseen]:
    for edge in story.journal.of(EdgeFound):
        if edge.refused:
            yield Unseen(f"what passes over {edge.edge}", f"the edge stayed as it was: {edge.refused}")
    bare = {look.edge for look in story.journal.of(Witnessed) if look.outcome == "answered" and not look.speaks}
    spoken = {look.edge for look in story.journal.of(Witnessed) if look.speaks}
    for edge_id in sorted(bare - spoken):
        yield Unseen(
            f"answers over {edge_id}",
            "the witness knows no protocol for it, so it saw only whether it connects",
            f"stack: {{edges: [{{edge: '{edge_id}', speaks: …}}]}}",
        )


def _records(story: Story) -> Iterator[Unseen]:
    load = story.plan.drill.load
    asked = story.document["releases"] or "version_header" in load.model_fields_set
    if asked and len(story.rows) and story.rows.versions == ("",):
        why = f"no answer had the header {load.version_header}"
        yield Unseen("which version answered", why, "`load: {version_header: …}`")
    if not any(seen.image_id for seen in story.journal.of(ContainerSeen)):
        yield Unseen("the digests of the images", "they were not recorded in this run")
    offsets = [read.wall_unix_s - read.seen_s for read in story.journal.of(ClockRead)]
    if offsets and max(offsets) - min(offsets) > CLOCK_STEP_S:
        moved = max(offsets) - min(offsets)
        yield Unseen(
            "a steady wall clock", f"it moved by {moved:.3f} s against the monotonic one while the run went on"
        )
