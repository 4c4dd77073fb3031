"""Every `drill …` of README and docs/ is run: in a project as the pages have it, or, where it starts a stack, planned and left to a test that
does. A command that none of this covers fails here."""

from __future__ import annotations

import ast
import contextlib
import random
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import pytest
import tale
import yaml
from click.testing import CliRunner
from docs_commands import ROOT, Command, commands, pages
from run_series import kept, series

from harness.cli import COMMANDS, group
from harness.drill.parse import parse
from harness.errors import DrillError
from harness.parts import in_use
from harness.plan import make_plan
from harness.run.folder import RunFolder

OPTIONS = "tests/e2e/test_run_options.py::test_each_ends_with_its_code_and_says_why"
CANDIDATE = "tests/e2e/test_candidate_run.py::test_a_release_under_test_decides_as_a_pipeline_reads_it"
SCHEDULED = "tests/e2e/test_scheduled.py::test_a_scheduled_run_begins_once_and_tells_of_itself"
TARGET = "tests/e2e/test_target.py::test_the_same_drill_on_a_system_that_runs_already"
ATTACH = "tests/e2e/test_attach.py::test_containers_and_edges_are_hurt_and_the_project_is_byte_for_byte_what_it_was"
JOIN = "tests/unit/test_load_secured.py::test_the_command_says_what_is_wrong"
DEAD = "tests/e2e/test_status.py::test_what_a_dead_run_left_is_an_alarm_until_it_is_mended_also_after_a_reboot_and_by_two_at_once"
INIT = "tests/e2e/test_init.py::test_a_project_that_is_built_and_publishes_nothing_is_rehearsed_without_an_edit"

ELSEWHERE: Mapping[tuple[str, str], str] = {
    ("run", ""): "tests/e2e/test_run.py::test_a_drill_on_a_sound_service_passes_with_every_fault_landed_and_gone",
    ("run", "--baseline"): "tests/e2e/test_run.py::test_a_run_without_a_fault_decides_nothing_about_faults",
    ("run", "--only"): "tests/e2e/test_run_options.py::test_only_and_skip_choose_what_is_injected",
    ("run", "--target"): TARGET,
    ("run", "--yes"): TARGET,
    ("run", "--candidate"): CANDIDATE,
    ("run", "--set"): CANDIDATE,
    ("run", "--summary"): CANDIDATE,
    ("run", "--wait"): CANDIDATE,
    ("run", "--junit"): "tests/e2e/test_run_options.py::test_the_junit_file_is_where_it_was_asked_for",
    ("run", "--keep"): "tests/e2e/test_run_options.py::test_what_is_kept_is_taken_down_by_mend",
    ("run", "--max-duration"): OPTIONS,
    ("run", "--offline"): OPTIONS,
    ("run", "--live"): OPTIONS,
    ("run", "-o"): OPTIONS,
    ("run", "--scheduled"): SCHEDULED,
    ("run", "--if-due"): SCHEDULED,
    ("run", "--attach"): ATTACH,
    ("run", "--insert"): ATTACH,
    ("run", "--context"): "tests/unit/test_attached_edges.py::test_a_dry_run_is_the_plan_there",
    ("plan", "--attach"): "tests/e2e/test_attach.py::test_the_plan_says_what_needs_an_edge_and_changes_nothing",
    (
        "worker",
        "",
    ): "tests/wire/test_load_workers_wire.py::test_one_here_and_one_that_joins_send_the_one_schedule_and_all_of_it_comes_home",
    ("worker", "--join"): JOIN,
    ("worker", "--token-file"): JOIN,
    ("init", ""): INIT,
    ("edges", "--observe"): "tests/e2e/test_edges_observed.py::test_the_edges_of_a_project_are_seen_while_it_runs",
    ("halt", ""): "tests/e2e/test_status.py::test_a_halt_has_the_faults_out_in_time_and_the_run_ends_cleanly",
    ("halt", "--reason"): "tests/e2e/test_run.py::test_halt_says_who_and_why",
    ("mend", ""): DEAD,
    ("doctor", "--fix"): "tests/e2e/test_doctor_for_real.py::test_a_second_fix_says_and_changes_nothing",
    ("metrics", "--push"): "tests/unit/test_metrics.py::test_a_pushgateway_gets_them_as_one_group_of_this_machine",
    ("metrics", "--serve"): "tests/unit/test_metrics.py::test_the_command_serves_until_ctrl_c_and_ends_with_0",
}
"""Commands, and options of theirs, that need a stack, a server or another process: the test that gives them one."""

