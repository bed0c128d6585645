"""The bridge killed at any point, again and again: `run --torture [KILLS]`. In the end, everything is there once."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from test_bridge import PROGRAMS, Scene

from standin import Standin
from standin.verbs import clicks, look, places, trouble

KILLS = int(os.environ.get("ORCH_KILLS") or 0)
# Asks, and says what it heard.
ASKING = """
prompt=$(cat)
case $prompt in ask*) heard=$({orchctl} ask "Go on?" --choice yes --choice no) ;; esac
echo "the answer to **$prompt** $heard"
"""
# How many kills lie between two looks at everything: what nobody has seen yet does not pile up.
ROUND = 25

pytestmark = [
    pytest.mark.skipif(KILLS == 0, reason="ORCH_KILLS says how often to kill the bridge"),
    pytest.mark.skipif(not (PROGRAMS / "orch-discord").exists(), reason="orch-discord is not built"),
]


@pytest.fixture
async def scene(live: Standin, tmp_path: Path) -> AsyncIterator[Scene]:
    made = Scene(live, tmp_path)
    (tmp_path / "agent").write_text(ASKING.replace("{orchctl}", str(PROGRAMS / "orchctl")))
    (tmp_path / "pools.d/default.toml").write_text('slots = 4\nagent = "script"\n[spawn]\npools = []\n')
    config = tmp_path / "discord.toml"
    # Each end is told by itself, so that it can be counted, and what piles up while it cannot live is not asked about.
    text = config.read_text().replace("[results]\n", "[results]\nburst = 10000\n").replace("= 1000\n", "= 100000\n")
    config.write_text(text.replace("mention = false\n", "mention = false\ncatch_up = 10000\n"))
    guild = next(iter(live.world.guilds))
    places.join(live, "alice", guild=str(guild), roles=["operators"])
    made.start_daemon()
    try:
        yield made
    finally:
        await made.end(made.bridge)
        await made.end(made.daemon, signal.SIGINT)


def questions(scene: Scene, message: str) -> list[dict[str, Any]]:
    return [each for each in scene.thread(message) if each["embeds"] and "Question" in each["embeds"][0]["title"]]


def open_questions(scene: Scene, messages: list[str]) -> list[dict[str, Any]]:
    return [each for message in messages for each in questions(scene, message) if each["components"]]


async def answered(scene: Scene, messages: list[str]) -> None:
    """Clicks until nothing is asked any more: a click of which nobody has heard has to be made again."""
    trouble.clear_faults(scene.discord)
    for _ in range(300):
        for question in open_questions(scene, messages):
            await clicks.click(scene.discord, "alice", question["id"], "yes")
        if all(scene.reactions(message) == ["✅"] for message in messages) and not open_questions(scene, messages):
            return
        await asyncio.sleep(1)
    raise AssertionError(f"something is still asked\n{scene.log()}")


def kill_engine(scene: Scene) -> None:
    """The daemon's engine, which is started again at once."""
    assert scene.daemon is not None
    children = Path(f"/proc/{scene.daemon.pid}/task/{scene.daemon.pid}/children").read_text().split()
    for child in children:
        if Path(f"/proc/{child}/comm").read_text().strip() == "orchd":
            os.kill(int(child), signal.SIGKILL)


