"""`drill run --target`: one drill on a system that runs already, from its plan to its exit code."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from harness.cli.targets import plan_on
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.cli.wishes import Wishes
    from harness.drill.model import Drill
    from harness.report.live import PlainDisplay
    from harness.run.session import Rehearsed

Tell = Callable[["Rehearsed"], int]


def drill_for(place: str, name: str, wishes: Wishes) -> Drill:
    """The drill, once it is its turn, for a place that runs already. Raises UsageError for options of a stack that drill starts."""
    from harness.cli.inputs import read_drill
    from harness.drill import locustfile
    from harness.drill.problem import Invalid

    turn = wishes.turns.get(name)
    if turn is not None:
        turn.enter()
    for option, given in (("--keep", wishes.keep), ("--offline", wishes.offline), ("--candidate", wishes.candidates)):
        if given:
            raise UsageError(f"{option} is about a stack that drill starts; {place} runs already")
    drill = read_drill(name, wishes.sets, wishes.env_files)
    if wrong := locustfile.problems(*drill.locustfiles):
        raise Invalid(wrong)
    return drill


def run_on_target(name: str, target: str, wishes: Wishes, shown: PlainDisplay, tell: Tell) -> int:
    """Plan the drill there, hold the target and rehearse. `tell` shows what came of it; returns the exit code."""
    from harness.cli.confirm import confirm, protected_by
    from harness.cli.played import played
    from harness.doctor import own
    from harness.drill.protected import Protected
    from harness.run.on_target import target_ground
    from harness.run.prepare import narrowed
    from harness.run.session import Options
    from harness.run.target import Target, held
    from harness.target.unavailable import offered

    turn = wishes.turns.get(name)
    drill = drill_for(f"--target {target}", name, wishes)
    planned = plan_on(drill, target)
    plan = narrowed(planned.plan, wishes.only, wishes.skip, wishes.baseline)
    plan.refuse()
    plan = offered(plan)
    place = planned.target
    key = hashlib.sha256(f"target {place.load.url}".encode()).hexdigest()[:16]
    with held(wishes.runs, Target(f"target {place.name}", key), drill.name, wishes.wait_s, shown.say) as lock:
        for problem in plan.problems:
            shown.say(str(problem))
        mine = (Protected(place.name, "the target that it is played on"),) if place.protected else ()
        with shown.resting():
            confirm(
                (*mine, *protected_by(plan, place.name)),
                f"{name} --target {place.name}",
                wishes.yes,
                ask=not wishes.turns,
            )
        own.preflight(shown.say)
        if turn is not None:
            turn.clear()
        done = played(name, plan, target_ground(place, planned.root), wishes, shown, lock, Options())
    return tell(done)
