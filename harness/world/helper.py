"""A helper in a container: `docker run -i`, JSON lines in and out. Its stdin's end is its end, so it cannot outlive
us; but for one that is left."""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

CLOSE_S = 5.0


class Helper:
    """One process of `argv`. `heard` gets each line that it says; `ended` is called once, with its last words on
    stderr."""

    def __init__(
        self, argv: Sequence[str], heard: Callable[[dict[str, Any]], None], ended: Callable[[str], None]
    ) -> None:
        self._heard = heard
        self._ended = ended
        self._complaints: deque[str] = deque(maxlen=20)
        self._lock = threading.Lock()
        self.process = subprocess.Popen(
            list(argv),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # a Ctrl-C is ours to handle: the helper is needed until the end
        )
        self._stderr = threading.Thread(target=self._complain, name="helper-stderr", daemon=True)
        self._stderr.start()
        threading.Thread(target=self._listen, name="helper-stdout", daemon=True).start()

    def say(self, data: Mapping[str, Any]) -> None:
        """Raises OSError when the helper is gone."""
        line = json.dumps(data, separators=(",", ":")).encode() + b"\n"
        assert self.process.stdin is not None
        with self._lock:
            try:
                self.process.stdin.write(line)
                self.process.stdin.flush()
            except ValueError as error:  # the pipe was closed by us
                raise OSError("closed") from error

    def alive(self) -> bool:
        return self.process.poll() is None

    def close(self) -> None:
        """End it: the polite way first, which lets `--rm` take the container away."""
        with contextlib.suppress(OSError), self._lock:
            assert self.process.stdin is not None
            self.process.stdin.close()
        for end in (None, self.process.terminate, self.process.kill):
            if end is not None:
                end()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(CLOSE_S)
                return

    def leave(self) -> None:
        """Hear it no more and let it go on: only the client dies, of a signal that it cannot pass on."""
        self.process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(CLOSE_S)

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            try:
                data = json.loads(line)
            except (ValueError, RecursionError):
                self._complaints.append(line.decode("utf-8", "replace").strip())
                continue
            if isinstance(data, dict):
                self._heard(data)
        self._stderr.join(1)
        self._ended(" / ".join(self._complaints) or f"it ended with {self.process.wait()}")

    def _complain(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._complaints.append(line.decode("utf-8", "replace").strip())
