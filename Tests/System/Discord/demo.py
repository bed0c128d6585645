"""The queue in Discord, end to end: `run --demo [FOLDER]`. A stand-in of Discord, `orchd run` with its bridge, six messages.

It tells what people write and what they see, line by line, and exits with 0 only if all of it was as it should be. With a
folder, it leaves there a page of each channel and of the first thread, as they look at the end, and one with all of them.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from standin import Settings, Standin
from standin.verbs import clicks, look, people, places

PROGRAMS = Path(os.environ.get("ORCH_PROGRAMS") or Path(__file__).resolve().parents[3] / ".build/debug")
# An agent that needs no account: it does what its prompt says.
AGENT = """
prompt=$(cat)
case $prompt in
  *wait*) while [ ! -e "$HOME/gate" ]; do sleep 0.05; done; echo "The gate is open." ;;
  *fail*) echo "the model has lost its way" >&2; exit 3 ;;
  *website*) echo "The website: $("$ORCHCTL" ask "Deploy the website?" --choice yes --choice no)" ;;
  *poem*) sleep 1; printf 'A queue is a line\\nwhere each waits for its own turn:\\nfirst in is first out.\\n' ;;
  *) sleep 0.5; echo "$prompt: done." ;;
esac
"""


FRAMES = "body{margin:0;display:flex;gap:4px;height:100vh;background:#111}iframe{flex:1;border:0}"


class Broken(Exception):
    """The demo did not go as it should."""


class Show:
    def __init__(self, discord: Standin, here: Path) -> None:
        self.discord, self.here = discord, here
        self.channel, self.results = self.place("task-queue"), self.place("results")
        self.messages: dict[str, str] = {}
        self.seen: dict[str, list[str]] = {}
        self.process: subprocess.Popen[bytes] | None = None

    def place(self, name: str) -> str:
        return next(str(each.id) for each in self.discord.world.channels.values() if each.name == name)

    def write(self) -> dict[str, str]:
        """The configuration: a pool of three slots, and who may do what in Discord."""
        guild = next(iter(self.discord.world.guilds))
        for folder in ("pools.d", "agents"):
            (self.here / folder).mkdir()
        (self.here / "orchd.toml").write_text("")
        variables = f'HOME = "{self.here}", ORCHCTL = "{PROGRAMS}/orchctl"'
        (self.here / "pools.d/default.toml").write_text(
            f'slots = 3\nagent = "script"\nenv = {{ {variables} }}\n[spawn]\npools = []\n'
        )
        (self.here / "agents/script.toml").write_text(f'argv = ["/bin/sh", "{self.here}/agent"]\nprompt = "stdin"\n')
        (self.here / "agent").write_text(AGENT)
        token = self.here / "token"
        token.touch(mode=0o600)
        token.write_text(self.discord.world.application.token)
        operators = next(each.id for each in self.discord.world.guilds[guild].roles.values() if each.name == "operators")
        (self.here / "discord.toml").write_text(f"""
