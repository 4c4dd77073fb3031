"""`pytest --drill-run`: an item for each expectation, failures with the finding as their text, and nothing when it is not asked for."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from _pytest.pytester import SysModulesSnapshot

from harness.pytesting.run import DrillRun, Runner

pytest_plugins = ["pytester"]
ROOT = Path(__file__).parents[2]
PYTHON = sys.executable

DRILL = """
drill: night
stack: {compose: [compose.yaml], edges: [api->db]}
load: {locustfile: users.py, against: "api:80", arrivals: [{for: 1m, rate: 20/s}]}
steady: {for: 5s, within: 20s, all: [errors < 1%, p95 < 100ms]}
phases:
  - name: slow
    for: 20s
    faults: [{latency: {edge: api->db, delay: 200ms}}]
    expect:
      - errors_below: {ratio: 1%}
    then:
      - recovers: {within: 10s}
expect:
  - stays_up: {service: "*"}
abort: {max_duration: 5m}
"""
IDS = ("slow/errors_below-all", "slow/recovers-steady", "run/stays_up-all")

Pretend = Callable[..., Path]


def finding(id_: str, outcome: str = "passed", **more: Any) -> dict[str, Any]:
    said = {
        "reason": "met" if outcome == "passed" else "not_met",
        "because": "3 of 100 requests ended in error",
        "decide": "",
    }
    return {
        "id": id_,
        "outcome": outcome,
        "text": "errors_below: {ratio: 1%}",
        "phase": "slow",
        "where": "drills/night.yaml:12",
        "cites": ["harness:7"],
        **said,
        **more,
    }


def document(*outcomes: str, **more: Any) -> dict[str, Any]:
    found = [finding(id_, outcome) for id_, outcome in zip(IDS, outcomes, strict=True)]
    ending = {"gate": True, "stopped": "", "interrupted": 0, "not_mended": [], "broken": "", "refused": ""}
    return {
        "type": "result",
        "folder": "runs/night/x",
        "drill": "night",
        "run": "3f9a01bc",
        "verdict": "passed",
        "invalid": [],
        "ending": ending,
        "findings": found,
        **more,
    }


@pytest.fixture
def pretend(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Pretend:
    """A project with a drill, and in the place of `drill run` a script that ends with a code after these lines; returns where it notes its calls."""
    pytester.makepyprojecttoml("[tool.drill]\n")
    for name, content in (("night.yaml", DRILL), ("compose.yaml", "services: {}\n"), ("users.py", "")):
        file = pytester.path / "drills" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(content)

    def make(told: dict[str, Any] | None = None, code: int = 0) -> Path:
        calls = pytester.path / "calls"
        calls.write_text("")
        script = pytester.path / "python"
        line = "" if told is None else json.dumps(told)
        script.write_text(
            f'#!/bin/sh\nprintf \'%s\\n\' "$*" >> {calls}\ncat <<\'END\'\n{{"fact": "opened"}}\n{line}\nEND\nexit {code}\n'
        )
        script.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(script))
        return calls

    return make


@pytest.fixture(autouse=True)
def loaded_once(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """What a pytest within this one is the first to import stays, but its own files: numpy can be loaded once in a process. And the
    plugin is named there, whether it is installed here or not."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    own = str(tmp_path_factory.getbasetemp())

    def stays(name: str) -> bool:
        return not (getattr(sys.modules.get(name), "__file__", None) or "").startswith(own)

    monkeypatch.setattr(
        pytest.Pytester, "_Pytester__take_sys_modules_snapshot", lambda self: SysModulesSnapshot(preserve=stays)
    )


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return pytester.runpytest_inprocess("-p", "harness.pytesting.plugin", "-p", "no:locust", *arguments)


def test_each_expectation_is_an_item_and_the_drill_is_run_once(pytester: pytest.Pytester, pretend: Pretend) -> None:
    calls = pretend(document("passed", "passed", "passed"))
    result = run(pytester, "--drill-run", "drills/", "-v", "--drill-option=--candidate=shop:2")
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(
        ["drills/night.yaml::run PASSED*", *(f"drills/night.yaml::{id_} PASSED*" for id_ in IDS)]
    )
    (called,) = calls.read_text().splitlines()
    assert called == f"-P -m harness run {pytester.path}/drills/night.yaml --json --live plain --candidate=shop:2"


