"""docs/soak.md from the lines of docs/soak.jsonl: the last soak in full, those before it in a line each. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.stats.theil_sen import Slope, batch_medians, theil_sen

Line = Mapping[str, Any]
WARM_S = 900.0
"""Left out of the slopes; of a short soak a quarter. Caches fill, modules are imported when first needed, and what the live fold
reads each second grows until two blocks of the ledger (2,048 rows: 3 and a half minutes at 10/s) are full."""
FLAT_PER_MIN = {"anonymous_kb": 17.0}  # less than 1 MB in an hour
FLAT_ONE = 1 / 60  # of handles and threads: less than one in an hour
SHORTEST = 24  # samples, for a slope
WHO = ("harness", "load")
WHAT = {
    "anonymous_kb": "anonymous memory, kB",
    "handles": "file handles",
    "threads": "threads",
    "files_kb": "mapped files, kB",
}
HEAD = """# Soak

`make soak` (`MINUTES=60 RATE=20`) runs the small shop at a steady rate in one phase, with a small fault in its middle, and looks at the harness and at
the load's process each ten seconds from outside (`/proc/PID/smaps_rollup`, handles, threads). **Anonymous memory** is what a leak makes grow; pages
of mapped files (the ledger) are the kernel's to take back, and stand apart. A slope is Theil and Sen's over the medians of twelve equal parts after the
warm-up, with its 95 % interval, so that samples next to each other do not narrow it. Every line is in `soak.jsonl`.
"""


@dataclass(frozen=True)
class Trend:
    """One column over a soak: at the warm-up's end, at the end, and per minute."""

    first: float
    last: float
    per_min: Slope
    flat_below: float

    @property
    def flat(self) -> bool:
        """The interval holds 0, or ends below what would be 1 MB (one handle, one thread) in an hour."""
        return self.per_min.low * 60 <= 0 or self.per_min.high * 60 < self.flat_below

    def __str__(self) -> str:
        slope = self.per_min
        return f"{slope.per_s * 60:+.2f} [{slope.low * 60:+.2f}..{slope.high * 60:+.2f}]"


def trend(samples: Sequence[Line], who: str, what: str) -> Trend | None:
    """None of fewer samples than a slope needs."""
    seen = [(one["at_s"], one[who][what]) for one in samples if who in one]
    if not seen:
        return None
    warm_s = min(WARM_S, seen[-1][0] / 4)
    warm = [one for one in seen if one[0] >= warm_s]
    if len(warm) < SHORTEST:
        return None
    times, values = [one[0] for one in warm], [float(one[1]) for one in warm]
    batches = batch_medians(values, times, times[0], times[-1] + 1)
    slope = theil_sen([value for _, value in batches], [at_s for at_s, _ in batches])
    return Trend(batches[0][1], batches[-1][1], slope, FLAT_PER_MIN.get(what, FLAT_ONE))


def steady(soak: Sequence[Line]) -> list[Line]:
    """The looks of its phase: what is closed when it ends is no trend."""
    return [one for one in _of(soak, "sample") if one["at_s"] <= _of(soak, "began")[0]["minutes"] * 60]


def page(lines: Sequence[Line]) -> str:
    """All soaks, the last one first."""
    names = list(dict.fromkeys(line["soak"] for line in lines))
    soaks = [[line for line in lines if line["soak"] == name] for name in reversed(names)]
    if not soaks:
        return HEAD + "\nNone was run yet.\n"
    return "\n".join([HEAD, *_full(soaks[0]), *_before(soaks[1:])]).rstrip() + "\n"


def _of(soak: Sequence[Line], kind: str) -> list[Line]:
    return [line for line in soak if line["kind"] == kind]


def how_it_ended(soak: Sequence[Line]) -> str:
    """A soak that has no last line was cut, or goes on."""
    samples, ended, failed = (_of(soak, kind) for kind in ("sample", "ended", "failed"))
    at_s = samples[-1]["at_s"] if samples else 0.0
    if failed:
        return f"**did not start** (exit {failed[-1]['exit']})"
    if not ended:
        return f"**cut, or still going on**: the last line is of minute {at_s / 60:.1f}"
    return f"ended with {ended[-1]['exit']} after {at_s / 60:.1f} min"


