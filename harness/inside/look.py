"""One look: dial as the caller would, make one whole exchange of the protocol, say what was met."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping
from typing import Any

from harness.inside import netns
from harness.inside.speaks import SPEAKS
from harness.inside.speaks.wire import Ask, Closed, Wire

POLITE_S = 0.2
"""How long the other side is given to close before we do."""


def look(request: Mapping[str, Any], pid: int, dialled: Callable[[str, int], None]) -> dict[str, Any]:
    """Call it in a fresh thread: it enters the network namespace of `pid` and never leaves it.

    `dialled` hears the look's own source address and port, so that a survey does not count us as the caller.
    """
    limit_s = float(request["limit_ms"]) / 1000
    ends_s = time.monotonic() + limit_s
    try:
        netns.enter(pid)
        addresses = netns.addresses(str(request["host"]), pid, limit_s)
    except OSError as error:
        gone = not netns.namespace(pid)
        return {"outcome": "blinded" if gone else "unreachable", "error": str(error)}
    return meet(addresses[0], request, ends_s, dialled)


def meet(
    address: str, request: Mapping[str, Any], ends_s: float, dialled: Callable[[str, int], None] = lambda ip, port: None
) -> dict[str, Any]:
    """Connect to one address and make the exchange. Every way it can end has a word (facts.Witnessed)."""
    said: dict[str, Any] = {"outcome": "answered"}
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    wire = Wire(sock, ends_s)
    began_s = time.perf_counter()
    try:
        sock.settimeout(wire.left_s())
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.connect((address, int(request["port"])))
        said["connect_ms"] = _ms_since(began_s)
        dialled(*sock.getsockname()[:2])
        credentials = request.get("credentials") or {}
        ask = Ask(
            host=str(request["host"]),
            port=int(request["port"]),
            path=str(credentials.get("path", "/")),
            user=str(credentials.get("user", "")),
            password=str(credentials.get("password", "")),
        )
        began_s = time.perf_counter()
        goodbye = SPEAKS[str(request["speaks"])](wire, ask)
        said["answer_ms"] = _ms_since(began_s)
        if request["speaks"]:
            said["close_ms"] = _end(wire, goodbye)
    except TimeoutError:
        said["outcome"] = "hung"
    except Closed:
        said["outcome"] = "closed"
    except ConnectionRefusedError:
        said["outcome"] = "refused"
    except (ConnectionResetError, ConnectionAbortedError, BrokenPipeError):
        said["outcome"] = "reset"
    except OSError as error:
        said.update(outcome="unreachable" if "connect_ms" not in said else "closed", error=str(error))
    except ValueError as error:  # an answer, but not in the protocol that we took it for
        said.update(answer_ms=_ms_since(began_s), error=str(error))
    finally:
        wire.sock.close()
    said.update(size=wire.size, chunks=wire.chunks, turns=wire.turns)
    if wire.note:
        said["error"] = wire.note
    return said


def _end(wire: Wire, goodbye: bytes | None) -> float | None:
    """Say goodbye and wait for the other side's end; how long that took in ms, None when it did not come in time.

    The answer is complete by now: whatever happens here is no longer its outcome.
    """
    began_s = time.perf_counter()
    try:
        if goodbye:
            wire.send(goodbye)
        wire.end_tls()
        polite_s = 0.0 if goodbye == b"" else POLITE_S
        return _ms_since(began_s) if wire.wait_closed(polite_s) else None
    except (OSError, ValueError):
        return _ms_since(began_s)


def _ms_since(began_s: float) -> float:
    return round((time.perf_counter() - began_s) * 1000, 3)
