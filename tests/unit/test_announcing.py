"""Whom a run tells of itself: by a webhook, by mail, by a command; and that nothing of it ever touches the run."""

from __future__ import annotations

import json
import socketserver
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from harness.drill.announce import Way
from harness.drill.settings import announce
from harness.errors import CannotRun, Signalled
from harness.facts import GuardTripped, HaltAsked, Interrupted, Opened
from harness.report.announcement import Announcement, as_json, as_mail, as_slack, ended
from harness.run.announcing import Announcer

OPENED = Opened(drill="night", run="3f9a12cd", wall_unix_s=0, monotonic_ns=0, version="1", boot="")
TRIPPED = GuardTripped(guard="errors > 50%", detail="62.0% for 15s")
DOCUMENT = {
    "drill": "night",
    "run": "3f9a12cd",
    "exit_code": 1,
    "invalid": [],
    "ending": {},
    "findings": [
        {"id": "slow/alert_fires-Slow", "outcome": "failed", "because": "Slow did not fire\n(limit 60 s)"},
        {"id": "slow/recovers", "outcome": "passed", "because": "after 3 s"},
        {"id": "run/log_quiet", "outcome": "inconclusive", "because": "no logs"},
    ],
}


def way(**words: Any) -> Way:
    return Way.model_validate({"timeout": "2s", **words})


class Hook(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server: Any = self.server
        server.seen.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        time.sleep(server.hold_s)
        self.send_response(server.status)
        self.send_header("Location", "http://127.0.0.1:9/elsewhere")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def hook() -> Iterator[Any]:
    """A webhook's server: `seen` is what was posted."""
    made: Any = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    made.daemon_threads = True
    made.seen, made.status, made.hold_s = [], 200, 0.0
    made.url = f"http://127.0.0.1:{made.server_port}/services/T0/B0/s3cr3t"
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


class Post(socketserver.StreamRequestHandler):
    """As much of an SMTP server as a client asks for."""

    def handle(self) -> None:
        server: Any = self.server
        self._say("220 here")
        while line := self.rfile.readline().decode().strip():
            word = line.split(" ", 1)[0].upper()
            if word == "DATA":
                self._say("354 go on")
                text = b""
                while not text.endswith(b"\r\n.\r\n"):
                    text += self.rfile.readline()
                server.seen.append(text.decode())
            if word == "RCPT" and "nobody" in line:
                self._say("550 no such person")
                continue
            self._say("221 bye" if word == "QUIT" else "250 fine")
            if word == "QUIT":
                return

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@pytest.fixture
def post() -> Iterator[Any]:
    made: Any = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Post)
    made.daemon_threads = True
    made.seen = []
    made.place = f"127.0.0.1:{made.server_address[1]}"
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def announcer(*ways: Way, said: list[str] | None = None, folder: Path = Path("/")) -> Announcer:
    return Announcer("night", [(one, folder) for one in ways], (said if said is not None else []).append)


def test_a_run_is_told_before_it_begins_and_at_its_end(hook: Any) -> None:
    said: list[str] = []
    with announcer(way(webhook=hook.url), said=said) as told:
        told.begins("night begins (4m to 6m); `drill halt` ends it")
        assert [one["event"] for one in hook.seen] == ["begins"]  # sent before anything starts
        told.hears(OPENED)
        told.ended(DOCUMENT, "/runs/night/x/report.html")
    begins, end = hook.seen
    assert begins["schema"] == "drill.announcement/1"
    assert begins["exit_code"] is None
    assert (end["event"], end["run"], end["exit_code"]) == ("ended", "3f9a12cd", 1)
    assert end["text"].startswith("night did not do what was expected of it: 1 of 3")
    assert end["details"] == [
        "failed: slow/alert_fires-Slow: Slow did not fire (limit 60 s)",
        "inconclusive: run/log_quiet: no logs",
    ]
    assert said == []


