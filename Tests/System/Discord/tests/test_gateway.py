"""The gateway: what it says first, how one comes back, and every way in which it ends."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest
from support import Bot, Wire

from standin import Standin

PROPERTIES = {"os": "linux", "browser": "b", "device": "d"}


async def test_hello_ready_and_the_guild(limited: Standin, bot: Bot, wire: Wire) -> None:
    welcome = await wire.ready()
    assert welcome["resume_gateway_url"] != limited.world.gateway_url
    assert welcome["guilds"] == [{"id": bot.guild, "unavailable": True}]
    assert welcome["application"]["id"] == bot.application
    await wire.send(1, wire.seq)
    assert (await wire.receive())["op"] == 11


@pytest.mark.parametrize("compress", [None, "zlib-stream"])
async def test_events_are_numbered_without_a_gap(limited: Standin, bot: Bot, wire: Wire, compress: str | None) -> None:
    await wire.connect(**({"compress": compress} if compress else {}))
    await wire.receive()
    await wire.identify()
    await bot.control("say", user="alice", channel="task-queue", content="é" * 1000)
    numbers = [(await wire.receive())["s"] for _ in range(3)]
    assert numbers == [1, 2, 3]


# What is sent after hello, and the code with which the connection ends.
ENDS: list[tuple[str, Any, int]] = [
    ("not JSON", "{", 4002),
    ("no op", "{}", 4002),
    ("too large", '{"op": 1, "d": "' + "x" * 4096 + '"}', 4002),
    ("before identify", '{"op": 3, "d": {}}', 4003),
    ("wrong token", {"token": "wrong"}, 4004),
    ("no properties", {"properties": None}, 4002),
    ("impossible shard", {"shard": [1, 1]}, 4010),
    ("intents that are none", {"intents": 1 << 30}, 4013),
    ("no intents", {"intents": None}, 4013),
    ("intents that were not given", {"intents": 1 << 8}, 4014),
]


@pytest.mark.parametrize(("sent", "code"), [each[1:] for each in ENDS], ids=[each[0] for each in ENDS])
async def test_how_it_ends(limited: Standin, wire: Wire, sent: Any, code: int) -> None:
    limited.settings.granted_intents = 1 << 15
    await wire.connect()
    await wire.receive()
    if isinstance(sent, str):
        await wire.socket.send_str(sent)
    else:
        await wire.identify(**sent)
    assert await wire.receive() == code
    assert len(limited.world.journal.violations) == 1


VALUES: list[Any] = [None, True, -1, 10**30, 1.5, "", "x", [], [1], {}, {"a": {"b": []}}]
KEYS = ["token", "session_id", "seq", "intents", "properties", "shard", "guild_id", "user_ids", "compress", "presence"]


@pytest.mark.parametrize("seed", range(60))
async def test_nonsense_ends_with_a_code_or_not_at_all(limited: Standin, wire: Wire, seed: int) -> None:
    """Payloads that are nearly right; what the stand-in trips over is in its own faults, which the fixture looks at."""
    draw = random.Random(seed)
    await wire.connect()
    await wire.receive()
    if draw.random() < 0.5:
        await wire.identify()
        await wire.until("GUILD_CREATE")
    for _ in range(5):
        body = {"token": limited.world.application.token, "intents": 1, "properties": PROPERTIES, "session_id": "x", "seq": 1}
        body |= {"guild_id": str(next(iter(limited.world.guilds)))}
        for key in draw.sample(KEYS, draw.randint(0, 3)):
            body[key] = draw.choice(VALUES)
        await wire.socket.send_json({"op": draw.choice([1, 2, 3, 4, 6, 8, 99, "2", None]), "d": draw.choice([body, *VALUES])})
    await wire.socket.send_str("{")
    while isinstance(got := await wire.receive(), dict):
        pass
    assert 4000 <= got < 5000


@pytest.mark.parametrize(("query", "code"), [({"v": "9"}, 4012), ({"encoding": "etf"}, 4002)])
async def test_wrong_addresses(limited: Standin, wire: Wire, query: dict[str, str], code: int) -> None:
    await wire.connect(**query)
    while isinstance(got := await wire.receive(), dict):
        pass
    assert got == code


async def test_a_second_identify_and_an_unknown_op(limited: Standin, bot: Bot, wire: Wire) -> None:
    await wire.ready()
    await wire.identify()
    assert await wire.receive() == 4005
    await limited.clock.advance(5)
    await wire.ready()
    await wire.send(99)
    assert await wire.receive() == 4001


async def test_too_many_payloads(limited: Standin, wire: Wire) -> None:
    limited.settings.gateway_sends = 5
    await wire.ready()
    for _ in range(5):
        await wire.send(1, wire.seq)
    while isinstance(got := await wire.receive(), dict):
        assert got["op"] == 11
    assert got == 4008


async def test_resume_brings_what_was_missed_in_order(limited: Standin, bot: Bot, wire: Wire) -> None:
    welcome = await wire.ready()
    seq = wire.seq
    await bot.control("gateway", action="drop")
    assert not isinstance(await wire.receive(), dict)
    for number in range(3):
        await bot.control("say", user="alice", channel="task-queue", content=str(number))
    await wire.connect(welcome["resume_gateway_url"])
    await wire.receive()
    await wire.send(6, {"token": limited.world.application.token, "session_id": welcome["session_id"], "seq": seq})
    got = [await wire.receive() for _ in range(4)]
    assert [each["d"].get("content") for each in got] == ["0", "1", "2", None]
    assert [each["t"] for each in got][3] == "RESUMED"
    assert limited.world.journal.violations == []


# What was done to the session, the number with which the client resumes less the last one, and what it hears.
RESUMES: list[tuple[str, float, int, Any]] = [
    ("in time", 0, 0, "RESUMED"),
    ("nearly too late", 179, 0, "RESUMED"),
    ("too late", 181, 0, 9),
    ("from the future", 0, 1, 4007),
    ("from before what is kept", 0, -4, 9),
]


@pytest.mark.parametrize(("after", "ahead", "expected"), [each[1:] for each in RESUMES], ids=[each[0] for each in RESUMES])
async def test_resumes(limited: Standin, bot: Bot, wire: Wire, after: float, ahead: int, expected: Any) -> None:
    limited.settings.resume_events = 3
    welcome = await wire.ready()
    for _ in range(3):
        await bot.control("say", user="alice", channel="task-queue", content="x")
        await wire.receive()
    await wire.socket.close(code=4000)
    await bot.control("wait_gateway", what="disconnected")
    await limited.clock.advance(after)
    await wire.connect(welcome["resume_gateway_url"])
    await wire.receive()
    body = {"token": limited.world.application.token, "session_id": welcome["session_id"], "seq": (wire.seq or 0) + ahead}
    await wire.send(6, body)
    got = await wire.receive()
    assert (got if isinstance(got, int) else got["t"] or got["op"]) == expected


async def test_each_loss_has_its_own_three_minutes(limited: Standin, bot: Bot, wire: Wire) -> None:
    welcome = await wire.ready()
    for number in range(1, 4):
        await bot.control("gateway", action="drop")
        await wire.receive()
        await bot.control("wait_gateway", what="disconnected", count=number)
        await limited.clock.advance(100)
        await wire.connect(welcome["resume_gateway_url"])
        await wire.receive()
        body = {"token": limited.world.application.token, "session_id": welcome["session_id"], "seq": wire.seq}
        await wire.send(6, body)
        await wire.until("RESUMED")


async def test_who_says_good_bye_cannot_resume(limited: Standin, bot: Bot, wire: Wire) -> None:
    welcome = await wire.ready()
    await wire.socket.close(code=1000)
    await bot.control("wait_gateway", what="disconnected")
    await wire.connect(welcome["resume_gateway_url"])
    await wire.receive()
    await wire.send(6, {"token": limited.world.application.token, "session_id": welcome["session_id"], "seq": wire.seq})
    assert (await wire.receive()) == {"op": 9, "s": None, "t": None, "d": False}


async def test_a_resume_at_the_wrong_address_is_noticed(limited: Standin, bot: Bot, wire: Wire) -> None:
    welcome = await wire.ready()
    await bot.control("gateway", action="drop")
    await wire.receive()
    await wire.connect()
    await wire.receive()
    await wire.send(6, {"token": limited.world.application.token, "session_id": welcome["session_id"], "seq": wire.seq})
    await wire.until("RESUMED")
    assert [each.kind for each in limited.world.journal.violations] == ["resume_elsewhere"]


async def test_a_resume_ends_the_connection_that_is_still_open(limited: Standin, bot: Bot, wire: Wire) -> None:
    welcome = await wire.ready()
    old, seq = wire.socket, wire.seq
    await wire.connect(welcome["resume_gateway_url"])
    await wire.receive()
    await wire.send(6, {"token": limited.world.application.token, "session_id": welcome["session_id"], "seq": seq})
    await wire.until("RESUMED")
    assert (await old.receive(timeout=20)).data == 4000
    await bot.control("say", user="alice", channel="task-queue", content="x")
    assert (await wire.until("MESSAGE_CREATE"))["content"] == "x"


async def test_identifies_are_counted(limited: Standin, bot: Bot, wire: Wire) -> None:
    limited.settings.identify_total = 2
    await wire.ready()
    limit = (await bot.call("GET", "/gateway/bot")).body["session_start_limit"]
    assert (limit["total"], limit["remaining"], limit["max_concurrency"]) == (2, 1, 1)
    assert 0 < limit["reset_after"] <= 86_400_000
    await wire.connect()
    await wire.receive()
    await wire.identify()
    assert (await wire.receive())["op"] == 9
    await limited.clock.advance(5)
    await wire.ready()
    await limited.clock.advance(5)
    old = limited.world.application.token
    await wire.connect()
    await wire.receive()
    await wire.identify()
    assert await wire.receive() == 4004
    assert limited.world.application.token != old
    assert [each.kind for each in limited.world.journal.violations] == ["identify_too_fast", "identify_budget"]
    await limited.clock.advance(86_400)
    await wire.ready()


async def test_who_does_not_beat_is_dropped_and_has_no_session(limited: Standin, bot: Bot, wire: Wire) -> None:
    limited.settings.heartbeat_grace = 0.05
    await wire.ready()
    await limited.clock.advance(61)
    await limited.clock.advance(1)
    assert (await wire.receive())["op"] == 1
    assert await wire.receive() == 4009
    assert limited.gateway.sessions == {}


async def test_who_is_asked_while_time_jumps_and_answers_stays(limited: Standin, bot: Bot, wire: Wire) -> None:
    await wire.ready()

    async def beat() -> int:
        asked = 0
        while asked < 58:
            if (await wire.receive())["op"] == 1:
                asked += 1
                await wire.send(1, wire.seq)
        return asked

    beating = asyncio.create_task(beat())
    await limited.clock.advance(3600)
    assert await beating == 58
    assert len(limited.gateway.sessions) == 1
