"""What a display has to remember of a run to tell the next fact rightly: which releases were taken back, which alerts fired. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.facts import AlertChanged, Deployed, Fact, Injecting


@dataclass
class Course:
    """Fed with every fact, in order."""

    _releases: dict[str, dict[str, bool]] = field(
        default_factory=dict
    )  # by fault, of each service whether it was taken back
    _firing: set[tuple[str, str, str]] = field(default_factory=set)

    def hear(self, fact: Fact) -> bool:
        """Whether the fact is worth telling: that an alert is inactive is news of one that fired, and of no other."""
        match fact:
            case Injecting() if fact.kind == "bad_release":
                self._releases[fact.fault] = dict.fromkeys(fact.target.split("+"), False)
            case Deployed():
                for services in self._releases.values():
                    if fact.service in services:
                        services[fact.service] = fact.by == "rollback"
            case AlertChanged():
                return self._news(fact)
        return True

    def on(self, faults: tuple[str, ...]) -> tuple[str, ...]:
        """The faults that are on, in words: a release that was rolled back waits for its mend alone."""
        return tuple(f"{fault} (rolled back)" if self._back(fault) else fault for fault in faults)

    def _back(self, fault: str) -> bool:
        return fault in self._releases and all(self._releases[fault].values())

    def _news(self, fact: AlertChanged) -> bool:
        one = (fact.alert, repr(sorted(fact.labels.items())), fact.group)
        fired = one in self._firing
        if fact.state == "firing":
            self._firing.add(one)
        else:
            self._firing.discard(one)
        return fired or fact.state != "inactive"
