"""drill.yaml of a run folder: what ran, without its secrets, and it loads again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.drill.parse import parse
from harness.drill.problem import Invalid
from harness.drill.resolved import load_resolved
from harness.masking import names_secret

Write = Callable[..., Path]


def test_a_stored_drill_loads_again_as_the_same(checkout: Write, tmp_path: Path) -> None:
    drill = parse(checkout(), sets=["load.seed=7"])
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "drill.yaml").write_text(drill.masked())
    again = load_resolved(tmp_path / "run")
    assert again.model_dump() == drill.model_dump()
    assert again.masked() == drill.masked()
    assert again.locustfile == drill.locustfile
    assert [again.where(f.id) for _, f in again.faults()] == [drill.where(f.id) for _, f in drill.faults()]
    assert again.file == drill.file


def test_a_stored_drill_loads_where_its_files_are_gone(checkout: Write, tmp_path: Path) -> None:
    path = checkout()
    (tmp_path / "drill.yaml").write_text(parse(path).masked())
    for file in path.parent.iterdir():
        file.unlink()
    assert load_resolved(tmp_path / "drill.yaml").name == "checkout"


def test_a_stored_drill_has_its_variables_put_in(checkout: Write) -> None:
    text = parse(checkout("title: The", "title: ${WHO} The"), env={"WHO": "Our"}).masked()
    assert "title: Our The orders" in text


def test_a_secret_from_the_environment_is_masked_where_it_was_put_in_and_nowhere_else(checkout: Write) -> None:
    path = checkout("owner: team-checkout", "owner: team-${DB_PASSWORD}")
    drill = parse(path, env={"DB_PASSWORD": "checkout"})
    assert "owner: team-***" in drill.masked()
    assert "drill: checkout" in drill.masked()


def test_a_secret_in_a_claim_is_masked_in_its_text(checkout: Write) -> None:
    path = checkout("Traceback|panic:", "${API_TOKEN}")
    drill = parse(path, env={"API_TOKEN": "s3cret"})
    assert drill.text("run/log_quiet-all") == "log_quiet: {service: '*', matches: '***'}"


def test_a_volume_may_be_called_a_secret(checkout: Write, tmp_path: Path) -> None:
    path = checkout("stack:\n", "stack:\n  data: {secrets: copy}\n")
    (tmp_path / "drill.yaml").write_text(parse(path).masked())
    assert load_resolved(tmp_path / "drill.yaml").stack.data == {"secrets": "copy"}


@pytest.mark.parametrize("name", ["DB_PASSWORD", "api_token", "SECRET", "API_KEY", "key", "apiKey", "passwd", "TOKENS"])
def test_names_of_secrets_are_known(name: str) -> None:
    assert names_secret(name)


@pytest.mark.parametrize("name", ["RATE", "monkey", "keyboard", "title", "keep"])
def test_names_of_other_things_are_not_secrets(name: str) -> None:
    assert not names_secret(name)


@pytest.mark.parametrize("text", ["drill: x\n", "", "- a\n", "resolved: 3\n", "resolved: {base: /, where: {}}\n"])
def test_what_is_no_stored_drill_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "drill.yaml").write_text(text)
    with pytest.raises(Invalid):
        load_resolved(tmp_path)


@pytest.mark.parametrize(
    "text", ["010", "yes", "1e5", "12", "null", "~", "a: b", "#x", "<<", "é ☃", "two\nlines", " x "]
)
def test_text_stays_text_when_it_is_stored(checkout: Write, tmp_path: Path, text: str) -> None:
    import json

    drill = parse(checkout("title: The orders database is slow", f"title: {json.dumps(text)}"))
    (tmp_path / "drill.yaml").write_text(drill.masked())
    assert load_resolved(tmp_path).title == text
