"""Take every fault of a run out of the world with nothing but its run folder: no harness is needed."""

from __future__ import annotations

from harness import errors
from harness.facts import Fact, Injecting, Mended, NotMended
from harness.journal import Writer, read
from harness.run.clock import MonotonicClock
from harness.run.folder import RunFolder
from harness.safety.openfaults import open_faults


def own_writer(folder: RunFolder, who: str) -> Writer:
    """A journal file of our own in somebody else's run, on that run's clock."""
    opened = read(folder.path).opened
    clock = MonotonicClock(opened.monotonic_ns if opened else 0)
    return Writer(folder.facts, who, clock.now_s)


def take_out(folder: RunFolder, writer: Writer, why: str) -> tuple[str, ...]:
    """Remove all toxics, open all proxies, wake all containers that a fault of this run hurt. Returns what is still on.

    Records one fact per fault that was open. Idempotent.
    """
    still_on = []
    opened = open_faults(read(folder.path))
    toxics_out = _clear_toxiproxy(folder) if any("->" in fault.target for fault in opened) else ""
    for fault in opened:
        begun_s = fault.planned_s
        error = toxics_out if "->" in fault.target else _wake(folder, fault)
        fact: Fact = Mended(fault=fault.fault, begun_s=begun_s, why=why)
        if error:
            commands = (f"docker rm -f $(docker ps -aq --filter label=io.drill.run={folder.run})",)
            fact = NotMended(fault=fault.fault, error=error, commands=commands)
            still_on.append(fault.fault)
        writer.write(fact, durable=True)
    return tuple(still_on)


def _clear_toxiproxy(folder: RunFolder) -> str:
    """'' when every proxy of the run is open and without toxics, or gone with its container; else what is wrong."""
    from harness.world.toxiproxy import Server

    api = folder.stack_notes().get("api")
    if not api:
        return ""  # the stack never came so far: nothing can be on
    server = Server(str(api[0]), int(api[1]))
    try:
        for name, proxy in server.proxies().items():
            for toxic in proxy.toxics:
                server.remove_toxic(name, toxic)
            if not proxy.enabled:
                server.enable(name)
        return ""
    except errors.DrillError as error:
        # A wedged or dead Toxiproxy: without its container there is no fault, and no traffic either.
        left = _remove(folder, "com.docker.compose.service=drill-toxiproxy")
        return f"Toxiproxy does not let go ({error}), and its container stays: {left}" if left else ""
    finally:
        server.close()


def _remove(folder: RunFolder, label: str) -> str:
    from harness.world.docker import connect, refusing

    try:
        with refusing("remove Toxiproxy's container"):
            for container in connect().containers.list(all=True, filters={"label": [_label(folder), label]}):
                container.remove(force=True)
    except errors.DrillError as error:
        return str(error)
    return ""


def _wake(folder: RunFolder, fault: Injecting) -> str:
    """Start or unpause the containers of a hurt service; '' when they run or are gone."""
    from harness.world.docker import connect, refusing

    service = f"com.docker.compose.service={fault.target}"
    try:
        with refusing(f"wake {fault.target}"):
            for container in connect().containers.list(all=True, filters={"label": [_label(folder), service]}):
                if container.status == "paused":
                    container.unpause()
                elif fault.kind != "pause" and container.status == "exited":
                    container.start()
    except errors.DrillError as error:
        return str(error)
    return ""


def _label(folder: RunFolder) -> str:
    return f"io.drill.run={folder.run}"
