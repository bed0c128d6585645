"""What both real clients are tried with: the same flow, the same faults, the same rules to keep."""

from __future__ import annotations

import asyncio
from typing import Any

from standin import Standin
from standin.model import Interaction, Message
from standin.verbs import clicks, finding, people, trouble

CREATE = "/channels/{channel_id}/messages"


def broken(standin: Standin) -> list[tuple[str, str]]:
    """What the client did against Discord's own rules, but for what is known: discord.py sends `tts` with edits, too."""
    found = [(each.kind, each.detail) for each in standin.world.journal.violations if each.law == "discord"]
    return [(kind, detail) for kind, detail in found if kind != "unknown_field" or not detail.endswith(": tts")]


def messages(standin: Standin, channel: str = "task-queue") -> list[Message]:
    return list(finding.channel(standin, channel).messages.values())


def texts(standin: Standin, author: str = "orch", channel: str = "task-queue") -> list[str]:
    who = finding.user(standin, author).id
    return [each.content for each in messages(standin, channel) if each.author_id == who]


async def until(standin: Standin, condition: Any, what: str) -> None:
    assert await standin.world.journal.until(condition, 20), what


async def answered(standin: Standin, view: dict[str, Any], text: str) -> Interaction:
    """The interaction, when one of its messages has this text."""
    found = standin.world.interactions[int(view["id"])]
    channel = standin.world.channels[found.channel_id]

    def told() -> bool:
        ids = [each for each in (found.original_id, *found.followups) if each in channel.messages]
        return any(text in channel.messages[each].content for each in ids if each is not None)

    await until(standin, told, f"{text!r} was not told; interaction is {found.state} with {found.callback}")
    return found


async def hear_all(standin: Standin, heard: list[str], cut: Any) -> None:
    """Messages before, while and after the connection is cut arrive all, once, in order."""
    expected = [str(number) for number in range(6)]
    for text in expected[:2]:
        people.say(standin, "alice", "task-queue", text)
    await until_heard(heard, 2)
    cut()
    for text in expected[2:4]:
        people.say(standin, "alice", "task-queue", text)
    await until_heard(heard, 4)
    for text in expected[4:]:
        people.say(standin, "alice", "task-queue", text)
    await until_heard(heard, 6)
    assert heard == expected


async def until_heard(heard: list[str], count: int) -> None:
    """The client's own handler puts what it hears into the list; there is no event of ours for that."""

    async def wait() -> None:
        while len(heard) < count:
            await asyncio.sleep(0.01)

    await asyncio.wait_for(wait(), 30)


def notes(standin: Standin, what: str) -> list[dict[str, Any]]:
    return [each for each in standin.world.journal.gateway if each["what"] == what]


CUTS: dict[str, Any] = {
    "op 7": lambda standin: trouble.gateway(standin, "reconnect"),
    "close 4000": lambda standin: trouble.gateway(standin, "close", code=4000),
    "op 9 true": lambda standin: trouble.gateway(standin, "invalid_session", resumable=True),
    "drop": lambda standin: trouble.gateway(standin, "drop"),
}

__all__ = [
    "CREATE",
    "CUTS",
    "answered",
    "broken",
    "clicks",
    "hear_all",
    "messages",
    "notes",
    "people",
    "texts",
    "trouble",
    "until",
    "until_heard",
]
