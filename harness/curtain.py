"""The stack's own secrets, kept out of what a run writes: masked by their value. Pure."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import unquote

from harness.facts import Fact, Injecting
from harness.masking import SHORTEST, Secret

F = TypeVar("F", bound=Fact)


class Curtain:
    """Masks known values: `[NAME]` stands where one was. Values that are shorter than a secret is are left: they stand anywhere."""

    def __init__(self, secrets: Sequence[Secret] = ()) -> None:
        self.secrets: tuple[Secret, ...] = ()
        self._names: dict[str, str] = {}
        self._pattern: re.Pattern[str] | None = None
        self.hide(secrets)

    def hide(self, secrets: Sequence[Secret]) -> None:
        """Mask these as well from now on, and what they read like inside of JSON and of a URL."""
        self.secrets = (*self.secrets, *secrets)
        for secret in secrets:
            for value in {secret.value, unquote(secret.value), json.dumps(secret.value)[1:-1]}:
                if len(value) >= SHORTEST:
                    self._names.setdefault(value, secret.name)
        longest_first = sorted(self._names, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def text(self, text: str) -> str:
        return self._pattern.sub(lambda found: f"[{self._names[found.group()]}]", text) if self._pattern else text

    def fact(self, fact: F) -> F:
        """The fact with each of its texts masked, at whatever depth. Not of a fault that is about to be injected: a run that died is
        mended by the commands that stand there, and a masked one mends nothing."""
        if self._pattern is None or isinstance(fact, Injecting):
            return fact
        told = {field.name: getattr(fact, field.name) for field in dataclasses.fields(fact)}
        shown = {name: self._of(value) for name, value in told.items()}
        changed = {name: value for name, value in shown.items() if value != told[name]}
        return dataclasses.replace(fact, **changed) if changed else fact

    def _of(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self._of(key): self._of(inner) for key, inner in value.items()}
        return tuple(map(self._of, value)) if isinstance(value, (tuple, list)) else value
