"""drill.yaml of a run folder: what ran, without its secrets, and it loads again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.drill.model import Drill
from harness.drill.parse import parse
from harness.drill.problem import Invalid
from harness.drill.resolved import load_resolved
from harness.parts import in_use
from harness.secret_names import names_secret

Write = Callable[..., Path]


def test_a_stored_drill_loads_again_as_the_same(checkout: Write, tmp_path: Path) -> None:
    drill = parse(checkout(), sets=["load.seed=7"])
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "drill.yaml").write_text(drill.masked())
    again = load_resolved(tmp_path / "run")
    assert again.model_dump() == drill.model_dump()
    assert again.masked() == drill.masked()
    assert again.locustfiles == drill.locustfiles
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


def test_who_puts_a_secret_into_a_claim_is_warned_that_its_mask_is_judged(checkout: Write) -> None:
    drill = parse(checkout("Traceback|panic:", "${API_TOKEN}"), env={"API_TOKEN": "s3cret"})
    (warning,) = [one for one in drill.warnings if "API_TOKEN" in one.what]
    assert "is judged with *** in its place" in warning.what
    assert warning.line == 34
    other = parse(checkout("Traceback|panic:", "${PATTERN}"), env={"PATTERN": "panic"})
    assert not [one for one in other.warnings if "PATTERN" in one.what]


def test_a_volume_may_be_called_a_secret(checkout: Write, tmp_path: Path) -> None:
    path = checkout("stack:\n", "stack:\n  data: {secrets: copy}\n")
    (tmp_path / "drill.yaml").write_text(parse(path).masked())
    assert load_resolved(tmp_path / "drill.yaml").stack.data == {"secrets": "copy"}


@pytest.mark.parametrize(
    "name",
    [
        "DB_PASSWORD",
        "api_token",
        "SECRET",
        "API_KEY",
        "key",
        "apiKey",
        "passwd",
        "TOKENS",
        "RABBITMQ_DEFAULT_PASS",
        "MYSQL_PWD",
    ],
)
def test_names_of_secrets_are_known(name: str) -> None:
    assert names_secret(name)


@pytest.mark.parametrize("name", ["RATE", "monkey", "keyboard", "title", "keep", "PWD", "bypass", "passed", "PASSES"])
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


def stored(path: Path, tmp_path: Path, env: dict[str, str]) -> tuple[str, Drill]:
    """drill.yaml of a run of this drill, and what is read from it."""
    text = parse(path, env=env).masked()
    (tmp_path / "drill.yaml").write_text(text)
    return text, load_resolved(tmp_path / "drill.yaml")


OWN = """
from typing import ClassVar
from harness.expectations.base import Evidence, Expectation
from harness.parts import Parts
from harness.verdict import Finding, passed

class Cached(Expectation):
    \"\"\"It is in the cache.\"\"\"

    word: ClassVar[str] = "cached"
    cache_key: str

    def check(self, evidence: Evidence) -> Finding:
        return passed(self.cache_key)

PARTS = Parts(expectations=[Cached])
"""


def test_a_word_of_ones_own_that_is_called_like_a_secret_is_judged_as_it_was_written(
    checkout: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_use._Now, "own", ())
    path = checkout("      - errors_below: {ratio: 2%}", "      - cached: {cache_key: 'cart:1'}")
    (path.parent / "pyproject.toml").write_text('[tool.drill]\nparts = ["mine.py"]\n')
    (path.parent / "mine.py").write_text(OWN)
    monkeypatch.chdir(path.parent)
    _, again = stored(path, tmp_path, {})
    (claim,) = again.phases[1].expect
    assert claim.model_dump()["cache_key"] == "cart:1"
    assert "cart:1" in again.text(claim.id)


def test_a_secret_that_came_from_a_variable_is_masked_where_it_is_judged_too(
    checkout: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_use._Now, "own", ())
    two = "      - cached: {cache_key: '${API_TOKEN}'}\n      - cached: {cache_key: s3cret-7}"
    path = checkout("      - errors_below: {ratio: 2%}", two)
    (path.parent / "pyproject.toml").write_text('[tool.drill]\nparts = ["mine.py"]\n')
    (path.parent / "mine.py").write_text(OWN)
    monkeypatch.chdir(path.parent)
    text, _ = stored(path, tmp_path, {"API_TOKEN": "s3cret-7"})
    assert "s3cret-7" not in text


def test_a_label_that_is_called_a_key_is_judged_as_it_was_written(checkout: Write, tmp_path: Path) -> None:
    claim = "      - alert_fires: {alert: Slow, within: 20s, labels: {key: cart}}"
    _, again = stored(checkout("      - errors_below: {ratio: 2%}", claim), tmp_path, {})
    assert again.phases[1].expect[0].model_dump()["labels"] == {"key": "cart"}


def test_a_variable_of_a_release_that_is_called_like_a_secret_is_masked(checkout: Write, tmp_path: Path) -> None:
    fault = "      - bad_release: {service: worker, environment: {API_TOKEN: s3cret-7}}"
    text, _ = stored(checkout("      - stop: {service: worker, after: 5s, for: 10s}", fault), tmp_path, {})
    assert "s3cret-7" not in text


@pytest.mark.parametrize(
    "words",
    [
        'schedule: {clear_to_start: [{url: "${STATUS_TOKEN_URL}"}]}',
        'schedule: {clear_to_start: [{promql: up, at: "${STATUS_TOKEN_URL}"}]}',
        'silence: [{at: "${STATUS_TOKEN_URL}", matchers: [\'a="b"\']}]',
        'announce: [{email: [a@b.c], from: d@b.c, smtp: "${MAIL_KEY}:587"}]',
        'announce: [{command: [./rollback.sh, "${SLACK_WEBHOOK}"]}]',
        "announce: [{command: [./rollback.sh, '--to=${SLACK_WEBHOOK}']}]",
        'schedule: {clear_to_start: [{url: "https://me:hunter22@status.example.org/s3cret-no"}]}',
    ],
)
def test_what_a_run_is_started_and_told_by_is_masked_and_hinders_no_verdict(
    checkout: Write, tmp_path: Path, words: str
) -> None:
    path = checkout()
    path.write_text(f"{path.read_text()}{words}\n")
    env = {
        "STATUS_TOKEN_URL": "https://status.example.org/s3cret-7",
        "MAIL_KEY": "s3cret-7",
        "SLACK_WEBHOOK": "https://hooks.example.org/s3cret-7",
    }
    text, again = stored(path, tmp_path, env)
    assert "s3cret-7" not in text
    assert "hunter22" not in text
    assert again.masked() == text
    if "_URL" in words:
        assert "https://***" in text


def test_a_webhook_of_the_command_line_is_not_written_down(checkout: Write) -> None:
    drill = parse(
        checkout("stack:", "announce: [{webhook: x}]\nstack:"), sets=["announce.0.webhook=https://h/s3cret-7"]
    )
    assert "s3cret-7" not in drill.masked()
    assert drill.given == ("announce.0.webhook=***",)
