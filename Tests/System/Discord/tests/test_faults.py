"""Faults of requests: the Nth that matches, before it has its effect or after, in every way."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import aiohttp
import pytest
from support import Bot

from standin import Standin
from standin.faults import ACTIONS

# The fault, and the status that the client gets; None: none at all.
WAYS: list[tuple[dict[str, Any], int | None]] = [
    ({"action": "cut"}, None),
    ({"action": "status", "status": 500}, 500),
    ({"action": "status", "status": 503}, 503),
    ({"action": "html", "status": 502}, 502),
    ({"action": "rate_limit", "seconds": 0.5}, 429),
    ({"action": "rate_limit", "scope": "shared"}, 429),
    ({"action": "redirect", "location": "http://127.0.0.1:9/"}, 302),
]


@pytest.mark.parametrize(("fault", "status"), WAYS)
@pytest.mark.parametrize("done", [False, True])
async def test_each_way_before_and_after(
    discord: Standin, bot: Bot, fault: dict[str, Any], status: int | None, done: bool
) -> None:
    await bot.control("fault", method="POST", path="/channels/*/messages", nth=2, done=done, **fault)
    assert (await bot.say("one")).status == 200
    if status is None:
        with pytest.raises(aiohttp.ClientError):
            await bot.say("two")
    else:
        assert (await bot.say("two")).status == status
    assert (await bot.say("three")).status == 200
    texts = [each.content for each in discord.world.channels[int(bot.channel)].messages.values()]
    assert texts == (["one", "two", "three"] if done else ["one", "three"])
    (order,) = await bot.control("faults")
    assert (order["seen"], order["fired"]) == (3, [2])


@pytest.mark.parametrize("fault", [each[0] for each in WAYS if each[0]["action"] != "redirect"])
@pytest.mark.parametrize("done", [False, True])
async def test_repeated_with_its_nonce_it_is_there_once(discord: Standin, bot: Bot, fault: dict[str, Any], done: bool) -> None:
    """What a careful client does when it does not know: the same again, as long as Discord remembers."""
    await bot.control("fault", method="POST", path="/channels/*/messages", count=3, done=done, **fault)
    for _ in range(4):
        with suppress(aiohttp.ClientError):
            await bot.say("once", nonce="n", enforce_nonce=True)
    texts = [each.content for each in discord.world.channels[int(bot.channel)].messages.values()]
    assert texts == ["once"]


async def test_a_storm_goes_on_for_its_time(discord: Standin, bot: Bot) -> None:
    await bot.control("fault", action="rate_limit", nth=1, count=3, scope="global", seconds=1.25)
    answers = [await bot.call("GET", "/users/@me") for _ in range(4)]
    assert [each.status for each in answers] == [429, 429, 429, 200]
    assert answers[0].body["retry_after"] == 1.25
    assert answers[0].headers["Retry-After"] == "2"


@pytest.mark.parametrize(("scope", "left"), [("user", "0"), ("shared", "50"), ("global", None)])
async def test_a_429_that_was_ordered_looks_like_a_real_one(discord: Standin, bot: Bot, scope: str, left: str | None) -> None:
    """One of the bucket says that nothing is left; a shared one knows nothing of it; a global one has no bucket."""
    await bot.control("fault", action="rate_limit", scope=scope, seconds=1.25)
    headers = (await bot.call("GET", "/users/@me")).headers
    assert (headers["X-RateLimit-Scope"], headers.get("X-RateLimit-Remaining")) == (scope, left)
    assert (headers.get("X-RateLimit-Reset-After") == "1.250") is (scope == "user")


@pytest.mark.parametrize("done", [False, True])
async def test_what_hangs_is_let_go(discord: Standin, bot: Bot, done: bool) -> None:
    await bot.control("fault", action="hang", done=done)
    saying = asyncio.create_task(bot.say("slow"))
    if done:
        assert (await bot.control("wait_message", channel="task-queue", contains="slow"))["ok"]
    await bot.control("release")
    assert (await saying).status == 200


async def test_an_answer_that_is_garbage_has_had_its_effect(discord: Standin, bot: Bot) -> None:
    await bot.control("fault", action="garbage")
    with pytest.raises(ValueError, match="Unterminated"):
        await bot.say("x")
    assert len(discord.world.channels[int(bot.channel)].messages) == 1


# At the CDN: the fault, and what is fetched.
FILES: list[tuple[dict[str, Any], Any]] = [
    ({"action": "status", "status": 500}, 500),
    ({"action": "redirect", "location": "http://127.0.0.1:9/"}, 302),
    # Twice: aiohttp repeats a GET by itself that was cut before any answer.
    ({"action": "cut", "count": 2}, None),
    ({"action": "cut", "done": True}, None),
    ({"action": "garbage"}, 200),
]


@pytest.mark.parametrize(("fault", "status"), FILES)
async def test_files_fail_too(discord: Standin, bot: Bot, fault: dict[str, Any], status: int | None) -> None:
    discord.settings.request_bytes = 1000
    await bot.control("say", user="alice", channel="task-queue", files=[{"name": "a.txt", "text": "hello"}])
    (message,) = await bot.control("messages", channel="task-queue")
    await bot.control("fault", where="cdn", **fault)
    url = message["attachments"][0]["url"]
    if status is None:
        with pytest.raises(aiohttp.ClientError):
            async with bot.http.get(url) as got:
                await got.read()
    else:
        async with bot.http.get(url, allow_redirects=False) as got:
            assert got.status == status
            assert len(await got.read()) == (1001 if fault["action"] == "garbage" else len(await got.read()))
    async with bot.http.get(url) as got:
        assert await got.read() == b"hello"


async def test_of_two_faults_the_first_has_its_way_and_both_count(discord: Standin, bot: Bot) -> None:
    await bot.control("fault", action="status", status=500)
    await bot.control("fault", action="status", status=503, count=2)
    await bot.control("fault", action="status", status=418, where="cdn")
    assert [(await bot.say()).status for _ in range(3)] == [500, 503, 200]
    assert [(each["seen"], each["fired"]) for each in await bot.control("faults")] == [(3, [1]), (3, [2]), (0, [])]


@pytest.mark.parametrize("wrong", [{"action": "bang"}, {"action": "cut", "where": "moon"}, {"action": "cut", "seen": 3}, {}])
async def test_faults_that_there_are_not(discord: Standin, bot: Bot, wrong: dict[str, Any]) -> None:
    with pytest.raises(RuntimeError):
        await bot.control("fault", **wrong)
    assert await bot.control("faults") == []


def test_every_fault_is_tried_here() -> None:
    tried = {each[0]["action"] for each in WAYS} | {"hang", "garbage", "slow"}
    assert tried == set(ACTIONS)
