"""The stack's own Prometheus or Alertmanager behind its --web.config.file: reached as a target's places are, by what the drill states."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness.drill.model import Drill
from harness.drill.monitor import Monitor
from harness.drill.resolved import observed
from harness.drill.stack import Observe
from harness.load.access import Access
from harness.masking import Secret
from harness.target.place import Place
from harness.target.reach import PlaceApi, secrets_of, session_of
from harness.target.secrets import access_of


class MonitorApi(PlaceApi):
    """One that is published on loopback: its certificate bears another name than that."""

    def __init__(self, word: str, monitor: Monitor, service: str, address: tuple[str, int], prefix: str) -> None:
        place = _place(monitor, f"{address[0]}:{address[1]}{prefix}")
        name = (monitor.server_name or service) if monitor.ca_file else ""
        super().__init__(word.capitalize(), place.model_copy(update={"server_name": name}))
        self.what = f"{word.capitalize()} (stack.observe.{word})"


def monitor_api(drill: Drill, word: str, service: str, address: tuple[str, int], prefix: str) -> MonitorApi | None:
    """One of them at its address; None where plain HTTP will do."""
    monitor = dict(_guarded(drill.stack.observe, drill.origin.base)).get(word)
    return MonitorApi(word, monitor, service, address, prefix) if monitor else None


def monitor_secrets(drill: Drill) -> tuple[Secret, ...]:
    """What must not be shown. Raises CannotRun for a password that is not there, and for a ca_file that holds no certificates."""
    found: list[Secret] = []
    for word, monitor in _guarded(drill.stack.observe, drill.origin.base):
        place = _place(monitor, word)
        session_of(place).close()
        found += secrets_of(place, word)
    return tuple(found)


def recorded_monitors(folder: Path) -> list[tuple[str, Access]]:
    """Where the passwords are with which a run asked, as its drill.yaml says."""
    stated = observed(folder / "drill.yaml")
    return [(word, access_of(_place(monitor, word))) for word, monitor in _guarded(*stated)] if stated else []


def _guarded(observe: Observe, base: Path) -> Iterator[tuple[str, Monitor]]:
    """Those that are asked in another way than plain HTTP, by their words; files as absolute paths."""
    for word, monitor in (("prometheus", observe.prometheus), ("alertmanager", observe.alertmanager)):
        if monitor.guarded:
            files = {one: str(base / text) for one in ("password_file", "ca_file") if (text := getattr(monitor, one))}
            yield word, monitor.model_copy(update=files)


def _place(monitor: Monitor, at: str) -> Place:
    return Place(
        url=f"{'https' if monitor.tls else 'http'}://{at}",
        user=monitor.user,
        password_env=monitor.password_env,
        password_file=monitor.password_file,
        ca_file=monitor.ca_file,
        insecure_skip_verify=monitor.insecure_skip_verify,
    )
