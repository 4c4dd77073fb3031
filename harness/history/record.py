"""One run in a line: when, what it came to, and by whom it was begun, from its verdict.json and about.json. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

RUNNING, KILLED, BROKEN, REFUSED = "running", "killed", "broken", "refused"
WORDS = {
    0: "passed",
    1: "failed",
    3: "inconclusive",
    4: "could not run",
    5: "stopped",
    6: "harness error",
    7: "not mended",
}


@dataclass(frozen=True)
class Record:
    """
    run        its id; '' for one that was refused before it had a folder
    word       what it came to: a word of the exit code, or running, killed (no verdict and nobody holds it), broken, refused
    exit_code  None where there is none yet
    counts     findings by outcome
    why        what ended it, or what is wrong with its folder; ''
    about      its commit and machine (harness.run.about); {} where that is not known
    given      what the command line changed in the drill: --set, --candidate
    """

    run: str
    drill: str
    folder: str
    began_unix_s: float | None
    word: str
    exit_code: int | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    length_s: float | None = None
    why: str = ""
    about: Mapping[str, Any] = field(default_factory=dict)
    given: tuple[str, ...] = ()


class NotAVerdict(ValueError):
    """verdict.json holds something else."""


def record_of(
    document: Any, run: str, drill: str, folder: str, began_unix_s: float | None, about: Mapping[str, Any]
) -> Record:
    """The record of a run that was judged. Raises NotAVerdict for what is no verdict."""
    if not isinstance(document, dict) or not isinstance(document.get("exit_code"), int):
        raise NotAVerdict("its verdict.json is not a verdict")
    findings, ending, given = document.get("findings"), document.get("ending"), document.get("given")
    length_s, code = document.get("length_s"), document["exit_code"]
    outcomes = [one.get("outcome") for one in findings if isinstance(one, dict)] if isinstance(findings, list) else []
    return Record(
        run,
        drill,
        folder,
        began_unix_s,
        WORDS.get(code, "interrupted"),
        code,
        dict(Counter(outcome for outcome in outcomes if isinstance(outcome, str))),
        float(length_s) if isinstance(length_s, (int, float)) else None,
        _why(document.get("invalid"), ending if isinstance(ending, dict) else {}),
        about,
        tuple(map(str, given)) if isinstance(given, list) else (),
    )


def _why(invalid: Any, ending: Mapping[str, Any]) -> str:
    """Why the run ended otherwise than by its findings."""
    on = ending.get("not_mended")
    told = [
        f"still on: {', '.join(map(str, on))}" if isinstance(on, list) and on else "",
        *(str(ending.get(word) or "") for word in ("broken", "stopped", "refused")),
        *(str(one) for one in (invalid if isinstance(invalid, list) else ())),
        "the steady state never held" if ending.get("gate") is False else "",
    ]
    return next((text for text in told if text), "")


def begun_by(record: Record) -> str:
    """The commit of a run and what was changed on the command line, as far as they are known: '3f9a01bc, --set load.seed=7'."""
    commit = str(record.about.get("commit") or "")
    changed = " with changes" if record.about.get("dirty") else ""
    return ", ".join((*([f"{commit[:10]}{changed}"] if commit else []), *record.given))
