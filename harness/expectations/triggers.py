"""What a rollback waits for: a page, an alert, or a time after the deployment. As text: 'page', 'alert NAME', 'after 20s'."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from harness.expectations.base import Reach
from harness.expectations.instants import Instant
from harness.expectations.known_alerts import no_alert
from harness.facts import AlertChanged, Fact, Injected, Paged
from harness.journal import Journal
from harness.quantities import seconds, spell


@dataclass(frozen=True)
class Trigger:
    """`kind` is page, alert or after; `name` an alert's ('' any), `after_s` counts from the end of the deployment."""

    kind: str = "page"
    name: str = ""
    after_s: float = 0.0

    def __str__(self) -> str:
        return f"after {spell(self.after_s)}" if self.kind == "after" else f"{self.kind} {self.name}".strip()

    @property
    def is_fact(self) -> bool:
        return self.kind != "after"

    def said(self) -> str:
        """In a sentence: 'a page for X'."""
        if self.kind == "page":
            return f"a page for {self.name}" if self.name else "a page"
        return f"the alert {self.name}" if self.kind == "alert" else f"{spell(self.after_s)} after the deployment"

    def pages(self) -> str:
        """The alert whose page it is, '*' for any; '' where it is none."""
        return (self.name or "*") if self.kind == "page" else ""

    def doubtful(self, reach: Reach) -> str:
        """That no rule is known which makes the alert that it names."""
        return no_alert(reach, self.name) if self.is_fact and self.name else ""

    def answers(self, fact: Fact, deployed_s: float) -> bool:
        """Whether this fact is what is waited for: newly firing since the deployment began, so that it can be about it."""
        if fact.at_s < deployed_s:
            return False
        if self.kind == "page" and isinstance(fact, Paged):
            if fact.standing:
                return False
            began_s = fact.before_s if fact.starts_s is None else fact.starts_s
            new = began_s is None or began_s >= deployed_s - 1.0  # whole seconds, as Prometheus writes them
            return fact.status == "firing" and new and self.name in ("", fact.alert)
        if self.kind == "alert" and isinstance(fact, AlertChanged):
            return fact.state == "firing" and fact.alert == self.name
        return False

    def arrived(self, journal: Journal, deployed_s: float, out: Injected | None) -> Instant | None:
        """When what is waited for came, with the fact that tells; None while it has not (as far as the journal goes)."""
        if self.kind == "after":
            due_s = out.seen_s + self.after_s if out else None
            return None if due_s is None or out is None or journal.end_s < due_s else Instant(due_s, due_s, out.cite)
        kind = Paged if self.kind == "page" else AlertChanged
        came = [fact for fact in journal.of(kind, since_s=deployed_s) if self.answers(fact, deployed_s)]
        first = min(came, key=lambda fact: fact.at_s, default=None)
        if first is None:
            return None
        before_s = getattr(first, "before_s", None)
        return Instant(first.at_s if before_s is None else before_s, first.at_s, first.cite)


def trigger(value: Any) -> Trigger:
    """'page', 'page NAME', 'alert NAME', 'after 20s', or the same as {alert: NAME}. Raises ValueError on anything else."""
    if isinstance(value, Trigger):
        return value
    if isinstance(value, Mapping) and len(value) == 1:
        value = " ".join(str(part) for part in next(iter(value.items())))
    kind, _, rest = str(value).strip().partition(" ") if isinstance(value, str) else ("", "", "")
    rest = rest.strip()
    if kind == "page" or (kind == "alert" and rest):
        return Trigger(kind, rest)
    if kind == "after" and rest:
        return Trigger("after", "", seconds(rest))
    raise ValueError(f"write what it waits for: page, page NAME, alert NAME or after 20s, not {value!r}")


_PATTERN = r"^\s*(page(\s+\S+)?|alert\s+\S+|after\s+\S.*)\s*$"
_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "string", "pattern": _PATTERN, "examples": ["page", "alert CheckoutErrorsHigh", "after 20s"]},
        {"type": "object", "properties": {word: {"type": "string"} for word in ("page", "alert", "after")}},
    ]
}
TriggerText = Annotated[Trigger, PlainValidator(trigger), PlainSerializer(str), WithJsonSchema(_SCHEMA)]
