"""validate, plan, list, show and schema, as typed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli import group, inputs
from harness.cli.inputs import Looked
from harness.cli.show import verdict_line
from harness.cli.validate import annotation
from harness.drill.parse import parse
from harness.drill.problem import Invalid, Problem
from harness.edges import Edge
from harness.errors import CannotRun, Missing, UsageError

Write = Callable[..., Path]
LOOKED = Looked(("api", "postgres", "worker"), (Edge("api", "postgres"),))


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs `drill …` in the folder of the drills; what the stack's files say is given, Docker is not asked."""
    import harness.cli.plan
    import harness.cli.validate

    def run(*words: str, looked: Looked = LOOKED) -> Result:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(harness.cli.plan, "look", lambda drill: looked)
        monkeypatch.setattr(harness.cli.validate, "look", lambda drill: looked)
        return CliRunner().invoke(group, words)

    return run


def test_a_valid_project_is_valid(typed: Callable[..., Result], checkout: Write) -> None:
    checkout()
    result = typed("validate")
    assert result.exit_code == 0
    assert result.stdout == "drills/checkout.yaml: valid\n"


def test_everything_wrong_in_all_drills_is_told_at_once_and_ends_with_2(
    typed: Callable[..., Result], checkout: Write
) -> None:
    checkout("title:", "titel:")
    checkout("drill: checkout", "drill: other", name="other")
    path = checkout("service: worker", "service: wroker", name="checkout3")
    path.write_text(path.read_text().replace("drill: checkout", "drill: checkout3"))
    result = typed("validate")
    assert result.exit_code == 2
    assert "drills/checkout.yaml:3:1: titel: unknown word (did you mean 'title'?)" in result.stdout
    assert "drills/other.yaml: valid" in result.stdout
    assert "no service 'wroker' in the stack (did you mean 'worker'?)" in result.stdout


def test_a_broken_locustfile_is_found_by_validate(typed: Callable[..., Result], checkout: Write) -> None:
    path = checkout()
    (path.parent / "users.py").write_text("def broken(:\n")
    result = typed("validate", "checkout")
    assert result.exit_code == 2
    assert "drills/users.py:1:12: not Python" in result.stdout


def test_what_compose_refuses_stands_at_the_drills_compose(typed: Callable[..., Result], checkout: Write) -> None:
    problem = parse(checkout()).origin.document.problem(("stack", "compose"), "compose.yaml: services.api is odd")
    result = typed("validate", looked=Looked(problems=(problem,), why="Compose refuses the files"))
    assert result.exit_code == 2
    assert "drills/checkout.yaml:8:12: compose.yaml: services.api is odd" in result.stdout


def test_without_docker_validate_says_what_it_could_not_check(typed: Callable[..., Result], checkout: Write) -> None:
    checkout()
    result = typed("validate", looked=Looked(why="docker compose: there is no docker"))
    assert result.exit_code == 0
    assert "services and edges could not be checked: docker compose: there is no docker" in result.stderr


def test_requests_that_nobody_could_look_for_are_said_once(typed: Callable[..., Result], checkout: Write) -> None:
    path = checkout("errors_below: {", "errors_below: {request: GET /nope, ")
    (path.parent / "steps.py").write_text("def pay(user):\n    user.client.post('/pay')\n")
    users = path.parent / "users.py"
    users.write_text(f"import steps\n{users.read_text()}")
    assert "makes no request 'GET /nope'; it has POST /checkout, POST /pay" in typed("validate").stdout
    users.write_text(f"import faker\n{users.read_text()}")
    said = "that the locustfile makes POST /checkout, GET /nope could not be checked: drills/users.py:1 imports faker"
    for word, words in (("validate", ()), ("plan", ("checkout",))):
        result = typed(word, *words)
        assert (result.exit_code, result.stderr.count(said)) == (0, 1)
    assert said in json.loads(typed("validate", "--format", "json").stdout)["unchecked"][0]


def test_where_no_request_is_named_nothing_is_said_of_them(typed: Callable[..., Result], checkout: Write) -> None:
    path = checkout("{request: POST /checkout, p95", "{p95")
    (path.parent / "users.py").write_text(f"import faker\n{(path.parent / 'users.py').read_text()}")
    assert "could not be checked" not in typed("validate").stderr


def test_validate_as_json_is_one_document(typed: Callable[..., Result], checkout: Write) -> None:
    checkout("title:", "titel:")
    result = typed("validate", "--format", "json")
    made = json.loads(result.stdout)
    assert (made["schema"], made["valid"]) == ("drill.validate/1", False)
    assert (made["problems"][0]["line"], made["problems"][0]["column"]) == (3, 1)


def test_validate_for_github_makes_annotations(typed: Callable[..., Result], checkout: Write) -> None:
    checkout("title:", "titel:")
    result = typed("validate", "--format", "github")
    assert result.stdout == (
        "::error file=drills/checkout.yaml,line=3,col=1::titel: unknown word (did you mean 'title'?)\n"
    )


