"""docs/staging.md: its settings are read, its commands are commands, and what it says of the plan is so."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli import group
from harness.drill.project import find_project
from harness.target.config import find_target

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "staging.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.M | re.S)


COMMANDS = [line for block in blocks("sh") for line in block.splitlines() if line]


def project(folder: Path) -> None:
    settings = blocks("toml")[0]
    (folder / "pyproject.toml").write_text(f'[tool.drill]\ndrills = "{ROOT}/drills"\n\n{settings}')


def test_its_settings_are_a_target(tmp_path: Path) -> None:
    project(tmp_path)
    target, _ = find_target([find_project(tmp_path, env={})], "staging")
    assert set(target.edges) == {"api->postgres", "api->payments"}
    assert [clear.means for clear in target.clear_to_start] == ["no incident is open", "nobody deploys"]
    assert target.logs is not None
    assert target.logs.services == ("api",)


def test_pages_may_be_read_from_a_list_instead(tmp_path: Path) -> None:
    project(tmp_path)
    file = tmp_path / "pyproject.toml"
    listening = re.compile(r"^pages = .*\n", re.M)
    assert listening.search(file.read_text())
    file.write_text(listening.sub("", file.read_text()) + blocks("toml")[1])
    target, _ = find_target([find_project(tmp_path, env={})], "staging")
    assert target.pages is not None
    poll = target.pages.poll
    assert poll is not None
    assert (poll.url, poll.each, poll.fields.alert) == ("https://api.pager.example", "incidents", "title")
    assert re.search(poll.fields.named, "[FIRING:1] OrdersSlow (api)").group(1) == "OrdersSlow"  # type: ignore[union-attr]
    assert poll.ca_file == str(tmp_path / "staging-ca.pem")


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_is_one_that_drill_takes(command: str) -> None:
    words = shlex.split(command)
    assert words[0] == "drill"
    context = group.make_context("drill", words[1:])
    name, found, rest = group.resolve_command(context, words[1:])
    assert found is not None
    made = found.make_context(name, list(rest), parent=context)
    assert made.params.get("target", "staging") == "staging"


@pytest.mark.parametrize("command", [one for one in COMMANDS if one.split()[1] in ("plan", "validate")])
def test_what_only_looks_is_looked_at(command: str, tmp_path: Path) -> None:
    project(tmp_path)
    words = [sys.executable, "-m", "harness", *shlex.split(command)[1:]]
    if "validate" in words:
        words.insert(4, "friday-traffic")
    done = subprocess.run(
        words,
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout + done.stderr
    assert (
        "payments-gone/reset-api->payments: not available on staging: [tool.drill.targets.staging] has faults_permitted"
        in said
    )
    assert "run/stays_up-postgres: not available on staging: drill sees only the containers" in said
    assert "run/orders_kept-checkout: not available" in said
    for there in ("orders-slow/latency", "payments-gone/down", "bad-release/bad_release", "log_seen", "page_sent"):
        assert not re.search(rf"{there}\S*: not available", said)
