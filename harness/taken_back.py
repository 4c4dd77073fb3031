"""Which bad releases were rolled back, by whomever but us: what all who show a run as it goes tell of them. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.facts import Deployed, Fact, Injecting


@dataclass
class TakenBack:
    """Fed with the facts of a run, in order."""

    _since_s: dict[str, dict[str, float | None]] = field(default_factory=dict)
    """By fault, of each service since when it is back; None while it is not."""

    def hear(self, fact: Fact) -> None:
        match fact:
            case Injecting() if fact.kind == "bad_release":
                self._since_s[fact.fault] = dict.fromkeys(fact.target.split("+"), None)
            case Deployed():
                for services in self._since_s.values():
                    if fact.service in services:
                        services[fact.service] = fact.at_s if fact.by == "rollback" else None

    def since_s(self, fault: str) -> float | None:
        """Since when all services of a release run what they ran before it; None where one does not, and of any other fault."""
        times = [*self._since_s.get(fault, {}).values()]
        known = [at_s for at_s in times if at_s is not None]
        return max(known) if known and len(known) == len(times) else None