@pytest.mark.parametrize(
    ("fact", "why"),
    [
        (TRIPPED, "guard errors > 50%: 62.0% for 15s"),
        (HaltAsked(by="ada", reason="real incident"), "drill halt by ada, real incident"),
        (Interrupted(signal="SIGTERM"), "SIGTERM"),
    ],
)
def test_an_abort_is_told_at_once_and_once(hook: Any, fact: Any, why: str) -> None:
    with announcer(way(webhook=hook.url)) as told:
        told.hears(OPENED)
        told.hears(fact)
        told.hears(TRIPPED)
        told.wait()
        assert [one["text"] for one in hook.seen] == [
            f"night is ended before its time: {why}; its faults are being taken out"
        ]
        told.ended({**DOCUMENT, "exit_code": 5, "ending": {"stopped": why}}, "")
    assert [one["event"] for one in hook.seen] == ["aborted", "ended"]
    assert {one["run"] for one in hook.seen} == {"3f9a12cd"}


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (CannotRun("no Docker", "no disk"), "night ended without a verdict: no Docker | no disk"),
        (Signalled(15), "night ended without a verdict: interrupted (exit 143)"),
        (RuntimeError("a bug"), "night ended without a verdict: RuntimeError: a bug (exit 6)"),
    ],
)
def test_what_was_begun_and_breaks_is_told_and_goes_on_breaking(hook: Any, error: BaseException, says: str) -> None:
    def broken() -> None:
        with announcer(way(webhook=hook.url)) as told:
            told.begins("night begins")
            raise error

    with pytest.raises(type(error)):
        broken()
    assert [(one["event"], one["text"]) for one in hook.seen][1:] == [("aborted", says)]


def test_each_way_is_told_only_of_what_it_asks_for(hook: Any) -> None:
    with announcer(way(webhook=hook.url, on=["ended"])) as told:
        told.begins("night begins")
        told.hears(TRIPPED)
        told.ended(DOCUMENT, "")
    assert [one["event"] for one in hook.seen] == ["ended"]


def test_slack_is_sent_its_shape_in_which_no_text_is_a_mention(hook: Any) -> None:
    with announcer(way(webhook=hook.url, format="slack")) as told:
        told.refused(CannotRun("<!channel> & more"))
    ((key, text),) = hook.seen[0].items()
    assert key == "text"
    assert text.startswith("*night* night was not rehearsed: &lt;!channel&gt; &amp; more\n• on ")


@pytest.mark.parametrize(
    ("status", "hold_s", "why"),
    [
        (500, 0.0, "127.0.0.1 answered 500"),
        (302, 0.0, "127.0.0.1 answered 302"),
        (200, 30.0, "did not answer within 1 s"),
    ],
)
def test_a_webhook_that_fails_is_said_without_its_secret(hook: Any, status: int, hold_s: float, why: str) -> None:
    hook.status, hook.hold_s = status, hold_s
    said: list[str] = []
    began_s = time.monotonic()
    with announcer(way(webhook=hook.url, timeout="1s"), said=said) as told:
        told.ended(DOCUMENT, "")
    assert time.monotonic() - began_s < 10
    (line,) = said
    assert line.startswith("warning: the webhook was not told of 'ended': ")
    assert why in line
    assert line.endswith("the run is not touched by that")
    assert "s3cr3t" not in line


def test_a_webhook_that_is_not_there_and_one_that_is_none_are_said_without_their_secret() -> None:
    said: list[str] = []
    with announcer(way(webhook="http://127.0.0.1:9/s3cr3t"), way(webhook="http://[/s3cr3t"), said=said) as told:
        told.ended(DOCUMENT, "")
    assert len(said) == 2
    assert not any("s3cr3t" in line for line in said)


def test_people_are_told_by_mail(post: Any) -> None:
    said: list[str] = []
    mail = way(
        email=["ada@example.org", "bob@example.org"], smtp=post.place, tls="none", **{"from": "drill@example.org"}
    )
    with announcer(mail, said=said) as told:
        told.ended(DOCUMENT, "/runs/night/report.html")
    assert said == []
    (text,) = post.seen
    assert "To: ada@example.org, bob@example.org" in text
    assert "Subject: [drill] night: night did not do what was expected of it" in text
    assert "failed: slow/alert_fires-Slow" in text
    assert "report: /runs/night/report.html" in text


