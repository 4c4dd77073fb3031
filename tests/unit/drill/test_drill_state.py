"""`state:` of a drill file: what it may say, what is refused with what was meant, and what a plan tells of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.cli.inputs import Looked
from harness.cli.plan_document import document
from harness.cli.plan_lines import lines
from harness.drill.glossary import meanings
from harness.drill.parse import parse
from harness.drill.problem import Invalid
from harness.drill.resolved import load_resolved
from harness.plan import make_plan

Write = Callable[..., Path]
STATE = """\
state:
  schema: {sql: {service: postgres, query: "SELECT table_name, column_name FROM columns", password: "${DB_PASSWORD}"}}
  waiting: {redis: {service: redis, list: queue}}
  parked: {at_most: 0, redis: {service: redis, list: dead}}
  orders: {compare: grows, sql: {service: postgres, query: "SELECT id FROM orders"}}
  config: {http: {service: api, port: 8080, path: /config}}
phases:
"""


@pytest.fixture
def stated(checkout: Write) -> Callable[..., Path]:
    """The drill with a state, one thing in it changed."""

    def write(old: str = "", new: str = "", expect: str = "") -> Path:
        assert old in STATE
        path = checkout("phases:\n", STATE.replace(old, new, 1) if old else STATE)
        if expect:
            path.write_text(path.read_text().replace("\nexpect:\n", f"\nexpect:\n  - {expect}\n", 1))
        return path

    return write


def test_each_part_says_how_it_is_read_and_compared(stated: Write) -> None:
    state = parse(stated(), env={"DB_PASSWORD": "s3cret"}).state
    assert [(name, kept.role, kept.reader.word) for name, kept in state.items()] == [
        ("schema", "same", "sql"),
        ("waiting", "same", "redis"),
        ("parked", "count", "redis"),
        ("orders", "grows", "sql"),
        ("config", "same", "http"),
    ]


def test_its_secrets_are_masked_in_the_runs_own_copy(stated: Write, tmp_path: Path) -> None:
    drill = parse(stated(), env={"DB_PASSWORD": "s3cret"})
    assert "s3cret" not in drill.masked()
    (tmp_path / "drill.yaml").write_text(drill.masked())
    assert load_resolved(tmp_path).state.keys() == drill.state.keys()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("waiting:", "containers:", "`containers` are read of every stack"),
        ("at_most: 0", "at_most: 0, margin: 2", "give one of them"),
        ("compare: grows", "compare: grows, at_most: 3", "`compare: grows` does not: leave it out"),
        ("at_most: 0, redis: {service: redis, list: dead}", "at_most: 0", "a source has one way to be read"),
        ("compare: grows", "may_be_empty: true", "`may_be_empty` is said of redis"),
        ("at_most: 0", "at_least: 0", "unknown word (did you mean 'at_most'?)"),
    ],
)
def test_what_cannot_be_is_refused_with_what_was_meant(stated: Write, old: str, new: str, told: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse(stated(old, new), env={"DB_PASSWORD": "x"})
    assert told in str(refused.value)


def test_a_claim_about_a_part_that_is_not_declared_is_refused(stated: Write) -> None:
    with pytest.raises(Invalid, match=r"no part 'shema' of the state.*'schema'"):
        parse(stated(expect="{state_restored: {only: [shema]}}"), env={"DB_PASSWORD": "x"})


def test_a_service_that_is_not_there_is_told_at_its_place(stated: Write) -> None:
    drill = parse(stated("service: api", "service: apj"), env={"DB_PASSWORD": "x"})
    told = "\n".join(map(str, make_plan(drill, services=("api", "postgres", "redis")).problems))
    assert "state.config: there is no service 'apj' in the stack" in told


def test_the_plan_lists_it(stated: Write) -> None:
    plan = make_plan(parse(stated(), env={"DB_PASSWORD": "x"}))
    looked = Looked(why="no stack")
    told = "\n".join(lines(plan, looked))
    assert "parked   count    redis of redis: list dead" in told
    assert document(plan, looked)["state"][3] == {
        "name": "orders",
        "compare": "grows",
        "reader": "sql",
        "service": "postgres",
    }


@pytest.mark.parametrize(
    ("says", "warned"), [("at_most: 0", True), ("at_most: 0, may_be_empty: true", False), ("at_most: 9", False)]
)
def test_a_part_that_is_to_be_empty_and_whose_name_nothing_would_prove_is_warned_of(
    stated: Write, says: str, warned: bool
) -> None:
    drill = parse(stated("at_most: 0", says), env={"DB_PASSWORD": "x"})
    told = [str(problem) for problem in make_plan(drill).problems if "state.parked" in str(problem)]
    assert len(told) == warned
    assert all("list dead is empty where it is not there" in one for one in told)


def test_explain_tells_what_it_is() -> None:
    (entry,) = [one for one in meanings("state") if one.place == "state"]
    assert "as it was before the load" in entry.text
    assert {"compare", "at_most", "margin", "sql"} <= {name for name, _ in entry.fields}