async def test_everything_is_there_once(scene: Scene) -> None:
    seed = int(os.environ.get("ORCH_SEED") or random.randrange(1 << 32))
    print(f"ORCH_SEED={seed} repeats the choices")
    chance = random.Random(seed)
    # Shown in time for the first kill.
    scene.start_bridge()
    await scene.ready()
    await scene.until("the commands", lambda: scene.discord.world.application.commands)
    messages: list[str] = []
    commands: list[str] = []
    for number in range(KILLS):
        for _ in range(chance.choice((0, 1, 1, 2))):
            messages.append(scene.say(f"{chance.choice(('task', 'task', 'ask'))} {len(messages)}"))
        if chance.random() < 0.3:
            prompt = f"command {number}"
            commands.append((await clicks.command(scene.discord, "alice", scene.channel, "task", {"prompt": prompt}))["id"])
        if chance.random() < 0.1:
            trouble.fault(scene.discord, method="POST", path="*/callback", nth=1, count=1, action="cut", done=True)
        if chance.random() < 0.2:
            # A request that has its effect, and whose answer is lost.
            trouble.fault(
                scene.discord, method="POST", path="*/messages", nth=chance.randint(1, 3), count=1, action="cut", done=True
            )
        for question in open_questions(scene, messages)[:2]:
            await clicks.click(scene.discord, "alice", question["id"], chance.choice(("yes", "no")))
        await asyncio.sleep(chance.uniform(0, 0.9))
        await scene.end(scene.bridge, signal.SIGKILL)
        if chance.random() < 0.1:
            kill_engine(scene)
        if chance.random() < 0.05:
            # The stand-in forgets nonces after three minutes, as Discord does, and sessions as well.
            await trouble.clock(scene.discord, advance=chance.choice((60, 240, 3600)))
        scene.start_bridge()
        if number % ROUND == ROUND - 1 or number == KILLS - 1:
            messages += await heard(scene, commands)
            commands = []
            await answered(scene, messages)
            answers = await settled(scene, messages)
            print(f"{number + 1} kills, {len(messages)} messages and commands, {answers} answers of people, each once")
    assert look.own_faults(scene.discord) == []


async def heard(scene: Scene, commands: list[str]) -> list[str]:
    """The messages of those commands that Discord was told of in time; whoever used one of the others has seen it fail."""
    trouble.clear_faults(scene.discord)
    # Whoever still waits for a first answer reads that there is none.
    await trouble.clock(scene.discord, advance=61)
    found = [look.interaction(scene.discord, each) for each in commands]
    await scene.until(
        "the answers to commands",
        lambda: all(
            look.interaction(scene.discord, each["id"])["state"] != "deferred" or expired(scene, each) for each in found
        ),
        300,
    )
    answered = [look.interaction(scene.discord, each["id"]) for each in found]
    return [each["messages"][0]["id"] for each in answered if each["state"] == "answered"]


def expired(scene: Scene, interaction: dict[str, Any]) -> bool:
    """Discord takes answers for 15 minutes, and the bridge gives up a minute before."""
    return scene.discord.clock.now() > float(interaction["created_at"]) + 14 * 60


async def settled(scene: Scene, messages: list[str]) -> int:
    trouble.clear_faults(scene.discord)
    for message in messages:
        await scene.until(f"the end of {message}", lambda message=message: scene.reactions(message) == ["✅"], 300)
    await scene.until("the ends", lambda: len(scene.ends()) >= len(messages), 300)

    def cards(message: str) -> list[dict[str, Any]]:
        return [each for each in scene.cards(message) if "Question" not in each["title"]]

    def answers(message: str) -> int:
        return len([each for each in scene.thread(message) if "the answer to" in each["content"]])

    await scene.until("the cards", lambda: all(cards(each) for each in messages), 300)
    await scene.until("the answers", lambda: all(answers(each) for each in messages), 300)
    listed = subprocess.run(
        [PROGRAMS / "orchctl", "--socket", scene.here / "sock", "list", "--all", "--columns", "id"],
        capture_output=True, check=True, text=True,
    ).stdout.split()[1:]  # fmt: skip
    assert len(listed) == len(messages)
    footers = [each["footer"]["text"] for each in scene.ends()]
    assert len(footers) == len(set(footers)) == len(messages)
    for message in messages:
        assert (len(cards(message)), answers(message)) == (1, 1), message
    # Each answer was given by a click below a question, and stands there once.
    titles = sorted(each["embeds"][0]["title"] for message in messages for each in questions(scene, message))
    told = [title for title in titles if "was answered" in title]
    asked = subprocess.run(
        [PROGRAMS / "orchctl", "--socket", scene.here / "sock", "questions", "--all", "--json", "--limit", "1000"],
        capture_output=True, check=True, text=True,
    ).stdout  # fmt: skip
    given = [each["id"] for each in json.loads(asked)["questions"] if each["state"] == "answered"]
    assert told == sorted(f"✅ Question {each} was answered" for each in given)
    assert len(set(titles)) == len(titles), titles
    return len(given)
