"""One rehearsal from its folder to its verdict: the real world is built around the engine, and taken down again, whatever happens."""

from __future__ import annotations

import contextlib
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from harness import __version__, errors
from harness.attach.record import attached
from harness.ending import still_on
from harness.facts import (
    Asked,
    Blinded,
    Broke,
    Closed,
    Done,
    EvidenceSealed,
    Fact,
    Looked,
    Mended,
    Opened,
    Refused,
    RungTried,
)
from harness.ondisk import settle
from harness.run import about
from harness.run import folder as folders
from harness.run.clock import MonotonicClock, boot_id
from harness.run.lease import Lease
from harness.run.memory import settled
from harness.run.recorder import Recorder
from harness.run.stop import Stopped, StopSignals
from harness.safety.openfaults import gone_with_the_stack

if TYPE_CHECKING:
    from harness.drill.model import Drill
    from harness.judging import Judgement
    from harness.ledger import Rows
    from harness.plan import Plan
    from harness.run.ground import Ground
    from harness.world.docker import Patience

TAKEN_DOWN = "stack taken down"  # the last rung of the clean-up ladder: a fault is gone with what it was on


@dataclass(frozen=True)
class Options:
    """What the command line adds to the drill. `keep`: never, on-failure, always."""

    keep: str = "never"
    offline: bool = False


@dataclass(frozen=True)
class Display:
    """What a run tells while it goes: a line at each step, each fact, and the state once a second."""

    say: Callable[[str], None]
    fact: Callable[[Fact], None]
    second: Callable[[str, tuple[str, ...], Rows, float], None]


@dataclass(frozen=True)
class Rehearsed:
    """`unwritten` is why the verdict could not be put into the run's folder, '' when it was."""

    folder: folders.RunFolder
    judgement: Judgement
    unwritten: str = ""


@dataclass(frozen=True)
class Session:
    """What every part of one rehearsal needs."""

    drill: Drill
    plan: Plan
    options: Options
    display: Display
    folder: folders.RunFolder
    clock: MonotonicClock
    record: Recorder
    stop: StopSignals
    lease: Lease

    @cached_property
    def patience(self) -> Patience:
        """With a Docker that is away while something is mended; that it is, and that it is back, are facts."""
        from harness.world.docker import Patience

        def tell(why: str) -> None:
            self.record(Blinded(probe="docker", target="", error=why) if why else Looked(probe="docker"))

        return Patience(tell)

    @property
    def target(self) -> str:
        """'service:port' that the load goes to."""
        return f"{self.drill.load.against.service}:{self.drill.load.against.port}"


def rehearse(
    plan: Plan,
    ground: Callable[[Session], Ground],
    runs: Path,
    options: Options,
    display: Display,
    opened: Callable[[str], None] = lambda run: None,
) -> Rehearsed:
    """Run the plan on the ground that is made for its session, and judge it. `opened` is told the run's id before anything is
    started.

    Raises DrillError for what the drill's author must mend: before the run folder exists, and a locustfile that is refused.
    A disk that is full before anything has started is a CannotRun.
    """
    from harness.judging import judge_folder, write_results

    drill = plan.drill
    folder = folders.create(runs, drill.name)
    began = Opened(
        drill=drill.name,
        run=folder.run,
        wall_unix_s=time.time(),
        monotonic_ns=time.monotonic_ns(),
        version=__version__,
        boot=boot_id(),
    )
    clock = MonotonicClock(began.monotonic_ns)
    stop = StopSignals(folder.halt_request)
    with folder.alive(), stop.installed():
        opened(folder.run)
        record = Recorder(folder.facts, clock.now_s, folder.run)
        record.listeners.append(display.fact)
        record(began, durable=True)
        _keep_drill(folder, drill, record)
        about.keep(folder.path, drill.origin.base)
        lease = Lease(folder.lease, drill.lease_s, began)
        session = Session(drill, plan, options, display, folder, clock, record, stop, lease)
        lease.start()
        try:
            _perform(session, ground)
        finally:
            record.close()
    judgement = judge_folder(folder.path, told=record.journal() if record.broken else None)
    unwritten = ""
    try:
        write_results(folder.path, judgement)
    except OSError as error:
        unwritten = f"{error.filename or folder.path} cannot be written: {error.strerror or error}"
    return Rehearsed(folder, judgement, unwritten)


def _keep_drill(folder: folders.RunFolder, drill: Drill, record: Recorder) -> None:
    """drill.yaml, by which the run is judged. Raises CannotRun when the disk refuses it, or has refused the journal."""
    try:
        folder.drill_file.write_text(drill.masked(), encoding="utf-8")
        settle(folder.drill_file)
    except OSError as error:
        raise errors.CannotRun(f"{folder.drill_file} cannot be written: {error.strerror or error}") from error
    if record.broken:
        raise errors.CannotRun(record.broken)


