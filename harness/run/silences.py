"""Silences in an Alertmanager while a drill runs: noted before they are asked for, taken away at its end, and by `drill mend` after a death.

The note is a file in the runs folder that the run holds; one that nobody holds is of a run that died. Each silence ends by itself too.
Source: Alertmanager's API v2 (api/v2/openapi.yaml).
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from harness.drill.silence import matcher
from harness.errors import CannotRun, Missing
from harness.ondisk import settle
from harness.urls import bare

if TYPE_CHECKING:
    from harness.drill.silence import Silence

FOLDER = ".silences"
BY = "drill"
CALL_S = 10.0


@contextlib.contextmanager
def silenced(
    runs: Path, wanted: Sequence[Silence], drill: str, lasts_s: float, say: Callable[[str], None]
) -> Iterator[None]:
    """Quiet for `lasts_s` at the most. Raises CannotRun where one is refused; those that were made before it are taken away."""
    if not wanted:
        yield
        return
    comment = f"drill {drill}, {secrets.token_hex(8)}"
    note = runs / FOLDER / f"{comment[-16:]}.json"
    until = datetime.fromtimestamp(time.time() + lasts_s, UTC)
    with _noted(note, {"comment": comment, "until": until.isoformat(), "at": sorted({one.at for one in wanted})}):
        try:
            for one in wanted:
                _make(one, comment, until)
            yield
        finally:
            for left in _lift(note):
                say(f"warning: {left}")


def _noted(note: Path, told: Mapping[str, Any]) -> TextIO:
    """The note, on the disk and held by this process until it is closed. Raises CannotRun."""
    try:
        note.parent.mkdir(parents=True, exist_ok=True)
        file = note.open("x")
        os.fchmod(file.fileno(), 0o600)  # the Alertmanager's URL may hold a password
        fcntl.flock(file, fcntl.LOCK_EX)
        json.dump(told, file)
        file.flush()
        settle(note)
    except OSError as error:
        raise CannotRun(f"{note} cannot be written: {error.strerror}") from error
    return file


def lift_dead(runs: Path, say: Callable[[str], None]) -> list[str] | None:
    """Take away the silences of runs that died; returns those that are still there, in sentences. None where no such run left any."""
    left: list[str] | None = None
    for note in sorted((runs / FOLDER).glob("*.json")):
        with contextlib.suppress(OSError), note.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue  # its run lives
            found = _lift(note)
            left = (left or []) + found
            say(f"silences of a dead run ({note.stem}): " + ("; ".join(found) if found else "taken away"))
    return left


def _make(wanted: Silence, comment: str, until: datetime) -> None:
    body = {
        "matchers": [
            {"name": one.name, "value": one.value, "isRegex": one.regex, "isEqual": one.equal}
            for one in map(matcher, wanted.matchers)
        ],
        "startsAt": datetime.now(UTC).isoformat(),
        "endsAt": until.isoformat(),
        "createdBy": BY,
        "comment": comment,
    }
    try:
        _asked("POST", wanted.at, "silences", body)
    except ValueError as error:
        cure = "take `silence` out of the drill, or name an Alertmanager that takes one"
        raise CannotRun(Missing(f"no silence was made, and nothing was started: {error}", cure)) from None


def _lift(note: Path) -> list[str]:
    """What is still there of a note's silences; the note goes with the last of them, or when they have ended by themselves."""
    try:
        told = json.loads(note.read_text())
        comment, until, places = (
            str(told["comment"]),
            datetime.fromisoformat(told["until"]),
            [str(at) for at in told["at"]],
        )
    except (OSError, ValueError, KeyError, TypeError):  # cut by a power failure, before any was asked for
        note.unlink(missing_ok=True)
        return []
    left = []
    for at in places:
        try:
            for id_ in _mine(at, comment):
                _asked("DELETE", at, f"silence/{id_}")
            if still := _mine(at, comment):
                left.append(f"silence {', '.join(still)} is still in {bare(at)}")
        except ValueError as error:
            left.append(f"it is not known whether a silence is still in {bare(at)}: {error}")
    if left and datetime.now(UTC) < until:
        return [f"{one}; it ends by itself at {until:%H:%M} UTC, `drill mend` tries again" for one in left]
    note.unlink(missing_ok=True)
    return []


def _mine(at: str, comment: str) -> list[str]:
    """The silences with our comment that are not over: also one whose answer never came."""
    found = _asked("GET", at, "silences")
    try:
        return [str(one["id"]) for one in found if one["comment"] == comment and one["status"]["state"] != "expired"]
    except (TypeError, KeyError) as error:
        raise ValueError(f"{bare(at)} does not answer as Alertmanager does") from error


def _asked(method: str, at: str, path: str, body: object = None) -> Any:
    """The answer as data; None for an empty one. Raises ValueError with the reason."""
    import requests

    url = f"{at.rstrip('/')}/api/v2/{path}"
    try:
        answer = requests.request(method, url, json=body, timeout=CALL_S)
        data = answer.json() if answer.content.strip() and "json" in answer.headers.get("Content-Type", "") else None
    except (requests.RequestException, OSError, ValueError) as error:
        raise ValueError(f"{bare(url)} did not answer: {type(error).__name__}") from None
    if not answer.ok:
        raise ValueError(f"{bare(url)} answered {answer.status_code}: {str(data or answer.text)[:200]}")
    return data
