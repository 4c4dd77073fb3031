"""The master's side of workers on other machines: what they are given, what their clocks say, and what they bring home."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.load.channel import Words
from harness.load.config import LoadConfig
from harness.load.home import Incoming
from harness.load.reach import network
from harness.load.workers import Worker

EVENTS = ("ping", "clock", "file", "whole")


class Elsewhere:
    def __init__(
        self, config: LoadConfig, folder: Path, channel: Words, tell: Callable[[str, dict[str, Any]], None]
    ) -> None:
        """`folder` is the run's; `tell` says a word to a link."""
        self._locustfiles = config.locustfiles
        self._folder = folder
        self._channel = channel
        self._tell = tell

    def given(self) -> dict[str, Any]:
        """What a worker is told beside the settings, as it does not share our disk and our network."""
        above = os.path.commonpath([path.parent for path in self._locustfiles])
        sent = []
        for path in self._locustfiles:
            text = path.read_bytes()
            name = str(path.relative_to(above))
            sent.append({"name": name, "text": text, "sha256": hashlib.sha256(text).hexdigest()})
        return {"network": network(), "locustfiles": sent}

    def hear(self, worker: Worker, word: dict[str, Any]) -> None:
        """One of EVENTS."""
        if word["event"] == "ping":
            told = {"do": "answer", "n": word["n"], "at_ns": time.monotonic_ns(), "wall_ns": time.time_ns()}
            self._tell(worker.link, told)
        elif word["event"] == "clock":
            told = {key: value for key, value in word.items() if key != "event"}
            self._channel.tell("clock", worker=worker.number, machine=worker.machine, **told)
        else:
            self._bring(worker, word)

    def _bring(self, worker: Worker, word: dict[str, Any]) -> None:
        """That all of it is here is proven by the worker's own sums."""
        incoming = Incoming(self._folder, worker.number)
        try:
            if word["event"] == "file":
                incoming.take(word)
                return
            missing = incoming.missing(word["files"])
        except (OSError, ValueError) as error:
            self._channel.tell("said", kind="broken", text=f"what {worker.name} wrote cannot be kept: {error}", count=1)
            return
        worker.home = not missing
        self._tell(worker.link, {"do": "answer", "n": word["n"], "missing": missing})
