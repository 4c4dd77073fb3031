"""Whether somebody answers: Toxiproxy's API, and the published ports."""

from __future__ import annotations

import contextlib
import http.client
import socket


def api_answers(api: tuple[str, int]) -> bool:
    """Whether Toxiproxy's API answers there; False for port 0, which is none yet."""
    if not api[1]:
        return False
    connection = http.client.HTTPConnection(*api, timeout=2)
    try:
        connection.request("GET", "/version", headers={"Host": "localhost"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def accepts(address: tuple[str, int]) -> bool:
    """A server behind it keeps the connection: Docker's own port proxy accepts and closes at once when nobody
    listens."""
    with (
        contextlib.suppress(OSError),
        socket.create_connection(address, timeout=1) as one,
    ):
        one.settimeout(0.15)
        try:
            return one.recv(1) != b""
        except TimeoutError:
            return True
    return False
