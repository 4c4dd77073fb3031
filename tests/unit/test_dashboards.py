"""What stands in dashboards/ and the watching half of compose/checkout/, as far as it can be read without running it."""

from __future__ import annotations

import itertools
import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.history.results import SECONDS, Result
from harness.report.metrics import registry

ROOT = Path(__file__).parents[2]
DASHBOARDS = ROOT / "dashboards"
CHECKOUT = ROOT / "compose" / "checkout"

BOARDS = {path.stem: json.loads(path.read_text()) for path in sorted(DASHBOARDS.glob("*.json"))}
GROUPS = [
    group for path in sorted(DASHBOARDS.glob("rules/*.yml")) for group in yaml.safe_load(path.read_text())["groups"]
]
RULES = [rule for group in GROUPS for rule in group["rules"]]
ALERTS = {rule["alert"]: rule for rule in RULES if "alert" in rule}
ALERTMANAGER = yaml.safe_load((CHECKOUT / "alertmanager.yml").read_text())
PROMETHEUS = yaml.safe_load((CHECKOUT / "prometheus.yml").read_text())
RULE_TESTS = [
    one for path in sorted(DASHBOARDS.glob("tests/*.yml")) for one in yaml.safe_load(path.read_text())["tests"]
]

# What `drill metrics` tells, with its labels.
RESULTS = {
    family.name: {label for sample in family.samples for label in sample.labels}
    for family in registry(
        lambda: [
            Result("night", "passed", 1.0, 1.0, 1.0, {"a": "passed"}, {topic: {"a": 1.0} for topic in SECONDS}),
        ]
    ).collect()
}

# What others export: Prometheus itself, its client library, and a rehearsal's run.
FOREIGN = {
    "up",
    "ALERTS",
    "process_resident_memory_bytes",
    "drill_phase_info",
    "drill_fault_on",
    "drill_arrivals_total",
    "drill_requests_total",
    *RESULTS,
}
RUNS_OWN = {
    "drill_phase_info": {"phase"},
    "drill_fault_on": {"fault", "target"},
    "drill_arrivals_total": set(),
    "drill_requests_total": {"outcome"},
}


def queries(board: dict[str, Any]) -> list[str]:
    found = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    return found + [note["expr"] for note in board["annotations"]["list"]]


def exported() -> set[str]:
    """The names of all series that the service exports, from the one file that declares them."""
    source = (CHECKOUT / "app" / "checkout" / "metrics.py").read_text()
    names = set()
    for kind, name in re.findall(r"= (Counter|Gauge|Histogram)\(\s*\"([a-z_]+)\"", source):
        names |= {name, f"{name}_bucket", f"{name}_count", f"{name}_sum"} if kind == "Histogram" else {name}
    return names


def metrics_of(expr: str) -> set[str]:
    """The metrics in an expression: names that are neither functions nor words of the language nor labels."""
    bare = re.sub(r"\{[^}]*\}|\"[^\"]*\"|\[[^\]]*\]|\b(?:by|without|on|ignoring)\s*\([^)]*\)", " ", expr)
    words = re.findall(r"(?<![\w:.])([a-zA-Z_:][\w:]*)(?!\s*\(|[\w:])", bare)
    return {word for word in words if word not in {"and", "or", "unless", "by", "without", "on", "ignoring", "offset"}}


@pytest.mark.parametrize("name", BOARDS)
def test_a_dashboard_has_a_stable_uid_and_every_query_goes_to_the_chosen_data_source(name: str) -> None:
    board = BOARDS[name]
    assert re.fullmatch(r"[a-z][a-z-]{3,39}", board["uid"])
    assert board.get("id") is None
    (variable,) = [one for one in board["templating"]["list"] if one["type"] == "datasource"]
    wanted = {"type": "prometheus", "uid": "${" + variable["name"] + "}"}
    for panel in board["panels"]:
        assert panel["datasource"] == wanted, panel["title"]
        assert all(target["datasource"] == wanted for target in panel["targets"]), panel["title"]
    assert all(note["datasource"] == wanted for note in board["annotations"]["list"])


