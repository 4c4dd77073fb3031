"""The stored run of bench_report judged again with every claim about what a stack tells of itself, and the evidence for them.

DRILL_BENCH_ROWS sets how many rows (a million when unset). To the journal come the looks, pages and containers; to the folder series
scraped every two seconds (12 of a counter, 48 buckets, attempts, memory), a log line for each request that failed, and traces
of two spans for 100,000 requests, about half of what a run keeps. DRILL_BENCH_PROFILE=1 prints where the time goes instead.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import bench_report as base
import load_rig as rig
import numpy as np

from harness import facts as f
from harness.ledger import read, request_id, traceparent
from harness.series import SeriesWriter

RUN, WALL_S = "0badcafe", 1.7e9
SPANS = 200_000
EVERY_S = 2.0
CLAIMS = """
      - metric_count_truth: {metric: http_requests_total, only: 'job="api"', request: "{method} {route}", status: code}
      - metric_error_truth: {metric: http_requests_total, only: 'job="api"', errors: 'code=~"5.."'}
      - metric_latency_truth: {metric: http_request_duration_seconds, only: 'job="api"'}
      - metric_fresh: {metric: http_requests_total, only: 'job="api"', errors: 'code=~"5.."'}
      - log_coverage: {services: [api]}
      - blame: {at: 2}
      - answers_as_usual: {allow: [5xx]}
      - impact: {errors: 5%, p95: 900ms}
      - no_regression: {errors: +5pp, p95: +50%}
      - retries_bounded: {attempts: 'attempts_total{job="api"}', at_most: 1.5}
      - leak: {service: api, limit: 512MiB, horizon: 1h}
      - traces: {attributed: 0%}
      - page_quality: {alert: "*", require: [summary, severity]}