def test_a_failure_is_the_finding_and_an_inconclusive_one_says_that_it_is_no_pass(
    pytester: pytest.Pytester, pretend: Pretend
) -> None:
    told = document("failed", "inconclusive", "passed", verdict="failed")
    told["findings"][1] |= {"reason": "no_evidence", "because": "nobody watched", "decide": "a look each second"}
    pretend(told, 1)
    result = run(pytester, "--drill-run", "drills/")
    result.assert_outcomes(passed=2, failed=2)
    text = result.stdout.str()
    assert "failed (not_met): 3 of 100 requests ended in error\n" in text
    assert "errors_below: {ratio: 1%}   drills/night.yaml:12\nrests on: harness:7\n" in text
    assert f"report: {pytester.path}/runs/night/x/report.html\nagain: drill judge 3f9a01bc\n" in text
    assert (
        "inconclusive (no_evidence): nobody watched\nIt was not decided, which is no pass.\nwould be decided by: a look each second\n"
        in text
    )
    assert "Traceback" not in text
    assert result.ret == 1


@pytest.mark.parametrize(
    ("more", "code", "says"),
    [
        ({"invalid": ["the load was late"]}, 3, "invalid: the load was late"),
        ({"ending": {"gate": False}}, 3, "the steady state never held"),
        ({"ending": {"not_mended": ["slow/latency-api->db"]}}, 7, "not_mended: slow/latency-api->db"),
        ({"ending": {"stopped": "errors > 50%"}}, 5, "stopped: errors > 50%"),
        ({}, 6, "it ended with exit code 6"),
    ],
)
def test_what_is_wrong_beside_the_expectations_fails_an_item_of_its_own(
    pytester: pytest.Pytester, pretend: Pretend, more: dict[str, Any], code: int, says: str
) -> None:
    told = document("passed", "passed", "passed", verdict="bad")
    told["ending"] |= more.pop("ending", {})
    pretend({**told, **more}, code)
    result = run(pytester, "--drill-run", "drills/night.yaml")
    result.assert_outcomes(passed=3, failed=1)
    assert says in result.stdout.str()


@pytest.mark.parametrize(
    ("told", "code", "says"),
    [
        (
            {"type": "result", "verdict": None, "exit_code": 4, "error": "Docker does not answer"},
            4,
            "night has no verdict (exit code 4): Docker does not answer",
        ),
        (None, 1, "drill run ended with 1 and told no result"),
        (None, 0, "drill run ended with 0 and told no result"),
    ],
)
def test_without_a_verdict_nothing_passes(
    pytester: pytest.Pytester, pretend: Pretend, told: dict[str, Any] | None, code: int, says: str
) -> None:
    pretend(told, code)
    result = run(pytester, "--drill-run", "drills/")
    result.assert_outcomes(failed=4)
    assert says in result.stdout.str()


def test_a_finding_that_the_run_does_not_have_is_no_pass(pytester: pytest.Pytester, pretend: Pretend) -> None:
    told = document("passed", "passed", "passed")
    del told["findings"][2]
    pretend(told)
    result = run(pytester, "--drill-run", "drills/")
    result.assert_outcomes(passed=3, failed=1)
    assert "run 3f9a01bc has no finding of run/stays_up-all" in result.stdout.str()


@pytest.mark.parametrize("id_", ["slow/settles", "slow/comes-back", "record/night", "slow/no-longer-there"])
@pytest.mark.parametrize(("outcome", "code"), [("failed", 1), ("inconclusive", 3)])
def test_a_finding_that_is_no_expectation_of_the_file_fails_the_item_of_the_run(
    pytester: pytest.Pytester, pretend: Pretend, id_: str, outcome: str, code: int
) -> None:
    told = document("passed", "passed", "passed", verdict=outcome)
    told["findings"].append(finding(id_, outcome, because="the queue was never empty again"))
    pretend(told, code)
    result = run(pytester, "--drill-run", "drills/")
    result.assert_outcomes(passed=3, failed=1)
    text = result.stdout.str()
    assert f"{id_}: {outcome} (not_met): the queue was never empty again" in text
    assert "again: drill judge 3f9a01bc" in text