def _perform(session: Session, ground_of: Callable[[Session], Ground]) -> None:
    """Everything between Opened and Closed. Raises the UsageError of a locustfile that is refused, once all is taken down."""
    from harness.run.keeping import Keeping

    record = session.record
    ground = ground_of(session)
    record.curtain.hide(ground.secrets())
    refused: errors.UsageError | None = None
    cut = False
    try:
        with Keeping(session.folder.path, record, session.clock.now_s), contextlib.ExitStack() as closing:
            _play(session, ground, closing)
    except Stopped:  # while the stack was starting; the engine answers for itself
        cut = True
    except errors.CannotRun as error:
        record(Refused(reason=str(error)))
    except errors.UsageError as error:
        record(Refused(reason=str(error)))
        refused = error
    except (Exception, SystemExit) as error:
        record(Broke(error=f"{type(error).__name__}: {error}"))
        with contextlib.suppress(OSError):
            (session.folder.path / "broke.txt").write_text(traceback.format_exc())
    _leave(session, ground, twice=cut)
    if refused:
        raise refused


def _leave(session: Session, ground: Ground, *, twice: bool) -> None:
    """Keep the ground for a look, or take it down with what is still on, and close the run."""
    record = session.record
    stuck = still_on(record.journal())
    watched = ground.keep(session) if _keeps(session) and not stuck else None
    if watched is not None:
        _seal(session)
        record(Closed())
        refused = session.lease.end("kept")
        if watched and refused and record.broken:
            session.display.say(
                f"warning: neither lease nor journal could be written ({refused}): the run's watchdog may take the kept stack away; "
                f"remove it yourself: docker rm -f {watched}"
            )
    else:
        on = gone_with_the_stack(record.journal())
        if attached(
            session.folder.path
        ):  # its containers are not gone: they are out where they are read back so, by `drill mend`
            on = tuple(fault for fault in on if "->" in fault.target)
        begun_s = session.clock.now_s()
        if stuck and on:  # what is kept for a look would keep it on
            session.display.say(f"{', '.join(fault.fault for fault in on)} can only be taken out with the stack")
        session.display.say("taking everything down")
        left = _take_down(ground, twice=twice)
        took_s = session.clock.now_s() - begun_s
        for fault in on:
            why = ", ".join(one.splitlines()[0] for one in left)
            record(RungTried(fault=fault.fault, target=fault.target, rung=TAKEN_DOWN, took_s=took_s, error=why))
        if left:
            what = ", ".join(one.splitlines()[0] for one in left)
            record(Broke(error=f"could not be taken down: {what}; try again with: drill mend {session.folder.run}"))
        else:  # with its container gone, a fault that would not let go is out
            for fault in on:
                record(Mended(fault=fault.fault, begun_s=begun_s, why="sweep", ladder=TAKEN_DOWN))
        _seal(session)
        record(Closed(left=left))
        session.lease.end("down")


def _seal(session: Session) -> None:
    """Nobody writes evidence any more: what others wrote of the stack's secrets is masked, and the hashes of all of it go into the
    journal, which is chained. Whatever goes wrong here is told: the run has to be closed."""
    from harness import seal
    from harness.run.scrub import scrub

    try:
        for left in scrub(session.folder.path, session.record.curtain):
            session.display.say(f"warning: secrets of the stack may stand in {left}")
        session.record(EvidenceSealed(files=seal.hashes(session.folder.path, settled=True)), durable=True)
    except Exception as error:
        session.display.say(f"warning: the evidence was not sealed: {type(error).__name__}: {error}")


def _take_down(ground: Ground, *, twice: bool) -> tuple[str, ...]:
    """What could not be removed. Whatever goes wrong here is told like that: the run has to be closed and judged."""
    try:
        return tuple(ground.down(twice=twice))
    except Exception as error:
        return (f"{type(error).__name__}: {error}",)


def _play(session: Session, ground: Ground, closing: contextlib.ExitStack) -> None:
    """Bring the ground and its helpers up (each closed again in reverse), then play the plan.

    What takes long and needs nothing of the ground is made ready beside it: the load process imports Locust.
    """
    from harness.load.generator import Generator
    from harness.run.loading import load_config, users_ready_s

    display, record = session.display, session.record
    told = load_config(session.drill, session.folder.run, session.clock.opened_ns, ground.access)
    generator = Generator(told, session.folder.path)
    closing.callback(generator.kill)
    with _interruptible(session):
        record(Asked(step="stack", what="stack_up"))
        generator.warm()
        ground.begin(session, closing)
        record(Done(step="stack", detail=f"ready after {session.clock.now_s():.1f} s"))
        display.say("starting the load's users")
        if (workers := session.drill.load.workers) is not None:
            display.say(f"{workers.expect} have to join: drill worker --join {workers.listen} --token-file FILE")
        closing.callback(generator.kill)  # once more: before what looks at the stack is closed
        generator.start(ground.host(session))
        generator.ready(users_ready_s(session.drill))
    story = ground.engine(session, generator, closing)
    with settled():
        story.run()
    if session.stop.asked:  # the engine has told why it ended; nothing is tried out for those who want the end
        return
    with _interruptible(session):
        ground.replay(session)


@contextlib.contextmanager
def _interruptible(session: Session) -> Iterator[None]:
    """What is waited for inside is left when somebody asks for the end, which is written down at once: `drill halt` waits for
    that, and closing what was begun takes its time."""
    try:
        with session.stop.interruptible():
            yield
    except Stopped as end:
        session.record(end.fact)
        raise


def _keeps(session: Session) -> bool:
    if session.options.keep == "on-failure":
        journal = session.record.journal()
        return bool(journal.of(Refused) or journal.of(Broke))
    return session.options.keep == "always"
