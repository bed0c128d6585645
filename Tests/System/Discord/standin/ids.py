"""How are things named? Snowflakes: milliseconds since 2015 and a counter, so that order of names is order of time."""

from __future__ import annotations

from .clock import Clock

EPOCH = 1_420_070_400.0


class Snowflakes:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0

    def next(self) -> int:
        """Larger than every one before, also while the clock stands still."""
        self._last = max(self._last + 1, int((self._clock.now() - EPOCH) * 1000) << 22)
        return self._last


def moment(snowflake: int) -> float:
    """When a thing of this name was made."""
    return (snowflake >> 22) / 1000 + EPOCH
