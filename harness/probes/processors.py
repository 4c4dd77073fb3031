"""Who used this machine's processors, once a second: the run's own containers, the harness, or somebody else.

A service that is slow on a full machine may be slow by its own doing or by a neighbour's; only the accounts tell which.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import NotApplied
from harness.facts import Blinded, Fact, Looked, ProcessorsSeen
from harness.probes import accounts
from harness.world.handles import World

DOCKERS_EVERY = 30  # looks: to find Docker's processes each name in /proc is read, 7 ms for 140 of them


@dataclass(frozen=True)
class _Read:
    """The counters at one instant, in s. By container, and by process of Docker's."""

    machine: accounts.Machine
    stack: Mapping[str, float]
    harness_s: float
    dockers: Mapping[str, float]


@dataclass(eq=False)
class ProcessorsProbe:
    """Where the containers are not this machine's own it says so once, and looks no more.

    Of ten containers a look takes 3 ms of a processor, and costs Docker one list.
    """

    proc: Path = accounts.PROC
    cgroups: Path = accounts.CGROUPS
    root: int = field(default_factory=os.getpid)
    name: str = "processors"
    every_s: float = 1.0
    gap_s: float = 5.0
    lag_s: float = 0.0
    _before: _Read | None = None
    _accounts: dict[str, Path] = field(default_factory=dict)
    _dockers: tuple[int, ...] = ()
    _looks: int = 0
    _over: bool = False

    def look(self, world: World) -> Sequence[Fact]:
        if self._over:
            return ()
        try:
            hidden = self._find(world)
            if hidden and not self._accounts:
                return self._none(
                    "the stack's containers do not run on it, or its accounts of them are hidden from here"
                )
            if hidden:
                raise NotApplied(f"the account of container {hidden[0][:12]} was not found")
            now = self._read()
        except NotApplied as error:
            self._before = None
            return (Blinded(probe=self.name, target="", error=str(error)),)
        except (OSError, ValueError) as error:
            return self._none(str(error))
        before, self._before = self._before, now
        seen = None if before is None else _between(before, now)
        return (Looked(probe=self.name),) if seen is None else (seen, Looked(probe=self.name))

    def _find(self, world: World) -> list[str]:
        """Find the accounts of the containers that run now; those whose account is not to be found. Raises NotApplied."""
        if not accounts.tells_children(self.proc):
            raise ValueError("this kernel does not tell which processes the harness started")
        running = world.containers.running()
        self._accounts = {one: self._accounts[one] for one in running if one in self._accounts}
        hidden = []
        for one in running:
            if one not in self._accounts:
                found = accounts.container_account(world.containers.pid(one), one, self.proc, self.cgroups)
                if found is None:
                    hidden.append(one)
                else:
                    self._accounts[one] = found
        return hidden

    def _read(self) -> _Read:
        if self._looks % DOCKERS_EVERY == 0:
            self._dockers = accounts.dockers(self.proc)
        self._looks += 1
        stack = {}
        machine = accounts.machine(self.proc)
        for one, account in self._accounts.items():
            try:
                stack[one] = accounts.container_s(account)
            except OSError:  # it ended just now
                continue
        dockers = {str(pid): accounts.process_s(pid, self.proc) for pid in self._dockers}
        return _Read(machine, stack, accounts.tree_s(self.root, self.proc), dockers)

    def _none(self, why: str) -> Sequence[Fact]:
        self._over = True
        error = f"who used this machine's processors is not observable here: {why}"
        return (Blinded(probe=self.name, target="", error=error),)


def _between(before: _Read, now: _Read) -> ProcessorsSeen | None:
    """What was used between two readings; None where the machine's own counters did not move."""
    old, new = before.machine, now.machine
    over_s = (new.total_s - old.total_s) / max(1, new.processors)
    if over_s <= 0:
        return None
    return ProcessorsSeen(
        over_s=round(over_s, 3),
        processors=new.processors,
        idle_s=round(max(0.0, new.idle_s - old.idle_s), 3),
        steal_s=round(max(0.0, new.steal_s - old.steal_s), 3),
        busy_s=round(max(0.0, new.busy_s - old.busy_s), 3),
        stack_s=round(_used(before.stack, now.stack), 3),
        harness_s=round(max(0.0, now.harness_s - before.harness_s), 3),
        docker_s=round(_used(before.dockers, now.dockers), 3),
    )


def _used(before: Mapping[str, float], now: Mapping[str, float]) -> float:
    """Of each what it used since. One that is new, or was begun anew, used all that stands in its account."""
    return sum(value - old if (old := before.get(one, 0.0)) <= value else value for one, value in now.items())
