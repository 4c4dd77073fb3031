"""A timer and its service, for /etc/systemd/system.

Persistent=false: what was missed while the machine was off is not caught up at boot. A timer never starts a service that still
runs. RuntimeMaxSec sends SIGTERM, upon which drill takes its faults and its stack out. Source: systemd.timer(5), systemd.time(7).
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.schedule.files.job import END_S, File, Job, clocks
from harness.schedule.when import LAST, WEEKDAYS, Days


def units(job: Job) -> tuple[File, ...]:
    name = f"drill-{job.drill}"
    calendars = "\n".join(f"OnCalendar={one}" for one in on_calendar(job))
    environment = "".join(f"Environment={_quoted(f'{word}={value}')}\n" for word, value in job.environment.items())
    command = " ".join(_quoted(word) for word in (*job.program, *job.arguments))
    service = f"""\
# /etc/systemd/system/{name}.service
[Unit]
Description={_plain(job.about)}
Wants=network-online.target
After=network-online.target docker.service

[Service]
Type=exec
User={job.user}
WorkingDirectory={_plain(job.folder)}
{environment}ExecStart={command}
RuntimeMaxSec={round(job.longest_s)}
TimeoutStopSec={END_S}
KillMode=mixed
"""
    timer = f"""\
# /etc/systemd/system/{name}.timer
[Unit]
Description={_plain(job.about)}

[Timer]
{calendars}
Persistent=false
AccuracySec=1s
Unit={name}.service

[Install]
WantedBy=timers.target
"""
    install = (f"systemctl daemon-reload && systemctl enable --now {name}.timer",)
    return File(f"{name}.service", service), File(f"{name}.timer", timer, install)


def on_calendar(job: Job) -> Iterator[str]:
    """Together they are every time of the almanac, but for weeks, first day and skipped ones, which `--if-due` knows."""
    zone = job.almanac.zone.key
    for days in job.almanac.when.days:
        for date in _dates(days):
            for hours, minutes in clocks(job.almanac.when.times):
                yield f"{date} {_two(hours)}:{_two(minutes)}:00 {zone}"


def _dates(days: Days) -> Iterator[str]:
    weekdays = ",".join(WEEKDAYS[day] for day in sorted(days.weekdays))
    month = _two(sorted(days.months)) if days.months else "*"
    lead = f"{weekdays} *-{month}" if weekdays else f"*-{month}"
    if not days.nth and not days.monthdays:
        yield f"{lead}-*"
    for nth in sorted(days.nth):
        yield f"{lead}~01..07" if nth == LAST else f"{lead}-{7 * nth - 6:02}..{min(7 * nth, 31):02}"
    if LAST in days.monthdays:
        yield f"{lead}~01"
    if monthdays := sorted(days.monthdays - {LAST}):
        yield f"{lead}-{_two(monthdays)}"


def _two(numbers: list[int]) -> str:
    return ",".join(f"{number:02}" for number in numbers)


def _plain(text: str) -> str:
    return text.replace("%", "%%")


def _quoted(word: str) -> str:
    """A word of a command line as systemd reads it: specifiers and variables are text."""
    text = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{text}"' if set(text) & set(" \t;'\"\\") or not text else text
