"""What a worker and its master say to each other: the words of `channel`, as messages of Locust's over a connection of their own.

It is there before Locust's worker is made and after it has quit, so that neither a setting nor the end of a ledger depends on it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import gevent
from gevent.queue import Empty, Queue
from locust.exception import RPCSendError
from locust.rpc import Message, zmqrpc

from harness.load.channel import Words

WORD = "drill"  # the type of these messages
BEAT_S = 0.5
GONE_S = 4.0  # a master that said nothing for so long is gone: it says something each BEAT_S
LINGER_MS = 3000


class Link(Words):
    """The worker's end. `secured.install` comes first."""

    def __init__(self, host: str, port: int, name: str) -> None:
        super().__init__()
        self._id = f"drill_{name}_{uuid4().hex}"
        rpc: Any = zmqrpc
        self._client = rpc.Client(host, port, self._id)
        self._words: Any = Queue()
        self._answers: Any = Queue()
        gevent.spawn(self._hear)

    def _hear(self) -> None:
        while True:
            word = self._client.recv().data
            (self._answers if word["do"] == "answer" else self._words).put(word)

    def tell(self, event: str, **data: Any) -> None:
        """Raises RPCSendError when a thousand of them wait to be sent."""
        message: Any = Message
        self._client.send(message(WORD, {"event": event, **data}, self._id))

    def word(self, within_s: float) -> dict[str, Any] | None:
        """The next that the master says; None when it says nothing for so long."""
        try:
            word: dict[str, Any] = self._words.get(timeout=within_s)
        except Empty:
            return None
        return word

    def answer(self, within_s: float, n: int) -> dict[str, Any] | None:
        """What the master answers to our question of this number."""
        with gevent.Timeout(within_s, False):
            while (word := self._answers.get())["n"] != n:
                pass
            return dict(word)
        return None

    def commands(self) -> Iterator[dict[str, Any]]:
        while (word := self.word(GONE_S)) is not None:
            yield word

    def beat(self) -> None:
        """Say for ever, from a greenlet of its own, that this process goes on."""

        def beats() -> None:
            while True:
                with contextlib.suppress(RPCSendError):  # a network that takes nothing for a while
                    self.tell("beat")
                gevent.sleep(BEAT_S)

        gevent.spawn(beats)

    def close(self) -> None:
        """Once all that was said is on its way."""
        self._client.socket.context.destroy(linger=LINGER_MS)
