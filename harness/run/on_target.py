"""The ground that is there already: a target. Nothing of it is started or stopped; what the run puts in is taken out again."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import CannotRun, Missing
from harness.facts import GuardTripped, Injecting, MonitoringFound, TargetChosen, Unavailable
from harness.masking import Secret
from harness.run.own_stack import found
from harness.run.stop import Stopped
from harness.run.target_servers import Servers, pages_token
from harness.safety import guardian
from harness.safety.openfaults import open_faults
from harness.target.absent import NoContainers
from harness.target.clear import Asking, Watch, verdict
from harness.target.edges import edges_of
from harness.target.lookout import TargetLookout
from harness.target.proxies import TargetProxies, spots
from harness.target.reach import PlaceApi, answers, secrets_of
from harness.target.record import keep
from harness.target.secrets import access_of, asked
from harness.target.takeout import clear, on_target

if TYPE_CHECKING:
    from harness.load.generator import Generator
    from harness.plan import Plan
    from harness.probes.base import Probe
    from harness.run.engine import Engine
    from harness.run.session import Session
    from harness.target.model import Target
    from harness.target.proxies import Spot
    from harness.world.handles import Releases


def target_ground(target: Target, root: Path) -> Callable[[Session], OnTarget]:
    """The ground that a session makes of a target; `root` is where the target's commands run.

    Raises CannotRun, before there is a run, where a secret or a certificate is not to be had.
    """
    edges = spots(target)
    secrets = [secret for name, place in asked(target) for secret in secrets_of(place, name)]
    if token := pages_token(target):
        secrets.append(Secret("pages credential", token))
    return lambda session: OnTarget(session, target, root, edges, secrets)


class OnTarget:
    """Implements run.ground.Ground."""

    def __init__(
        self, session: Session, target: Target, root: Path, edges: Mapping[str, Spot], secrets: Sequence[Secret]
    ) -> None:
        self.access = access_of(target.load)
        self._session, self._target, self._root = session, target, root
        self._places, self._secrets = edges, secrets
        self._servers = Servers(session, target, root)
        self._proxies: TargetProxies | None = None
        self._lookout: TargetLookout | None = None
        self._watch: Watch | None = None
        self._guardian: object = None  # ends by itself, when the run is over

    def secrets(self) -> Sequence[Secret]:
        return self._secrets

    def begin(self, session: Session, closing: contextlib.ExitStack) -> None:
        """Look whether everything that the drill needs is there, and whether it is clear to start; all that is wrong is told at once."""
        target, record = self._target, session.record
        record(TargetChosen(target=target.name, load=target.load.url))
        for what, why in session.plan.absent.items():
            record(Unavailable(what=what, why=why))
        monitoring = target.monitoring()
        record(
            MonitoringFound(
                prometheus=monitoring["prometheus"], alertmanager=monitoring["alertmanager"], why=monitoring["why"]
            )
        )
        for edge in edges_of(target):
            record(found(edge))
        session.display.say(f"looking whether {target.name} is there")
        hurt = touched(session.plan)
        self._proxies = TargetProxies(session.folder.run, self._places, f"drill mend {session.folder.run}")
        closing.callback(self._proxies.close)
        session.lease.on_lapse.append(self._proxies.let_go)
        self._look(session, hurt)
        self._look_around(session, hurt)
        self._servers.follow(closing)
        closing.callback(self._begin_asking(session))
        if session.drill.lease_s and hurt:
            try:
                self._guardian = guardian.start(session.folder, session.drill.lease_s)
            except OSError as error:
                raise CannotRun(f"what guards the run's faults could not be started: {error.strerror}") from error

    def host(self, session: Session) -> str:
        return self._target.load.url

    def engine(self, session: Session, generator: Generator, closing: contextlib.ExitStack) -> Engine:
        from harness.expectations.base import Steady
        from harness.logfiles import read_logs
        from harness.run.engine import Engine
        from harness.run.injector import Injector
        from harness.run.levers import Levers
        from harness.run.loading import RealLoad
        from harness.run.ontime import OnTime
        from harness.run.people import People
        from harness.run.sources import order_book_beside, state_book_beside
        from harness.run.watch import ThreadedWatch
        from harness.world.commands import Commands
        from harness.world.handles import World
        from harness.world.terminal import Terminal

        drill, record, folder = session.drill, session.record, session.folder
        assert self._proxies is not None
        assert self._lookout is not None
        commands = Commands(drill.path("."), folder.levers)
        closing.callback(commands.close)
        world = World(
            clock=session.clock,
            proxies=self._proxies,
            containers=NoContainers(),
            lookout=self._lookout,
            releases=self._releases(session, commands, closing),
            commands=commands,
            people=Terminal(),
        )
        people = People(folder.facts, folder.run, session.clock.now_s, record, record.tell, record.curtain.fact)
        closing.callback(people.close)
        starter = OnTime(session.clock)
        closing.callback(starter.close)
        return Engine(
            plan=session.plan,
            world=world,
            load=RealLoad(generator, folder.ledger, drill.load.timeout_s),
            record=record,
            watch=ThreadedWatch(tuple(self._probes(session)), world, record),
            injector=Injector(world, record, starter, session.lease.lapsed),
            lease=session.lease,
            stop=self,
            steady=Steady(drill.steady.for_s, drill.steady.conditions, drill.steady.quiet),
            logs=read_logs(folder.logs, record.journal()),
            limits=session.plan.guards,
            levers=Levers(world, record, people),
            orders=order_book_beside(session, self._target.name),
            state=state_book_beside(session, self._target.name),
            tell=session.display.second,
            say=session.display.say,
        )

    def check(self) -> None:
        """Implements run.passing.Stop: the end is asked for, or it is no longer clear."""
        self._session.stop.check()
        if self._watch is not None and self._watch.trouble:
            detail = self._watch.trouble.replace("not clear to start", "no longer clear", 1)
            raise Stopped("guard", GuardTripped(guard="clear_to_start", detail=detail))

    def replay(self, session: Session) -> None:
        """A rule is tried on what was recorded with the promtool of a Prometheus whose image runs here: not with a target's.
        Whether there is what it reads a target's Prometheus tells as well."""
        self._servers.select()

    def keep(self, session: Session) -> str | None:
        return None

    def down(self, *, twice: bool) -> Sequence[str]:
        """What is still on there. Where anything was ever put in, all that bears the run's name is looked for once more."""
        folder, journal = self._session.folder, self._session.record.journal()
        on = open_faults(journal)
        hurt = {fault.target for fault in on if "->" in fault.target}
        ever = any("->" in fault.target for fault in journal.of(Injecting))
        wrong = clear(folder.path, folder.run, hurt) if ever and on_target(folder.path) else ""
        left = [fault.fault for fault in on if "->" not in fault.target]
        return (*left, wrong) if wrong else left

    # --- looking ----------------------------------------------------------------------------------------------------

    def _look(self, session: Session, hurt: Sequence[str]) -> None:
        """Raises CannotRun with everything that is missing."""
        assert self._proxies is not None
        missing: list[Missing] = []
        if why := answers(self._target.load):
            missing.append(Missing(why))
        try:
            keep(session.folder.path, self._target, self._proxies.look(hurt))
        except CannotRun as error:
            missing += error.missing
        except OSError as error:
            missing.append(Missing(f"{error.filename} cannot be written: {error.strerror}"))
        missing += self._servers.look()
        if missing:
            raise CannotRun(*dict.fromkeys(missing))

    def _look_around(self, session: Session, hurt: Sequence[str]) -> None:
        """The witness of each edge that is hurt meets somebody there. Raises CannotRun."""
        from harness.run.assembly import look_limits

        target = self._target
        edges = {edge: target.edges[edge] for edge in hurt}
        apis = {name: PlaceApi("Toxiproxy", place) for name, place in target.toxiproxy.items()}
        self._lookout = TargetLookout(edges, apis, target.api_of, session.record)
        for edge, limit_ms in look_limits(session.plan).items():
            self._lookout.limit(edge, limit_ms)
        missing = []
        for edge, at in edges.items():
            seen = self._lookout.meet(edge)
            if seen.outcome != "answered":
                said = f": {seen.error}" if seen.error else ""
                missing.append(f"the witness of {edge} was not answered at {at.witness} ({seen.outcome}{said})")
        if missing:
            raise CannotRun(*missing)

    def _begin_asking(self, session: Session) -> Callable[[], None]:
        """Raises CannotRun where it is not clear to start; then it is asked again and again."""
        questions = self._target.clear_to_start
        asking = Asking(self._servers.gives_a_series, self._root)
        trouble = [said for question in questions if (said := verdict((asking.ask(question),)))]
        if trouble:
            raise CannotRun(*trouble)
        self._watch = Watch([question for question in questions if question.throughout], asking)
        self._watch.start()
        return self._watch.close

    def _probes(self, session: Session) -> Iterator[Probe]:
        from harness.probes.clock import ClockProbe
        from harness.probes.host import HostProbe
        from harness.probes.pressure import PressureProbe
        from harness.probes.processors import ProcessorsProbe
        from harness.probes.releases import ReleasesProbe
        from harness.probes.survey import SurveyProbe
        from harness.probes.witness import WitnessProbe
        from harness.run.version_probes import by_command

        yield from (ClockProbe(), PressureProbe(), ProcessorsProbe(), SurveyProbe(), ReleasesProbe())
        yield from (WitnessProbe(edge=edge) for edge in touched(session.plan))
        yield from by_command(session.drill)
        yield from self._servers.probes()
        yield HostProbe((session.folder.path,))

    def _releases(self, session: Session, commands: object, closing: contextlib.ExitStack) -> Releases:
        from harness.stack.release_commands import Commanded
        from harness.target.releases import TargetReleases
        from harness.world.commands import Commands

        assert isinstance(commands, Commands)
        folder, drills = session.folder, session.drill.path(".")
        theirs = Commands(self._root, folder.levers)
        closing.callback(theirs.close)
        return TargetReleases(
            self._target,
            folder.run,
            session.clock.now_s,
            Commanded(commands, drills, folder.path),
            Commanded(theirs, self._root, folder.path),
        )


def touched(plan: Plan) -> tuple[str, ...]:
    """The edges on which the plan's faults are, each once."""
    return tuple(dict.fromkeys(one.fault.target for one in plan.injections if one.fault.on_edge))
