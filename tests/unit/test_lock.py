"""requirements.lock is whole: everything that the project needs, and what that needs in turn, pinned, and each with its hashes."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)((?: ; [^\\]+)?) \\$")


def entries() -> dict[str, list[str]]:
    """By name, the hashes of each package that is pinned."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in (ROOT / "requirements.lock").read_text().splitlines():
        if match := PINNED.match(line):
            name = canonicalize_name(match[1])
            found.setdefault(name, [])
        elif line.strip().startswith("--hash="):
            found[name].append(line.strip().removeprefix("--hash=").rstrip(" \\"))
        else:
            assert not line.strip() or line.startswith("#"), f"neither a pin nor a hash: {line}"
    return found


def needed(names: list[Requirement]) -> Iterator[str]:
    seen: set[str] = set()
    while names:
        one = names.pop()
        name = canonicalize_name(one.name)
        if name in seen or (one.marker and not one.marker.evaluate({"extra": ""})):
            continue
        seen.add(name)
        yield name
        try:
            names += [Requirement(text) for text in requires(name) or ()]
        except PackageNotFoundError:
            continue


def test_each_package_is_pinned_with_its_hashes() -> None:
    locked = entries()
    assert len(locked) > 40
    assert all(hashes for hashes in locked.values()), [name for name, hashes in locked.items() if not hashes]
    assert all(re.fullmatch("sha256:[0-9a-f]{64}", one) for hashes in locked.values() for one in hashes)


def test_all_that_the_project_needs_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [Requirement(text) for text in (*project["dependencies"], *project["optional-dependencies"]["dev"])]
    assert set(needed(wanted)) <= set(entries())