[discord]
guild = "{guild}"
api = "{self.discord.base}/api/v10"
[[channel]]
id = "{self.channel}"
mention = false
[results]
channel = "{self.results}"
[[allow]]
roles = ["{operators}"]
verbs = ["submit", "see", "logs", "stop", "retry", "priority"]
pools = ["default"]
""")
        return {
            "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(self.here), "LANG": "C.UTF-8",
            "DISCORD_CHANNEL": self.channel, "DISCORD_TOKEN_FILE": str(token),
        }  # fmt: skip

    async def start(self) -> None:
        environment = self.write()
        print(f"$ DISCORD_CHANNEL={self.channel} DISCORD_TOKEN_FILE=token orchd run")
        with (self.here / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [
                    PROGRAMS / "orchd", "run", "--config", self.here / "orchd.toml", "--state-dir", self.here / "state",
                    "--socket", self.here / "sock", "--drain-timeout", "0",
                ],
                cwd=self.here, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        await self.until("the bridge at the gateway", lambda: "begun a new session" in self.log())
        print("  ready: the daemon, its three slots, and the bridge")

    def log(self) -> str:
        return (self.here / "log").read_text()

    async def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(self.process.wait, 30)

    async def until(self, what: str, condition: Callable[[], Any], seconds: float = 60) -> Any:
        for _ in range(int(seconds / 0.02)):
            if self.process is not None and self.process.poll() is not None:
                raise Broken(f"orchd has ended while this waited for {what}")
            self.tell()
            if found := condition():
                return found
            await asyncio.sleep(0.02)
        raise Broken(f"waited {seconds:.0f} s in vain for {what}")

    def say(self, name: str, text: str) -> str:
        message = str(people.say(self.discord, "alice", self.channel, text)["id"])
        self.messages[name], self.seen[name] = message, []
        print(f"alice in #task-queue: {text}")
        return message

    def tell(self) -> None:
        """What has changed below the messages since it was last told. While one reaction replaces another, both are there."""
        for name, message in self.messages.items():
            now = self.reactions(message)
            if len(now) == 1 and now != self.seen[name][-1:]:
                self.seen[name] += now
                print(f"  {name:<6} {now[0]}")

    def reactions(self, message: str) -> list[str]:
        record = next(each for each in look.messages(self.discord, self.channel) if each["id"] == message)
        return [each["emoji"]["name"] for each in record.get("reactions", [])]

    async def shown(self, name: str, reaction: str) -> None:
        await self.until(f"{reaction} below “{name}”", lambda: self.reactions(self.messages[name]) == [reaction])

    def thread(self, name: str) -> list[dict[str, Any]]:
        message = self.messages[name]
        return look.messages(self.discord, message) if int(message) in self.discord.world.channels else []

    def cards(self, name: str) -> list[dict[str, Any]]:
        return [each for each in self.thread(name) if each["embeds"]]

    def ends(self) -> list[dict[str, Any]]:
        return [each["embeds"][0] for each in look.messages(self.discord, self.results) if each["embeds"]]

    def orchctl(self, *arguments: str) -> str:
        print(f"$ orchctl {' '.join(arguments)}")
        done = subprocess.run(
            [PROGRAMS / "orchctl", "--socket", self.here / "sock", *arguments], capture_output=True, text=True, check=True
        )
        print("".join(f"  {line}\n" for line in done.stdout.splitlines()), end="")
        return done.stdout


async def play(show: Show) -> None:
    await show.start()
    print("\n# Five messages are five tasks. The reaction below each is its state.")
    show.say("poem", "write a poem about queues")
    show.say("wait", "wait for the gate")
    show.say("fail", "fail, please")
    show.say("first", "count the files")
    show.say("second", "name the moons of Mars")
    for name, reaction in (("poem", "✅"), ("first", "✅"), ("second", "✅"), ("fail", "❌"), ("wait", "▶️")):
        await show.shown(name, reaction)

    print("\n# Each has a thread with its card and its answer.")
    answer = await show.until(
        "the poem", lambda: [each for each in show.thread("poem") if "A queue is a line" in each["content"]]
    )
    card = show.cards("poem")[0]["embeds"][0]
    print(f"  card    {card['title']}: {card['description'].splitlines()[0]}")
    print("".join(f"  answer  {line}\n" for line in answer[0]["content"].splitlines()), end="")

    print("\n# The task that waits has buttons: alice stops it, and then has it tried again.")
    card = await show.until("the buttons", lambda: [each for each in show.cards("wait") if each["components"]])
    for button, reaction in (("Cancel", "🚫"), ("Retry", None)):
        await show.until(f"the button {button}", lambda button=button: button in str(show.cards("wait")[0]["components"]))
        print(f"alice clicks [{button}]")
        done = await clicks.click(show.discord, "alice", card[0]["id"], button, wait=20)
        texts = [each["content"] for each in [*done.get("responses", []), done.get("original") or {}] if each.get("content")]
        if texts:
            print(f"  only she sees: {texts[-1]}")
        if reaction:
            await show.shown("wait", reaction)
    await show.shown("wait", "▶️")
    (show.here / "gate").touch()
    await show.shown("wait", "✅")

    print("\n# A task asks, and a button answers.")
    show.say("ask", "deploy the website")
    question = await show.until(
        "the question", lambda: [each for each in show.cards("ask") if "Question" in str(each["embeds"])]
    )
    labels = [each["label"] for row in question[0]["components"] for each in row["components"]]
    print(f"  asks    {question[0]['embeds'][0]['description']} [{'] ['.join(labels)}]")
    print("alice clicks [yes]")
    await clicks.click(show.discord, "alice", question[0]["id"], "yes", wait=20)
    await show.shown("ask", "✅")
    await show.until("what came of it", lambda: "was answered" in str(show.cards("ask")))
    print(f"  {show.cards('ask')[-1]['embeds'][0]['title']}")

    print("\n# #results has one card for each end.")
    await show.until("all the ends", lambda: len(show.ends()) == 7)
    for each in show.ends():
        print(f"  {each['title']}: {each['description'].splitlines()[0]}")

    print("\n# On the machine these are tasks like any others, and say for whom they are.")
    table = show.orchctl("list", "--all", "--columns", "id,state,user,task")
    if table.count('for "discord:') != 6:
        raise Broken("the tasks do not say for whom they are")
    wrong = look.violations(show.discord)
    if wrong or look.own_faults(show.discord):
        raise Broken(f"rules of Discord were broken: {wrong}")
    print("\nSix messages, six tasks, seven ends, and no rule of Discord broken.")
    for folder in map(Path, sys.argv[1:]):
        pages = {"task-queue": show.channel, "thread": show.messages["poem"], "results": show.results}
        for name, place in pages.items():
            (folder / f"{name}.html").write_text(look.page(show.discord, place))
        frames = "".join(f'<iframe src="{name}.html"></iframe>' for name in pages)
        (folder / "all.html").write_text(f"<!doctype html><title>Discord</title><style>{FRAMES}</style>{frames}")


async def main() -> int:
    if not (PROGRAMS / "orch-discord").exists():
        print(f"demo: orch-discord is not built in {PROGRAMS}", file=sys.stderr)
        return 1
    discord = Standin(Settings(identify_spacing=0.05, answer_seconds=60.0))
    places.furnish(discord)
    # Short, because the path of a Unix socket may have at most 107 bytes.
    with tempfile.TemporaryDirectory(prefix="orch-discord.") as folder:
        async with discord:
            guild = next(iter(discord.world.guilds))
            places.join(discord, "alice", guild=str(guild), roles=["operators"])
            show = Show(discord, Path(folder))
            try:
                await play(show)
            except Broken as why:
                print(f"demo: {why}", file=sys.stderr)
                if (show.here / "log").exists():
                    print("the last messages of daemon and bridge:", show.log()[-3000:], sep="\n", file=sys.stderr)
                return 1
            finally:
                await show.stop()
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
