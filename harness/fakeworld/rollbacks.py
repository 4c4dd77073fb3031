"""Who takes a release back in the fake world: commands, and people."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from harness.fakeworld.clock import Failures, FakeClock


class FakeRunning:
    """Ends after so many seconds, with what it does then; never, when it hangs."""

    def __init__(self, clock: FakeClock, took_s: float, exit_code: int, deed: Callable[[], None]) -> None:
        self._clock = clock
        self._begun_s, self._over_s = clock.now_s(), math.inf
        self._code: int | None = None
        self.killed = False

        def end() -> None:
            if not self.killed:
                deed()
                self._code, self._over_s = exit_code, clock.now_s()

        clock.at(clock.now_s() + took_s, end)

    def ended(self) -> int | None:
        return self._code

    def ran_s(self) -> float:
        return min(self._over_s, self._clock.now_s()) - self._begun_s

    def on(self) -> bool:
        return self._code is None and not self.killed

    def kill(self) -> None:
        if self.on():
            self.killed, self._over_s = True, self._clock.now_s()

    def output(self) -> str:
        return "rolled back" if self._code == 0 else ""

    def errors(self) -> str:
        return ""


class FakeCommands:
    """Commands that do what they are told to: `took_s` seconds long, then the deed."""

    def __init__(self, clock: FakeClock, failures: Failures) -> None:
        self._clock = clock
        self._failures = failures
        self.took_s = 2.0
        self.exit_code = 0
        self.deed: Callable[[], None] = lambda: None
        self.started: list[FakeRunning] = []
        self.named: dict[str, FakeRunning] = {}

    def start(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        shell: bool = False,
        apart: bool = False,
    ) -> FakeRunning:
        self._failures.pass_by()
        self.started.append(FakeRunning(self._clock, self.took_s, self.exit_code, self.deed))
        self.named[name] = self.started[-1]
        return self.started[-1]

    def running(self, name: str) -> FakeRunning | None:
        return self.named.get(name)


class FakePeople:
    """A person who says these lines, each at its second; nobody is there unless somebody is to be."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.present = False
        self.says: dict[float, str] = {}

    def there(self) -> bool:
        return self.present

    def heard(self) -> str | None:
        due = [at_s for at_s in sorted(self.says) if at_s <= self._clock.now_s()]
        return self.says.pop(due[0]) if due else None