def test_a_finding_whose_item_was_not_asked_for_is_not_lost(pytester: pytest.Pytester, pretend: Pretend) -> None:
    pretend(document("failed", "passed", "passed", verdict="failed"), 1)
    result = run(pytester, "--drill-run", "drills/", "--deselect", f"drills/night.yaml::{IDS[0]}")
    result.assert_outcomes(passed=2, failed=1, deselected=1)
    assert f"{IDS[0]}: failed (not_met): 3 of 100" in result.stdout.str()


@pytest.mark.parametrize(
    ("more", "code", "says"),
    [
        ({"ending": {"not_mended": ["slow/latency-api->db"]}}, 7, "not_mended: slow/latency-api->db"),
        ({"ending": {"stopped": "errors > 50%"}}, 5, "stopped: errors > 50%"),
        ({}, 6, "it ended with exit code 6"),
        ({"own": "slow/settles"}, 1, "slow/settles: failed (not_met): 3 of 100"),
    ],
)
@pytest.mark.parametrize("select", [["drills/", "-k", "recovers"], [f"drills/night.yaml::{IDS[1]}"]])
def test_where_the_item_of_the_run_is_not_asked_for_an_expectation_tells_what_is_wrong_beside_it(
    pytester: pytest.Pytester, pretend: Pretend, more: dict[str, Any], code: int, says: str, select: list[str]
) -> None:
    told = document("passed", "passed", "passed", verdict="bad")
    told["ending"] |= more.get("ending", {})
    told["findings"] += [finding(more["own"], "failed")] if "own" in more else []
    pretend(told, code)
    result = run(pytester, "--drill-run", *select)
    result.assert_outcomes(failed=1, deselected=3 if "-k" in select else 0)
    text = result.stdout.str()
    assert "night: bad\n" in text
    assert says in text


def test_an_expectation_alone_passes_though_another_that_was_not_asked_for_failed(
    pytester: pytest.Pytester, pretend: Pretend
) -> None:
    pretend(document("failed", "passed", "passed", verdict="failed"), 1)
    run(pytester, "--drill-run", "drills/", "-k", "recovers").assert_outcomes(passed=1, deselected=3)


