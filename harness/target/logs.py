"""The logs of a target's services, kept in the run's folder as those of containers are: from files, commands or Loki.

logs/<service>.log holds `<time stamp> <line>`; logs/index.jsonl tells whose they are. What a source gives no time for is stamped when it
is read, some tenths of a second after it was written.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from harness.errors import NotApplied
from harness.target.model import Logs
from harness.target.reach import PlaceApi
from harness.within import file_name
from harness.world.jsonapi import STRANGE

EVERY_S = 0.2
LOKI_EVERY_S = 1.0
AGAIN_S = 1.0  # before a command that ended is started again
CLOSE_S = 5.0
MOST = 5000  # lines of one answer of Loki's
LATE_S = 30.0  # Loki is asked so far back again: its lines come late, and out of order between streams
LONGEST = 1 << 20


class Source(Protocol):
    """What is new since the last call, oldest first, each line with its time of the wall clock. Raises NotApplied."""

    def read(self) -> Iterator[tuple[float, str]]: ...
    def close(self) -> None: ...


class File:
    """A file that grows, from its end on; one that is moved away or cut is begun anew."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._rest = b""
        self._open(at_end=True)

    def read(self) -> Iterator[tuple[float, str]]:
        if self._file is None:
            self._open(at_end=False)
        yield from self._lines()
        if self._moved():
            self.close()
            self._open(at_end=False)
            yield from self._lines()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file, self._rest = None, b""

    def _open(self, *, at_end: bool) -> None:
        try:
            self._file = self._path.open("rb")
        except OSError as error:
            raise NotApplied(f"{self._path} cannot be read: {error.strerror}") from error
        if at_end:
            self._file.seek(0, os.SEEK_END)

    def _moved(self) -> bool:
        assert self._file is not None
        try:
            now, mine = self._path.stat(), os.fstat(self._file.fileno())
        except OSError as error:
            raise NotApplied(f"{self._path} cannot be read: {error.strerror}") from error
        return not os.path.samestat(now, mine) or now.st_size < self._file.tell()

    def _lines(self) -> Iterator[tuple[float, str]]:
        assert self._file is not None
        *whole, self._rest = (self._rest + self._file.read(LONGEST)).split(b"\n")
        for line in whole:
            yield time.time(), line.decode("utf-8", "replace")


