"""What `drill schedule` and `drill run --scheduled` share: the options that say when, and the turn that a run takes."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from harness.errors import CannotRun, DrillError, Missing, UsageError

if TYPE_CHECKING:
    from harness.drill.model import Drill
    from harness.drill.schedule import Schedule, Scheduled
    from harness.plan import Plan
    from harness.run.announcing import Announcer
    from harness.run.scheduled import Slot

F = TypeVar("F", bound=Callable[..., Any])
WORDS = ("at", "every", "from", "timezone", "skip", "window")
SKIP_OF_RUN = "--skip-days"
"""`drill run --skip` leaves faults out."""


@dataclass(frozen=True)
class Asked:
    """What the command line says of the schedule, by the drill's own words; what it leaves out the drill says."""

    words: Mapping[str, Any]
    if_due: bool = False

    def options(self) -> Iterator[str]:
        """As they are typed after `drill run`."""
        for word, value in self.words.items():
            for one in value if isinstance(value, tuple) else (value,):
                yield SKIP_OF_RUN if word == "skip" else f"--{word}"
                yield one


def when_options(command: F, *, of_run: bool = False) -> F:
    """--at, --every, --from, --timezone, --skip and --window, as one parameter `asked`."""

    @functools.wraps(command)
    def gathered(*given: Any, **named: Any) -> Any:
        words = {word: named.pop(f"when_{word}") for word in WORDS}
        return command(*given, asked=Asked({word: value for word, value in words.items() if value}), **named)

    helps = {
        "at": ("DAYS TIMES", "Thu 10:00, Mon-Fri 9:30,14:00, 1st Thu 10:00, last day 8:00."),
        "every": ("Nw", "2w: every second week."),
        "from": ("DAY", "The first day, 2026-12-03; its week is the first of --every."),
        "timezone": ("ZONE", "Europe/Berlin. [the drill's, the project's, or UTC]"),
        "skip": ("DAYS", "Not on 2026-12-24, or 2026-12-24..2027-01-06. As often as needed."),
        "window": ("T", "How late it may begin. [30m]"),
    }
    for word in reversed(WORDS):
        shown, text = helps[word]
        names = {"skip": [SKIP_OF_RUN] if of_run else ["--skip", SKIP_OF_RUN]}.get(word, [f"--{word}"])
        gathered = click.option(*names, f"when_{word}", metavar=shown, help=text, multiple=word == "skip")(gathered)
    return gathered  # type: ignore[return-value]


def scheduled_options(command: F) -> F:
    """--scheduled and --if-due with the options that say when; `asked` is None without --scheduled."""

    @functools.wraps(command)
    def gathered(*given: Any, scheduled: bool, if_due: bool, asked: Asked, **named: Any) -> Any:
        if not scheduled and (if_due or asked.words):
            word = "--if-due" if if_due else next(asked.options())
            raise UsageError(f"{word} goes with --scheduled; `drill schedule` prints the whole command")
        return command(*given, asked=Asked(asked.words, if_due) if scheduled else None, **named)

    made = when_options(gathered, of_run=True)
    made = click.option(
        "--if-due", is_flag=True, help="With --scheduled: end with 0, quietly, when the calendar has no run now."
    )(made)
    made = click.option(
        "--scheduled",
        is_flag=True,
        help="Started by a timer: obey the schedule (window, skipped days, freeze, clear_to_start); no questions.",
    )(made)
    return made  # type: ignore[return-value]


def schedule_of(drill: Drill, asked: Asked) -> Schedule:
    """The drill's own schedule with what the command line says. Raises UsageError."""
    import json

    from pydantic import ValidationError

    from harness.drill.model import data_of
    from harness.drill.schedule import Schedule

    own = dict(data_of(drill).get("schedule") or {})
    if "at" in asked.words:
        own.pop("cron", None)
    try:
        return Schedule.model_validate_json(json.dumps({**own, **asked.words}), by_alias=True, by_name=False)
    except ValidationError as error:
        raise UsageError(
            *(
                f"--{one['loc'][0] if one['loc'] else 'at'}: {(one.get('ctx') or {}).get('error') or one['msg']}"
                for one in error.errors(include_url=False)
            )
        ) from None


def scheduled_of(drill: Drill, asked: Asked) -> Scheduled:
    """What holds for a drill, its project's words added. Raises UsageError."""
    from harness.drill.project import find_project
    from harness.drill.schedule import scheduled
    from harness.drill.settings import schedule

    project = find_project(drill.origin.base)
    base = drill.origin.base
    return scheduled(schedule_of(drill, asked), base, schedule(project.schedule), project.root)


def slots(
    asked: Asked, names: Sequence[str], read: Callable[[str], Drill], runs: Path, say: Callable[[str], None]
) -> dict[str, Slot]:
    """Each drill's turn, by the name that it was called by. One that the calendar does not want, with --if-due, is left out and said."""
    from datetime import UTC, datetime

    from harness.run.scheduled import Slot, slot
    from harness.schedule.turn import told_missed

    found: dict[str, Slot] = {}
    for name in names:
        try:
            drill = read(name)
            made = slot(drill.name, runs, scheduled_of(drill, asked), datetime.now(UTC))
        except DrillError as error:
            called = Path(name).stem
            found[name] = Slot(called, runs, error=error, announcer=announcer(called, None, say))
            continue
        made.announcer = announcer(drill.name, drill, say)
        if made.missed:
            say(f"{drill.name}: {told_missed(made.missed)}")
            with made.announcer as told:
                told.missed(told_missed(made.missed))
        if asked.if_due and made.planned:
            if sys.stderr.isatty():  # cron mails whatever is printed
                say(f"{drill.name}: {made.turn.why}")
            if made.turn.kind == "skipped" and made.error is not None:
                made.note(made.error)
            continue
        if made.error is not None:
            cure = f"drill run {name} runs it now, whatever the calendar says"
            made.error = CannotRun(Missing(f"{drill.name}: {made.turn.why}", cure))
        found[name] = made
    return found


AROUND_S = 900.0
"""Beside the run itself: images are pulled or built before it, the stack is taken down after it."""


def longest_s(plan: Plan) -> float:
    """What a run may take from its start to its end."""
    drill = plan.drill
    settle_s = max((orders.settle.within_s + orders.settle.quiet_s for orders in drill.orders.values()), default=0.0)
    return plan.max_duration_s + drill.stack.ready_within_s + settle_s + AROUND_S


def announcer(name: str, drill: Drill | None, say: Callable[[str], None]) -> Announcer:
    """Whoever the drill (None: it cannot be read) and its projects name. What is wrong with a setting is said, and hinders nothing."""
    import os

    from harness.cli.inputs import projects_of
    from harness.drill.project import find_project
    from harness.drill.settings import announce
    from harness.run.announcing import Announcer

    ways = [(way, drill.origin.base) for way in drill.announce] if drill is not None else []
    for project in projects_of(drill) if drill is not None else (find_project(),):
        try:
            ways += [(way, project.root) for way in announce(project.announce, os.environ)]
        except ValueError as error:
            say(f"warning: nobody is told by [[tool.drill.announce]] of {project.root / 'pyproject.toml'}: {error}")
    return Announcer(name, ways, say)
