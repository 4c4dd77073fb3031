"""Traces on disk: each body as it was sent, a JSON line each, readable while they grow and after a kill at any instant.

A run's `spans/otlp.jsonl`: {"at_s": …, "type": "application/x-protobuf", "encoding": "gzip", "body": "<base64>"}. They are decoded
only where a claim asks for them: decoding takes far more time than keeping.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from harness.spans.otlp import spans_of
from harness.spans.span import GivenSpans, Span
from harness.wall import Wall

MOST_BYTES = 96 << 20
"""Of bodies unpacked: some 400 000 spans, which a judge still holds in memory."""
FILE = "otlp.jsonl"


class SpansWriter:
    """Appends bodies as they come. `full` when the limit was met: what came after it is not kept. Not to be shared between threads."""

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        """Raises OSError when the disk refuses."""
        folder.mkdir(parents=True, exist_ok=True)
        self._most_bytes, self._bytes = most_bytes, 0
        self._fd = os.open(folder / FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        self.full = False
        self.broken = ""

    def add(self, at_s: float, sent: Mapping[str, Any]) -> None:
        """One body as the collector told of it. What the disk refuses is lost, and `broken` says why."""
        kept = {name: str(sent.get(name) or "") for name in ("type", "encoding", "body")}
        self._bytes += _unpacked_bytes(kept)
        self.full = self.full or self._bytes > self._most_bytes
        if self.full or self._fd < 0:
            return
        line = json.dumps({"at_s": round(at_s, 6), **kept}, separators=(",", ":")).encode() + b"\n"
        try:
            while line:
                line = line[os.write(self._fd, line) :]
        except OSError as error:
            self.broken = f"what services send of their traces cannot be kept: {error.strerror or error}"

    def close(self) -> None:
        """Idempotent."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1


@dataclass(frozen=True, eq=False)
class SpanFolder:
    """The spans of a run's `spans/` folder that had come by until_s, decoded when they are first asked for; none where there is
    no such folder (an older run). Implements Spans.

    A span that was sent twice counts once. What cannot be read is counted in `strange`.
    """

    folder: Path
    wall: Wall
    until_s: float = float("inf")

    @property
    def by_trace(self) -> Mapping[str, tuple[Span, ...]]:
        return self._read.by_trace

    @property
    def strange(self) -> Mapping[str, int]:
        return self._read.strange

    @cached_property
    def _read(self) -> GivenSpans:
        strange: dict[str, int] = {}
        given = GivenSpans.of(self._decoded(strange))
        return GivenSpans(given.by_trace, strange)

    def _decoded(self, strange: dict[str, int]) -> Iterator[Span]:
        for kind, encoding, body in self._bodies():
            try:
                yield from spans_of(kind, encoding, body, self.wall)
            except ValueError as error:
                strange[str(error)] = strange.get(str(error), 0) + 1

    def _bodies(self) -> Iterator[tuple[str, str, bytes]]:
        try:
            file = (self.folder / FILE).open("rb")
        except OSError:
            return
        with file:
            for line in file:
                try:
                    sent = json.loads(line)
                    if sent["at_s"] <= self.until_s:
                        yield sent["type"], sent["encoding"], base64.b64decode(sent["body"])
                except (ValueError, KeyError, TypeError, RecursionError):  # torn by a kill
                    continue


def _unpacked_bytes(sent: Mapping[str, str]) -> int:
    """The length of a body once it is unpacked. Of gzip its own last four bytes tell (RFC 1952, ISIZE), as far as deflate can
    pack anything at all (1032 to 1): what was cut short must not pass for enormous."""
    length = len(sent["body"]) * 3 // 4
    if sent["encoding"] != "gzip":
        return length
    try:
        return min(1032 * length, int.from_bytes(base64.b64decode(sent["body"][-12:])[-4:], "little"))
    except (ValueError, binascii.Error):
        return length
