"""apt: the plan as its simulation says it, and the refusal of every plan that would touch a package that is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.doctor import apt
from harness.doctor.debian import Distribution
from harness.errors import CannotRun
from harness.world.docker_cli import Answer

HARMLESS = """\
NOTE: This is only a simulation!
Reading package lists...
The following NEW packages will be installed:
  containerd docker.io
Inst libnftables1 (1.0.6-2+deb12u2 Debian:12.11/oldstable [amd64])
Inst containerd (1.7.24~ds1-6+b4 Debian:13.0/stable [amd64]) []
Inst docker.io (26.1.5+dfsg1-9+b4 Debian:13.0/stable [amd64])
Conf libnftables1 (1.0.6-2+deb12u2 Debian:12.11/oldstable [amd64])
Conf containerd (1.7.24~ds1-6+b4 Debian:13.0/stable [amd64])
"""
UPGRADES = "Inst libc6 [2.36-9+deb12u10] (2.41-12 Debian:13.0/stable [amd64]) [libc6-dev:amd64 ]\n" + HARMLESS
REMOVES = HARMLESS + "Remv docker-ce [5:28.2.2-1~debian.12~bookworm]\nPurg docker-ce [5:28.2.2-1~debian.12~bookworm]\n"

BOOKWORM = Distribution("Debian 12", "bookworm", docker=("docker.io/trixie",), borrows="trixie")
PLAIN = Distribution("Debian 13", "trixie", docker=("docker.io",))


def test_a_plan_that_only_adds_is_harmless() -> None:
    plan = apt.parse_plan(HARMLESS)
    assert plan.installs == ("libnftables1", "containerd", "docker.io")
    assert plan.harmless


def test_an_upgrade_and_a_removal_are_told_from_an_addition() -> None:
    assert apt.parse_plan(UPGRADES).upgrades == ("libc6",)
    assert apt.parse_plan(REMOVES).removes == ("docker-ce",)
    assert not apt.parse_plan(UPGRADES).harmless
    assert not apt.parse_plan(REMOVES).harmless


class FakeApt:
    """Answers apt-get from a simulation and keeps what it was asked."""

    def __init__(self, simulated: str, *, code: int = 0, err: str = "") -> None:
        self.simulated, self.code, self.err = simulated, code, err
        self.asked: list[str] = []

    def __call__(self, *command: str, **_: object) -> Answer:
        words = command[command.index("apt-get") + 1 :]
        verb = next(word for word in words if word in ("update", "install"))
        simulating = "--simulate" in words
        self.asked.append("simulate" if simulating else verb)
        return Answer(self.code, self.simulated, self.err) if simulating else Answer(0, "", "")


def test_it_simulates_first_and_says_what_it_installs_before_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    fake, said = FakeApt(HARMLESS), []
    monkeypatch.setattr(apt, "ask", fake)
    apt.install(PLAIN, PLAIN.docker, lambda line: said.append((len(fake.asked), line)))
    assert fake.asked == ["update", "simulate", "install"]
    assert said[-1] == (
        2,
        "installing 3 packages, upgrading and removing none: libnftables1 containerd docker.io",
    )


@pytest.mark.parametrize(("simulated", "named"), [(UPGRADES, "upgrade libc6"), (REMOVES, "remove docker-ce")])
def test_a_plan_that_touches_a_package_is_refused_and_nothing_is_installed(
    monkeypatch: pytest.MonkeyPatch, simulated: str, named: str
) -> None:
    fake = FakeApt(simulated)
    monkeypatch.setattr(apt, "ask", fake)
    with pytest.raises(CannotRun, match=named) as refused:
        apt.install(PLAIN, PLAIN.docker, lambda line: None)
    assert fake.asked == ["update", "simulate"]
    assert "refused, nothing was changed" in str(refused.value)


def test_a_plan_with_nothing_to_do_installs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeApt("docker.io is already the newest version (26.1.5).\n")
    monkeypatch.setattr(apt, "ask", fake)
    apt.install(PLAIN, PLAIN.docker, lambda line: None)
    assert "install" not in fake.asked


def test_what_apt_cannot_find_is_told_in_its_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apt, "ask", FakeApt("", code=100, err="W: x\nE: Unable to locate package docker.io\nE: y\n"))
    with pytest.raises(CannotRun, match=r"E: Unable to locate package docker\.io"):
        apt.install(PLAIN, PLAIN.docker, lambda line: None)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An /etc/apt of Debian 12 in a folder."""
    (tmp_path / "sources.list").write_text(
        "deb [signed-by=/k.gpg] http://mirror.example/debian bookworm main contrib\n"
    )
    monkeypatch.setattr(apt, "APT", tmp_path)
    monkeypatch.setattr(apt, "read_sources", lambda: apt_read(tmp_path))
    return tmp_path


def apt_read(folder: Path) -> list[object]:
    from harness.doctor.sources import read_sources

    return list(read_sources(folder))


def test_debian_12_gets_trixie_pinned_before_it_gets_its_source(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(apt, "ask", FakeApt(HARMLESS))
    apt.install(BOOKWORM, BOOKWORM.docker, said.append)
    assert "Pin: release n=trixie\nPin-Priority: 100\n" in (machine / "preferences.d/drill-trixie").read_text()
    source = (machine / "sources.list.d/drill-trixie.sources").read_text()
    assert (
        source
        == "Types: deb\nURIs: http://mirror.example/debian\nSuites: trixie\nComponents: main\nSigned-By: /k.gpg\n"
    )
    assert "drill-trixie" in said[0]
    assert "pinned at 100" in said[0]


def test_a_machine_that_offers_trixie_already_keeps_its_own_source(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (machine / "sources.list.d").mkdir()
    (machine / "sources.list.d/own.list").write_text("deb http://mirror.example/debian trixie main\n")
    monkeypatch.setattr(apt, "ask", FakeApt(HARMLESS))
    apt.install(BOOKWORM, BOOKWORM.docker, lambda line: None)
    assert not (machine / "preferences.d").exists()
    assert apt.borrowing_commands(BOOKWORM) == []


def test_the_commands_for_a_person_write_the_same_two_files(machine: Path) -> None:
    source, pin, update = apt.borrowing_commands(BOOKWORM)
    assert source.endswith(f"> {machine}/sources.list.d/drill-trixie.sources")
    assert "'Suites: trixie'" in source
    assert "'Pin-Priority: 100'" in pin
    assert update == "apt-get update"


def test_without_a_source_to_derive_from_nothing_is_written(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (machine / "sources.list").write_text("deb http://elsewhere.example/packages stable main\n")
    monkeypatch.setattr(apt, "ask", FakeApt(HARMLESS))
    with pytest.raises(CannotRun, match="bookworm main"):
        apt.install(BOOKWORM, BOOKWORM.docker, lambda line: None)
    assert not (machine / "sources.list.d").exists()
