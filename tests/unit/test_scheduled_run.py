"""`drill run --scheduled`: begun when due, once; refused with a reason that `drill runs` shows; told when it did not happen."""

from __future__ import annotations

import json
import multiprocessing
import shlex
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from schedule_times import almanac, at
from test_cli_endings import DRILL

from harness import cli
from harness.cli import inputs, on_own_stack, run
from harness.cli.scheduled import announcer
from harness.doctor import examine
from harness.drill.clear import Clear
from harness.drill.schedule import ProjectSchedule, Schedule, Scheduled, scheduled
from harness.errors import CannotRun
from harness.run import observing, prepare, turns
from harness.run.clear import unclear
from harness.run.scheduled import Slot, slot
from harness.run.stored import records
from harness.run.target import held, of_files
from harness.schedule.turn import Turn, turn

NOW = datetime.now(UTC).replace(second=0, microsecond=0)
JUST_NOW = f"daily {NOW:%H:%M}"
LONG_AGO = f"daily {NOW - timedelta(hours=5):%H:%M}"
YESTERDAY = f"{NOW - timedelta(days=1):%a %H:%M}"


@dataclass
class Called:
    """`drill WORDS` in a project with the drills a and b, which end with 0 as soon as they are begun."""

    place: Path
    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch
    begun: list[str] = field(default_factory=list)

    def __call__(self, *words: str) -> tuple[int, str, str]:
        self.monkeypatch.setattr(sys, "argv", ["drill", *words])
        with pytest.raises(SystemExit) as end:
            cli.main()
        told = self.capsys.readouterr()
        assert isinstance(end.value.code, int)
        return end.value.code, told.out, told.err

    @property
    def refused(self) -> list[tuple[str, str]]:
        return [(one.drill, one.why) for one in records(self.place / "runs") if one.word == "refused"]

    def settings(self, text: str) -> None:
        (self.place / "pyproject.toml").write_text('[tool.drill]\ndrills = "."\n' + text)


@pytest.fixture
def drill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Called:
    called = Called(tmp_path, capsys, monkeypatch)
    called.settings("")
    (tmp_path / "compose.yaml").write_text("services: {api: {image: x}}\n")
    (tmp_path / "load.py").write_text(
        "from locust import HttpUser, task\nclass U(HttpUser):\n    @task\n    def t(self): ...\n"
    )
    for name in "ab":
        (tmp_path / f"{name}.yaml").write_text(DRILL.replace("NAME", name))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(prepare, "read_stack", lambda drill: (SimpleNamespace(services=("api",), name="x"), ()))
    monkeypatch.setattr(
        observing, "monitoring_of", lambda *_: SimpleNamespace(known=lambda: {"prometheus": "", "alertmanager": ""})
    )
    monkeypatch.setattr(inputs, "doubts_of", lambda *_: ())
    monkeypatch.setattr(examine, "begun", lambda: lambda: [])

    def rehearsed(name: str, *rest: Any) -> None:
        called.begun.append(name)
        wishes = rest[-2]
        if name in wishes.turns:
            wishes.turns[name].begun = True

    monkeypatch.setattr(on_own_stack, "_rehearsed", rehearsed)
    monkeypatch.setattr(run, "_told", lambda *_: 0)
    return called


def test_a_run_that_is_due_begins_and_for_the_same_time_never_again(drill: Called) -> None:
    words = ("run", "a", "--scheduled", "--at", JUST_NOW)
    assert drill(*words)[0] == 0
    code, _, err = drill(*words)
    assert (code, drill.begun) == (4, ["a"])
    assert "was begun already; it is due next" in err
    assert "cure: drill run a runs it now" in err
    assert [name for name, why in drill.refused if "was begun already" in why] == ["a"]


def test_with_if_due_what_the_calendar_does_not_want_is_no_error_and_nothing_is_printed(drill: Called) -> None:
    words = ("run", "a", "--scheduled", "--if-due", "--junit", "junit.xml")
    assert drill(*words, "--at", JUST_NOW)[0] == 0
    (drill.place / "junit.xml").unlink()
    assert drill(*words, "--at", JUST_NOW) == (0, "", "")
    assert drill(*words, "--at", YESTERDAY) == (0, "", "")
    assert (drill.begun, drill.refused) == (["a"], [])
    assert not (drill.place / "junit.xml").exists()


