"""What Locust keeps for ever is cut back, and what a locustfile may ask of it is as it was. In a process of its own: locust patches whoever imports it."""

from __future__ import annotations

import subprocess
import sys

TOLD = """
import time
from types import SimpleNamespace
from locust.stats import RequestStats
from harness.load import housekeeping as hk
hk.MOST_ENTRIES, hk.MOST_ERRORS = 50, 20
stats = RequestStats()
runner = SimpleNamespace(stats=stats, exceptions={})
real = time.time
now = int(real())
for ago in range(3600, -1, -1):
    time.time = lambda: now - ago
    stats.log_request("GET", "/item", 12, 100)
    if ago % 3 == 0:
        stats.log_error("GET", "/item", f"broken {ago}")
    runner.exceptions[ago] = {"count": 1}
for number in range(100):
    stats.log_request("GET", f"/item/{number}", 5, 10)
time.time = real
before = (stats.total.num_requests, stats.total.num_failures, stats.total.get_response_time_percentile(0.95), stats.total.current_rps)
cares = hk.Housekeeping(runner)
cares.tidy()
after = (stats.total.num_requests, stats.total.num_failures, stats.total.get_response_time_percentile(0.95), stats.total.current_rps)
assert before == after, (before, after)
assert len(stats.total.num_reqs_per_sec) <= hk.SECONDS_KEPT + 2, len(stats.total.num_reqs_per_sec)
assert len(stats.total.num_fail_per_sec) <= hk.SECONDS_KEPT + 2
assert len(stats.entries) == 50 and ("/item/99", "GET") in stats.entries
assert len(stats.errors) == 20 and len(runner.exceptions) == 20 and 0 in runner.exceptions
stats.log_request("GET", "/item", 12, 100)
stats.log_error("GET", "/item", "again")
cares.tidy()
assert len(stats.errors) == 21, "its next time has not come"
"""


def test_seconds_entries_and_errors_have_an_end_and_the_totals_stay() -> None:
    done = subprocess.run([sys.executable, "-c", TOLD], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
