"""Guards as they stand in a drill file: one grammar, mistakes at their place with what was meant, and what stands unstated."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.drill.blast_radius import BlastRadius, Limit
from harness.drill.glossary import meanings
from harness.drill.guards import STANDING, AlertGuard, DeathGuard, GoodputGuard, HostGuard, guard, guards_of
from harness.drill.parse import parse
from harness.drill.problem import Invalid
from harness.drill.schema import drill_schema
from harness.facts import RuleSeen
from harness.plan import make_plan
from harness.plan_bounds import unbounded

Write = Callable[..., Path]
STATED = "errors > 50% for 15s"


@pytest.mark.parametrize(
    ("text", "read", "spelt"),
    [
        ("goodput < 5/s for 10s", GoodputGuard("<", 5.0, "", 10.0), ""),
        ("goodput of POST /checkout <= 2/s", GoodputGuard("<=", 2.0, "POST /checkout"), ""),
        ("alert CheckoutSlow for 15s", AlertGuard("CheckoutSlow", (), 15.0), ""),
        ("alert Orders* firing", AlertGuard("Orders*"), "alert Orders*"),
        ("any alert", AlertGuard(), ""),
        ("any alert except Watchdog, Info* for 5s", AlertGuard("*", ("Watchdog", "Info*"), 5.0), ""),
        ('alert "High error rate"', AlertGuard("High error rate"), ""),
        ('alert "Down for 5m" for 15s', AlertGuard("Down for 5m", (), 15.0), ""),
        ("alert 'p95 > 1s, at load' firing", AlertGuard("p95 > 1s, at load"), 'alert "p95 > 1s, at load"'),
        ('any alert except "Dead Man Switch", Info*', AlertGuard("*", ("Dead Man Switch", "Info*")), ""),
        ('any alert except Info*, "Dead, man" for 5s', AlertGuard("*", ("Info*", "Dead, man"), 5.0), ""),
        ('alert "[P1] Slow" for 15s', AlertGuard("[P1] Slow", (), 15.0), ""),
        ('any alert except "[P1] Slow", Info*', AlertGuard("*", ("[P1] Slow", "Info*")), ""),
        ("container_died api", DeathGuard("api"), ""),
        ("any container_died except worker", DeathGuard("*", ("worker",)), ""),
        ("host cpu > 95% for 10s", HostGuard("cpu", ">", 0.95, for_s=10.0), ""),
        ("host memory < 5%", HostGuard("memory", "<", 0.05), "host memory < 5% free"),
        ("host memory > 95%", HostGuard("memory", ">", 0.95), "host memory > 95% used"),
        ("host disk < 1GB free", HostGuard("disk", "<", 1e9, share=False), ""),
    ],
)
def test_every_guard_is_read_and_spelt_in_one_grammar(text: str, read: object, spelt: str) -> None:
    assert guard(text) == read
    assert str(guard(text)) == (spelt or text)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("eror > 50%", "'eror' is not measured"),
        ("eror > 50%", "did you mean 'errors'?"),
        ("goodput > fast", "a rate must name its unit of time"),
        ("goodput", "write goodput [of REQUEST] < RATE"),
        ("alert", "write alert NAME"),
        ("alert High error rate", "a name with blanks or brackets in quotes"),
        ("any alrt except X", "any of what? (did you mean 'alert'?)"),
        ("contaner_died api", "did you mean 'container_died'?"),
        ("container_died api for 5s", "a death has no length"),
        ("host cpus > 5%", "host 'cpus' is not looked at (did you mean 'cpu'?)"),
        ("host cpu < 5%", "trips on an idle machine"),
        ("host cpu > 2GB", "the processors' use is a share"),
        ("host memory > 5% free", "trips while there is plenty"),
        ("host disk < 1", "a size must have a unit"),
        ("host memory < 5", "a size must have a unit"),
        ("alert X for 5", "a duration must have a unit"),
    ],
)
def test_a_wrong_guard_is_refused_at_its_line_with_what_was_meant(checkout: Write, wrong: str, says: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse(checkout(STATED, wrong))
    (problem,) = caught.value.found
    assert says in problem.what
    assert problem.what.startswith("abort.any.0: ")
    assert (problem.line, problem.column) == (36, 9)


def test_the_machine_is_protected_where_a_drill_says_nothing_of_it() -> None:
    assert guards_of((guard(STATED),)) == (guard(STATED), *STANDING)
    own = guard("host disk < 10MB")
    assert guards_of((own,)) == (own, STANDING[0]), "its own limit of a kind takes the place of ours"


def test_a_drill_without_abort_has_its_end_and_blind_guards_all_the_same(checkout: Write) -> None:
    plan = make_plan(parse(checkout("abort:\n  any: [errors > 50% for 15s]\n  max_duration: 10m\n", "")))
    assert plan.drill.abort.blind_s == 15
    assert plan.guards == STANDING
    assert plan.max_duration_s >= plan.longest_s + plan.drill.stack.ready_within_s
    assert plan.max_duration_s % 60 == 0
    assert make_plan(parse(checkout())).max_duration_s == 600


def test_guards_are_held_against_the_stack(checkout: Write) -> None:
    drill = parse(checkout(STATED, "any alert except Watchdog, container_died workr, alert OrderSlow"))
    plan = make_plan(drill, services=("api", "postgres", "worker"), monitoring={"prometheus": "", "why": "none"})
    said = [problem.what for problem in plan.errors]
    assert any("'any alert except Watchdog' could never be asked: the stack has no Prometheus" in one for one in said)
    assert any("there is no service 'workr' in the stack (did you mean 'worker'?)" in one for one in said)
    rules = (RuleSeen(rule="OrdersSlow"),)
    monitoring = {"prometheus": "prometheus:9090"}
    known = make_plan(drill, monitoring=monitoring, alerts=rules)
    (warning,) = [problem for problem in known.problems if "may never trip" in problem.what]
    assert warning.severity == "warning"
    assert "(did you mean 'OrdersSlow'?)" in warning.what


def test_a_gate_that_may_be_over_before_a_rule_was_evaluated_is_told_of(checkout: Write) -> None:
    gate = "all: [errors < 0.5%, no alert firing except Watchdog]"
    drill = parse(checkout("all: [errors < 0.5%, p95 < 300ms]", gate))
    monitoring = {"prometheus": "prometheus:9090"}

    def told(*rules: RuleSeen) -> list[str]:
        problems = make_plan(drill, monitoring=monitoring, alerts=rules).problems
        return [one.what for one in problems if "once each rule was evaluated" in one.what]

    rare = RuleSeen(rule="Disk", interval_s=300.0)
    (said,) = told(rare, RuleSeen(rule="Slow", interval_s=1.0))
    assert "Disk every 5m; `within` is 2m" in said
    assert "(no alert firing except Disk)" in said
    assert not told(RuleSeen(rule="Slow", interval_s=120.0), RuleSeen(rule="Watchdog", interval_s=300.0))
    assert not told(RuleSeen(rule="disk:free", kind="recording", interval_s=300.0))


def test_the_grammar_stands_in_schema_and_explanations() -> None:
    examples = drill_schema()["$defs"]["Abort"]["properties"]["any"]["items"]["examples"]
    assert [str(guard(text)) for text in examples] == list(examples)
    for word in ("goodput", "any alert", "container_died", "host disk"):
        (entry,) = [one for one in meanings(word) if one.kind == "guard"]
        assert "blind is not safe" in entry.text


RADIUS = "blast_radius: {services: [worker], edges: ['api->*']}\nabort:\n"


def test_whatever_is_beyond_the_blast_radius_is_refused_at_its_place(checkout: Write) -> None:
    services = ("api", "postgres", "worker")
    assert make_plan(parse(checkout("abort:\n", RADIUS)), services=services).errors == ()
    tight = parse(checkout("abort:\n", "blast_radius: {services: [api]}\nabort:\n"))
    slow, stop = make_plan(tight, services=services).errors
    assert "it touches api->postgres, which this drill may not (blast_radius has edges: none)" in slow.what
    assert "it touches worker, which this drill may not (blast_radius has services: api)" in stop.what
    assert (slow.line, stop.line) == (23, 24)


def test_the_project_narrows_what_a_drill_may_touch_and_a_drill_never_widens_it(checkout: Write) -> None:
    drill = parse(checkout("abort:\n", RADIUS))
    limit = Limit(BlastRadius(services=("worker",), edges=("api->mongo",)), "a drill of this project", "pyproject.toml")
    (problem,) = make_plan(drill, narrowed_to=(limit,)).errors
    assert "api->postgres, which a drill of this project may not (pyproject.toml has edges: api->mongo)" in problem.what


def test_a_command_that_says_not_what_it_hurts_is_beyond_every_radius(checkout: Write) -> None:
    command = "command: {name: fill, run: ['true']}"
    path = checkout("stop: {service: worker, after: 5s, for: 10s}", command)
    path.write_text(path.read_text().replace("abort:\n", RADIUS))
    (problem,) = make_plan(parse(path)).errors
    assert "nothing says what command touches" in problem.what
    assert "give it a `service`" in problem.what


STEP = "healed: {by: runbook, command: [./replay.sh, all], trigger: after 5s, harm: {query: x, below: 1}, within: 30s}"


def test_a_step_that_says_not_what_it_touches_is_beyond_every_radius_and_the_plan_tells_where_there_is_none(
    checkout: Write,
) -> None:
    free = make_plan(parse(checkout("responds_within: {request: POST /checkout, p95: 1500ms}", STEP)))
    ((id_, command),) = unbounded(free)
    assert command == "./replay.sh all"
    assert free.errors == ()
    path = checkout("responds_within: {request: POST /checkout, p95: 1500ms}", STEP)
    path.write_text(path.read_text().replace("abort:\n", RADIUS))
    (problem,) = make_plan(parse(path)).errors
    assert problem.what.startswith(f"{id_}: nothing says what the command of healed touches")
    path.write_text(path.read_text().replace("within: 30s}", "within: 30s, service: worker}"))
    named = make_plan(parse(path))
    assert named.errors == ()
    assert list(unbounded(named)) == []


def test_a_command_without_a_service_is_told_in_the_plan_where_no_radius_refuses_it(checkout: Write) -> None:
    command = "command: {name: fill, run: [dd, of=/disk], undo: ['true']}"
    plan = make_plan(parse(checkout("stop: {service: worker, after: 5s, for: 10s}", command)))
    assert plan.errors == ()
    assert [said for _, said in unbounded(plan)] == ["dd of=/disk"]


@pytest.mark.parametrize(
    ("radius", "says"),
    [
        ("{service: [a]}", "blast_radius.service: unknown word (did you mean 'services'?)"),
        ("{edges: [api]}", "'api' is not an edge; write caller->dependency"),
    ],
)
def test_a_wrong_radius_is_refused(checkout: Write, radius: str, says: str) -> None:
    with pytest.raises(Invalid, match="blast_radius") as caught:
        parse(checkout("abort:\n", f"blast_radius: {radius}\nabort:\n"))
    assert says in str(caught.value)


def test_a_name_in_the_radius_that_the_stack_does_not_have_is_said(checkout: Write) -> None:
    drill = parse(checkout("abort:\n", "blast_radius: {services: [worker, postgre], edges: ['api->*']}\nabort:\n"))
    (problem,) = make_plan(drill, services=("api", "postgres", "worker")).errors
    assert "there is no service 'postgre' in the stack (did you mean 'postgres'?)" in problem.what
