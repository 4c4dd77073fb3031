"""Every container's log, streamed into the run folder as it is written; one thread per container, attached again when
it ends.

logs/<container>.log holds lines as `docker logs --timestamps` gives them; logs/index.jsonl tells whose they are.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import NotApplied
from harness.within import file_name
from harness.world.docker import connect, container_name, refusing
from harness.world.logstream import Line, Lines, frames, terminal

if TYPE_CHECKING:
    from harness.world.containers import Containers

EVERY_S = 0.5
OVERLAP_S = 0.5
"""How far back a stream is attached again: stdout and stderr may be written a little out of order."""
CLOSE_S = 5.0
RETRY_S = 3.0


class LogFiles:
    """`start` before the stack is up, `close` before it is taken down: the last lines are read then.

    since_unix_s   what was written before is left out; by Docker's clock
    """

    def __init__(self, run_id: str, folder: Path, containers: Containers, since_unix_s: float = 0.0) -> None:
        self._folder = folder
        self._since_unix_s = since_unix_s
        self._containers = containers
        self._logs: dict[str, _Log] = {}
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._attend, name=f"logs-{run_id}", daemon=True)
        self._blind = ""

    def start(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._attach_missing()
        self._thread.start()

    def close(self) -> None:
        """Stop following and read what is left of every log. Nothing that was written before this call is lost."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(CLOSE_S)
        self._attach_missing(follow=False)
        with self._lock:
            logs = list(self._logs.values())
        for log in logs:
            log.close()

    def coverage(self) -> Mapping[str, str]:
        """Of each container: '' when its log is followed (or read to its end), else why it is not. Key '': all of
        them."""
        with self._lock:
            seen = {log.name: log.error for log in self._logs.values() if not log.superseded}
        return {"": self._blind} if self._blind else seen

    def services(self) -> Mapping[str, str]:
        """The service of each container whose log is kept."""
        with self._lock:
            return {log.name: log.service for log in self._logs.values()}

    def _attend(self) -> None:
        while not self._over.wait(EVERY_S):
            self._attach_missing()

    def _attach_missing(self, follow: bool = True) -> None:
        try:
            rows = self._containers.listed()
        except NotApplied as error:
            self._blind = str(error)
            return
        self._blind = ""
        for row in rows:
            with self._lock:
                log = self._logs.get(row["Id"])
                if log is None:
                    log = self._logs[row["Id"]] = self._new(row)
            if follow and log.wants(running=row["State"] in ("running", "paused", "restarting")):
                log.follow()

    def _new(self, row: Mapping[str, Any]) -> _Log:
        name = container_name(str(row["Names"][0]))
        service = str(row["Labels"].get("com.docker.compose.service", ""))
        for older in self._logs.values():
            if older.name == name:  # made anew under the same name: it goes on in the same file
                older.superseded = True
        with contextlib.suppress(OSError), (self._folder / "index.jsonl").open("a") as index:
            index.write(json.dumps({"container": name, "service": service, "file": f"{file_name(name)}.log"}) + "\n")
        return _Log(row["Id"], name, service, self._folder / f"{file_name(name)}.log", self._since_unix_s)


