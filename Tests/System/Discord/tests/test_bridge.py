"""The bridge against the stand-in, with a real daemon: what a channel looks like after work, restarts, kills and trouble."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from standin import Standin
from standin.verbs import clicks, look, people, places, trouble

PROGRAMS = Path(os.environ.get("ORCH_PROGRAMS") or Path(__file__).resolve().parents[4] / ".build/debug")

pytestmark = pytest.mark.skipif(
    not (PROGRAMS / "orch-discord").exists(), reason="orch-discord is not built, so the bridge is not tested: swift build"
)

AGENT = 'argv = ["/bin/sh", "{here}/agent"]\nprompt = "stdin"\n'
# Does what the last line of its prompt says.
SCRIPT = """
prompt=$(cat)
case $prompt in
  *wait*) while [ ! -e {here}/gate ]; do sleep 0.05; done; echo "waited" ;;
  *"read the files"*) cat ./*.txt ;;
  *fail*) echo "it went wrong" >&2; exit 3 ;;
  *count*)
    for step in 0 1 2; do while [ ! -e {here}/step$step ]; do sleep 0.05; done; echo "step $step" >&2; done
    echo "counted" ;;
  *long*) seq 1 2000 ;;
  *) echo "the answer to **$prompt**" ;;
esac
"""


class Scene:
    """A server with people, a daemon, and a bridge between them."""

    def __init__(self, discord: Standin, here: Path) -> None:
        self.discord, self.here = discord, here
        self.bridge: subprocess.Popen[bytes] | None = None
        self.daemon: subprocess.Popen[bytes] | None = None
        self.channel = self.place("task-queue")
        guild = next(iter(discord.world.guilds))
        role = next(each.id for each in discord.world.guilds[guild].roles.values() if each.name == "operators")
        (here / "pools.d").mkdir()
        (here / "agents").mkdir()
        granted = [f"task.{verb}" for verb in ("update", "cancel", "retry", "hold", "release", "pause", "resume")]
        granted += [f"pool.{verb}" for verb in ("pause", "resume", "resize")]
        access = f'[access]\nbridges = ["{os.geteuid()}"]\n[access.grants]\n{os.geteuid()} = {json.dumps(granted)}\n'
        (here / "orchd.toml").write_text(access)
        (here / "pools.d/default.toml").write_text('slots = 2\nagent = "script"\n')
        (here / "agents/script.toml").write_text(AGENT.format(here=here))
        (here / "agent").write_text(SCRIPT.replace("{here}", str(here)))
        token = here / "token"
        token.touch(mode=0o600)
        token.write_text(discord.world.application.token)
        (here / "discord.toml").write_text(f"""
[discord]
guild = "{guild}"
api = "{discord.base}/api/v10"
files = "{discord.world.cdn_base}"
token_file = "{token}"
[daemon]
socket = "{here}/sock"
[[channel]]
id = "{self.channel}"
mention = false
[results]
channel = "{self.place("results")}"
[status]
channels = ["{self.place("results")}"]
[[allow]]
roles = ["{role}"]
verbs = ["submit", "see", "logs", "stop", "retry", "priority"]
pools = ["default"]
highest_priority = 5
open = 1000
hourly = 1000
""")

    def place(self, name: str) -> str:
        return next(str(each.id) for each in self.discord.world.channels.values() if each.name == name)

    def start_daemon(self) -> None:
        self.daemon = self._start(
            "daemon.log", "orchd", "run", "--config", "orchd.toml", "--state-dir", "state", "--socket", "sock"
        )

    def start_bridge(self) -> None:
        self.bridge = self._start("bridge.log", "orch-discord", "run", "--config", "discord.toml", "--state-dir", "bridge")

    def _start(self, log: str, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.here), "LANG": "C.UTF-8"}
        with (self.here / log).open("ab") as file:
            paths = [
                str(self.here / each) if each in ("sock", "state", "bridge") or each.endswith(".toml") else each
                for each in arguments
            ]
            return subprocess.Popen(
                [PROGRAMS / program, *paths], cwd=self.here, env=environment, stdin=subprocess.DEVNULL, stdout=file, stderr=file
            )

    async def end(self, process: subprocess.Popen[bytes] | None, number: int = signal.SIGTERM) -> None:
        if process is None or process.poll() is not None:
            return
        process.send_signal(number)
        await asyncio.to_thread(process.wait, 20)

    async def until(self, what: str, condition: Callable[[], Any], seconds: float = 60) -> Any:
        for _ in range(int(seconds / 0.05)):
            if found := condition():
                return found
            await asyncio.sleep(0.05)
        raise AssertionError(f"waited {seconds} s in vain for {what}\n{self.log()}")

    def log(self) -> str:
        return "\n".join(
            (self.here / name).read_text()[-3000:] for name in ("bridge.log", "daemon.log") if (self.here / name).exists()
        )

    async def ready(self) -> None:
        await self.until("a session at the gateway", lambda: "begun a new session" in (self.here / "bridge.log").read_text())

    def say(self, text: str, user: str = "alice") -> str:
        return str(people.say(self.discord, user, self.channel, text)["id"])

    def reactions(self, message: str, place: str | None = None) -> list[str]:
        record = next(each for each in look.messages(self.discord, place or self.channel) if each["id"] == message)
        return [each["emoji"]["name"] for each in record.get("reactions", [])]

    async def shown(self, message: str, reaction: str, place: str | None = None) -> None:
        await self.until(f"{reaction} below the message", lambda: self.reactions(message, place) == [reaction])

    def thread(self, message: str) -> list[dict[str, Any]]:
        return look.messages(self.discord, message) if int(message) in self.discord.world.channels else []

    def cards(self, message: str) -> list[dict[str, Any]]:
        return [each["embeds"][0] for each in self.thread(message) if each["embeds"]]

    def boxes(self) -> list[dict[str, Any]]:
        return [each for each in look.messages(self.discord, self.place("results")) if each["embeds"]]

    def ends(self) -> list[dict[str, Any]]:
        return [each["embeds"][0] for each in self.boxes() if not self.is_status(each)]

    def status(self) -> list[dict[str, Any]]:
        return [each for each in self.boxes() if self.is_status(each)]

    @staticmethod
    def is_status(message: dict[str, Any]) -> bool:
        return str(message["embeds"][0]["title"]).startswith("The queue")

    def news(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = look.messages(self.discord, self.place("workers"))
        return found

    def ctl(self, *arguments: str) -> None:
        subprocess.run([PROGRAMS / "orchctl", "--socket", self.here / "sock", *arguments], capture_output=True, check=True)

    def submitted(self) -> list[dict[str, Any]]:
        done = subprocess.run(
            [PROGRAMS / "orchctl", "--socket", self.here / "sock", "list", "--json"], capture_output=True, check=True, text=True
        )
        found: list[dict[str, Any]] = json.loads(done.stdout)["tasks"]
        return found


@pytest.fixture
async def scene(live: Standin, tmp_path: Path) -> AsyncIterator[Scene]:
    made = Scene(live, tmp_path)
    guild = next(iter(live.world.guilds))
    places.join(live, "alice", guild=str(guild), roles=["operators"])
    made.start_daemon()
    try:
        yield made
    finally:
        await made.end(made.bridge)
        await made.end(made.daemon, signal.SIGINT)
    assert look.violations(live) == []


async def test_a_message_becomes_a_task_and_is_shown(scene: Scene) -> None:
    scene.start_bridge()
    await scene.ready()
    message = scene.say("write a poem, @everyone")
    await scene.shown(message, "✅")
    card = await scene.until("the card", lambda: [each for each in scene.cards(message) if "succeeded" in each["description"]])
    assert len(card) == 1 and card[0]["footer"]["text"].endswith("Alice")
    await scene.until("the answer", lambda: [each for each in scene.thread(message) if "the answer to" in each["content"]])
    await scene.until("the end", lambda: len(scene.ends()) == 1)
    assert not any(each["mention_everyone"] or each["mentions"] for each in scene.thread(message))
    assert scene.submitted()[0]["labels"]["discord.message"] == message
    alice = next(each.id for each in scene.discord.world.users.values() if each.username == "alice")
    assert scene.submitted()[0]["subject"] == f"discord:{alice}"


async def test_who_may_not_is_told(scene: Scene) -> None:
    scene.start_bridge()
    await scene.ready()
    message = scene.say("write", user="bob")
    await scene.shown(message, "🚫")
    refusal = await scene.until(
        "the refusal",
        lambda: [each for each in look.messages(scene.discord, scene.channel) if each["content"].startswith("No task")],
    )
    assert "you may not make tasks here" in refusal[0]["content"]
    assert scene.submitted() == []


async def test_a_button_stops_a_task_and_another_tries_it_again(scene: Scene) -> None:
    scene.start_bridge()
    await scene.ready()
    message = scene.say("wait")
    await scene.shown(message, "▶️")
    card = await scene.until("the card", lambda: [each for each in scene.thread(message) if each["components"]])
    denied = await clicks.click(scene.discord, "bob", card[0]["id"], "Cancel", wait=5)
    assert "No: you may not stop tasks here" in json.dumps(denied)
    await clicks.click(scene.discord, "alice", card[0]["id"], "Cancel", wait=5)
    await scene.shown(message, "🚫")
    # It is over as soon as it has begun: perhaps nobody sees it run.
    (scene.here / "gate").touch()
    await scene.until("the button", lambda: "Retry" in json.dumps(scene.thread(message)))
    await clicks.click(scene.discord, "alice", card[0]["id"], "Retry", wait=5)
    await scene.shown(message, "✅")
    await scene.until("both ends", lambda: len(scene.ends()) == 2)


async def test_what_was_written_while_it_was_away_is_done(scene: Scene) -> None:
    scene.start_bridge()
    await scene.ready()
    await scene.end(scene.bridge)
    messages = [scene.say(f"task {number}") for number in range(5)]
    scene.start_bridge()
    for message in messages:
        await scene.shown(message, "✅")
    await scene.until("the ends", lambda: len(scene.ends()) == 5)
    assert len(scene.submitted()) == 5


async def test_messages_wait_for_the_daemon(scene: Scene) -> None:
    scene.start_bridge()
    await scene.ready()
    await scene.end(scene.daemon, signal.SIGINT)
    await scene.until("the news of it", lambda: "the daemon is away" in (scene.here / "bridge.log").read_text())
    message = scene.say("later")
    await scene.shown(message, "📥")
    scene.start_daemon()
    await scene.shown(message, "✅")


async def test_a_long_answer_is_a_file(scene: Scene) -> None:
    scene.start_bridge()
    await scene.ready()
    message = scene.say("long")
    await scene.shown(message, "✅")
    answer = await scene.until("the file", lambda: [each for each in scene.thread(message) if each["attachments"]])
    assert answer[0]["attachments"][0]["size"] > 5000


async def test_trouble_with_limits_and_answers_loses_nothing(scene: Scene) -> None:
    trouble.fault(scene.discord, method="*", path="*", nth=4, count=2, action="rate_limit", seconds=0.5, scope="user")
    trouble.fault(scene.discord, method="POST", path="*/messages", nth=2, count=1, action="cut", done=True)
    trouble.fault(scene.discord, method="POST", path="*/messages", nth=4, count=1, action="status", status=502, body={})
    scene.start_bridge()
    await scene.ready()
    messages = [scene.say(f"task {number}") for number in range(4)]
    for message in messages:
        await scene.shown(message, "✅")
    await scene.until("the cards", lambda: all(len(scene.cards(each)) == 1 for each in messages))
    await scene.until("the ends", lambda: len(scene.ends()) == 4)


