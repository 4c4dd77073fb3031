"""`silence`: alerts of an Alertmanager outside of the stack that are kept quiet while a drill runs. Only when asked for, always with an end."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pydantic import Field, field_validator

from harness.quantities import Model

_MATCHER = re.compile(r'\s*([A-Za-z_][A-Za-z0-9_]*)\s*(=~|!~|!=|=)\s*"([^"]*)"\s*')


@dataclass(frozen=True)
class Matcher:
    """One condition on a label, as Alertmanager's API has it."""

    name: str
    value: str
    regex: bool
    equal: bool


def matcher(text: str) -> Matcher:
    """'service="shop"', 'severity=~"page|ticket"'. Raises ValueError."""
    found = _MATCHER.fullmatch(text)
    if found is None:
        raise ValueError(f'write a matcher as service="shop" or severity=~"page|ticket", not {text!r}')
    if found[2] == "=~":
        try:
            re.compile(found[3])
        except (re.error, OverflowError, RecursionError) as error:
            raise ValueError(f"{text}: not a regular expression: {error}") from None
    return Matcher(found[1], found[3], "~" in found[2], not found[2].startswith("!"))


class Silence(Model):
    """
    A silence for as long as the run may last, taken away at its end; a run that cannot have it does not begin.

        silence:
          - {at: "http://alertmanager.example.org:9093", matchers: ['service="shop"', 'severity="page"']}

    The stack's own Alertmanager needs none: its pages go to a mailbox, and are what is judged.
    """

    at: str = Field(pattern=r"^https?://\S+$", description="the Alertmanager: http://host:9093")
    matchers: tuple[str, ...] = Field(min_length=1, description='what is silenced must fit them all: service="shop"')

    @field_validator("matchers")
    @classmethod
    def _narrow(cls, matchers: tuple[str, ...]) -> tuple[str, ...]:
        made = [matcher(text) for text in matchers]
        if not any(one.equal and one.value and not (one.regex and re.fullmatch(one.value, "")) for one in made):
            raise ValueError(
                'these matchers fit every alert; name at least one that must be there, such as service="shop"'
            )
        return matchers
