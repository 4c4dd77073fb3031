"""A user's Compose project, brought up for one run: private, mediated by its edges, reachable on loopback, and gone
without trace."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from harness.edges import Edge
from harness.errors import CannotRun, Missing
from harness.stack import names as topology
from harness.stack.addresses import address_of, front_edges, place_of
from harness.stack.attachments import Attachments
from harness.stack.binds import COPIES, binds, copy_all, plan, remove_copies
from harness.stack.blame import blamed
from harness.stack.changes.identity import RUN_LABEL, project_name
from harness.stack.changes.lanes import LANES, TOXIPROXY
from harness.stack.changes.watchdog import WATCHDOG
from harness.stack.choosing import with_ports, with_ranges
from harness.stack.compose import Compose, is_pool_taken, is_port_taken
from harness.stack.data import check_originals, fill, read_data
from harness.stack.dial import accepts
from harness.stack.find import find_edges
from harness.stack.images import ready_images
from harness.stack.leaves import leaves
from harness.stack.project import Project
from harness.stack.ready import State, culprits, not_ready, state_of
from harness.stack.refusals import refused
from harness.stack.resolve import Chosen
from harness.stack.run_file import resolved, write
from harness.stack.sweep import sweep
from harness.stack.toxiproxy import await_toxiproxy, restart_toxiproxy
from harness.stack.turn import turn
from harness.stack.watchdog import remove as remove_watchdog
from harness.stack.watchdog import start as start_watchdog
from harness.stack.watchdog import watched
from harness.world.docker_cli import docker, inspected

TRIES = 5
"""Each retry takes other ranges or ports; five in a row that collide are no coincidence."""
NETWORKS_S = 180.0
LOOK_EVERY_S = 0.25
DATA: Mapping[str, str] = {}


class Stack:
    """One run's stack. `begin` makes networks, lanes and Toxiproxy, and starts what calls nobody; then the keeper can
    start; `up` starts the other services.

    publish   'service:port' that the harness must reach, such as the load's target
    reach     the same where it would like to look (the stack's own monitoring): published too, never waited for
    data      'private' (the default), 'copy' or 'shared' by volume key or bind path
    held      services that `begin` must not start
    lease_s   of the run, whose lease and lock are in its folder: the stack gets a watchdog; 0: none
    mediate   False starts it without edges, to look at it as it is
    """

    def __init__(
        self,
        project: Project,
        run_id: str,
        folder: Path,
        edges: Sequence[Edge],
        *,
        publish: Sequence[str] = (),
        reach: Sequence[str] = (),
        data: Mapping[str, str] = DATA,
        ready_within_s: float = 120.0,
        offline: bool = False,
        say: Callable[[str], object] = lambda line: None,
        held: Sequence[str] = (),
        lease_s: float = 0.0,
        mediate: bool = True,
    ) -> None:
        self.project, self.run_id, self.folder = project, run_id, Path(folder).resolve()
        self._say, self._offline, self._within_s, self._lease_s = say, offline, ready_within_s, lease_s
        self._awaited = tuple(place_of(project.config, text) for text in publish)
        looks = (place_of(project.config, text) for text in reach)
        self._publish = (*self._awaited, *(one for one in looks if not topology.outside(project.config, one[0])))
        self._modes, self._shared = read_data(project, data)
        front = front_edges(project.config, self._awaited, edges, say) if mediate else ()
        named = () if mediate else find_edges(project)
        self._chosen = Chosen(run_id, (*edges, *front), data=self._modes, mediate=mediate, named=named)
        guarded = (WATCHDOG,) if lease_s else ()
        self._first = (*guarded, LANES, TOXIPROXY, *leaves(project.config, self._chosen.edges, held))
        self._seed = int(run_id, 16) if all(c in "0123456789abcdef" for c in run_id.lower()) else sum(map(ord, run_id))
        self._ports_tried = 0
        self._attachments = Attachments()
        self._lines: tuple[str, ...] = ()
        self._until_s = float("inf")

    # --- the steps --------------------------------------------------------------------------------------------------

    def begin(self) -> tuple[str, int]:
        """Images, copies, networks, lanes, Toxiproxy, and the services that call nobody (they often take longest, and every
        edge to them opens once it is attended to). Returns host and port of Toxiproxy's API once it answers.

        Raises CannotRun with everything that is missing; no service that could call another runs yet.
        """
        self.prepare()
        for attempt in range(TRIES):
            with turn():
                self._choose(attempt)
                self._write()
                answer = self.compose.up(self._first, within_s=NETWORKS_S)
            if answer.ok:
                break
            if attempt + 1 == TRIES or not (is_pool_taken(answer) or is_port_taken(answer)):
                self._fail(f"the networks, lanes and first services of the stack cannot be made: {answer.why}")
            self._say(f"an address range or port was taken meanwhile, choosing others: {answer.last}")
            self.compose.down_networks()
        await_toxiproxy(self.project_name, self.api)
        return self.api

    def prepare(self) -> None:
        """Everything that needs no network of ours: images ready, mounts copied, volumes filled. Raises CannotRun."""
        from harness.doctor.images import TOXIPROXY_TAG, ensure_harness_image

        if problems := refused(self.project.config, self._shared):
            raise CannotRun(*problems)
        self.folder.mkdir(parents=True, exist_ok=True)
        mounts = plan(binds(self.project.config), self.project.directory, self.folder, self._shared)
        check_originals(self.project, self._modes)
        image = ensure_harness_image(self._say)
        self._watch_from_here(image, bool(mounts.copies))
        if self._chosen.mediate and not docker("image", "inspect", "--format", "{{.Id}}", TOXIPROXY_TAG).ok:
            raise CannotRun(Missing(f"the image {TOXIPROXY_TAG} is not here", "drill doctor --fix"))
        ready_images(self.project, offline=self._offline, say=self._say)
        label = f"{RUN_LABEL}={self.run_id}"
        for line in copy_all(mounts.copies, self.folder.parent.parent, image, label):
            self._say(line)
        for line in fill(self.project, self._modes, self.run_id, image):
            self._say(line)
        self._chosen = dataclasses.replace(
            self._chosen,
            copies=mounts.places,
            copies_folder=str(self.folder / COPIES) if mounts.copies else "",
            harness_image=image,
            toxiproxy_image=TOXIPROXY_TAG,
        )

    def _watch_from_here(self, image: str, copies: bool) -> None:
        """The watchdog first: whatever is made after it goes when the harness dies."""
        if not self._lease_s:
            return
        what = watched(self.folder, self._lease_s, copies=copies)
        start_watchdog(what, self.run_id, image, self.project.directory)
        self._chosen = dataclasses.replace(self._chosen, watched=what)

    def leave(self) -> list[str]:
        """The stack is kept, and runs on unwatched; returns what stays of its watchdog. Raises CannotRun when Docker is gone."""
        return remove_watchdog(self.run_id)

    def preview(self) -> tuple[str, ...]:
        """What `begin` would change, line by line; nothing is made or written. Raises CannotRun for what it would
        refuse."""
        from harness.doctor.images import TOXIPROXY_TAG, harness_tag

        mounts = plan(binds(self.project.config), self.project.directory, self.folder, self._shared)
        self._chosen = dataclasses.replace(
            self._chosen, copies=mounts.places, harness_image=harness_tag(), toxiproxy_image=TOXIPROXY_TAG
        )
        self._choose(0)
        return resolved(self.project, self._chosen, self._publish)[1]

    def up(self) -> None:
        """Start every service, in the order that the file asks for, killed at the deadline. Raises CannotRun."""
        self._until_s = time.monotonic() + self._within_s
        if not self._chosen.mediate:
            with turn():
                self._choose(0)
                self._write()
        for attempt in range(TRIES):
            answer = self.compose.up([], within_s=self._until_s - time.monotonic())
            if answer.ok:
                return
            if (
                not (is_port_taken(answer) or (not self._chosen.mediate and is_pool_taken(answer)))
                or attempt + 1 == TRIES
            ):
                self._fail(answer.why)
            self._say(f"a port was taken meanwhile, choosing others: {answer.last}")
            self._choose_ports()
            self._write()

    def wait_ready(self) -> None:
        """Wait until healthchecks are healthy, everything else runs, one-shots ended with 0 and the published ports
        accept.

        Raises CannotRun naming the service, its exit code and its last lines, at once when it cannot become ready any
        more.
        """
        services = [name for name in self.project.services if topology.replicas(self.project.config, name) > 0]
        while True:
            states = self.states()
            waiting = not_ready(states, services)
            dead = [state for state in states if state.ended_badly]
            if dead:
                self._fail("it ended while the stack was starting", dead)
            if not waiting:
                closed = [
                    f"{name}:{port}" for name, port in self._awaited if not accepts(self.address(f"{name}:{port}"))
                ]
                if not closed:
                    return
                waiting = tuple(f"{target} does not accept connections" for target in closed)
            if time.monotonic() > self._until_s:
                self._fail(f"not ready within {self._within_s:g} s: {'; '.join(waiting)}")
            time.sleep(LOOK_EVERY_S)

    def down(self, *, last: bool = True) -> list[str]:
        """Remove everything that is the run's (harness.stack.sweep), and the copies of mounts; returns what could not be removed.

        last   False leaves the watchdog, for what may still come to be
        """
        left = sweep(self.run_id, last=last)
        copies = remove_copies(self.folder, self._chosen.harness_image or "debian:trixie-slim")
        return [*left, *([copies] if copies else [])]

    # --- what others ask --------------------------------------------------------------------------------------------

    @property
    def project_name(self) -> str:
        """The run's own Compose project."""
        return project_name(self.run_id)

    @property
    def compose(self) -> Compose:
        """The run's project and the file that it wrote."""
        project = self.project
        return Compose(self.project_name, self.folder / "compose.yaml", project.directory, project.env_files)

    @property
    def services(self) -> Mapping[str, Mapping[str, Any]]:
        """The user's services, as the file states them."""
        return self.project.services

    @property
    def edges(self) -> tuple[Edge, ...]:
        """The edges as placed; those that are refused have no address and stayed as they were."""
        return self._chosen.edges

    @property
    def api(self) -> tuple[str, int]:
        return self._chosen.api

    @property
    def changes(self) -> tuple[str, ...]:
        """What the run's file differs in from the user's, line by line."""
        return self._lines

    @property
    def dependencies(self) -> tuple[str, ...]:
        """The services whose listeners the keeper must follow."""
        return tuple(dict.fromkeys(edge.dependency for edge in self.edges if edge.address and not edge.external))

    def address(self, target: str) -> tuple[str, int]:
        """Where the harness reaches 'service:port'. Raises UsageError for what is not published."""
        return address_of(self.project.config, self._chosen, target)

    def attachments(self, service: str) -> tuple[tuple[str, str], ...]:
        """The networks that a service is on, for a helper of ours (stack.attachments). Raises CannotRun when Docker is gone."""
        return self._attachments.of(self.project.config, self._chosen, service)

    def copied(self, service: str, target: str) -> str:
        """Where the run's own copy of a bind mount lies, by the mount's path in the service; '' for what is not copied."""
        return self._chosen.copies.get((service, target), "")

    def states(self) -> tuple[State, ...]:
        """The containers of the user's services as Docker describes them. Raises CannotRun when Docker is gone."""
        listed = docker("ps", "--all", "--quiet", "--filter", f"label=com.docker.compose.project={self.project_name}")
        if not listed.ok:
            raise CannotRun(Missing(f"docker ps: {listed.why}", "drill doctor --fix"))
        found = [state_of(one) for one in inspected("container", *listed.out.split())]
        return tuple(state for state in found if state.service in self.project.services)

    def restart_toxiproxy(self) -> None:
        """A rung of the clean-up ladder. Raises NotApplied when Docker cannot do it, DockerAway when it does not answer."""
        restart_toxiproxy(self.project_name)

    # --- choosing and writing ---------------------------------------------------------------------------------------

    def _choose(self, attempt: int) -> None:
        self._chosen = with_ranges(self._chosen, self.project, self._seed + attempt)
        self._choose_ports()

    def _choose_ports(self) -> None:
        self._ports_tried += 1
        seed = self._seed * 7 + self._ports_tried
        self._chosen = with_ports(self._chosen, self.project.config, self._publish, seed)

    def _write(self) -> None:
        self._lines = write(self.folder, self.project, self._chosen, self._publish)

    def _fail(self, why: str, states: Sequence[State] = ()) -> NoReturn:
        """Raises CannotRun: the services at fault, with exit code and last lines."""
        with contextlib.suppress(CannotRun):
            states = states or culprits(self.states())
        raise blamed(why, states, self.folder / "logs")
