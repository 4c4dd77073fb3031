"""Several things begun, or ended, side by side: each mostly waits for Docker."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor


class Together:
    """Ends what was handed to it, in no order. `close` waits for all of them, then raises the first error, if any."""

    def __init__(self) -> None:
        self._ends: list[Callable[[], object]] = []

    def callback(self, end: Callable[[], object]) -> None:
        """To be called by `close`, as contextlib.ExitStack.callback."""
        self._ends.append(end)

    def close(self) -> None:
        ends, self._ends = self._ends, []
        side_by_side(*ends)


def side_by_side(*parts: Callable[[], object]) -> None:
    """Call each in a thread of its own and wait for all, whatever one raises; then raise the first one's error."""
    if not parts:
        return
    with ThreadPoolExecutor(len(parts)) as workers:
        calls = [workers.submit(part) for part in parts]
    for call in calls:
        call.result()


@contextlib.contextmanager
def beside(start: Callable[[], object], end: Callable[[], object] = lambda: None) -> Iterator[None]:
    """Start something that takes long while the block goes on; it has started when the block is left.

    Raises what the start raised. A block that raises ends it, so that nobody waits for a start that is not wanted any more.
    """
    with ThreadPoolExecutor(1) as worker:
        started = worker.submit(start)
        try:
            yield
        except BaseException:
            end()
            raise
        started.result()
