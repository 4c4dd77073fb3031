"""The small checks: address ranges, ports, disk, clock, the command's name, the images of a project's own stacks."""

from __future__ import annotations

import ipaddress
import json
import time
from itertools import islice
from pathlib import Path

import pytest

from harness.doctor.checks import disk, service_images
from harness.doctor.checks.clock import ClockCheck, pace_error_s, parse_time
from harness.doctor.checks.disk import DiskCheck
from harness.doctor.checks.ports import PortsCheck
from harness.doctor.checks.processors import ProcessorsCheck
from harness.doctor.checks.ranges import free_ranges
from harness.doctor.checks.service_images import ServiceImagesCheck, stack_files, wanted_images
from harness.doctor.checks.shadow import ShadowCheck
from harness.doctor.command import drill, fix_line
from harness.doctor.docker_cli import ask
from harness.errors import CannotRun
from harness.probes.accounts import Machine
from harness.world.docker_cli import Answer


def test_free_ranges_keep_away_from_everything_used() -> None:
    used = [ipaddress.ip_network(net) for net in ("172.28.0.0/15", "172.30.0.0/25", "10.0.0.0/8", "fd00::/64")]
    assert [str(net) for net in islice(free_ranges(used), 2)] == ["172.30.1.0/24", "172.30.2.0/24"]
    private = [ipaddress.ip_network(net) for net in ("172.16.0.0/12", "10.0.0.0/8", "192.168.0.0/16")]
    assert next(free_ranges(private), None) is None


def test_free_ports_are_found() -> None:
    assert PortsCheck().look().state == "ok"


def test_too_little_room_is_told_with_the_figures(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(disk, "docker", lambda *args: Answer(0, str(tmp_path), ""))
    assert DiskCheck().look().state == "ok"
    monkeypatch.setattr(disk, "RUNS_BYTES", 1 << 60)
    seen = DiskCheck().look()
    assert seen.state == "missing"
    assert f"free at {tmp_path}" in seen.what
    assert "df -h" in seen.cure


def test_dockers_time_is_read_to_the_nanosecond() -> None:
    assert parse_time("1970-01-01T00:00:10.250000000Z") == 10.25
    assert parse_time("1970-01-01T02:00:10.5+02:00") == 10.5
    assert parse_time("1970-01-01T00:00:10Z") == 10


def test_the_engines_clock_is_compared_within_the_question() -> None:
    import platform

    check, kernel = ClockCheck(), platform.release()
    assert check.compare(engine_s=100.5, kernel=kernel, before=100, after=101).state == "ok"
    assert "9.0 s off" in check.compare(engine_s=110, kernel=kernel, before=100, after=101).what
    assert "another kernel" in check.compare(engine_s=100.5, kernel="elsewhere", before=100, after=101).what


def test_a_clock_that_is_set_while_we_look_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    wall = iter([1000.0, 1005.0])
    monkeypatch.setattr(time, "time", lambda: next(wall))
    assert pace_error_s() > 4.5


def test_another_program_named_drill_is_a_note_and_no_hindrance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "drill"
    other.write_text("#!/bin/sh\necho ldns\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    seen = ShadowCheck().look()
    assert seen.state == "note"
    assert str(other) in seen.what
    assert fix_line() != "drill doctor --fix"


def test_our_own_start_script_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = tmp_path / "drill"
    ours.write_text("#!/usr/bin/python3\nfrom harness.cli import main\n")
    ours.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ShadowCheck().look().state == "ok"
    assert drill() == "drill"


CONFIG = {
    "services": {
        "web": {"build": {"context": "."}, "image": "drill/x:1"},
        "copy": {"image": "drill/x:1"},
        "db": {"image": "debian:trixie-slim"},
        "built": {"build": {"context": "."}},
    }
}


@pytest.fixture
def stacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("wiki/compose.yaml", "wiki/compose.yml", "shop/docker-compose.yml", "notes/README"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.setattr(service_images, "docker", lambda *args, **_: Answer(0, json.dumps(CONFIG), ""))
    return tmp_path


def test_each_stack_of_a_project_is_found_once(stacks: Path) -> None:
    assert [str(file.relative_to(stacks)) for file in stack_files(stacks)] == [
        "shop/docker-compose.yml",
        "wiki/compose.yaml",
    ]


def test_an_image_is_wanted_once_and_built_where_a_service_builds_it() -> None:
    assert service_images.named(CONFIG) == {"drill/x:1": "web", "debian:trixie-slim": ""}


def test_absent_images_are_named(stacks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_images, "image_exists", lambda tag: tag.startswith("debian"))
    seen = ServiceImagesCheck(folder=str(stacks)).look()
    assert (seen.state, seen.what) == ("missing", "no image drill/x:1")


def test_absent_images_are_built_or_pulled_once(stacks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    present: set[str] = set()
    built: list[str] = []
    monkeypatch.setattr(service_images, "image_exists", present.__contains__)
    monkeypatch.setattr(service_images, "pull", lambda tag, say: present.add(tag) or True)
    monkeypatch.setattr(
        service_images, "build", lambda file, service, say: present.add("drill/x:1") or built.append(service)
    )
    ServiceImagesCheck(folder=str(stacks)).fix(lambda line: None)
    assert built == ["web"]
    assert present == {"drill/x:1", "debian:trixie-slim"}


def test_a_compose_file_that_cannot_be_read_is_named(stacks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_images, "docker", lambda *args, **_: Answer(1, "", "services.web must be a mapping"))
    with pytest.raises(CannotRun, match=r"services\.web must be a mapping"):
        wanted_images(stacks / "wiki/compose.yaml")
    assert "cannot be read" in ServiceImagesCheck(folder=str(stacks)).look().what


def test_a_question_always_gets_an_answer() -> None:
    assert ask("no-such-program-here").code == 127
    assert ask("sleep", "5", timeout_s=0.05).code == 124
    assert ask("sh", "-c", "echo one; echo two >&2; exit 3").why == "two"


@pytest.mark.parametrize(
    ("busy_s", "idle_s", "steal_s", "ours_s", "state"),
    [
        (0.50, 0.00, 0.0, 0.20, "note"),
        (0.50, 0.00, 0.0, 0.45, "ok"),
        (0.40, 0.10, 0.0, 0.10, "ok"),
        (0.30, 0.00, 0.2, 0.20, "note"),
        (0.00, 0.50, 0.0, 0.00, "ok"),
    ],
    ids=["full of others", "full of us", "room left", "stolen", "idle"],
)
def test_a_machine_that_others_fill_is_noted_before_a_run(
    busy_s: float, idle_s: float, steal_s: float, ours_s: float, state: str
) -> None:
    before = Machine(2, busy_s=10.0, idle_s=20.0, steal_s=1.0, total_s=31.0)
    now = Machine(2, 10.0 + busy_s, 20.0 + idle_s, 1.0 + steal_s, 31.0 + busy_s + idle_s + steal_s)
    seen = ProcessorsCheck().compare(before, now, ours_s)
    assert seen.state == state
    if state == "note":
        assert seen.what.startswith("the machine is full, others use 1.2 of 2 processors:")
    assert ProcessorsCheck().compare(before, before, 0.0).what == "2 processors"
    assert ProcessorsCheck().look().state in ("ok", "note")
