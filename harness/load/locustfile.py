"""The user's locustfiles, imported and looked over: what cannot be driven by arrivals is refused, with the reason and
the place. A LoadTestShape is no part of it: nobody asks it anything."""

from __future__ import annotations

import ast
import contextlib
import inspect
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from locust import LoadTestShape, TaskSet, User
from locust.user.markov_taskset import MarkovTaskSet
from locust.user.users import PytestUser
from locust.util.load_locustfile import load_locustfile

from harness.load.hosts import place, same
from harness.load.places import Places, place_of_class
from harness.urls import bare, left_out


class Refused(Exception):
    """This locustfile cannot be used; `where` is file:line or ''."""

    def __init__(self, reason: str, where: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.where = where


def load(paths: Sequence[Path]) -> tuple[dict[str, type[User]], dict[str, LoadTestShape]]:
    """Their user classes and shapes by name, as Locust merges those of several files. Raises Refused."""
    classes: dict[str, type[User]] = {}
    shapes: dict[str, LoadTestShape] = {}
    places: dict[str, str] = {}
    for path in paths:
        users, shaping = _load(path)
        shapes |= {type(shape).__name__: shape for shape in shaping}
        for name, cls in users.items():
            place = place_of_class(cls)  # now: another file of the same name takes its module's place
            if places.setdefault(name, place) != place:
                raise Refused(
                    f"there is a User class {name} in {places[name]} too; give one of them another name", place
                )
            classes.setdefault(name, cls)  # else one of the files has imported the other
    if not classes:
        tests = [name for path in paths for name in vars(sys.modules.get(path.stem, sys)) if name.startswith("test_")]
        hint = " (pytest-style functions, which Locust makes PytestUsers of, have no tasks to start)" if tests else ""
        raise Refused(f"it defines no User class that is not abstract{hint}", str(Places(paths)))
    return classes, shapes


def _load(path: Path) -> tuple[dict[str, type[User]], list[LoadTestShape]]:
    """The user classes and the shapes of one. Raises Refused."""
    if not path.is_file():
        raise Refused(f"there is no locustfile {path}", "")
    places = Places((path,))
    try:
        classes, shapes = load_locustfile(str(path.resolve()))
    except SyntaxError as error:
        place = f"{error.filename}:{error.lineno}" if error.filename else str(path)
        raise Refused(f"syntax error: {error.msg}", place) from error
    except SystemExit as error:
        raise Refused(
            f"it ends the process while it is imported (exit {error.code})", places.of_error(error)
        ) from error
    except Exception as error:
        raise Refused(f"it cannot be imported: {describe(error)}{_cure(error)}", places.of_error(error)) from error
    for cls in classes.values():
        if issubclass(cls, PytestUser):
            raise Refused(f"{cls.__name__} is a PytestUser, which has no tasks to start", place_of_class(cls))
    return classes, shapes


def check_tasks(classes: Iterable[type[User]], tags: Sequence[str] = (), exclude_tags: Sequence[str] = ()) -> None:
    """Raises Refused for a class that has no task that could be started, and will not choose some itself."""
    for cls in classes:
        if "run" in _overridden(cls):
            raise Refused(
                f"{cls.__name__} has a run() of its own, so its tasks cannot be started one by one", place_of_class(cls)
            )
        waiting: list[Any] = [cls]
        seen: set[Any] = set()
        while waiting:
            holder = waiting.pop()
            if holder in seen:
                continue
            seen.add(holder)
            tasks = list(holder.tasks or [])
            if not tasks and not issubclass(holder, MarkovTaskSet) and not _chooses_tasks(holder):
                said = {"tags": tags, "exclude_tags": exclude_tags}
                left = " and ".join(f"`{word}: [{', '.join(names)}]`" for word, names in said.items() if names)
                why = f"has no tasks left after {left}" if left else "has no tasks"
                raise Refused(f"{holder.__name__} {why}", place_of_class(holder))
            waiting += [task for task in tasks if isinstance(task, type) and issubclass(task, TaskSet)]


def _chooses_tasks(holder: type) -> bool:
    """Whether it may get its tasks later: what is written where it is, or where what it stands on is, reads or sets some `.tasks`, or
    says itself which is next. If there are none all the same, its users say so when they end."""
    for base in holder.__mro__:
        if base is object or base.__module__.startswith("locust."):
            continue
        if "get_next_task" in vars(base):
            return True
        with contextlib.suppress(OSError, TypeError, SyntaxError):
            source = Path(inspect.getfile(base)).read_bytes()
            if any(isinstance(node, ast.Attribute) and node.attr == "tasks" for node in ast.walk(ast.parse(source))):
                return True
    return False


def paced(classes: Iterable[type[User]]) -> list[str]:
    """Names of the classes that set a wait_time, which arrivals make meaningless."""
    words = ("wait_time", "min_wait", "max_wait", "wait_function")
    return sorted({holder.__name__ for cls in classes for holder in holders(cls) if _sets(holder, words)})


def unused(shapes: Iterable[LoadTestShape], model: str) -> list[str]:
    """What is to be said of shapes: the load is the drill's own."""
    own = "users" if model == "closed" else "arrivals"
    return [
        f"{place_of_class(shape)}: {shape.__name__} is a LoadTestShape and is left unused: the drill's own {own} are the load"
        for shape in map(type, shapes)
    ]


def hosts(classes: Iterable[type[User]], against: str) -> list[str]:
    """What is to be said of classes that have a host of their own: they ask the service that is loaded, as all do."""
    own = {cls.__name__: host for cls in classes if isinstance(host := cls.host, str)}
    return [
        f"{name}'s own host {bare(host) if place(host) else host} is replaced by {against}, the service that is loaded{left_out(host)}"
        for name, host in sorted(own.items())
        if not same(host, against) or left_out(host)
    ]


def greets(classes: Iterable[type[User]]) -> bool:
    """Whether a user does something of its own when it starts (on_start, __init__), which may ask the service."""
    return any(_sets(holder, ("on_start", "__init__")) for cls in classes for holder in holders(cls))


def holders(cls: type[User]) -> Iterator[Any]:
    """The class, and the sets of tasks among its tasks, and those among theirs."""
    yield cls
    waiting = [task for task in cls.tasks if isinstance(task, type)]
    seen: set[Any] = set()
    while waiting:
        holder = waiting.pop()
        if holder not in seen:
            seen.add(holder)
            yield holder
            waiting += [task for task in getattr(holder, "tasks", ()) if isinstance(task, type)]


def _sets(holder: type, words: tuple[str, ...]) -> bool:
    theirs = [base for base in holder.__mro__ if not base.__module__.startswith("locust.") and base is not object]
    return any(word in vars(base) for base in theirs for word in words)


def _overridden(cls: type[User]) -> set[str]:
    return {name for base in cls.__mro__ if not base.__module__.startswith("locust.") for name in vars(base)} - {
        "tasks"
    }


def describe(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _cure(error: BaseException) -> str:
    """A file that is not there by a relative path: where it was looked for. A module that has our own name: that it cannot be found."""
    if isinstance(error, ImportError) and (error.name or "").partition(".")[0] == "harness":
        return " (harness is the drill's own package here: give yours another name)"
    if isinstance(error, FileNotFoundError) and error.filename and not os.path.isabs(error.filename):
        return f" (in {os.getcwd()}; beside the locustfile it would be Path(__file__).parent / {error.filename!r})"
    return ""
