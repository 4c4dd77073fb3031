"""`drill metrics`: what it tells of which runs, and how it gets it to Prometheus."""

from __future__ import annotations

import base64
import json
import os
import random
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from prometheus_client.parser import text_string_to_metric_families
from run_series import FIRST_UNIX_S, NIGHT_S, Service, kept, series

from harness.cli import group
from harness.cli.metrics import command
from harness.errors import CannotRun, UsageError
from harness.run import folder as folders

ROOT = Path(__file__).parents[2]


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The runs folder of an empty project."""
    (tmp_path / "pyproject.toml").write_text('[tool.drill]\ndrills = "."\n')
    monkeypatch.chdir(tmp_path)
    return tmp_path / "runs"


def night(count: int, *, seed: int = 1, **faulty: str) -> list[dict[str, Any]]:
    """So many runs that pass, each with one fault that was on."""
    documents = series(count, random.Random(seed), Service(**faulty))
    for document in documents:
        if document["run"] != documents[-1]["run"] or not faulty:
            document |= {"exit_code": 0, "verdict": "passed"}
        document["faults"] = [{"id": "slow/latency-api->db", "on_s": 20.0}]
    return documents


def told(*arguments: str) -> dict[tuple[str, ...], float]:
    """Every sample by its name and the values of its labels, without the drill's name."""
    done = CliRunner().invoke(command, list(arguments), catch_exceptions=False)
    assert done.exit_code == 0
    return samples(done.stdout)


def samples(text: str) -> dict[tuple[str, ...], float]:
    return {
        (
            sample.name.removeprefix("drill_"),
            *(value for name, value in sample.labels.items() if name != "drill"),
        ): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def began(at: int) -> float:
    return FIRST_UNIX_S + at * NIGHT_S


def test_the_last_run_is_told_with_its_expectations_and_what_it_measured(runs: Path) -> None:
    documents = night(4, broken="slow/alert_fires-Slow")
    list(kept(runs, documents))
    found = told()
    assert found["last_run_timestamp_seconds",] == began(3)
    assert found["first_run_timestamp_seconds",] == began(0)
    assert found["last_pass_timestamp_seconds",] == began(2)
    assert found["run_outcome", "failed"] == 1
    assert found["run_outcome", "passed"] == 0
    assert found["expectation_outcome", "slow/alert_fires-Slow", "failed"] == 1
    assert found["expectation_outcome", "slow/alert_fires-Slow", "passed"] == 0
    measure = documents[3]["findings"][0]["measure"]
    assert found["detection_seconds", "slow/alert_fires-Slow"] == pytest.approx((measure["low"] + measure["high"]) / 2)
    assert ("page_seconds", "slow/page_sent-Slow") in found
    assert ("recovery_seconds", "gone/recovers-steady") in found


def test_what_was_not_seen_to_its_end_has_no_number(runs: Path) -> None:
    documents = night(1)
    documents[0]["findings"][0]["measure"] |= {"high": None, "kind": "censored"}
    list(kept(runs, documents))
    found = told()
    assert ("detection_seconds", "slow/alert_fires-Slow") not in found
    assert ("page_seconds", "slow/page_sent-Slow") in found


def test_a_run_that_was_killed_tells_nothing_of_expectations_and_passes_nothing(runs: Path) -> None:
    made = list(kept(runs, night(2)))
    (made[1] / "verdict.json").unlink()
    found = told()
    assert found["run_outcome", "killed"] == 1
    assert found["last_run_timestamp_seconds",] == began(1)
    assert found["last_pass_timestamp_seconds",] == began(0)
    assert not [key for key in found if key[0] in ("expectation_outcome", "detection_seconds")]


def test_runs_that_go_on_or_were_refused_are_not_the_last_run(runs: Path) -> None:
    made = list(kept(runs, night(2)))
    (made[1] / "verdict.json").unlink()
    refused = [{"at_unix_s": began(2) + n, "drill": "night", "reason": "outside of its window"} for n in range(20)]
    (runs / "refused.jsonl").write_text("".join(json.dumps(one) + "\n" for one in refused))
    with folders.RunFolder(made[1]).alive():
        found = told()
    assert found["last_run_timestamp_seconds",] == began(0)
    assert found["run_outcome", "passed"] == 1


def test_however_many_were_refused_the_runs_are_told(runs: Path) -> None:
    list(kept(runs, night(1)))
    refused = [{"at_unix_s": began(2) + n, "drill": "night", "reason": "a freeze"} for n in range(300)]
    (runs / "refused.jsonl").write_text("".join(json.dumps(one) + "\n" for one in refused))
    found = told()
    assert found["last_run_timestamp_seconds",] == began(0)
    assert found["last_pass_timestamp_seconds",] == began(0)


@pytest.mark.parametrize(
    "faults", [[{"id": "a", "on_s": None}], [{"id": "a", "on_s": 3.0}, {"id": "b", "on_s": None}], None]
)
def test_a_pass_without_all_its_faults_is_no_rehearsal_that_passed(runs: Path, faults: Any) -> None:
    documents = night(3)
    documents[2]["faults"] = faults
    list(kept(runs, documents))
    found = told()
    assert found["run_outcome", "passed"] == 1
    assert found["last_pass_timestamp_seconds",] == began(1)


def test_a_drill_that_never_passed_has_no_last_pass(runs: Path) -> None:
    documents = night(2, broken="slow/alert_fires-Slow")[1:]
    list(kept(runs, documents))
    assert ("last_pass_timestamp_seconds",) not in told()


def test_a_project_without_runs_tells_nothing_and_an_unknown_drill_is_refused(runs: Path) -> None:
    assert told() == {}
    list(kept(runs, night(1)))
    with pytest.raises(
        UsageError, match=r"no run of 'nigth' in runs \(did you mean 'night'\?\); begin one with: drill run nigth"
    ):
        told("nigth")


def test_a_textfile_is_whole_and_nothing_is_left_beside_it(runs: Path, tmp_path: Path) -> None:
    list(kept(runs, night(2)))
    out = tmp_path / "out"
    out.mkdir()
    (out / "drill.prom").write_text("old")
    told("--textfile", str(out / "drill.prom"))
    assert samples((out / "drill.prom").read_text()) == told()
    assert [path.name for path in out.iterdir()] == ["drill.prom"]


def test_a_textfile_that_node_exporter_would_not_read_or_that_cannot_be_written_is_said(
    runs: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=r"files that end in \.prom alone; write drill\.prom"):
        told("--textfile", "drill.txt")
    with pytest.raises(CannotRun, match="No such file or directory") as error:
        told("--textfile", str(tmp_path / "nowhere" / "drill.prom"))
    assert error.value.missing[0].cure == f"ls -ld {tmp_path / 'nowhere'}"


@dataclass
class Gateway:
    """What a Pushgateway was sent; it answers with `status`."""

    status: int = 200
    asked: list[tuple[str, str, str, str]] = field(default_factory=list)
    port: int = 0


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    seen = Gateway()

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            seen.asked.append((self.command, self.path, self.headers.get("Authorization") or "", body))
            self.send_response(seen.status)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing of it on the terminal."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    seen.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield seen
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_pushgateway_gets_them_as_one_group_of_this_machine(runs: Path, gateway: Gateway) -> None:
    list(kept(runs, night(2)))
    told("--push", f"http://me:s%40cret@127.0.0.1:{gateway.port}/", "--job", "nightly")
    ((method, path, authorization, body),) = gateway.asked
    assert method == "PUT"  # replaces what was told before: a drill that went is gone there, too
    assert re.fullmatch(r"/metrics/job/nightly/instance(@base64)?/.+", path)
    assert base64.b64decode(authorization.removeprefix("Basic ")) == b"me:s@cret"
    assert samples(body) == told()


def test_a_pushgateway_that_refuses_is_a_run_that_could_not_tell(runs: Path, gateway: Gateway) -> None:
    gateway.status = 400
    with pytest.raises(CannotRun, match="did not take the results: HTTP Error 400") as error:
        told("--push", f"http://me:secret@127.0.0.1:{gateway.port}")
    assert "secret" not in str(error.value)


def test_a_pushgateway_that_says_nothing_is_given_up(runs: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as mute:
        begun_s = time.monotonic()
        with pytest.raises(CannotRun, match="timed out"):
            told("--push", f"127.0.0.1:{mute.getsockname()[1]}", "--timeout", "300ms")
    assert time.monotonic() - begun_s < 5


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--push", "ftp://pushgateway", "write the Pushgateway's URL, such as http://pushgateway:9091"),
        ("--push", "http://[::1", "write the Pushgateway's URL"),
        ("--timeout", "10", "a duration must have a unit"),
        ("--serve", "http", "write a port, such as 9469"),
        ("--serve", "70000", "write a port, such as 9469"),
    ],
)
def test_an_option_that_cannot_be_meant_is_refused(runs: Path, option: str, value: str, says: str) -> None:
    with pytest.raises(UsageError, match=re.escape(says)):
        told(option, value)


