"""The runs of a project as they lie on the disk, read cheaply: a name, verdict.json and about.json each, never a journal."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from harness.errors import UsageError
from harness.history.compare import Side
from harness.history.course import Entry
from harness.history.record import BROKEN, KILLED, REFUSED, RUNNING, NotAVerdict, Record, record_of
from harness.history.standing_out import MOST_RUNS
from harness.run import about
from harness.run.folder import NAMED, RunFolder

RESOLVED = "resolved"  # the key of harness.drill.resolved: where the drill file stood
REFUSED_FILE = "refused.jsonl"
"""In the runs folder: a line for each run that was refused before it had a folder, {"at_unix_s", "drill", "reason"}."""
MOST_ENTRIES = 200  # runs on a page
LARGEST_BYTES = 64 << 20  # a verdict.json beyond it is none of ours


def records(runs: Path, drill: str = "", limit: int = 0) -> list[Record]:
    """The newest runs, newest first; all with limit 0. Broken folders are among them, and say what is wrong."""
    found = _folders(runs, drill)
    taken = [_record(folder) for folder in (found[:limit] if limit else found)]
    taken += _refused(runs, drill)
    taken.sort(key=lambda record: (record.began_unix_s or 0.0, record.run), reverse=True)
    return taken[:limit] if limit else taken


def kept(runs: Path, drill: str) -> Iterator[Record]:
    """The runs of a drill that have a folder, newest first, each read when it is asked for; however many were refused."""
    return map(_record, _folders(runs, drill))


def drills(runs: Path) -> list[str]:
    """The drills that have runs, by name."""
    return sorted(_names(runs))


def verdicts(runs: Path, drill: str) -> Iterator[tuple[RunFolder, dict[str, Any]]]:
    """The runs of a drill that have a verdict, newest first."""
    for folder in _folders(runs, drill):
        try:
            yield folder, _document(folder)
        except (OSError, ValueError):
            continue


def side(folder: RunFolder) -> Side:
    """A run to be compared. Raises UsageError where it has no verdict that can be read."""
    try:
        document = _document(folder)
    except FileNotFoundError:
        raise UsageError(
            f"run {folder.run} of {folder.drill} has no verdict; if it is over, `drill judge {folder.run}` makes one"
        ) from None
    except (OSError, ValueError) as error:
        raise UsageError(
            f"run {folder.run}: its verdict.json cannot be read ({error}); `drill judge {folder.run}` makes it again"
        ) from None
    return Side(folder.run, document, ran_with(folder))


def before(runs: Path, newer: RunFolder) -> list[dict[str, Any]]:
    """verdict.json of the runs of a drill that began before one and are like it: the same drill file, the same machine. The oldest first."""
    wanted, like = _likeness(newer), []
    for folder, document in verdicts(runs, newer.drill):
        if folder.path.name < newer.path.name and _likeness(folder) == wanted:
            like.append(document)
            if len(like) == MOST_RUNS:
                break
    return like[::-1]


def entries(runs: Path, drill: str) -> tuple[list[Entry], bool]:
    """The newest runs of a drill, refused ones too, the oldest first; and whether there are older ones."""
    found = records(runs, drill, MOST_ENTRIES + 1)
    made = []
    for record in found[:MOST_ENTRIES]:
        if record.exit_code is None:
            made.append(Entry(record, None, ""))
            continue
        folder = RunFolder(Path(record.folder))
        try:
            made.append(Entry(record, _document(folder), "\n".join(_likeness(folder))))
        except (OSError, ValueError):  # gone, or changed, since it was listed
            made.append(Entry(record, None, ""))
    return made[::-1], len(found) > MOST_ENTRIES


def last_of_each(runs: Path) -> list[tuple[str, Record | None, Record | None]]:
    """Of every drill that has runs, the last that passed and the last that failed, among its newest."""
    found = []
    for drill in drills(runs):
        judged = [record for record in records(runs, drill, MOST_ENTRIES) if record.exit_code is not None]
        last = [next((one for one in judged if one.word == word), None) for word in ("passed", "failed")]
        if _folders(runs, drill):
            found.append((drill, last[0], last[1]))
    return found


def first_unix_s(runs: Path, drill: str) -> float | None:
    """When the first run of a drill that is still there began."""
    found = _folders(runs, drill)
    return began(found[-1]) if found else None


def ran_with(folder: RunFolder) -> dict[str, str]:
    """What the run was run with, flat: the drill's values, the image of each service, the machine, the commit."""
    noted = about.read(folder.path)
    machine = noted.get("machine")
    return {
        **dict(_flat("drill", _drill(folder))),
        **_images(folder),
        **dict(_flat("machine", machine if isinstance(machine, dict) else {})),
        **({"commit": str(noted["commit"])} if noted.get("commit") else {}),
    }


def _folders(runs: Path, drill: str) -> list[RunFolder]:
    """The run folders by their names alone, newest first."""
    found: list[tuple[str, str]] = []
    for place in [drill] if drill else _names(runs):
        found += [(name, place) for name in _names(runs / place) if NAMED.fullmatch(name)]
    return [RunFolder(runs / place / name) for name, place in sorted(found, reverse=True)]


