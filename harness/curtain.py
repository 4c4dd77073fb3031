"""The stack's own secrets, kept out of what a run writes: masked by their value, where it is one. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from harness.facts import EvidenceSealed, Fact, Injecting
from harness.masking import SHORTEST, Secret, hidden
from harness.secret_names import holds_secret
from harness.secret_words import is_word

F = TypeVar("F", bound=Fact)
AS_THEY_ARE = (Injecting, EvidenceSealed)
"""A run that died is mended by the commands that stand in the one, and the other names the files that are sealed."""
SAID = (
    "annotations", "command", "comment", "detail", "error", "output", "question", "reason", "text", "warnings", "why",
)  # fmt: skip
"""What others said or typed, in facts, at whatever depth. Any other text that is one plain word is a name or a state of the run (`firing`, a service)."""


class Curtain:
    """Masks known values: `[NAME]` stands where one was. Values that are shorter than a secret is are left: they stand anywhere."""

    def __init__(self, secrets: Sequence[Secret] = ()) -> None:
        self.secrets: tuple[Secret, ...] = ()
        self._known: dict[str, Secret] = {}
        self.hide(secrets)

    def hide(self, secrets: Sequence[Secret]) -> None:
        """Mask these as well from now on, however they are written."""
        self.secrets = (*self.secrets, *secrets)
        for secret in secrets:
            if len(secret.value) >= SHORTEST:
                self._known.setdefault(secret.value, secret)

    def text(self, text: str) -> str:
        return hidden(text, self._known.values())

    def fact(self, fact: F) -> F:
        """The fact with each of its texts masked, at whatever depth."""
        if not self._known or isinstance(fact, AS_THEY_ARE):
            return fact
        told = {field.name: getattr(fact, field.name) for field in dataclasses.fields(fact)}
        shown = {name: self._of(value, name) for name, value in told.items()}
        changed = {name: value for name, value in shown.items() if value != told[name]}
        return dataclasses.replace(fact, **changed) if changed else fact

    def _of(self, value: Any, name: str) -> Any:
        """`name` is what it is called in the fact: a field, or the key of a mapping that is no field of SAID."""
        if isinstance(value, str):
            by_itself = is_word(value) and not holds_secret(name, value) and name not in SAID
            return value if by_itself else self.text(value)
        if isinstance(value, Mapping):
            return {self._key(key): self._of(inner, name if name in SAID else str(key)) for key, inner in value.items()}
        return tuple(self._of(inner, name) for inner in value) if isinstance(value, (tuple, list)) else value

    def _key(self, key: Any) -> Any:
        """Keys are names: no word in them is a secret."""
        if not isinstance(key, str):
            return key
        return hidden(key, [secret for value, secret in self._known.items() if not is_word(value)])
