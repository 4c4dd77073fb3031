"""The logs of a target: files that grow and are moved away, commands, Loki; each line once, and what is not followed is said."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from harness.errors import NotApplied
from harness.expectations.logs import not_followed
from harness.facts import LogFound, Looked
from harness.logfiles import read_logs
from harness.target.logs import Command, File, Loki, TargetLogs, sources
from harness.target.model import Logs
from harness.target.place import Place
from harness.target.reach import PlaceApi
from harness.testing import journal_of


def texts(source: Any) -> list[str]:
    return [line for _, line in source.read()]


def until(there: Callable[[], Any]) -> Any:
    ends_s = time.monotonic() + 20
    while not (found := there()) and time.monotonic() < ends_s:
        time.sleep(0.05)
    return found


def test_a_file_is_followed_from_its_end_on(tmp_path: Path) -> None:
    path = tmp_path / "api.log"
    path.write_text("before\n")
    source = File(path)
    with path.open("a") as file:
        file.write("one\ntwo\nhal")
        file.flush()
        assert texts(source) == ["one", "two"]
        file.write("f\n")
    assert texts(source) == ["half"]


def test_a_file_that_was_moved_away_is_read_to_its_end_and_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "api.log"
    path.write_text("")
    source = File(path)
    with path.open("a") as file:
        file.write("last\n")
    path.rename(tmp_path / "api.log.1")
    path.write_text("first\n")
    assert texts(source) == ["last", "first"]


def test_a_file_that_is_cut_is_read_from_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "api.log"
    path.write_text("a long line before\n")
    source = File(path)
    path.write_text("new\n")
    assert texts(source) == ["new"]


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotApplied, match=r"api.log cannot be read: No such file"):
        File(tmp_path / "api.log")


def test_what_a_command_prints_is_a_log_and_its_end_is_a_gap(tmp_path: Path) -> None:
    source = Command((sys.executable, "-c", "print('one'); print('two')"), tmp_path)
    seen: list[str] = []

    def ended() -> bool:
        try:
            for _, text in source.read():
                seen.append(text)
        except NotApplied as error:
            return "ended with 0" in str(error)
        return False

    assert until(ended)
    assert until(lambda: ended() and seen[:2] == ["one", "two"]), seen
    source.close()


def test_loki_gives_each_line_once_with_its_own_time() -> None:
    asked: list[dict[str, list[str]]] = []
    lines = [["1700000000000000002", "two"], ["1700000000000000001", "one"]]

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(parse_qs(urlsplit(self.path).query))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"data": {"result": [{"stream": {}, "values": lines}]}}).encode())

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    place = Place.model_validate({"url": f"http://127.0.0.1:{server.server_port}"})
    source = Loki(PlaceApi("Loki", place), '{app="api"}')
    assert list(source.read()) == [(1700000000.0, "one"), (1700000000.0, "two")]
    assert asked[0]["query"] == ['{app="api"}']
    source._next_s = 0.0
    lines.append([str(time.time_ns()), "three"])
    assert "three" in texts(source)
    server.shutdown()
    server.server_close()
    source._next_s = 0.0
    with pytest.raises(NotApplied, match=r"Loki at http://127\.0\.0\.1"):
        list(source.read())


def test_they_are_kept_as_the_logs_of_containers_are(tmp_path: Path) -> None:
    path = tmp_path / "api.log"
    path.write_text("")
    kept = TargetLogs(tmp_path / "logs", sources(Logs(files={"api": "api.log"}), tmp_path))
    kept.start()
    path.write_text("ERROR payments\n")
    until(lambda: (tmp_path / "logs" / "api.log").exists() and (tmp_path / "logs" / "api.log").read_text())
    kept.close()
    assert kept.coverage() == {"api": ""}
    (line,) = read_logs(tmp_path / "logs", journal_of()).lines("api", float("-inf"), float("inf"))
    assert (line.service, line.text) == ("api", "ERROR payments")


def test_a_log_that_is_followed_needs_no_container_to_be_evidence() -> None:
    looks = [Looked(probe="logs", target="api", seen_s=float(at)) for at in range(20)]
    assert not_followed(journal_of(LogFound(service="api", seen_s=0.0), *looks), "api", 2, 10) == ""
    assert "was not followed" in not_followed(journal_of(LogFound(service="api", seen_s=0.0), *looks[:4]), "api", 2, 15)
    assert "no container" in not_followed(journal_of(*looks), "api", 2, 10)


class Scripted:
    """A source whose answers are written down: lines, or what it raises."""

    def __init__(self, *answers: list[tuple[float, str]] | Exception) -> None:
        self.answers = list(answers)

    def read(self) -> Any:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        yield from answer

    def close(self) -> None:
        pass


def kept_by(folder: Path, source: Any) -> TargetLogs:
    folder.mkdir()
    return TargetLogs(folder, {"api": source})


@pytest.mark.parametrize("error", [RuntimeError("boom"), NotApplied("it is away")])
def test_a_source_that_breaks_is_a_gap_and_is_followed_again(tmp_path: Path, error: Exception) -> None:
    kept = kept_by(tmp_path / "logs", Scripted(error, [(1.0, "one")]))
    kept._read()
    kept._read()
    assert "one" in (tmp_path / "logs" / "api.log").read_text()
    (said,) = kept.coverage().values()
    assert said in ("it is away", "it cannot be followed (RuntimeError)")
    assert kept.coverage() == {"api": ""}, "it was handed out, and is over"


def test_every_error_is_handed_out_once_however_soon_it_is_over(tmp_path: Path) -> None:
    kept = kept_by(
        tmp_path / "logs", Scripted(NotApplied("a"), [], NotApplied("b"), NotApplied("b"), [], NotApplied("c"))
    )
    for _ in range(5):
        kept._read()
    assert kept.coverage() == {"api": "a; b"}
    assert kept.coverage() == {"api": ""}
    kept._read()
    assert kept.coverage() == kept.coverage() == {"api": "c"}, "what is not over stays"


class Asked:
    """Loki's API, which answers or does not."""

    def __init__(self) -> None:
        self.away, self.lines = False, list[list[str]]()

    def get(self, path: str, params: Any) -> Any:
        if self.away:
            raise NotApplied("Loki refuses connections")
        return {"data": {"result": [{"values": self.lines}]}}


def test_loki_is_away_until_it_was_asked_again() -> None:
    api = Asked()
    source = Loki(api, "{}")  # type: ignore[arg-type]
    api.away = True
    for _ in range(2):  # the second time it is not due
        with pytest.raises(NotApplied, match="refuses connections"):
            list(source.read())
    api.away, source._next_s = False, 0.0
    assert list(source.read()) == []
    assert list(source.read()) == []


def test_lines_that_nobody_asked_for_in_time_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    api, now_s = Asked(), [time.time()]
    monkeypatch.setattr(time, "time_ns", lambda: round(now_s[0] * 1e9))
    source = Loki(api, "{}")  # type: ignore[arg-type]
    assert list(source.read()) == []
    now_s[0] += 100
    source._next_s = 0.0
    api.lines = [[str(time.time_ns()), "now"]]
    seen = list[str]()
    with pytest.raises(
        NotApplied, match="lines of 70 s may be lost: Loki gave no answer for 100 s, and is asked 30 s back"
    ):
        seen.extend(text for _, text in source.read())
    assert seen == ["now"]
    now_s[0] += 1
    source._next_s = 0.0
    assert list(source.read()) == []
