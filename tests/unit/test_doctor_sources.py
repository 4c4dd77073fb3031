"""The borrowed apt source: derived from what the machine has, in both of apt's formats."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.doctor.sources import derive, knows_suite, parse_deb822, parse_one_line, read_sources

DEB822 = """\
Types: deb
# http://snapshot.example/archive/debian/20250520T000000Z
URIs: http://deb.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://deb.example/debian-security
Suites: bookworm-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
"""


def test_a_deb822_source_keeps_its_mirror_and_keyring() -> None:
    assert derive(parse_deb822(DEB822), "bookworm", "trixie") == (
        "Types: deb\nURIs: http://deb.example/debian\nSuites: trixie\nComponents: main\n"
        "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
    )


def test_a_key_written_into_the_source_is_kept_line_by_line() -> None:
    key = "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n -----END PGP PUBLIC KEY BLOCK-----\n"
    derived = derive(parse_deb822(DEB822.replace("Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n", key)),
                     "bookworm", "trixie")  # fmt: skip
    assert derived is not None
    assert " -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n -----END" in derived
    assert parse_deb822(derived)[0].suites == ("trixie",)


def test_disabled_sources_and_sources_of_source_code_are_passed_over() -> None:
    assert parse_deb822("Enabled: no\n" + DEB822.split("\n\n", maxsplit=1)[0]) == []
    assert parse_deb822("Types: deb-src\nURIs: http://a.example\nSuites: bookworm\nComponents: main\n") == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("deb http://m.example/debian bookworm main", ""),
        ("deb [ arch=amd64,arm64 signed-by=/k.gpg ] http://m.example/debian bookworm main contrib # note", "arch"),
        ("deb  [trusted=yes]  http://m.example/debian\tbookworm  main", "Trusted: yes\n"),
    ],
)
def test_a_one_line_source_keeps_its_options(line: str, expected: str) -> None:
    options = "Architectures: amd64 arm64\nSigned-By: /k.gpg\n" if expected == "arch" else expected
    derived = derive(parse_one_line(line), "bookworm", "trixie")
    assert derived == f"Types: deb\nURIs: http://m.example/debian\nSuites: trixie\nComponents: main\n{options}"


@pytest.mark.parametrize(
    "line",
    ["# deb http://m.example/debian bookworm main", "deb-src http://m.example/debian bookworm main", "", "deb"],
)
def test_comments_and_source_code_lines_are_no_sources(line: str) -> None:
    assert parse_one_line(line) == []


def test_another_vendors_suite_is_not_taken_for_debians() -> None:
    sources = parse_one_line(
        "deb https://vendor.example/apt cloud-sdk-bookworm main\ndeb http://v.example/x bookworm stable\n"
    )
    assert derive(sources, "bookworm", "trixie") is None


def test_both_formats_of_a_machine_are_read(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list").write_text("deb http://a.example/debian bookworm main\n")
    (tmp_path / "sources.list.d" / "b.list").write_text("deb http://b.example/debian bookworm-backports main\n")
    (tmp_path / "sources.list.d" / "c.sources").write_text(DEB822.replace("bookworm", "trixie"))
    sources = read_sources(tmp_path)
    assert [source.uris[0] for source in sources[:2]] == ["http://a.example/debian", "http://b.example/debian"]
    assert knows_suite(sources, "trixie")
    assert not knows_suite(sources[:2], "trixie")


def test_a_machine_without_sources_has_none(tmp_path: Path) -> None:
    assert read_sources(tmp_path) == []
