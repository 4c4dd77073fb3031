"""A drill on a target whose pages are read from the paging provider's list: the page that a fault causes, and its all-clear."""

from __future__ import annotations

import json
import re
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from wire.staging import Staging, certificates, drill
from wire.test_target_runs import DRILL, Place, Proxy, store

pytestmark = pytest.mark.wire
__all__ = ["store"]

KEY = "pager-key-91c4"
CONFIG = "route: {receiver: oncall, group_wait: 1s}\nreceivers: [{name: oncall, pagerduty_configs: [{routing_key: <secret>}]}]\n"
PAGES = """\
alertmanager = "URL"
pages.receivers = ["oncall"]
pages.poll = {url = "URL", path = "/incidents", each = "incidents", token_env = "PAGER_KEY", every = "1s", fields = {alert = "title", named = '^(\\w+) on', status = "status"}}
"""


class Provider(ThreadingHTTPServer):
    """Alertmanager and the paging provider in one: it pages a second after a run's toxic is on, and is resolved when that is gone."""

    daemon_threads = True

    def __init__(self, proxy: Proxy) -> None:
        super().__init__(("127.0.0.1", 0), _Asked)
        self._proxy, self._slow_s = proxy, 0.0
        self.incidents: list[dict[str, str]] = []
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def look(self) -> None:
        """What has come of the toxics."""
        on = any(name.startswith("drill-") for name in self._proxy.state()["store"].toxics)
        self._slow_s = (self._slow_s or time.monotonic()) if on else 0.0
        if self._slow_s and time.monotonic() - self._slow_s > 1 and not self.incidents:
            self.incidents.append({"id": "Q7", "title": "StoreSlow on web", "status": "triggered"})
        for one in self.incidents:
            one["status"] = "triggered" if on else "resolved"


class _Asked(BaseHTTPRequestHandler):
    server: Provider

    def do_GET(self) -> None:
        status, told = 200, b"[]"
        if self.path == "/api/v2/status":
            told = json.dumps({"config": {"original": CONFIG}}).encode()
        elif self.path == "/metrics":
            told = b""
        elif self.path == "/incidents":
            status = 200 if self.headers.get("Authorization") == f"Bearer {KEY}" else 401
            self.server.look()
            told = json.dumps({"incidents": self.server.incidents}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def paged(tmp_path: Path, toxiproxy_binary: Path, store: int) -> Iterator[Place]:
    certificates(tmp_path)
    proxy = Proxy(toxiproxy_binary, store)
    service, provider = Staging(proxy.way, tmp_path / "server.pem"), Provider(proxy)
    yield Place(tmp_path, proxy, service, more=PAGES.replace("URL", provider.url), env={"PAGER_KEY": KEY})
    provider.shutdown()
    service.shutdown()
    proxy.kill()


def drill_with_pages() -> str:
    """The drill with a page that must come, and its all-clear."""
    text = DRILL.replace("for: 5s", "for: 8s").replace("for: 9s", "for: 4s")
    text = text.replace(
        "p50: 9s}}]", "p50: 9s}}, {page_sent: {receiver: oncall, alert: StoreSlow, count: 1, within: 7s}}]"
    )
    text = text.replace(
        "within: 30s}}]", "within: 30s}}, {page_sent: {alert: StoreSlow, status: resolved, within: 15s}}]"
    )
    assert text.count("page_sent") == 2
    return text


def test_a_page_that_the_providers_list_shows_is_known_to_lie_between_two_looks(paged: Place) -> None:
    paged.drill = drill_with_pages()
    seen = paged.run()
    assert seen.code == 0, seen.err + seen.out[-3000:]
    found = seen.finding("page_sent-StoreSlow-oncall")
    assert (found["outcome"], found["measure"]["kind"]) == ("passed", "grid")
    assert 0 < found["measure"]["high"] - found["measure"]["low"] < 5
    assert seen.finding("page_sent-StoreSlow")["outcome"] == "passed"
    texts = [path.read_bytes() for path in paged.folder().rglob("*") if path.is_file()]
    assert not any(KEY.encode() in text for text in texts)
    planned = drill(paged.home, "plan", "slow", "--target", "staging", env=paged.environment, python=sys.executable)
    assert re.search(r"pages to oncall are read from http://\S+ every 1 s", planned.out), planned.err
