"""The bridge that `orchd run` brings along: a channel and a token, and no configuration."""

from __future__ import annotations

import asyncio
import signal
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from test_bridge import PROGRAMS, Scene

from standin import Standin
from standin.verbs import look, places

pytestmark = pytest.mark.skipif(not (PROGRAMS / "orch-discord").exists(), reason="orch-discord is not built")


@pytest.fixture
async def scene(live: Standin, tmp_path: Path) -> AsyncIterator[Scene]:
    made = Scene(live, tmp_path)
    made.start_daemon()
    try:
        yield made
    finally:
        await made.end(made.bridge)
        await made.end(made.daemon, signal.SIGINT)
    assert look.violations(live) == []


def start(scene: Scene, channel: str) -> None:
    with (scene.here / "bridge.log").open("ab") as log:
        scene.bridge = subprocess.Popen(
            [
                PROGRAMS / "orch-discord", "run", "--channel", channel, "--token-file", scene.here / "token", "--socket",
                scene.here / "sock", "--state-dir", scene.here / "bridge", "--api", f"{scene.discord.base}/api/v10",
            ],
            env={"PATH": "/usr/bin:/bin", "HOME": str(scene.here), "LANG": "C.UTF-8"}, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=log,
        )  # fmt: skip


async def test_everybody_who_writes_in_the_channel_may(scene: Scene) -> None:
    start(scene, scene.channel)
    await scene.ready()
    message = scene.say("write", user="bob")
    await scene.shown(message, "✅")
    await scene.until("the answer", lambda: [each for each in scene.thread(message) if "the answer to" in each["content"]])
    assert scene.submitted()[0]["subject"].startswith("discord:")


async def test_a_channel_that_it_cannot_see_is_said(scene: Scene) -> None:
    hidden = str(places.channel(scene.discord, "hidden")["id"])
    places.overwrite(scene.discord, channel=hidden, role="@everyone", deny=["VIEW_CHANNEL"])
    for channel in ("123456789", hidden):
        start(scene, channel)
        assert scene.bridge is not None
        assert await asyncio.to_thread(scene.bridge.wait, 30) == 78
        assert f"the bot cannot see the channel {channel}" in (scene.here / "bridge.log").read_text()
