"""How long a release took to be seen, paged, decided on, taken out and forgotten: a bar each, its uncertain ends paler."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.report.html.lanes.base import Bands, Mark
from harness.report.releases import Between, ReleaseView, releases

if TYPE_CHECKING:
    from harness.report.html.seconds import Seconds
    from harness.report.story import Story


def lane(story: Story, _seconds: Seconds | None) -> Bands | None:
    rows: dict[str, list[Mark]] = {}
    for view in releases(story):
        for one in view.between:
            rows.setdefault(one.name, []).extend(_marks(one, view))
    told = tuple((name, tuple(marks)) for name, marks in rows.items() if marks)
    note = "From one instant to the next; paler where the ends are not known closer."
    return Bands("durations", "How long it took", told, note, beside=True) if told else None


def _marks(one: Between, view: ReleaseView) -> Iterator[Mark]:
    """What surely belongs to it, between what may; the text stands at the last."""
    first, then = one.first, one.then
    if first is None or then is None:
        return
    detail = {"took": one.took, "from": f"{first.name}, {first.when}", "to": f"{then.name}, {then.when}"}
    detail["release"] = view.fault
    cites = tuple(step.cite for step in (first, then) if step.cite)
    sure = first.high_s < then.low_s
    ends = [(first.low_s, min(first.high_s, then.high_s)), (max(then.low_s, first.low_s), then.high_s)]
    bars = [("quiet", *ends[0]), *([("plain", first.high_s, then.low_s)] if sure else []), ("quiet", *ends[1])]
    known = [bar for bar in bars if bar[2] > bar[1]] or [("plain", first.low_s, then.high_s)]
    for tone, low_s, high_s in known:
        text = one.took if (tone, low_s, high_s) == known[-1] else ""
        yield Mark(low_s, high_s, text, tone, {**detail}, cites)  # type: ignore[arg-type]
