"""The order book as the load asks: the key of each attempt at an operation, on disk before its request is sent.

`orders/asked-<worker>.jsonl` of the run folder has a line for each: {"row": n, "op": "checkout", "key": "…"}. What became of it
stands in the ledger's row n. Each line is one write to the kernel, so that a process killed at any instant has
sent nothing of which the key is not known.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii as quoted
from pathlib import Path
from typing import Any

from harness.ledger.writing import LedgerBroken

LONGEST_BODY = 1 << 20  # characters: a longer one is no order's, and decoding it would take the load's time


@dataclass(frozen=True)
class Operation:
    """
    One business operation of which the key of each attempt is kept.

    name     as the drill's `orders` calls it
    request  the endpoint's name as in the ledger: method, then the path or the name= of the request
    header   the header of the request that holds the key; '' when its JSON body does
    json     where in the body: names and numbers of places with dots between, order.key
    """

    name: str
    request: str
    header: str = ""
    json: str = ""


Reader = Callable[[Mapping[str, Any], Mapping[str, Any], Any], str]


class Asked:
    """One worker's book."""

    def __init__(self, folder: Path, worker: int, operations: Sequence[Operation]) -> None:
        """Raises LedgerBroken when the file cannot be made."""
        self._wanted: dict[str, list[tuple[str, Reader]]] = {}
        for one in operations:
            middle = f',"op":{quoted(one.name)},"key":'
            self._wanted.setdefault(one.request, []).append((middle, _reader(one)))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            self._file = os.open(folder / f"asked-{worker}.jsonl", flags, 0o644)
        except OSError as error:
            raise LedgerBroken(error.errno, f"the order book cannot be written: {error}") from error

    def keep(
        self, row: int, label: str, headers: Mapping[str, Any], standing: Mapping[str, Any], kwargs: Mapping[str, Any]
    ) -> None:
        """A request of this label is about to be sent as this row. One whose key cannot be read is kept with an empty key.

        headers   of this request; `standing` those that its client sends with all
        Raises LedgerBroken when it cannot be written down: then it must not be sent.
        """
        wanted = self._wanted.get(label)
        if wanted is None:
            return
        for middle, read in wanted:
            line = f'{{"row":{row}{middle}{quoted(read(headers, standing, kwargs))}}}\n'.encode()
            try:
                if os.write(self._file, line) != len(line):
                    raise OSError("only a part of a line was written")
            except OSError as error:
                raise LedgerBroken(error.errno, f"the order book cannot be written: {error}") from error


def _reader(operation: Operation) -> Reader:
    if operation.header:
        return _of_header(operation.header.lower())
    return _of_body(tuple(operation.json.split(".")))


def _of_header(wanted: str) -> Reader:
    def read(headers: Mapping[str, Any], standing: Mapping[str, Any], _kwargs: Any) -> str:
        for some in (headers, standing):
            for name, value in some.items():
                if len(name) == len(wanted) and name.lower() == wanted:
                    return _sent(value)
        return ""

    return read


def _sent(value: Any) -> str:
    """A header's value as it goes out; one that is None is not sent, and neither is the client's own of that name."""
    if value is None:
        return ""
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _of_body(path: tuple[str, ...]) -> Reader:
    def read(_headers: Any, _standing: Any, kwargs: Mapping[str, Any]) -> str:
        body = kwargs.get("data") or kwargs.get("json")
        if isinstance(body, (str, bytes, bytearray)):
            try:
                body = json.loads(body) if len(body) <= LONGEST_BODY else None
            except (ValueError, RecursionError):
                return ""
        for step in path:
            if isinstance(body, Mapping):
                body = body.get(step)
            elif isinstance(body, (list, tuple)) and step.isdecimal() and int(step) < len(body):
                body = body[int(step)]
            else:
                return ""
        return "" if body is None or isinstance(body, (Mapping, list, tuple, bool)) else str(body)

    return read
