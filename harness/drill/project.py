"""The project around a drill: `[tool.drill]` in pyproject.toml found upwards, its drills and runs, a drill by name."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.drill.problem import Invalid, Problem, did_you_mean, shown_path
from harness.errors import UsageError

if TYPE_CHECKING:  # models take long to load, and `drill halt` must not wait for them
    from harness.drill.blast_radius import BlastRadius, Limit

SETTINGS = ("drills", "runs", "protected", "blast_radius", "schedule", "announce", "defaults", "parts", "targets")
_SUFFIXES = (".yaml", ".yml")
_COMPOSE = ("compose.", "docker-compose.")
LATEST = "latest"
"""In the runs folder, the link that each run points to itself; what it is called, no drill is."""


@dataclass(frozen=True)
class Project:
    """Where things are. `root` holds the pyproject.toml with [tool.drill], or is the working directory.

    protected      names (or patterns) of what no drill touches without a confirmation
    blast_radius   what the project's drills may touch at the most; None: anything
    parts          Python files with parts of its own (harness.parts)
    schedule       [tool.drill.schedule] as it is written, and whom each run tells of itself; for harness.drill.settings
    targets        systems that run already, by name, as they are written (harness.target.config reads one)
    """

    root: Path
    drills: Path
    runs: Path
    protected: tuple[str, ...] = ()
    blast_radius: BlastRadius | None = None
    parts: tuple[Path, ...] = ()
    schedule: Mapping[str, Any] | None = None
    announce: Sequence[Any] = ()
    targets: Mapping[str, Any] = field(default_factory=dict)

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The project's blast radius, as a plan is held against it."""
        from harness.drill.blast_radius import Limit

        where = f"[tool.drill.blast_radius] of {shown_path(self.root / 'pyproject.toml')}"
        return (Limit(self.blast_radius, "a drill of this project", where),) if self.blast_radius is not None else ()

    def drill_files(self) -> tuple[Path, ...]:
        """Every drill of the project, by name."""
        return drill_files(self.drills) if self.drills.is_dir() else ()

    def find(self, name: str) -> Path:
        """A drill by its name, or by the path of its file. Raises UsageError with what there is."""
        direct = Path(name)
        if direct.suffix in _SUFFIXES or os.sep in name:
            if direct.is_file():
                return direct
            if (self.drills / name).is_file():
                return self.drills / name
        else:
            for suffix in _SUFFIXES:
                if (self.drills / f"{name}{suffix}").is_file():
                    return self.drills / f"{name}{suffix}"
        names = [path.stem for path in self.drill_files()]
        near = did_you_mean(direct.stem, names)
        have = f"drills here: {', '.join(names)}" if names else f"there are no drills in {shown_path(self.drills)}"
        raise UsageError(f"no drill '{name}'{near}; {have}")


def drill_files(folder: Path) -> tuple[Path, ...]:
    """The drills of a folder, by name: its YAML files, but for Compose's own."""
    found = (path for path in folder.iterdir() if path.suffix in _SUFFIXES and path.is_file())
    return tuple(sorted(path for path in found if not path.name.startswith(_COMPOSE)))


def find_project(start: Path | None = None, env: Mapping[str, str] | None = None) -> Project:
    """The project of a folder (the working directory). DRILL_HOME, when set, holds the runs. Raises Invalid."""
    start = (start or Path.cwd()).absolute()
    for folder in (start, *start.parents):
        file = folder / "pyproject.toml"
        settings = _settings(file) if file.is_file() else None
        if settings is not None:
            root = folder
            break
    else:
        root, settings = start, {}
    runs = home_runs(env) or root / settings.get("runs", "runs")
    radius = settings.get("blast_radius")
    return Project(
        root,
        root / settings.get("drills", "drills"),
        runs,
        tuple(settings.get("protected", ())),
        None if radius is None else _radius(radius),
        tuple(root / name for name in settings.get("parts", ())),
        settings.get("schedule"),
        settings.get("announce", ()),
        settings.get("targets", {}),
    )


