"""What people do with commands, buttons and forms: the bridge against the stand-in, with a real daemon."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
import test_bridge
from test_bridge import PROGRAMS, Scene

from standin.verbs import clicks, look, trouble

pytestmark = pytest.mark.skipif(not (PROGRAMS / "orch-discord").exists(), reason="orch-discord is not built: swift build")

stage = test_bridge.scene


@pytest.fixture
def talk(stage: Scene) -> Talk:
    file = stage.here / "discord.toml"
    file.write_text(file.read_text().replace('"priority"]', '"priority", "pause", "pool", "usage"]'))
    return Talk(stage)


class Talk:
    """A scene in which people use commands."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    async def start(self) -> None:
        self.scene.start_bridge()
        await self.scene.ready()
        await self.scene.until("the commands", lambda: self.scene.discord.world.application.commands)

    async def use(self, command: str, user: str = "alice", channel: str | None = None, **options: Any) -> dict[str, Any]:
        """Uses a command, and waits for what comes of it."""
        place = channel or self.scene.channel
        return await self.answered(await clicks.command(self.scene.discord, user, place, command, options, wait=10))

    async def click(self, message: str, button: str, user: str = "alice") -> dict[str, Any]:
        return await self.answered(await clicks.click(self.scene.discord, user, message, button, wait=10))

    async def answered(self, made: dict[str, Any]) -> dict[str, Any]:
        def settled() -> dict[str, Any] | None:
            now = look.interaction(self.scene.discord, made["id"])
            return now if now["state"] in ("answered", "failed") else None

        found: dict[str, Any] = await self.scene.until(f"an answer to {made['data']}", settled)
        return found

    async def says(self, command: str, user: str = "alice", **options: Any) -> str:
        return text(await self.use(command, user, **options))

    async def choices(self, command: str, option: str, typed: str = "", user: str = "alice") -> list[str]:
        made = await clicks.autocomplete(self.scene.discord, user, self.scene.channel, command, option, typed, wait=10)
        return [each["value"] for each in made["callback"]["data"]["choices"]]


def text(interaction: dict[str, Any]) -> str:
    return "\n".join(
        each["content"] + "".join(box["title"] + box.get("description", "") for box in each["embeds"])
        for each in interaction["messages"]
    )


def is_private(interaction: dict[str, Any]) -> bool:
    return all(each["flags"] & 64 for each in interaction["messages"])


async def test_a_command_makes_a_task(talk: Talk) -> None:
    scene = talk.scene
    await talk.start()
    made = await talk.use("task", prompt="write a poem, @everyone", priority=3)
    assert "alice** asks" in text(made).lower() and not is_private(made)
    message = made["messages"][0]["id"]
    await scene.shown(message, "✅")
    await scene.until("the answer", lambda: [each for each in scene.thread(message) if "the answer to" in each["content"]])
    await scene.until("the end", lambda: len(scene.ends()) == 1)
    task = scene.submitted()[0]
    assert task["labels"]["discord.message"] == message and task["priority"] == 3
    assert not any(each["mention_everyone"] for each in look.messages(scene.discord, scene.channel))


async def test_a_form_asks_for_the_prompt(talk: Talk) -> None:
    await talk.start()
    form = await clicks.command(talk.scene.discord, "alice", talk.scene.channel, "task", {"priority": 2}, wait=10)
    assert form["callback"]["type"] == 9
    sent = await clicks.submit(talk.scene.discord, form["id"], {"text": "write\nmuch"}, wait=10)
    message = (await talk.answered(sent))["messages"][0]["id"]
    await talk.scene.shown(message, "✅")
    assert talk.scene.submitted()[0]["priority"] == 2


async def test_files_of_a_command_come_with_the_task(talk: Talk) -> None:
    scene = talk.scene
    await talk.start()
    # Once Discord has a problem, and once it is cut off.
    trouble.fault(scene.discord, where="cdn", action="status", status=503, count=1, nth=1)
    files = [{"name": "../a.txt", "text": "one\n"}, {"name": "b@here.txt", "text": "two\n"}]
    made = await talk.use("task", prompt="read the files", file=files[0], file3=files[1])
    assert "With " in text(made) and not made["messages"][0]["mention_everyone"]
    message = made["messages"][0]["id"]
    await scene.shown(message, "✅")
    answer = await scene.until("the answer", lambda: [each for each in scene.thread(message) if "one" in each["content"]])
    assert "two" in answer[0]["content"]
    # By a form, and files that are too large.
    form = await clicks.command(scene.discord, "alice", scene.channel, "task", {"file2": files[1]}, wait=10)
    sent = await clicks.submit(scene.discord, form["id"], {"text": "read the files"}, wait=10)
    second = (await talk.answered(sent))["messages"][0]["id"]
    await scene.shown(second, "✅")
    large = {"name": "c.txt", "text": "x" * (9 << 20)}
    assert "takes at most 8 MiB" in await talk.says("task", prompt="read the files", file=large)
    # A file that is not where Discord keeps them.
    trouble.fault(scene.discord, where="cdn", action="redirect", location="http://127.0.0.1:1/", count=100)
    lost = (await talk.use("task", prompt="read the files", file=files[0]))["messages"][0]["id"]
    await scene.shown(lost, "❌")
    assert len(scene.submitted()) == 2