def test_a_run_that_is_started_too_late_is_refused_whatever_is_asked(drill: Called) -> None:
    for more in ((), ("--if-due",)):
        code, _, err = drill("run", "a", "--scheduled", *more, "--at", LONG_AGO)
        assert code == (0 if more else 4)  # the second time its time was taken: it is told once
    assert drill.begun == []
    assert "its window is 30m" not in err
    ((name, why),) = drill.refused
    assert name == "a"
    assert "after its time" in why
    assert "its window is 30m" in why


def test_a_wider_window_takes_it(drill: Called) -> None:
    assert drill("run", "a", "--scheduled", "--at", LONG_AGO, "--window", "6h")[0] == 0
    assert drill.begun == ["a"]


@pytest.mark.parametrize("where", ["option", "drill", "project"])
def test_a_skip_day_is_written_down_and_with_if_due_no_error(drill: Called, where: str) -> None:
    today = f"{NOW - timedelta(days=1):%Y-%m-%d}..{NOW + timedelta(days=1):%Y-%m-%d}"
    more = ("--skip-days", today) if where == "option" else ()
    if where == "drill":
        text = (drill.place / "a.yaml").read_text()
        (drill.place / "a.yaml").write_text(text + f'schedule: {{at: "{JUST_NOW}", skip: [{today}]}}\n')
    if where == "project":
        drill.settings(f'[tool.drill.schedule]\nskip = ["{today}"]\n')
    when = () if where == "drill" else ("--at", JUST_NOW)
    assert drill("run", "a", "--scheduled", "--if-due", *when, *more) == (0, "", "")
    assert drill.begun == []
    ((_, why),) = drill.refused
    assert "is a skip day" in why


def test_a_schedule_without_a_time_is_due_whenever_it_is_started_but_on_a_skip_day(drill: Called) -> None:
    assert drill("run", "a", "--scheduled")[0] == 0
    code, _, err = drill(
        "run", "a", "--scheduled", "--skip-days", f"{NOW:%Y-%m-%d}..{NOW + timedelta(days=1):%Y-%m-%d}"
    )
    assert (code, drill.begun) == (4, ["a"])
    assert "is a skip day" in err


def test_a_freeze_refuses_by_days_and_by_a_file_that_says_why(drill: Called) -> None:
    words = ("run", "a", "--scheduled")
    drill.settings(f'[tool.drill.schedule]\nfreeze = ["{NOW:%Y-%m-%d}..{NOW + timedelta(days=1):%Y-%m-%d}"]\n')
    assert drill(*words)[0] == 4
    drill.settings('[tool.drill.schedule]\nfreeze_file = "FREEZE"\n')
    assert drill(*words)[0] == 0
    (drill.place / "FREEZE").write_text("release 7 goes out, ask Ada\n")
    code, _, err = drill(*words)
    assert code == 4
    assert "a freeze: release 7 goes out, ask Ada" in err
    (drill.place / "FREEZE").unlink()
    (drill.place / "FREEZE").mkdir()
    assert "a freeze cannot be ruled out" in drill(*words)[2]
    assert len(drill.refused) == 3
    assert drill.begun == ["a"]


def test_another_run_on_the_same_stack_refuses_it_and_that_is_written_down(drill: Called) -> None:
    with held(drill.place / "runs", of_files([drill.place / "compose.yaml"]), "other", 0, print):
        code, _, err = drill("run", "a", "--scheduled")
    assert code == 4
    assert "is taken: " in err
    assert [why for _, why in drill.refused if "is taken: " in why]


def test_without_scheduled_nothing_is_asked_and_nothing_is_written_down(drill: Called) -> None:
    drill.settings(f'[tool.drill.schedule]\nskip = ["{NOW:%Y-%m-%d}"]\nfreeze = ["{NOW:%Y-%m-%d}"]\n')
    assert drill("run", "a")[0] == 0
    with held(drill.place / "runs", of_files([drill.place / "compose.yaml"]), "other", 0, print):
        assert drill("run", "a")[0] == 4
    assert drill.refused == []


