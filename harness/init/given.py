"""The routes that `drill init` is given: of an OpenAPI description, a file or what a URL answers, or of an access log."""

from __future__ import annotations

import gzip
import os
import re
import zlib
from pathlib import Path

from harness.errors import UsageError
from harness.harmless import comment
from harness.init import access_log, log_format, openapi
from harness.init.routes import Route
from harness.init.wishes import Wishes

FETCH_S = 20.0
MOST_BYTES = 20 * 1024 * 1024


def given_routes(wishes: Wishes) -> tuple[tuple[Route, ...], tuple[str, ...]]:
    """They, and what was left out of them and why; () where none are given. Raises UsageError for what cannot be read."""
    if wishes.openapi:
        return openapi.routes_of(_text(wishes.openapi), wishes.openapi), ()
    if wishes.access_log is not None:
        path = wishes.access_log
        layouts = _layouts(wishes.log_format) if wishes.log_format else ()
        try:
            with open(path, "rb") as raw, gzip.open(raw) if path.suffix == ".gz" else raw as binary:
                lines = (line.decode("utf-8", "replace") for line in binary)
                logged = access_log.routes_of(lines, str(path), layouts)
        except (OSError, EOFError, zlib.error) as error:
            raise UsageError(f"{path}: it cannot be read: {getattr(error, 'strerror', None) or error}") from None
        return logged.routes, tuple(f"{path.name}: {note}" for note in logged.notes)
    return (), ()


def _layouts(told: str) -> tuple[re.Pattern[str], ...]:
    """Of --log-format: a file in which it stands, a format, or the name of one that is known anyway."""
    file = os.path.isfile(told)
    if told in log_format.KNOWN and not file:
        return ()
    place = file or not any(mark in told for mark in "$% ")
    return log_format.layouts(_text(told) if place else told, f"--log-format {told}")


def _text(place: str) -> str:
    """A file's text, or what a URL answers."""
    if not place.startswith(("http://", "https://")):
        try:
            return Path(place).read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise UsageError(f"{place}: it cannot be read: {error.strerror or error}") from None
    import requests
    from urllib3.exceptions import HTTPError

    try:
        with requests.get(place, timeout=FETCH_S, stream=True) as answer:
            answer.raise_for_status()
            body = answer.raw.read(MOST_BYTES, decode_content=True)
    except (requests.RequestException, HTTPError, zlib.error, OSError, ValueError) as error:
        raise UsageError(f"--from-openapi: it cannot be had: {comment(str(error))}") from None
    text: str = body.decode("utf-8", "replace")
    return text


def source(wishes: Wishes) -> str:
    """Where they come from, as " from shop.json"; '' where none are given."""
    if wishes.openapi:
        return f" from {wishes.openapi.rpartition('/')[2].partition('?')[0]}"
    return f" from {wishes.access_log.name}" if wishes.access_log is not None else ""
