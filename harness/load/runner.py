"""Locust's master, as far as it has to be another one for a load that arrivals drive."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from locust.rpc import Message
from locust.runners import MasterRunner

from harness.load.channel import Words
from harness.load.link import WORD


class Runner(MasterRunner):
    """Locust's master that hands our words on, and gives out users once: nobody starts users while arrivals are due."""

    given = False

    def __init__(self, environment: Any, host: str, port: int, heard: Callable[[str, dict[str, Any]], None]) -> None:
        self._heard = heard
        super().__init__(environment, host, port)

    def handle_message(self, client_id: str, msg: Message) -> None:
        if msg.type == WORD:
            self._heard(client_id, msg.data)
        else:
            super().handle_message(client_id, msg)

    def quit(self) -> None:
        """Locust's stops listening here, and is called when the last worker quits: before that one has told how it ended."""
        self.stop(send_stop_to_client=False)
        self.send_message("quit")

    def heartbeat_worker(self) -> Any:
        """Not Locust's: it stops the test when no worker was heard for four seconds. Whether one lives is asked by `Workers.death`."""

    def start(self, *args: Any, **kwargs: Any) -> None:
        if not self.given:
            self.given = True
            super().start(*args, **kwargs)


def tell_refused(runner: Runner, channel: Words) -> None:
    """Tell for ever of those who have another token: they come no further than the handshake."""
    import zmq
    from zmq.utils.monitor import recv_monitor_message

    failed = zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL | zmq.EVENT_HANDSHAKE_FAILED_AUTH
    monitor = runner.server.socket.get_monitor_socket(failed)
    while True:
        recv_monitor_message(monitor)
        channel.say("refused_worker", "somebody who does not know the token tried to join the load")
