"""A dashboard's queries as they are asked: Grafana's variables put in, rows unfolded, and what is not asked, with its reason."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.dashboards import panel_queries
from harness.promql import readings


def board(*panels: dict[str, Any], **more: Any) -> str:
    return json.dumps({"title": "T", "panels": list(panels), **more})


def target(expr: str, **more: Any) -> dict[str, Any]:
    return {"id": 1, "title": "P", "targets": [{"expr": expr, **more}]}


@pytest.mark.parametrize(
    ("expr", "query"),
    [
        ("rate(a[$__rate_interval])", "rate(a[8s])"),
        ("rate(a[${__interval}])", "rate(a[2s])"),
        ('a{job="$job"}', 'a{job="api"}'),
        ('a{job=~"${job:regex}"}', 'a{job=~"api"}'),
        ('a{x=~"[[every]]"}', 'a{x=~".*"}'),
        ('a{x=~"$several"}', r'a{x=~"(o-ne|t\\.wo)"}'),
        ('a{x=~"x-[[several]]"}', r'a{x=~"x-(o-ne|t\\.wo)"}'),
        ("sum by (${labels:csv}) (a)", "sum by (path,code) (a)"),
        ('a{x=~"$chosen"}', r'a{x=~"t\\.wo"}'),
        ('a{x="$single"}', 'a{x="t.wo"}'),
        ('a{x=~"$custom_all"}', 'a{x=~"team-.+"}'),
        ('a{x="$unset"}', 'a{x=~".*"}'),
        ('a{x= "pay.$unset.svc-$job"}', r'a{x=~ "pay\\..*\\.svc-api"}'),
        ('a{x=~"(?:$unset)/$job"}', 'a{x=~"(?:.*)/api"}'),
        ('label_replace(a, "b", "$1-${2}", "c", "(.*)x(.*)$")', 'label_replace(a, "b", "$1-${2}", "c", "(.*)x(.*)$")'),
        ("a > $limit", "a > 5"),
        ('a{x=~"$fixed"}', 'a{x=~"api|web{1,2}"}'),
        ("rate(a[$window])", "rate(a[8s])"),
        ("rate(a[$__auto_interval_window])", "rate(a[8s])"),
        ("rate(a[$auto])", "rate(a[8s])"),
        ('a{x=~"$nowhere"}', 'a{x=~".*"}'),
        ("a offset $offset", "a offset 5m"),
    ],
)
def test_a_dashboards_variables_are_put_in(expr: str, query: str) -> None:
    variables = [
        {"name": "job", "type": "query", "current": {"value": "api"}},
        {"name": "every", "type": "query", "current": {"value": "$__all"}},
        {"name": "several", "type": "query", "multi": True, "current": {"value": ["o-ne", "t.wo"]}},
        {"name": "labels", "type": "custom", "multi": True, "current": {"value": ["path", "code"]}},
        {"name": "chosen", "type": "query", "multi": True, "current": {"value": ["t.wo"]}},
        {"name": "single", "type": "query", "current": {"value": "t.wo"}},
        {"name": "custom_all", "type": "query", "includeAll": True, "allValue": "team-.+", "current": {}},
        {"name": "unset", "type": "query", "current": {}},
        {"name": "limit", "type": "custom", "query": "low : 5, high : 9", "current": {}},
        {"name": "fixed", "type": "constant", "query": "api|web{1,2}"},
        {"name": "window", "type": "interval", "query": "1m,5m", "current": {"value": "$__auto_interval_window"}},
        {"name": "auto", "type": "interval", "query": "auto,1m", "current": {}},
        {"name": "offset", "type": "interval", "query": "5m,1h"},
    ]
    (found,) = panel_queries(board(target(expr), templating={"list": variables}), 2.0)
    assert found.query == query
    assert list(readings(query))


@pytest.mark.parametrize(
    "expr", ["a > $unset", 'a{x!="$unset"}', 'a{x!~"b|$unset"}', "sum by ($unset) (a)", "a[$unset]"]
)
def test_what_a_variable_without_a_value_leaves_open_is_not_asked(expr: str) -> None:
    (found,) = panel_queries(board(target(expr)), 2.0)
    assert (found.query, found.why) == ("", "its variable $unset has no value in the file")


def test_rows_are_unfolded_and_other_data_sources_are_said() -> None:
    row = {"type": "row", "title": "R", "panels": [target("up")]}
    loki = target("{a=1}", datasource={"type": "loki", "uid": "x"})
    mixed = target("b", datasource={"type": "prometheus", "uid": "${datasource}"})
    found = panel_queries(board(row, loki, mixed, {"type": "text", "title": "Words"}), 1.0)
    assert [(panel.query, panel.why) for panel in found] == [
        ("up", ""),
        ("", "its data source is loki, not Prometheus"),
        ("b", ""),
    ]


@pytest.mark.parametrize("text", ["[", "[]", "{}", '{"panels": 3}'])
def test_what_is_no_dashboard_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"dashboard|Expecting"):
        panel_queries(text, 1.0)


def test_a_query_that_nobody_sees_is_none_of_the_dashboards() -> None:
    assert panel_queries(board(target("up", hide=True)), 1.0) == ()
    (seen,) = panel_queries(board(target("up", hide=False)), 1.0)
    assert seen.query == "up"


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("Loki", "loki"),
        ("prod-elasticsearch", "elasticsearch"),
        ({"uid": "loki"}, "loki"),
        ("$logs", "loki"),
        ({"uid": "${DS_LOGS}"}, "loki"),
        ("${DS_LOKI}", "loki"),
        ("-- Mixed --", "grafana"),
        ("Prometheus", ""),
        ("prometheus of loki", ""),
        ("temporal", ""),
        ("default", ""),
        ("$metrics", ""),
        ({"uid": "${DS_METRICS}"}, ""),
        ({"type": "grafana-amazonprometheus-datasource", "uid": "x"}, ""),
        (None, ""),
    ],
)
def test_a_data_source_is_told_by_its_type_its_variable_or_its_name(source: Any, kind: str) -> None:
    stated = {
        "templating": {
            "list": [
                {"name": "logs", "type": "datasource", "query": "loki"},
                {"name": "metrics", "type": "datasource", "query": "prometheus"},
            ]
        },
        "__inputs": [
            {"name": "DS_LOGS", "type": "datasource", "pluginId": "loki"},
            {"name": "DS_METRICS", "type": "datasource", "pluginId": "prometheus"},
        ],
    }
    (found,) = panel_queries(board(target("a", datasource=source), **stated), 1.0)
    assert found.why == (f"its data source is {kind}, not Prometheus" if kind else "")
    assert found.query == ("" if kind else "a")
