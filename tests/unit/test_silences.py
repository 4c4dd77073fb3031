"""Silences: with an end, taken away at the end of the run and after a death, and nobody else's ever touched."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from harness.drill.silence import Silence, matcher
from harness.errors import CannotRun
from harness.run.silences import FOLDER, lift_dead, silenced


class Api(BaseHTTPRequestHandler):
    """Alertmanager's /api/v2/silences, as far as they are asked: DELETE expires one, and it stays in the list."""

    def do_GET(self) -> None:
        self._answer(list(self.held.values()))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.refuses:
            self._answer("bad matcher", 400)
            return
        id_ = f"id-{len(self.held)}"
        self.held[id_] = {**body, "id": id_, "status": {"state": "active"}}
        self._answer({"silenceID": id_})

    def do_DELETE(self) -> None:
        if self.server.keeps:  # type: ignore[attr-defined]
            self._answer("read only", 500)
            return
        self.held[self.path.rpartition("/")[2]]["status"]["state"] = "expired"
        self._answer(None)

    @property
    def held(self) -> dict[str, Any]:
        return self.server.held  # type: ignore[attr-defined, no-any-return]

    @property
    def refuses(self) -> bool:
        server: Any = self.server
        return len(self.held) >= server.most

    def _answer(self, data: Any, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        if data is not None:
            self.wfile.write(json.dumps(data).encode())

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def alertmanager() -> Iterator[Any]:
    made: Any = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    made.daemon_threads = True
    made.held = {"theirs": {"id": "theirs", "comment": "maintenance", "status": {"state": "active"}}}
    made.most, made.keeps = 100, False
    made.url = f"http://127.0.0.1:{made.server_port}"
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def states(alertmanager: Any) -> list[str]:
    return [one["status"]["state"] for one in alertmanager.held.values()]


@pytest.fixture
def wanted(alertmanager: Any) -> Callable[..., Silence]:
    def made(*matchers: str) -> Silence:
        return Silence(at=alertmanager.url, matchers=matchers or ('service="shop"', 'severity=~"page|ticket"'))

    return made


def test_a_silence_has_an_end_and_is_away_after_the_run(
    alertmanager: Any, wanted: Callable[..., Silence], tmp_path: Path
) -> None:
    said: list[str] = []
    with silenced(tmp_path, [wanted()], "night", 600, said.append):
        made = alertmanager.held["id-1"]
        assert states(alertmanager) == ["active", "active"]
        assert lift_dead(tmp_path, said.append) is None  # its run lives
        assert states(alertmanager) == ["active", "active"]
    assert made["matchers"] == [
        {"name": "service", "value": "shop", "isRegex": False, "isEqual": True},
        {"name": "severity", "value": "page|ticket", "isRegex": True, "isEqual": True},
    ]
    lasts = datetime.fromisoformat(made["endsAt"]) - datetime.now(UTC)
    assert timedelta(seconds=500) < lasts < timedelta(seconds=601)
    assert made["createdBy"] == "drill"
    assert states(alertmanager) == ["active", "expired"]
    assert list((tmp_path / FOLDER).iterdir()) == []
    assert said == []


def test_it_is_away_also_after_a_run_that_broke(
    alertmanager: Any, wanted: Callable[..., Silence], tmp_path: Path
) -> None:
    def broken() -> None:
        with silenced(tmp_path, [wanted()], "night", 600, print):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken()
    assert states(alertmanager) == ["active", "expired"]


def test_a_silence_that_is_refused_begins_no_run_and_leaves_none(
    alertmanager: Any, wanted: Callable[..., Silence], tmp_path: Path
) -> None:
    alertmanager.most = 2
    begun: list[int] = []
    with (
        pytest.raises(CannotRun, match=r"no silence was made, and nothing was started: .* answered 400: bad matcher"),
        silenced(tmp_path, [wanted(), wanted('x="y"')], "night", 600, print),
    ):
        begun.append(1)
    assert begun == []
    assert states(alertmanager) == ["active", "expired"]


def test_no_alertmanager_no_run(tmp_path: Path) -> None:
    said: list[str] = []
    with (
        pytest.raises(CannotRun, match="did not answer: ConnectionError"),
        silenced(tmp_path, [Silence(at="http://127.0.0.1:9", matchers=('a="b"',))], "night", 600, said.append),
    ):
        pass
    assert "it ends by itself at" in said[0]


@pytest.mark.parametrize("place", ["http://me:hunter22@127.0.0.1:9", "http://127.0.0.1:9/?token=hunter22"])
def test_an_alertmanager_is_told_without_its_password(tmp_path: Path, place: str) -> None:
    said: list[str] = []
    with (
        pytest.raises(CannotRun) as refused,
        silenced(tmp_path, [Silence(at=place, matchers=('a="b"',))], "night", 600, said.append),
    ):
        pass
    assert "http://127.0.0.1:9/" in str(refused.value)
    assert "hunter22" not in f"{refused.value} {said}"
    (note,) = (tmp_path / ".silences").glob("*.json")
    assert note.stat().st_mode & 0o777 == 0o600


def dead(alertmanager: Any, wanted: Silence, runs: Path) -> None:
    """What a run leaves that was killed: its silence, and its note, which nobody holds any more."""
    alertmanager.keeps = True
    with silenced(runs, [wanted], "night", 600, lambda line: None):
        pass
    alertmanager.keeps = False


def test_those_of_a_dead_run_are_taken_away_by_mend(
    alertmanager: Any, wanted: Callable[..., Silence], tmp_path: Path
) -> None:
    dead(alertmanager, wanted(), tmp_path)
    assert states(alertmanager) == ["active", "active"]
    said: list[str] = []
    assert lift_dead(tmp_path, said.append) == []
    assert states(alertmanager) == ["active", "expired"]
    assert "taken away" in said[0]
    assert lift_dead(tmp_path, said.append) is None
    assert len(said) == 1


def test_what_cannot_be_taken_away_is_told_with_its_end_and_tried_again(
    alertmanager: Any, wanted: Callable[..., Silence], tmp_path: Path
) -> None:
    dead(alertmanager, wanted(), tmp_path)
    alertmanager.keeps = True
    (left,) = lift_dead(tmp_path, print) or ()
    assert "answered 500" in left
    assert "it ends by itself at " in left
    assert "`drill mend` tries again" in left
    alertmanager.keeps = False
    assert lift_dead(tmp_path, print) == []
    assert states(alertmanager) == ["active", "expired"]


def test_a_note_that_a_power_cut_left_empty_is_no_silence(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "0a.json").write_text('{"comment": "dri')
    assert lift_dead(tmp_path, print) == []
    assert list((tmp_path / FOLDER).iterdir()) == []


def test_nobody_who_asks_for_none_has_one(tmp_path: Path) -> None:
    with silenced(tmp_path, [], "night", 600, print):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["service=shop", 'x=~"("', '="a"', "", 'a == "b"'])
def test_what_is_no_matcher_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"matcher|regular expression"):
        matcher(text)


@pytest.mark.parametrize("matchers", [('a=""',), ('a=~".*"',), ('a!="b"',), ('a!~"b"', 'c=~"d|"')])
def test_matchers_that_fit_every_alert_are_refused(matchers: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError, match="fit every alert"):
        Silence(at="http://alertmanager:9093", matchers=matchers)