PEOPLE = ("ack", "note", "exec", "status")
"""Commands about a run that goes on."""
ENDS: Mapping[str, tuple[int, ...]] = {
    "judge": (0, 1),  # the verdict's
    "diff": (0, 3),  # two runs are not enough to tell
    "doctor": (0, 4),  # what this machine lacks
    "status": (0, 3, 6, 7),  # Docker may be away, and others' runs on this machine be dead
}
"""How each may end, where that is not with 0 alone."""

LEFT_OUT: Mapping[str, tuple[str, ...]] = {
    "diff": ("latest~1", "latest"),
    "exec": ("true",),
    "note": ("it is slow",),
    "schedule": ("friday-traffic",),
    "worker": ("--join", "10.0.0.5:5557", "--token-file", "load.token"),
}
"""What a mention in a sentence leaves out, where that is no drill."""

EVERY = commands()


def elsewhere(command: Command) -> list[tuple[str, str]]:
    """What of it is left to other tests; [] for one that is run here to its end."""
    keys = [(command.name, option) for option in ("", *command.options)]
    if command.name in ("run", "mend", "halt"):
        return keys
    if command.name == "init":
        return [] if {"--example", "--part"} & set(command.options) else [("init", "")]  # its options are tried here
    return [key for key in keys if key in ELSEWHERE]


# --- the project of the pages -------------------------------------------------------------------------------------------


CARRIED = (
    "friday-traffic.yaml",
    "friday_traffic.py",
    "first-light.yaml",
    "first_light.py",
)
EXAMPLES = ("rollback-makes-it-worse", "poisoned-queue")
"""Drills of the example that a page copies into an empty folder before: they are read where they come from."""
SHOP: Mapping[str, Any] = {"name": "shop", "endpoint": "GET /orders"}


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", (ROOT / "docs" / page).read_text(), re.M | re.S)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A shop of one's own with two runs of it, the drills that come along, the target of docs/staging.md, the parts of docs/parts.md."""
    home = tmp_path_factory.mktemp("shop")
    (home / "drills").mkdir()
    for carried in CARRIED:
        shutil.copy(ROOT / "drills" / carried, home / "drills" / carried)
    for linked in ("compose", "dashboards"):
        (home / linked).symlink_to(ROOT / linked)
    with (home / "drills" / "friday-traffic.yaml").open("a") as friday:
        friday.write("\n" + blocks("schedule.md", "yaml")[0])
    (home / "compose.yaml").write_text(tale.COMPOSE)
    (home / "drills" / "load.py").write_text(tale.LOCUSTFILE.replace("/x", "/orders"))

    def drill_of(name: str, p95: str, title: str) -> Path:
        file = home / "drills" / f"{name}.yaml"
        file.write_text(tale.text(name=name, p95=p95, title=title, endpoint="GET /orders", compose="../compose.yaml"))
        return file

    drill_of("stricter", "300ms", "As it should be")
    (home / "load.token").write_text("0123456789abcdef" * 4)
    (home / "my_parts.py").write_text(blocks("parts.md", "python")[0])
    settings = '[tool.drill]\ndrills = "drills"\nruns = "runs"\nparts = ["my_parts.py"]\n\n'
    (home / "pyproject.toml").write_text(settings + blocks("staging.md", "toml")[0])
    list(kept(home / "runs", [{**one, "drill": "friday-traffic"} for one in series(2, random.Random(7))]))
    for started, limit in (("20270902T100000Z-3f9a12cc", "600ms"), ("20270902T103000Z-3f9a12cd", "400ms")):
        drill = drill_of("shop", limit, "The database is slow")
        with contextlib.chdir(home):  # where the drill stands is told from there
            folder = tale.stored(home / "runs" / "shop" / started, drill, **SHOP)
            judged = CliRunner().invoke(group, ["judge", str(folder)])
        assert judged.exit_code in (0, 1), judged.output
    own, known = in_use._Now.own, dict(in_use._Now.known)
    yield home
    in_use._Now.own, in_use._Now.known = own, known


