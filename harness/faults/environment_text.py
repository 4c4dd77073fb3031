"""A variable's value as Compose takes it: text, or what it makes text of, a number (`8`, `0.5`), true and false."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

PLAIN_FROM, PLAIN_BELOW = 1e-4, 1e6
"""Beyond these Compose writes a number with a point as 1e+06, which nobody means: it is to be put in quotes."""


def whole_text(value: Any) -> Any:
    """true, false and a whole number as they are written; a number with a point may have lost a zero (3.10)."""
    return str(value).lower() if isinstance(value, (bool, int)) else value


def compose_text(value: Any) -> Any:
    """Those too, as Compose makes them text: `1.50` is 1.5, `2.0` is 2."""
    if isinstance(value, float) and (value == 0 or PLAIN_FROM <= abs(value) < PLAIN_BELOW):
        return str(int(value)) if value.is_integer() else repr(value)
    return whole_text(value)


def _schema(*kinds: str) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [{"type": kind} for kind in kinds]})


EnvironmentText = Annotated[str, BeforeValidator(compose_text), _schema("string", "number", "boolean")]
VariableText = Annotated[str, BeforeValidator(whole_text), _schema("string", "integer", "boolean")]
"""Of what is put into the Compose file, where all of its letters count."""