def _names(folder: Path) -> list[str]:
    """The folders in a folder; links are none."""
    try:
        with os.scandir(folder) as entries:
            return [one.name for one in entries if one.is_dir(follow_symlinks=False) and not one.name.startswith(".")]
    except OSError:
        return []


def _record(folder: RunFolder) -> Record:
    run, noted = folder.run, about.read(folder.path)
    told = Record(run, folder.drill, str(folder.path), began(folder), BROKEN, about=noted)
    again = f"`drill judge {run}` makes it again"
    try:
        return record_of(_document(folder), run, folder.drill, told.folder, told.began_unix_s, noted)
    except FileNotFoundError:
        return _unjudged(folder, told)
    except NotAVerdict as error:
        return replace(told, why=f"{error}; {again}")
    except OSError as error:
        return replace(told, why=f"its verdict.json cannot be read: {error.strerror}")
    except ValueError:
        return replace(told, why=f"its verdict.json is not JSON, or cut; {again}")


def _unjudged(folder: RunFolder, told: Record) -> Record:
    """A run without a verdict: it goes on, or ended without one."""
    if not folder.facts.is_dir():
        return replace(told, why="there are no facts in it; it can be deleted")
    try:
        lives = folder.lives()
    except OSError as error:
        return replace(told, why=f"its folder cannot be read: {error.strerror}")
    if lives:
        return replace(told, word=RUNNING, why=f"`drill status {told.run}` tells more")
    why = f"it ended without a verdict; `drill mend` clears up, `drill judge {told.run}` judges what it left"
    return replace(told, word=KILLED, why=why)


def _document(folder: RunFolder) -> dict[str, Any]:
    """verdict.json. Raises OSError, or a ValueError for what is none."""
    with folder.verdict.open("rb") as file:
        text = file.read(LARGEST_BYTES + 1)
    document = from_json(text) if len(text) <= LARGEST_BYTES else None
    if not isinstance(document, dict):
        raise NotAVerdict("its verdict.json is not a verdict")
    return document


def began(folder: RunFolder) -> float | None:
    """When a run began, as its folder's name tells."""
    try:
        return datetime.strptime(folder.path.name[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _refused(runs: Path, drill: str) -> Iterator[Record]:
    try:
        lines = (runs / REFUSED_FILE).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    for line in lines:
        try:
            told = json.loads(line)
            at, name, reason = instant(told["at_unix_s"]), str(told["drill"]), str(told["reason"])
        except (ValueError, KeyError, TypeError, RecursionError):  # cut by a power failure
            continue
        if not drill or name == drill:
            yield Record("", name, "", at.timestamp() if at else None, REFUSED, why=reason)


def instant(stated: Any) -> datetime | None:
    """What a line states as seconds, where that is an instant of the calendar."""
    try:
        return datetime.fromtimestamp(float(stated), UTC) if isinstance(stated, (int, float)) else None
    except (ValueError, OverflowError, OSError):
        return None


def _likeness(folder: RunFolder) -> tuple[str, str]:
    """What two runs must have in common for one to be the other's noise: the machine, and the drill's values but for its words to people
    and the release under test, which is what is compared."""
    words = {"title", "owner", "tags", "hypothesis", "schedule", "announce", "silence"}
    drill = {word: value for word, value in _drill(folder).items() if word not in words}
    if isinstance(drill.get("stack"), dict):
        drill["stack"] = {word: value for word, value in drill["stack"].items() if word != "candidate"}
    machine = about.read(folder.path).get("machine")
    name = machine.get("name") if isinstance(machine, dict) else ""
    return json.dumps(drill, sort_keys=True, default=str), str(name)


def _drill(folder: RunFolder) -> dict[str, Any]:
    """The values of the drill as it ran; {} where they cannot be read."""
    try:
        return _values(folder.drill_file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


@lru_cache(maxsize=MOST_RUNS)
def _values(text: str) -> dict[str, Any]:
    """Of the drill.yaml of a run. The runs of a drill have mostly the same, which is read once."""
    import yaml

    from harness.foreign_yaml import load

    try:
        data = load(text)
    except (ValueError, RecursionError, yaml.YAMLError):
        return {}
    return {str(word): value for word, value in data.items() if word != RESOLVED} if isinstance(data, dict) else {}


def _images(folder: RunFolder) -> dict[str, str]:
    """By service, the image that ran first and its id, from the journal's own lines of them."""
    found: dict[str, str] = {}
    try:
        with (folder.facts / "harness.jsonl").open(encoding="utf-8", errors="replace") as lines:
            for line in islice((one for one in lines if '"container_seen"' in one), 1000):
                fact = json.loads(line)
                if fact.get("fact") == "container_seen" and fact.get("image"):
                    text = f"{fact['image']} {str(fact.get('image_id', ''))[:19]}".rstrip()
                    found.setdefault(f"image of {fact.get('service')}", text)
    except (OSError, ValueError, AttributeError, RecursionError):
        pass
    return found


def _flat(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for word, inner in value.items():
            yield from _flat(f"{path}.{word}", inner)
    elif isinstance(value, list) and value and any(isinstance(one, (dict, list)) for one in value):
        for place, inner in enumerate(value):
            name = inner.get("name") if isinstance(inner, dict) else None
            yield from _flat(f"{path}[{name or place}]", inner)
    else:
        yield path, json.dumps(value, ensure_ascii=False, default=str)
