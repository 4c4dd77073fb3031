"""A series without what is over after a few points, such as a pause of the garbage collector: no level is told by it. Pure.

Source: Hampel's identifier on a moving window (Davies and Gather, The Identification of Multiple Outliers, JASA 88 (1993)):
a point far from the median of its neighbours is put there. A step, a ramp and a trend stay what they are; noise is left alone.
"""

from __future__ import annotations

from typing import Any

LONGEST = 5  # points in a row: more have a level of their own
BEYOND = 4.0  # standard deviations: of the points of plain noise one in 16 000 is so far out


def without_spikes(values: Any) -> Any:
    """Each point, or the median of the eleven around it (at an end, of the eleven there)."""
    import numpy as np

    series, width = np.asarray(values, float), 2 * LONGEST + 1
    if len(series) < width:
        return series
    medians = np.median(np.lib.stride_tricks.sliding_window_view(series, width), axis=1)
    usual = medians[np.clip(np.arange(len(series)) - LONGEST, 0, len(series) - width)]
    off = np.abs(series - usual)
    # Both are the standard deviation where it is normal; the second where more than half of the points are alike.
    scale = 1.4826 * float(np.median(off)) or 1.2533 * float(off.mean())
    return np.where(off > BEYOND * scale, usual, series)
