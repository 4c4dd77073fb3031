"""The loop: look each two seconds, judge, shift the weights; each decision is a line of JSON and a metric.

Run: python3 -m promoter
"""

from __future__ import annotations

import json
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from promoter.balancer import Balancer
from promoter.counts import Prometheus
from promoter.judgement import Limits
from promoter.trial import Trial

PORT = 9465
LOOK_S = 2.0
DECISIONS = ("none", "trying", "promoted", "withdrawn")


class Promoter:
    def __init__(self) -> None:
        asked = os.environ
        self._prometheus = Prometheus(asked["PROMETHEUS_URL"])
        self._balancer = Balancer(asked["BALANCER"])
        self._limits = Limits(float(asked["PROMOTER_ERRORS_MORE"]), float(asked["PROMOTER_P95_TIMES"]))
        self._by_segment = {"segments": True, "total": False}[asked["PROMOTER_COMPARES"]]
        self._trial: Trial | None = None
        self._share: float | None = None  # what it was before we began is not known: it is set
        self._looks = {"ok": 0, "error": 0}

    def look(self) -> None:
        try:
            self._judge()
            self._looks["ok"] += 1
        except (OSError, ValueError, KeyError) as error:  # nothing is decided on what was not seen
            self._looks["error"] += 1
            say("cannot look", why=str(error))

    def _judge(self) -> None:
        canary, others = self._prometheus.versions()
        new = canary - others
        if not new or not others:
            self._give(0.0)
            if self._trial is not None:
                say("over", version=self._trial.version, why="the canary runs what the others run, or nothing")
                self._trial = None
            return
        counts, now_s = self._prometheus.counts(), time.monotonic()
        version = max(new)
        if self._trial is None or self._trial.version != version:
            self._trial = Trial(version, self._limits, self._by_segment, counts, now_s)
            say("try", version=version, against=sorted(others), share=round(self._trial.share, 3))
        elif self._trial.decision == "trying":
            did = self._trial.look(counts, now_s)
            told = [group.told() for group in self._trial.groups]
            say(did, version=version, share=round(self._trial.share, 3), groups=told)
        self._give(self._trial.share)

    def _give(self, share: float) -> None:
        if share != self._share:
            weights = self._balancer.share(share)
            self._share = share
            say("weights", share=round(share, 3), canary=weights.get("canary1"), others=weights.get("api1"))

    def page(self) -> str:
        """What Prometheus sees of it."""
        decision = self._trial.decision if self._trial else "none"
        version = self._trial.version if self._trial else ""
        lines = ["# TYPE promoter_decision gauge"]
        lines += [
            f'promoter_decision{{decision="{one}",version="{version}"}} {int(one == decision)}' for one in DECISIONS
        ]
        lines += ["# TYPE promoter_canary_share gauge", f"promoter_canary_share {self._share or 0.0}"]
        lines += ["# TYPE promoter_looks_total counter"]
        lines += [f'promoter_looks_total{{outcome="{name}"}} {count}' for name, count in self._looks.items()]
        return "\n".join([*lines, ""])


def say(what: str, **numbers: object) -> None:
    print(json.dumps({"time": round(time.time(), 3), "decision": what, **numbers}), flush=True)


def serve(promoter: Promoter) -> None:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = promoter.page().encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Scrapes are not worth a line."""

    threading.Thread(target=ThreadingHTTPServer(("", PORT), Page).serve_forever, daemon=True).start()


def main() -> None:
    promoter = Promoter()
    serve(promoter)
    while True:
        promoter.look()
        time.sleep(LOOK_S)


if __name__ == "__main__":
    main()