def test_the_junit_file_has_a_case_for_each_with_its_run_and_its_outcome(
    pytester: pytest.Pytester, pretend: Pretend
) -> None:
    pretend(document("failed", "passed", "passed"), 1)
    run(pytester, "--drill-run", "drills/", "--junit-xml=out.xml")
    suite = ET.parse(pytester.path / "out.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("4", "1", "0")
    cases = {case.get("name"): case for case in suite.iter("testcase")}
    assert set(cases) == {"run", *IDS}
    broken = cases[IDS[0]]
    assert broken.get("classname") == "drills.night.yaml"
    assert {one.get("name"): one.get("value") for one in broken.iter("property")} == {
        **{"drill": "night", "run": "3f9a01bc", "verdict": "passed"},
        **{"outcome": "failed", "reason": "not_met"},
    }
    (failure,) = broken.iter("failure")
    assert str(failure.get("message")).startswith("failed (not_met): 3 of 100 requests")


def test_an_item_stands_at_its_line_of_the_drill(pytester: pytest.Pytester, pretend: Pretend) -> None:
    pretend(document("passed", "passed", "passed"))
    items, _ = pytester.inline_genitems("-p", "harness.pytesting.plugin", "-p", "no:locust", "--drill-run", "drills/")
    at = {item.name: (item.location[1] or 0) + 1 for item in items}
    lines = DRILL.splitlines()
    assert "errors_below" in lines[at[IDS[0]] - 1]
    assert "recovers" in lines[at[IDS[1]] - 1]
    assert "stays_up" in lines[at[IDS[2]] - 1]
    assert all(item.get_closest_marker("drill") for item in items)


def test_without_the_option_nothing_is_collected_or_run(pytester: pytest.Pytester, pretend: Pretend) -> None:
    calls = pretend(document("passed", "passed", "passed"))
    assert run(pytester, "drills/").ret == pytest.ExitCode.NO_TESTS_COLLECTED
    run(pytester, "--drill-run", "drills/", "--collect-only").stdout.fnmatch_lines(["*Expected slow/recovers-steady*"])
    assert calls.read_text() == ""


def test_other_yaml_is_left_alone_and_a_drill_that_is_wrong_is_an_error_with_its_place(
    pytester: pytest.Pytester, pretend: Pretend
) -> None:
    pretend(document("passed", "passed", "passed"))
    (pytester.path / "drills" / "values.yaml").write_text("a: {drill: 1}\n")
    (pytester.path / "drills" / "wrong.yaml").write_text(DRILL.replace("night", "wrong").replace("200ms", "200"))
    result = run(pytester, "--drill-run", "drills/")
    result.assert_outcomes(errors=1)
    assert "wrong.yaml:9:" in result.stdout.str()
    assert "a duration must have a unit" in result.stdout.str()


def test_a_drill_is_collected_behind_a_byte_order_mark_and_told_where_its_first_word_is_misspelt(
    pytester: pytest.Pytester, pretend: Pretend
) -> None:
    pretend(document("passed", "passed", "passed"))
    night = pytester.path / "drills" / "night.yaml"
    night.write_bytes(b"\xef\xbb\xbf" + DRILL.lstrip().encode())
    run(pytester, "--drill-run", "drills/").assert_outcomes(passed=4)
    night.write_text(DRILL.replace("drill: night", "dril: night"))
    for where in ("drills/", "drills/night.yaml"):
        result = run(pytester, "--drill-run", where)
        result.assert_outcomes(errors=1)
        assert "dril: unknown word (did you mean 'drill'?)" in result.stdout.str()


def test_a_file_that_cannot_be_read_is_a_drill_where_drills_are_expected(tmp_path: Path) -> None:
    from harness.pytesting.items import is_drill

    (tmp_path / "pyproject.toml").write_text("[tool.drill]\n")
    assert is_drill(tmp_path / "drills" / "gone.yaml")
    assert not is_drill(tmp_path / "gone.yaml")


def test_the_options_of_the_run_hold_for_its_items_too(pytester: pytest.Pytester, pretend: Pretend) -> None:
    told = document("passed", "passed", "passed")
    told["findings"][1]["id"] = "slow/mine"
    calls = pretend(told)
    mine = DRILL.replace("recovers: {within: 10s}", "recovers: {within: 10s, id: '${NAME}'}")
    (pytester.path / "drills" / "night.yaml").write_text(mine)
    (pytester.path / "night.env").write_text("NAME=recovers\n")
    options = ["--env-file=night.env", "--set", "phases.0.then.0.recovers.id=slow/mine", "--junit", "out.xml"]
    words = [f"--drill-option={option}" for option in options]
    result = run(pytester, "--drill-run", "drills/", "-v", *words)
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(["drills/night.yaml::slow/mine PASSED*"])
    assert calls.read_text().endswith(" ".join(["--live plain", *options]) + "\n")
    result = run(pytester, "--drill-run", "drills/", "--drill-option=--sett=x")
    result.assert_outcomes(errors=1)
    assert "--drill-option: No such option" in result.stdout.str()


def test_the_fixture_runs_a_drill_by_its_name_and_shares_its_run_with_the_items(
    pytester: pytest.Pytester, pretend: Pretend
) -> None:
    calls = pretend(document("failed", "passed", "passed"), 1)
    pytester.makepyfile(
        """
        def test_it(drill_run):
            run = drill_run("night")
            assert run is drill_run("drills/night.yaml")
            assert not run.passed and run.exit_code == 1
            assert run.findings["slow/recovers-steady"]["outcome"] == "passed"
        """
    )
    run(pytester, "--drill-run").assert_outcomes(passed=4, failed=1)
    assert len(calls.read_text().splitlines()) == 1
    result = run(pytester, "-rs")
    result.assert_outcomes(skipped=1)
    assert "drills are run with --drill-run only" in result.stdout.str()


def test_a_recorded_run_is_judged_again_without_running(
    pytester: pytest.Pytester, pretend: Pretend, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.drill.parse import parse
    from harness.fakeworld import FakeWorld
    from harness.fakeworld.playing import play

    calls = pretend(None)
    file = pytester.path / "drills" / "night.yaml"
    folder = pytester.path / "runs" / "night" / "20260101T000000Z-3f9a01bc"
    played = play(file, FakeWorld(), folder / "facts")
    (folder / "drill.yaml").write_text(parse(file).masked())
    assert {judged.id for judged in played.verdict.findings} == set(IDS)
    result = run(pytester, "--drill-run", "--drill-judge", "drills/")
    result.assert_outcomes(failed=4)  # it kept no ledger: what nobody can look up again is not passed
    assert "is no pass" in result.stdout.str()
    assert calls.read_text() == ""
    assert run(pytester, "--drill-judge").ret == pytest.ExitCode.USAGE_ERROR


def test_a_drill_that_never_ran_has_nothing_to_be_judged_by(pytester: pytest.Pytester, pretend: Pretend) -> None:
    pretend(None)
    result = run(pytester, "--drill-run", "--drill-judge", "drills/")
    result.assert_outcomes(failed=4)
    assert "night has no verdict (exit code 2): no run 'night'" in result.stdout.str()


def test_a_session_that_is_interrupted_ends_its_run_once_and_waits_for_it(
    pretend: Pretend, pytester: pytest.Pytester
) -> None:
    pretend(None)
    script = pytester.path / "python"
    script.write_text(
        textwrap.dedent(f"""\
        #!{PYTHON}
        import os, pathlib, signal, time
        seen = []
        signal.signal(signal.SIGINT, lambda *_: seen.append(1))
        os.kill(os.getppid(), signal.SIGINT)
        while not seen:
            time.sleep(0.01)
        time.sleep(0.3)
        pathlib.Path({str(pytester.path / "mended")!r}).write_text(str(len(seen)))
        """)
    )
    code = textwrap.dedent(f"""\
        import sys, pytest
        sys.executable = {str(script)!r}
        sys.exit(pytest.main(["-p", "harness.pytesting.plugin", "-p", "no:locust", "-p", "no:cacheprovider", "--drill-run", "drills/"]))
        """)
    done = subprocess.run(
        [PYTHON, "-c", code],
        capture_output=True, text=True, cwd=pytester.path, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=300,
    )  # fmt: skip
    assert done.returncode == pytest.ExitCode.INTERRUPTED, done.stdout
    assert (pytester.path / "mended").read_text() == "1"


@pytest.mark.parametrize("dist", ["load", "worksteal", "loadgroup", "each"])
def test_the_items_of_one_run_are_not_given_to_several_processes(dist: str) -> None:
    from harness.pytesting import plugin

    class Config:
        def getoption(self, name: str, default: Any = None) -> Any:
            return {"--drill-run": True, "--drill-judge": False, "dist": dist}[name]

        def addinivalue_line(self, name: str, line: str) -> None: ...

    with pytest.raises(pytest.UsageError, match="--dist loadfile"):
        plugin.pytest_configure(Config())  # type: ignore[arg-type]


def test_nothing_heavy_is_imported_when_it_is_not_used(tmp_path: Path) -> None:
    """Every session of a Python that has drill loads the plugin."""
    (tmp_path / "test_it.py").write_text(
        "import sys\n"
        "def test_it():\n"
        "    ours = {name for name in sys.modules if name.startswith('harness')}\n"
        "    assert ours == {'harness', 'harness.pytesting', 'harness.pytesting.plugin'}\n"
        "    assert not {'pydantic', 'numpy', 'yaml', 'docker', 'locust', 'gevent', 'click'} & set(sys.modules)\n"
    )
    words = ["-m", "pytest", "-q", "-p", "no:locust", "-p", "harness.pytesting.plugin", str(tmp_path)]
    env = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, env=env, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout


def test_a_run_without_a_folder_has_no_journal() -> None:
    with pytest.raises(ValueError, match="night has no run: Docker does not answer"):
        DrillRun("night", 4, error="Docker does not answer").journal()
    assert not DrillRun("night", 0).passed


def test_the_package_tells_pytest_of_the_plugin() -> None:
    import importlib
    import tomllib

    points = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["pytest11"]
    assert points == {"drill": "harness.pytesting.plugin"}
    module = importlib.import_module(points["drill"])
    assert module.pytest_collect_file
    assert Runner.of


def test_the_page_names_the_options_that_there_are(pytester: pytest.Pytester, pretend: Pretend) -> None:
    """And its test runs as it is."""
    text = (ROOT / "docs" / "pytest.md").read_text()
    told = run(pytester, "--help").stdout.str()
    assert set(re.findall(r"--drill-\w+", text)) == set(re.findall(r"--drill-\w+", told))
    (example,) = re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S)
    pretend({**document("passed", "passed", "passed"), "detection": {"false_alarms": []}})
    pytester.makepyfile(test_page=example.replace("friday-traffic", "night"))
    run(pytester, "--drill-run", "test_page.py").assert_outcomes(passed=1)