async def test_who_may_not_is_told_and_offered_nothing(talk: Talk) -> None:
    await talk.start()
    message = talk.scene.say("wait")
    await talk.scene.shown(message, "▶️")
    given: dict[str, Any] = {"prompt": "x", "task": "1", "tasks": "1", "pool": "default", "slots": 1, "priority": 1}
    for name, options in offered(talk):
        needed = {each: given[each] for each in options if each in given}
        denied = await talk.use(name, "bob", **needed)
        assert is_private(denied) and text(denied).startswith(("No: ", "There is no task")), (name, text(denied))
        for option in options:
            if option in ("task", "tasks", "pool"):
                assert await talk.choices(name, option, user="bob") == []
    (talk.scene.here / "gate").touch()
    await talk.scene.shown(message, "✅")
    assert len(talk.scene.submitted()) == 1


def offered(talk: Talk) -> list[tuple[str, list[str]]]:
    """Every command as the guild has it, with its options."""
    found = []
    for commands in talk.scene.discord.world.application.commands.values():
        for command in commands.values():
            below = [each for each in command.get("options", []) if each["type"] == 1]
            for each in below or [command]:
                name = f"{command['name']} {each['name']}" if below else command["name"]
                found.append((name, [option["name"] for option in each.get("options", [])]))
    assert len(found) > 15
    return found


async def test_commands_show_what_there_is(talk: Talk) -> None:
    await talk.start()
    message = talk.scene.say("write a poem")
    await talk.scene.shown(message, "✅")
    assert "default" in await talk.says("status")
    assert "write a poem" in await talk.says("list")
    assert "write a poem" in await talk.says("show", task="1")
    assert "the answer to" in await talk.says("result", task="1")
    assert "the answer to" in await talk.says("logs show", task="1")
    assert "default" in await talk.says("pool show")
    assert "script" in await talk.says("agents")
    assert "script" in await talk.says("model")
    assert "usage" in await talk.says("usage")
    assert "There is no task 77" in await talk.says("show", task="77")
    assert await talk.choices("show", "task", "poem") == ["1"]
    assert await talk.choices("stop task", "tasks") == []
    assert await talk.choices("pool show", "pool", "def") == ["default"]


async def test_commands_change_tasks(talk: Talk) -> None:
    scene = talk.scene
    await talk.start()
    messages = [scene.say(f"wait {number}") for number in range(3)]
    await scene.shown(messages[0], "▶️")
    await scene.shown(messages[1], "▶️")
    await scene.shown(messages[2], "⏳")
    assert await talk.choices("priority", "task") == ["3"]
    assert "priority 4" in await talk.says("priority", task="3", priority=4)
    assert "may give priorities" in await talk.says("priority", task="3", priority=6)
    card = await scene.until("its card", lambda: [each for each in scene.thread(messages[2]) if each["components"]])
    await scene.until("its priority", lambda: '"4"' in json.dumps(scene.cards(messages[2])))
    assert "priority 5" in text(await talk.click(card[0]["id"], "Raise priority"))
    assert "paused" in await talk.says("pause task", task="1")
    await scene.shown(messages[0], "⏸️")
    assert "continues" in await talk.says("resume task", task="1")
    await scene.shown(messages[0], "▶️")
    assert "held" in await talk.says("pause task", task="3")
    await scene.shown(messages[2], "⏸️")
    question = await talk.use("stop task", tasks="1 2")
    assert text(question) == "Stop 2 tasks?" and is_private(question)
    done = await talk.click(question["messages"][0]["id"], "Stop")
    assert "2 of 2 tasks" in text(done)
    await scene.shown(messages[0], "🚫")
    await scene.shown(messages[1], "🚫")
    assert "is queued again" in await talk.says("retry", task="1")
    (scene.here / "gate").touch()
    await scene.shown(messages[0], "✅")
    assert "released" in await talk.says("resume task", task="3")
    await scene.shown(messages[2], "✅")


async def test_a_log_is_followed_in_the_thread(talk: Talk) -> None:
    scene = talk.scene
    await talk.start()
    message = scene.say("count")
    await scene.shown(message, "▶️")
    assert f"<#{message}>" in await talk.says("logs follow", task="1")
    for step in range(3):
        (scene.here / f"step{step}").touch()
        await scene.until(f"step {step}", lambda step=step: f"step {step}" in "".join(lines(scene, message)))
        if step == 1:
            await scene.end(scene.bridge, signal.SIGKILL)
            scene.start_bridge()
    await scene.shown(message, "✅")
    assert [line for each in lines(scene, message) for line in each.split("\n") if "step" in line] == [
        "step 0",
        "step 1",
        "step 2",
    ]


def lines(scene: Scene, message: str) -> list[str]:
    return [each["content"] for each in scene.thread(message) if each["content"].startswith("```")]