class Command:
    """What a command prints, such as `kubectl logs --follow`; begun again when it ends, which is a gap."""

    def __init__(self, command: tuple[str, ...], folder: Path) -> None:
        self._command, self._folder = command, folder
        self._child: subprocess.Popen[bytes] | None = None
        self._lines: list[tuple[float, str]] = []
        self._lock = threading.Lock()
        self._begun_s = float("-inf")
        self._begin()

    def read(self) -> Iterator[tuple[float, str]]:
        with self._lock:
            lines, self._lines = self._lines, []
        yield from lines
        if self._child is None or self._child.poll() is not None:
            code = self._child.returncode if self._child else ""
            if time.monotonic() > self._begun_s + AGAIN_S:
                self._begin()
            raise NotApplied(f"{' '.join(self._command)} ended with {code}")

    def close(self) -> None:
        if self._child is not None and self._child.poll() is None:
            self._child.kill()
            self._child.wait()

    def _begin(self) -> None:
        self._begun_s = time.monotonic()
        try:
            self._child = subprocess.Popen(
                self._command,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            raise NotApplied(f"{self._command[0]} could not be started: {error.strerror}") from error
        threading.Thread(target=self._hear, args=(self._child,), daemon=True).start()

    def _hear(self, child: subprocess.Popen[bytes]) -> None:
        assert child.stdout is not None
        for line in child.stdout:
            with self._lock:
                self._lines.append((time.time(), line.decode("utf-8", "replace").rstrip("\n")))


class Loki:
    """One service's lines of Loki's HTTP API (query_range), each once, with its own time stamp."""

    def __init__(self, api: PlaceApi, selector: str) -> None:
        self._api, self._selector = api, selector
        self._from_ns = time.time_ns()
        self._asked_ns = self._from_ns  # when it last answered
        self._error = ""
        self._seen: dict[tuple[int, str], None] = {}
        self._next_s = 0.0

    def read(self) -> Iterator[tuple[float, str]]:
        """Between two asks nothing is new: what was wrong stays so until it answers. Lines that are lost are told after the others."""
        if time.monotonic() < self._next_s:
            if self._error:
                raise NotApplied(self._error)
            return
        self._next_s = time.monotonic() + LOKI_EVERY_S
        now_ns, before_ns = time.time_ns(), self._asked_ns
        start_ns = max(self._from_ns, now_ns - round(LATE_S * 1e9))
        try:
            found = self._ask(start_ns, now_ns)
        except NotApplied as error:
            self._error = str(error)
            raise
        self._error, self._asked_ns = "", now_ns
        for at_ns, line in found:
            if (at_ns, line) not in self._seen:
                self._seen[at_ns, line] = None
                yield at_ns / 1e9, line
        self._seen = {key: None for key in self._seen if key[0] >= start_ns}
        if before_ns < start_ns:
            lost_s, since_s = (start_ns - before_ns) / 1e9, (now_ns - before_ns) / 1e9
            asked = f"Loki gave no answer for {since_s:.0f} s, and is asked {LATE_S:g} s back"
            raise NotApplied(f"lines of {lost_s:.0f} s may be lost: {asked}")

    def _ask(self, start_ns: int, now_ns: int) -> list[tuple[int, str]]:
        """In order of time. Raises NotApplied."""
        answer = self._api.get(
            "/loki/api/v1/query_range",
            {"query": self._selector, "start": start_ns, "end": now_ns, "limit": MOST, "direction": "forward"},
        )
        found = sorted(_entries(answer))
        if len(found) >= MOST:
            raise NotApplied(f"Loki has more than {MOST} lines of {LATE_S:g} s: more than can be followed")
        return found

    def close(self) -> None:
        """Nothing is held."""


def _entries(answer: Any) -> Iterator[tuple[int, str]]:
    """Raises NotApplied for what is none of Loki's answers."""
    try:
        for stream in answer["data"]["result"]:
            for at_ns, line, *_ in stream["values"]:
                yield int(at_ns), str(line)
    except STRANGE as error:
        raise NotApplied(f"Loki did not answer as Loki does: {type(error).__name__}: {error}") from error


def sources(logs: Logs, folder: Path) -> dict[str, Source]:
    """By service. Raises NotApplied for one that cannot be begun."""
    made: dict[str, Source] = {service: File(folder / path) for service, path in logs.files.items()}
    made |= {service: Command(command, folder) for service, command in logs.commands.items()}
    if logs.loki:
        api = PlaceApi("Loki", logs.loki)
        for service, selector in logs.selectors.items():
            made[service] = Loki(api, selector)
            next(made[service].read(), None)
    return made


class TargetLogs:
    """Implements probes.logs.LogKeeper: each service's log, followed into the run's folder by a thread."""

    def __init__(self, folder: Path, found: Mapping[str, Source]) -> None:
        self._folder, self._sources = folder, found
        self._errors = dict.fromkeys(found, "")
        self._untold: dict[str, dict[str, None]] = {service: {} for service in found}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="target-logs", daemon=True)

    def start(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "index.jsonl").open("a") as index:
            for service in self._sources:
                file = f"{file_name(service)}.log"
                index.write(json.dumps({"container": service, "service": service, "file": file}) + "\n")
        self._thread.start()

    def coverage(self) -> Mapping[str, str]:
        """By service, what is wrong, and what was since the last call; '' for nothing."""
        with self._lock:
            told = {name: "; ".join(self._untold[name]) or error for name, error in self._errors.items()}
            self._untold = {name: {} for name in self._errors}
        return told

    def close(self) -> None:
        """Read what is there still, and end."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(CLOSE_S)
        for source in self._sources.values():
            source.close()

    def _follow(self) -> None:
        while not self._over.wait(EVERY_S):
            self._read()
        self._read()

    def _read(self) -> None:
        for service, source in self._sources.items():
            try:
                with (self._folder / f"{file_name(service)}.log").open("a", encoding="utf-8") as file:
                    for at_s, line in source.read():
                        stamp = datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
                        file.write(f"{stamp} {line}\n")
                said = ""
            except NotApplied as error:
                said = str(error)
            except OSError as error:
                said = f"it cannot be kept: {error.strerror}"
            except Exception as error:  # whatever one source does, the others are followed
                said = f"it cannot be followed ({type(error).__name__})"
            with self._lock:
                self._errors[service] = said
                if said:
                    self._untold[service][said] = None
