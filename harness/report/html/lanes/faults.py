"""Faults: one row for each, from asked to mended, with its stated and its measured size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from harness.facts import Injected, Injecting, Mended, NotInjected, NotMended, RungTried
from harness.report.html.lanes.base import Bands, Mark, Tone
from harness.report.ladder import climbed
from harness.report.sizes import sizes

if TYPE_CHECKING:
    from harness.report.html.seconds import Seconds
    from harness.report.story import Story


def lane(story: Story, _seconds: Seconds | None) -> Bands | None:
    rows = tuple(
        (_label(fault["id"]), (_mark(story, fault),))
        for fault in story.document["faults"]
        if fault["asked_s"] is not None
    )
    return Bands("faults", "Faults", rows) if rows else None


def _label(id_: str) -> str:
    """Without its phase, which stands in the lane above."""
    return id_.rpartition("/")[2]


def _mark(story: Story, fault: Mapping[str, Any]) -> Mark:
    journal, id_, landing, mend = story.journal, fault["id"], fault["landing"], fault["mend"]
    kinds = (Injecting, Injected, NotInjected, RungTried, Mended, NotMended)
    cites = tuple(fact.cite for kind in kinds for fact in journal.of(kind, fault=id_))
    end_s = journal.end_s if fault["mended_s"] is None else fault["mended_s"]
    landed = landing["outcome"] in ("landed", "partial")
    tone: Tone = "fault" if landed else "warn"
    told = sizes(landing)
    detail = {
        "target": fault["target"],
        "asked at": _at(fault["asked_s"]),
        "on from": _at(fault["on_s"]),
        "mended at": _at(fault["mended_s"]),
        "landed": f"{landing['outcome'].replace('_', ' ')}: {landing['because']}",
        **{name: text for name, text in (("stated", told[0]), ("measured", told[1])) if text},
        "mend": "not mended"
        if mend is None
        else f"{'proven' if mend['outcome'] == 'landed' else 'not proven'}: {mend['because']}",
        **({"ladder": climbed(fault)} if climbed(fault) else {}),
    }
    text = f"{landing['outcome'].replace('_', ' ')}: {landing['because']}"
    return Mark(fault["asked_s"], end_s, text, tone, detail, cites)


def _at(value: float | None) -> str:
    return "not known" if value is None else f"{value:.3f} s"