async def test_a_pool_is_paused_after_a_question(talk: Talk) -> None:
    await talk.start()
    question = await talk.use("pause pool", pool="default")
    left = await talk.click(question["messages"][0]["id"], "Leave it")
    assert "Nothing was changed" in text(left) and not left["messages"][0]["components"]
    question = await talk.use("pause pool", pool="default")
    assert "is paused" in text(await talk.click(question["messages"][0]["id"], "Pause"))
    message = talk.scene.say("write")
    await talk.scene.shown(message, "⏸️")
    assert "starts tasks again" in await talk.says("resume pool", pool="default")
    await talk.scene.shown(message, "✅")
    assert "3" in await talk.says("pool resize", pool="default", slots=3)


async def test_a_slow_daemon_keeps_nobody_waiting_for_the_first_answer(talk: Talk) -> None:
    scene = talk.scene
    await talk.start()
    message = scene.say("write")
    await scene.shown(message, "✅")
    assert scene.daemon is not None
    scene.daemon.send_signal(signal.SIGSTOP)
    for process in children(scene.daemon.pid):
        os.kill(process, signal.SIGSTOP)
    made = await clicks.command(scene.discord, "alice", scene.channel, "show", {"task": "1"}, wait=10)
    assert made["state"] == "deferred" and made["answered_at"] - made["created_at"] < 3
    assert await talk.choices("show", "task") == ["1"]
    assert "write" in await talk.says("list")
    for process in children(scene.daemon.pid):
        os.kill(process, signal.SIGCONT)
    scene.daemon.send_signal(signal.SIGCONT)
    assert "write" in text(await talk.answered(made))


def children(process: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


async def test_the_guild_is_told_the_commands_once(talk: Talk) -> None:
    scene = talk.scene
    await talk.start()
    await scene.end(scene.bridge)
    scene.start_bridge()
    await scene.until("the session", lambda: log(scene).count("begun a new session") == 2)
    await scene.shown(scene.say("write"), "✅")
    told = [each for each in look.requests(scene.discord) if each.method == "PUT" and each.path.endswith("/commands")]
    assert len(told) == 1


async def test_an_interaction_that_comes_twice_is_done_once(talk: Talk) -> None:
    await talk.start()
    trouble.gateway(talk.scene.discord, action="duplicate", events=1)
    made = await talk.use("task", prompt="once")
    message = made["messages"][0]["id"]
    await talk.scene.shown(message, "✅")
    trouble.fault(talk.scene.discord, method="POST", path="*/callback", nth=1, count=1, action="cut", done=True)
    trouble.fault(talk.scene.discord, method="PATCH", path="*/@original", nth=1, count=1, action="cut", done=True)
    second = (await talk.use("task", prompt="twice"))["messages"][0]["id"]
    await talk.scene.shown(second, "✅")
    assert len(talk.scene.submitted()) == 2
    expected(talk.scene, "interaction_twice")


def expected(scene: Scene, *kinds: str) -> None:
    """Takes note of what a killed bridge cannot help: it asks again whether Discord has heard it, and some it has not."""
    assert {each.kind for each in look.violations(scene.discord)} <= set(kinds)
    look.forget(scene.discord)


async def test_killed_again_and_again_each_command_is_done_once(talk: Talk) -> None:
    scene = talk.scene
    await talk.start()
    made = []
    for number in range(8):
        done = await clicks.command(scene.discord, "alice", scene.channel, "task", {"prompt": f"slash {number}"})
        made.append(done["id"])
        # At another point of the work each time.
        await asyncio.sleep(0.02 + 0.03 * number)
        await scene.end(scene.bridge, signal.SIGKILL)
        scene.start_bridge()
        await scene.until("the session", lambda: log(scene).count("begun a new session") == len(made) + 1)
    # Whoever still waits for a first answer reads that there is none.
    await trouble.clock(scene.discord, advance=61)
    heard = [each for each in made if look.interaction(scene.discord, each)["state"] != "failed"]
    shown = [(await talk.answered(look.interaction(scene.discord, each)))["messages"][0]["id"] for each in heard]
    for message in shown:
        await scene.shown(message, "✅")
    await scene.until("the ends", lambda: len(scene.ends()) == len(shown))
    assert sorted(each["labels"]["discord.message"] for each in scene.submitted()) == sorted(shown)
    expected(scene, "interaction_twice", "interaction_timeout", "interaction_expired")


def log(scene: Scene) -> str:
    return (scene.here / "bridge.log").read_text()


async def test_a_reply_in_a_thread_is_a_place_for_commands(talk: Talk) -> None:
    scene = talk.scene
    await talk.start()
    message = scene.say("write")
    await scene.shown(message, "✅")
    made = await talk.use("task", channel=message, prompt="from the thread")
    await scene.until("the task", lambda: len(scene.submitted()) == 2)
    await scene.until("its answer", lambda: "the answer to **from the thread" in json.dumps(scene.thread(message)))
    assert made["channel"] == message
    elsewhere = next(each for each in scene.discord.world.channels.values() if each.name == "workers")
    assert "does not work in this channel" in text(await talk.use("list", channel=str(elsewhere.id)))
