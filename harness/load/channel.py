"""What the load process and the harness say to each other: JSON lines, out on the first standard output, in on standard
input.

Both are moved out of the locustfile's reach: what it prints goes to the log, and it reads nothing.
"""

from __future__ import annotations

import collections
import json
import os
from collections.abc import Iterator
from typing import Any


class Words:
    """What a load process says, however it gets there."""

    def __init__(self) -> None:
        self._said: collections.Counter[tuple[str, str]] = collections.Counter()

    def tell(self, event: str, **data: Any) -> None:
        """One event, now."""
        raise NotImplementedError  # abstract: each way says how it goes out

    def commands(self) -> Iterator[dict[str, Any]]:
        """What it is told, as it comes; ends when whoever commands is gone."""
        raise NotImplementedError  # abstract: and how it comes in

    def say(self, kind: str, text: str, count: int = 1) -> None:
        """Something worth knowing; the same thing is told once a second with its count."""
        self._said[kind, text] += count

    def flush(self) -> None:
        said, self._said = self._said, collections.Counter()
        for (kind, text), count in said.most_common(20):
            self.tell("said", kind=kind, text=text[:1000], count=count)


class Channel(Words):
    """Made before anything else is imported; reading needs gevent, writing does not."""

    def __init__(self) -> None:
        super().__init__()
        self._out = os.dup(1)
        self._in = os.dup(0)
        os.dup2(2, 1)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        for descriptor in (self._out, self._in):
            os.set_inheritable(descriptor, False)

    def tell(self, event: str, **data: Any) -> None:
        """One line, now. A harness that is gone is noticed by the end of its commands, not here."""
        line = json.dumps({"event": event, **data}).encode() + b"\n"
        try:
            while line:
                line = line[os.write(self._out, line) :]
        except BrokenPipeError:
            return

    def told_to_start(self) -> bool:
        """Wait for the first line that is said to us; False when there is none, for the harness is gone."""
        line = b""
        while not line.endswith(b"\n"):
            byte = os.read(self._in, 1)  # nothing that comes after the line may be lost in a buffer
            if not byte:
                return False
            line += byte
        return True

    def commands(self) -> Iterator[dict[str, Any]]:
        """The harness's commands as they come; ends when the harness is gone."""
        from gevent.fileobject import FileObjectPosix

        for line in FileObjectPosix(self._in, "rb"):
            try:
                yield json.loads(line)
            except ValueError:
                continue
