"""The watchdog of a run: mends when the harness is dead or stands still, then ends itself. `watchdog RUN LEASE_S [FOLDER]`.

Runs in the harness image as `drill-watchdog`, the first container of a run and the last: Docker starts it again after a crash, a
restart of its own or a reboot. It shares no fate with the harness: not its process group, not its session, not its cgroup.
It has Docker's socket, so it has no network and listens nowhere. From the run's folder it sees the facts, the lease and the lock.

The harness is gone     what it left running is ended, and everything that bears the run's label is removed, as `drill mend` does
The harness is silent   for longer than its lease: its faults are taken out, nothing else; the stack stays, and so do we
It renews, or ended     nothing is touched; a harness that ends its run removes us last. That it ended stands in its lease, or, where
                        the disk refused that, in its facts; where in neither, it is gone, and nothing of its run stays

FOLDER is the run's folder on the machine, given where copies of bind mounts lie in it that only a container can remove.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

from harness.inside import leftovers
from harness.inside.openfacts import Writer, aimed_at, facts_in, open_faults, under_way
from harness.inside.pulse import Pulse
from harness.inside.rescue import Rescue
from harness.inside.wreck import RUN_LABEL, Wreck

PLACE = Path(os.environ.get("DRILL_WATCHED", "/run/drill"))
LOOK_S = 0.25
LATE_S = 2.0
"""What Docker was asked for before the death is there after so long, on a busy machine too."""
AGAIN_S = 1.0
"""Between two tries to mend what did not let go."""
RELEASE, COMMAND = "bad_release", "command"


class Watchdog:
    """`turn` looks once and does what is to be done; it returns the seconds until the next, or None when all is over."""

    def __init__(self, run: str, lease_s: float, folder: str = "", place: Path = PLACE) -> None:
        self.run = run
        self.pulse = Pulse(place / "lease", place / "alive", lease_s)
        self._place = place
        self._wreck = Wreck(run, folder)
        self._rescue = Rescue(run)
        self._writer: Writer | None = None
        self._latest_s = 0.0
        self._told: dict[str, str] = {}
        self._said = ""

    def turn(self) -> float | None:
        state = self.pulse.look(time.monotonic())
        if state == "gone" and self._closed():
            state = "closed"
        if state != self._said:
            print(f"{self.run}: the harness {SAID[state]}", flush=True)
            self._said, self._told = state, {}
        try:
            if state == "silent":
                self._take_out()
                return AGAIN_S
            if state == "gone":
                if not self._clear_up():
                    return AGAIN_S
                self._wreck.remove_watchdogs()
                return None
            if state == "closed" or (state == "over" and self._may_go()):
                self._wreck.remove_watchdogs()
                return None
        except OSError as error:  # Docker is away, or refuses: it is tried again for as long as it takes
            print(f"{self.run}: {error}", flush=True)
            return AGAIN_S
        return LOOK_S

    def _closed(self) -> bool:
        """Whether the harness wrote down that its run is over and that nothing is left but what is kept: its lease says so too, unless
        the disk refused that."""
        facts = facts_in(self._place / "facts")
        return any(
            fact["fact"] == "closed" and fact.get("writer") == "harness" and not fact.get("left") for fact in facts
        )

    def _may_go(self) -> bool:
        """A stack that is kept stays; of one that was taken down, what its harness could not remove is ours."""
        if self.pulse.lease.get("over") == "kept":
            return True
        return not self._wreck.remove()

    # --- the harness stands still

    def _take_out(self) -> None:
        """One try at every fault that may be on; a fact for each that is out, and for each new reason why one is not."""
        facts = self._read()
        faults = open_faults(facts)
        if not faults:
            return
        self._found("silent", gone=False)
        hurt = [fault["target"] for fault in faults if "->" in fault["target"]]
        begun_s = self._now_s()
        edges_out = cache(lambda: _wrong(lambda: self._rescue.toxics_out(hurt)))
        for fault in sorted(faults, key=lambda fault: "->" in fault["target"]):  # a wedged Toxiproxy takes its time
            name = fault["fault"]
            if "->" in fault["target"]:
                wrong = edges_out()
            elif fault["kind"] in (RELEASE, COMMAND):
                wrong = HALT_CAN[fault["kind"]]
            else:
                woken = partial(self._rescue.woken, fault, under_way(facts, name), self._now_s(), aimed_at(facts, name))
                wrong = _wrong(woken)
            self._tell(fault, wrong, begun_s, (f"drill halt {self.run}",))

    # --- the harness is gone

    def _clear_up(self) -> bool:
        """Whether nothing is left that we can take away, also when the last of what was asked for must have come, and it is
        written down."""
        self._found("gone", gone=True)
        begun_s = self._now_s()
        if not self._emptied():
            return False
        facts = self._read()
        left = [fault for fault in open_faults(facts) if {"undo", "restore", "check"} & set(fault.get("stated") or {})]
        for fault in open_faults(facts):
            wrong = "what a drill's own command made may be anywhere" if fault in left else ""
            self._tell(fault, wrong, begun_s, (f"drill mend {self.run}",))
        time.sleep(LATE_S)
        if not self._emptied():
            return False
        if not left and not any(fact["fact"] == "closed" for fact in facts):
            self._facts.write("closed", left=[])
        return True

    def _emptied(self) -> bool:
        """End what was left running, and remove what there is; whether nothing is left."""
        self._end_leftovers()
        left = self._wreck.remove()
        print(f"{self.run}: {'still there: ' + ', '.join(left) if left else 'nothing of it is left'}", flush=True)
        return not left

    def _end_leftovers(self) -> None:
        there = leftovers.found(self.run, f"drill-{self.run}", f"{RUN_LABEL}={self.run}")
        for words in leftovers.end(leftovers.orphaned(there, int(self.pulse.lease.get("born", 0)))):
            print(f"{self.run}: ended what the harness had left running: {words}", flush=True)

    # --- what is known and written down

    def _read(self) -> list[dict[str, Any]]:
        facts = facts_in(self._place / "facts")
        self._latest_s = max([self._latest_s, *(float(fact["seen_s"]) for fact in facts)])
        return facts

    def _now_s(self) -> float:
        """Never before what the run has seen itself: after a reboot its clock is known by the wall's alone, which may have stepped."""
        return max(self.pulse.now_s(), self._latest_s)

    @property
    def _facts(self) -> Writer:
        if self._writer is None:
            self._writer = Writer(self._place / "facts", self._now_s)
        return self._writer

    def _found(self, state: str, *, gone: bool) -> None:
        """Once for each time that the harness is found so."""
        if self._told.get("found") != state:
            self._told["found"] = state
            silent_s = round(self.pulse.silent_s(time.monotonic()), 3)
            self._facts.write("lease_lapsed", lease_s=self.pulse.lease_s, silent_s=silent_s, gone=gone)

    def _tell(self, fault: dict[str, Any], wrong: str, begun_s: float, commands: tuple[str, ...]) -> None:
        name = fault["fault"]
        if not wrong:
            self._facts.write("mended", fault=name, begun_s=begun_s, why="lease", ladder="", readback={})
        elif self._told.get(f"fault {name}") != wrong:
            self._facts.write("not_mended", fault=name, error=wrong, commands=list(commands))
        self._told[f"fault {name}"] = wrong
        print(f"{self.run}: {name}: {wrong or 'out'}", flush=True)