def home_runs(env: Mapping[str, str] | None = None) -> Path | None:
    """The runs of DRILL_HOME, where that is set."""
    home = (os.environ if env is None else env).get("DRILL_HOME", "")
    return Path(home).expanduser().absolute() / "runs" if home else None


def _settings(file: Path) -> dict[str, Any] | None:
    shown = shown_path(file)
    try:
        text = file.read_bytes().decode("utf-8")
        data = tomllib.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise Invalid([Problem(shown, 0, 0, f"cannot be read: {error}")]) from None
    tool = data.get("tool")
    settings = tool.get("drill") if isinstance(tool, dict) else None
    if settings is None:
        return None
    lines = text.splitlines()

    def wrong(word: str, what: str) -> Problem:
        at = next((n for n, line in enumerate(lines, start=1) if _states(line, word)), 1)
        return Problem(shown, at, 1, f"[tool.drill] {what}", lines[at - 1] if lines else "")

    if not isinstance(settings, dict):
        raise Invalid([wrong("drill", "must be a table")])
    found = [wrong(w, f"unknown word '{w}'{did_you_mean(w, SETTINGS)}") for w in settings if w not in SETTINGS]
    found += [wrong(w, f"{w} must be a path") for w in ("drills", "runs") if not isinstance(settings.get(w, ""), str)]
    protected = settings.get("protected", [])
    if not isinstance(protected, list) or not all(isinstance(name, str) and name for name in protected):
        found.append(wrong("protected", 'protected must be a list of names, such as ["staging"]'))
    parts = settings.get("parts", [])
    if not isinstance(parts, list) or not all(isinstance(name, str) and name.endswith(".py") for name in parts):
        found.append(wrong("parts", 'parts must be a list of Python files, such as ["my_parts.py"]'))
    if not isinstance(settings.get("targets", {}), dict):
        found.append(wrong("targets", "targets must be tables, such as [tool.drill.targets.staging]"))
    found += [wrong("blast_radius", what) for what in _radius_wrong(settings.get("blast_radius"))]
    for word in {"schedule", "announce"} & settings.keys():
        from harness.drill import settings as read

        found += [wrong(word, what) for what in read.wrong(word, settings[word])]
    if found:
        raise Invalid(found)
    return settings


def _states(line: str, word: str) -> bool:
    """Whether this line of a TOML file begins the setting: `word = …`, or its own table [tool.drill.word]."""
    return line.strip().startswith((word, f"[tool.drill.{word}", f"[[tool.drill.{word}"))


def _radius_wrong(value: Any) -> Iterator[str]:
    """What is wrong with the project's blast radius."""
    if value is None:
        return
    if not isinstance(value, dict):
        yield 'blast_radius must be a table, such as {services = ["worker"], edges = ["api->*"]}'
        return
    from pydantic import ValidationError

    from harness.drill.blast_radius import WORDS, BlastRadius

    unknown = [word for word in value if word not in WORDS]
    yield from (f"blast_radius: unknown word '{word}'{did_you_mean(word, WORDS)}" for word in unknown)
    try:
        BlastRadius.model_validate(_listed({word: value[word] for word in WORDS if word in value}))
    except ValidationError as error:
        for one in error.errors(include_url=False):
            said = (one.get("ctx") or {}).get("error") or one["msg"]
            yield f"blast_radius.{'.'.join(map(str, one['loc']))}: {said}"


def _radius(value: dict[str, Any]) -> BlastRadius:
    from harness.drill.blast_radius import BlastRadius

    return BlastRadius.model_validate(_listed(value))


def _listed(value: dict[str, Any]) -> dict[str, Any]:
    """TOML's lists as the tuples that the model has; what is no list stays, and is refused."""
    return {word: tuple(inner) if isinstance(inner, list) else inner for word, inner in value.items()}
