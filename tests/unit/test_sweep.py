"""Teardown: what is the run's, and what goes in which order, so that whoever kills it half-way leaves somebody who takes the rest away."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from harness.stack import sweep as sweeping
from harness.stack.sweep import Remains, all_runs, remains, sweep
from harness.world.docker_cli import Answer

RUN = "0a0b0c0d"


class Killed(BaseException):
    """Of this very process: nothing after it happens."""


def row(id_: str, name: str, run: str, project: str, service: str = "", file: str = "") -> str:
    """A line of a list, as it is asked for."""
    return "\t".join((id_, name, run, project, service, file)) + "\n"


@dataclass
class Docker:
    """Its command line: a watchdog and, where the stack came so far, lanes; `went` has what was removed, in order."""

    folder: Path
    lanes: bool
    dies_at: str = ""
    went: list[str] = field(default_factory=list)

    def asked(self, *words: str, **_: object) -> str:
        if words[0] != "ps":
            return ""
        rows = [("w1", "drill-watchdog"), *([("l1", "drill-lanes")] if self.lanes and "l1" not in self.went else [])]
        return "".join(row(id_, id_, RUN, "drill-0a0b0c0d", service) for id_, service in rows)

    def docker(self, *words: str, **_: object) -> Answer:
        if words[0] == "ps":
            rows = [f"\t{self.folder}/compose.watchdog.yaml"]
            rows += [f"{self.folder}/binds\t{self.folder}/compose.yaml"] if self.lanes else []
            return Answer(0, "\n".join(rows), "")
        if words[0] == "rm":
            self.gone("l1")
        return Answer(0, "", "")

    def copies(self, folder: Path, image: str) -> str:
        self.gone(f"copies of {folder.name}")
        (folder / "binds").rmdir()
        return ""

    def watchdog(self, run: str) -> list[str]:
        self.gone("watchdog")
        return []

    def gone(self, what: str) -> None:
        if what == self.dies_at:
            raise Killed
        self.went.append(what)


def docker_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, lanes: bool) -> Docker:
    folder = tmp_path / "run"
    (folder / "binds").mkdir(parents=True)
    (folder / "compose.watchdog.yaml").touch()
    made = Docker(folder, lanes)
    monkeypatch.setattr(sweeping, "asked", made.asked)
    monkeypatch.setattr(sweeping, "docker", made.docker)
    monkeypatch.setattr(sweeping, "remove_copies", made.copies)
    monkeypatch.setattr(sweeping, "remove_watchdog", made.watchdog)
    return made


@pytest.mark.parametrize("lanes", [True, False])
def test_the_watchdog_goes_last_of_all_also_where_only_the_copies_had_been_made(
    lanes: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker = docker_of(tmp_path, monkeypatch, lanes=lanes)
    assert sweep(RUN) == []
    assert docker.went == [*(["l1"] if lanes else []), "copies of run", "watchdog"]


def test_killed_between_containers_and_copies_the_next_sweep_finds_the_copies_by_the_watchdog_that_is_still_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker = docker_of(tmp_path, monkeypatch, lanes=True)
    docker.dies_at = "copies of run"
    with pytest.raises(Killed):
        sweep(RUN)
    assert docker.went == ["l1"]
    docker.dies_at, docker.lanes = "", False
    assert sweep(RUN) == []
    assert docker.went == ["l1", "copies of run", "watchdog"]


def test_a_sweep_after_which_something_may_still_come_leaves_the_watchdog(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker = docker_of(tmp_path, monkeypatch, lanes=True)
    assert sweep(RUN, last=False) == []
    assert "watchdog" not in docker.went


def test_a_label_that_names_a_folder_which_is_no_runs_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker = docker_of(tmp_path, monkeypatch, lanes=True)
    (docker.folder / "compose.watchdog.yaml").unlink()
    assert sweep(RUN) == []
    assert docker.went == ["l1", "watchdog"]


# --- what a rollback of the user's own made -----------------------------------------------------------------------------------

PROJECT = f"drill-{RUN}"
LISTS = {
    "ps": row("c1", "drill-0a0b0c0d-db-1", RUN, PROJECT, "db", "/runs/own/a-0a0b0c0d/compose.yaml")
    + row("c2", "drill-0a0b0c0d-api-4", "", PROJECT, "api", "/home/me/shop/compose.yaml")
    + row("c3", "shop-api-1", "", "shop", "api", "/home/me/shop/compose.yaml")
    + row("c5", "odd-1", "", "odd\tone", "two\nlines", "/a\tb")
    + row("c4", "drill-1a1b1c1d-api-1", "", "drill-1a1b1c1d", "api"),
    "network": row("n1", "drill-0a0b0c0d_default", RUN, PROJECT)
    + row("n2", "drill-0a0b0c0d_back", "", PROJECT)
    + row("n3", "shared", "", PROJECT),
    "volume": row("drill-0a0b0c0d_data", "drill-0a0b0c0d_data", "", PROJECT)
    + row("payments", "payments", "", PROJECT)
    + row("drill-demo_data", "drill-demo_data", "", "drill-demo"),
}


@dataclass
class Lists:
    """Docker's lists, of which what is removed goes."""

    rows: dict[str, str] = field(default_factory=lambda: dict(LISTS))
    went: list[str] = field(default_factory=list)

    def asked(self, *words: str, **_: object) -> str:
        return self.rows[words[0]]

    def docker(self, *words: str, **_: object) -> Answer:
        if words[0] == "ps":
            return Answer(0, "", "")
        names = [word for word in words if word not in ("rm", "network", "volume", "--force", "--volumes")]
        self.went += names
        for kind, rows in self.rows.items():
            self.rows[kind] = "".join(line for line in rows.splitlines(True) if line.split("\t")[0] not in names)
        return Answer(0, "", "")


@pytest.fixture
def lists(monkeypatch: pytest.MonkeyPatch) -> Lists:
    made = Lists()
    monkeypatch.setattr(sweeping, "asked", made.asked)
    monkeypatch.setattr(sweeping, "docker", made.docker)
    monkeypatch.setattr(sweeping, "remove_watchdog", lambda run: [])
    return made


def test_containers_that_the_users_own_rollback_made_in_the_runs_project_go_too_and_nobody_elses(lists: Lists) -> None:
    assert sweep(RUN) == []
    assert lists.went == ["c1", "c2", "n1", "n2", "drill-0a0b0c0d_data"], "what has a fixed name may be somebody's"


def test_what_remains_counts_them_and_takes_the_users_folder_for_no_runs(lists: Lists) -> None:
    assert remains() == {
        RUN: Remains(containers=2, networks=2, volumes=1, folder=Path("/runs/own/a-0a0b0c0d")),
        "1a1b1c1d": Remains(containers=1),
    }
    sweep(RUN)
    assert all_runs() == ["1a1b1c1d"]
