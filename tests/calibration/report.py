"""The result of a calibration, as figures and as a page of the documentation."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from calibration.coverage import Cell
from calibration.rates import NEVER_DECIDED, Null, Rate
from calibration.recordings import Grafted
from calibration.suite import Found

MOST_FALSE = 0.02
LEAST_FOUND = 0.95
Figures = Mapping[str, Any]


def figures(
    healthy: Null,
    whole: Null,
    found: Sequence[Found],
    covered: Sequence[Cell],
    real: tuple[Null, Sequence[Grafted]] | None,
) -> Figures:
    """All that was counted, as plain data."""
    data: dict[str, Any] = {
        "null": _null(healthy),
        "rehearsals": _null(whole),
        "defects": [
            {
                "name": one.planted.name,
                "about": one.planted.about,
                "phase": one.planted.phase,
                "claim": one.planted.claim,
                "reason": one.planted.reason,
                **_rate(one.found),
                "instead": dict(one.instead.most_common()),
                "spoken": _spoken(one.spoken),
            }
            for one in found
        ],
        "coverage": [
            {"table": c.table, "case": c.case, "counts": c.counts, **_rate(c.rate), "least": c.least, "most": c.most}
            for c in covered
        ],
    }
    if real is not None:
        null, grafts = real
        data["recordings"] = {
            "null": _null(null),
            "grafts": [
                {
                    "name": one.graft.name,
                    "word": one.graft.word,
                    "reasons": list(one.graft.reasons),
                    **_rate(one.found),
                    "instead": dict(one.instead.most_common()),
                }
                for one in grafts
            ],
        }
    return data


def as_json(data: Figures) -> str:
    return json.dumps(data, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def broken(data: Figures) -> list[str]:
    """What is promised and was not held, beyond what chance explains."""
    found = []
    for name in ("null", "rehearsals"):
        null = data[name]
        if null["false"]["low"] > MOST_FALSE or null["census"]["count"]:
            found.append(f"{name}: {null['false']['count']} false failures, {null['census']['count']} of them census")
    found += [
        f"{one['name']}: found in {one['count']} of {one['runs']}"
        for one in data["defects"]
        if one["high"] < LEAST_FOUND
    ]
    found += [
        f"{one['table']}, {one['case']}: {one['count']} of {one['runs']}"
        for one in data["coverage"]
        if one["high"] < one["least"] or one["low"] > one["most"]
    ]
    return found


def page(data: Figures) -> str:
    """docs/calibration.md."""
    null, whole, defects = data["null"], data["rehearsals"], data["defects"]
    runs = max((one["runs"] for one in defects), default=0)
    found = sum(one["count"] for one in defects)
    total = sum(one["runs"] for one in defects)
    miss = Rate(total - found, total)
    often = sum(one["runs"] == runs for one in defects)
    lines = [
        "# How often the judge is wrong",
        "",
        "The judge is judged on a simulated service: discrete events of a checkout under load, with its metrics, logs, traces,",
        "alerts and pages, and with the faults of a drill. The simulator (`tests/calibration/simulator/`) imports nothing of",
        "what judges. This page and `calibration.json` are made by `make calibration`; every draw is seeded, so that it comes",
        "to the same figures again. Intervals are exact, 95 % (Clopper-Pearson).",
        "",
        "## Healthy runs",
        "",
        "| | runs | claims | with a false failure | of a census | with an undecided claim | invalid |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        _null_line("calm and one trouble each", null),
        _null_line("the whole rehearsal", whole),
        "",
        f"Not counted as undecided: {', '.join(f'`{one}`' for one in NEVER_DECIDED)}, which no run of this drill can decide, because",
        "four processes end in its phase.",
        "",
        f"Promised: a false failure in at most {MOST_FALSE:.0%} of runs, of a census never.",
        "",
        *_dialects(null, defects),
        *_said(null, whole),
        "## Planted defects",
        "",
        f"{len(defects)} defects, {often} of them {runs} runs each; {found} of {total} were found by the claim and with the reason that they",
        f"are named for: {_percent(miss)} were missed. Promised: each in at least {LEAST_FOUND:.0%}.",
        "",
        "| defect | what is wrong | claim | reason | found | interval | by dialect | else |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
        *(
            f"| `{one['name']}` | {one['about']} | `{one['claim']}` | `{one['reason']}` | {one['count']} of {one['runs']} | "
            f"{_span(one)} | {_by_dialect(one)} | {_instead(one)} |"
            for one in defects
        ),
        "",
        "## Intervals of the judge's own",
        "",
        "On series that remember: φ is the correlation from one second to the next. Point by point is how Kayenta's judge compares two",
        "phases (`tests/calibration/kayenta.py`); what is known of it there is no promise, but why it is not done here.",
        "",
        "| table | case | counted | share | interval | promised |",
        "| --- | --- | --- | --- | --- | --- |",
        *(
            f"| {c['table']} | {c['case']} | {c['counts']} | {_share(c)} of {c['runs']} | {_span(c)} | {_promised(c)} |"
            for c in data["coverage"]
        ),
        "",
    ]
    return "\n".join([*lines, *_recordings(data)])


def _dialects(null: Figures, defects: Sequence[Figures]) -> list[str]:
    """Of each dialect, its healthy runs and its planted defects."""
    names = list(dict.fromkeys([*null["spoken"], *(name for one in defects for name in one["spoken"])]))
    if not names:
        return []

    def of(name: str) -> str:
        false = null["spoken"].get(name, {"count": 0, "runs": 0})
        mine = [one["spoken"][name] for one in defects if name in one["spoken"]]
        found, runs = sum(one["count"] for one in mine), sum(one["runs"] for one in mine)
        return f"| `{name}` | {false['runs']} | {false['count']} | {len(mine)} | {found} of {runs} |"

    return [
        "Services spell what they tell in different ways: each seed draws its dialect (`tests/calibration/simulator/dialects.py`),",
        "and the claims are written as somebody would write them for that service (`tests/calibration/asking.py`).",
        "",
        "| dialect | healthy runs | with a false failure | planted defects | found |",
        "| --- | --- | --- | --- | --- |",
        *(of(name) for name in names),
        "",
    ]


def _by_dialect(one: Figures) -> str:
    return ", ".join(f"{name} {rate['count']}/{rate['runs']}" for name, rate in one["spoken"].items())


def _spoken(rates: Mapping[str, Rate]) -> dict[str, Any]:
    return {name: _rate(rate) for name, rate in sorted(rates.items())}


def _recordings(data: Figures) -> list[str]:
    real = data.get("recordings")
    if real is None:
        return [
            "## Recorded runs",
            "",
            'None was given. `make calibration RUNS="runs/friday-traffic/* …"` judges run folders of a healthy stack as they are,',
            "and with defects planted into copies of their evidence.",
            "",
        ]
    return [
        "## Recorded runs",
        "",
        "Runs of the real stack, as they are, and with defects planted into copies of their evidence, one passed claim at a time.",
        "",
        "| | runs | claims | with a false failure | of a census | with an undecided claim | invalid |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        _null_line("recorded", real["null"]),
        "",
        "| planted | claims | reason | found | else |",
        "| --- | --- | --- | --- | --- |",
        *(
            f"| `{one['name']}` | `{one['word']}` | {', '.join(f'`{r}`' for r in one['reasons'])} | {one['count']} of {one['runs']} | {_instead(one)} |"
            for one in real["grafts"]
        ),
        "",
    ]


def _said(*nulls: Figures) -> list[str]:
    """What the false failures were, and what was left undecided."""
    false = [text for null in nulls for text in null["said"]]
    open_: dict[str, int] = {}
    for null in nulls:
        for name, count in null["open"].items():
            open_[name] = open_.get(name, 0) + count
    lines = ["False failures and invalid runs:", "", *(f"* {text}" for text in false[:20]), ""] if false else []
    if open_:
        told = ", ".join(f"`{name}` {count}" for name, count in sorted(open_.items(), key=lambda one: -one[1])[:12])
        lines += [f"Undecided: {told}.", ""]
    return lines


def _null(null: Null) -> dict[str, Any]:
    return {
        "runs": null.false.runs,
        "claims": null.claims,
        "false": _rate(null.false),
        "census": _rate(null.census),
        "undecided": _rate(null.undecided),
        "invalid": _rate(null.invalid),
        "said": null.said,
        "spoken": _spoken(null.spoken),
        "open": dict(null.open.most_common()),
    }


def _rate(rate: Rate) -> dict[str, Any]:
    low, high = rate.interval
    return {"count": rate.count, "runs": rate.runs, "low": round(low, 5), "high": round(high, 5)}


def _null_line(name: str, null: Figures) -> str:
    cells = [f"{null[what]['count']} ({_span(null[what])})" for what in ("false", "census", "undecided", "invalid")]
    return f"| {name} | {null['runs']} | {null['claims']} | {' | '.join(cells)} |"


def _span(one: Figures) -> str:
    return f"{100 * one['low']:.3g}–{100 * one['high']:.3g} %"


def _share(one: Figures) -> str:
    return f"{100 * one['count'] / one['runs']:.1f} %" if one["runs"] else "none"


def _percent(rate: Rate) -> str:
    low, high = rate.interval
    share = rate.count / rate.runs if rate.runs else 0.0
    return f"{100 * share:.2g} % ({100 * low:.2g}–{100 * high:.2g} %)"


def _promised(cell: Figures) -> str:
    if not cell["least"]:
        return f"at most {100 * cell['most']:.3g} %"
    if cell["most"] == 1.0:
        return f"at least {cell['least']:.0%}"
    return f"known: {100 * cell['least']:.3g} to {100 * cell['most']:.3g} %"


def _instead(one: Figures) -> str:
    return ", ".join(f"{name} {count}" for name, count in one["instead"].items())
