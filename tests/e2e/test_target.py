"""`drill run --target` on a staging environment that another Compose project plays: reached through its published ports alone, behind TLS
and a token, and byte for byte afterwards what it was before."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest
import requests
from wire.staging import TOKEN, Seen, certificates, drill

from harness import ledger
from harness.facts import WorkerClock, WorkerLost
from harness.journal import read

pytestmark = pytest.mark.e2e

PROJECTS = Path(__file__).parent / "projects"
WATCHED = PROJECTS / "watched"
COMPOSE = PROJECTS / "staging" / "compose.yaml"
DRILL = f"""\
drill: gone
stack: {{compose: [{WATCHED}/compose.yaml]}}
load:
  locustfile: {WATCHED}/locustfile.py
  against: web:8080
  arrivals: [{{for: 1m, rate: 4/s}}]
  max_in_flight: 20
  timeout: 10s
steady: {{for: 9s, within: 90s, all: [errors < 20%, p95 < 6s, no alert firing except Watchdog]}}
phases:
  - name: gone
    for: 22s
    faults: [{{down: {{edge: web->store}}}}]
    expect:
      - {{alert_fires: {{alert: StoreGone, labels: {{severity: page}}, within: 18s}}}}
      - {{page_sent: {{receiver: oncall, alert: StoreGone, within: 21s}}}}
      - {{log_seen: {{service: web, contains: ERROR store, within: 15s}}}}
    then:
      - {{alert_clears: {{alert: StoreGone, within: 25s}}}}
      - {{recovers: {{within: 30s}}}}
abort: {{max_duration: 5m}}
"""
ALERTMANAGER = """\
route: {receiver: board, group_by: [alertname], group_wait: 1s, group_interval: 2s, routes: [{matchers: [severity = page], receiver: oncall}]}
receivers:
  - name: board
  - name: oncall
    webhook_configs: [{url: "http://rehearsal:PORT/", http_config: {authorization: {credentials: TOKEN}}}]
"""


@dataclass(frozen=True)
class Environment:
    """The staging environment, and a project's folder with a drill for it."""

    home: Path
    name: str
    ports: dict[int, int]
    pages: int

    def write(self, more: str = "") -> None:
        at = {name: f"https://127.0.0.1:{self.ports[port]}" for name, port in
              (("load", 8443), ("toxiproxy", 8444), ("prometheus", 8445), ("alertmanager", 8446))}  # fmt: skip
        places = "\n".join(f'{name} = {{url = "{url}", token_env = "STAGING_TOKEN"}}' for name, url in at.items())
        (self.home / "drills" / "gone.yaml").write_text(DRILL)
        (self.home / "pyproject.toml").write_text(
            f"""\
[tool.drill]
[tool.drill.targets.staging]
{places}
ca_file = "ca.pem"
timeout = "10s"
protected = true
edges."web->store" = {{proxy = "store", witness = "127.0.0.1:{self.ports[8080]}", speaks = "http"}}
logs = {{files = {{web = "logs/web.log"}}}}
pages = {{listen = "0.0.0.0:{self.pages}", receivers = ["oncall"], token_env = "STAGING_TOKEN"}}
{more}
"""
        )

    def drill(self, *words: str, **env: str) -> Seen:
        root = str(Path(__file__).parents[2])
        own = {**os.environ, "PYTHONPATH": root, "STAGING_TOKEN": TOKEN, **env}
        return drill(self.home, *words, env=own, python=sys.executable)

    def run(self, *words: str, **env: str) -> Seen:
        return self.drill("run", "gone", "--target", "staging", "--json", "--live", "off", *words, **env)

    def proxies(self) -> Any:
        """What its Toxiproxy holds, as it tells it."""
        url = f"https://127.0.0.1:{self.ports[8444]}/proxies"
        headers = {"Authorization": f"Bearer {TOKEN}"}
        return requests.get(url, headers=headers, verify=str(self.home / "ca.pem"), timeout=20).json()


