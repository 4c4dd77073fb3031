"""A line of a crontab that is right whatever time zone the daemon has: Debian's knows no other than the machine's.

It is looked at each quarter of an hour, which all zones differ by, and goes on when the clock of the schedule's zone says so. A daemon
whose machine was off catches nothing up. `timeout` sends SIGTERM, upon which drill takes its faults and its stack out.
"""

from __future__ import annotations

import shlex

from harness.schedule.files.job import END_S, File, Job, any_weekday

LONGEST_LINE = 990
"""Debian's cron refuses a command of 1000 characters and more."""
QUARTER = 15


def crontab(job: Job) -> tuple[File, ...]:
    """Raises ValueError where the line would be longer than cron reads."""
    when = job.almanac.when
    minutes = sorted({(one.minute + add) % 60 for one in when.times for add in range(0, 60, QUARTER)})
    weekdays = sorted(day + 1 for day in any_weekday(when.days))
    day = "?" if len(weekdays) == 7 else f"[{''.join(map(str, weekdays))}]" if len(weekdays) > 1 else str(weekdays[0])
    at = "|".join(f"{day}-{one:%H:%M}" for one in when.times)
    limit = f"timeout -s TERM -k {END_S} {round(job.longest_s)}"
    start = f"cd {shlex.quote(job.folder)} && exec {limit} {shlex.join((*job.program, *job.arguments))}"
    line = f'case "$(TZ={job.almanac.zone.key} date +%u-%H:%M)" in {at}) {start};; esac'.replace("%", "\\%")
    if len(line) > LONGEST_LINE:
        raise ValueError(
            f"the line would have {len(line)} characters, and cron reads {LONGEST_LINE}: "
            f"state it in the drill file instead, schedule: {{at: …, skip: […]}}, or use --format systemd"
        )
    folders = dict.fromkeys((job.program[0].rpartition("/")[0] or "/", "/usr/local/bin", "/usr/bin", "/bin"))
    environment = "".join(f"{word}={value}\n" for word, value in job.environment.items())
    text = f"""\
# {job.about}
# Install beside what is there: (crontab -l; cat {job.drill}.crontab) | crontab -
SHELL=/bin/sh
PATH={":".join(folders)}
{environment}{",".join(map(str, minutes)) if len(minutes) < 60 else "*"} * * * * {line}
"""
    return (File(f"{job.drill}.crontab", text, (f"(crontab -l; cat {job.drill}.crontab) | crontab -",)),)
