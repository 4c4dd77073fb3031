"""What an order costs beside its items, and what is charged for it: by the shop's settings, as every release reads them that
does not say otherwise (`handling_cents`, `charged_cents`, and the settings that it brings along, `SETTINGS`, in its module).

Settings are data, and outlive the release that changed them: rolling back the code does not roll back these.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from checkout import release

NEW_SETTINGS: Mapping[str, str] = getattr(release, "SETTINGS", {})
"""What this release changes when it begins to serve."""


def handling_cents(settings: Mapping[str, str]) -> int:
    """Raises ValueError for a setting that this release cannot read."""
    read = getattr(release, "handling_cents", int)
    cents: int = read(settings.get("handling", "0"))
    return cents


def charged_cents(total_cents: int, items: Sequence[Mapping[str, int]], settings: Mapping[str, str]) -> int:
    """What the provider is asked for."""
    charged: Any = getattr(release, "charged_cents", _with_the_opening_offer)
    cents: int = charged(total_cents, items, settings)
    return cents


def _with_the_opening_offer(total_cents: int, items: Sequence[Mapping[str, int]], settings: Mapping[str, str]) -> int:
    """In the opening week a tenth of each payment was given away. It is long over, and nobody has taken the code out."""
    return total_cents - total_cents // 10 if settings.get("offer") == "on" else total_cents
