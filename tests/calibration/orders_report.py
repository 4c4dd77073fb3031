"""What the order book's suite came to, as figures and as a page of the documentation."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from calibration.order_histories import KINDS
from calibration.orders_suite import Counted
from calibration.shop import MISTAKES
from harness.reasons import REASONS

Figures = Mapping[str, Any]


def figures(wrong: Iterable[Counted], honest: Counted, histories: Counted) -> Figures:
    """All that was counted, as plain data."""
    return {
        "mistakes": [{**_counted(one), "reason": MISTAKES[one.name][1]} for one in wrong],
        "honest": _counted(honest),
        "histories": _counted(histories),
    }


def as_json(data: Figures) -> str:
    return json.dumps(data, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def broken(data: Figures) -> list[str]:
    """What was not as it must be: the order book counts every order, so that one run is one too many."""
    every = [*data["mistakes"], data["honest"], data["histories"]]
    wrong = [
        f"{one['name']}: {one['runs'] - one['count']} of {one['runs']} runs: {_instead(one)}"
        for one in every
        if one["count"] < one["runs"]
    ]
    return wrong + [f"{one['name']}: hurt no order in any run" for one in data["mistakes"] if not one["runs"]]


def page(data: Figures) -> str:
    """docs/orders.md."""
    honest, histories, wrong = data["honest"], data["histories"], data["mistakes"]
    total = honest["total"]
    put = histories["total"]
    lines = [
        "# Whether the order book finds what is lost, and nothing else",
        "",
        "A shop is simulated (`tests/calibration/shop.py`): an API that takes orders, a queue, a worker that has them paid by a provider.",
        "For half of each run its world is broken: connections are reset before and after the commit, commits fail, the worker crashes at",
        "any moment, the provider's answers are lost. Built right, it keeps every promise through that; built with a mistake that people",
        "make, it does not, and which orders it hurt is known. Each run is written as a run's folder and judged by the whole judge.",
        "This page and `orders.json` are made by `make calibration-orders`; every draw is seeded, so that it comes to the same",
        "figures again. Intervals are exact, 95 % (Clopper-Pearson).",
        "",
        "## The honest shop",
        "",
        f"{honest['runs']} runs, {total.get('attempts', 0):,} attempts at {total.get('orders', 0):,} orders. "
        f"{total.get('unanswered', 0):,} attempts got no answer; of the orders whose last attempt did not,",
        f"{total.get('done', 0):,} had been done all the same, and {total.get('undone', 0):,} had not.",
        "",
        "| runs | with a finding | interval | what was found |",
        "| --- | --- | --- | --- |",
        f"| {honest['runs']} | {honest['runs'] - honest['count']} | {_missed(honest)} | {_instead(honest) or 'nothing'} |",
        "",
        "## Mistakes",
        "",
        "Found: the claim failed by the mistake's own class, with exactly the keys of the orders that it hurt. A run that a mistake hurt",
        "no order in is counted apart: there, nothing may be found.",
        "",
        "| mistake | class | found | interval | orders hurt | runs without | else |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *(
            f"| {one['name']} | `{one['reason']}` | {one['count']} of {one['runs']} | {_span(one)} | "
            f"{one['total'].get('hurt', 0):,} of {one['total'].get('orders', 0):,} | {one['idle']} | {_instead(one)} |"
            for one in wrong
        ),
        "",
        "## Histories drawn at random",
        "",
        "A service that is right, with anomalies put in by hand (`tests/calibration/order_histories.py`): every class must hold exactly the",
        "keys that were put in, operations of unknown outcome that were done must be counted, and the claim must fail by the first class,",
        "or pass where nothing was put in.",
        "",
        "| histories | as they must | interval | else |",
        "| --- | --- | --- | --- |",
        f"| {histories['runs']} | {histories['count']} | {_span(histories)} | {_instead(histories)} |",
        "",
        "| class | put in | is |",
        "| --- | --- | --- |",
        *(f"| `{kind}` | {put.get(kind, 0):,} | {REASONS[kind]} |" for kind in KINDS),
        "",
    ]
    return "\n".join(lines)


def _counted(one: Counted) -> dict[str, Any]:
    low, high = one.right.interval
    return {
        "name": one.name,
        "count": one.right.count,
        "runs": one.right.runs,
        "low": round(low, 5),
        "high": round(high, 5),
        "idle": one.idle,
        "instead": dict(one.instead.most_common()),
        "total": dict(sorted(one.total.items())),
    }


def _span(one: Figures) -> str:
    return f"{100 * one['low']:.4g}–{100 * one['high']:.4g} %"


def _missed(one: Figures) -> str:
    return f"{100 * (1 - one['high']):.3g}–{100 * (1 - one['low']):.3g} %"


def _instead(one: Figures) -> str:
    return ", ".join(f"{name} ({count})" for name, count in one["instead"].items())
