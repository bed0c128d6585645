"""Many tasks that end at once: the bridge against the stand-in, with a real daemon."""

from __future__ import annotations

import pytest
import test_bridge
from test_bridge import PROGRAMS, Scene

pytestmark = pytest.mark.skipif(not (PROGRAMS / "orch-discord").exists(), reason="orch-discord is not built: swift build")

stage = test_bridge.scene
TASKS, BURST = 24, 3


async def test_many_ends_at_once_are_told_in_a_summary(stage: Scene) -> None:
    config = stage.here / "discord.toml"
    config.write_text(config.read_text().replace("[results]\n", f"[results]\nburst = {BURST}\n"))
    stage.start_bridge()
    await stage.ready()
    messages = [stage.say(f"wait {number}") for number in range(TASKS)]
    await stage.until("the tasks", lambda: len(stage.submitted()) == TASKS)
    # All of them end while the bridge is away.
    await stage.end(stage.bridge)
    (stage.here / "gate").touch()
    await stage.until("their ends", lambda: all(each["state"] == "succeeded" for each in stage.submitted()))
    stage.start_bridge()
    for message in messages:
        await stage.shown(message, "✅")

    def told() -> int:
        """How many ends the channel for results tells of, one by one and in summaries."""
        titles = [str(each["title"]) for each in stage.ends()]
        return sum(int(title.split()[0]) if title.endswith("tasks have ended") else 1 for title in titles)

    await stage.until("all the ends", lambda: told() == TASKS)
    assert len(stage.ends()) <= BURST + 2
    assert all(len(stage.cards(each)) == 1 for each in messages)
