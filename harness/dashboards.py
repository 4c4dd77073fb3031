"""A Grafana dashboard's JSON as the queries that its panels ask of Prometheus, with Grafana's variables put in. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_VARIABLE = re.compile(r"\$\{(\w+)(?::[^}]*)?\}|\$(\w+)|\[\[(\w+)(?::[^\]]*)?\]\]")
ANY = ".*"  # what a variable without a value stands for: in a matcher with =~ every value
RANGE_S = 300


@dataclass(frozen=True)
class PanelQuery:
    """One query of one panel; `why` says why it is not asked (another data source, nothing to ask)."""

    panel: str
    query: str = ""
    why: str = ""


def panel_queries(text: str, scrape_s: float) -> tuple[PanelQuery, ...]:
    """Every target of every panel, rows unfolded. `scrape_s` is the interval that Grafana would work with.

    Raises ValueError for what is no dashboard.
    """
    try:
        return _panel_queries(text, scrape_s)
    except (AttributeError, TypeError, RecursionError):
        raise ValueError("it is not written as Grafana writes a dashboard") from None


def _panel_queries(text: str, scrape_s: float) -> tuple[PanelQuery, ...]:
    data = json.loads(text)
    board = data.get("dashboard", data) if isinstance(data, dict) else None
    if not isinstance(board, dict) or not isinstance(board.get("panels"), list):
        raise ValueError("it is no dashboard: there is no list of panels in it")
    values = {**_variables(board), **builtins(scrape_s)}
    return tuple(found for panel in _panels(board["panels"]) for found in _queries(panel, values))


def builtins(scrape_s: float) -> dict[str, str]:
    """Grafana's own variables at a scrape interval: $__rate_interval is four of them, as Grafana makes it."""
    step_s = max(1, round(scrape_s))
    return {
        "__rate_interval": f"{4 * step_s}s",
        "__interval": f"{step_s}s",
        "__interval_ms": str(1000 * step_s),
        "__rate_interval_ms": str(4000 * step_s),
        "__range": f"{RANGE_S}s",
        "__range_s": str(RANGE_S),
        "__range_ms": str(1000 * RANGE_S),
    }


def filled(query: str, values: Mapping[str, str]) -> str:
    """The query with each $name, ${name}, ${name:format} and [[name]] replaced; an unknown one by everything."""
    return _VARIABLE.sub(lambda m: values.get(m.group(1) or m.group(2) or m.group(3), ANY), query)


def _panels(panels: Sequence[Any]) -> Iterator[Mapping[str, Any]]:
    for panel in panels:
        if isinstance(panel, dict):
            if panel.get("type") != "row":
                yield panel
            yield from _panels(panel.get("panels") or ())


def _queries(panel: Mapping[str, Any], values: Mapping[str, str]) -> Iterator[PanelQuery]:
    title = str(panel.get("title") or f"panel {panel.get('id', '?')}")
    for target in panel.get("targets") or ():
        source = _kind(target.get("datasource") or panel.get("datasource"))
        query = str(target.get("expr") or "").strip()
        if source not in ("", "prometheus"):
            yield PanelQuery(title, why=f"its data source is {source}, not Prometheus")
        elif query:
            yield PanelQuery(title, filled(query, values))


def _kind(source: Any) -> str:
    """The type of a data source where it is named: '' for the default, or a variable (which is expected to be Prometheus)."""
    if isinstance(source, dict):
        uid = str(source.get("uid") or "")
        return str(source.get("type") or ("grafana" if uid.startswith("-- ") else "")).lower()
    text = str(source or "")
    return "grafana" if text.startswith("-- ") else ""


def _variables(board: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for variable in (board.get("templating") or {}).get("list") or ():
        if isinstance(variable, dict) and variable.get("name"):
            found[str(variable["name"])] = _value(variable)
    return found


def _value(variable: Mapping[str, Any]) -> str:
    """What a variable stands for: its present value, all of several joined as a pattern, everything for All."""
    current = (variable.get("current") or {}).get("value")
    if current in (None, "", "$__all", ["$__all"], []):
        if variable.get("type") in ("constant", "textbox", "interval", "custom") and variable.get("query"):
            return str(variable["query"]).split(",")[0].strip()
        return str(variable.get("allValue") or ANY)
    if isinstance(current, list):
        return "|".join(re.escape(str(one)) for one in current) if len(current) > 1 else str(current[0])
    return str(current)