@pytest.fixture
def place(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project, as the working directory."""
    monkeypatch.chdir(project)
    monkeypatch.setattr("click.launch", lambda path: 0)
    monkeypatch.setenv("COLUMNS", "120")
    return project


@contextlib.contextmanager
def goes_on(home: Path) -> Iterator[None]:
    """A run of the shop that goes on, its fault on, held by this process."""
    folder = tale.stored(
        home / "runs" / "shop" / "20270902T110000Z-3f9a12ce", home / "drills" / "shop.yaml", **SHOP, over=False
    )
    try:
        with RunFolder(folder).alive():
            yield
    finally:
        shutil.rmtree(folder)


def bare(place: Path) -> None:
    """A project in which drill was never used: a Compose file, variables, an access log, a description of its routes, a locustfile."""
    place.mkdir()
    (place / "perf").mkdir()
    (place / "perf" / "users.py").write_text("from locust import User\n\n\nclass Guest(User): ...\n")
    (place / "compose.yaml").write_text(
        "services: {web: {image: x, ports: ['8080'], environment: {STORE: 'store:7000'}}, store: {image: 'y:${TAG:-1}'},"
        " tool: {image: z, profiles: [full]}}\n"
    )
    (place / "staging.env").write_text("TAG=2\n")
    (place / "access.log").write_text('10.0.0.7 - - [12/Nov/2026:10:00:00 +0000] "GET /x HTTP/1.1" 200 9\n' * 40)
    (place / "openapi.json").write_text(
        '{"openapi": "3.0.0", "info": {"title": "web", "version": "1"}, "paths": {"/x": {"get": {"responses": {}}}}}'
    )


def run(words: Sequence[str]) -> tuple[int, str]:
    """How `drill` ends with these words, and what it prints."""
    done = CliRunner().invoke(group, list(words))
    if done.exception is None or isinstance(done.exception, SystemExit):
        return done.exit_code, done.output
    if isinstance(done.exception, DrillError):
        return done.exception.exit_code, f"{done.output}\n{done.exception}"
    raise done.exception


def complete(words: tuple[str, ...]) -> tuple[str, ...]:
    """With the drill, the runs or the words that a mention in a sentence leaves out. Raises click's error for what drill does not take."""
    for more in ((), LEFT_OUT.get(words[0], ("shop",))):
        context = group.make_context("drill", list(words))
        name, command, rest = group.resolve_command(context, [*words, *more])
        assert command is not None
        try:
            command.make_context(name, list(rest), parent=context)
        except click.MissingParameter:
            continue
        return (*words, *more)
    raise AssertionError(f"drill {' '.join(words)} lacks more than is known here")


def shown(lines: Sequence[str], printed: str) -> str:
    """The first line of the page that is not printed, in their order; '' when all are. `…` stands for what is left out."""
    waiting = iter(" ".join(line.split()) for line in printed.splitlines())
    for line in lines:
        if line.strip() == "…":
            continue
        pattern = re.compile(".*".join(re.escape(part) for part in " ".join(line.split()).split("…")))
        if not any(pattern.fullmatch(one) for one in waiting):
            return line
    return ""


# --- the tests ----------------------------------------------------------------------------------------------------------


def test_every_page_of_a_job_is_in_the_table_of_the_readme() -> None:
    table = (ROOT / "README.md").read_text()
    typed = re.compile(r"^```(?:sh|console|yaml|groovy)\n(?:.*\n)*?.*\bdrill \w", re.M)
    jobs = [page for page in pages() if page != ROOT / "README.md" and typed.search(page.read_text())]
    assert len(jobs) > 12
    assert [page.name for page in jobs if f"({page.relative_to(ROOT)})" not in table] == []


def test_links_between_the_pages_lead_somewhere() -> None:
    lost = [
        f"{page.relative_to(ROOT)}: {link}"
        for page in pages()
        for link in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", page.read_text())
        if not (page.parent / link).exists()
    ]
    assert lost == []


@pytest.mark.parametrize("command", [one for one in EVERY if not elsewhere(one)], ids=str)
def test_what_needs_no_stack_does_what_its_page_shows(command: Command, place: Path, tmp_path: Path) -> None:
    words = complete(command.words)
    with contextlib.ExitStack() as meanwhile:
        if set(words) & set(EXAMPLES):
            meanwhile.enter_context(contextlib.chdir(ROOT))
        if command.name in PEOPLE:
            meanwhile.enter_context(goes_on(place))
        if command.name == "init":
            meanwhile.enter_context(contextlib.chdir(tmp_path))
        if "--textfile" in command.options:
            words = tuple(str(tmp_path / Path(word).name) if word.startswith("/") else word for word in words)
        code, printed = run(words)
    assert code in ENDS.get(command.name, (0,)), printed
    for lines in command.shows:
        assert shown(lines, printed) == "", printed


@pytest.mark.parametrize("command", [one for one in EVERY if elsewhere(one)], ids=str)
def test_what_needs_a_stack_is_planned_here_and_run_by_a_test_that_has_one(
    command: Command, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in elsewhere(command):
        assert key in ELSEWHERE, f"no test runs `drill {' '.join(key)}`; name the one that does in ELSEWHERE"
    words = complete(command.words)
    if set(words) & set(EXAMPLES):
        monkeypatch.chdir(ROOT)
    if command.name == "run" and "--attach" not in command.options:  # no project runs here
        code, printed = run((*words, "--dry-run"))
        assert code == 0, printed
        assert "takes " in printed
        assert ("  target   staging: " in printed) == ("--target" in command.options)
    elif command.name == "halt":  # nothing runs here
        code, printed = run(words)
        assert code == (2 if words[1:2] == ("3f9a12cd",) else 0), printed
        assert "running" in printed
    elif command.name == "init":
        bare(tmp_path / "bare")
        monkeypatch.chdir(tmp_path / "bare")
        code, printed = run((*words, "--no-survey", "--offline"))
        assert code == 0, printed
        assert "Next:  drill run" in printed


JOBS = ("data-integrity.md", "game-day.md", "rollback.md", "your-own-claims.md")


@pytest.mark.parametrize(
    ("page", "block"), [(page, block) for page in JOBS for block in blocks(page, "yaml")], ids=lambda text: text[:24]
)
def test_what_a_page_writes_into_a_drill_is_one(page: str, block: str, tmp_path: Path) -> None:
    base = yaml.safe_load(tale.text(name="shop", endpoint="GET /orders"))
    more = yaml.safe_load(block)
    base = {word: value for word, value in base.items() if word not in ("phases", "expect")}
    base["load"] = {**base["load"], "arrivals": [{"for": "3m", "rate": "20/s"}], **more.pop("load", {})}
    (tmp_path / "compose.yaml").write_text(tale.COMPOSE)
    (tmp_path / "rollback.sh").touch(0o755)
    (tmp_path / "load.py").write_text(blocks("your-own-claims.md", "python")[0])
    (tmp_path / "shop.yaml").write_text(yaml.safe_dump({**base, **more}, sort_keys=False))
    plan = make_plan(parse(tmp_path / "shop.yaml"))
    assert [str(problem) for problem in plan.errors] == []
    assert plan.all_claims


@pytest.mark.parametrize("key", ELSEWHERE, ids=lambda key: "drill " + " ".join(key).strip())
def test_the_tests_that_have_a_stack_are_there_and_use_what_they_stand_for(key: tuple[str, str]) -> None:
    file, _, name = ELSEWHERE[key].partition("::")
    text = (ROOT / file).read_text()
    assert name in {node.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)}
    if "import" in text and "shop_runs" in text:
        text += (ROOT / "tests" / "e2e" / "shop_runs.py").read_text()
    used = key[1] or key[0]
    assert used in text, f"{file} does not use {used}"


def test_every_command_that_there_is_stands_on_some_page() -> None:
    told = {command.name for command in EVERY}
    assert set(COMMANDS) - told == {"completion"}
