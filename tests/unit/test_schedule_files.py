"""The files that start a drill on time, held to what will read them: systemd's own tools, a shell, and schemas."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from check_jsonschema import builtin_schemas
from hypothesis import given, settings
from hypothesis import strategies as st
from schedule_times import ZONES, almanac, at, texts

from harness.schedule import when
from harness.schedule.almanac import Almanac, zone
from harness.schedule.files import Job, cronjobs, crontab, units, workflow
from harness.schedule.files.job import cron_expressions
from harness.schedule.files.systemd import on_calendar

ROOT = Path(__file__).parents[2]
SYSTEMD = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(
    SYSTEMD is None, reason="NOT TESTED: systemd-analyze is not here; apt-get install systemd"
)
SCHEDULES = [
    "Thu 10:00",
    "daily 2:30",
    "Mon-Fri 9:30,14:00",
    "Sat,Sun 0:05",
    "1st Thu 10:00",
    "2nd Mon 10:00",
    "5th Sun 3:00",
    "last Fri 23:45",
    "last day 8:00",
    "day 31 8:00",
    "30 14 * * THU",
    "*/20 8-9 * JAN-MAR 7",
    "0 8 13 * FRI",
    "0 0 29 2 *",
]


def job(text: Almanac, **more: Any) -> Job:
    given: dict[str, Any] = {
        "drill": "friday-traffic",
        "program": ("/bin/true",),
        "arguments": ("run", "friday-traffic", "--scheduled", "--if-due"),
        "folder": "/",
        "user": "root",
        "window_s": 1800.0,
        "longest_s": 1745.5,
        "environment": {},
        "image": "registry.example.org/rehearsals:1",
    }
    return Job(almanac=text, **{**given, **more})


def elapses(expression: str, begin: datetime, count: int) -> list[datetime]:
    """When systemd would start it."""
    assert SYSTEMD is not None
    command = [SYSTEMD, "calendar", f"--iterations={count}", f"--base-time={begin:%Y-%m-%d %H:%M:%S} UTC", expression]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, "TZ": "UTC", "LC_ALL": "C"}
    )
    found = re.findall(r"(?:Next elapse|Iter\. #\d+): \w{3} (\S+ \S+) UTC", done.stdout)
    return [datetime.fromisoformat(one).replace(tzinfo=UTC) for one in found]


@needs_systemd
@pytest.mark.parametrize("name", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
@pytest.mark.parametrize("text", SCHEDULES)
def test_systemd_starts_it_at_every_time_of_the_almanac_and_at_no_other(text: str, name: str) -> None:
    made, begin = almanac(text, name), datetime(2027, 1, 1, tzinfo=UTC)
    expected = [one.astimezone(UTC) for one in made.between(begin, begin + timedelta(days=400))]
    count = len(expected) + 1
    found = sorted({one for line in on_calendar(job(made)) for one in elapses(line, begin, count)})
    assert [one for one in found if one < begin + timedelta(days=400)] == expected


@needs_systemd
@pytest.mark.parametrize("text", SCHEDULES)
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path, text: str) -> None:
    folder = tmp_path / "a shop of 100% $HOME"
    folder.mkdir()
    arguments = ("run", "friday traffic", "--at", 'Thu "10:00"', "--skip", "50%", "$HOME", "a\\b")
    made = job(
        almanac(text), folder=str(folder), arguments=arguments, environment={"DOCKER_HOST": "unix:///run/docker.sock"}
    )
    for file in units(made):
        (tmp_path / file.name).write_text(file.text)
    names = [str(tmp_path / file.name) for file in units(made)]
    assert SYSTEMD is not None
    done = subprocess.run(
        [SYSTEMD, "verify", "--recursive-errors=no", *names], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@needs_systemd
def test_systemd_would_find_what_is_wrong(tmp_path: Path) -> None:
    """The check above is one: it sees a word that is misspelled, and a program that is not there."""
    service, _ = units(job(almanac("Thu 10:00"), program=("/no/such/drill",)))
    (tmp_path / service.name).write_text(service.text.replace("KillMode", "KilMode"))
    assert SYSTEMD is not None
    done = subprocess.run(
        [SYSTEMD, "verify", str(tmp_path / service.name)], capture_output=True, text=True, check=False
    )
    assert "KilMode" in done.stderr
    assert "/no/such/drill" in done.stderr


def test_the_timer_catches_nothing_up_and_the_service_has_its_longest_time() -> None:
    service, timer = (file.text for file in units(job(almanac("Thu 10:00"))))
    assert "Persistent=false" in timer
    assert "OnCalendar=Thu *-*-* 10:00:00 Europe/Berlin" in timer
    assert "RuntimeMaxSec=1746" in service
    assert "Type=exec" in service  # RuntimeMaxSec is nothing to a oneshot


def fired(line: str, tmp_path: Path, now: datetime, daemon: str) -> bool:
    """Whether a line of the crontab starts its command at an instant, by a daemon in a time zone of its own."""
    minutes, *rest, command = line.split(" ", 5)
    assert rest == ["*"] * 4
    if str(now.astimezone(zone(daemon)).minute) not in minutes.split(","):
        return False
    (tmp_path / "date").write_text('#!/bin/sh\nexec /bin/date -d "@$NOW" "$@"\n')
    (tmp_path / "date").chmod(0o755)
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "NOW": str(round(now.timestamp())), "TZ": daemon}
    done = subprocess.run(
        ["/bin/sh", "-c", command.replace("\\%", "%")], env=env, capture_output=True, text=True, check=True
    )
    return done.stdout == "begun\n"


@pytest.mark.parametrize("daemon", ["UTC", "Asia/Kathmandu", "America/St_Johns"])
@pytest.mark.parametrize(
    ("text", "begin", "days"),
    [
        ("Thu 10:00", "2027-03-25 00:00", 8),
        ("daily 2:30", "2027-03-27 12:00", 2),
        ("Mon-Fri 9:30,14:10", "2026-12-30 00:00", 3),
        ("Sun 2:30", "2027-10-30 12:00", 2),
    ],
)
def test_cron_starts_it_at_every_time_whatever_the_zone_of_its_daemon(
    tmp_path: Path, text: str, begin: str, days: int, daemon: str
) -> None:
    made = almanac(text)
    (file,) = crontab(job(made, program=("/bin/echo",), arguments=("begun",), folder=str(tmp_path)))
    line = file.text.splitlines()[-1]
    first = at(begin)
    step = timedelta(minutes=5)
    near = {one.astimezone(UTC) for one in made.between(first, first + timedelta(days=days))}
    looks = {
        one + hours * timedelta(hours=1) + steps * step
        for one in near
        for hours in (-1, 0, 1)
        for steps in (-3, -1, 0, 1, 3)
    }
    found = {now for now in looks if fired(line, tmp_path, now, daemon)}
    assert near <= found
    for extra in found - near:  # the second of two equal hours: --if-due does not begin it again
        assert extra - timedelta(hours=1) in near
        assert extra.astimezone(made.zone).fold == 1


def test_the_crontab_is_one_that_cron_reads() -> None:
    """What cron is strict about: no raw % in a command, a last newline, variables before it."""
    (file,) = crontab(job(almanac("Mon-Fri 9:30"), environment={"DOCKER_CONTEXT": "staging"}, folder="/srv/50% off"))
    lines = file.text.splitlines()
    assert file.text.endswith("\n")
    assert [line.partition("=")[0] for line in lines if not line.startswith("#")][:3] == [
        "SHELL",
        "PATH",
        "DOCKER_CONTEXT",
    ]
    assert not re.search(r"(?<!\\)%", lines[-1])
    assert lines[-1].startswith("0,15,30,45 * * * * ")
    assert "timeout -s TERM -k 600 1746 " in lines[-1]


def test_a_line_that_cron_would_cut_is_refused_with_the_way_out() -> None:
    with pytest.raises(ValueError, match=r"cron reads 990: state it in the drill file instead"):
        crontab(job(almanac("Thu 10:00"), arguments=("--skip", "2026-12-24") * 60))


@settings(max_examples=60, deadline=None)
@given(text=texts() | st.sampled_from(SCHEDULES), name=st.sampled_from(ZONES))
def test_cron_expressions_have_every_time_of_the_almanac(text: str, name: str) -> None:
    made, begin = almanac(text, name), datetime(2028, 1, 1, tzinfo=UTC)
    end = begin + timedelta(days=120)
    fires: set[datetime] = set()
    for one in cron_expressions(made.when):
        fires |= set(Almanac(when.cron(one), zone(name)).between(begin, end))
    assert set(made.between(begin, end)) <= fires
    if not any(word in text for word in ("st ", "nd ", "th ", "last")):
        assert set(made.between(begin, end)) == fires


def cron_jobs(made: Job) -> list[Mapping[str, Any]]:
    (file,) = cronjobs(made)
    schema = json.loads((ROOT / "tests" / "schemas" / "kubernetes-cronjob.json").read_text())
    found = list(yaml.safe_load_all(file.text))
    for one in found:
        jsonschema.Draft7Validator(schema).validate(one)
    return [one for one in found if one["kind"] == "CronJob"]


@pytest.mark.parametrize("text", SCHEDULES)
def test_kubernetes_takes_the_cron_jobs(text: str) -> None:
    for one in cron_jobs(job(almanac(text), drill="Friday_traffic-" + "x" * 60)):
        spec = one["spec"]
        assert (spec["timeZone"], spec["concurrencyPolicy"]) == ("Europe/Berlin", "Forbid")
        assert spec["startingDeadlineSeconds"] == 1800
        inner = spec["jobTemplate"]["spec"]
        assert (inner["activeDeadlineSeconds"], inner["backoffLimit"]) == (1746, 0)


def test_times_that_no_one_cron_expression_has_are_several_cron_jobs_on_one_volume() -> None:
    found = cron_jobs(job(almanac("Mon-Fri 9:30,14:00")))
    assert [one["spec"]["schedule"] for one in found] == ["30 9 * * 1,2,3,4,5", "0 14 * * 1,2,3,4,5"]
    assert len({one["metadata"]["name"] for one in found}) == 2
    volumes = [one["spec"]["jobTemplate"]["spec"]["template"]["spec"]["volumes"] for one in found]
    assert volumes[0] == volumes[1]


def test_the_schema_finds_what_is_wrong() -> None:
    (file,) = cronjobs(job(almanac("Thu 10:00")))
    schema = json.loads((ROOT / "tests" / "schemas" / "kubernetes-cronjob.json").read_text())
    for old, new in (("timeZone", "timezone"), ("Forbid", "forbid"), ("backoffLimit: 0", "backoffLimit: none")):
        broken = list(yaml.safe_load_all(file.text.replace(old, new)))[-1]
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.Draft7Validator(schema).validate(broken)


def test_kubernetes_needs_an_image() -> None:
    with pytest.raises(ValueError, match="k8s needs --image"):
        cronjobs(job(almanac("Thu 10:00"), image=""))


@pytest.mark.parametrize("text", SCHEDULES)
def test_github_takes_the_workflow(text: str) -> None:
    arguments = (
        "run",
        "friday-traffic",
        "--scheduled",
        "--at",
        "Thu 10:00",
        "--skip",
        "${{ secrets.X }}",
        'it\'s "so"',
    )
    (file,) = workflow(job(almanac(text), arguments=arguments))
    rules: Any = builtin_schemas.get_builtin_schema("vendor.github-workflows")
    data = {("on" if key is True else key): value for key, value in yaml.safe_load(file.text).items()}
    jsonschema.validators.validator_for(rules)(rules).validate(data)
    assert all(one["timezone"] == "Europe/Berlin" for one in data["on"]["schedule"])
    assert data["jobs"]["rehearse"]["timeout-minutes"] == 30
    assert data["concurrency"]["cancel-in-progress"] is False
    (step,) = [step for step in data["jobs"]["rehearse"]["steps"] if step.get("name") == "rehearse"]
    assert "${{" not in step["run"]
    assert shlex.split(step["run"])[:3] == ["drill", "run", "friday-traffic"]
    assert step["run"].endswith("-o results/runs")
