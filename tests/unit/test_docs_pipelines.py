"""The pages for pipelines: their files are of the right form, their commands are commands, and exit codes are treated right."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest
import yaml
from check_jsonschema import builtin_schemas

from harness.cli import group
from harness.drill.candidate_option import with_candidates
from harness.drill.parse import parse

ROOT = Path(__file__).parent.parent.parent
PAGES = sorted((ROOT / "docs" / "pipelines").glob("*.md"))


def blocks(page: str, language: str) -> list[str]:
    text = (ROOT / "docs" / "pipelines" / f"{page}.md").read_text()
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)


def commands() -> list[tuple[str, str]]:
    """Every `drill …` in the pages' blocks, as (page, command)."""
    found = []
    for page in PAGES:
        for block in re.findall(r"^```\w+\n(.*?)^```$", page.read_text(), re.M | re.S):
            code = "\n".join(
                line for line in block.replace("\\\n", " ").splitlines() if not line.lstrip().startswith(("#", "name:"))
            )
            found += [
                (page.stem, one) for one in re.findall(r"(?:^|[\s/'])(drill (?:run|doctor|validate)\b[^'\n#>]*)", code)
            ]
    return found


def test_all_four_pages_are_there() -> None:
    assert [page.stem for page in PAGES] == ["cron", "github-actions", "gitlab-ci", "jenkins"]
    assert {page for page, _ in commands()} == {page.stem for page in PAGES}


@pytest.mark.parametrize(("page", "command"), commands())
def test_each_command_is_one_that_drill_takes(page: str, command: str) -> None:
    text = re.sub(r"\$\{\{[^}]*\}\}|\$\w+", "abc123", command)
    words = shlex.split(text)[1:]
    context = group.make_context("drill", list(words), resilient_parsing=False)
    name, found, rest = group.resolve_command(context, words)
    assert name is not None
    assert found is not None
    made = found.make_context(name, list(rest), parent=context)
    assert isinstance(made, click.Context)
    if name == "run":
        (drill,) = made.params["drills"]
        parsed = parse(ROOT / "drills" / f"{drill}.yaml", sets=[f"abort.max_duration={made.params['max_duration']}"])
        image = with_candidates(parsed, made.params["candidates"]).stack.candidate
        assert image == ({} if page == "cron" else {"api": "checkout-api:abc123"})
        assert made.params["junit"] == "results/junit.xml"


@pytest.mark.parametrize(
    ("page", "language", "schema"),
    [("github-actions", "yaml", "vendor.github-workflows"), ("gitlab-ci", "yaml", "vendor.gitlab-ci")],
)
def test_its_files_are_what_their_schema_asks_for(page: str, language: str, schema: str) -> None:
    found = blocks(page, language)
    assert found
    rules: Any = builtin_schemas.get_builtin_schema(schema)
    for text in found:
        data = {("on" if key is True else key): value for key, value in yaml.safe_load(text).items()}
        jsonschema.validators.validator_for(rules)(rules).validate(data)


@pytest.mark.parametrize("page", [page.stem for page in PAGES])
def test_what_is_built_can_be_built(page: str) -> None:
    for folder in re.findall(
        r"docker build .* (compose/\S+?)'?$", (ROOT / "docs" / "pipelines" / f"{page}.md").read_text(), re.M
    ):
        assert (ROOT / folder / "Dockerfile").is_file()


@pytest.fixture
def rehearse(tmp_path: Path) -> Any:
    """The page's own script, in a folder of its own, with a `drill` that ends as it is told."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "shop").mkdir()
    (text,) = blocks("cron", "sh")
    script = tmp_path / "rehearse"
    script.write_text(text.replace("/srv/shop", str(tmp_path / "shop")))

    def run(code: int, doctor: int = 0) -> subprocess.CompletedProcess[str]:
        fake = tmp_path / "bin" / "drill"
        fake.write_text(f'#!/bin/sh\necho "drill $*"\n[ "$1" = doctor ] && exit {doctor}\nexit {code}\n')
        fake.chmod(0o755)
        env = {**os.environ, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}
        return subprocess.run(["sh", str(script)], env=env, capture_output=True, text=True, check=False, timeout=60)

    return run


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (1, "an expectation failed"),
        (3, "no evidence is no pass"),
        (4, "could not begin"),
        (7, "A FAULT IS STILL ON"),
        (143, "143"),
    ],
)
def test_the_script_for_cron_tells_each_end(rehearse: Any, code: int, says: str) -> None:
    done = rehearse(code)
    assert done.returncode == code
    assert says in done.stdout


def test_the_script_for_cron_is_silent_when_all_passed(rehearse: Any) -> None:
    done = rehearse(0)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_script_for_cron_runs_nothing_on_a_machine_that_is_not_ready(rehearse: Any) -> None:
    done = rehearse(0, doctor=4)
    assert done.returncode == 4
    assert "drill run" not in done.stdout


def test_no_exit_code_is_let_through() -> None:
    (text,) = blocks("gitlab-ci", "yaml")
    assert "allow_failure" not in text
    (jenkins,) = blocks("jenkins", "groovy")
    assert "if (code != 0) { error(" in jenkins
    assert "unstable(" not in jenkins
    assert all("continue-on-error" not in block for block in blocks("github-actions", "yaml"))
