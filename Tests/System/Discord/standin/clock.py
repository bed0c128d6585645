"""What time is it here? A clock that flows, stands still or is moved by hand, and the timers that hang on it."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime

Action = Callable[[], Awaitable[None] | None]


class Timer:
    """Something that is to happen at a moment; `cancel` before that, and it does not."""

    def __init__(self, when: float, action: Action) -> None:
        self.when = when
        self.action: Action | None = action

    def cancel(self) -> None:
        self.action = None


class Clock:
    """Seconds since 1970, of a time of its own. All that expires in the stand-in expires by it."""

    def __init__(self, start: float | None = None, speed: float = 1.0) -> None:
        self._virtual = time.time() if start is None else start
        self._real = time.monotonic()
        self._speed = speed
        self._timers: list[tuple[float, int, Timer]] = []
        self._order = itertools.count()
        self._changed = asyncio.Event()
        self._moving = asyncio.Lock()
        self._advancing = False

    def now(self) -> float:
        return self._virtual + (time.monotonic() - self._real) * self._speed

    @property
    def speed(self) -> float:
        return self._speed

    @property
    def by_hand(self) -> bool:
        """Whether a client whose own clock is a real one cannot keep up with this one."""
        return self._advancing or self._speed != 1.0

    def set_speed(self, speed: float) -> None:
        """1 is real time, 0 stands still."""
        self._jump(self.now())
        self._speed = speed
        self._changed.set()

    def at(self, when: float, action: Action) -> Timer:
        timer = Timer(when, action)
        heapq.heappush(self._timers, (when, next(self._order), timer))
        self._changed.set()
        return timer

    def after(self, seconds: float, action: Action) -> Timer:
        return self.at(self.now() + seconds, action)

    async def advance(self, seconds: float) -> None:
        """Moves the clock on, and lets happen what was to happen in between, in order and each at its moment."""
        if seconds < 0:
            raise ValueError("time does not go backwards")
        async with self._moving:
            self._advancing = True
            try:
                target = self.now() + seconds
                await self._fire(target)
                self._jump(max(target, self.now()))
            finally:
                self._advancing = False
                self._changed.set()

    async def run(self) -> None:
        """Lets timers happen while time flows. Runs until it is cancelled."""
        while True:
            self._changed.clear()
            async with self._moving:
                await self._fire(self.now())
            wait = None
            if self._timers and self._speed > 0:
                wait = max(0.0, (self._timers[0][0] - self.now()) / self._speed)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), wait)

    async def _fire(self, until: float) -> None:
        while self._timers and self._timers[0][0] <= until:
            when, _, timer = heapq.heappop(self._timers)
            if timer.action is None:
                continue
            self._jump(max(when, self.now()))
            outcome = timer.action()
            if outcome is not None:
                await outcome

    def _jump(self, to: float) -> None:
        self._virtual, self._real = to, time.monotonic()


def iso(moment: float) -> str:
    """A moment as Discord writes it."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="microseconds")
