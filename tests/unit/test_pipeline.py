"""What a pipeline reads of a run: one JUnit file of all drills, a summary, annotations, SARIF."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from harness.cli.pipeline import Pipeline, from_root, pipeline
from harness.drill.problem import Invalid, Problem
from harness.errors import CannotRun, UsageError
from harness.judging import Judgement
from harness.report.headline import under_test
from harness.report.sarif import sarif
from harness.report.workflow import MOST, annotated, annotation

SARIF = Path(__file__).parent.parent / "schemas" / "sarif-2.1.0.json"


def judged(story: Any) -> Judgement:
    none: Any = None
    return Judgement(none, dict(story.document), story)


def suites(file: Path) -> dict[str, ET.Element]:
    return {str(suite.get("name")): suite for suite in ET.parse(file).getroot()}


def test_the_junit_file_is_no_pass_before_every_drill_has_ended(tmp_path: Path, make_story: Callable[..., Any]) -> None:
    file = tmp_path / "results" / "junit.xml"
    told = Pipeline(("tale", "other"), junit=str(file))
    told.begin()
    assert [case.get("name") for case in ET.parse(file).iter("testcase")] == ["run/not_ended", "run/not_ended"]
    told.judged("tale", judged(make_story(p95="300ms")))
    assert suites(file)["tale"].get("failures") == "1"
    assert suites(file)["other"].find("testcase/error") is not None
    told.ended("other", CannotRun("no Docker"))
    error = suites(file)["other"].find("testcase/error")
    assert error is not None
    assert (error.get("type"), error.get("message")) == ("could_not_run", "no Docker")
    assert suites(file)["tale"].get("failures") == "1"  # the second drill's result hides nothing of the first


def test_a_junit_file_that_cannot_be_written_is_told_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="--junit: "):
        Pipeline(("a",), junit=str(tmp_path / "file" / "junit.xml")).begin()


def test_every_failed_and_undecided_finding_is_annotated_at_its_line(make_story: Callable[..., Any]) -> None:
    document = dict(make_story(p95="300ms").document)
    bad = [one for one in document["findings"] if one["outcome"] != "passed"]
    bad[0]["where"], bad[0]["because"] = "drills/a,b.yaml:7", "50% failed:\nnow"
    lines = annotated(document, "drills/tale.yaml")
    assert len(lines) == len(bad)
    first = next(line for line in lines if "a%2Cb" in line)
    assert first.startswith(
        "::error file=drills/a%2Cb.yaml,line=7,title=FAILED tale slow/responds_within-GET /x::50%25 failed"
    )
    assert "\n" not in first


def test_more_than_is_shown_is_told(make_story: Callable[..., Any]) -> None:
    document = dict(make_story(p95="300ms").document)
    failed = next(one for one in document["findings"] if one["outcome"] == "failed")
    document["findings"] = [failed] * 14
    lines = annotated(document, "drills/tale.yaml")
    assert len(lines) == MOST
    assert lines[-1] == "::error file=drills/tale.yaml::and 5 more: see the step's summary"


def test_a_drill_that_cannot_be_read_is_annotated_at_the_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = Pipeline(("tale",), summary=str(tmp_path / "s.md"), github=True)
    told.ended(
        "tale", Invalid([Problem("drills/tale.yaml", 3, 1, "titel: unknown word"), Problem("--set x=1", 0, 0, "no")])
    )
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "::error::--set x=1: no",
        "::error file=drills/tale.yaml,line=3,col=1::titel: unknown word",
    ]
    assert (tmp_path / "s.md").read_text().startswith("## INVALID: tale\n")


def test_on_github_the_summary_is_its_own_and_stays_within_its_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_story: Callable[..., Any]
) -> None:
    own = tmp_path / "step.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(own))
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    assert pipeline(("tale",), None, None).summary == ""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    told = pipeline(("tale",), None, None)
    assert (told.summary, told.github) == (str(own), True)
    own.write_text("é" * 499_800 + "\n")
    told.judged("tale", judged(make_story()))
    assert own.stat().st_size <= 1024 * 1024
    assert own.read_text().endswith("cut: the whole is in the run's report\n\n")


def test_files_are_named_from_the_repository_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shop" / "drills").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "shop")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    assert from_root("drills/a.yaml") == "shop/drills/a.yaml"
    assert from_root("/elsewhere/a.yaml") == "/elsewhere/a.yaml"


def test_sarif_is_what_its_schema_asks_for() -> None:
    found = [
        ("drills/a b.yaml", Problem("drills/a b.yaml", 3, 1, "titel: unknown word")),
        ("drills/a b.yaml", Problem("--set x=1", 0, 0, "no such key")),
        ("drills/b.yaml", Problem("/srv/users.py", 0, 0, "odd", severity="warning")),
    ]
    made = json.loads(json.dumps(sarif(found, ["drills/b.yaml: edges could not be checked"])))
    jsonschema.Draft4Validator(json.loads(SARIF.read_text())).validate(made)
    jsonschema.Draft4Validator(json.loads(SARIF.read_text())).validate(sarif([]))
    results = made["runs"][0]["results"]
    place = results[0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "drills/a%20b.yaml", "uriBaseId": "%SRCROOT%"}
    assert place["region"] == {"startLine": 3, "startColumn": 1}
    assert results[1]["message"]["text"] == "--set x=1: no such key"
    assert results[2]["level"] == "warning"


def test_the_report_says_what_was_under_test() -> None:
    document = {"candidate": {"api": "shop:2"}, "given": ["load.seed=7", "--candidate api=shop:2"]}
    assert under_test(document) == "release under test: api runs shop:2; set for this run: load.seed=7"
    assert under_test({}) == ""


def test_an_annotation_without_a_place_has_no_blank() -> None:
    assert annotation("warning", "a: b, 5%") == "::warning::a: b, 5%25"
