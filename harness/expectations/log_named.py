"""Whom a line of a log names: in fields made for that, or in its words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.blaming import Parts, Truth
from harness.hostnames import bare
from harness.logtext import Said
from harness.logwords import is_somebody, mentions


@dataclass(frozen=True)
class Named:
    """Whom a line names: `parts`, and which of them only by words that may mean something else (`passing`); `strangers`, names that
    no part bears (an alias, perhaps); `stated`: in fields made for that."""

    parts: frozenset[str] = frozenset()
    passing: frozenset[str] = frozenset()
    strangers: tuple[str, ...] = ()
    stated: bool = False


@dataclass(frozen=True)
class Accusing:
    """Whom lines accuse. `truths` are the cases that there are, `blames` more fields that accuse."""

    parts: Parts
    truths: Sequence[Truth]
    blames: Sequence[str] = ()

    def named(self, said: Said, service: str, at_s: float) -> Named:
        """Whom a line names: in its fields, else by the words of what it says, but for its own service. An address means whoever
        held it when the line was written; a name that its logger writes before the message may be the logger's own."""
        parts, told = self.parts, said.named(*self.blames)
        known = frozenset(part for name in (*told, *said.perhaps_named) if (part := parts.accused(name, service, at_s)))
        if known:
            return Named(known, stated=True)
        spoken: dict[str, bool] = {}
        for text, message in ((said.spoken(), True), (said.before(), False)):
            for word in mentions(text):
                if (part := parts.accused(word[0].lower(), service, at_s)) not in ("", service):
                    spoken[part] = spoken.get(part, False) or (message and is_somebody(word))
        strangers = (name for name in told if bare(name) and not parts.came_from(name, service, at_s))
        passing = (part for part, sure in spoken.items() if not sure)
        return Named(frozenset(spoken), frozenset(passing), tuple(strangers))
