"""Three real runs by a real cron daemon, whose time zone is another than the schedule's: when, where, by what, and none beside them.

The daemon has a mount namespace of its own, with nothing but this crontab in it: the machine's own jobs are neither seen nor touched.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from harness.schedule import when
from harness.schedule.almanac import Almanac, zone
from harness.schedule.files import Job, crontab

BERLIN = zone("Europe/Berlin")
DAEMONS_ZONE = "Asia/Kathmandu"  # five hours and three quarters from UTC
PRIVATE = """
mount --make-rprivate / &&
mount -t tmpfs none /var/spool/cron && mkdir -m 1730 /var/spool/cron/crontabs &&
mount -t tmpfs none /etc/cron.d && mount --bind /dev/null /etc/crontab && mount -t tmpfs none /run &&
crontab "$1" && exec cron -f
"""
FAKE = """#!/bin/sh
echo "$(date +%s) $PWD $DRILL_HOME $*" >> begun.log
"""


def ready() -> str:
    """'' where a cron daemon can be had for itself; else why not."""
    if shutil.which("cron") is None or shutil.which("crontab") is None:
        return "no cron here; apt-get install cron"
    if shutil.which("unshare") is None:
        return "no unshare here; apt-get install util-linux"
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", "mount -t tmpfs none /run"], capture_output=True, text=True, check=False
    )
    return f"no mount namespace of its own: {done.stderr.strip()}" if done.returncode else ""


pytestmark = pytest.mark.e2e


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "a shop of 100%"
    folder.mkdir()
    (folder / "drill").write_text(FAKE)
    (folder / "drill").chmod(0o755)
    return folder


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """A cron daemon that has read tmp_path/crontab, once `start` has been called."""
    if why := ready():
        pytest.skip(f"NOT TESTED: {why}")
    (tmp_path / "private.sh").write_text(PRIVATE)
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        command = [
            "unshare",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "sh",
            str(tmp_path / "private.sh"),
            str(tmp_path / "crontab"),
        ]
        child = subprocess.Popen(
            command, env={**os.environ, "TZ": DAEMONS_ZONE}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        started.append(child)
        return child

    yield start
    for child in started:
        child.kill()
        child.wait(10)


def test_three_runs_begin_in_their_minutes_and_no_other_does(
    tmp_path: Path, shop: Path, daemon: Callable[[], subprocess.Popen[str]]
) -> None:
    first = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=2)
    due = [first + timedelta(minutes=number) for number in (0, 1, 3)]
    text = "daily " + ",".join(f"{one.astimezone(BERLIN):%H:%M}" for one in due)
    job = Job(
        drill="a",
        almanac=Almanac(when.at(text), BERLIN),
        program=(str(shop / "drill"),),
        arguments=("run", "a", "--scheduled", "--if-due", "--at", text),
        folder=str(shop),
        user="root",
        window_s=600,
        longest_s=60,
        environment={"DRILL_HOME": "/var/lib/drill"},
    )
    (file,) = crontab(job)
    (tmp_path / "crontab").write_text(file.text)
    child = daemon()
    end = due[-1] + timedelta(seconds=75)
    while datetime.now(UTC) < end:
        assert child.poll() is None, child.communicate()
        time.sleep(1)
    begun = [line.split(" ", 1) for line in (shop / "begun.log").read_text().splitlines()]
    minutes = [datetime.fromtimestamp(int(at), UTC).replace(second=0) for at, _ in begun]
    assert minutes == due
    assert all(int(at) - one.timestamp() < 20 for (at, _), one in zip(begun, due, strict=True))
    assert {told for _, told in begun} == {f"{shop} /var/lib/drill run a --scheduled --if-due --at {text}"}