def _full(soak: Sequence[Line]) -> list[str]:
    began, samples = _of(soak, "began")[0], _of(soak, "sample")
    out = [
        f"## {began['soak']}",
        "",
        f"{began['minutes']:g} min at {began['rate']:g}/s, commit {began['commit']}, {began['cpus']} processors: {how_it_ended(soak)}.",
        "",
    ]
    if not samples:
        return out
    samples = steady(soak)
    loads = [one["machine_load"] for one in samples]
    out += [
        f"{len(samples)} looks; the machine's load average was {min(loads):g} to {max(loads):g}.",
        "",
        "| process | | after the warm-up | at the end | per minute | |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for who in WHO:
        for what, said in WHAT.items():
            found = trend(samples, who, what)
            if found is None:
                out.append(f"| {who} | {said} | too few looks for a slope | | | |")
                continue
            word = "" if what == "files_kb" else "flat" if found.flat else "**grows**"
            out.append(f"| {who} | {said} | {found.first:,.0f} | {found.last:,.0f} | {found} | {word} |")
    return [*out, "", *_journal(soak, samples), *_story(samples)]


def _journal(soak: Sequence[Line], samples: Sequence[Line]) -> list[str]:
    out = [f"- The journal had {samples[-1]['journal_bytes'] / 1e6:.1f} MB at the end."]
    out += [
        f"- Read whole at minute {one['at_s'] / 60:.0f}: {one['facts']:,} facts in {one['seconds']:.2f} s ({one['cpu_s']:.2f} s of it processor time)."
        for one in _of(soak, "read")
    ]
    news = [one["news_s"] * 1e3 for one in samples]
    third = max(1, len(news) // 3)
    out.append(
        f"- What was new in ten seconds, read while it was written: {statistics.median(news[:third]):.1f} ms in the first third, "
        f"{statistics.median(news[-third:]):.1f} ms in the last (medians)."
    )
    for one in _of(soak, "ended"):
        told = one["followed"]
        same = "the same facts as the file" if one["same_facts"] else "**not the same facts as the file**"
        if told:
            out.append(
                f"- A process that followed the journal all the time ended with {same} ({told['facts']:,}, in {told['reads']:,} reads)."
            )
        else:
            out.append("- The process that followed the journal **did not come to its end**.")
        out.append(f"- The ledger has {one['rows']:,} rows.")
        said = ", ".join(
            f"{name} {what[0]}" + (f" ({what[1]})" if what[0] != "passed" else "")
            for name, what in one["findings"].items()
        )
        out.append(f"- Findings: {said}.")
        out += [f"- The run is invalid: {why}." for why in one.get("invalid", ())]
    late = sorted(ms for one in samples for ms in one["late_ms"])
    if late:
        p99 = late[min(len(late) - 1, int(0.99 * len(late)))]
        out.append(
            f"- The latest arrival of each second was late by {statistics.median(late):.1f} ms (median), {p99:.1f} ms (p99), {late[-1]:.0f} ms (worst)."
        )
    return [*out, ""]


def _story(samples: Sequence[Line]) -> list[str]:
    """Every so many samples, so that a reader sees the course."""
    step = max(1, len(samples) // 13)
    out = [
        "| minute | harness, anonymous MB | handles | threads | load, anonymous MB | handles | threads | journal MB |",
        "| --- " * 8 + "|",
    ]
    for one in samples[::step]:
        cells = [f"{one['at_s'] / 60:.0f}"]
        for who in WHO:
            seen = one.get(who)
            cells += (
                [f"{seen['anonymous_kb'] / 1e3:.1f}", f"{seen['handles']}", f"{seen['threads']}"]
                if seen
                else ["", "", ""]
            )
        out.append("| " + " | ".join([*cells, f"{one['journal_bytes'] / 1e6:.1f}"]) + " |")
    return [*out, ""]


def _before(soaks: Sequence[Sequence[Line]]) -> list[str]:
    if not soaks:
        return []
    out = [
        "## Before",
        "",
        "| soak | commit | length | harness, kB per minute | load, kB per minute | |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for soak in soaks:
        began, samples = _of(soak, "began")[0], steady(soak)
        slopes = [str(trend(samples, who, "anonymous_kb") or "too few looks") for who in WHO]
        out.append(
            f"| {began['soak']} | {began['commit']} | {began['minutes']:g} min at {began['rate']:g}/s | {' | '.join(slopes)} | {how_it_ended(soak)} |"
        )
    return out
