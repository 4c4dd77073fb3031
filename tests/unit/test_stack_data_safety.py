"""Bind mounts and data modes: what is copied, what stays, what is refused."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import pytest

from harness.errors import CannotRun, UsageError
from harness.stack import binds as mounts
from harness.stack.binds import Copy, binds, copy_all, plan
from harness.stack.data import read_data
from harness.stack.project import Project
from harness.stack.refusals import reaching_outside


def config(*sources: tuple[Path | str, bool]) -> dict[str, Any]:
    """One service per mount: (source, read-only)."""
    services = {}
    for number, (source, read_only) in enumerate(sources):
        mount = {"type": "bind", "source": str(source), "target": "/t", "read_only": read_only}
        services[f"s{number}"] = {"volumes": [mount]}
    return {"services": services}


def planned(directory: Path, *sources: tuple[Path | str, bool], shared: tuple[Path, ...] = ()) -> mounts.Plan:
    return plan(binds(config(*sources)), directory, directory / "runs" / "d" / "1", shared)


def test_what_can_be_written_is_copied_and_what_cannot_stays(tmp_path: Path) -> None:
    for name in ("written", "read"):
        (tmp_path / name).mkdir()
    made = planned(tmp_path, (tmp_path / "written", False), (tmp_path / "read", True))
    assert [copy.source for copy in made.copies] == [tmp_path / "written"]
    assert set(made.places) == {("s0", "/t")}


def test_mounts_of_one_tree_share_one_copy_so_that_they_see_each_others_writes(tmp_path: Path) -> None:
    (tmp_path / "app" / "data").mkdir(parents=True)
    made = planned(tmp_path, (tmp_path / "app", True), (tmp_path / "app" / "data", False), (tmp_path / "app", True))
    assert [copy.source for copy in made.copies] == [tmp_path / "app"]
    home = made.copies[0].place
    assert made.places == {("s0", "/t"): str(home), ("s1", "/t"): str(home / "data"), ("s2", "/t"): str(home)}


def test_what_is_read_beside_what_is_written_is_one_copy_outside_of_the_project_too(tmp_path: Path) -> None:
    project, media = tmp_path / "shop", tmp_path / "media"
    project.mkdir()
    (media / "uploads").mkdir(parents=True)
    made = planned(project, (media / "uploads", False), (media, True))
    assert [copy.source for copy in made.copies] == [media]
    assert set(made.places) == {("s0", "/t"), ("s1", "/t")}


@pytest.mark.parametrize("looked_at", ["..", "/tmp"])
def test_a_look_at_a_tree_around_the_project_stays_where_it_is(tmp_path: Path, looked_at: str) -> None:
    (project := tmp_path / "shop").mkdir()
    made = planned(project, (project / "data", False), (project / looked_at, True))
    assert set(made.places) == {("s0", "/t")}


def test_a_read_only_look_at_the_whole_machine_stays_where_it_is(tmp_path: Path) -> None:
    made = planned(tmp_path, ("/", True), (tmp_path, False))
    assert set(made.places) == {("s1", "/t")}


def test_a_shared_mount_stays_the_real_one(tmp_path: Path) -> None:
    assert planned(tmp_path, (tmp_path, False), shared=(tmp_path,)).copies == ()


@pytest.mark.parametrize("read_only", [True, False])
def test_a_socket_is_refused_with_the_cure(tmp_path: Path, read_only: bool) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(tmp_path / "s.sock"))
        with pytest.raises(CannotRun, match=r"a socket.*\n.*shared"):
            planned(tmp_path, (tmp_path / "s.sock", read_only))


@pytest.mark.parametrize("source", ["/dev/null", "/proc", "/sys/fs", "/"])
def test_devices_and_system_folders_are_refused_where_they_could_be_written(tmp_path: Path, source: str) -> None:
    with pytest.raises(CannotRun, match="cure: data"):
        planned(tmp_path, (source, False))


def test_a_copy_keeps_content_modes_and_links_and_leaves_out_the_runs_themselves(tmp_path: Path) -> None:
    source, runs = tmp_path / "project", tmp_path / "project" / "runs"
    (source / "deep" / "empty").mkdir(parents=True)
    (source / "deep" / "script").write_text("#!/bin/sh\n")
    (source / "deep" / "script").chmod(0o751)
    (source / "link").symlink_to("deep/script")
    runs.mkdir()
    os.mkfifo(source / "pipe")
    made = planned(source, (source, False))
    said = copy_all(made.copies, runs, "none", "none")
    place = made.copies[0].place
    assert (place / "deep" / "script").stat().st_mode & 0o777 == 0o751
    assert (place / "link").readlink() == Path("deep/script")
    assert (place / "deep" / "empty").is_dir()
    assert not (place / "runs").exists()
    assert "pipe" in said[0]


def test_a_missing_source_becomes_an_empty_folder_in_the_copy_and_nowhere_else(tmp_path: Path) -> None:
    made = planned(tmp_path, (tmp_path / "none", False))
    copy_all(made.copies, tmp_path / "runs", "none", "none")
    assert made.copies[0].place.is_dir()
    assert not (tmp_path / "none").exists()


def test_a_single_file_is_copied_as_a_file(tmp_path: Path) -> None:
    (tmp_path / "f.conf").write_text("x")
    made = planned(tmp_path, (tmp_path / "f.conf", False))
    copy_all(made.copies, tmp_path / "runs", "none", "none")
    assert made.copies[0].place.read_text() == "x"


def test_more_than_the_limit_is_refused_with_the_cure(tmp_path: Path) -> None:
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(mounts.LIMIT_BYTES + 1)
    with pytest.raises(CannotRun, match=r"more than 1 GiB.*\n.*shared"):
        copy_all([Copy(tmp_path / "huge", tmp_path / "place" / "huge")], tmp_path / "runs", "none", "none")


def project(directory: Path) -> Project:
    volumes = {"keep": {"name": "x_keep"}}
    return Project("x", (), directory, {**config((directory / "data", False)), "volumes": volumes, "name": "x"})


def test_data_is_named_by_volume_key_or_by_path(tmp_path: Path) -> None:
    modes, shared = read_data(project(tmp_path), {"keep": "copy", "./data": "shared"})
    assert modes == {"keep": "copy"}
    assert shared == (tmp_path / "data",)


def test_what_data_names_wrongly_is_said_all_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as wrong:
        read_data(project(tmp_path), {"kep": "copy", "keep": "kopy"})
    assert len(wrong.value.problems) == 2
    assert "did you mean 'keep'" in str(wrong.value)


def test_containers_outside_of_the_project_are_refused() -> None:
    services = {"a": {"external_links": ["prod:db"]}, "b": {"volumes_from": ["container:prod"]}, "c": {}}
    assert len(reaching_outside({"services": services})) == 2


@pytest.mark.parametrize("word", ["network_mode", "pid", "ipc"])
def test_so_is_a_namespace_of_a_container_that_is_not_the_projects(word: str) -> None:
    (refused,) = reaching_outside({"services": {"a": {word: "container:vpn"}, "b": {"container_name": "own"}}})
    assert refused.what == f"services.a.{word} joins a container outside of the project: container:vpn"
    assert not reaching_outside({"services": {"a": {word: "container:own"}, "b": {"container_name": "own"}}})
    assert not reaching_outside({"services": {"a": {word: "service:b"}, "b": {}}})