def test_a_drill_file_that_is_broken_on_its_day_is_a_refused_run(drill: Called) -> None:
    (drill.place / "a.yaml").write_text("drill: a\nstak: {}\n")
    code, _, err = drill("run", "a", "--scheduled", "--if-due", "--at", JUST_NOW)
    assert code == 2
    assert "unknown word (did you mean 'stack'?)" in err
    assert [name for name, why in drill.refused if "did you mean 'stack'?" in why] == ["a"]


def test_those_whom_the_project_names_are_told_of_a_run_that_was_refused(drill: Called) -> None:
    drill.settings('[[tool.drill.announce]]\ncommand = ["sh", "-c", "cat >> told.jsonl; echo >> told.jsonl"]\n')
    (drill.place / "a.yaml").write_text("drill: a\nstak: {}\n")
    assert drill("run", "a", "--scheduled")[0] == 2
    assert drill("run", "b", "--scheduled", "--at", LONG_AGO)[0] == 4
    told = [json.loads(line) for line in (drill.place / "told.jsonl").read_text().splitlines()]
    assert [(one["event"], one["drill"]) for one in told] == [("refused", "a"), ("refused", "b")]
    assert "did you mean 'stack'?" in told[0]["text"]
    assert "its window is 30m" in told[1]["text"]


def test_a_run_that_fails_once_it_was_announced_is_told_once(drill: Called) -> None:
    from harness.cli.played import played
    from harness.drill.parse import parse

    drill.settings('[[tool.drill.announce]]\ncommand = ["sh", "-c", "cat >> told.jsonl; echo >> told.jsonl"]\n')
    runs = drill.place / "runs"
    turn = Slot("a", runs, announcer=announcer("a", None, print))

    def full(*_: Any) -> None:
        raise CannotRun("the disk is full")

    drill.monkeypatch.setattr("harness.run.session.rehearse", full)
    drill.monkeypatch.setattr("harness.plan.describe", lambda plan: "1 phase")
    plan: Any = SimpleNamespace(drill=parse("a.yaml"), max_duration_s=60.0)
    any_: Any = SimpleNamespace(runs=runs, turns={"a": turn}, say=print, fact=print, second=print)
    with pytest.raises(CannotRun) as failed:
        played("a", plan, any_, any_, any_, any_, any_)
    turn.refused(failed.value, print)
    told = [json.loads(line) for line in (drill.place / "told.jsonl").read_text().splitlines()]
    assert [one["event"] for one in told] == ["begins", "aborted"]
    assert drill.refused == [("a", "the disk is full")]


def test_each_of_several_drills_has_its_turn(drill: Called) -> None:
    text = (drill.place / "a.yaml").read_text()
    (drill.place / "a.yaml").write_text(text + f'schedule: {{at: "{YESTERDAY}"}}\n')
    assert drill("run", "a", "b", "--scheduled", "--if-due")[0] == 0
    assert drill.begun == ["b"]
    assert drill("run", "a", "b", "--scheduled")[0] == 4
    assert drill.begun == ["b", "b"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--at", "Thu 10:00"), "--at goes with --scheduled"),
        (("--if-due",), "--if-due goes with --scheduled"),
        (("--scheduled", "--at", "Thursday"), "--at: 'Thursday' is no time of the day"),
        (("--scheduled", "--at", "1st Thu 10:00", "--every", "2w"), "counts weeks"),
        (("--scheduled", "--skip-days", "tomorrow"), "--skip: write a day as 2026-12-24, not 'tomorrow'"),
        (("--scheduled", "--timezone", "Berlin"), "--timezone: there is no time zone 'Berlin' here"),
        (("--scheduled", "--window", "30"), "--window: a duration must have a unit"),
    ],
)
def test_what_cannot_be_meant_is_wrong_usage(drill: Called, words: tuple[str, ...], says: str) -> None:
    code, _, err = drill("run", "a", *words)
    assert (code, drill.begun) == (2, [])
    assert says in err


# The memory, by itself and by several at once.


def made(text: str, **own: Any) -> Scheduled:
    return scheduled(Schedule(at=text, **own), Path("/"), ProjectSchedule(), Path("/"))


