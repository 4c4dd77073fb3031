"""What a display has to remember of a run to tell the next fact rightly: which releases were taken back, which alerts fired. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.facts import AlertChanged, Fact
from harness.taken_back import TakenBack


@dataclass
class Course:
    """Fed with every fact, in order."""

    _back: TakenBack = field(default_factory=TakenBack)
    _firing: set[tuple[str, str, str]] = field(default_factory=set)

    def hear(self, fact: Fact) -> bool:
        """Whether the fact is worth telling: that an alert is inactive is news of one that fired, and of no other."""
        self._back.hear(fact)
        return self._news(fact) if isinstance(fact, AlertChanged) else True

    def on(self, faults: tuple[str, ...]) -> tuple[str, ...]:
        """The faults that are on, in words: a release that was rolled back waits for its mend alone."""
        return tuple(fault if self._back.since_s(fault) is None else f"{fault} (rolled back)" for fault in faults)

    def _news(self, fact: AlertChanged) -> bool:
        one = (fact.alert, repr(sorted(fact.labels.items())), fact.group)
        fired = one in self._firing
        if fact.state == "firing":
            self._firing.add(one)
        else:
            self._firing.discard(one)
        return fired or fact.state != "inactive"
