"""The run's own metrics: its state each second, served inside of the stack and found there by the stack's Prometheus."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from harness.errors import NotApplied

if TYPE_CHECKING:
    from harness.ledger import Rows
    from harness.plan import Plan
    from harness.run.session import Session
    from harness.run.together import Together
    from harness.stack.played_on import PlayedOn
    from harness.world.rehearsal import RehearsalMetrics

Tell = Callable[[str, tuple[str, ...], "Rows", float], None]


@dataclass
class OwnMetrics:
    """Nothing depends on them: what does not work is said once, and the run goes on."""

    session: Session
    helper: RehearsalMetrics | None = None

    @staticmethod
    def begin(session: Session, stack: PlayedOn, service: str, closing: Together) -> OwnMetrics:
        """Before the first service starts: serve them on Prometheus' networks, and place the target file where it reads."""
        from harness.stack.changes.identity import RUN_LABEL
        from harness.stack.configfile import PROMETHEUS, config_file
        from harness.stack.file_sd import target_place
        from harness.world.attached import Place
        from harness.world.rehearsal import FOLDER, NAME, RehearsalMetrics

        mine = OwnMetrics(session)
        config = config_file(stack.project, service, PROMETHEUS)
        path = target_place(config.text, config.path, session.drill.stack.observe.file_sd)
        networks = stack.attachments(service)
        if not path or not networks or not mine._place(stack, service, path):
            return mine
        folder = session.folder.path / "metrics"
        folder.mkdir(exist_ok=True)
        labels = {RUN_LABEL: session.folder.run}
        place = Place(f"{stack.project_name}-metrics", labels, networks, (NAME,), ((str(folder), FOLDER),))
        helper = RehearsalMetrics(place, folder)
        closing.callback(helper.close)
        try:
            helper.start()
        except NotApplied as error:
            session.display.say(f"warning: {error}")
            return mine
        mine.helper = helper
        helper.write(state(session.plan, session.folder.run, "starting", (), None))
        return mine

    def telling(self, tell: Tell) -> Tell:
        """The same, and the state written down before."""
        helper, plan, run = self.helper, self.session.plan, self.session.folder.run
        if helper is None:
            return tell

        def both(phase: str, on: tuple[str, ...], rows: Rows, now_s: float) -> None:
            helper.write(state(plan, run, phase, on, rows))
            tell(phase, on, rows, now_s)

        return both

    def _place(self, stack: PlayedOn, service: str, path: str) -> bool:
        """Write the target file into the run's own copy of the mounted folder; whether there is one."""
        from harness.world.rehearsal import target_file

        for parent in PurePosixPath(path).parents:
            copy = stack.copied(service, str(parent))
            if not copy:
                continue
            place = Path(copy) / PurePosixPath(path).relative_to(parent)
            try:
                place.write_text(target_file())
                os.chmod(place, 0o644)
            except OSError as error:
                self.session.display.say(f"warning: the run's own metrics have no place at {place}: {error}")
                return False
            return True
        self.session.display.say(
            f"warning: the run's own metrics are not scraped: {PurePosixPath(path).parent} of {service} is no bind mount"
        )
        return False


def state(plan: Plan, run: str, phase: str, on: tuple[str, ...], rows: Rows | None) -> dict[str, Any]:
    """What is served. Arrivals are those that were due, outcomes those of requests that have ended; on_start's and other hosts' aside."""
    import numpy as np

    from harness.ledger import ASIDE, DEPENDENT, DONE, ELSEWHERE, OUTCOMES, UNGATED

    outcomes = dict.fromkeys(OUTCOMES[1:], 0)
    arrivals = 0
    if rows is not None and len(rows):
        flags = rows.array["flags"]
        ended = ((flags & (ASIDE | ELSEWHERE)) == 0) & (rows.array["state"] == DONE)
        counts = np.bincount(rows.array["outcome"][ended], minlength=len(OUTCOMES))
        outcomes = {name: int(count) for name, count in zip(OUTCOMES[1:], counts[1:], strict=False)}
        arrivals = int(((flags & (ASIDE | DEPENDENT | UNGATED)) == 0).sum())
    return {
        "drill": plan.drill.name,
        "run": run,
        "phase": phase,
        "faults": [{"fault": i.id, "target": i.fault.target, "on": i.id in on} for i in plan.injections],
        "arrivals": arrivals,
        "outcomes": outcomes,
    }