"""


def told() -> list[f.Fact]:
    found: list[f.Fact] = [
        f.MonitoringFound(seen_s=0.5, prometheus="prometheus:9090", alertmanager="alertmanager:9093"),
        f.ExporterSeen(seen_s=0.5, service="api", observable=True),
        f.EdgeFound(seen_s=0.5, edge="client->api", address="10.0.0.1"),
        f.EdgeFound(seen_s=0.5, edge="api->db", address="10.0.0.2"),
    ]
    for service in ("api", "db"):
        found.append(f.ContainerSeen(seen_s=0.6, service=service, container=f"{service}-1", status="running"))
    for tick in range(1, int(base.LENGTH_S) + 4):
        found += [f.Looked(seen_s=tick + 0.2, probe=probe) for probe in ("series", "traces", "pages", "alerts")]
        found += [f.Looked(seen_s=tick + 0.3, probe="logs", target=f"{name}-1") for name in ("api", "db")]
        found.append(f.Looked(seen_s=tick + 0.4, probe="memory", target="api"))
        used = int(1e8 + 1e5 * np.sin(tick))
        found.append(f.MemorySeen(seen_s=tick + 0.4, service="api", container="api-1", used_bytes=used))
    for number, (start_s, _) in enumerate(base.PHASES):
        at_s = start_s + 20
        found.append(
            f.Paged(
                receiver="oncall",
                alert="Slow",
                status="firing",
                labels={"dependency": "db", "severity": "page"},
                annotations={"summary": "Shoppers wait."},
                fingerprint=str(number),
                start=str(at_s),
                starts_s=at_s - 2,
                delivery=number,
                happened_s=at_s,
                seen_s=at_s + 0.5,
            )
        )
    return found


def make_run(folder: Path) -> Path:
    base.PHASE = base.PHASE.replace("    then:", CLAIMS.strip("\n") + "\n    then:")
    base.PHASE = base.PHASE.replace(
        "recovers: {within: 20s}", "recovers: {within: 20s}\n" + "      - not_metastable: {for: 90s, within: 2s}"
    )
    base.DRILL = base.DRILL.replace("for: 15s, within: 60s", "for: 31s, within: 60s")  # six batches of five seconds
    facts = base.told
    base.told = lambda: [*facts(), *told()]
    run = base.make_run(folder)
    rows = read(run / "ledger")
    make_series(run / "series", rows)
    make_logs(run / "logs", rows)
    make_spans(run / "spans", rows)
    return run


def make_series(folder: Path, rows: object) -> None:
    """Counters that count what the ledger holds, at each scrape."""
    from harness.ledger import Rows

    assert isinstance(rows, Rows)
    asked = {
        'http_requests_total{job="api"}': None,
        'http_requests_total{job="api",code=~"5.."}': "5",
        'http_request_duration_seconds_bucket{job="api"}': None,
        'attempts_total{job="api"}': None,
        "up": None,
        "scrape_duration_seconds": None,
        "process_start_time_seconds": None,
    }
    writer = SeriesWriter(folder, asked)
    at_s = np.arange(0.5, base.LENGTH_S + 4, EVERY_S)
    stamps = [round((WALL_S + one) * 1e3) for one in at_s]
    array = rows.array
    done_us = rows.array["intended_us"] + array["sent_us"].astype(np.int64) + array["took_us"] - 100
    labels = {"job": "api", "instance": "api-1:80"}

    def samples(values: object) -> list[tuple[int, float]]:
        return list(zip(stamps, np.asarray(values, float).tolist(), strict=True))

    for i, name in enumerate(base.ENDPOINTS, start=1):
        method, route = name.split(" ", 1)
        mine = array["endpoint"] == i
        for code in (200, 500):
            counted = np.sort(done_us[mine & ((array["status"] == code) | ((array["status"] == 0) & (code == 200)))])
            one = {"__name__": "http_requests_total", **labels, "method": method, "route": route, "code": str(code)}
            rise = samples(np.searchsorted(counted, at_s * 1e6))
            writer.add('http_requests_total{job="api"}', [(one, rise)])
            if code == 500:
                writer.add('http_requests_total{job="api",code=~"5.."}', [(one, rise)])
        for le in (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, np.inf):
            within = np.sort(done_us[mine & (array["took_us"] - 500 <= le * 1e6)])
            shown = "+Inf" if np.isinf(le) else f"{le:g}"
            one = {
                "__name__": "http_request_duration_seconds_bucket",
                **labels,
                "method": method,
                "route": route,
                "le": shown,
            }
            writer.add(
                'http_request_duration_seconds_bucket{job="api"}', [(one, samples(np.searchsorted(within, at_s * 1e6)))]
            )
    writer.add(
        'attempts_total{job="api"}',
        [({"__name__": "attempts_total", **labels}, samples(np.searchsorted(np.sort(done_us), at_s * 1e6)))],
    )
    writer.add("up", [({"__name__": "up", **labels}, samples(np.ones(len(at_s))))])
    writer.add(
        "scrape_duration_seconds",
        [({"__name__": "scrape_duration_seconds", **labels}, samples(np.full(len(at_s), 0.01)))],
    )
    writer.add(
        "process_start_time_seconds",
        [({"__name__": "process_start_time_seconds", **labels}, samples(np.full(len(at_s), WALL_S - 60)))],
    )


def make_logs(folder: Path, rows: object) -> None:
    from harness.ledger import Rows

    assert isinstance(rows, Rows)
    folder.mkdir()
    (folder / "index.jsonl").write_text(
        json.dumps({"service": "api", "container": "api-1", "file": "api-1.log"}) + "\n"
    )
    sent_s = rows.sent_s
    with (folder / "api-1.log").open("w") as file:
        for place in np.flatnonzero(~rows.outcome("ok")).tolist():
            at_s = float(sent_s[place]) + 0.05
            stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(WALL_S + at_s)) + f".{int(at_s % 1 * 1e9):09d}Z"
            said = {"level": "ERROR", "message": "no connection", "error.type": "PoolTimeout", "dependency": "db"}
            said["request_id"] = request_id(RUN, int(rows.worker[place]), int(rows.number[place]))
            file.write(f"{stamp} {json.dumps(said)}\n")


def make_spans(folder: Path, rows: object) -> None:
    """A server's span and its call of the database, for requests spread over the run."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    from harness.ledger import Rows

    assert isinstance(rows, Rows)
    folder.mkdir()
    every = max(1, 2 * len(rows) // SPANS)
    sent_s = rows.sent_s
    with (folder / "otlp.jsonl").open("w") as file:
        for start in range(0, len(rows), 500 * every):
            request = ExportTraceServiceRequest()
            resource = request.resource_spans.add()
            attribute = resource.resource.attributes.add(key="service.name")
            attribute.value.string_value = "api"
            scope = resource.scope_spans.add()
            last_s = 0.0
            for place in range(start, min(start + 500 * every, len(rows)), every):
                parts = traceparent(RUN, int(rows.worker[place]), int(rows.number[place])).split("-")
                began_s, took_s = float(sent_s[place]), float(rows.array["took_us"][place]) / 1e6
                last_s = max(last_s, began_s + took_s)
                failed = int(rows.array["status"][place]) == 500
                for kind, own, above in ((2, b"\1", bytes.fromhex(parts[2])), (3, b"\2", b"\1" * 8)):
                    span = scope.spans.add(name="call db" if kind == 3 else "serve", kind=kind)
                    span.trace_id, span.span_id, span.parent_span_id = bytes.fromhex(parts[1]), own * 8, above
                    span.start_time_unix_nano = round((WALL_S + began_s + 0.0005) * 1e9)
                    span.end_time_unix_nano = round((WALL_S + began_s + took_s - 0.0005) * 1e9)
                    span.status.code = 2 if failed else 0
                    if kind == 3:
                        span.attributes.add(key="server.address").value.string_value = "db"
            body = base64.b64encode(request.SerializeToString()).decode()
            sent = {"at_s": last_s + 1, "type": "application/x-protobuf", "encoding": "", "body": body}
            file.write(json.dumps(sent) + "\n")


PROFILE = base.OURS.replace(
    "judgement = judging.judge_folder(Path(sys.argv[1]))",
    "import cProfile, pstats; p = cProfile.Profile(); p.enable(); judgement = judging.judge_folder(Path(sys.argv[1])); p.disable(); "
    "pstats.Stats(p, stream=sys.stderr).sort_stats('cumtime').print_stats(70)",
)
FINDINGS = """
import sys
from pathlib import Path
from harness import judging
for one in judging.judge_folder(Path(sys.argv[1])).document["findings"]:
    print(" ", one["outcome"], one.get("reason", ""), one["id"], one["because"][:100])
"""


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="drill-bench-") as name:
        run = make_run(Path(name))
        if os.environ.get("DRILL_BENCH_PROFILE"):
            subprocess.run([sys.executable, "-c", PROFILE, str(run)], check=True)
            subprocess.run([sys.executable, "-c", FINDINGS, str(run)], check=True)
            return
        ours = [base.measured(sys.executable, base.OURS, run) for _ in range(rig.ROUNDS)]
    print(f"  {base.ROWS} rows, verdict {ours[0]['verdict']}, report.html {ours[0]['bytes'] / 1e3:.0f} kB")
    rig.tell("judged, s", [one["judge_s"] for one in ours], "-")
    rig.tell("reported, s", [one["report_s"] for one in ours], "-")
    rig.tell("both, CPU s", [one["cpu_s"] for one in ours], "-")
    rig.tell("peak memory, the mapped ledger in it, GB", [one["peak_gb"] for one in ours], "< 0.6")
    print(f"  load average {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
