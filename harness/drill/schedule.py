"""`schedule:` of a drill and [tool.drill.schedule] of a project: when it is due, and what stands against it. Drill runs no daemon itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from harness.drill.clear import Clear
from harness.quantities import Model, Seconds
from harness.schedule import dates, when
from harness.schedule.almanac import Almanac, zone

WINDOW_S = 1800.0
UTC = "UTC"


def _checked(read: Callable[[str], Any]) -> AfterValidator:
    """The text stays as it is written; `read` raises ValueError on what is wrong with it."""

    def check(text: str) -> str:
        if text:
            read(text)
        return text

    return AfterValidator(check)


def weeks(text: str) -> int:
    """'2w' as 2. Raises ValueError."""
    number = text.removesuffix("w")
    if not text.endswith("w") or not number.isdecimal() or not 1 <= int(number) <= 52:
        raise ValueError(f"every is a number of weeks from 1w to 52w, such as 2w, not {text!r}")
    return int(number)


Zone = Annotated[str, _checked(zone)]
Days = Annotated[str, _checked(dates.span)]


class Schedule(Model):
    """When the drill is due. `drill schedule` prints files for what starts it, `drill run --scheduled` obeys it."""

    at: Annotated[str, _checked(when.at)] = Field(
        default="",
        description="days and times: Thu 10:00, Mon-Fri 9:30,14:00, 1st Thu 10:00, last day 8:00; any time when left out",
    )
    cron: Annotated[str, _checked(when.cron)] = Field(default="", description="or a cron expression: 0 10 * * THU")
    every: Annotated[str, _checked(weeks)] = Field(
        default="1w", description="2w: every second week, counted from `from`"
    )
    begins: Annotated[str, _checked(dates.day)] = Field(
        default="", alias="from", description="the first day, 2026-12-03; its week is the first of `every`"
    )
    timezone: Zone = Field(default="", description="Europe/Berlin; the project's, else UTC, when left out")
    skip: tuple[Days, ...] = Field(default=(), description="days without a run: 2026-12-24, 2026-12-24..2027-01-06")
    window_s: Annotated[Seconds, Field(gt=0)] | None = Field(
        default=None, alias="window", description="how late it may begin; 30m when left out"
    )
    clear_to_start: tuple[Clear, ...] = Field(default=(), description="what must hold before it begins")

    @model_validator(mode="after")
    def _one_when(self) -> Schedule:
        if self.at and self.cron:
            raise ValueError("`at` and `cron` say the same; write one of them")
        made = when.at(self.at) if self.at else None
        if made is not None and weeks(self.every) > 1 and any(days.by_month for days in made.days):
            raise ValueError(f"`every: {self.every}` counts weeks and {self.at!r} counts in months; write one of them")
        return self


class ProjectSchedule(Model):
    """Of all drills of a project.

    freeze        days on which nothing runs, such as a release freeze
    freeze_file   while this file is there nothing runs; its first line says why
    """

    timezone: Zone = ""
    skip: tuple[Days, ...] = ()
    window_s: Annotated[Seconds, Field(gt=0)] | None = Field(default=None, alias="window")
    freeze: tuple[Days, ...] = ()
    freeze_file: str = ""
    clear_to_start: tuple[Clear, ...] = ()


@dataclass(frozen=True)
class Scheduled:
    """A drill's schedule with what its project adds.

    almanac          None: it names no time, and is due whenever it is started
    clear_to_start   each condition with the folder that its command is started in
    """

    almanac: Almanac | None
    window_s: float
    timezone: str
    skip: tuple[dates.Span, ...]
    freeze: tuple[dates.Span, ...]
    freeze_file: Path | None
    clear_to_start: tuple[tuple[Clear, Path], ...]


def scheduled(own: Schedule, base: Path, project: ProjectSchedule, root: Path) -> Scheduled:
    """What holds for a drill: its own words first; skipped days and conditions of both. `base` is the drill file's folder, `root` the
    project's."""
    name = own.timezone or project.timezone or UTC
    made = when.at(own.at) if own.at else when.cron(own.cron) if own.cron else None
    skip = tuple(dates.span(text) for text in (*own.skip, *project.skip))
    begins = dates.day(own.begins) if own.begins else None
    return Scheduled(
        almanac=None if made is None else Almanac(made, zone(name), weeks(own.every), begins, skip),
        window_s=own.window_s or project.window_s or WINDOW_S,
        timezone=name,
        skip=skip,
        freeze=tuple(dates.span(text) for text in project.freeze),
        freeze_file=root / project.freeze_file if project.freeze_file else None,
        clear_to_start=(*((one, base) for one in own.clear_to_start), *((one, root) for one in project.clear_to_start)),
    )