def test_runs_that_nobody_began_are_told_once_by_the_next_one(tmp_path: Path) -> None:
    weekly = made("Thu 10:00", timezone="Europe/Berlin", skip=("2026-12-24..2027-01-06",))
    first = slot("night", tmp_path, weekly, at("2026-12-03 10:00", "Europe/Berlin"))
    assert (first.turn.kind, first.missed) == ("due", ())
    late = slot("night", tmp_path, weekly, at("2027-01-14 10:05", "Europe/Berlin"))
    assert [f"{one:%m-%d}" for one in late.missed] == ["12-10", "12-17", "01-07"]
    again = slot("night", tmp_path, weekly, at("2027-01-21 10:05", "Europe/Berlin"))
    assert (again.turn.kind, again.missed) == ("due", ())
    told = [one for one in records(tmp_path) if one.word == "refused"]
    assert [one.began_unix_s for one in reversed(told)] == [one.timestamp() for one in late.missed]
    assert all("did not happen: nothing began it at its time" in one.why for one in told)


def test_a_schedule_that_was_changed_is_held_against_no_run_by_the_old_one(tmp_path: Path) -> None:
    slot("night", tmp_path, made("Thu 10:00"), at("2026-12-03 10:00"))
    assert slot("night", tmp_path, made("Tue 10:00"), at("2026-12-15 10:00")).missed == ()


def test_another_drill_is_not_missed_by_this_one(tmp_path: Path) -> None:
    slot("night", tmp_path, made("Thu 10:00"), at("2026-12-03 10:00"))
    assert slot("day", tmp_path, made("Thu 10:00"), at("2026-12-17 10:00")).missed == ()


def test_a_line_that_a_power_cut_left_open_takes_nothing_with_it(tmp_path: Path) -> None:
    slot("night", tmp_path, made("Thu 10:00"), at("2026-12-03 10:00"))
    with (tmp_path / turns.TAKEN_FILE).open("a") as file:
        file.write('{"due_unix_s": 17, "dri')
    found = slot("night", tmp_path, made("Thu 10:00"), at("2026-12-17 10:00"))
    assert [f"{one:%m-%d}" for one in found.missed] == ["12-10"]
    assert slot("night", tmp_path, made("Thu 10:00"), at("2026-12-17 10:00")).turn.kind == "not_due"
    turns.refused(tmp_path, "night", "one", 1.0)
    with (tmp_path / turns.REFUSED_FILE).open("a") as file:
        file.write('{"at_unix_s": 1')
    turns.refused(tmp_path, "night", "two", 2.0)
    assert {"one", "two"} <= {one.why for one in records(tmp_path)}


def _take(runs: Path, number: int, found: Any) -> None:
    text = almanac("Thu 10:00", "UTC")
    now = at("2026-12-10 10:00") + timedelta(seconds=number)
    taken, _ = turns.take(runs, "night", str(text), lambda before: turn(text, 1800, now, before), now)
    turns.refused(runs, f"drill-{number}", "x" * 5000, float(number))
    found.put(taken.kind)