def test_validate_for_github_tells_of_what_that_does_not_show_and_leaves_it_in_the_log(
    typed: Callable[..., Result], checkout: Write
) -> None:
    checkout("title:", "".join(f"word{number}: 1\n" for number in range(12)) + "title:")
    lines = typed("validate", "--format", "github").stdout.splitlines()
    assert [line.startswith("::error ") for line in lines[:9]] == [True] * 9
    assert lines[9] == "::error::and 3 more: see the step's log"
    assert [line.partition(": ")[0] for line in lines[10:]] == [
        f"drills/checkout.yaml:{number}:1" for number in (12, 13, 14)
    ]


def test_an_annotation_is_escaped() -> None:
    assert annotation(Problem("a,b:c", 0, 0, "50%\nmore")) == "::error file=a%2Cb%3Ac::50%25%0Amore"


def test_validate_of_nothing_is_a_usage_error(typed: Callable[..., Result]) -> None:
    result = typed("validate")
    assert isinstance(result.exception, UsageError)
    assert "no drills in drills" in str(result.exception)


def test_a_plan_is_a_timeline(typed: Callable[..., Result], checkout: Write) -> None:
    checkout()
    result = typed("plan", "checkout")
    assert result.exit_code == 0
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert "20s – 2m orders-slow, 40s, 40/s to 80/s arrivals" in lines
    order = [
        "+0s inject latency: {edge: api->postgres, delay: 400ms, jitter: 100ms} drills/checkout.yaml:23",
        "+5s inject stop: {service: worker, after: 5s, for: 10s} drills/checkout.yaml:24",
        "+15s mend orders-slow/stop-worker",
        "+40s mend orders-slow/latency-api->postgres",
        "+0s – +40s must responds_within: {request: POST /checkout, p95: 1500ms} drills/checkout.yaml:26",
        "+40s – +1m then recovers: {within: 20s} drills/checkout.yaml:28",
    ]
    assert [line for line in lines if line in order] == order
    assert lines[-1].startswith("takes 1m50s to 7m10s once the stack is ready")


def test_a_plan_as_json_has_every_injection_with_its_mend(typed: Callable[..., Result], checkout: Write) -> None:
    checkout()
    made = json.loads(typed("plan", "checkout", "--json", "--set", "phases.0.for=50s").stdout)
    assert made["schema"] == "drill.plan/1"
    assert [(i["at_s"], i["until_s"]) for i in made["phases"][0]["injections"]] == [(0, 50), (5, 15)]
    assert made["edges_checked"] is True


def test_a_plan_without_docker_says_that_edges_were_not_checked(typed: Callable[..., Result], checkout: Write) -> None:
    checkout()
    result = typed("plan", "checkout", looked=Looked(why="docker compose: there is no docker\n    cure: get it"))
    assert "api->postgres; not checked: docker compose: there is no docker" in result.stdout


def test_a_plan_that_cannot_be_is_refused_with_all_problems(typed: Callable[..., Result], checkout: Write) -> None:
    path = checkout("edge: api->postgres", "edge: api->redis")
    path.write_text(path.read_text().replace("service: worker", "service: wroker"))
    result = typed("plan", "checkout")
    assert isinstance(result.exception, UsageError)
    assert len(result.exception.problems) == 2


def test_the_list_has_every_drill_also_an_invalid_one(typed: Callable[..., Result], checkout: Write) -> None:
    checkout()
    checkout("title:", "titel:", name="other")
    result = typed("list")
    first, second = result.stdout.splitlines()
    assert first.split() == [
        "checkout",
        "1m50s",
        "–",
        "7m10s",
        "2",
        "phases",
        "The",
        "orders",
        "database",
        "is",
        "slow",
    ]
    assert second.startswith("other     invalid")
    rows = json.loads(typed("list", "--json").stdout)["drills"]
    assert [row["valid"] for row in rows] == [True, False]


def test_show_tells_the_story_and_the_last_verdicts(
    typed: Callable[..., Result], checkout: Write, tmp_path: Path
) -> None:
    checkout()
    assert "never run here; start it with: drill run checkout" in typed("show", "checkout").stdout
    run = tmp_path / "runs" / "checkout" / "20261122T143000Z-3f9a0000"
    run.mkdir(parents=True)
    (run.parent / "copied-aside-20261122").mkdir()
    result = typed("show", "checkout")
    assert "copied-aside" not in result.stdout
    assert "20261122T143000Z-3f9a0000  broken        there are no facts in it; it can be deleted" in result.stdout
    (run / "facts").mkdir()
    assert "3f9a0000  killed        it ended without a verdict; `drill mend`" in typed("show", "checkout").stdout
    assert "  after 5s, do    stop: {service: worker, after: 5s, for: 10s}" in result.stdout
    assert "Checkout stays up while the database is slow." in result.stdout


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            '{"word": "FAILED", "findings": [{"id": "a", "outcome": "passed"}, {"id": "b", "outcome": "failed"}]}',
            "FAILED        1 of 2 passed; failed: b",
        ),
        (
            '{"word": "PASSED", "findings": [{"id": "a", "finding": {"outcome": "passed"}}]}',
            "PASSED        1 of 1 passed",
        ),
        (
            '{"word": "PASSED", "findings": [{"outcome": "passed", "reason": "unhurt"}, {"outcome": "passed"}]}',
            "PASSED        2 of 2 passed, 1 only because nothing was hurt",
        ),
        ("{", "cannot be read"),
        ("[]", "is not understood"),
    ],
)
def test_a_stored_verdict_is_one_line(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "verdict.json").write_text(text)
    assert says in verdict_line(tmp_path)