async def test_killed_again_and_again_everything_is_once(scene: Scene) -> None:
    scene.start_bridge()
    await scene.ready()
    messages = []
    for number in range(8):
        messages.append(scene.say(f"task {number}"))
        # At another point of the work each time.
        await asyncio.sleep(0.05 + 0.09 * number)
        await scene.end(scene.bridge, signal.SIGKILL)
        scene.start_bridge()
    for message in messages:
        await scene.shown(message, "✅")
    await scene.until("the ends", lambda: len(scene.ends()) >= 8)
    await scene.until("the cards", lambda: all(len(scene.cards(each)) >= 1 for each in messages))
    assert len(scene.submitted()) == 8
    assert sorted(each["footer"]["text"] for each in scene.ends()) == sorted({each["footer"]["text"] for each in scene.ends()})
    for message in messages:
        assert len(scene.cards(message)) == 1
        assert len([each for each in scene.thread(message) if "the answer to" in each["content"]]) == 1


async def test_an_edit_reaches_the_queued_task(scene: Scene) -> None:
    scene.start_bridge()
    await scene.ready()
    blockers = [scene.say("wait") for _ in range(2)]
    for message in blockers:
        await scene.shown(message, "▶️")
    message = scene.say("first")
    await scene.shown(message, "⏳")
    people.edit(scene.discord, "alice", message, "second")
    await scene.until("the new prompt", lambda: any(each["prompt"] == "second" for each in scene.submitted()))
    # What is edited while the bridge is away is found later, and so is what is deleted.
    gone = scene.say("gone")
    await scene.shown(gone, "⏳")
    await scene.end(scene.bridge)
    people.edit(scene.discord, "alice", message, "third")
    people.delete(scene.discord, "alice", gone)
    scene.start_bridge()
    await scene.until("the third", lambda: any(each["prompt"] == "third" for each in scene.submitted()))
    await scene.until("the end of the other", lambda: [each["state"] for each in scene.submitted()].count("cancelled") == 1)
    (scene.here / "gate").touch()
    await scene.shown(message, "✅")
    await scene.until("the answer", lambda: any("third" in each["content"] for each in scene.thread(message)))
    people.edit(scene.discord, "alice", message, "too late")
    assert len(scene.submitted()) == 4


