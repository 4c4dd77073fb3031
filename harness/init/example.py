"""The examples that are carried along: a folder of `compose/`, the drills that run it, their locustfiles and dashboards, copied out."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import harness
from harness.errors import UsageError

LEFT_OUT = ("__pycache__", ".pytest_cache", ".ruff_cache", ".mypy_cache")
_IMPORT = re.compile(r"^(?:from|import) (\w+)", re.MULTILINE)


def carried() -> Path:
    """The folder with `compose/`, `drills/` and `dashboards/`: in the installed package, else the checkout's own root."""
    package = Path(harness.__file__).parent
    inside = package / "carried"
    return inside if inside.is_dir() else package.parent


def names(root: Path) -> tuple[str, ...]:
    """Examples that there are: a folder below `compose/` that some drill runs."""
    folders = sorted(one.name for one in (root / "compose").glob("*") if (one / "compose.yaml").is_file())
    return tuple(name for name in folders if _drills(root, name))


def files(root: Path, name: str) -> tuple[Path, ...]:
    """Every file of an example, relative to `root`. Raises UsageError for one that is not there."""
    if name not in names(root):
        raise UsageError(
            f"there is no example {name!r}; there are: {', '.join(names(root)) or 'none in this installation'}"
        )
    found: dict[Path, None] = {}
    for drill in _drills(root, name):
        found[drill] = None
        text = drill.read_text(encoding="utf-8")
        for locustfile in re.findall(r"locustfile:\s*(\S+)", text):
            found |= dict.fromkeys(_modules(drill.parent / locustfile))
    folders = [root / "compose" / name]
    texts = [one.read_text(encoding="utf-8", errors="replace") for one in (*found, *folders[0].glob("*.yaml"))]
    if any("../dashboards" in text for text in texts):
        folders.append(root / "dashboards")
    for folder in folders:
        found |= dict.fromkeys(
            one for one in sorted(folder.rglob("*")) if one.is_file() and not set(LEFT_OUT) & set(one.parts)
        )
    return tuple(path.relative_to(root) for path in found)


def copy(name: str, folder: Path, *, force: bool = False) -> tuple[Path, ...]:
    """Copy an example into a folder: all of its files or none. Returns them. Raises UsageError for what is there already."""
    root = carried()
    found = files(root, name)
    if root.resolve() == folder.resolve():
        raise UsageError("this folder is where the examples come from: drill list shows what it can run")
    there = [
        f"{path}: it is there already; nothing was copied (--force overwrites it)"
        for path in found
        if (folder / path).exists()
    ]
    if there and not force:
        raise UsageError(*there[:20], *([f"and {len(there) - 20} more"] if len(there) > 20 else []))
    for path in found:
        try:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / path, folder / path)
        except OSError as error:
            raise UsageError(f"{path}: it cannot be written: {error.strerror or error}") from None
    return found


def _drills(root: Path, name: str) -> list[Path]:
    pattern = re.compile(rf"\.\./compose/{re.escape(name)}/[\w.-]+\.ya?ml")
    return [one for one in sorted((root / "drills").glob("*.yaml")) if pattern.search(one.read_text(encoding="utf-8"))]


def _modules(locustfile: Path) -> Iterator[Path]:
    """A locustfile, and the modules beside it that it imports."""
    waiting, seen = [locustfile], set()
    while waiting:
        path = waiting.pop()
        if path in seen or not path.is_file():
            continue
        seen.add(path)
        yield path
        waiting += [path.parent / f"{module}.py" for module in _IMPORT.findall(path.read_text(encoding="utf-8"))]
