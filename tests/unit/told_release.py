"""A small run in which a release was deployed, paged for, and taken back by a person, as its report is told from it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from harness import facts as f
from harness.facts import Fact
from harness.journal import merged
from harness.ledger import rows_of

FAULT = "slow/bad_release-api"


@dataclass(frozen=True, kw_only=True)
class Trying(Fact):
    """Something that a person began to run; the report knows no such fact."""

    by: str
    command: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Tried(Fact):
    """And how it ended; `begun` is the number of its beginning."""

    begun: int
    exit_code: int


@dataclass(frozen=True, kw_only=True)
class Remarked(Fact):
    """What a person wrote down, of which kind."""

    by: str
    kind: str
    text: str


def release_told(story: Any, *more: f.Fact, **instants: Any) -> Any:
    """The story with a release in it: v2 on one of two replicas from 11 s, taken back at 16 s; `instants` of verdict.json replaced."""
    facts = (
        f.Injecting(fault=FAULT, kind="bad_release", target="api", planned_s=10.5, seen_s=10.5, **_at("h", 1)),
        f.ReleaseSeen(service="api", container="drill-0badcafe-api-1", release="good", seen_s=10.6, **_at("h", 2)),
        f.ReleaseSeen(service="api", container="drill-0badcafe-api-2", release="good", seen_s=10.6, **_at("h", 3)),
        f.ReleaseSeen(service="api", container="drill-0badcafe-api-2", release="bad", seen_s=11.0, **_at("h", 4)),
        f.Deployed(service="api", image="api:2", by="harness", begun_s=10.5, seen_s=11.2, **_at("h", 5)),
        f.Paged(receiver="oncall", alert="Slow", status="firing", seen_s=13.0, **_at("h", 6)),
        f.LeverAsked(lever="roll", question="Roll back?", trigger="h:6", seen_s=13.2, **_at("h", 7)),
        f.LeverPulled(lever="roll", by="human", command="./back.sh", trigger="h:6", seen_s=15.0, **_at("h", 8)),
        f.LeverEnded(lever="roll", begun_s=15.0, exit_code=0, seen_s=16.5, **_at("h", 9)),
        f.ReleaseSeen(service="api", container="drill-0badcafe-api-2", release="gone", seen_s=16.0, **_at("h", 10)),
        Trying(by="ann", command=("docker", "compose", "up"), seen_s=14.0, **_at("people-ann", 1)),
        Tried(begun=1, exit_code=1, seen_s=14.5, **_at("people-ann", 2)),
        Remarked(by="bo", kind="hypothesis", text="v2 is slow", seen_s=13.5, **_at("people-bo", 1)),
    )  # fmt: skip
    told = {
        "fault": FAULT,
        "services": ["api"],
        "version": "v2",
        "bad_answers": 50,
        "answers_after": 280,
        "still_bad": [],
        "command": "./back.sh",
        "exit_code": 0,
        "instants": {
            "exposed": _instant(11.0, 11.1, "row 0:201"),
            "deployed": _instant(10.5, 11.2, "h:5"),
            "paged": _instant(13.0, 13.0, "h:6"),
            "trigger": _instant(13.0, 13.0, "h:6"),
            "decided": _instant(15.0, 15.0, "h:8"),
            "executed": _instant(16.5, 16.5, "h:9"),
            "last_bad": _instant(15.9, 16.0, "row 0:299"),
            "swept": _instant(20.0, 21.0, ""),
            **instants,
        },
        "durations": {"to_page": {"low_s": 1.9, "high_s": 2.0}, "to_sweep": {"low_s": 4.0, "high_s": 5.1}},
    }
    rows = rows_of({"at_s": 1 + i / 20, "took_ms": 20.0, "version": _version(1 + i / 20, i)} for i in range(580))
    journal = merged([*story.journal.facts, *facts, *more])
    return dataclasses.replace(story, journal=journal, rows=rows, document={**story.document, "releases": [told]})


def _version(at_s: float, number: int) -> str:
    """Half of the answers are of v2 while it is out."""
    return "v2" if 11.0 <= at_s < 16.0 and number % 2 else "v1"


def _at(writer: str, number: int) -> dict[str, Any]:
    return {"writer": writer, "number": number}


def _instant(low_s: float, high_s: float, cite: str) -> dict[str, Any]:
    return {"low_s": low_s, "high_s": high_s, "cite": cite}
