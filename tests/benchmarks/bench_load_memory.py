"""Memory that recording takes: anonymous memory (RssAnon) of the load process, per request, once it has warmed up."""

from __future__ import annotations

import load_rig as rig

from harness.ledger import DTYPE
from harness.load.generator import Generator

RATE, FOR_S = 2500, 14.0


def main() -> None:
    growth = []
    with rig.server() as server:
        for _ in range(rig.ROUNDS):
            seen: list[tuple[int, int]] = []

            def look(generator: Generator, seen: list[tuple[int, int]] = seen) -> None:
                with open(f"/proc/{generator.pid}/status") as status:
                    lines = dict(line.split(":", 1) for line in status)
                seen.append((int(lines["RssAnon"].split()[0]) * 1024, server.ask("/__count")))

            rig.Held(server, RATE, FOR_S, look=look)
            (early, first), (late, last) = seen[len(seen) // 2], seen[-1]
            growth.append((late - early) / (last - first))
    rig.tell("anonymous memory, bytes per request", growth, "about 0")
    rig.tell("a row, bytes", [DTYPE.itemsize], "<= 40")


if __name__ == "__main__":
    main()