def test_of_several_that_come_at_once_one_begins_and_every_refusal_is_written_whole(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("fork")
    found: Any = spawn.Queue()
    together = [spawn.Process(target=_take, args=(tmp_path, number, found)) for number in range(8)]
    for one in together:
        one.start()
    kinds = sorted(found.get(timeout=60) for _ in together)
    for one in together:
        one.join(60)
    assert kinds == ["due"] + ["not_due"] * 7
    lines = (tmp_path / turns.REFUSED_FILE).read_text().splitlines()
    assert sorted(json.loads(line)["drill"] for line in lines) == sorted(f"drill-{number}" for number in range(8))
    assert len((tmp_path / turns.TAKEN_FILE).read_text().splitlines()) == 1


def test_a_disk_that_refuses_says_so(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("")
    with pytest.raises(CannotRun, match="cannot be written"):
        slot("night", tmp_path / "runs", made("Thu 10:00"), at("2026-12-03 10:00"))


def test_a_run_that_waited_past_its_window_is_refused() -> None:
    early = datetime.now(UTC) - timedelta(hours=1)
    waited = Slot("night", Path("/"), made("daily 10:00"), Turn("due", early))
    with pytest.raises(CannotRun, match="started 60m after its time"):
        waited.clear()


# clear_to_start


class Prometheus(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, body = self.server.answer  # type: ignore[attr-defined]
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Any]:
    made = ThreadingHTTPServer(("127.0.0.1", 0), Prometheus)
    made.answer = (200, "")  # type: ignore[attr-defined]
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def vector(*values: str) -> str:
    result = [{"metric": {}, "value": [0, value]} for value in values]
    return json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}})


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (200, vector("1"), ""),
        (200, vector("1", "3"), ""),
        (200, json.dumps({"status": "success", "data": {"resultType": "scalar", "result": [0, "1"]}}), ""),
        (200, vector(), "has no result"),
        (200, vector("1", "0"), "up is 1, 0"),
        (200, vector("NaN"), "up is nan"),
        (400, json.dumps({"status": "error", "error": "parse error"}), "was refused by"),
        (200, "<html>", "did not answer as Prometheus does"),
        (200, "[1]", "did not answer as Prometheus does"),
        (502, "", "did not answer as Prometheus does (502)"),
    ],
)
def test_a_query_holds_only_by_a_result_that_is_not_zero(server: Any, status: int, body: str, why: str) -> None:
    server.answer = (status, body)
    found = unclear([Clear(promql="up", at=f"http://127.0.0.1:{server.server_port}")], Path("/"))
    assert bool(found) == bool(why)
    assert all(one.startswith("not clear to start: ") and why in one for one in found)


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [(200, '{"incidents": []}', ""), (200, "1 incident", "answered without"), (503, '"incidents": []', "answered 503")],
)
def test_a_url_holds_by_2xx_and_its_text(server: Any, status: int, body: str, why: str) -> None:
    server.answer = (status, body)
    url = f"http://127.0.0.1:{server.server_port}/open"
    found = unclear([Clear(url=url, contains='"incidents": []')], Path("/"))
    assert [why in one for one in found] == ([True] if why else [])


@pytest.mark.parametrize(("status", "body"), [(503, "{}"), (200, "{}"), (400, '{"status": "error"}')])
@pytest.mark.parametrize("kind", ["url", "at"])
def test_a_condition_is_told_without_its_password(server: Any, status: int, body: str, kind: str) -> None:
    server.answer = (status, body)
    more = {"contains": "x"} if kind == "url" else {"promql": "up"}
    for host in (f"127.0.0.1:{server.server_port}", "127.0.0.1:9"):
        place = f"http://me:hunter22@{host}/open" + ("?token=hunter22" if kind == "url" else "")
        (told,) = unclear([Clear.model_validate({kind: place, **more})], Path("/"))
        assert "hunter22" not in told
        assert f"http://{host}/open" in told


def test_what_does_not_answer_does_not_hold() -> None:
    gone = Clear.model_validate({"url": "http://127.0.0.1:9/", "timeout": "1s"})
    assert unclear([gone], Path("/")) == ["not clear to start: http://127.0.0.1:9/ did not answer: ConnectionError"]


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (("true",), ""),
        (("sh", "-c", "echo incident 7 is open; exit 3"), "sh ended with 3: incident 7 is open"),
        (("sh", "-c", "sleep 60 & sleep 60"), "sh did not end within 0.5 s"),
        (("./not-there",), "./not-there cannot be started: No such file or directory"),
    ],
)
def test_a_command_holds_by_its_end(tmp_path: Path, command: tuple[str, ...], why: str) -> None:
    found = unclear(
        [Clear.model_validate({"command": command, "timeout": "500ms" if "sleep" in str(command) else "9s"})], tmp_path
    )
    assert found == ([f"not clear to start: {why}"] if why else [])


