"""The person who is called about a bad release: what they say and do, from the page on."""

from __future__ import annotations

from collections.abc import Sequence

from calibration.simulator.looks import Seen
from calibration.simulator.pager import Delivery
from calibration.simulator.releases import page_of
from calibration.simulator.scenario import Scenario
from calibration.simulator.world import World
from harness import facts as f

WHO = "ada"


def called(seen: Seen, world: World, scenario: Scenario, sent: Sequence[Delivery], lever: str) -> None:
    """Upon the page about the bad release; where none comes, nobody is asked."""
    page, person = page_of(scenario, sent, "BadRelease"), world.person
    if page is None or not lever:
        return
    asked_s = page.at_s + 0.1
    seen.add(f.LeverAsked(seen_s=asked_s, lever=lever, question="page for oncall: BadRelease", trigger="page"))
    if person.acknowledges_s is not None:
        seen.add(f.Acknowledged(seen_s=asked_s + person.acknowledges_s, by=WHO, alert="BadRelease"))
    if person.believes_s is not None:
        at_s = asked_s + person.believes_s
        seen.add(f.Noted(seen_s=at_s, by=WHO, kind="hypothesis", text=person.believes))
    if person.runs_s is not None:
        begun = f.Executing(seen_s=asked_s + person.runs_s, by=WHO, command=tuple(person.runs.split()))
        seen.add(begun)
        seen.add(f.Executed(seen_s=begun.seen_s + 0.4, begun_s=begun.seen_s, exit_code=person.exit_code, output="ok\n"))
