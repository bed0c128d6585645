"""How often may one identify? A thousand times a day, and one each five seconds; past the first, Discord resets the token."""

from __future__ import annotations

from .model import JSON
from .world import World


def forget(world: World) -> None:
    """Leaves the starts of the last day."""
    while world.starts and world.starts[0] <= world.clock.now() - world.settings.identify_window:
        world.starts.popleft()


def view(world: World) -> JSON:
    forget(world)
    settings = world.settings
    resets = world.starts[0] + settings.identify_window - world.clock.now() if world.starts else 0.0
    return {
        "total": settings.identify_total, "remaining": max(0, settings.identify_total - len(world.starts)),
        "reset_after": int(resets * 1000), "max_concurrency": settings.identify_concurrency,
    }  # fmt: skip


def take(world: World) -> str | None:
    """Counts a start, or answers why it is not to be: `spent`, or `too fast`."""
    forget(world)
    settings = world.settings
    if len(world.starts) >= settings.identify_total:
        return "spent"
    if sum(each > world.clock.now() - settings.identify_spacing for each in world.starts) >= settings.identify_concurrency:
        return "too fast"
    world.starts.append(world.clock.now())
    return None