def compose(name: str, files: Path, *words: str) -> str:
    done = subprocess.run(
        ["docker", "compose", "-p", name, "-f", str(COMPOSE), *words],
        env={**os.environ, "STAGING_FILES": str(files)},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def staging(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    home = tmp_path_factory.mktemp("staging")
    for folder in ("drills", "logs"):
        (home / folder).mkdir()
    certificates(home)
    with socket.create_server(("0.0.0.0", 0)) as free:
        pages = int(free.getsockname()[1])
    text = ALERTMANAGER.replace("PORT", str(pages)).replace("TOKEN", TOKEN)
    (home / "alertmanager.yml").write_text(text)
    name = f"drill-test-staging-{os.getpid()}"
    try:
        compose(name, home, "up", "--detach", "--quiet-pull")
        ports = {
            port: int(compose(name, home, "port", "front", str(port)).rpartition(":")[2]) for port in range(8443, 8447)
        }
        ports[8080] = int(compose(name, home, "port", "toxiproxy", "8080").rpartition(":")[2])
        found = Environment(home, name, ports, pages)
        ends_s = time.monotonic() + 120
        while not _answers(found) and time.monotonic() < ends_s:
            time.sleep(0.5)
        yield found
    finally:
        compose(name, home, "down", "--volumes", "--timeout", "2")


def _answers(staging: Environment) -> bool:
    try:
        return "store" in staging.proxies()
    except (requests.RequestException, ValueError):
        return False


def test_the_same_drill_on_a_system_that_runs_already(staging: Environment) -> None:
    staging.write()
    before = staging.proxies()
    seen = staging.run("--yes")
    assert seen.code == 0, seen.err[-3000:] + json.dumps(seen.result.get("findings"), indent=1)[:6000]
    assert staging.proxies() == before
    (fault,) = seen.result["faults"]
    assert fault["landing"]["outcome"] == "landed"
    assert fault["mend"]["outcome"] == "landed"
    folder = (staging.home / "runs" / "latest").resolve()
    assert not [path for path in folder.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()]
    assert staging.drill("judge", "latest").code == 0


def test_two_workers_that_joined_send_the_load_of_one_run(staging: Environment) -> None:
    staging.write()
    with socket.create_server(("127.0.0.1", 0)) as free:
        listen = f"127.0.0.1:{free.getsockname()[1]}"
    (staging.home / "load.token").write_text(token_hex(32))
    drilled = staging.home / "drills" / "gone.yaml"
    shared = f"load:\n  workers: {{expect: 2, listen: {listen}, token_file: ../load.token}}\n"
    drilled.write_text(DRILL.replace("load:\n", shared, 1))
    join = [sys.executable, "-m", "harness", "worker", "--join", listen, "--token-file", "load.token", "--wait", "2m"]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "STAGING_TOKEN": TOKEN}
    workers = [subprocess.Popen(join, cwd=staging.home, env=env, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    try:
        seen = staging.run("--yes")
        told = [worker.communicate()[1] for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
    assert seen.code == 0, seen.err[-3000:] + json.dumps(seen.result.get("findings"), indent=1)[:6000]
    assert [worker.returncode for worker in workers] == [0, 0], told
    folder = (staging.home / "runs" / "latest").resolve()
    rows = ledger.read(folder / "ledger")
    assert sorted(set(rows.worker.tolist())) == [0, 1]
    assert len(read(folder).of(WorkerClock)) == 4  # before and after, of each
    assert not read(folder).of(WorkerLost)


def test_a_protected_target_wants_its_name(staging: Environment) -> None:
    staging.write()
    seen = staging.run()
    assert seen.code == 4
    assert "staging is protected (the target that it is played on); it needs a confirmation" in seen.err
    assert "drill run gone --target staging --yes" in seen.err


def test_an_open_incident_keeps_a_drill_from_beginning(staging: Environment) -> None:
    query = "absent(ALERTS{alertname='Watchdog', alertstate='firing'})"
    staging.write(f'clear_to_start = [{{promql = "{query}", means = "no incident is open"}}]')
    before = staging.proxies()
    seen = staging.run("--yes")
    assert seen.code == 4
    assert f"not clear to start: no incident is open ({query}): the query gives no series now" in str(seen.result)
    assert staging.proxies() == before


def test_a_wrong_token_and_a_prometheus_that_is_away_are_told_together(staging: Environment) -> None:
    staging.write()
    text = (staging.home / "pyproject.toml").read_text()
    place = f'prometheus = {{url = "https://127.0.0.1:{staging.ports[8445]}", token_env = "STAGING_TOKEN"}}'
    assert place in text
    text = text.replace(place, 'prometheus = "https://127.0.0.1:1"')
    (staging.home / "pyproject.toml").write_text(text)
    seen = staging.run("--yes", STAGING_TOKEN="not-the-token")
    assert seen.code == 4
    refused = seen.result["ending"]["refused"]
    assert "turns us away (401): it does not take the token in STAGING_TOKEN" in refused
    assert "Prometheus at https://127.0.0.1:1 refuses connections" in refused
