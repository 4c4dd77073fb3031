"""The facts of a run as its watchdog needs them: which faults may be on, and a file of its own to say what became of them.

The format is that of `harness/journal.py`, whose package the harness image does not have.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

WRITER = "watchdog"
OURS = ("injecting", "aimed", "injected", "not_injected", "mended", "closed")


def facts_in(folder: Path) -> list[dict[str, Any]]:
    """Those of all writers that tell of faults and of the run's end, in the order in which they were seen. Raises OSError."""
    marks = [f'"fact":"{kind}"'.encode() for kind in OURS]
    found = []
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_bytes().splitlines():
            if any(mark in line for mark in marks) and (fact := _decoded(line)):
                found.append(fact)
    return sorted(found, key=lambda fact: float(fact.get("seen_s", 0.0)))


def open_faults(facts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The `injecting` of each fault that was about to be injected, and neither proven gone nor surely never begun."""
    return [
        fact
        for fact in facts
        if fact["fact"] == "injecting"
        and not any(
            _ends(other) and other["fault"] == fact["fault"] and other["seen_s"] >= fact["seen_s"] for other in facts
        )
    ]


def _ends(fact: dict[str, Any]) -> bool:
    return fact["fact"] == "mended" or (fact["fact"] == "not_injected" and fact.get("untouched") is True)


def aimed_at(facts: list[dict[str, Any]], fault: str) -> tuple[str, ...] | None:
    """The containers that it chose, which is on disk before the deed; None where nothing was done yet; () for all of the service, as
    runs had it that chose only where it was on some."""
    chosen = [fact["containers"] for fact in facts if fact["fact"] == "aimed" and fact["fault"] == fault]
    injected = any(fact["fact"] == "injected" and fact["fault"] == fault for fact in facts)
    return tuple(chosen[-1]) if chosen else () if injected else None


def under_way(facts: list[dict[str, Any]], fault: str) -> bool:
    """Whether it was about to be injected and nothing tells that it is, or that it failed before anything was done; what Docker was
    asked for and did not answer may still come."""
    told = {fact["fact"] for fact in facts if fact.get("fault") == fault}
    return "injected" not in told and ("not_injected" not in told or "aimed" in told)


def _decoded(line: bytes) -> dict[str, Any] | None:
    try:
        fact = json.loads(line)
        return fact if fact["fact"] in OURS and (fact["fact"] == "closed" or "fault" in fact) else None
    except (ValueError, KeyError, TypeError):  # torn by a kill
        return None


class Writer:
    """Appends facts to `folder/watchdog.jsonl`, on disk before `write` returns. A disk that refuses keeps nobody from mending: what
    is owed is written with a later fact. Opened again it goes on counting where the file ends."""

    def __init__(self, folder: Path, now_s: Callable[[], float]) -> None:
        self._path = folder / f"{WRITER}.jsonl"
        self._now_s = now_s
        self._owed = b""
        self._number = 0
        for fact in self._written():
            self._number = max(self._number, int(fact.get("number", 0)))

    def write(self, kind: str, **fields: Any) -> None:
        self._number += 1
        stamp = {"writer": WRITER, "number": self._number, "seen_s": round(self._now_s(), 6)}
        self._owed += json.dumps({"fact": kind, **stamp, **fields}, separators=(",", ":")).encode() + b"\n"
        self.pay()

    def pay(self) -> bool:
        """Whether all that was written is on disk by now."""
        if not self._owed:
            return True
        try:
            with self._path.open("ab") as file:
                if file.tell() and not self._path.read_bytes().endswith(b"\n"):  # a line torn by a kill: end it
                    file.write(b"\n")
                file.write(self._owed)
                file.flush()
                os.fsync(file.fileno())
            self._owed = b""
        except OSError:
            return False
        return True

    def _written(self) -> Iterator[dict[str, Any]]:
        lines = self._path.read_bytes().splitlines() if self._path.exists() else []
        for line in lines:
            try:
                fact = json.loads(line)
            except ValueError:
                continue
            if isinstance(fact, dict):
                yield fact
