"""Highest held open rate, everything recorded, as a share of a flat-out FastHttpUser on the same core in turn.

Held: over 30 s 99.9 % of what was due begins within a second, and none is dropped. Each round tries one share, a step up when the
last was held and a step down when not.
"""

from __future__ import annotations

import os

import load_rig as rig
import numpy as np

FOR_S = float(os.environ.get("DRILL_BENCH_HELD_S", "30"))
STEP = 0.05


def main() -> None:
    share, held, flats = 0.55, [], []
    with rig.server() as server:
        for number in range(rig.ROUNDS):
            flat = rig.flat_out_per_s(server)
            run = rig.Held(server, flat * share, FOR_S)
            begun = np.mean(run.rows.late_ms < 1000)
            good = bool(begun >= 0.999 and run.dropped == 0)
            p99 = np.nanpercentile(run.rows.late_ms, 99)
            print(
                f"  round {number}: flat out {flat:7.0f}/s, tried {share:.2f} = {flat * share:6.0f}/s: begun {begun:.4f}, "
                f"dropped {run.dropped}, late p99 {p99:.1f} ms: {'held' if good else 'not held'}",
                flush=True,
            )
            flats.append(flat)
            if good:
                held.append(share)
            share = share + STEP if good else share - STEP
        rig.tell("held open rate / flat-out FastHttpUser", held or [0.0], ">= 0.55")
        rig.tell("flat-out FastHttpUser", flats, "-", "/s")


if __name__ == "__main__":
    main()
