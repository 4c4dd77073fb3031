"""Which packages which distribution gets."""

from __future__ import annotations

import pytest

from harness.doctor.debian import apt_line, from_os_release, parse_os_release

DEBIAN_12 = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nID=debian\n'
TRIXIES = ("docker.io/trixie", "docker-cli/trixie", "docker-compose/trixie", "docker-buildx/trixie")


def test_debian_12_borrows_docker_from_trixie() -> None:
    system = from_os_release(parse_os_release(DEBIAN_12))
    assert system.docker == TRIXIES
    assert (system.codename, system.borrows) == ("bookworm", "trixie")
    assert all(package.endswith("/trixie") for package in (*system.compose, *system.go))


@pytest.mark.parametrize(
    ("fields", "first"),
    [
        ({"ID": "debian", "VERSION_ID": "13", "VERSION_CODENAME": "trixie"}, "docker.io"),
        ({"ID": "debian", "VERSION_CODENAME": "forky"}, "docker.io"),
        ({"ID": "ubuntu", "VERSION_ID": "24.04", "VERSION_CODENAME": "noble"}, "docker.io"),
    ],
)
def test_newer_debians_and_ubuntu_use_their_own_packages(fields: dict[str, str], first: str) -> None:
    system = from_os_release(fields)
    assert system.docker[0] == first
    assert not system.borrows


def test_ubuntu_names_compose_differently() -> None:
    assert from_os_release({"ID": "ubuntu", "VERSION_ID": "22.04"}).compose == ("docker-compose-v2",)


@pytest.mark.parametrize(
    "fields", [{"ID": "debian", "VERSION_ID": "11"}, {"ID": "ubuntu", "VERSION_ID": "20.04"}, {"ID": "fedora"}, {}]
)
def test_elsewhere_there_is_a_sentence_for_a_person_and_nothing_to_install(fields: dict[str, str]) -> None:
    system = from_os_release(fields)
    assert not system.installable
    assert system.by_hand


def test_os_release_is_read_with_its_quotes_and_comments() -> None:
    assert parse_os_release('# c\n\nA="x y"\nB=\'z\'\nC=plain\nno assignment\nD="half\n') == {
        "A": "x y",
        "B": "z",
        "C": "plain",
        "D": '"half',
    }


def test_the_line_to_type_is_one_apt_line() -> None:
    assert apt_line(("a", "b/trixie")) == "apt-get install -y --no-install-recommends a b/trixie"
