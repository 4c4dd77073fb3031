"""What Compose says beside the resolved file: warnings, and which file is wrong. Compose itself is asked; no Docker daemon is."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.stack.compose_says import complaint, warnings
from harness.stack.project import UnknownProfile, read_project

GOOD = "services: {api: {image: x}}\n"
TAB = "services:\n\tapi: {image: y}\n"


def refused(*files: Path, **options: tuple[str, ...]) -> str:
    with pytest.raises(UsageError) as told:
        read_project(files, **options)  # type: ignore[arg-type]
    return str(told.value)


def written(folder: Path, **texts: str) -> list[Path]:
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text)
    return [folder / f"{name}.yaml" for name in texts]


def test_a_variable_that_is_not_set_is_told_once(tmp_path: Path) -> None:
    (file,) = written(tmp_path, compose="services: {a: {image: 'x:${NOT_THERE}', command: '$NOT_THERE ${NOR_THIS}'}}")
    assert read_project([file]).warned == (
        'The "NOT_THERE" variable is not set. Defaulting to a blank string.',
        'The "NOR_THIS" variable is not set. Defaulting to a blank string.',
    )


def test_that_an_old_file_states_its_version_is_no_warning_of_ours(tmp_path: Path) -> None:
    assert read_project(written(tmp_path, compose=f"version: '3.8'\n{GOOD}")).warned == ()


def test_a_message_is_read_as_go_quotes_it_and_other_lines_are_the_error() -> None:
    log = (
        'time="2026-01-01T00:00:00Z" level=warning msg="odd \\x00 \\"a\\""\nlevel=info msg=fine\nservice "a" is wrong\n'
    )
    assert warnings(log) == ('odd \\x00 \\"a\\"',)
    assert complaint(log) == 'service "a" is wrong'


def test_of_several_files_the_one_that_is_wrong_is_named(tmp_path: Path) -> None:
    good, bad = written(tmp_path, compose=GOOD, bad=TAB)
    assert refused(good, bad).startswith(f"{bad}: yaml: line 2: ")
    assert refused(bad, good).startswith(f"{bad}: yaml: line 2: ")


def test_where_only_all_of_them_are_wrong_together_all_are_named(tmp_path: Path) -> None:
    one, two = written(
        tmp_path, one="services: {a: {image: x, depends_on: [b]}, b: {image: y}}", two="services: {b: !reset null}"
    )
    assert refused(one, two).startswith(f"{one}, {two}: service ")


def test_a_file_that_compose_names_itself_is_named_once(tmp_path: Path) -> None:
    (file,) = written(tmp_path, compose="services: {api: {image: x, prots: [80]}}")
    assert refused(file).count(str(file)) == 1


def test_of_a_folder_the_file_that_compose_finds_there_is_named(tmp_path: Path) -> None:
    written(tmp_path, compose=GOOD, **{"compose.override": TAB})
    assert refused(tmp_path).startswith(f"{tmp_path / 'compose.override.yaml'}: yaml: ")


def test_a_warning_is_no_part_of_an_error(tmp_path: Path) -> None:
    (file,) = written(tmp_path, compose="services: {a: {image: 'x:${NOT_THERE}', depends_on: [b]}}")
    assert refused(file) == f'{file}: service "a" depends on undefined service "b": invalid compose project'


def test_a_profile_that_no_service_has_is_refused_with_those_there_are(tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text("services: {c: {image: c, profiles: [three]}}\n")
    (file,) = written(
        tmp_path, compose="include: [more.yaml]\nservices: {a: {image: a, profiles: [one, two]}, b: {image: b}}"
    )
    assert set(read_project([file], profiles=["three", "two"]).services) == {"a", "b", "c"}
    assert set(read_project([file], profiles=["*"]).services) == {"a", "b", "c"}
    assert refused(file, profiles=("thre",)) == "no service has the profile 'thre' (did you mean 'three'?)"
    with pytest.raises(UnknownProfile, match="no service has the profile 'nope'; there are one, three, two"):
        read_project([file], profiles=["one", "nope"])


def test_where_every_service_has_a_profile_they_are_listed(tmp_path: Path) -> None:
    (file,) = written(tmp_path, compose="services: {a: {image: a, profiles: [full, dev]}}")
    assert refused(file) == f"{file}: it starts no service without a profile; there are dev, full"
