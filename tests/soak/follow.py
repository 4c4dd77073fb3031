"""Follows a run's journal from its beginning to its end: `python -m soak.follow FOLDER OUT`. OUT has the facts' citations, hashed,
and what following took."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from harness.facts import Closed, Fact
from harness.following import Following

EVERY_S = 0.5
SETTLED_S = 3.0  # after the run has closed its journal nothing comes; this long is waited for it all the same


def digest(facts: Iterable[Fact]) -> dict[str, object]:
    """How many facts, and a hash of all of them, in whatever order they came."""
    told = sorted((fact.writer, fact.number, repr(fact)) for fact in facts)
    return {"facts": len(told), "sha256": hashlib.sha256(repr(told).encode()).hexdigest()}


def main(folder: Path, out: Path) -> None:
    following = Following(folder)
    seen: list[Fact] = []
    over_s, worst_s, reads, cpu_s = 0.0, 0.0, 0, 0.0
    while not over_s or time.monotonic() < over_s + SETTLED_S:
        began_s, cpu = time.monotonic(), time.process_time()
        news = following.news()
        worst_s, reads = max(worst_s, time.monotonic() - began_s), reads + 1
        cpu_s += time.process_time() - cpu
        seen += news
        if any(isinstance(fact, Closed) for fact in news):
            over_s = time.monotonic()
        time.sleep(EVERY_S)
    out.write_text(json.dumps({**digest(seen), "reads": reads, "worst_s": worst_s, "mean_cpu_s": cpu_s / reads}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
