"""One drill at a time per target: a lock in the runs folder that nothing but a living process can hold.

The kernel lets go of it when its holder ends, however that is. What stands in the file is only told to people, and only while
somebody holds it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from harness.errors import CannotRun
from harness.inside.pulse import here, identity
from harness.underway import Holder

FOLDER = ".locks"
LOOK_S = 0.2  # between two tries of one that waits
READERS = 5  # tries: whoever looks at a lock holds it too, for some microseconds
COMPOSE = tuple(f"{name}.{end}" for name in ("compose", "docker-compose") for end in ("yaml", "yml"))


@dataclass(frozen=True)
class Target:
    """What a drill is run on. `name` is how people call it; two targets with one `key` are the same."""

    name: str
    key: str


class Held:
    """The lock, in the hands of this process."""

    def __init__(self, descriptor: int, holder: Holder) -> None:
        self._descriptor = descriptor
        self._holder = holder
        self._write()

    def opened(self, run: str) -> None:
        """The run has its folder, by which it can be halted."""
        self._holder = replace(self._holder, run=run)
        self._write()

    def _write(self) -> None:
        text = json.dumps(asdict(self._holder)).encode()
        with contextlib.suppress(OSError):  # a full disk: the target is held all the same
            os.pwrite(self._descriptor, text, 0)
            os.ftruncate(self._descriptor, len(text))


def of_files(files: Sequence[Path]) -> Target:
    """The target that Compose files make: the same files, by whatever paths and in whatever order, are the same one."""
    found = [_file(path) for path in files]
    text = "\n".join(sorted({str(path.resolve()) for path in found}))
    return Target(" + ".join(_shown(path) for path in found), hashlib.sha256(text.encode()).hexdigest()[:16])


@contextlib.contextmanager
def held(runs: Path, target: Target, drill: str, wait_s: float, say: Callable[[str], None]) -> Iterator[Held]:
    """Hold the target; no other run on it begins meanwhile. The file goes with the lock.

    Raises CannotRun, in one line, when another run holds it (after `wait_s`), or the disk refuses.
    """
    path = runs / FOLDER / target.key
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = _awaited(path, target, wait_s, say)
    except OSError as error:
        raise CannotRun(f"cannot write {path}: {error.strerror}") from error
    try:
        yield Held(descriptor, Holder(target.name, drill, since_unix_s=time.time(), **identity()))
    finally:
        with contextlib.suppress(OSError):
            path.unlink()  # before it is let go: whoever opened it meanwhile sees that it is no longer the one
        os.close(descriptor)


def holders(runs: Path) -> list[Holder]:
    """Who holds which target of these runs, the longest first."""
    found = [holder for path in (runs / FOLDER).glob("*") if (holder := _holder(path)) is not None]
    return sorted(found, key=lambda holder: holder.since_unix_s)


def _awaited(path: Path, target: Target, wait_s: float, say: Callable[[str], None]) -> int:
    from harness.quantities import spell

    deadline = time.monotonic() + wait_s
    told: Holder | None = None
    while True:
        for _ in range(READERS):
            if (descriptor := _locked(path)) >= 0:
                return descriptor
            time.sleep(LOOK_S / READERS)
        holder = _holder(path)
        if time.monotonic() >= deadline:
            raise CannotRun(_refusal(target, holder, wait_s))
        if holder is not None and (told is None or told.pid != holder.pid):
            told = holder
            say(f"waiting up to {spell(wait_s)} for {target.name}: {holder} holds it")


def _refusal(target: Target, holder: Holder | None, wait_s: float) -> str:
    from harness.quantities import spell

    waited = f" after {spell(wait_s)}" if wait_s else ""
    if holder is None:  # it began, or ended, in this very moment
        return f"{target.name} is taken by another run{waited}; see: drill status"
    ends = f"drill halt {holder.run}" if holder.run else holder.ends_by
    more = "" if wait_s else ", --wait 10m waits for it"
    return f"{target.name} is taken{waited}: {holder} holds it; {ends} ends it{more}"


def _locked(path: Path) -> int:
    """The descriptor of the lock, now ours; -1 when somebody else has it."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return -1
        except OSError:
            os.close(descriptor)
            raise
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        os.close(descriptor)  # its last holder took it away in between


def _holder(path: Path) -> Holder | None:
    """Who holds it; None when nobody does, or has not said who yet."""
    try:
        with path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                said = json.loads(file.read())
                return Holder(**{**said, "here": here(said)})
    except (OSError, ValueError, TypeError):
        pass
    return None


def _file(path: Path) -> Path:
    """A folder stands for the file that Compose finds in it."""
    return next((path / name for name in COMPOSE if (path / name).is_file()), path) if path.is_dir() else path


def _shown(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
