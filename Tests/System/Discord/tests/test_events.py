"""Events: who hears what, what may be read, and faults on the way."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from support import INTENTS, Bot, Wire

from standin import Standin

# Intents without which an event is not heard: who does what, the event, the intent.
HEARD: list[tuple[str, dict[str, Any], str, int]] = [
    ("say", {"user": "alice", "channel": "task-queue", "content": "x"}, "MESSAGE_CREATE", 512),
    ("direct", {"user": "alice", "content": "x"}, "MESSAGE_CREATE", 4096),
    ("type_in", {"user": "alice", "channel": "task-queue"}, "TYPING_START", 2048),
    ("channel", {"name": "new"}, "CHANNEL_CREATE", 1),
    ("role", {"name": "new"}, "GUILD_ROLE_CREATE", 1),
    ("join", {"user": "alice", "roles": ["operators"]}, "GUILD_MEMBER_UPDATE", 2),
]


@pytest.mark.parametrize(("verb", "arguments", "event", "intent"), HEARD)
@pytest.mark.parametrize("given", [True, False])
async def test_intents(
    limited: Standin, bot: Bot, wire: Wire, verb: str, arguments: dict[str, Any], event: str, intent: int, given: bool
) -> None:
    every = 1 | 2 | 512 | 1024 | 2048 | 4096 | 32768
    await wire.connect()
    await wire.receive()
    await wire.identify(intents=every if given else every & ~intent)
    await wire.until("READY")
    await bot.control(verb, **arguments)
    await bot.control("gateway", action="heartbeat")
    names = []
    while (got := await wire.receive())["op"] == 0:
        names.append(got["t"])
    assert (event in names) is given


async def test_without_the_intent_for_guilds_there_are_none(limited: Standin, bot: Bot, wire: Wire) -> None:
    await wire.connect()
    await wire.receive()
    await wire.identify(intents=512)
    await bot.control("say", user="alice", channel="task-queue", content="x")
    assert [(await wire.receive())["t"] for _ in range(2)] == ["READY", "MESSAGE_CREATE"]


@pytest.mark.parametrize(
    ("intents", "text", "readable"),
    [(INTENTS, "hello", True), (INTENTS & ~32768, "hello", False), (INTENTS & ~32768, "hello <@BOT>", True)],
)
async def test_without_the_intent_there_is_no_content(
    limited: Standin, bot: Bot, wire: Wire, intents: int, text: str, readable: bool
) -> None:
    await wire.ready(intents=intents)
    text = text.replace("BOT", bot.user("orch"))
    await bot.control("say", user="alice", channel="task-queue", content=text)
    assert (await wire.until("MESSAGE_CREATE"))["content"] == (text if readable else "")


@pytest.mark.parametrize(("granted", "readable"), [(1 << 15, True), (0, False)])
async def test_nor_is_there_by_rest(limited: Standin, bot: Bot, granted: int, readable: bool) -> None:
    limited.settings.granted_intents = granted
    said = await bot.control("say", user="alice", channel="task-queue", content="hello")
    await bot.say("mine", message_reference={"message_id": said["id"]})
    mine, hers = (await bot.call("GET", f"/channels/{bot.channel}/messages")).body
    assert (mine["content"], hers["content"]) == ("mine", "hello" if readable else "")
    assert mine["referenced_message"]["content"] == hers["content"]


async def test_who_does_not_see_a_channel_hears_nothing_of_it(limited: Standin, bot: Bot, wire: Wire) -> None:
    await wire.ready()
    await bot.control("overwrite", channel="results", user="orch", deny=["VIEW_CHANNEL"])
    await bot.control("say", user="alice", channel="results", content="secret")
    await bot.control("say", user="alice", channel="task-queue", content="open")
    assert (await wire.until("MESSAGE_CREATE"))["content"] == "open"


# Faults: what is ordered, and what the client gets next.
FAULTS: list[tuple[dict[str, Any], Any]] = [
    ({"action": "reconnect"}, {"op": 7, "s": None, "t": None, "d": None}),
    ({"action": "invalid_session", "resumable": True}, {"op": 9, "s": None, "t": None, "d": True}),
    ({"action": "heartbeat"}, {"op": 1, "s": None, "t": None, "d": None}),
    ({"action": "close", "code": 4000}, 4000),
    ({"action": "drop"}, 1006),
]


@pytest.mark.parametrize(("order", "expected"), FAULTS)
async def test_faults(limited: Standin, bot: Bot, wire: Wire, order: dict[str, Any], expected: Any) -> None:
    await wire.ready()
    await bot.control("gateway", **order)
    assert await wire.receive() == expected


async def test_who_stays_after_op_7_is_shown_the_door(limited: Standin, bot: Bot, wire: Wire) -> None:
    await wire.ready()
    await bot.control("gateway", action="reconnect")
    await limited.clock.advance(29)
    assert (await wire.receive())["op"] == 7
    await wire.send(1, wire.seq)
    assert (await wire.receive())["op"] == 11
    await limited.clock.advance(1)
    assert await wire.receive() == 4000


async def test_after_op_9_one_may_identify_in_the_same_connection(limited: Standin, bot: Bot, wire: Wire) -> None:
    first = await wire.ready()
    await bot.control("gateway", action="invalid_session")
    assert (await wire.receive())["op"] == 9
    await limited.clock.advance(5)
    await wire.identify()
    assert (await wire.until("READY"))["session_id"] != first["session_id"]
    assert limited.world.journal.violations == []


async def test_events_twice_and_never(limited: Standin, bot: Bot, wire: Wire) -> None:
    await wire.ready()
    start = wire.seq or 0
    await bot.control("gateway", action="duplicate")
    await bot.control("gateway", action="lose")
    for text in "abc":
        await bot.control("say", user="alice", channel="task-queue", content=text)
    got = [await wire.receive() for _ in range(3)]
    assert [(each["s"] - start, each["d"]["content"]) for each in got] == [(1, "a"), (1, "a"), (3, "c")]


@pytest.mark.parametrize("compress", [{}, {"compress": "zlib-stream"}])
async def test_frames_in_pieces_and_large_ones(limited: Standin, bot: Bot, wire: Wire, compress: dict[str, str]) -> None:
    await bot.control("gateway", action="fragment", size=200)
    for number in range(100):
        await bot.control("channel", name=f"channel-{number}", topic="x" * 500)
    await wire.connect(**compress)
    assert (await wire.receive())["op"] == 10
    await wire.identify()
    assert len((await wire.until("GUILD_CREATE"))["channels"]) == 103
    await bot.control("gateway", action="fragment", on=False)
    await bot.control("say", user="alice", channel="task-queue", content="whole")
    assert (await wire.until("MESSAGE_CREATE"))["content"] == "whole"


async def test_a_zombie_takes_all_and_answers_nothing(limited: Standin, bot: Bot, wire: Wire) -> None:
    await wire.ready()
    await bot.control("gateway", action="zombie")
    await bot.control("say", user="alice", channel="task-queue", content="x")
    await wire.send(1, wire.seq)
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(wire.socket.receive(), 0.1)


async def test_connections_that_are_refused(limited: Standin, bot: Bot, wire: Wire) -> None:
    await bot.control("gateway", action="refuse", connections=1)
    with pytest.raises(Exception, match="503"):
        await wire.connect()
    await wire.ready()


async def test_who_is_sent_away_hears_of_it_and_then_nothing(limited: Standin, bot: Bot, wire: Wire) -> None:
    await wire.ready()
    await bot.control("expel")
    assert "unavailable" not in await wire.until("GUILD_DELETE")
    await bot.control("say", user="alice", channel="task-queue", content="x")
    assert (await bot.say()).outcome == (403, 50001)
    await bot.control("invite")
    assert (await wire.receive())["t"] == "GUILD_CREATE"
    assert (await bot.say()).status == 200


async def test_an_outage_of_the_guild(limited: Standin, bot: Bot, wire: Wire) -> None:
    await wire.ready()
    await bot.control("outage")
    assert (await wire.until("GUILD_DELETE"))["unavailable"] is True
    await bot.control("outage", over=True)
    assert (await wire.until("GUILD_CREATE"))["id"] == bot.guild


async def test_a_token_that_was_reset(limited: Standin, bot: Bot, wire: Wire) -> None:
    await wire.ready()
    old = limited.world.application.token
    await bot.control("reset_token")
    assert await wire.receive() == 4004
    assert (await bot.call("GET", "/users/@me", headers={"Authorization": f"Bot {old}"})).status == 401
