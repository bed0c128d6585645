"""What the tests share: a stand-in whose clock stands still, a bot without any library, and the tally at the end."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from support import Bot, Wire

from standin import Settings, Standin
from standin.clock import Clock
from standin.contract import Contract, find
from standin.limits import RULES
from standin.verbs import places


@pytest.fixture(scope="session")
def contract() -> Contract | None:
    path = find()
    return Contract(path) if path is not None else None


@pytest.fixture
async def limited(contract: Contract | None) -> AsyncIterator[Standin]:
    """A furnished stand-in with the limits of Discord. Time passes when a test says so."""
    standin = Standin(Settings(), contract=contract, clock=Clock(speed=0))
    places.furnish(standin)
    async with standin:
        yield standin
    assert standin.world.journal.own_faults == []


@pytest.fixture
async def discord(limited: Standin) -> Standin:
    """The same without limits, for tests of other things."""
    for method, route in RULES:
        limited.limits.set(method, route, 10_000, 1.0)
    limited.settings.global_limit = 10_000
    return limited


@pytest.fixture
async def live(contract: Contract | None) -> AsyncIterator[Standin]:
    """A furnished stand-in on real time, with the limits of Discord, for clients that have clocks of their own.

    An answer may take longer than three seconds here, as the machine may be busy; those have a test of their own.
    """
    standin = Standin(Settings(identify_spacing=0.05, answer_seconds=60.0), contract=contract)
    places.furnish(standin)
    async with standin:
        yield standin
    assert standin.world.journal.own_faults == []


@pytest.fixture
async def bot(limited: Standin) -> AsyncIterator[Bot]:
    async with Bot(limited) as made:
        yield made


@pytest.fixture
async def wire(limited: Standin) -> AsyncIterator[Wire]:
    async with Wire(limited) as made:
        yield made


def pytest_unconfigure(config: pytest.Config) -> None:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        path = find()
        print(
            f"checked against {path}"
            if path is not None
            else "NOT CHECKED against Discord's OpenAPI description: it is not at hand"
        )
        counts = {name: len(reporter.stats.get(name, [])) for name in ("passed", "failed", "error")}
        print(f"{counts['passed']} passed, {counts['failed'] + counts['error']} failed")
