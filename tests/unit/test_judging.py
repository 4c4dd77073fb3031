"""A run folder judged: the same bytes again, another drill without touching the run, a killed run all the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from harness import facts as f
from harness.cli.judge import command
from harness.drill.parse import parse
from harness.errors import UsageError
from harness.journal import Journal, read
from harness.journal_writer import Writer
from harness.judging import _answers, judge_folder, secrets_of, write_results
from harness.ledger.layout import C5XX, OK
from harness.ledger.writing import Writer as Ledger
from harness.run.folder import RunFolder
from harness.target.model import Target
from harness.target.record import keep

DRILL = """
drill: tale
stack: {compose: [compose.yaml]}
load: {locustfile: load.py, against: "api:80", arrivals: [{for: 1m, rate: 10/s}]}
steady: {for: 5s, within: 30s, all: [errors < 1%]}
phases:
  - name: calm
    for: 10s
    expect:
      - errors_below: {ratio: RATIO}
abort: {max_duration: 5m}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one drill and one stored run of it: 3 of 100 requests of the phase ended in error."""
    (tmp_path / "pyproject.toml").write_text('[tool.drill]\ndrills = "."\nruns = "runs"\n')
    (tmp_path / "compose.yaml").write_text("services: {api: {image: x}}\n")
    (tmp_path / "load.py").write_text(
        "from locust import HttpUser, task\n\n\nclass U(HttpUser):\n    @task\n    def t(self):\n        self.client.get('/')\n"
    )
    (tmp_path / "tale.yaml").write_text(DRILL.replace("RATIO", "5%"))
    (tmp_path / "other.yaml").write_text(DRILL.replace("RATIO", "2%").replace("drill: tale", "drill: other"))
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "runs" / "tale" / "20261120T120000Z-0badcafe"
    writer = Writer(folder / "facts", "harness", lambda: 0.0)
    (folder / "drill.yaml").write_text(parse(tmp_path / "tale.yaml").masked())
    told: list[f.Fact] = [
        f.Opened(drill="tale", run="0badcafe", wall_unix_s=1.7e9, monotonic_ns=5, seen_s=0.001),
        f.LoadBegan(begins_s=1.0, seen_s=0.9),
        f.GateHeld(seen_s=8.0),
        f.PhaseBegan(phase="calm", seen_s=10.0),
        f.PhaseEnded(phase="calm", seen_s=20.0),
        f.PhaseSettled(phase="calm", steady=True, seen_s=26.0),
        f.LoadEnded(clean=True, ended_s=27.0, seen_s=28.0),
        *(f.LoadSampled(cpu_ratio=0.1, late_ms=1, due=10, dropped=0, seen_s=s + 0.5) for s in range(1, 27)),
        f.Closed(seen_s=33.0),
    ]
    for fact in told:
        writer.write(fact)
    writer.close()
    ledger = Ledger(folder / "ledger", "0badcafe", 0, 5)
    endpoint = ledger.number("endpoint", "GET /")
    for i in range(260):
        row = ledger.due(1_000_000 + i * 100_000, 1)
        ledger.sent(row, 100, endpoint)
        ledger.done(row, row, 20_000, endpoint, 200, 0, C5XX if i in (100, 101, 102) else OK, 0, 0)
    ledger.close()
    return folder


def test_judged_again_a_run_gives_the_same_bytes(project: Path) -> None:
    for _ in range(2):
        write_results(project, judge_folder(project))
        first = (project / "verdict.json").read_bytes(), (project / "junit.xml").read_bytes()
    write_results(project, judge_folder(project))
    assert first == ((project / "verdict.json").read_bytes(), (project / "junit.xml").read_bytes())
    document = json.loads(first[0])
    assert (document["verdict"], document["exit_code"], document["run"]) == ("passed", 0, "0badcafe")
    assert "3 of 100 requests" in document["findings"][0]["because"]
    assert not list(project.glob(".*.new"))


def test_another_drill_judges_by_its_own_limits_and_leaves_the_runs_verdict(project: Path) -> None:
    write_results(project, judge_folder(project))
    before = (project / "verdict.json").read_bytes()
    result = CliRunner().invoke(command, ["latest", "--drill", "other.yaml"])
    assert result.exit_code == 1, result.output
    assert "3% (limit 2%" in result.output
    assert (project / "verdict.json").read_bytes() == before


@pytest.mark.parametrize(("old", "new"), [("rate: 10/s", "rate: 20/s"), ("for: 10s\n", "for: 20s\n")])
def test_a_drill_that_was_never_played_does_not_pass(project: Path, old: str, new: str) -> None:
    text = Path("tale.yaml").read_text()
    assert old in text
    Path("never.yaml").write_text(text.replace("drill: tale", "drill: never").replace(old, new))
    result = CliRunner().invoke(command, ["latest", "--drill", "never.yaml"])
    assert result.exit_code == 3, result.output
    assert "this was never played" in result.output
    assert "20" not in result.output.split("was played with")[1].split("\n")[0]


def test_the_command_prints_the_document_that_it_writes(project: Path) -> None:
    result = CliRunner().invoke(command, ["0badcafe", "--json", "--junit", "out/junit.xml"])
    assert result.exit_code == 0, result.output
    assert result.stdout == (project / "verdict.json").read_text()
    assert Path("out/junit.xml").read_text() == (project / "junit.xml").read_text()


def test_a_folder_that_cannot_be_written_is_judged_all_the_same_and_that_is_said(project: Path) -> None:
    (project / ".verdict.json.new").mkdir()
    result = CliRunner().invoke(command, ["0badcafe"])
    assert result.exit_code == 0, result.output
    assert "3 of 100 requests" in result.stdout
    assert "report.html" not in result.stdout
    assert f"runs/tale/{project.name} cannot be written: Is a directory; this verdict is not kept" in result.stderr
    assert not (project / "verdict.json").exists()


@pytest.mark.parametrize("words", [[], ["--drill", "other.yaml"]])
def test_a_junit_file_that_was_asked_for_and_cannot_be_written_is_no_pass(project: Path, words: list[str]) -> None:
    result = CliRunner().invoke(command, ["0badcafe", "--junit", "compose.yaml/junit.xml", *words])
    assert result.exit_code == 6, result.output
    assert "3 of 100 requests" in result.stdout
    assert result.stderr == "compose.yaml/junit.xml cannot be written: File exists; exit 6\n"


def test_a_run_that_still_goes_on_is_told_to_do_so_and_not_to_have_been_cut(project: Path) -> None:
    from harness.cli.report import command as report

    path = project / "facts" / "harness.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-5]))
    with RunFolder(project).alive():
        made = CliRunner().invoke(report, ["0badcafe", "--format", "md", "-o", "-"])
        judged = CliRunner().invoke(command, ["0badcafe"])
    assert f"{project.name} still runs: this is what it had written by now" in made.stderr
    assert "tale still runs, and this is no verdict yet: the run still goes on: judged is what" in made.stdout
    assert judged.exit_code == 3
    assert judged.stdout.startswith("STILL RUNS tale")
    assert "did not come to its end" not in made.stdout + judged.stdout


def test_a_killed_run_is_judged_by_what_it_left(project: Path) -> None:
    path = project / "facts" / "harness.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-5]) + lines[-5][:20])
    judgement = judge_folder(project)
    assert judgement.verdict.exit_code == 3
    assert "did not come to its end" in judgement.verdict.invalid[0]


def test_a_folder_without_facts_is_nothing_to_judge(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no facts"):
        judge_folder(tmp_path)


def test_facts_that_the_disk_refused_are_judged_too(project: Path) -> None:
    path = project / "facts" / "harness.jsonl"
    whole = read(project)
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-5]))
    assert judge_folder(project, told=whole).document == judge_folder(project, told=whole).document
    assert judge_folder(project, told=whole).verdict.exit_code == 0
    stuck = Journal((*whole.facts, f.NotMended(fault="x", error="wedged", writer="harness", number=99, seen_s=32.0)))
    assert judge_folder(project, told=stuck).verdict.exit_code == 7


def test_a_verdict_that_cannot_be_written_leaves_the_old_one_whole(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_results(project, judge_folder(project))
    before = (project / "verdict.json").read_bytes()
    opened = Path.open

    def full(path: Path, mode: str = "r", **words: Any) -> Any:
        if not path.name.endswith(".new"):
            return opened(path, mode, **words)
        path.touch()
        return opened(Path("/dev/full"), "w", **words)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(OSError, match="No space left"):
        write_results(project, judge_folder(project))
    assert (project / "verdict.json").read_bytes() == before
    assert not list(project.glob(".*.new"))


def test_a_word_of_the_drill_that_ran_is_one_only_where_a_secret_stands(tmp_path: Path) -> None:
    project = {"services": {"api": {"environment": {"A_TOKEN": "sunflower", "B_TOKEN": "platform"}}}}
    (tmp_path / "compose.yaml").write_text(json.dumps(project))
    (tmp_path / "drill.yaml").write_text("phases: [{name: sunflower}]")
    assert [(one.name, one.public) for one in secrets_of(tmp_path) or ()] == [("A_TOKEN", True), ("B_TOKEN", False)]


def test_the_stacks_own_secrets_are_known_from_the_compose_file_that_ran(tmp_path: Path) -> None:
    """An example's password that is also its user, or a service's name, is one only where a secret stands: it is in every log."""
    environment = {
        "DATABASE_URL": "postgresql://shop:hunter2secret@db:5432/shop",
        "API_TOKEN": "abcdef123456",
        "POSTGRES_USER": "shop",
        "POSTGRES_PASSWORD": "shop",
        "SIGNING_KEY_FILE": "/run/secrets/key",
        "CACHE_PASSWORD": "redis",
    }
    project = {"name": "shop", "services": {"api": {"environment": environment}, "redis": {"environment": None}}}
    (tmp_path / "compose.yaml").write_text(json.dumps(project))
    found = secrets_of(tmp_path)
    assert found is not None
    assert {(one.name, one.value, one.public) for one in found} == {
        ("DATABASE_URL", "hunter2secret", False),
        ("API_TOKEN", "abcdef123456", False),
        ("POSTGRES_PASSWORD", "shop", True),
        ("CACHE_PASSWORD", "redis", True),
    }
    assert "hunter2" not in repr(found)
    assert secrets_of(tmp_path / "nowhere") is None


def test_a_targets_secrets_mask_what_is_shown_and_decide_nothing(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = {"url": "https://a.example", "token_env": "STAGING_TOKEN"}
    keep(project, Target.model_validate({"name": "staging", "load": load}), {})
    gone = judge_folder(project)
    monkeypatch.setenv("STAGING_TOKEN", "canary-token-1")
    there = judge_folder(project)
    assert there.document == gone.document
    before, after = ([secret.name for secret in one.story.logs.secrets or ()] for one in (gone, there))
    assert after == [*before, "load credential"]


def test_samples_of_answers_are_read_and_a_torn_line_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "answers").mkdir()
    (tmp_path / "answers" / "0.jsonl").write_text(
        '{"request_id": "drill-r-0-1", "text": "<h1>Oops"}\n{"request_id": "drill-r'
    )
    assert _answers(tmp_path) == {"drill-r-0-1": "<h1>Oops"}
    assert _answers(tmp_path / "nowhere") == {}