async def test_a_message_in_the_thread_follows_the_task_up(scene: Scene) -> None:
    scene.start_bridge()
    await scene.ready()
    message = scene.say("write")
    await scene.shown(message, "✅")
    await scene.until("the answer", lambda: any("the answer to" in each["content"] for each in scene.thread(message)))
    second = str(people.say(scene.discord, "alice", message, "shorter")["id"])
    await scene.shown(second, "✅", message)
    task = next(each for each in scene.submitted() if each["labels"].get("discord.follows"))
    assert task["prompt"].endswith("The request now:\n\nshorter")
    assert "the answer to" in task["prompt"]
    await scene.until("its card", lambda: len(scene.cards(message)) == 2)
    # One that was not told is found in the thread, later.
    await scene.end(scene.bridge)
    third = str(people.say(scene.discord, "alice", message, "once more")["id"])
    scene.start_bridge()
    await scene.shown(third, "✅", message)
    chain = [each["labels"].get("discord.follows") for each in scene.submitted()]
    assert sorted(filter(None, chain)) == ["1", "1 2"]


async def test_one_pinned_message_says_how_the_queue_stands(scene: Scene) -> None:
    scene.start_bridge()
    await scene.ready()
    message = scene.say("wait")
    await scene.shown(message, "▶️")
    await scene.until("the slots", lambda: "1/2 running" in scene.status()[0]["embeds"][0]["description"])
    assert scene.status()[0]["pinned"]
    first = scene.status()[0]["id"]
    await scene.end(scene.bridge)
    (scene.here / "gate").touch()
    scene.start_bridge()
    await scene.until("the end", lambda: "0/2 running" in scene.status()[0]["embeds"][0]["description"])
    assert [each["id"] for each in scene.status()] == [first]
    # Somebody without rights cannot; an owner removes it, and there is another.
    owner = next(iter(scene.discord.world.guilds.values())).owner_id
    people.delete(scene.discord, str(owner), first)
    await scene.until("another", lambda: [each for each in scene.status() if each["pinned"] and each["id"] != first])
    await scene.end(scene.daemon, signal.SIGINT)
    await scene.until("the absence", lambda: "away" in scene.status()[0]["embeds"][0]["title"])
    assert len(scene.status()) == 1


