"""The order book's suite, without Docker: a simulated shop played right and with each of its mistakes, and histories drawn at random.

Each run is written as a run's folder and judged by the whole judge, as `drill judge` would; a history is judged in memory.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from order_stories import classes

from calibration.order_histories import KINDS, drawn
from calibration.rates import Rate
from calibration.shop import MISTAKES, Shop, Ways, played
from calibration.shop_folder import write
from calibration.work import Work
from harness.judging import judge_folder
from harness.verdict import Finding, Outcome

SCRATCH = Path("/dev/shm") if Path("/dev/shm").is_dir() else None
CLAIM = "kept"
LAW = "law_broken"
Keys = dict[str, set[str]]
Say = Callable[[str], None]


def judged(shop: Shop, folder: Path) -> tuple[Finding, Keys]:
    """The finding about a shop's run, and by class the keys that verdict.json has of it."""
    judgement = judge_folder(write(shop, folder))
    (finding,) = [one.finding for one in judgement.verdict.findings if one.id == CLAIM]
    (book,) = judgement.document["orders"]
    found = {one["class"]: set(one["keys"]) for one in book["classes"] if one["count"]}
    broken = {key for law in book["laws"] if law["holds"] is False for key in law["keys"]}
    return finding, found | ({LAW: broken} if broken else {})


def exact(finding: Finding, found: Keys, wrong: dict[str, str], reason: str) -> str:
    """'' where the claim failed by the mistake's own class with exactly the orders that it hurt; else what it said instead.

    A second charge breaks a law, too: that is said beside it.
    """
    hurt = {key for key, what in wrong.items() if what == reason}
    if (finding.outcome, finding.reason) != (Outcome.FAILED, reason):
        return f"{finding.outcome.value} {finding.reason}".strip()
    if found.get(reason) != hurt or set(wrong.values()) != {reason}:
        return f"{len(found.get(reason, set()) ^ hurt)} orders too many or too few"
    more = sorted(set(found) - {reason, LAW})
    return f"and {', '.join(more)}" if more else ""


# --- one seed each ------------------------------------------------------------------------------------------------------


def mistaken(name: str, seed: int) -> dict[str, Any]:
    """A run with a mistake. `hurt`: orders; in a run that it hurt none there is nothing to find."""
    ways, reason = MISTAKES[name]
    shop, finding, found = _run(seed, ways)
    hurt = sum(what == reason for what in shop.wrong.values())
    if not shop.wrong:
        return {"hurt": 0, "orders": len(shop.orders), "instead": _clean(finding, found)}
    return {"hurt": hurt, "orders": len(shop.orders), "instead": exact(finding, found, shop.wrong, reason)}


def honest(seed: int) -> dict[str, Any]:
    """A run of the shop as it should be: its attempts, those whose answer was lost, and the orders of these that were done."""
    shop, finding, found = _run(seed, Ways())
    last = {attempt.key: attempt.status for attempt in shop.attempts}
    there = {order["key"] for order in shop.orders}
    return {
        "attempts": len(shop.attempts),
        "orders": len(shop.orders),
        "unanswered": sum(attempt.status == 0 for attempt in shop.attempts),
        "done": sum(status == 0 and key in there for key, status in last.items()),
        "undone": sum(status == 0 and key not in there for key, status in last.items()),
        "instead": _clean(finding, found),
    }


def random_history(seed: int) -> dict[str, Any]:
    """A drawn history: by class what was put in, and what was found else."""
    story, made = drawn(seed)
    found, finding = classes(story), story.check()
    first = next((kind for kind in KINDS if kind in made.want), "")
    said = (
        (finding.outcome is Outcome.FAILED and finding.reason == first) if first else finding.outcome is Outcome.PASSED
    )
    audit = story.review().audit
    counted = audit is not None and audit.recovered == made.recovered
    wrong = sorted(kind for kind in {*found, *made.want} if found.get(kind) != made.want.get(kind))
    instead = ", ".join([*wrong, *([] if said else [f"said {finding.reason}"]), *([] if counted else ["recovered"])])
    return {"put": {kind: len(names) for kind, names in made.want.items()}, "instead": instead}


def _run(seed: int, ways: Ways) -> tuple[Shop, Finding, Keys]:
    shop = played(seed, ways)
    with tempfile.TemporaryDirectory(prefix="drill-orders-", dir=SCRATCH) as folder:
        return shop, *judged(shop, Path(folder) / "run")


def _clean(finding: Finding, found: Keys) -> str:
    """'' where nothing was found; else what was."""
    parts = [f"{len(keys)} {name}" for name, keys in sorted(found.items())]
    return ", ".join(parts) or (
        "" if finding.outcome is Outcome.PASSED else f"{finding.outcome.value} {finding.reason}"
    )


# --- all of them --------------------------------------------------------------------------------------------------------


@dataclass
class Counted:
    """Runs of one kind. `right`: those that were judged as they must; `total`: what their results sum up to."""

    name: str
    right: Rate = field(default_factory=Rate)
    idle: int = 0
    instead: Counter[str] = field(default_factory=Counter)
    total: Counter[str] = field(default_factory=Counter)

    def add(self, result: dict[str, Any]) -> None:
        instead = result["instead"]
        self.right.add(not instead)
        if instead:
            self.instead[instead] += 1
        for name, value in {**result, **result.get("put", {})}.items():
            if isinstance(value, int):
                self.total[name] += value


def mistakes(seeds: Sequence[int], work: Work, say: Say) -> Iterator[Counted]:
    """Each mistake over the seeds. A run that it hurt nobody in is idle: there, nothing may be found."""
    for name in MISTAKES:
        counted = Counted(name)
        for result in work.done(f"orders {name}", partial(mistaken, name), seeds, say):
            if result["hurt"] or result["instead"]:
                counted.add(result)
            else:
                counted.idle += 1
        say(f"{name}: {counted.right.count} of {counted.right.runs}")
        yield counted


def all_of(name: str, piece: Callable[[int], dict[str, Any]], seeds: Sequence[int], work: Work, say: Say) -> Counted:
    """A piece over the seeds."""
    counted = Counted(name)
    for result in work.done(f"orders {name}", piece, seeds, say):
        counted.add(result)
    say(f"{name}: {counted.right.count} of {counted.right.runs}")
    return counted
