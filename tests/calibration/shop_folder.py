"""A simulated shop's run as a run's folder: ledger, what was asked for, readings of every source, and the facts about them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from calibration.shop import ENDS_S, STOCK, Shop
from harness import facts as f
from harness.drill.parse import parse
from harness.journal_writer import Writer as JournalWriter
from harness.ledger import OUTCOMES
from harness.ledger.writing import Writer as LedgerWriter

DRILL = Path(__file__).parent / "drills" / "orders.yaml"
RUN, OP, REQUEST = "0badcafe", "order", "POST /orders"
LOAD_S = 5.0
"""The load begins so long after the run was opened."""
READ_S = {"start": 2.0, "first": LOAD_S + ENDS_S + 20, "second": LOAD_S + ENDS_S + 31}
ROLES = {"orders": "store", "charges": "effect", "waiting": "queue", "parked": "dead", "stock": "figures"}


def write(shop: Shop, folder: Path) -> Path:
    """Written through the public writers of journal and ledger; judged as any run's folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "drill.yaml").write_text(_drill(), encoding="utf-8")
    _ledger(shop, folder)
    held: dict[str, Sequence[Mapping[str, Any]]] = {
        "orders": shop.orders,
        "charges": [{"id": charge["reference"], "cents": charge["cents"]} for charge in shop.charges],
        "waiting": [{"id": number} for number in shop.waiting],
        "parked": [{"id": number} for number in shop.parked],
    }
    writer = JournalWriter(folder / "facts", "harness", lambda: 0.0)
    end_s = LOAD_S + ENDS_S + 2
    for fact in (
        f.Opened(drill="orders", run=RUN, wall_unix_s=1.7e9, monotonic_ns=1, seen_s=0.001),
        *(_read(folder, source, "start", []) for source in held),
        _read(folder, "stock", "start", [{"left": STOCK}]),
        f.LoadBegan(begins_s=LOAD_S, seen_s=LOAD_S),
        f.GateHeld(seen_s=LOAD_S + 6),
        f.PhaseBegan(phase="broken", seen_s=LOAD_S + 7),
        f.PhaseEnded(phase="broken", seen_s=end_s - 1),
        f.PhaseSettled(phase="broken", steady=True, seen_s=end_s - 0.5),
        f.LoadEnded(clean=True, ended_s=end_s, seen_s=end_s),
        f.OrdersSettled(op=OP, quiet=not shop.waiting, waited_s=120.0 if shop.waiting else 10.0, seen_s=end_s + 12),
        *(_read(folder, source, reading, rows) for reading in ("first", "second") for source, rows in held.items()),
        *(_read(folder, "stock", reading, [{"left": shop.stock}]) for reading in ("first", "second")),
        *(f.LoadSampled(cpu_ratio=0.1, late_ms=1, due=10, dropped=0, seen_s=s + 0.5) for s in range(5, int(end_s))),
        f.Closed(seen_s=READ_S["second"] + 5),
    ):
        writer.write(fact)
    writer.close()
    return folder


@cache
def _drill() -> str:
    return parse(DRILL).masked()


def _ledger(shop: Shop, folder: Path) -> None:
    ledger = LedgerWriter(folder / "ledger", RUN, 0, 1)
    endpoint, version = ledger.number("endpoint", REQUEST), ledger.number("version", "v1")
    (folder / "orders").mkdir()
    with (folder / "orders" / "asked-0.jsonl").open("w", encoding="utf-8") as asked:
        for attempt in sorted(shop.attempts, key=lambda attempt: attempt.at_s):
            row = ledger.due(round((LOAD_S + attempt.at_s) * 1e6), 1)
            asked.write(json.dumps({"row": row, "op": OP, "key": attempt.key}) + "\n")
            ledger.sent(row, 100, endpoint)
            outcome = {0: "conn", 2: "ok", 4: "4xx", 5: "5xx"}[attempt.status // 100]
            told = version if attempt.status else 0
            ledger.done(row, row, 40_000, endpoint, attempt.status, told, OUTCOMES.index(outcome), 0, 0)
    ledger.close()


def _read(folder: Path, source: str, reading: str, rows: Sequence[Mapping[str, Any]]) -> f.Fact:
    raw = "".join(json.dumps(row) + "\n" for row in rows).encode()
    file = f"orders/{OP}.{source}.{reading}.jsonl"
    (folder / file).write_bytes(raw)
    at_s, sha256 = READ_S[reading], hashlib.sha256(raw).hexdigest()
    return f.SourceRead(
        op=OP, source=source, role=ROLES[source], reading=reading, rows=len(rows), file=file, sha256=sha256,
        begun_s=at_s - 0.1, seen_s=at_s,
    )  # fmt: skip
