"""Samples of answers: the first of each kind, so that a person can look at what a fingerprint stands for. Few, short, and masked.

A run's `answers/<worker>.jsonl` holds a line per sample: request_id, endpoint, status, shape, moved (where a redirect ended),
size, text. A service whose answers never repeat their shape must not fill a disk: beyond a first handful a sample a second is
kept, and no more than MOST in all.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from time import monotonic
from typing import TextIO

from harness.ledger.layout import request_id
from harness.masking import masked

EACH = 2  # samples of one kind
LONGEST = 4096  # bytes of a body
AT_ONCE = 50
A_SECOND = 1.0
MOST = 1500
_TEXT = re.compile(r"text/|json|xml|javascript|form-urlencoded|^untyped|^none")
# Bounded, and without anything before the word: the load's own process reads this, and may not be held up by any answer.
_KEYED = re.compile(
    r"""((?:token|secret|passw|csrf|session|authenticity|api_?key)[\w.\[\]-]{0,40}["']?\s{0,4}(?:[:=]|\s{1,4}value=)\s{0,4}["']?)([^"'&\s<>,;]{4,})""",
    re.IGNORECASE,
)


class Samples:
    """Never raises: a sample that cannot be kept costs the run nothing but that sample."""

    def __init__(self, folder: Path, run: str, worker: int) -> None:
        self._path = folder / f"{worker}.jsonl"
        self._run = run
        self._worker = worker
        self._kept: dict[tuple[int, int, int], int] = {}
        self._all = 0
        self._saved, self._at = float(AT_ONCE), monotonic()
        self._file: TextIO | None = None

    def keep(
        self, row: int, kind: tuple[int, int, int], endpoint: str, shape: str, moved: str, body: bytes | None
    ) -> None:
        """An answer of this kind (endpoint, status, shape, as numbers) came for this row."""
        already = self._kept.get(kind, 0)
        if already >= EACH or self._all >= MOST or not self._may():
            return
        self._kept[kind] = already + 1
        self._all += 1
        sample = {
            "request_id": request_id(self._run, self._worker, row),
            "endpoint": endpoint,
            "status": kind[1],
            "shape": shape,
            "moved": masked(moved),
            "size": len(body or b""),
            "text": text_of(body or b"", shape),
        }
        try:
            if self._file is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self._path.open("a", encoding="utf-8")
            self._file.write(json.dumps(sample, ensure_ascii=False) + "\n")
            self._file.flush()
        except OSError:
            self._all = MOST  # a full disk: the ledger says so itself

    def _may(self) -> bool:
        now = monotonic()
        self._saved = min(AT_ONCE, self._saved + (now - self._at) * A_SECOND)
        self._at = now
        if self._saved < 1:
            return False
        self._saved -= 1
        return True


def text_of(body: bytes, shape: str) -> str:
    """The beginning of a body as text, secrets and tokens masked; '' for what is no text."""
    if not _TEXT.search(shape):
        return ""
    text = body[:LONGEST].decode("utf-8", "replace")
    return masked(_KEYED.sub(r"\1[masked]", text))
