"""Faults out of a stack whose harness lives but does not renew its lease: what Docker's API and Toxiproxy's can take away.

Returns what is wrong, '' when it was read back as out. A release and what a drill's own commands made are not ours: they need the
user's files and programs, which no container has.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from harness.inside import toxics
from harness.inside.dockersocket import change, get, labelled
from harness.inside.wreck import GONE, RUN_LABEL, SERVICE_LABEL

LANES, TOXIPROXY = "drill-lanes", "drill-toxiproxy"
API_PORT = 61474
TRIES = 3
READ_BACK_S = 0.3
"""A harness that lives makes what it wants so again within 0.25 s."""
STARTED_S = 30.0
"""After so long nothing that was asked of Docker before a fault is still on its way; a stop has its grace beside."""
NOT_MODIFIED = 304
DOWN = ("exited", "dead", "created")


@dataclass(frozen=True)
class Rescue:
    run: str

    def toxics_out(self, hurt: Collection[str]) -> str:
        """All toxics out and the hurt edges open, asked of Toxiproxy within drill-lanes; where it does not answer, its container goes:
        without it there is no fault, and no traffic."""
        lanes = [one for one in self._of(LANES) if one["State"] == "running"]
        if not lanes:
            return ""  # nothing listens on the edges' addresses
        wrong = "a fault that was taken out came on again"
        for _ in range(TRIES):
            code, said = _executed(lanes[0]["Id"], "toxics", str(API_PORT), json.dumps(sorted(hurt)))
            if code == toxics.NOTHING:
                return ""
            if code != toxics.TAKEN_OUT:
                wrong = said or f"it could not be asked in {LANES} ({code})"
                break
            time.sleep(READ_BACK_S)
        try:
            for one in self._of(TOXIPROXY):
                change("DELETE", f"/containers/{one['Id']}?force=1&v=1", fine=GONE)
        except OSError as error:
            return f"{wrong}, and Toxiproxy's container stays: {error}"
        return ""

    def woken(
        self, injecting: Mapping[str, Any], under_way: bool, now_s: float, only: Collection[str] | None = ()
    ) -> str:
        """The containers of a hurt service go on; started where they were stopped. `under_way`: Docker may just be stopping one.

        only   these, by name; () for all, None where nothing was done to any
        """
        may_come = under_way and now_s < float(injecting["planned_s"]) + STARTED_S + grace_s(
            injecting.get("stated") or {}
        )
        on_its_way = f"{injecting['target']} may still be on its way to be hurt ({injecting['kind']})"
        if only is None:
            return on_its_way if may_come else ""
        stopped = injecting["kind"] != "pause"
        for one in self._of(injecting["target"]):
            if only and one["Names"][0].lstrip("/") not in only:
                continue
            place = f"/containers/{one['Id']}"
            before = _state(place)
            if before.get("Paused"):
                change("POST", f"{place}/unpause", fine=GONE)
            elif stopped and before.get("Status") in DOWN:
                change("POST", f"{place}/start", fine=(*GONE, NOT_MODIFIED))
            elif may_come:
                return on_its_way
            after = _state(place)
            # One that was started and has ended again is the stack's own affair.
            still_down = after.get("Status") in DOWN and after.get("StartedAt") == before.get("StartedAt")
            if after.get("Paused") or (stopped and still_down):
                return f"{one['Names'][0].lstrip('/')} is {after.get('Status')}"
        return ""

    def _of(self, service: str) -> list[dict[str, Any]]:
        return labelled("containers", {RUN_LABEL: self.run, SERVICE_LABEL: service})


def _state(place: str) -> dict[str, Any]:
    """{} for a container that is gone."""
    return (get(f"{place}/json") or {}).get("State") or {}


def grace_s(stated: Mapping[str, Any]) -> float:
    """What a fault, as its size is stated, gives its service to stop in."""
    grace = stated.get("grace_s", 0.0)
    return float(grace) if isinstance(grace, int | float) else 0.0


def _executed(container: str, *words: str) -> tuple[int, str]:
    """The exit code of a helper that is run in a container, and what it printed. Raises OSError."""
    command = ["python3", "-m", "harness.inside", *words]
    made = change("POST", f"/containers/{container}/exec", {"Cmd": command, "Tty": True, "AttachStdout": True})["Id"]
    said = change("POST", f"/exec/{made}/start", {"Detach": False, "Tty": True})
    return int(get(f"/exec/{made}/json").get("ExitCode") or 0), str(said or "").strip()