def test_a_mail_that_is_not_taken_is_said(post: Any) -> None:
    said: list[str] = []
    more = {"from": "drill@example.org"}
    ways = (
        way(email=["nobody@example.org"], smtp=post.place, tls="none", **more),
        way(email=["ada@example.org", "nobody@example.org"], smtp=post.place, tls="none", **more),
        way(email=["ada@example.org"], smtp=post.place, **more),
        way(email=["ada@example.org"], smtp="127.0.0.1:9", tls="tls", **more),
    )
    for one in ways:
        with announcer(one, said=said) as told:
            told.ended(DOCUMENT, "")
    assert ["nobody@example.org" in said[0], "refused nobody@example.org" in said[1]] == [True, True]
    assert "STARTTLS" in said[2]  # a server without TLS gets nothing in the clear
    assert "ConnectionRefusedError" in said[3]
    assert len(said) == 4
    assert len(post.seen) == 1


def test_a_command_is_given_the_announcement(tmp_path: Path) -> None:
    script = (
        "import json, os, sys; open('told', 'w').write(json.dumps([json.load(sys.stdin), os.environ['DRILL_EVENT']]))"
    )
    with announcer(way(command=[sys.executable, "-c", script], timeout="30s"), folder=tmp_path) as told:
        told.missed("2 runs that should have been did not happen")
    given, event = json.loads((tmp_path / "told").read_text())
    assert (given["event"], event) == ("missed", "missed")
    assert given["text"] == "night: 2 runs that should have been did not happen"


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (["sh", "-c", "echo no; exit 7"], "sh ended with 7: no"),
        (["sh", "-c", "sleep 60"], "sh did not end within 2 s"),
        (["./not-there"], "cannot be started"),
    ],
)
def test_a_command_that_fails_is_said(tmp_path: Path, command: list[str], why: str) -> None:
    said: list[str] = []
    with announcer(way(command=command), said=said, folder=tmp_path) as told:
        told.ended(DOCUMENT, "")
    assert [why in line for line in said] == [True]


def test_nobody_to_tell_is_nothing_to_do() -> None:
    with announcer() as told:
        told.begins("night begins")
        told.hears(TRIPPED)
        told.ended(DOCUMENT, "")


def test_the_projects_ways_take_variables_and_say_which_is_not_set() -> None:
    given = [{"webhook": "${HOOK}", "on": ["ended"]}]
    (one,) = announce(given, {"HOOK": "https://hooks.example.org/x"})
    assert one.webhook == "https://hooks.example.org/x"
    with pytest.raises(ValueError, match="HOOK"):
        announce(given, {})


def test_a_projects_way_that_is_wrong_is_told_without_its_password() -> None:
    given = [
        {"email": ["a@b.c"], "from": "a@b.c", "smtp": "m:25", "user": "a", "password": "${PW}", "tls": "none"},
        {"webhook": "${HOOK}", "command": ["x"]},
    ]
    with pytest.raises(ValueError, match=r"announce\.0: a password goes over TLS only") as wrong:
        announce(given, {"PW": "hunter22", "HOOK": "https://hooks.example.org/s3cret"})
    assert "announce.1: each way of telling is one of webhook, email, command" in str(wrong.value)
    assert "hunter22" not in str(wrong.value)
    assert "s3cret" not in str(wrong.value)


def test_the_three_shapes_have_the_same_words() -> None:
    told = Announcement("ended", "night", "all is well", 5.0, ("one", "two"), "3f9a", "/r", 0)
    assert as_json(told, "host")["details"] == ["one", "two"]
    assert as_slack(told, "host")["text"] == "*night* all is well\n• one\n• two\n• report: /r\n• run 3f9a on host"
    assert as_mail(told, "host") == (
        "[drill] night: all is well",
        "all is well\n\none\ntwo\nreport: /r\nrun 3f9a on host\n",
    )


def test_a_long_list_of_findings_is_cut_with_a_count() -> None:
    findings = [{"id": f"run/{number}", "outcome": "failed", "because": "x"} for number in range(25)]
    told = ended({**DOCUMENT, "findings": findings}, "", 0.0)
    assert len(told.details) == 11
    assert told.details[-1] == "and 15 more"
