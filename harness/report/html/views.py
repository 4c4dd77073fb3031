"""The report's sections as plain data, ready for the template: findings with their proofs, faults, phases, evidence. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from harness.facts import ClockRead, ContainerSeen, LoadSampled
from harness.ledger import OUTCOMES
from harness.quantities import figures, spell
from harness.reasons import REASONS
from harness.report.detector import detected, in_numbers
from harness.report.proof import Proof, prove, row_proof
from harness.report.releases import ReleaseView, Step, releases
from harness.report.sizes import sizes
from harness.report.told_once import because
from harness.stats.columns import EVER_US, blocks
from harness.stats.condition import show_ms

if TYPE_CHECKING:
    from harness.plan import Claim
    from harness.report.story import Story

ORDER = ("failed", "inconclusive", "passed")
MOST_EXAMPLES = 4  # of one endpoint and outcome
MOST_KINDS = 15


@dataclass(frozen=True)
class FindingView:
    """A finding as it is shown. `window`: the stretch that it is about, or None; `line`: in the resolved drill below."""

    number: int
    data: Mapping[str, Any]
    because: str
    reason: str
    measure: str
    window: tuple[float, float] | None
    proofs: tuple[Proof, ...]
    line: int


def findings(story: Story, proofs: Mapping[str, Proof]) -> list[FindingView]:
    """Failed first, then inconclusive, then passed; each in the file's order."""
    claims = {claim.id: claim for claim in story.plan.all_claims}
    views = [
        FindingView(
            number,
            finding,
            because(finding, story.document["faults"]),
            REASONS.get(finding["reason"], ""),
            measured(finding["measure"]),
            _window(story, finding, claims.get(finding["id"])),
            tuple(proofs[cite] for cite in finding["cites"]),
            line_of(story, finding["id"]),
        )
        for number, finding in enumerate(story.document["findings"], start=1)
    ]
    return sorted(views, key=lambda view: ORDER.index(view.data["outcome"]))


def measured(measure: Mapping[str, Any] | None) -> str:
    """The interval with its unit, and what its width comes from."""
    if measure is None:
        return ""
    low, high, unit = measure["low"], measure["high"], measure["unit"]
    if high is None:
        value = f"at least {figures(low, 4)} {unit}"
    elif low is None:
        value = "without bound"
    else:
        value = f"{figures(low, 4)} {unit}" if low == high else f"{figures(low, 4)} to {figures(high, 4)} {unit}"
    kinds = {
        "census": "every event counted",
        "grid": "as fine as its source was sampled",
        "sampling": "a statistical interval",
        "censored": "not seen to its end",
    }
    return f"{value} ({kinds.get(measure['kind'], measure['kind'])})"


def released(story: Story) -> list[tuple[ReleaseView, list[tuple[Step, str, list[Proof]]]]]:
    """Each bad release with its instants, how long after its exposure they were, and what they rest on."""
    return [
        (
            view,
            [
                (step, view.after_exposure(step), list(prove(story, filter(None, [step.cite])).values()))
                for step in view.steps
            ],
        )
        for view in releases(story)
    ]


def line_of(story: Story, id_: str) -> int:
    """Where a fault or an expectation stands in the resolved drill that the report shows; 0 when it does not."""
    origin = story.plan.drill.origin
    path = origin.paths.get(id_)
    return origin.document.place(path, key=True).line if path is not None and story.drill_text else 0


def _window(story: Story, finding: Mapping[str, Any], claim: Claim | None) -> tuple[float, float] | None:
    window = story.journal.window(finding["phase"], claim.then if claim else bool(finding["phase"]))
    if window is None:
        return None
    limit_s = claim.expectation.late_s() if claim else None
    end_s = window.start_s + limit_s if limit_s is not None and not window.ended else window.end_s
    return window.start_s, min(end_s, story.journal.end_s)


def faults(story: Story) -> list[dict[str, Any]]:
    """The document's faults with their sizes in words and their places."""
    made = []
    for fault in story.document["faults"]:
        stated, measured_ = sizes(fault["landing"])
        drill = story.plan.drill
        made.append(
            {
                **fault,
                "text": drill.text(fault["id"]),
                "where": drill.where(fault["id"]),
                "line": line_of(story, fault["id"]),
                "stated": stated,
                "measured": measured_,
            }
        )
    return made


