"""A drill with a bad release: what is refused before anything starts, and how its plan reads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli.inputs import Looked
from harness.cli.plan import command
from harness.drill.parse import parse
from harness.drill.problem import Invalid
from harness.plan import make_plan

RELEASE = """\
    for: 40s
    faults:
      - bad_release: {service: api, image: api:bad}
    expect:
      - rolled_back: {by: runbook, command: [./rollback.sh], trigger: page, within: 30s}
"""
OLD = """\
    for: 40s
    faults:
      - latency: {edge: api->postgres, delay: 400ms, jitter: 100ms}
      - stop: {service: worker, after: 5s, for: 10s}
    expect:
      - responds_within: {request: POST /checkout, p95: 1500ms}
"""


def problems(checkout: Callable[..., Path], old: str = "", new: str = "", services: tuple[str, ...] = ("api",)) -> str:
    """All that is wrong with the drill, at parsing or in its plan, as text."""
    try:
        drill = parse(checkout(OLD, RELEASE.replace(old, new) if old else RELEASE))
    except Invalid as invalid:
        return "\n".join(str(problem) for problem in invalid.found)
    return "\n".join(str(problem) for problem in make_plan(drill, services=(*services, "postgres", "worker")).errors)


def test_a_bad_release_and_its_rollback_make_a_plan_without_a_problem(checkout: Callable[..., Path]) -> None:
    assert problems(checkout) == ""


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("./rollback.sh", "./roll-back.sh", "./roll-back.sh is not there"),
        ("image: api:bad", "image: api:bad, for: 10s", "has no `for`"),
        ("image: api:bad", "services: [worker], image: api:bad", "exactly one of `service` and `services`"),
        (", image: api:bad", "", "give one of them"),
        ("within: 30s", "within: 50s", "the phase is over after 40s"),
        (
            "bad_release: {service: api, image: api:bad}",
            "stop: {service: api}",
            "there is no bad_release in this phase",
        ),
        ("trigger: page", "trigger: soon", "page, page NAME, alert NAME or after 20s"),
        ("service: api", "services: [api, wrker]", "there is no service 'wrker'"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_starts(
    checkout: Callable[..., Path], old: str, new: str, why: str
) -> None:
    assert why in problems(checkout, old, new)


def test_a_command_that_cannot_be_started_says_how_it_can(checkout: Callable[..., Path]) -> None:
    path = checkout(OLD, RELEASE)
    (path.parent / "rollback.sh").chmod(0o644)
    with pytest.raises(Invalid, match=r"chmod \+x \./rollback\.sh"):
        parse(path)


def test_several_services_are_one_release_with_one_id(checkout: Callable[..., Path]) -> None:
    drill = parse(checkout(OLD, RELEASE.replace("service: api", "services: [api, worker]")))
    (fault,) = drill.phases[0].faults
    assert (fault.id, fault.targets) == ("orders-slow/bad_release-api+worker", ("api", "worker"))


def test_the_plan_says_that_it_is_mended_when_all_is_judged(
    checkout: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.cli.plan.look", lambda drill: Looked(("api", "postgres", "worker"), ()))
    said = CliRunner().invoke(command, [str(checkout(OLD, RELEASE))]).stdout
    phase = said[said.index("orders-slow, 40s") : said.index("calm, 30s")]
    assert "mend    orders-slow/bad_release-api, after that, unless it was rolled back" in phase
    assert phase.count("mend") == 1
