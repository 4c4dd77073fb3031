"""What of the runs this user may not read, and whose it is: whether such a run lives cannot be told, so it is never taken for dead."""

from __future__ import annotations

import os
from pathlib import Path


def shut(run: Path) -> str:
    """Why nothing can be told of the run in a folder; '' when it can, or no run is in it."""
    why = _refused(run / "facts", "/.") or _refused(run / "alive")
    return f"{run} cannot be read ({why}{_is_of(run)})" if why else ""


def unseen(runs: Path) -> dict[Path, str]:
    """What cannot be looked into, of the runs folder, its drills' folders and the runs in them, and why."""
    found: dict[Path, str] = {}
    for place in (runs, *runs.glob("*")):
        if not place.is_symlink() and (why := _refused(place, "/.")):
            found[place] = f"{place} cannot be read ({why}{_is_of(place)})"
    return found | {run: why for run in runs.glob("*/*Z-????????") if (why := shut(run))}


def owner(path: Path) -> str:
    """The name of whom it belongs to; '' where that cannot be told."""
    import pwd

    try:
        user = path.stat().st_uid
    except OSError:
        return ""
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:  # a user id without a name, as in many containers
        return f"user {user}"


def _refused(path: Path, end: str = "") -> str:
    """Why it cannot be opened; what is not there is not refused."""
    try:
        os.close(os.open(f"{path}{end}", os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK))
    except (FileNotFoundError, NotADirectoryError, ValueError):  # a name that no file can have
        return ""
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _is_of(path: Path) -> str:
    return f"; it is {whose}'s" if (whose := owner(path)) else ""