def test_a_run_that_is_not_clear_to_start_is_refused_with_every_reason(drill: Called) -> None:
    text = (drill.place / "a.yaml").read_text()
    clear = (
        "clear_to_start: [{command: [sh, -c, 'echo incident 7; exit 1']}, {command: ['true']}, {command: ['false']}]"
    )
    (drill.place / "a.yaml").write_text(text + f"schedule: {{{clear}}}\n")
    assert drill("run", "a")[0] == 0
    code, _, err = drill("run", "a", "--scheduled")
    assert (code, drill.begun) == (4, ["a"])
    assert "not clear to start: sh ended with 1: incident 7\nnot clear to start: false ended with 1" in err
    ((_, why),) = drill.refused
    assert why == "not clear to start: sh ended with 1: incident 7 | not clear to start: false ended with 1"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("{}", "each condition is one of promql (with at), url, command"),
        ("{promql: up}", "`promql` and `at`"),
        ("{url: 'ftp://x'}", "a URL begins with http"),
        ("{command: ['true'], contains: x}", "`contains` is about"),
    ],
)
def test_a_condition_that_cannot_be_meant_is_refused(drill: Called, words: str, says: str) -> None:
    text = (drill.place / "a.yaml").read_text()
    (drill.place / "a.yaml").write_text(text + f"schedule: {{clear_to_start: [{words}]}}\n")
    code, _, err = drill("run", "a")
    assert code == 2
    assert says in err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[tool.drill.schedule]\nfreez = ["2026-12-24"]\n', "schedule.freez: unknown word (did you mean 'freeze'?)"),
        ('[tool.drill.schedule]\nskip = ["24.12."]\n', "write a day as 2026-12-24, not '24.12.'"),
        ("[tool.drill.schedule]\nwindow = 30\n", "a duration must have a unit"),
        ('[[tool.drill.announce]]\nwebhok = "x"\n', "announce.0.webhok: unknown word (did you mean 'webhook'?)"),
        ("[[tool.drill.announce]]\ntimeout = '5s'\n", "each way of telling is one of webhook, email, command"),
    ],
)
def test_wrong_settings_of_the_project_are_placed(drill: Called, text: str, says: str) -> None:
    drill.settings(text)
    code, _, err = drill("run", "a")
    assert code == 2
    assert says in err
    assert "pyproject.toml:" in err


def test_a_freeze_may_be_written_as_a_day_of_toml(drill: Called) -> None:
    drill.settings(f"[tool.drill.schedule]\nfreeze = [{NOW:%Y-%m-%d}, {NOW + timedelta(days=1):%Y-%m-%d}]\n")
    assert "a freeze: " in drill("run", "a", "--scheduled")[2]


def test_what_drill_schedule_prints_is_what_drill_run_takes(drill: Called) -> None:
    today = f"{NOW:%Y-%m-%d}..{NOW + timedelta(days=1):%Y-%m-%d}"
    words = (
        "--at",
        JUST_NOW,
        "--every",
        "1w",
        "--from",
        "2026-01-01",
        "--timezone",
        "UTC",
        "--skip",
        "2026-12-24",
        "--window",
        "20m",
    )
    code, out, err = drill("schedule", "a", *words, "--format", "systemd")
    assert code == 0
    assert "due next" in err
    (line,) = [line for line in out.splitlines() if line.startswith("ExecStart=")]
    typed = shlex.split(line)[shlex.split(line).index("run") :]
    assert drill(*typed)[0] == 0
    assert drill.begun == ["a"]
    assert drill(*typed, "--skip-days", today) == (0, "", "")


def test_drill_schedule_tells_what_it_will_never_start(drill: Called) -> None:
    assert "names no time; try: drill schedule a --at" in drill("schedule", "a")[2]
    code, _, err = drill("schedule", "a", "--at", "daily 10:00", "--skip", "2020-01-01..2060-01-01")
    assert code == 2
    assert "is never due" in err
    code, out, err = drill("schedule", "a", "--at", "daily 2:30", "--timezone", "Europe/Berlin", "--json")
    assert code == 0
    assert len(json.loads(out)["next"]) == 5
    code, _, err = drill("schedule", "a", "--at", "daily 2:30", "--timezone", "Europe/Berlin")
    assert code == 0
    assert err.count("warning: there is no 02:30 on ") == 1


@pytest.mark.parametrize(
    ("form", "files"),
    [
        ("systemd", ["drill-a.service", "drill-a.timer"]),
        ("cron", ["a.crontab"]),
        ("k8s", ["drill-a.yaml"]),
        ("github", ["drill-a.yml"]),
    ],
)
def test_the_files_are_written_and_the_command_that_installs_them_is_told(
    drill: Called, form: str, files: list[str]
) -> None:
    words = ("schedule", "a", "--at", "Thu 10:00", "--format", form, "--image", "x:1")
    code, out, _ = drill(*words)
    assert code == 0
    code, nothing, err = drill(*words, "-o", "made")
    assert (code, nothing) == (0, "")
    assert sorted(one.name for one in (drill.place / "made").iterdir()) == files
    assert "\n".join((drill.place / "made" / name).read_text() for name in files) == out
    assert "install with: " in err
