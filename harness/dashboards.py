"""A Grafana dashboard's JSON as the queries that its panels ask of Prometheus, with Grafana's variables put in. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.dashboard_variables import Variable, filled, variables

_SOURCE = re.compile(r"\$\{?(\w+)\}?")
OTHERS = frozenset(
    (
        "azure", "bigquery", "clickhouse", "cloudwatch", "elasticsearch", "graphite", "influxdb", "influx", "jaeger", "loki", "mssql",
        "mysql", "opensearch", "opentsdb", "postgres", "postgresql", "pyroscope", "snowflake", "splunk", "sqlite", "stackdriver",
        "tempo", "testdata", "zabbix", "zipkin",
    )
)  # fmt: skip
"""Kinds of data source that are not Prometheus, as people name theirs; old dashboards tell no more of one than its name."""


@dataclass(frozen=True)
class PanelQuery:
    """One query of one panel; `why` says why it is not asked (another data source, a variable without a value)."""

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
    known, sources = variables(board, scrape_s), _sources(data, board)
    return tuple(found for panel in _panels(board["panels"]) for found in _queries(panel, known, sources))


def _panels(panels: Sequence[Any]) -> Iterator[Mapping[str, Any]]:
    for panel in panels:
        if isinstance(panel, dict):
            if panel.get("type") != "row":
                yield panel
            yield from _panels(panel.get("panels") or ())


def _queries(
    panel: Mapping[str, Any], known: Mapping[str, Variable], sources: Mapping[str, str]
) -> Iterator[PanelQuery]:
    title = str(panel.get("title") or f"panel {panel.get('id', '?')}")
    for target in panel.get("targets") or ():
        if target.get("hide"):
            continue  # nobody sees it
        source = _kind(target.get("datasource") or panel.get("datasource"), sources)
        query = str(target.get("expr") or "").strip()
        if source and "prometheus" not in source:
            yield PanelQuery(title, why=f"its data source is {source}, not Prometheus")
        elif query:
            yield _asked(title, query, known)


def _asked(title: str, query: str, known: Mapping[str, Variable]) -> PanelQuery:
    try:
        return PanelQuery(title, filled(query, known))
    except ValueError as error:
        return PanelQuery(title, why=str(error))


def _kind(source: Any, stated: Mapping[str, str]) -> str:
    """The type of a data source where it can be told, by its variable or by its name, too; '' for the default and what may be
    Prometheus."""
    if isinstance(source, dict) and source.get("type"):
        return str(source["type"]).lower()
    name = str((source.get("uid") if isinstance(source, dict) else source) or "")
    if name.startswith("-- "):
        return "grafana"
    variable = _SOURCE.fullmatch(name)
    if variable is not None and variable[1] in stated:
        return stated[variable[1]]
    words = re.findall("[a-z]+", name.lower())
    return "" if any(word.startswith("prom") for word in words) else next((one for one in words if one in OTHERS), "")


def _sources(data: Mapping[str, Any], board: Mapping[str, Any]) -> dict[str, str]:
    """The types of data sources that stand for themselves by a variable, or are asked for when the file is imported."""
    inputs = [(one.get("name"), one.get("pluginId")) for one in data.get("__inputs") or board.get("__inputs") or ()]
    listed = (board.get("templating") or {}).get("list") or ()
    chosen = [(one.get("name"), one.get("query")) for one in listed if one.get("type") == "datasource"]
    return {str(name): str(kind).lower() for name, kind in (*inputs, *chosen) if kind}