def _wrong(mend: Callable[[], str]) -> str:
    """What a mend says is wrong, or Docker; the next fault has its turn in any case."""
    try:
        return mend()
    except OSError as error:
        return str(error)


HALT_CAN = {
    RELEASE: "its harness hangs, and putting a release back needs Docker Compose or the drill's own command, which the watchdog does "
    "not have; `drill halt` has both, for the run's compose.yaml states the good release",
    COMMAND: "its harness hangs, and its undo is a command of the drill's own, which the watchdog does not have; `drill halt` runs it",
}
SAID = {
    "lives": "lives and renews its lease",
    "silent": "has not renewed its lease: its faults are taken out",
    "gone": "is gone: everything of its run is removed",
    "over": "has ended its run",
    "closed": "has ended its run, which stands in its facts and not in its lease",
}


def main(argv: list[str]) -> int:
    """Watch until all is over. Returns 2 for arguments that are none."""
    if len(argv) not in (2, 3):
        print("usage: watchdog RUN LEASE_S [FOLDER]", file=sys.stderr)
        return 2
    watchdog = Watchdog(argv[0], float(argv[1]), "".join(argv[2:]))
    while (wait_s := watchdog.turn()) is not None:
        time.sleep(wait_s)
    time.sleep(LATE_S)  # Docker is just removing us
    return 0
