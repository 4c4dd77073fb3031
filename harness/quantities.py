"""Quantities with their units, as they stand in a drill file: durations, shares, sizes, rates.

In the model they are plain numbers in one unit, named last (`delay_ms`, `within_s`); a bare number where a unit is needed is
refused with the sentence that says so.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

_DURATION = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_SIZE = {"b": 1, "kb": 1000, "mb": 1000**2, "gb": 1000**3, "kib": 1024, "mib": 1024**2, "gib": 1024**3}
LONGEST_S, LARGEST_BYTES, FASTEST_PER_S = 3.6e6, 1e12, 1e6  # beyond them a digit too many was typed
_PART = re.compile(r"(\d+(?:\.\d+)?)(us|ms|s|m|h)")


def seconds(value: Any) -> float:
    """'90s', '2m', '1m30s', '400ms' as seconds. Raises ValueError without a unit."""
    if isinstance(value, bool) or not isinstance(value, str):
        raise ValueError(f"a duration must have a unit: {value!r} could be '{value}s' or '{value}ms'")
    text = value.strip().replace(" ", "")
    _not_below_zero("a duration", text)
    unknown = next((unit for unit in re.findall(r"[^\W\d_]+", value) if unit not in _DURATION), "")
    if unknown and text[0].isdigit():
        units = ", ".join(_DURATION)
        raise ValueError(f"a duration's units are {units}, such as 400ms, 90s, 1m30s: {value!r} has {unknown!r}")
    if not text or "".join(m.group(0) for m in _PART.finditer(text)) != text:
        hint = (
            f": {text!r} could be '{text}s' or '{text}ms'" if re.fullmatch(r"\d+(\.\d+)?", text) else f", not {value!r}"
        )
        raise ValueError(f"a duration must have a unit, such as 400ms, 90s, 1m30s{hint}")
    total = sum(float(n) * _DURATION[u] for n, u in _PART.findall(text))
    if total > LONGEST_S:
        raise ValueError("a duration is at most 1000h")
    return total


def _not_below_zero(what: str, text: str) -> None:
    """Raises ValueError for a number with a minus: it has its unit, and is wrong all the same."""
    if re.match(r"[-\u2212]\s*[\d.]", text):
        raise ValueError(f"{what} is never below zero: {text!r}")


def milliseconds(value: Any) -> float:
    return round(seconds(value) * 1000, 6)


def ratio(value: Any) -> float:
    """'50%' or '0.5%' as a number from 0 to 1. Raises ValueError on a bare number: 2 could mean 2 % or 200 %."""
    _not_below_zero("a share", str(value).strip())
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", str(value).strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"a share must be written with a percent sign, such as 0.5% or 50%, not {value!r}")
    share = float(match.group(1)) / 100
    if share > 1:
        raise ValueError(f"a share is at most 100%, not {value}")
    return share


def points(value: Any) -> float:
    """'+0.1pp' or '0.1pp', a difference of two shares in percentage points, as a number: 0.001. Raises ValueError."""
    match = re.fullmatch(r"\+?(\d+(?:\.\d+)?)\s*pp", str(value).strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"a difference of shares is written in percentage points, such as +0.1pp, not {value!r}")
    return float(match.group(1)) / 100


def more(value: Any) -> float:
    """'+10%' or '10%', so much more than something, as a number: 0.1; may be above 100 %. Raises ValueError."""
    match = re.fullmatch(r"\+?(\d+(?:\.\d+)?)\s*%", str(value).strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"how much more is written with a percent sign, such as +10%, not {value!r}")
    return float(match.group(1)) / 100


def size_bytes(value: Any) -> int:
    """'64KB', '1GiB' as bytes. Raises ValueError without a unit."""
    _not_below_zero("a size", str(value).strip())
    match = (
        re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmg]?i?b)", str(value).strip().lower()) if isinstance(value, str) else None
    )
    if match is None:
        raise ValueError(f"a size must have a unit, such as 512B, 64KB, 1GiB, not {value!r}")
    size = float(match.group(1)) * _SIZE[match.group(2)]
    if size > LARGEST_BYTES:
        raise ValueError("a size is at most 1000GB")
    return int(size)


def per_second(value: Any) -> float:
    """'40/s' or '90/m' as a rate per second. Raises ValueError on anything else."""
    _not_below_zero("a rate", str(value).strip())
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*/\s*(s|m|h)", str(value).strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"a rate must name its unit of time, such as 40/s or 90/m, not {value!r}")
    rate = float(match.group(1)) / _DURATION[match.group(2)]
    if rate > FASTEST_PER_S:
        raise ValueError("a rate is at most 1000000/s")
    return rate


def spell(value_s: float) -> str:
    """Seconds as a person writes them: 0.4 → '400ms', 90 → '1m30s', 20 → '20s'."""
    if value_s < 1:
        return f"{value_s * 1000:g}ms"
    whole, minutes = value_s % 60, int(value_s // 60)
    if minutes == 0:
        return f"{value_s:g}s"
    return f"{minutes}m" + (f"{whole:g}s" if whole else "")


def figures(value: float, digits: int = 3, *, signed: bool = False) -> str:
    """A number to so many digits and all before its point, written out: '0.012', '100', '24137', never '1e+02'. `signed`: '+100'."""
    sign = "+" if signed else ""
    if abs(value) >= 10**digits:
        return format(value, f"{sign}.0f")
    if 0 < abs(value) < 1e-6 or math.isnan(value):
        return format(value, f"{sign}.{digits}g")
    return format(Decimal(format(value, f".{digits}g")), f"{sign}f")


def numbered(count: int, one: str, many: str = "") -> str:
    """How many of a thing, in words: '1 panel', '2 panels', '0 bodies' (many: where an s does not make it)."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def _schema(pattern: str, *examples: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern, "examples": list(examples)})


def go_duration_s(text: Any) -> float:
    """'1m30s', '500ms', '5m', '1d' as Prometheus and Alertmanager write durations; 0 for what is none."""
    units = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0, "y": 31536000.0}
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|[smhdwy])", str(text or ""))
    return sum(float(number) * units[unit] for number, unit in parts)


_DURATION_PATTERN = r"^(\d+(\.\d+)?(us|ms|s|m|h))+$"
Seconds = Annotated[float, BeforeValidator(seconds), _schema(_DURATION_PATTERN, "20s", "1m30s")]
Milliseconds = Annotated[float, BeforeValidator(milliseconds), _schema(_DURATION_PATTERN, "400ms", "2s")]
Ratio = Annotated[float, BeforeValidator(ratio), _schema(r"^\d+(\.\d+)?\s*%$", "0.5%", "50%")]
Points = Annotated[float, BeforeValidator(points), _schema(r"^\+?\d+(\.\d+)?\s*pp$", "+0.1pp")]
More = Annotated[float, BeforeValidator(more), _schema(r"^\+?\d+(\.\d+)?\s*%$", "+10%")]
Bytes = Annotated[int, BeforeValidator(size_bytes), _schema(r"^\d+(\.\d+)?\s*([kKmMgG]i?)?[bB]$", "64KB", "1GiB")]
PerSecond = Annotated[float, BeforeValidator(per_second), _schema(r"^\d+(\.\d+)?\s*/\s*(s|m|h)$", "40/s")]


class Model(BaseModel):
    """Base of everything that stands in a drill file: frozen, unknown keys refused, the docstring is the description."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=False, populate_by_name=True)
