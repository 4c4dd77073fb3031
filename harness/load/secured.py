"""Master and workers speak over encrypted connections, and only with who knows the same token: ZeroMQ's CURVE.

Both sides make both keys of it, so nothing has to be handed out but the token. A peer with another one comes no further than the
handshake, before a single message of it is read (RFC 26/CURVEZMQ: the server's key is never sent, and nothing can be said without it).
Locust's own sockets take no keys, so they are replaced by these.
"""

from __future__ import annotations

import hashlib
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LEAST = 16  # characters: what can be guessed is no secret


@dataclass(frozen=True, repr=False)
class Keys:
    """The two secret keys, Z85-encoded."""

    server: bytes
    client: bytes

    @staticmethod
    def of(token: str) -> Keys:
        from zmq.utils import z85

        return Keys(*(z85.encode(hashlib.sha256(f"drill load/{role}/{token}".encode()).digest()) for role in _ROLES))

    def serve(self, socket: Any) -> None:
        """Before it is bound."""
        socket.curve_server = True
        socket.curve_secretkey = self.server

    def join(self, socket: Any) -> None:
        """Before it is connected."""
        import zmq

        socket.curve_serverkey = zmq.curve_public(self.server)
        socket.curve_publickey = zmq.curve_public(self.client)
        socket.curve_secretkey = self.client


def speaks_ipv6(host: str, port: int) -> bool:
    """Whether a socket for this host has to speak IPv6 (and then IPv4 as well): it has such an address, or is any ('*')."""
    if host == "*":
        return True
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, proto=socket.IPPROTO_TCP)
    except OSError:
        return True
    return any(family == socket.AF_INET6 for family, *_ in found)


_ROLES = ("server", "client")


def read_token(path: Path) -> str:
    """The token in a file. Raises OSError, and ValueError for one that is none."""
    token = path.read_text(encoding="utf-8").strip()
    if len(token) < LEAST:
        raise ValueError(
            f"{path} holds {len(token)} characters; a token has at least {LEAST}: openssl rand -hex 32 > {path}"
        )
    return token


def install(keys: Keys) -> None:
    """From now on Locust's master and workers of this process use these keys."""
    import zmq
    from locust.exception import RPCError
    from locust.rpc import zmqrpc

    rpc: Any = zmqrpc

    class Server(zmqrpc.Server):
        def __init__(self, host: str, port: int) -> None:
            rpc.BaseSocket.__init__(self, zmq.ROUTER, not speaks_ipv6(host, port))
            keys.serve(self.socket)
            try:
                self.socket.bind(f"tcp://{host}:{port or '*'}")
            except zmq.ZMQError as error:
                raise RPCError(f"{host}:{port}: {error.strerror}") from error
            endpoint: Any = self.socket.last_endpoint
            self.port = int(endpoint.rpartition(b":")[2])

    class Client(zmqrpc.Client):
        def __init__(self, host: str, port: int, identity: str) -> None:
            rpc.BaseSocket.__init__(self, zmq.DEALER, not speaks_ipv6(host, port))
            keys.join(self.socket)
            self.socket.setsockopt(zmq.IDENTITY, identity.encode())
            self.socket.connect(f"tcp://{host}:{port}")

    rpc.Server, rpc.Client = Server, Client
