"""An order book of a million operations judged: seconds of processor time, and memory beside what Python and the ledger take.

DRILL_BENCH_ORDERS sets how many operations (1,000,000 when unset). Each was acknowledged, is in the store and paid for; of ten the order
is missing, ten are paid for twice, ten are not paid for. Two laws are summed, one of them for each order. What was asked for and all
readings lie on disk, as a run leaves them; making them is not counted.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from harness import facts as f
from harness.ledger import DONE, DTYPE, OUTCOMES, Rows
from harness.orders.declared import EFFECT, QUEUE, STORE, Declared
from harness.orders.disk import FolderBook
from harness.orders.document import orders_doc
from harness.orders.laws import law
from harness.orders.review import Reviews
from harness.testing import journal_of

COUNT = int(os.environ.get("DRILL_BENCH_ORDERS", "1000000"))
OP, REQUEST, EACH = "checkout", "POST /checkout", 10
SOURCES = {"orders": STORE, "payments": EFFECT, "waiting": QUEUE}
LAWS = ("payments.cents = orders.cents", "payments.cents = orders.cents for each order")
END_S = COUNT / 100 + 100
READ_S = {"start": 1.0, "first": END_S + 20, "second": END_S + 31}


def keys() -> Iterator[str]:
    dice = random.Random(1)
    return (str(uuid.UUID(int=dice.getrandbits(128))) for _ in range(COUNT))


def held(source: str) -> Iterator[Mapping[str, Any]]:
    """A source's rows at the end."""
    chosen = random.Random(2).sample(range(COUNT), 3 * EACH)
    lost, twice, unpaid = (set(chosen[i * EACH : (i + 1) * EACH]) for i in range(3))
    for number, key in enumerate(keys()) if source != "waiting" else ():
        if number in lost:
            continue
        if source == "orders":
            yield {"key": key, "id": number, "cents": 1000 + number % 7}
        elif number not in unpaid:
            for _ in range(2 if number in twice else 1):
                yield {"id": str(number), "cents": 1000 + number % 7}


def written(folder: Path) -> list[f.SourceRead]:
    (folder / "orders").mkdir()
    with (folder / "orders" / "asked-0.jsonl").open("w") as asked:
        for row, key in enumerate(keys()):
            asked.write(json.dumps({"row": row, "op": OP, "key": key}) + "\n")
    found = []
    for reading, at_s in READ_S.items():
        for source, role in SOURCES.items():
            file, seen, count = f"orders/{OP}.{source}.{reading}.jsonl", hashlib.sha256(), 0
            with (folder / file).open("wb") as out:
                for row in held(source) if reading != "start" else ():
                    line = json.dumps(row).encode() + b"\n"
                    out.write(line)
                    seen.update(line)
                    count += 1
            found.append(
                f.SourceRead(
                    seen_s=at_s, begun_s=at_s - 0.5, op=OP, source=source, role=role, reading=reading, rows=count, file=file,
                    sha256=seen.hexdigest(),
                )
            )  # fmt: skip
    return found


def resident_mib() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        read = written(folder)
        array = np.zeros(COUNT, DTYPE)
        array["intended_us"], array["took_us"], array["parent"] = np.arange(COUNT) * 10_000, 20_000, np.arange(COUNT)
        array["endpoint"], array["status"], array["outcome"], array["state"] = 1, 201, OUTCOMES.index("ok"), DONE
        rows = Rows(array, np.zeros(COUNT, np.uint16), np.arange(COUNT, dtype=np.uint32), ("", REQUEST))
        journal = journal_of(
            f.Opened(drill="d", run="0badcafe", wall_unix_s=1.7e9, monotonic_ns=1),
            f.LoadEnded(seen_s=END_S, clean=True, ended_s=END_S),
            f.OrdersSettled(seen_s=END_S + 15, op=OP, quiet=True, waited_s=15.0),
            *read,
            f.Closed(seen_s=END_S + 60),
        )
        book = FolderBook(folder, OP, Declared(REQUEST, SOURCES, tuple(map(law, LAWS))))
        before_mib, began_s = resident_mib(), time.process_time()
        (told,) = orders_doc(Reviews({OP: book}, journal, rows, over=True), journal, rows)
        took_s, more_mib = time.process_time() - began_s, resident_mib() - before_mib
    found = {one["class"]: one["count"] for one in told["classes"] if one["count"]}
    assert found == {"lost": EACH, "duplicated": EACH, "orphan": EACH}, found
    assert [len(one["keys"]) for one in told["laws"]] == [2 * EACH, 2 * EACH]
    print(f"{COUNT} operations: {took_s:.1f} s of processor time, {more_mib:.0f} MiB more; found {found}")


if __name__ == "__main__":
    main()