def test_the_schema_is_printed(typed: Callable[..., Result]) -> None:
    assert json.loads(typed("schema").stdout)["title"] == "drill"


def test_an_env_file_gives_variables_and_the_environment_wins(
    typed: Callable[..., Result], checkout: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = checkout("{for: 3m, rate: 80/s}", '{for: 3m, rate: "${RATE}"}')
    path.write_text(path.read_text().replace("title: The", "title: ${WHO} The"))
    (tmp_path / "my.env").write_text("RATE=70/s\nWHO=file\n")
    monkeypatch.setenv("WHO", "environment")
    result = typed("plan", "checkout", "--env-file", "my.env")
    assert "checkout: environment The orders" in result.stdout
    assert "3m at 70/s" in result.stdout


def test_looking_at_the_stack_keeps_its_troubles_apart(checkout: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    import harness.stack.project

    drill = parse(checkout())

    def refuse(*args: object, **kwargs: object) -> None:
        raise UsageError("compose.yaml: odd")

    def absent(*args: object, **kwargs: object) -> None:
        raise CannotRun(Missing("no docker here", "get it"))

    monkeypatch.setattr(harness.stack.project, "read_project", refuse)
    looked = inputs.look(drill)
    assert ([problem.what for problem in looked.problems], looked.why) == (
        ["compose.yaml: odd"],
        "Compose refuses the files",
    )
    monkeypatch.setattr(harness.stack.project, "read_project", absent)
    assert inputs.look(drill).why.startswith("no docker here")


def test_help_imports_neither_pydantic_nor_yaml() -> None:
    code = (
        "import sys; from click.testing import CliRunner; from harness.cli import group\n"
        "for name in ('validate', 'plan', 'list', 'show', 'schema'):\n"
        "    assert CliRunner().invoke(group, [name, '--help']).exit_code == 0\n"
        "print(sorted({'pydantic', 'yaml', 'numpy', 'docker', 'locust'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_invalid_drill_tells_its_problems_one_by_one(checkout: Write) -> None:
    with pytest.raises(Invalid) as caught:
        parse(checkout("title:", "titel:"))
    assert caught.value.exit_code == 2
    assert [problem.what for problem in caught.value.found] == ["titel: unknown word (did you mean 'title'?)"]


@pytest.mark.parametrize(
    ("users", "load", "due", "most"),
    [
        ("        self.client.get('/')\n", "", "at most about 2700 are due, of all names", 2700),
        (
            "        for n in '12': self.client.get('/')\n",
            "",
            "how many are due cannot be told from users.py",
            None,
        ),
        (
            "        self.client.get('/')\n",
            "users: 5",
            "how many are due depends on how fast its users are answered",
            15000,
        ),
    ],
)
def test_a_plan_tells_how_many_requests_are_due_only_where_that_is_known(
    typed: Callable[..., Result], checkout: Write, users: str, load: str, due: str, most: int | None
) -> None:
    arrivals = "arrivals:\n    - {for: 45s, rate: 40/s}\n    - {for: 3m, rate: 80/s}"
    path = checkout(arrivals, load or "arrivals: [{for: 10m, rate: 90/s}]")
    head = "from locust import HttpUser, task\nclass A(HttpUser):\n    @task\n    def buy(self):\n"
    (path.parent / "users.py").write_text(head + users)
    shown = typed("plan", "checkout").stdout
    assert f"needs 50 requests; {due}" in shown
    told = json.loads(typed("plan", "checkout", "--json").stdout)
    claims = [claim for phase in told["phases"] for claim in phase["claims"]]
    assert claims[-1]["requests_at_most"] == most


def test_that_nobody_asks_what_a_rollback_leaves_behind_is_said_once(
    typed: Callable[..., Result], checkout: Write
) -> None:
    path = checkout(
        "latency: {edge: api->postgres, delay: 400ms, jitter: 100ms}", "bad_release: {service: api, image: bad}"
    )
    back = "rolled_back: {by: runbook, command: [./rollback.sh], trigger: page, within: 5s}"
    path.write_text(path.read_text().replace("responds_within: {request: POST /checkout, p95: 1500ms}", back))
    (path.parent / "rollback.sh").touch(0o755)
    for word, words in (("validate", ()), ("plan", ("checkout",))):
        result = typed(word, *words)
        assert (result.exit_code, result.stderr.count("note:")) == (0, 1), result.output
        assert "`state_restored: {}` under the drill's own `expect`" in result.stderr
