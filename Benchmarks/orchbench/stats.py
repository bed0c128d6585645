"""Medians, spreads, and when two figures may be called different."""
from __future__ import annotations

import statistics
from collections.abc import Sequence


def percentile(values: Sequence[float], percent: float) -> float:
    """By linear interpolation between the two nearest ranks."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * percent / 100
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def quartiles(values: Sequence[float]) -> tuple[float, float]:
    return percentile(values, 25), percentile(values, 75)


def spread(values: Sequence[float]) -> float:
    """Half the distance between the quartiles, as a fraction of the median: what is printed after ±."""
    middle = median(values)
    low, high = quartiles(values)
    return (high - low) / 2 / abs(middle) if middle else 0.0


def ratios(values: Sequence[float], reference: Sequence[float]) -> list[float]:
    """Round by round, since rounds that were measured side by side share the mood of the machine."""
    return [value / base for value, base in zip(values, reference) if base]


def differ(values: Sequence[float], limit: float = 1.0) -> bool:
    """Whether the middle half of the values lies on one side of the limit: otherwise there is no verdict."""
    low, high = quartiles(values)
    return low > limit or high < limit
