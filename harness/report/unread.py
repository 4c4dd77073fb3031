"""What could not be read of orders and state, told once while a run goes: not for each source and each look again."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.facts import Fact, SourceRead, StateRead


@dataclass
class UnreadTold:
    """`line` has a line for a reading that failed, '' for one that says nothing new."""

    _errors: dict[tuple[str, str], str] = field(default_factory=dict)

    def line(self, fact: Fact) -> str:
        """'orders checkout: waiting CANNOT BE READ: …', and for the next one with the same error a short one."""
        match fact:
            case SourceRead():
                whose, name, counted = f"orders {fact.op}", fact.source, fact.counted
            case StateRead():
                whose, name, counted = "state", fact.part, None
            case _:
                return ""
        before = self._errors.pop((whose, name), "")
        if not fact.error:
            return ""
        known = fact.error in self._errors.values()
        self._errors[whose, name] = fact.error
        if fact.error == before:
            return ""
        rows = "" if counted is None else f", only counted ({counted} {'row' if counted == 1 else 'rows'})"
        return f"{whose}: {name} CANNOT BE READ{rows}: {'the same' if known else fact.error}"
