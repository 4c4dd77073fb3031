"""What Toxiproxy holds, as last read or written; step by step it is made what is wanted, and read back."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from harness.errors import NotApplied
from harness.world.toxiproxy import ApiError, ProxySeen, Server
from harness.world.wanted import Step, Wanted, opens_at_once, steps, told


class Contents:
    """Whoever calls holds the reconciler's lock. A proxy that is wanted gone is wanted as None.

    seen     by name; what is not in it is not there
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self.seen: dict[str, ProxySeen] = {}

    def read_all(self, within_s: float) -> None:
        """All of it, once a server that was (re)started answers. Raises ApiError when it does not in time."""
        end_s = time.monotonic() + within_s
        while True:
            try:
                self.server.version()
                break
            except ApiError:
                if time.monotonic() > end_s:
                    raise
                time.sleep(0.02)
        self.seen = self.server.proxies()

    def make(self, name: str, wanted: Wanted | None, cut: bool = False) -> None:
        """As wanted, from what was last known; `cut` closes its open connections."""
        try:
            self._run(steps(wanted, self.seen.get(name), cut), wanted)
        except ApiError as error:
            if error.status not in (404, 409):
                raise
            self.look(name)  # somebody else was there, or Toxiproxy was restarted: read, then once more
            self._run(steps(wanted, self.seen.get(name), cut), wanted)

    def look(self, name: str) -> None:
        try:
            self.seen[name] = self.server.proxy(name)
        except ApiError as error:
            if error.status != 404:
                raise
            self.seen.pop(name, None)

    def read_back(self, name: str, wanted: Wanted | None) -> Mapping[str, Any]:
        """Raises NotApplied when the proxy is not as wanted; {} when it is wanted gone, and gone."""
        self.look(name)
        wrong = steps(wanted, self.seen.get(name))
        if wrong:
            raise NotApplied(
                f"Toxiproxy took the change and did not make it: still to do: {', '.join(map(str, wrong))}"
            )
        return told(self.seen[name]) if name in self.seen else {}

    def delete(self, name: str) -> None:
        try:
            self.server.delete(name)
        except ApiError as error:
            if error.status != 404:  # gone with a Toxiproxy that was restarted
                raise
        self.seen.pop(name, None)

    def _run(self, todo: Iterable[Step], wanted: Wanted | None) -> None:
        for step in todo:
            if step.verb == "delete":
                self.server.delete(step.proxy)
                self.seen.pop(step.proxy, None)
                continue
            assert wanted is not None
            if step.verb == "create":
                self.seen[step.proxy] = self.server.create(
                    wanted.name, wanted.listen, wanted.upstream, opens_at_once(wanted)
                )
                continue
            seen = self.seen[step.proxy]
            if step.verb == "add":
                self.server.add_toxic(step.proxy, step.toxic, wanted.toxics[step.toxic])
                seen = replace(seen, toxics={**seen.toxics, step.toxic: wanted.toxics[step.toxic]})
            elif step.verb == "remove":
                self.server.remove_toxic(step.proxy, step.toxic)
                seen = replace(seen, toxics={n: t for n, t in seen.toxics.items() if n != step.toxic})
            elif step.verb == "disable":
                self.server.disable(step.proxy)
                seen = replace(seen, enabled=False)
            else:
                self.server.enable(step.proxy)
                seen = replace(seen, enabled=True)
            self.seen[step.proxy] = seen
