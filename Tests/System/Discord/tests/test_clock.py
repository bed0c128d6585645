"""Time: timers happen in order and each at its moment, whether time flows, jumps or stands still."""

from __future__ import annotations

import asyncio

import pytest

from standin.clock import Clock
from standin.ids import Snowflakes, moment


async def test_timers_happen_in_order_each_at_its_moment() -> None:
    clock, seen = Clock(start=1000.0, speed=0), []
    for delay in (30, 10, 20):
        clock.after(delay, lambda delay=delay: seen.append((delay, clock.now())))
    clock.after(15, lambda: seen.append((15, clock.now()))).cancel()
    await clock.advance(25)
    assert seen == [(10, 1010.0), (20, 1020.0)]
    assert clock.now() == 1025.0


async def test_a_timer_made_by_a_timer_happens_in_the_same_advance() -> None:
    clock, seen = Clock(start=0.0, speed=0), []
    clock.after(1, lambda: clock.after(1, lambda: seen.append(clock.now())) and None)
    await clock.advance(5)
    assert seen == [2.0]


async def test_time_that_flows_fires_without_a_push() -> None:
    clock, fired = Clock(speed=1000), asyncio.Event()
    running = asyncio.create_task(clock.run())
    clock.after(10, fired.set)
    await asyncio.wait_for(fired.wait(), 20)
    running.cancel()


async def test_time_does_not_go_back() -> None:
    with pytest.raises(ValueError, match="backwards"):
        await Clock(speed=0).advance(-1)


def test_names_grow_while_the_clock_stands_still() -> None:
    clock = Clock(start=1_800_000_000.0, speed=0)
    ids = Snowflakes(clock)
    made = [ids.next() for _ in range(1000)]
    assert made == sorted(set(made))
    assert abs(moment(made[0]) - 1_800_000_000.0) < 0.001
