"""What a drill's last run came to, and when it last passed: what is told to a monitoring system of its own. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.history.numbers import DETECTION, PAGE, RECOVERY, numbers_of
from harness.history.record import BROKEN, KILLED, WORDS, Record

OUTCOMES = ("passed", "failed", "inconclusive")
ENDINGS = (*WORDS.values(), "interrupted", KILLED, BROKEN)
"""What a run that is over can have come to."""
SECONDS = (DETECTION, PAGE, RECOVERY)


@dataclass(frozen=True)
class Result:
    """
    drill          its name
    word           what its last run came to, one of ENDINGS
    last_unix_s    when that run began; None where its folder's name does not tell
    first_unix_s   when the first run that is still there began
    passed_unix_s  when the last run that passed with every fault of its drill on began; None where none of those looked at did
    outcomes       by expectation, of that last run; {} for one without a verdict
    seconds        by topic (detection, page, recovery), by expectation, of that last run; only what was seen to its end
    """

    drill: str
    word: str
    last_unix_s: float | None
    first_unix_s: float | None
    passed_unix_s: float | None = None
    outcomes: Mapping[str, str] = field(default_factory=dict)
    seconds: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


def result_of(
    last: Record, document: Mapping[str, Any] | None, first_unix_s: float | None, passed_unix_s: float | None
) -> Result:
    """Of the last run that is over, with its verdict.json (None: it has none)."""
    document = document or {}
    findings = document.get("findings")
    listed = [one for one in findings if isinstance(one, dict)] if isinstance(findings, list) else []
    outcomes = {str(one.get("id")): str(one.get("outcome")) for one in listed if one.get("outcome") in OUTCOMES}
    exact = [one for one in numbers_of(document).values() if one.topic in SECONDS and not one.at_least]
    seconds = {
        topic: {one.key.removesuffix(" measured"): _seconds(one.value, one.unit) for one in exact if one.topic == topic}
        for topic in SECONDS
    }
    return Result(last.drill, last.word, last.began_unix_s, first_unix_s, passed_unix_s, outcomes, seconds)


def rehearsed(document: Mapping[str, Any]) -> bool:
    """Whether a run passed, and every fault of its drill was on in it: one with --baseline or --skip has rehearsed less."""
    faults = document.get("faults")
    known = isinstance(faults, list) and all(isinstance(one, dict) for one in faults)
    return known and document.get("exit_code") == 0 and all(one.get("on_s") is not None for one in faults or ())


def _seconds(value: float, unit: str) -> float:
    return value / 1000 if unit == "ms" else value
