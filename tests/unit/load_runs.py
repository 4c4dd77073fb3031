"""A load against the counting server, from its beginning to its end, whoever ends it."""

from __future__ import annotations

import time
from typing import Any

from harness.load.generator import Generator


def run_for(generator: Generator, for_s: float, stop_s: float = 1.0) -> list[Any]:
    """The facts of a load that may end by itself."""
    generator.start()
    generator.ready(30.0)
    facts: list[Any] = list(generator.poll())
    generator.begin((time.monotonic_ns() - generator.config.opened_monotonic_ns) / 1e9)
    until = time.monotonic() + for_s
    while time.monotonic() < until and not generator.ended:
        facts += generator.poll()
        time.sleep(0.05)
    generator.stop(stop_s)
    return facts + generator.poll()
