"""Parts of the user's own: found, checked, decoded in drill files, told, and used in a run."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner
from run_series import kept, series

from harness.cli.doctor import command as doctor
from harness.cli.explain import command as explain
from harness.cli.list import command as list_
from harness.cli.report import command as report
from harness.cli.schema import command as schema
from harness.doctor import own
from harness.doctor.seen import Seen
from harness.drill.model import Drill
from harness.drill.own import drill_model
from harness.drill.parse import parse
from harness.drill.problem import Invalid
from harness.drill.resolved import load_resolved
from harness.errors import CannotRun, UsageError
from harness.facts import Injecting, Measured
from harness.fakeworld import FakeWorld
from harness.fakeworld.playing import play
from harness.faults import FAULTS
from harness.faults.base import Fault
from harness.parts import in_use
from harness.probes import NAMES
from harness.safety.undo import COMMAND

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "parts.md").read_text()
COMPLETE, BY_HAND, PLAYED = re.findall(r"^```python\n(.*?)^```$", PAGE, re.M | re.S)

DRILL = """
drill: satellite
stack: {compose: [compose.yaml], edges: [api->postgres]}
load: {locustfile: locustfile.py, against: "api:80", arrivals: [{for: 1m, rate: 20/s}]}
steady: {for: 5s, within: 20s, all: [errors < 1%, p95 < 100ms]}
phases:
  - name: far-away
    for: 20s
    faults: [{satellite: {edge: api->postgres}}]
    expect: [{load_average_below: {limit: 10000}}]
    then: [{recovers: {within: 10s}}]
abort: {any: [errors > 90% for 40s], max_duration: 5m}
"""

Make = Callable[..., Path]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Makes a project with a file of parts and a drill, and goes into it."""
    monkeypatch.setattr(in_use._Now, "own", ())

    def make(parts: str = COMPLETE, drill: str = DRILL, where: Path = tmp_path) -> Path:
        (where / "drills").mkdir(parents=True, exist_ok=True)
        (where / "pyproject.toml").write_text('[tool.drill]\nparts = ["my_parts.py"]\n')
        (where / "my_parts.py").write_text(parts)
        (where / "drills" / "compose.yaml").write_text("services: {}\n")
        (where / "drills" / "locustfile.py").write_text("from locust import HttpUser\n")
        file = where / "drills" / "satellite.yaml"
        file.write_text(drill)
        monkeypatch.chdir(where)
        return file

    return make


