"""What a rehearsal is played on, as a session needs it: a stack that is the run's own, or a system that runs already."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from harness.load.access import Access
    from harness.load.generator import Generator
    from harness.masking import Secret
    from harness.run.engine import Engine
    from harness.run.session import Session


class Ground(Protocol):
    """Made for one session. `begin` comes first, `down` or `keep` last, whatever happens in between."""

    @property
    def access(self) -> Access | None:
        """How the load gets in there, where that takes more than an address."""
        ...

    def secrets(self) -> Sequence[Secret]:
        """What must not be shown in anything that the run writes."""
        ...

    def begin(self, session: Session, closing: contextlib.ExitStack) -> None:
        """Until load can go to it: start what is started, look whether all is there. Helpers are closed by `closing`, in reverse.

        Raises CannotRun when it cannot be played on, Stopped when the end is asked for.
        """
        ...

    def host(self, session: Session) -> str:
        """What the locustfile's paths are appended to, such as http://127.0.0.1:8080."""
        ...

    def engine(self, session: Session, generator: Generator, closing: contextlib.ExitStack) -> Engine:
        """The engine on this world."""
        ...

    def replay(self, session: Session) -> None:
        """When the phases are over: what needs the ground still, beside the load."""
        ...

    def keep(self, session: Session) -> str | None:
        """Leave it for a look, as its user asks; None where there is nothing to leave. Else the container of a watchdog that could not
        be removed, and now goes by lease and journal alone; '' for none."""
        ...

    def down(self, *, twice: bool) -> Sequence[str]:
        """Take away all that the run made there; returns what could not be removed.

        twice   a start was cut short: what was just being made may come to be after a first look
        """
        ...
