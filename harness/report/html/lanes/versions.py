"""Versions: which of them the answers of each second named, as shares. A canary's share shows, and a replica that was missed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.report.html.lanes.base import Chart, Series

if TYPE_CHECKING:
    from harness.report.html.seconds import Seconds
    from harness.report.story import Story

MOST = 6  # versions of their own; those that answered least are told as one
TONES = ("p50", "p95", "p99", "wrong", "4xx", "timeout")
UNNAMED = "none named"


def lane(story: Story, seconds: Seconds | None) -> Chart | None:
    if seconds is None:
        return None
    import numpy as np

    from harness.expectations.requests import now_s
    from harness.versions import answers

    start_s, width_s, bins = seconds.start_s[0], seconds.width_s, len(seconds.start_s)
    bad = [one["version"] for one in story.document["releases"]]
    given = answers(story.rows, start_s, start_s + bins * width_s, now_s(story.journal))
    names = given.names()
    if not names or (len(names) == 1 and not bad):
        return None
    some = given.rows.array["status"] > 0  # what was refused or cut off is no answer
    place = np.clip(((given.done_s[some] - start_s) / width_s).astype(int), 0, bins - 1)
    version = given.rows.array["version"][some]
    every = np.bincount(place, minlength=bins)

    def counted(*numbers: int) -> Any:
        return np.bincount(place[np.isin(version, numbers)], minlength=bins)

    counts = {name: counted(given.rows.versions.index(name)) for name in names}
    regular = [name for name in names if name not in bad]
    least = sorted(regular, key=lambda name: -int(counts[name].sum()))[MOST:]
    told = [(name, counts[name]) for name in regular if name not in least]
    if least:
        told.append(("other versions", counted(*map(given.rows.versions.index, least))))
    if "" in given.rows.versions:
        told.append((UNNAMED, counted(given.rows.versions.index(""))))
    told += [(name, counts[name]) for name in names if name in bad]
    series = tuple(
        Series(name, _shares(count, every), "fault" if name in bad else _tone(name, number))
        for number, (name, count) in enumerate(told)
        if count.any()
    )
    note = "Of the answers that came in each second, by the version that they name; a gap: no answer came."
    return Chart("versions", "Answers by version", "%", seconds.start_s, width_s, series, stacked=True, note=note)


def _tone(name: str, number: int) -> str:
    return "quiet" if name == UNNAMED else TONES[number % len(TONES)]


def _shares(counts: Any, every: Any) -> tuple[float | None, ...]:
    """In per cent; None where nothing was answered."""
    return tuple(100 * float(n) / float(of) if of else None for n, of in zip(counts, every, strict=True))