def said(command: Any, *arguments: str) -> str:
    done = CliRunner().invoke(command, list(arguments), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def wrong(make: Make, parts: str) -> str:
    with pytest.raises(Invalid) as invalid:
        parse(make(parts))
    return str(invalid.value)


def test_the_complete_file_of_the_page_is_read_played_and_judged(project: Make, tmp_path: Path) -> None:
    file = project()
    world = FakeWorld(edges=("api->postgres",), services=("api", "postgres"))
    played = play(file, world, tmp_path / "facts")
    (injecting,) = played.journal.of(Injecting)
    assert injecting.fault == "far-away/satellite-api->postgres"
    assert injecting.kind == "latency"  # by which those who take it out from outside know it
    assert world.still_on() == ()
    assert played.journal.of(Measured)
    found = {judged.id: judged.finding for judged in played.verdict.findings}
    assert found["far-away/load_average_below"].outcome.value == "passed", found["far-away/load_average_below"]
    assert found["far-away/recovers-steady"].outcome.value == "passed", found


def test_the_examples_of_the_page_run_as_they_are(project: Make) -> None:
    project()
    in_use.use()
    names: dict[str, Any] = {one.part.__name__: one.part for one in in_use.own() if isinstance(one.part, type)}
    exec(BY_HAND, names)
    exec(PLAYED, {})


def test_a_drill_with_own_words_is_kept_and_judged_again_only_where_its_project_is_known(
    project: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drill = parse(project(where=tmp_path / "here"))
    run = tmp_path / "run"
    run.mkdir()
    (run / "drill.yaml").write_text(drill.masked())
    again = load_resolved(run)
    assert again.phases == drill.phases
    assert "satellite:" in drill.text("far-away/satellite-api->postgres")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert load_resolved(run).phases == drill.phases  # its project was trusted by naming its drill
    monkeypatch.setattr(in_use._Now, "known", {})
    with pytest.raises(Invalid, match="unknown fault 'satellite'"):
        load_resolved(run)


def test_the_python_of_a_run_folder_that_came_from_elsewhere_is_not_run(
    project: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign = tmp_path / "foreign"
    drill = parse(project(where=foreign))
    (foreign / "drill.yaml").write_text(drill.masked())
    (foreign / "my_parts.py").write_text("raise SystemExit('it was run')\n")
    monkeypatch.setattr(in_use._Now, "known", {})
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Invalid, match="unknown fault 'satellite'"):
        load_resolved(foreign)


def test_without_own_parts_the_model_is_drill_itself(project: Make) -> None:
    file = project(
        drill=DRILL.replace("satellite: {edge", "latency: {delay: 1s, edge").replace(
            "load_average_below: {limit: 10000}", "errors_below: {ratio: 1%}"
        )
    )
    (file.parents[1] / "pyproject.toml").write_text("[tool.drill]\n")
    assert type(parse(file)) is Drill
    assert drill_model() is Drill


def test_own_words_are_in_the_schema_and_explained_and_listed(project: Make) -> None:
    project()
    made = json.loads(said(schema))
    assert made["$defs"]["satellite_"]["description"].startswith("A dependency behind a satellite link")
    assert made["$defs"]["Satellite"]["properties"]["rate"]["default"] == 128
    told = said(explain, "load_average_below")
    assert "expectation" in told
    assert "the greatest load average" in told
    listed = said(list_, "--parts").splitlines()
    for kind, name, line in (
        ("fault", "satellite", "A dependency behind a satellite link"),
        ("expectation", "load_average_below", "This machine was never busier"),
        ("probe", "load average", "How many processes wanted"),
        ("check", "staging token", "The token for staging is set."),
        ("report", "csv", "A line for each expectation"),
    ):
        (row,) = [row for row in listed if row.startswith(kind) and f" {name} " in row]
        assert line in row
        assert re.search(r"my_parts\.py:\d+$", row)
    rows = json.loads(said(list_, "--parts", "--json"))["parts"]
    assert {"kind": "fault", "name": "latency"}.items() <= next(r for r in rows if r["name"] == "latency").items()
    assert [r["name"] for r in rows if r["where"]] == [
        "satellite",
        "load_average_below",
        "load average",
        "staging token",
        "csv",
    ]


def test_a_mistake_in_a_drill_names_own_words_among_those_known(project: Make) -> None:
    with pytest.raises(
        Invalid, match=r"satellite\.yaml:9:\d+: .*unknown fault 'satelite' \(did you mean 'satellite'\?\)"
    ):
        parse(project(drill=DRILL.replace("satellite: {edge", "satelite: {edge")))
    with pytest.raises(Invalid, match=r"satellite.rat: unknown word \(did you mean 'rate'\?\)"):
        parse(project(drill=DRILL.replace("{edge: api->postgres}", "{edge: api->postgres, rat: 3}")))


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ("def PARTS(:\n", r"my_parts.py:1:\d+: not Python: invalid syntax"),
        ("import os\n\nos.nothere\n", r"my_parts.py:3:\d+: AttributeError: module 'os' has no attribute 'nothere'"),
        ("import nothere\n", "my_parts.py:1:1: ModuleNotFoundError: No module named 'nothere'"),
        ("raise SystemExit('no')\n", "my_parts.py:1:1: SystemExit: no"),
        ("x = 1\n", r"my_parts.py: there is no PARTS in it; it ends with: from harness.parts import Parts; PARTS = Parts\("),
        ("PARTS = [1]\n", "my_parts.py: PARTS is no Parts, but list"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_says_where_and_why_in_a_line(project: Make, parts: str, says: str) -> None:
    told = wrong(project, parts)
    assert re.match(says, told), told
    assert len([line for line in told.splitlines() if not line.startswith("    ")]) == 1


HEAD = """
from typing import ClassVar
from harness.parts import Parts
from harness.faults.base import Fault
from harness.faults.toxic import ToxicFault
from harness.faults.service import ServiceFault
from harness.faults.latency import Latency
from harness.expectations.base import Expectation
"""


@pytest.mark.parametrize(
    ("body", "given", "says"),
    [
        ("class A(Latency):\n    'Late.'\n    word: ClassVar[str] = 'latency'\n", "faults=(A,)", "fault A: the name 'latency' is taken by drill itself"),
        ("class A(Latency):\n    'Late.'\n    word: ClassVar[str] = 'recovers'\n", "faults=(A,)", "the name 'recovers' is taken by drill itself"),
        ("class A(Latency):\n    'Late.'\n    word: ClassVar[str] = 'a'\n", "faults=(A, A)", r"the name 'a' is taken by my_parts.py:11:1"),
        ("class A(Latency):\n    'Late.'\n", "faults=(A,)", "fault A: it has no word"),
        ("class A(Latency):\n    'Late.'\n    word: ClassVar[str] = 'Two words'\n", "faults=(A,)", "fault A: it has no word"),
        ("class A(Latency):\n    word: ClassVar[str] = 'a'\n", "faults=(A,)", "fault A: it has no docstring"),
        ("class A(Fault):\n    'Own.'\n    word: ClassVar[str] = 'a'\n", "faults=(A,)", "nobody could take it out when drill dies"),
        ("class A(ToxicFault):\n    'Own.'\n    word: ClassVar[str] = 'a'\n", "faults=(A,)", r"it has no toxics\(\)"),
        ("class A(ToxicFault):\n    'Own.'\n    word: ClassVar[str] = 'a'\n", "faults=(A,)", r"it has no landing\(\)"),
        ("class A(ServiceFault):\n    'Own.'\n    word: ClassVar[str] = 'a'\n", "faults=(A,)", r"it has no mend\(\)"),
        ("class A(Expectation):\n    'Own.'\n    word: ClassVar[str] = 'a'\n", "expectations=(A,)", r"it has no check\(\)"),
        ("A = 3\n", "expectations=(A,)", "expectation int: it is no class of an expectation"),
        ("A = 3\n", "faults=A", "fault int: it is no class of a fault"),
        ("class A:\n    name = 'containers'\n    every_s = gap_s = lag_s = 1.0\n    def look(self, world): ...\n", "probes=(A,)", "the name 'containers' is taken by drill itself"),
        ("class A:\n    name = 'a'\n    every_s = 1.0\n    def look(self, world): ...\n", "probes=(A,)", "gap_s, lag_s is not there"),
        ("class A:\n    def __init__(self, x): ...\n", "probes=(A,)", "it cannot be made without an argument"),
        ("class A:\n    name = 'disk'\n    needs = ()\n    def look(self): ...\n    def fix(self, say): ...\n", "checks=(A(),)", "the name 'disk' is taken by drill itself"),
        ("class A:\n    name = 'a'\n", "checks=(A(),)", "look, fix, needs is not there"),
        ("class A:\n    name = 'a'\n", "checks=(A,)", r"give an instance, A\(\), not the class"),
        ("class A:\n    name = 'html'\n    def text(self, document): ...\n", "reports=(A(),)", "the name 'html' is taken by drill itself"),
        ("class A:\n    name = '../a'\n    def text(self, document): ...\n", "reports=(A(),)", "its name is the end of its file's name"),
    ],
)  # fmt: skip
def test_a_part_that_is_not_what_it_says_is_refused_at_its_place(
    project: Make, body: str, given: str, says: str
) -> None:
    told = wrong(project, f"{HEAD}\n\n{body}\nPARTS = Parts({given})\n")
    assert re.search(says, told), told
    if body.startswith("class"):
        assert re.match(r"my_parts\.py:11:1: ", told)


@pytest.mark.parametrize(
    ("body", "line"),
    [
        (
            "    @field_validator('limit')\n    @classmethod\n    def v(cls, limit):\n        return {}[limit]\n",
            ":10:16",
        ),
        ("    @model_validator(mode='after')\n    def v(self):\n        return self.limit + ''\n", ":9:16"),
        ("    def about(self):\n        return {}['x']\n", ":8:16"),
        ("    limit: Annotated[float, AfterValidator(len)]\n", ""),
    ],
)
def test_a_part_that_raises_while_its_drill_is_read_is_told_at_its_place(project: Make, body: str, line: str) -> None:
    head = (
        "from typing import Annotated, ClassVar\nfrom pydantic import AfterValidator, field_validator, model_validator\n"
        "from harness.expectations.base import Expectation\nclass A(Expectation):\n    'Own.'\n"
        "    word: ClassVar[str] = 'load_average_below'; limit: float\n"
    )
    tail = "    def check(self, evidence): ...\nfrom harness.parts import Parts\nPARTS = Parts(expectations=(A,))\n"
    file = project(f"{head}{body}{tail}", DRILL.replace("satellite: {edge", "latency: {delay: 1s, edge"))
    with pytest.raises(Invalid) as invalid:
        parse(file)
    told = str(invalid.value).splitlines()
    assert re.match(rf"my_parts\.py{line}: a part of your own failed: (KeyError|TypeError): ", told[0]), told
    assert len([one for one in told if not one.startswith("    ")]) == 1


@pytest.mark.parametrize("state", ["OK", "", None, 0])
def test_a_state_that_no_check_can_have_is_missing_and_says_so(state: Any) -> None:
    class Odd:
        name = "token"
        needs = ()

        def look(self) -> Seen:
            return Seen("token", state, "it is there", "set it")

        def fix(self, say: Any) -> None: ...

    seen = own._Guarded(Odd()).look()
    assert seen.state == "missing"
    assert f"its state is {state!r}, which is none of ok, note, missing, unseen" in seen.what
    assert seen.cure == "set it"


def test_a_field_without_a_schema_is_refused(project: Make) -> None:
    body = "from typing import Callable\nclass A(Latency):\n    'Late.'\n    word: ClassVar[str] = 'a'\n    f: Callable[[], int]\n"
    assert "its fields have no JSON schema" in wrong(project, f"{HEAD}\n{body}\nPARTS = Parts(faults=(A,))\n")


def test_a_class_that_is_called_as_one_of_ours_has_a_schema_of_its_own(project: Make) -> None:
    file = project(
        f"{HEAD}\nOurs = Latency\nclass Latency(Ours):\n    'Late, our way.'\n    word: ClassVar[str] = 'late'\nPARTS = Parts(faults=(Latency,))\n"
    )
    file.write_text(
        DRILL.replace("satellite: {edge", "late: {delay: 1s, edge").replace(
            "load_average_below: {limit: 10000}", "errors_below: {ratio: 1%}"
        )
    )
    assert type(parse(file).phases[0].faults[0]).__module__.startswith("drill_parts_my_parts_")
    assert "Late, our way." in said(explain, "late")
    assert "A dependency answers late" in said(explain, "latency")


def test_a_file_that_is_not_there_is_told_with_the_file_that_names_it(project: Make) -> None:
    file = project()
    (file.parents[1] / "my_parts.py").unlink()
    with pytest.raises(
        Invalid, match=r"my_parts.py: there is no such file; pyproject.toml names it in \[tool.drill\] parts"
    ):
        parse(file)
    (file.parents[1] / "pyproject.toml").write_text('[tool.drill]\nparts = "my_parts.py"\n')
    with pytest.raises(Invalid, match=r"pyproject.toml:2:1: \[tool.drill\] parts must be a list of Python files"):
        parse(file)


def test_an_own_check_is_looked_at_by_doctor_and_before_a_run(project: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    project()
    in_use.use()
    monkeypatch.delenv("STAGING_TOKEN", raising=False)
    with pytest.raises(CannotRun, match=r"STAGING_TOKEN is not set\n    cure: export STAGING_TOKEN"):
        own.preflight(lambda line: None)
    monkeypatch.setenv("STAGING_TOKEN", "x")
    own.preflight(lambda line: None)
    monkeypatch.setattr("harness.doctor.own.CHECKS", ())
    assert said(doctor) == "ok      staging token  STAGING_TOKEN is set\n"


def test_an_own_check_that_raises_or_says_nothing_was_not_made(project: Make) -> None:
    body = "class A:\n    name = 'a'\n    needs = ('engine',)\n    def look(self): {}\n    def fix(self, say): ...\n"
    for deed, told in (
        ("return 1 / 0", "the check itself failed: ZeroDivisionError"),
        ("pass", "returned NoneType, not Seen"),
    ):
        project(f"{HEAD}\n{body.format(deed)}\nPARTS = Parts(checks=(A(),))\n")
        in_use._Now.known.clear()
        in_use.use()
        with pytest.raises(CannotRun, match=told):
            own.preflight(lambda line: None)


def test_an_own_report_is_made_of_the_verdict(project: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project()
    document = series(1, random.Random(1))[0]
    (folder,) = kept(tmp_path / "runs", [document])

    judgement = SimpleNamespace(document=document, verdict=SimpleNamespace(ending=SimpleNamespace(running="")))
    monkeypatch.setattr("harness.judging.judge_folder", lambda path: judgement)
    said(report, "latest", "--format", "csv")
    text = (folder / "report.csv").read_text()
    assert text.startswith("run,expectation,outcome\n00000000,slow/alert_fires-Slow,passed\n")
    assert said(report, "latest", "--format", "csv", "-o", "-") == text
    with pytest.raises(UsageError, match=r"no format 'cvs' \(did you mean 'csv'\?\)"):
        said(report, "latest", "--format", "cvs")


def test_an_installed_package_brings_its_parts_along(project: Make, tmp_path: Path) -> None:
    """In a process of its own: what is installed is looked for once."""
    file = project()
    (tmp_path / "pyproject.toml").write_text("[tool.drill]\n")
    site = tmp_path / "site"
    (site / "ours-1.dist-info").mkdir(parents=True)
    (site / "our_parts.py").write_text(COMPLETE)
    (site / "ours-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: ours\nVersion: 1\n")
    entry = site / "ours-1.dist-info" / "entry_points.txt"
    entry.write_text("[drill.parts]\nours = our_parts\n")

    def parsed() -> subprocess.CompletedProcess[str]:
        code = f"from harness.drill.parse import parse; print(parse({str(file)!r}).phases[0].faults[0].word)"
        env = {**os.environ, "PYTHONPATH": f"{ROOT}:{site}"}
        return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=False)

    done = parsed()
    assert done.stdout == "satellite\n", done.stderr
    entry.write_text("[drill.parts]\nours = our_parts_nowhere\n")
    assert "entry point ours = our_parts_nowhere of ours: ModuleNotFoundError" in parsed().stderr


def test_commands_that_read_no_drill_know_nothing_of_parts() -> None:
    code = "import sys, harness.cli, harness.cli.halt, harness.cli.status, harness.drill.project; print([m for m in sys.modules if m.startswith(('harness.parts', 'importlib.metadata'))])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "[]\n"


def test_every_name_that_facts_call_a_probe_by_is_taken() -> None:
    found: set[str] = set()
    for path in (ROOT / "harness").rglob("*.py"):
        text = path.read_text()
        found |= set(re.findall(r'(?:Looked|Blinded)\(\s*probe="(\w+)"', text))
        if path.parent.name == "probes":
            found |= set(re.findall(r'^    name: str = "(\w+)"', text, re.M))
    assert found == NAMES


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.word)
def test_our_own_faults_are_known_by_their_word_from_outside(fault: type[Fault]) -> None:
    assert fault.kind() == fault.word


def test_a_fault_on_a_command_is_undone_as_a_command_when_its_run_has_died(project: Make) -> None:
    body = (
        "from harness.faults.command import Command\n"
        "class Full(Command):\n    'The disk is full.'\n    word: ClassVar[str] = 'full'\n    name: str = 'disk'\n"
        "    run: tuple[str, ...] = ('fill',)\n    undo: tuple[str, ...] = ('empty', '--all')\n"
    )
    file = project(
        f"{HEAD}\n{body}\nPARTS = Parts(faults=(Full,))\n",
        DRILL.replace("satellite: {edge: api->postgres}", "full: {}").replace(
            "load_average_below: {limit: 10000}", "errors_below: {ratio: 1%}"
        ),
    )
    (fault,) = parse(file).phases[0].faults
    assert fault.kind() == COMMAND
    assert fault.stated() == {"run": "fill", "undo": "empty --all"}
