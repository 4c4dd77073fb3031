"""A server that stands still for 2 s in 10: p95 and p99 as the ledger has them, over the truth.

The truth is when the server's own book says that each request was answered, less the instant at which it was due by arithmetic.
"""

from __future__ import annotations

import threading

import load_rig as rig
import numpy as np

from harness.ledger import row_of_request_id

RATE, FOR_S = 500, 10.0


def main() -> None:
    ratios: dict[int, list[float]] = {50: [], 95: [], 99: []}
    sent, truths = [], []
    for _ in range(rig.ROUNDS):
        with rig.server() as server:
            server.ask("/__reset")
            timer = threading.Timer(4.8, server.ask, ["/__stalls"])  # stands still in the middle of the held part
            timer.start()
            run = rig.Held(server, RATE, FOR_S, users=1500)
            timer.join()
            answered = {found[2]: b for a, b, i in server.ask("/__book") if (found := row_of_request_id(i))}
            rows = run.rows
            first_us = rows.array["intended_us"][0]
            due_us = first_us + np.arange(len(rows)) * 1e6 / RATE  # arithmetic, not what was recorded
            true_ms = np.array(
                [
                    (answered[n] - run.opened_ns // 1000 - due) / 1e3
                    for n, due in zip(rows.number.tolist(), due_us, strict=True)
                    if n in answered
                ]
            )
            sent.append(len(true_ms) / (RATE * FOR_S))
            for percent, found in ratios.items():
                truth = np.percentile(true_ms, percent)
                found.append(float(np.nanpercentile(rows.latency_ms, percent) / truth))
            truths.append(float(np.percentile(true_ms, 99)))
    for percent, found in ratios.items():
        rig.tell(f"reported p{percent} / truth", found, "0.95..1.05" if percent > 50 else "-")
    rig.tell("true p99, ms", truths, "-")
    rig.tell("requests sent / planned", sent, ">= 0.999")


if __name__ == "__main__":
    main()
