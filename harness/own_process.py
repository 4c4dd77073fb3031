"""The command of a process that runs a part of the harness itself."""

from __future__ import annotations

import sys


def own_process(module: str, *words: str) -> list[str]:
    """`-P`: not by way of the folder that it is started in, whose `queue.py` or `locust/` would stand in for those that are meant.
    A locustfile's imports find that folder all the same: Locust itself puts it on the path, after its own."""
    return [sys.executable, "-P", "-m", module, *words]
