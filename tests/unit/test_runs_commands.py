"""`drill runs`, `drill diff`, `drill history`: what each says of real and of broken folders, and how it ends."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from run_series import Service, kept, series, verdict

from harness.cli import COMMANDS, group
from harness.cli.diff import command as diff
from harness.cli.history import command as history
from harness.cli.runs import command as runs
from harness.errors import CannotRun, UsageError
from harness.run import folder as folders
from harness.run.stored import records


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The runs folder of an empty project."""
    (tmp_path / "pyproject.toml").write_text('[tool.drill]\ndrills = "."\nruns = "runs"\n')
    monkeypatch.chdir(tmp_path)
    return tmp_path / "runs"


def said(command: Any, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(command, list(arguments))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def test_no_runs_is_said_with_the_command_that_makes_one(place: Path) -> None:
    assert said(runs) == (0, "no runs in runs yet; begin one with: drill run DRILL\n")
    with pytest.raises(UsageError, match="no run of 'nigth'"):
        CliRunner().invoke(runs, ["nigth"], catch_exceptions=False)


def test_runs_that_were_put_elsewhere_are_listed_from_there(place: Path, tmp_path: Path) -> None:
    list(kept(tmp_path / "other", series(2, random.Random(1), Service())))
    assert "no runs in runs yet" in said(runs)[1]
    code, text = said(runs, "-o", "other")
    assert code == 0
    assert len(text.strip().splitlines()) >= 2
    assert "no runs" not in text


def test_running_killed_broken_and_refused_runs_are_told_each_by_its_name(place: Path) -> None:
    documents = series(6, random.Random(1), Service(broken="slow/alert_fires-Slow"))
    documents[5]["given"] = ["--set load.seed=7"]
    made = list(kept(place, documents))
    (made[0] / "verdict.json").write_text('{"exit_code": 0, "find')
    (made[1] / "verdict.json").write_text('["no verdict"]')
    for at in (2, 3):
        (made[at] / "verdict.json").unlink()
    (made[4] / "verdict.json").unlink()
    (made[4] / "facts").rmdir()
    (made[5] / "about.json").write_text(json.dumps({"commit": "ab" * 20, "dirty": True}))
    (place / "refused.jsonl").write_text(
        '{"at_unix_s": 1899999999, "drill": "night", "reason": "outside of its window"}\n{"at_unix_s": 1'
    )
    with folders.RunFolder(made[3]).alive():
        code, text = said(runs, "night")
        found = json.loads(said(runs, "--json")[1])["runs"]
    assert code == 0
    assert [run["word"] for run in found] == ["refused", "failed", "broken", "running", "killed", "broken", "broken"]
    assert "outside of its window" in text
    assert "ababababab with changes, --set load.seed=7" in text
    assert "drill status 00000003" in text
    assert "drill judge 00000002" in text
    assert "cut; `drill judge 00000000` makes it again" in text
    assert found[1]["counts"]["failed"] >= 1
    assert found[1]["length_s"] > 0


def test_a_service_with_many_last_words_takes_one_short_line_and_all_of_them_are_in_the_json(place: Path) -> None:
    log = "\n".join(f"line {number}: the health check said no" for number in range(15))
    refused = {"exit_code": 4, "ending": {"refused": f"db is unhealthy\n{log}"}}
    list(kept(place, [verdict("0000000a", random.Random(1)) | refused]))
    (line,) = [one for one in said(runs)[1].splitlines() if "db is unhealthy" in one]
    assert len(line) <= 4 + 160
    assert line.endswith(" …: drill report 0000000a")
    assert json.loads(said(runs, "--json")[1])["runs"][0]["why"].endswith("line 14: the health check said no")


@pytest.mark.parametrize(("word", "meant"), [("replay", "judge"), ("stop", "halt"), ("staus", "status")])
def test_a_command_that_does_not_exist_leads_to_the_one_that_was_meant(word: str, meant: str) -> None:
    assert f"Did you mean '{meant}'?" in said(group, word, "x")[1]
    assert word not in COMMANDS
    assert meant in COMMANDS


@pytest.mark.parametrize(
    ("code", "word"),
    [
        (0, "passed"),
        (1, "failed"),
        (3, "inconclusive"),
        (4, "could not run"),
        (5, "stopped"),
        (6, "harness error"),
        (7, "not mended"),
        (143, "interrupted"),
    ],
)
def test_each_exit_code_has_its_word(place: Path, code: int, word: str) -> None:
    document = verdict("0000000a", random.Random(1)) | {"exit_code": code}
    list(kept(place, [document]))
    assert [record.word for record in records(place)] == [word]


def test_the_limit_leaves_out_the_older_ones_and_says_so(place: Path) -> None:
    list(kept(place, series(5, random.Random(2))))
    _, text = said(runs, "--limit", "2")
    assert "00000004" in text
    assert "00000002" not in text
    assert "the newest 2 runs; all of them: drill runs --limit 0" in text
    assert "--limit 0" not in said(runs, "--limit", "5")[1]


def test_of_two_thousand_runs_those_that_are_listed_are_read_and_no_more(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = json.dumps(verdict("0000000a", random.Random(1)))
    for at in range(2000):
        folder = place / "night" / f"20261120T12{at // 60 % 60:02}{at % 60:02}Z-{at:08x}"
        (folder / "facts").mkdir(parents=True)
        (folder / "verdict.json").write_text(text)
    read: list[str] = []
    plainly = Path.open

    def opened(path: Path, *how: Any, **more: Any) -> Any:
        read.append(path.name)
        return plainly(path, *how, **more)

    monkeypatch.setattr(Path, "open", opened)
    assert len(records(place, limit=20)) == 20
    assert read.count("verdict.json") == 20
    assert len(records(place)) == 2000
    assert read.count("verdict.json") == 2020


def test_names_that_count_back_stay_with_the_drill(place: Path) -> None:
    list(kept(place, series(3, random.Random(1))))
    list(kept(place, [verdict("000000aa", random.Random(2), at=1) | {"drill": "other"}]))
    assert folders.find(place, "latest").run == "00000002"
    assert folders.find(place, "latest~1").run == "00000001"
    assert folders.find(place, "night~2").run == "00000000"
    assert folders.find(place, "00000002~").run == "00000001"
    with pytest.raises(UsageError, match="there are 3 of night up to 00000002; `drill runs night` lists them"):
        folders.find(place, "latest~3")
    with pytest.raises(UsageError, match="there is 1 of other"):
        folders.find(place, "other~1")


def test_a_run_copied_aside_is_judged_by_its_path_and_is_nobodys_last_run(place: Path) -> None:
    newest = list(kept(place, series(2, random.Random(1))))[-1]
    for copy in ("night/known-good-20261101", "backup/notes-20261101", "night/20261101-good-20261101"):
        shutil.copytree(newest, place / copy)
    assert [folder.run for folder in folders.every(place)] == ["00000001", "00000000"]
    assert folders.find(place, "latest").path == newest
    assert folders.find(place, "night").path == newest
    assert len(records(place)) == 2
    copied = place / "night" / "known-good-20261101"
    assert folders.find(place, str(copied)).path == copied


def test_each_run_points_latest_to_itself_and_a_folder_of_that_name_is_told(tmp_path: Path) -> None:
    for _ in range(2):
        made = folders.create(tmp_path, "night")
        assert (tmp_path / "latest").resolve() == made.path
    (tmp_path / "latest").unlink()
    (tmp_path / "latest").mkdir()
    with pytest.raises(CannotRun, match="latest is a folder, and each run makes it a link to itself"):
        folders.create(tmp_path, "night")
    assert len(list((tmp_path / "night").iterdir())) == 2


def test_a_diff_of_few_runs_calls_nothing_a_change(place: Path) -> None:
    list(kept(place, series(6, random.Random(1), Service(p95=40, broken="slow/alert_fires-Slow"))))
    code, text = said(diff, "latest~1", "latest")
    assert code == 3
    assert "not enough runs to tell (5 of 19)" in text
    assert "slow/alert_fires-Slow: passed -> failed" in text
    assert "worse" not in text


def test_a_diff_of_enough_runs_names_what_stands_out_and_leaves_the_rest(place: Path) -> None:
    made = list(kept(place, series(40, random.Random(1), Service(detection=8, broken="slow/page_sent-Slow"))))
    (made[-1] / "drill.yaml").write_text("drill: night\nload: {seed: 7}\n")
    (made[-2] / "drill.yaml").write_text("drill: night\nload: {seed: 5}\n")
    assert said(diff, "latest", "latest~1")[0] == 3  # no run before has that file: no noise to hold it against
    (made[-1] / "drill.yaml").write_text("drill: night\ntitle: other words\nstack: {candidate: {api: 'shop:2'}}\n")
    for folder in made[:-1]:
        (folder / "drill.yaml").write_text("drill: night\nstack: {}\n")
    code, text = said(diff, "latest", "latest~1")
    assert code == 1
    assert "worse  slow/alert_fires-Slow measured" in text
    assert "slow/page_sent-Slow: passed -> failed" in text.partition("outcomes that differ")[2]
    assert "held against the 39 like runs before" in text
    found = json.loads(said(diff, "latest", "latest~1", "--json")[1])
    called = {line["what"] for line in found["numbers"] if line["change"]}
    assert {"slow/alert_fires-Slow measured", "slow/page_sent-Slow measured"} <= called
    assert not any(what.startswith("baseline") for what in called)
    assert found["older"] == "00000026"
    assert {"what": "drill.title", "older": None, "newer": '"other words"'} in found["options"]


def test_a_run_that_was_not_played_to_its_end_is_not_compared(place: Path) -> None:
    documents = series(30, random.Random(1), Service(p95=40))
    documents[-1]["invalid"] = ["the generator was starved"]
    list(kept(place, documents))
    code, text = said(diff, "latest~1", "latest")
    assert code == 3
    assert "run 0000001d is not compared: it is invalid: the generator was starved" in text


@pytest.mark.parametrize("at", ['"nan"', "NaN", "1e308", "1e999", "-1e18", "1" + "0" * 400, "null", "[]"])
def test_a_refusal_whose_time_was_damaged_is_told_without_one(place: Path, at: str) -> None:
    place.mkdir()
    (place / "refused.jsonl").write_text(
        '{"at_unix_s": 1899999999, "drill": "night", "reason": "frozen"}\n'
        f'{{"at_unix_s": {at}, "drill": "night", "reason": "outside of its window"}}\n'
    )
    code, text = said(runs, "night")
    assert code == 0
    assert [line.split("  ")[0] for line in text.splitlines()[1::2]] == ["2030-03-17 17:46:39", "not known"]
    found = json.loads(said(runs, "--json")[1])["runs"]
    assert [(run["began_unix_s"], run["why"]) for run in found] == [
        (1899999999.0, "frozen"),
        (None, "outside of its window"),
    ]


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        ("latest", "night", "are the same run"),
        ("latest", "000000aa", "runs of one drill can be compared"),
        ("latest", "nobody", "no run 'nobody'"),
        ("00000001", "00000000", "00000000 of night has no verdict"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_a_reason(place: Path, one: str, other: str, why: str) -> None:
    made = list(kept(place, series(3, random.Random(1))))
    (made[0] / "verdict.json").unlink()
    list(kept(place, [verdict("000000aa", random.Random(2)) | {"drill": "other"}]))
    with pytest.raises(UsageError, match=why):
        CliRunner().invoke(diff, [one, other], catch_exceptions=False)


def test_the_history_page_is_one_file_of_what_the_runs_hold(place: Path) -> None:
    documents = series(45, random.Random(1), Service(detection=8))
    documents[3]["findings"][0]["id"] = "slow/<script>alert(1)</script>"
    documents[3]["findings"][0]["text"] = "alert_fires: {}"
    made = list(kept(place, documents))
    (made[5] / "verdict.json").write_text("{")
    code, printed = said(history, "night")
    assert (code, printed) == (0, "runs/night/history.html\n")
    page = (place / "night" / "history.html").read_text()
    assert "<script>alert(1)" not in page
    assert "src=" not in page.partition("<script>")[0]
    data = json.loads(page.partition('id="data">')[2].partition("</script>")[0].replace("\\u003c", "<"))
    assert [topic["id"] for topic in data["topics"]] == [
        "detection",
        "page",
        "recovery",
        "false alarms",
        "p95",
        "errors",
    ]
    assert [run["word"] for run in data["runs"]].count("broken") == 1
    (curve,) = (one for one in data["topics"][0]["curves"] if one["label"] == "slow/alert_fires-Slow")
    assert curve["values"][5] is None
    assert 44 in curve["out"]
    assert "0000002c" in page.partition('id="out"')[2].partition("</section>")[0]


def test_a_history_without_a_played_run_says_so(place: Path) -> None:
    made = list(kept(place, series(1, random.Random(1))))
    (made[0] / "verdict.json").unlink()
    _, page = said(history, "night", "--html", "-")
    assert "none has ever passed" in page
    assert "No run was played to its end yet." in page
    with pytest.raises(UsageError, match=r"no run of 'nigh'.*night"):
        CliRunner().invoke(history, ["nigh"], catch_exceptions=False)
