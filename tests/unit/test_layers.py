"""Who may import whom: the promise that drill, plan, expectations, judge and report never touch a clock, a socket or a process."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "harness"

BOTTOM = {
    "facts",
    "verdict",
    "edges",
    "agreeing",
    "errors",
    "flocked",
    "harmless",
    "labelled",
    "urls",
    "logcause",
    "loglayout",
    "loglevels",
    "lognumbers",
    "logrecords",
    "logtext",
    "logtimes",
    "logwords",
    "masking",
    "ondisk",
    "own_process",
    "quantities",
    "secret_names",
    "secret_words",
    "spellings",
    "templates",
    "unasked",
    "within",
}
DATA = BOTTOM | {"journal", "ledger", "series", "spans", "stats", "wall"}
HANDLES = {"world.handles"}
MAY_IMPORT: dict[str, set[str]] = {
    "facts": set(),
    "errors": set(),
    "ondisk": set(),
    "own_process": set(),
    "harmless": set(),
    "agreeing": set(),
    "labelled": set(),
    "urls": set(),
    "logcause": {"loglevels", "logtext", "logwords"},
    "loglayout": {"loglevels"},
    "loglevels": set(),
    "lognumbers": {"loglevels"},
    "logrecords": {"loglevels", "logtext"},
    "logtext": {"loglayout", "loglevels", "lognumbers"},
    "logtimes": {"loglevels", "logtext"},
    "logwords": set(),
    "masking": {"secret_names", "secret_words", "spellings"},
    "spellings": {"secret_words"},
    "connection_strings": {"masking", "secret_names"},
    "secret_names": set(),
    "secret_words": set(),
    "quantities": set(),
    "edges": set(),
    "chain": set(),
    "curtain": {"facts", "masking", "secret_names", "secret_words"},
    "flocked": set(),
    "foreign_yaml": set(),
    "kept": {"facts", "journal", "ledger", "within"},
    "damage": {"verdict"},
    "seal": {"damage", "facts", "journal", "ondisk", "within"},
    "within": set(),
    "orders": DATA | HANDLES | {"landings"},
    "orders.readers": DATA | HANDLES | {"drill.readers", "world.speaks"},
    "verdict": {"errors", "quantities"},
    "factlines": {"facts"},
    "journal": {"chain", "factlines", "facts", "errors"},
    "ledger": {"facts", "errors"},
    "apart": set(),
    "bounded": {"apart", "expectations", "verdict"},
    "wall": {"facts", "journal"},
    "following": {"chain", "factlines", "facts", "journal"},
    "progress": {"facts", "journal", "taken_back"},
    "taken_back": {"facts"},
    "underway": {"errors", "progress"},
    "series": {"wall"},
    "spans": {"wall"},
    "stats": {"facts", "errors", "ledger", "quantities"},
    "hostnames": {"facts", "journal"},
    "lodgers": {"facts", "journal"},
    "deeds": {"facts", "journal"},
    "products": {"edges", "facts", "journal"},
    "blaming": {"edges", "facts", "hostnames", "journal", "products"},
    "evaluations": {"facts", "journal"},
    "templates": set(),
    "alerting": {"evaluations", "facts", "journal", "templates"},
    "made_elsewhere": {"agreeing", "alerting", "facts", "journal", "urls"},
    "inhibiting": {"agreeing", "alerting", "facts", "journal", "labelled", "made_elsewhere"},
    "quiet": {"alerting", "evaluations", "facts", "journal", "made_elsewhere"},
    "dashboards": {"dashboard_variables"},
    "dashboard_variables": set(),
    "scoring": {"alerting", "stats"},
    "scoring_trend": {"alerting", "scoring", "stats"},
    "runbooks": {"urls"},
    "promql": {"alerting", "facts"},
    "replay_series": set(),
    "replay": {"alerting", "facts", "promql", "replay_series"},
    "burning": {"facts", "promql"},
    "wholes": {"burning", "facts", "promql"},
    "promql_parts": {"facts", "promql", "wholes"},
    "extents": {"burning", "facts", "promql", "quantities", "wholes"},
    "matching": {"burning"},
    "ceilings": {"burning", "extents", "facts", "matching", "promql", "quantities", "wholes"},
    "versions": DATA,
    "endstate": {"facts"},
    "faults": BOTTOM | HANDLES | {"stats"},
    "probes": DATA | HANDLES | {"alerting"},
    "expectations": DATA
    | {
        "alerting",
        "blaming",
        "burning",
        "ceilings",
        "chain",
        "deeds",
        "evaluations",
        "hostnames",
        "inhibiting",
        "lodgers",
        "made_elsewhere",
        "promql",
        "promql_parts",
        "runbooks",
        "scoring",
        "scoring_trend",
        "landings",
        "faults.base",
        "orders",
        "steadiness",
        "surroundings",
        "versions",
        "endstate",
        "aimed",
        "neighbours",
    },
    "aimed": {"facts", "journal"},
    "touched": {"journal", "ledger", "stats"},
    "landings": DATA | {"faults.base", "faults", "touched", "versions"},
    "parts": BOTTOM | {"apart", "doctor.checks", "doctor.seen", "drill", "expectations", "faults", "probes"},
    "drill": BOTTOM
    | {
        "parts",
        "schedule",
        "orders",
        "endstate",
        "alerting",
        "reasons",
        "stats",
        "faults",
        "expectations",
        "load.arrivals",
        "world.speaks",
    },
    "plan": BOTTOM
    | {
        "drill",
        "faults",
        "expectations",
        "plan_bounds",
        "plan_monitoring",
        "plan_names",
        "plan_queries",
        "plan_reach",
        "plan_rules",
        "plan_unseen",
    },
    "plan_bounds": {"drill", "expectations", "plan"},
    "plan_monitoring": {"alerting", "drill", "plan", "plan_reach", "quantities"},
    "plan_names": {"drill", "edges", "expectations", "plan"},
    "plan_queries": {"drill", "plan", "promql"},
    "plan_reach": {"drill", "expectations", "load.arrivals", "plan"},
    "plan_rules": {"alerting", "ceilings", "drill", "facts", "plan", "promql"},
    "plan_unseen": {"drill", "edges", "faults", "plan"},
    "judge": DATA
    | {
        "orders",
        "faults",
        "expectations",
        "judge_claim",
        "landings",
        "left_open",
        "gates",
        "lateness",
        "beside",
        "in_good_time",
        "cleanups",
        "damage",
        "ending",
        "load.arrivals",
    },
    "judge_claim": DATA | {"expectations", "faults", "landings", "left_open", "orders"},
    "left_open": {"beside", "facts", "faults", "journal", "judge_claim", "stats", "verdict"},
    "document": DATA | {"by_request", "by_user", "orders", "faults.base", "landings", "expectations", "scoring"},
    "ending": DATA | {"came_back"},
    "came_back": {"facts", "journal"},
    "logfiles": DATA | {"expectations.base"},
    "surroundings": {"facts", "journal", "ledger", "stats"},
    "cleanups": {"expectations", "facts", "journal", "judge_claim", "ledger", "series", "verdict"},
    "neighbours": {"facts", "journal", "surroundings"},
    "beside": {"expectations", "came_back", "neighbours"} | DATA,
    "in_good_time": {"expectations", "facts", "journal", "ledger", "verdict"},
    "lateness": {"expectations", "ledger", "stats"},
    "gates": {"lateness", "surroundings"} | DATA | {"drill", "plan", "expectations", "landings", "load.arrivals"},
    "reasons": set(),
    "unasked": set(),
    "by_request": {"ledger", "stats"},
    "by_user": {"ledger"},
    "history": {"stats", "quantities"},
    "schedule": BOTTOM,
    "report": DATA
    | {
        "document",
        "history",
        "drill",
        "plan",
        "expectations",
        "logfiles",
        "progress",
        "reasons",
        "taken_back",
        "underway",
        "versions",
    },
    "inside": set(),
    "load": DATA,
    "stack": BOTTOM
    | HANDLES
    | {
        "foreign_yaml",
        "doctor.images",
        "world.docker",
        "world.docker_cli",
        "world.lookout",
        "world.outlets",
        "world.receivers",
        "probes",
    },
    "world": BOTTOM | {"foreign_yaml", "doctor.images"},
    "attach": BOTTOM
    | {
        "aimed",
        "doctor.images",
        "drill",
        "expectations.steps",
        "faults",
        "following",
        "orders.readers",
        "plan",
        "plan_names",
        "stack",
        "target",
        "world",
    },
    "target": BOTTOM
    | {
        "drill",
        "endstate",
        "plan",
        "faults",
        "expectations",
        "inside",
        "orders.readers",
        "world",
        "load.access",
        "load.tls",
        "stack.release_commands",
    },
}
IMPURE = {"time", "socket", "subprocess", "requests", "docker", "urllib", "http", "threading", "asyncio", "random"}
PURE = (
    "reasons",
    "unasked",
    "chain",
    "facts",
    "verdict",
    "edges",
    "quantities",
    "harmless",
    "logcause",
    "loglayout",
    "loglevels",
    "lognumbers",
    "logrecords",
    "logtext",
    "logtimes",
    "logwords",
    "connection_strings",
    "masking",
    "secret_names",
    "secret_words",
    "spellings",
    "hostnames",
    "lodgers",
    "deeds",
    "products",
    "blaming",
    "stats",
    "expectations",
    "drill",
    "parts",
    "plan",
    "plan_bounds",
    "plan_monitoring",
    "plan_names",
    "plan_queries",
    "plan_reach",
    "plan_rules",
    "plan_unseen",
    "judge",
    "judge_claim",
    "left_open",
    "gates",
    "lateness",
    "surroundings",
    "beside",
    "in_good_time",
    "neighbours",
    "cleanups",
    "damage",
    "ending",
    "document",
    "by_request",
    "by_user",
    "history",
    "schedule",
    "landings",
    "touched",
    "alerting",
    "evaluations",
    "made_elsewhere",
    "inhibiting",
    "quiet",
    "dashboards",
    "dashboard_variables",
    "scoring",
    "scoring_trend",
    "runbooks",
    "ceilings",
    "extents",
    "matching",
    "wholes",
    "promql",
    "promql_parts",
    "replay",
    "replay_series",
    "burning",
    "versions",
    "endstate",
    "aimed",
    "series",
    "spans",
    "wall",
    "progress",
    "taken_back",
    "underway",
)


def modules() -> list[str]:
    return sorted(
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in ROOT.rglob("*.py")
        if path.parent != ROOT or path.stem != "__init__"
    )


def imports(module: str) -> set[str]:
    path = ROOT.joinpath(*module.split("."))
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    found: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} if node.module != "harness" else {f"harness.{a.name}" for a in node.names}
    return found


def within(name: str, allowed: set[str]) -> bool:
    return any(name == a or name.startswith(a + ".") for a in allowed)


@pytest.mark.parametrize("module", [m for m in modules() if m.split(".")[0] in MAY_IMPORT])
def test_a_module_imports_only_from_the_layers_below_it(module: str) -> None:
    layer = next((one for one in MAY_IMPORT if "." in one and within(module, {one})), module.partition(".")[0])
    ours = {name.removeprefix("harness.") for name in imports(module) if name.startswith("harness.")}
    wrong = {name for name in ours if not within(name, MAY_IMPORT[layer] | {layer, "__version__"})}
    assert not wrong, f"harness/{module} may not import {sorted(wrong)}"


@pytest.mark.parametrize(
    "module",
    [
        m
        for m in modules()
        if m.split(".")[0] in PURE
        or (m.startswith("report.") and m != "report.live")
        or (m.startswith("orders.") and not m.startswith("orders.readers"))
        or m in ("target.model", "target.config", "target.unavailable", "target.edges")
        or m in ("attach.snapshot", "attach.clone", "attach.placing", "attach.in_path", "attach.unavailable")
    ],
)
def test_what_judges_never_touches_a_clock_a_socket_or_a_process(module: str) -> None:
    wrong = {name for name in imports(module) if name.split(".")[0] in IMPURE and name != "urllib.parse"}  # text alone
    assert not wrong, f"harness/{module} imports {sorted(wrong)}"


@pytest.mark.parametrize("module", [m for m in modules() if not m.startswith("load")])
def test_only_the_load_child_imports_locust(module: str) -> None:
    assert not {n for n in imports(module) if n.split(".")[0] in {"locust", "gevent"}}


@pytest.mark.parametrize("module", [m for m in modules() if m.startswith("inside")])
def test_what_runs_inside_the_stack_needs_nothing_but_the_standard_library(module: str) -> None:
    import sys

    outside = {
        n
        for n in imports(module)
        if n.split(".")[0] not in sys.stdlib_module_names and not n.startswith("harness.inside")
    }
    if module == "inside.metrics":  # which the image has from Debian's packages
        outside = {n for n in outside if n.split(".")[0] != "prometheus_client"}
    assert not outside


def test_every_package_says_what_it_is_for() -> None:
    for path in ROOT.rglob("*.py"):
        docstring = ast.get_docstring(ast.parse(path.read_text()))
        assert docstring, f"{path.relative_to(ROOT)} does not say what it is for"
        assert "TODO" not in docstring
