"""The run's own metrics, served inside of the stack where its Prometheus scrapes them, from a file that the harness writes."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.errors import NotApplied
from harness.world.attached import Place, attach, remove
from harness.world.helper import Helper

READY_S = 30.0
NAME = "drill-metrics"
PORT = 9464  # as harness/inside/metrics.py serves them
FOLDER = "/run/drill"


class RehearsalMetrics:
    """`folder` is mounted read-only into the helper; `write` replaces the state in it as a whole."""

    def __init__(self, place: Place, folder: Path) -> None:
        self._place = place
        self._folder = folder
        self._helper: Helper | None = None
        self._ready = threading.Event()
        self.lost = ""

    def start(self) -> None:
        """Raises NotApplied when it does not come up."""
        self._helper = attach(self._place, ("metrics", f"{FOLDER}/state.json"), self._hear, self._ended)
        if not self._ready.wait(READY_S) or self.lost:
            why = self.lost or f"it said nothing within {READY_S:g} s"
            self.close()
            raise NotApplied(f"the run's own metrics are not served: {why}")

    def write(self, state: Mapping[str, Any]) -> None:
        """Never raises: a full disk costs the metrics, not the run."""
        path = self._folder / "state.json"
        fresh = path.with_suffix(".new")
        try:
            fresh.write_text(json.dumps({**state, "written_unix_s": time.time()}))
            fresh.chmod(0o644)
            os.replace(fresh, path)
        except OSError as error:
            self.lost = str(error)

    def close(self) -> None:
        """End it, and with it its container; idempotent."""
        helper, self._helper = self._helper, None
        if helper is not None:
            helper.close()
        remove(self._place.name)

    def _hear(self, said: dict[str, Any]) -> None:
        if "ready" in said:
            self._ready.set()

    def _ended(self, words: str) -> None:
        self.lost = words
        self._ready.set()


def target_file() -> str:
    """What Prometheus reads in its file_sd folder to find the metrics."""
    return json.dumps([{"targets": [f"{NAME}:{PORT}"], "labels": {"job": "drill"}}]) + "\n"