async def test_news_of_pools_are_told(scene: Scene) -> None:
    with (scene.here / "discord.toml").open("a") as file:
        file.write(f'[workers]\nchannel = "{scene.place("workers")}"\n')
    scene.start_bridge()
    await scene.ready()
    scene.ctl("pool", "pause", "default")
    await scene.until("the news", lambda: any("pool **default** is paused" in each["content"] for each in scene.news()))
    for _ in range(20):
        scene.ctl("pool", "resume", "default")
        scene.ctl("pool", "pause", "default")
    await scene.until("what did not fit", lambda: any(" more; " in each["content"] for each in scene.news()))
    assert len(scene.news()) <= 4


async def test_files_come_with_the_task(scene: Scene) -> None:
    scene.start_bridge()
    await scene.ready()
    # Once Discord has a problem, and once it is cut off.
    trouble.fault(scene.discord, where="cdn", action="status", status=503, count=1, nth=1)
    trouble.fault(scene.discord, where="cdn", action="cut", done=True, count=1, nth=2)
    files = [{"name": "../a.txt", "text": "one\n"}, {"name": "b.txt", "text": "two\n"}]
    message = str(people.say(scene.discord, "alice", scene.channel, "read the files", files=files)["id"])
    await scene.shown(message, "✅")
    answer = await scene.until("the answer", lambda: [each for each in scene.thread(message) if "one" in each["content"]])
    assert "two" in answer[0]["content"]
    assert len(scene.submitted()) == 1
    # A file that is not where Discord keeps them any more.
    trouble.fault(scene.discord, where="cdn", action="redirect", location="http://127.0.0.1:1/", count=100)
    other = str(people.say(scene.discord, "alice", scene.channel, "read the files", files=files)["id"])
    await scene.shown(other, "❌")
    assert len(scene.submitted()) == 1