@pytest.mark.parametrize("name", BOARDS)
def test_panels_have_ids_titles_and_explanations_and_none_lies_over_another(name: str) -> None:
    panels = BOARDS[name]["panels"]
    ids = [panel["id"] for panel in panels]
    assert len(set(ids)) == len(ids)
    cells: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        own = set(
            itertools.product(range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"]))
        )
        assert place["x"] + place["w"] <= 24, panel["title"]
        assert not own & cells, panel["title"]
        cells |= own
        assert panel["title"]
        assert panel["description"].endswith("."), panel["title"]
        refs = [target["refId"] for target in panel["targets"]]
        assert refs
        assert len(set(refs)) == len(refs)


def test_the_dashboards_uids_differ() -> None:
    assert len({board["uid"] for board in BOARDS.values()}) == len(BOARDS) == 3


def test_every_metric_that_a_query_names_is_one_that_somebody_exports() -> None:
    known = exported() | FOREIGN | {rule["record"] for rule in RULES if "record" in rule}
    for where, expr in [(name, expr) for name, board in BOARDS.items() for expr in queries(board)]:
        assert metrics_of(expr), (where, expr)
        assert metrics_of(expr) <= known, (where, expr)
    for rule in RULES:
        if rule["expr"] != "vector(1)":
            assert metrics_of(rule["expr"]), rule
            assert metrics_of(rule["expr"]) <= known, rule


@pytest.mark.parametrize("name", ["checkout", "rehearsal"])
def test_the_rehearsals_phases_and_faults_stand_on_both_dashboards_as_annotations(name: str) -> None:
    notes = {note["name"]: note["expr"] for note in BOARDS[name]["annotations"]["list"]}
    assert notes["Phases"] == "drill_phase_info == 1"
    assert notes["Faults"] == "drill_fault_on == 1"


def test_the_runs_own_metrics_are_asked_for_with_the_labels_that_they_have() -> None:
    for expr in queries(BOARDS["rehearsal"]):
        for metric, labels in RUNS_OWN.items():
            for selector in re.findall(metric + r"\{([^}]*)\}", expr):
                assert set(re.findall(r"(\w+)\s*[=!]", selector)) <= labels, expr


def test_the_results_are_asked_for_by_names_and_labels_that_drill_metrics_tells() -> None:
    asked = [*queries(BOARDS["results"]), *(rule["expr"] for name, rule in ALERTS.items() if "Rehearsal" in name)]
    for expr in asked:
        for metric, labels in RESULTS.items():
            for selector in re.findall(metric + r"\{([^}]*)\}", expr):
                assert set(re.findall(r"(\w+)\s*[=!]", selector)) <= labels, expr
    assert set(RESULTS) - {"drill_first_run_timestamp_seconds"} <= set.union(
        *map(metrics_of, queries(BOARDS["results"]))
    )


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_how_bad_it_is_what_it_means_and_where_to_read_on(name: str) -> None:
    alert = ALERTS[name]
    assert alert["labels"]["severity"] in ("page", "ticket", "none")
    assert alert["labels"]["service"] == ("rehearsals" if name.startswith("Rehearsal") else "checkout")
    assert not any("$value" in str(value) for value in alert["labels"].values())  # it would begin anew at each change
    said = alert["annotations"]
    assert said["summary"].endswith(".")
    assert "{{" not in said["summary"]  # one sentence, the same each time
    assert said["description"].endswith(".")
    runbook = ROOT / said["runbook_url"]
    assert runbook == DASHBOARDS / "runbooks" / f"{name}.md"
    assert re.findall(r"^#+ (.+)$", runbook.read_text(), re.MULTILINE) == [
        name,
        "Meaning",
        "Impact",
        "Diagnosis",
        "Mitigation",
    ]
    uid, panel = re.fullmatch(r"/d/([\w-]+)/\w+\?viewPanel=(\d+)", said["dashboard_url"]).groups()  # type: ignore[union-attr]
    (board,) = [board for board in BOARDS.values() if board["uid"] == uid]
    assert int(panel) in {one["id"] for one in board["panels"]}


def test_there_is_no_runbook_without_its_alert() -> None:
    assert {path.stem for path in DASHBOARDS.glob("runbooks/*.md")} == set(ALERTS)


@pytest.mark.parametrize("name", ALERTS)
def test_every_alert_has_a_promtool_test_in_which_it_fires_and_one_in_which_it_is_quiet(name: str) -> None:
    looks = [look for one in RULE_TESTS for look in one["alert_rule_test"] if look["alertname"] == name]
    assert any(look["exp_alerts"] for look in looks)
    if name != "Watchdog":
        assert any(not look["exp_alerts"] for look in looks)


def test_a_rate_looks_over_at_least_four_scrapes_and_only_at_counters() -> None:
    scrape_s = float(PROMETHEUS["global"]["scrape_interval"].rstrip("s"))
    for rule in RULES:
        for metric, number, unit in re.findall(r"(?:rate|increase)\((\w+)\{[^}]*\}\[(\d+)([sm])\]\)", rule["expr"]):
            assert int(number) * {"s": 1, "m": 60}[unit] >= 4 * scrape_s, rule
            assert metric.endswith(("_total", "_bucket", "_count")), rule


def test_every_severity_goes_to_a_receiver_and_whatever_is_forgotten_becomes_a_ticket() -> None:
    names = {one["name"] for one in ALERTMANAGER["receivers"]}
    route = ALERTMANAGER["route"]
    assert {route["receiver"], *(one["receiver"] for one in route["routes"])} == names
    assert route["receiver"] == "tickets"
    for receiver in ALERTMANAGER["receivers"]:
        (hook,) = receiver["webhook_configs"]
        assert hook["url"].startswith("http://pager.example.test/")


def test_no_inhibition_is_sloppy() -> None:
    """Two alerts that both lack a label have it in common, and then a rule on that label silences everything."""
    for rule in ALERTMANAGER["inhibit_rules"]:
        assert rule["equal"]
        for side in ("source_matchers", "target_matchers"):
            (matcher,) = rule[side]
            alert = ALERTS[re.fullmatch(r"alertname = (\w+)", matcher).group(1)]  # type: ignore[union-attr]
            for label in rule["equal"]:
                assert label in alert["labels"] or f"up{{{label}=" in alert["expr"], (matcher, label)


def test_the_compose_file_knows_nothing_of_rehearsals() -> None:
    text = (CHECKOUT / "compose.yaml").read_text().lower()
    assert not re.search(r"toxiproxy|harness|chaos|rehears", text)


def test_the_bad_release_has_a_p95_that_is_forty_percent_higher() -> None:
    """From the times that the provider takes: one capture, and for the bad release one look at the charge as well. What
    else a checkout takes (two statements, the API itself) is about 10 ms where nothing else runs."""
    source = (CHECKOUT / "app" / "checkout" / "payments.py").read_text()
    times_s = dict(re.findall(r"^(CAPTURE_S|READ_S) = \((.*)\)$", source, re.MULTILINE))
    chance = random.Random(1)
    capture, read = (tuple(float(part) for part in times_s[name].split(",")) for name in ("CAPTURE_S", "READ_S"))
    good_s = sorted(0.010 + chance.uniform(*capture) for _ in range(20_000))
    bad_s = sorted(0.011 + chance.uniform(*capture) + chance.uniform(*read) for _ in range(20_000))
    assert bad_s[19_000] / good_s[19_000] == pytest.approx(1.4, abs=0.05)
