"""One drill as it is played for a user: shown, announced, and with the silences that it asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from harness.cli.scheduled import announcer, longest_s

if TYPE_CHECKING:
    from harness.cli.wishes import Wishes
    from harness.facts import Fact
    from harness.plan import Plan
    from harness.report.live import PlainDisplay
    from harness.run.ground import Ground
    from harness.run.session import Options, Rehearsed, Session
    from harness.run.target import Held


def played(
    name: str,
    plan: Plan,
    ground: Callable[[Session], Ground],
    wishes: Wishes,
    shown: PlainDisplay,
    lock: Held,
    options: Options,
) -> Rehearsed:
    """Rehearse on this ground, and tell whoever the drill and the project name of its beginning and its end."""
    from harness.plan import describe
    from harness.run.session import Display, rehearse
    from harness.run.silences import silenced

    drill = plan.drill

    def opened(run: str) -> None:
        lock.opened(run)
        if name in wishes.turns:
            wishes.turns[name].begun = True

    def heard(fact: Fact) -> None:
        shown.fact(fact)
        listeners.hears(fact)

    display = Display(shown.say, heard, shown.second)
    silent = silenced(wishes.runs, drill.silence, drill.name, longest_s(plan), shown.say)
    with silent, announcer(drill.name, drill, shown.say) as listeners:
        if name in wishes.turns:
            wishes.turns[
                name
            ].announcer = None  # who is told that it begins is told by this one how it ended, and not twice
        listeners.begins(f"{drill.name} begins ({describe(plan)}); `drill halt` ends it")
        done = rehearse(plan, ground, wishes.runs, options, display, opened)
        listeners.ended(done.judgement.document, str(done.folder.path / "report.html"))
    return done