def phases(story: Story) -> list[dict[str, str]]:
    """The document's table of phases, as text."""
    return [
        {
            "name": phase["name"],
            "from": f"{phase['start_s']:.1f}",
            "length": spell(round(phase["end_s"] - phase["start_s"], 1)),
            "requests": str(phase["requests"]),
            "per_s": f"{phase['per_s']:.1f}",
            "errors": "" if phase["error_ratio"] is None else f"{100 * phase['error_ratio']:.2f}%",
            "p50": ms(phase, "p50_ms"),
            "p95": ms(phase, "p95_ms"),
            "p99": ms(phase, "p99_ms"),
            "service": ms(phase, "service_p95_ms"),
            "lost": ", ".join(
                f"{phase[key]} {name}"
                for key, name in (("dropped", "dropped"), ("never_answered", "never answered"), ("waiting", "waiting"))
                if phase[key]
            ),
        }
        for phase in story.document["phases"]
    ]


def ms(phase: Mapping[str, Any], name: str) -> str:
    """A percentile of a phase; null in the document is a request without an answer, or no request at all."""
    if not phase["requests"]:
        return ""
    return show_ms(float("inf") if phase[name] is None else phase[name])


def examples(story: Story) -> list[tuple[str, list[Proof]]]:
    """Requests that did not end well, the first few of each endpoint and outcome, with their ids."""
    import numpy as np

    from harness.ledger import ASIDE

    bad, kinds = [], []
    for block in blocks(story.rows, -EVER_US, EVER_US):
        bad_here = (block.outcome > OUTCOMES.index("ok")) & ((block.flags & ASIDE) == 0)
        here = np.flatnonzero(bad_here if block.far is None else bad_here & ~block.far)
        bad.append(block.first + here)
        kinds.append(block.endpoint[here].astype(np.int64) * len(OUTCOMES) + block.outcome[here])
    if not sum(map(len, bad)):
        return []
    places, kind = np.concatenate(bad), np.concatenate(kinds)
    found = []
    for value in np.unique(kind)[:MOST_KINDS]:
        first = places[np.flatnonzero(kind == value)[:MOST_EXAMPLES]]
        title = (
            f"{story.rows.endpoints[int(value) // len(OUTCOMES)] or 'arrivals'}: {OUTCOMES[int(value) % len(OUTCOMES)]}"
        )
        found.append((title, [row_proof(story.rows, int(place), story.run) for place in first]))
    return found


def evidence(story: Story) -> list[tuple[str, str]]:
    """Versions, the clock, and what there is to check: (name, text)."""
    opened = story.journal.opened
    rows = (
        [("harness", f"drill {opened.version or '(version not recorded)'}, journal format {opened.format}")]
        if opened
        else []
    )
    rows += list(_clock(story))
    samples = story.journal.of(LoadSampled)
    if samples:
        share = sum(sample.cpu_ratio for sample in samples) / len(samples)
        rows.append(
            (
                "load process",
                f"{100 * share:.1f}% of one core on average, {max(s.cpu_ratio for s in samples):.0%} at most",
            )
        )
    rows.append(("journal", f"{len(story.journal.facts)} facts"))
    rows.append(("ledger", f"{len(story.rows)} rows"))
    if (told := story.document["detection"]) is not None:
        rows.append(("alerts as a detector", detected(told)))
        rows.append(("the same in numbers", in_numbers(told["trend"])))
    versions = [name for name in story.rows.versions if name]
    if versions:
        rows.append(("versions that answered", ", ".join(versions)))
    return rows


def images(story: Story) -> list[tuple[str, str, str]]:
    """(service, image, digest), the digest as Docker told it while the run went on, '' where it was not recorded."""
    seen = {fact.service: fact for fact in story.journal.of(ContainerSeen)}
    names = dict.fromkeys([*story.images, *seen])
    made = []
    for name in names:
        fact = seen.get(name)
        image = story.images.get(name) or (fact.image if fact else "")
        made.append((name, image, fact.image_id if fact else ""))
    return made


def _clock(story: Story) -> Iterator[tuple[str, str]]:
    opened = story.journal.opened
    if opened:
        yield "second 0", f"{utc(opened.wall_unix_s)} by the wall clock, {opened.monotonic_ns} ns of CLOCK_MONOTONIC"
    reads = story.journal.of(ClockRead)
    if reads:
        offsets = [read.wall_unix_s - read.seen_s for read in reads]
        moved_ms = 1000 * (max(offsets) - min(offsets))
        yield (
            "clock",
            f"wall and monotonic clock read together {len(reads)} times; they drifted {moved_ms:.2f} ms apart",
        )


def utc(unix_s: float) -> str:
    return datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
