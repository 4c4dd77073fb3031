"""What share of the machine the harness takes during a real run: its process by thread, the load process, each container.

DRILL_BENCH_SECONDS sets how long is looked (120). Percent of one core, of CPU time as the kernel counts it, between two
instants of one phase of a run on the watched project at 20 requests a second.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import run_rig as rig

LENGTH_S = float(os.environ.get("DRILL_BENCH_SECONDS", "120"))


def main() -> None:
    with (
        tempfile.TemporaryDirectory(prefix="drill-bench-") as name,
        rig.running(Path(name) / "home", 1, LENGTH_S + 30) as run,
    ):
        run.wait_for("phase_began", 600)
        time.sleep(10)
        before = rig.used(run)
        time.sleep(LENGTH_S)
        rig.tell_share(before, rig.used(run))
        print(f"  load average {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