class _Log:
    """One container's log file. Lines around the last one written are remembered, so that none is written twice."""

    def __init__(self, container: str, name: str, service: str, path: Path, since_unix_s: float = 0.0) -> None:
        self.container = container
        self.name = name
        self.service = service
        self.error = ""
        self.superseded = False
        self._path = path
        self._last_s = since_unix_s
        self._recent: Counter[tuple[bytes, int]] = Counter()
        self._stale: Counter[tuple[bytes, int]] = Counter()
        self._long: deque[bytes] = deque(maxlen=256)
        self._unfinished: bytes | None = None
        self._followed = False
        self._turned_s = 0.0
        self._began_s = float("-inf")
        self._thread: threading.Thread | None = None
        self._response: Any = None
        self._over = False

    def wants(self, *, running: bool) -> bool:
        """Whether a (new) thread should follow: never attached, or it runs and nobody follows, or the last try
        failed."""
        if self._thread is not None and self._thread.is_alive():
            return False
        again = time.monotonic() - self._began_s > (RETRY_S if self.error else 0.1)
        return self._thread is None or (again and (running or bool(self.error)))

    def follow(self) -> None:
        self._began_s = time.monotonic()
        self._thread = threading.Thread(target=self._read, args=(True,), name=f"log-{self.name}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._over = True
        if self._thread is not None and self._thread.is_alive():
            self._cancel()
            self._thread.join(CLOSE_S)
        self._read(False)

    def _read(self, follow: bool) -> None:
        """Read on from where the file ends, to the log's end (a container's, when followed)."""
        try:
            with self._path.open("ab", buffering=0) as file, contextlib.closing(connect()) as client:
                self.error = ""
                again, long, floor = self._recent + self._stale, set(self._long), _stamp(self._last_s - OVERLAP_S)
                for line in self._lines(client, follow):
                    mark = (line.stamp, hash(line.text))
                    # Docker asks `since` only until one line passes it; older ones that follow (a long line is stamped
                    # when it begins) come again, or their ends do.
                    if line.stamp in long or (line.pieces == 1 and line.stamp < floor):
                        continue
                    if again.get(mark, 0):
                        again[mark] -= 1
                        continue
                    file.write(line.whole())
                    self._remember(mark, line)
        except (NotApplied, OSError) as error:
            if not (self._over and follow):
                self.error = str(error)

    def _lines(self, client: Any, follow: bool) -> Iterator[Line]:
        from docker.errors import NotFound

        parameters: dict[str, Any] = {"stdout": 1, "stderr": 1, "timestamps": 1, "follow": int(follow)}
        if self._last_s:
            unfinished_s = _unix_s(self._unfinished or b"") or self._last_s
            parameters["since"] = f"{max(0.0, min(self._last_s - OVERLAP_S, unfinished_s - 0.001)):.9f}"
        with refusing(f"read the log of {self.name}"):
            try:
                terminal_on = bool(client.api.inspect_container(self.container)["Config"].get("Tty"))
            except NotFound:
                return  # gone with all that it had; what was followed is in the file
            url = f"{client.api.base_url}/v{client.api.api_version}/containers/{self.container}/logs"
            response = client.api.get(url, params=parameters, stream=True, timeout=(10, None if follow else 60))
            if response.status_code != 200:
                why = str(response.json().get("message", response.status_code))
                if self._followed and going(response.status_code, why):
                    return  # it had ended, and was followed until then
                raise NotApplied(f"the log of {self.name} cannot be read: {why}")
            self._followed = True
            self._response = response
            lines = Lines()
            pieces = terminal(response.iter_content(None)) if terminal_on else frames(response.raw)
            try:
                for stream, data in pieces:
                    yield from lines.frame(stream, data)
            finally:
                self._unfinished = lines.unfinished()
                response.close()
            if not self._over or not follow:  # not cut short by us: the container ended, and so did its last line
                yield from lines.rest()
                self._unfinished = None

    def _remember(self, mark: tuple[bytes, int], line: Line) -> None:
        """Keep the lines of the last one to two overlaps, and the stamps of the last long ones."""
        self._last_s = max(self._last_s, _unix_s(line.stamp) or self._last_s)
        if line.pieces > 1:
            self._long.append(line.stamp)
        if self._last_s - self._turned_s > OVERLAP_S:
            self._stale, self._recent = self._recent, Counter()
            self._turned_s = self._last_s
        self._recent[mark] += 1

    def _cancel(self) -> None:
        from docker.types import CancellableStream

        if self._response is not None:
            with contextlib.suppress(Exception):  # a socket closed under the thread that reads it: anything may come
                CancellableStream(iter(()), self._response).close()


def going(status: int, message: str) -> bool:
    """Whether Docker refuses a log because its container is being removed (409 dead or marked for removal), or was (404)."""
    return status == 404 or (status == 409 and "marked for removal" in message)


def _stamp(unix_s: float) -> bytes:
    """A time as Docker stamps it, to compare with."""
    return datetime.fromtimestamp(max(0.0, unix_s), UTC).strftime("%Y-%m-%dT%H:%M:%S.%f").encode()


def _unix_s(stamp: bytes) -> float | None:
    """Docker's time stamp as seconds of the wall clock, to the microsecond; None when it is none."""
    try:
        return datetime.fromisoformat(stamp[:26].decode("ascii").rstrip("Z") + "+00:00").timestamp()
    except ValueError:
        return None