def test_served_they_are_read_anew_at_each_scrape_until_it_is_ended(runs: Path) -> None:
    from harness.report.metrics import registry
    from harness.run.publishing import served
    from harness.run.results import results

    list(kept(runs, night(1)))
    server = served(registry(lambda: results(runs)), "127.0.0.1", 0)
    try:
        url = f"http://127.0.0.1:{server.port}/metrics"
        assert samples(urllib.request.urlopen(url).read().decode())["last_run_timestamp_seconds",] == began(0)
        list(kept(runs, night(2)[1:]))
        assert samples(urllib.request.urlopen(url).read().decode())["last_run_timestamp_seconds",] == began(1)
        with pytest.raises(CannotRun, match="cannot be listened on"):
            served(registry(lambda: results(runs)), "127.0.0.1", server.port)
    finally:
        server.close()


def test_the_command_serves_until_ctrl_c_and_ends_with_0(runs: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    list(kept(runs, night(1)))
    served = subprocess.Popen(
        [sys.executable, "-m", "harness", "metrics", "--serve", str(port)],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        assert served.stderr is not None
        assert served.stderr.readline() == f"serving http://127.0.0.1:{port}/metrics until Ctrl-C\n"
        text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()
        assert samples(text)["run_outcome", "passed"] == 1
        served.send_signal(signal.SIGINT)
        assert served.wait(20) == 0
    finally:
        served.kill()
        served.wait()
        served.stderr.close()


def test_the_commands_of_its_page_are_commands() -> None:
    text = (ROOT / "docs" / "results.md").read_text()
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S)
    lines = [line for block in blocks for line in block.splitlines() if line.startswith("drill ")]
    assert len(lines) >= 4
    for line in lines:
        name, *arguments = shlex.split(line)[1:]
        found = group.get_command(None, name)  # type: ignore[arg-type]
        assert found is not None, line
        found.make_context(name, arguments)  # raises for what it does not take
    for metric in re.findall(r"`(drill_\w+)", text):
        assert metric in (ROOT / "harness" / "report" / "metrics.py").read_text()
