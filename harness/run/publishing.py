"""Metrics on their way to Prometheus: as a file for node_exporter, to a Pushgateway, or served on this machine."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from functools import partial
from http.client import HTTPException
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, push_to_gateway, start_http_server, write_to_textfile
from prometheus_client.exposition import basic_auth_handler, default_handler

from harness.errors import CannotRun, Missing, UsageError

SUFFIX = ".prom"  # what node_exporter's textfile collector reads, and nothing else


def to_textfile(registry: CollectorRegistry, path: Path) -> None:
    """The whole file or the one that was there before. Raises UsageError for another suffix, CannotRun where it cannot be written."""
    if path.suffix != SUFFIX:
        raise UsageError(
            f"--textfile {path}: node_exporter reads files that end in {SUFFIX} alone; write {path.with_suffix(SUFFIX)}"
        )
    try:
        write_to_textfile(str(path), registry)
    except OSError as error:
        why = error.strerror or str(error)
        raise CannotRun(Missing(f"{path} cannot be written: {why}", f"ls -ld {path.parent}")) from None


def to_gateway(registry: CollectorRegistry, url: str, job: str, timeout_s: float) -> None:
    """Replaces what this machine told before under the same job. The URL may hold user and password.

    Raises UsageError for what is no URL, CannotRun where the Pushgateway does not take it in time.
    """
    place, handler = _gateway(url)
    try:
        push_to_gateway(place, job, registry, {"instance": platform.node()}, timeout_s, handler)
    except (OSError, HTTPException, ValueError) as error:
        raise CannotRun(
            Missing(f"the Pushgateway at {place} did not take the results: {error}", f"curl -i {place}/-/ready")
        ) from None


@dataclass(frozen=True)
class Served:
    """http://address:port/metrics, until it is closed."""

    server: WSGIServer
    thread: Thread

    @property
    def port(self) -> int:
        return self.server.server_port

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def served(registry: CollectorRegistry, address: str, port: int) -> Served:
    """Serve it; port 0 is any that is free. Raises CannotRun where it cannot be had."""
    try:
        return Served(*start_http_server(port, address, registry))
    except OSError as error:
        why = error.strerror or str(error)
        raise CannotRun(
            Missing(f"{address}:{port} cannot be listened on: {why}", f"ss -ltnp 'sport = :{port}'")
        ) from None


def _gateway(url: str) -> tuple[str, Any]:
    """The URL without user and password, and what sends them. Raises UsageError."""
    try:
        parts = urlsplit(url if "//" in url else f"http://{url}")
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = urlsplit(""), None, None
    if parts.scheme not in ("http", "https") or not host:
        raise UsageError("--push: write the Pushgateway's URL, such as http://pushgateway:9091")
    bare = f"[{host}]" if ":" in host else host
    place = urlunsplit((parts.scheme, f"{bare}:{port}" if port else bare, parts.path.rstrip("/"), "", ""))
    if parts.username is None:
        return place, default_handler
    name, password = unquote(parts.username), unquote(parts.password or "")
    return place, partial(basic_auth_handler, username=name, password=password)
