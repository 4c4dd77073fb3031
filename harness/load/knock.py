"""Before a worker joins: whether a master listens there that knows the same token. A handshake, and nothing is said."""

from __future__ import annotations

import time
from typing import Literal

from harness.load.secured import Keys, speaks_ipv6

Answer = Literal["open", "refused", "nobody"]


def knock(host: str, port: int, keys: Keys, within_s: float = 3.0) -> Answer:
    """`refused`: somebody listens, and shuts the connection during the handshake, as a master with another token does."""
    import zmq
    from zmq.utils.monitor import recv_monitor_message

    context = zmq.Context()
    try:
        socket = context.socket(zmq.DEALER)
        keys.join(socket)
        socket.ipv6 = speaks_ipv6(host, port)
        failed = (
            zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL | zmq.EVENT_HANDSHAKE_FAILED_AUTH | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
        )
        monitor = socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED | failed)
        socket.connect(f"tcp://{host}:{port}")
        until = time.monotonic() + within_s
        while (left_s := until - time.monotonic()) > 0:
            if monitor.poll(max(1, round(left_s * 1000))):
                event = recv_monitor_message(monitor)["event"]
                return "open" if event == zmq.EVENT_HANDSHAKE_SUCCEEDED else "refused"
        return "nobody"
    finally:
        context.destroy(linger=0)
