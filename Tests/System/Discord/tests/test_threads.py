"""Threads: one for each message, with its name; archived by hand and by time; opened by whoever writes."""

from __future__ import annotations

import pytest
from support import NOBODY, Bot, Wire

from standin import Standin


async def opened(bot: Bot, **more: object) -> tuple[str, str]:
    message = (await bot.say("task")).body["id"]
    body = {"name": "task", "auto_archive_duration": 60, **more}
    answer = await bot.call("POST", f"/channels/{bot.channel}/messages/{message}/threads", body)
    assert answer.status == 201
    return message, answer.body["id"]


async def test_a_thread_has_the_id_of_its_message_and_is_the_only_one(discord: Standin, bot: Bot) -> None:
    message, thread = await opened(bot)
    assert thread == message
    path = f"/channels/{bot.channel}/messages/{message}"
    assert (await bot.call("POST", path + "/threads", {"name": "again"})).outcome == (400, 160004)
    shown = (await bot.call("GET", path)).body
    assert shown["thread"]["id"] == thread
    assert shown["flags"] & 32
    inside = (await bot.call("GET", f"/channels/{thread}/messages")).body
    assert [each["type"] for each in inside] == [21]


@pytest.mark.parametrize(
    "body",
    [{"name": ""}, {"name": "x" * 101}, {"name": "x", "auto_archive_duration": 61}, {}],
    ids=["empty", "long", "odd", "none"],
)
async def test_names_and_durations(discord: Standin, bot: Bot, body: dict[str, object]) -> None:
    message = (await bot.say()).body["id"]
    answer = await bot.call("POST", f"/channels/{bot.channel}/messages/{message}/threads", body)
    assert answer.outcome == (400, 50035)


async def test_an_idle_thread_is_archived_and_each_message_puts_that_off(discord: Standin, bot: Bot) -> None:
    _, thread = await opened(bot)

    async def archived() -> bool:
        return bool((await bot.call("GET", f"/channels/{thread}")).body["thread_metadata"]["archived"])

    for pause in (50, 60 * 60 - 1):
        await discord.clock.advance(pause)
        await bot.say(channel=thread)
    await discord.clock.advance(60 * 60 - 1)
    assert not await archived()
    await discord.clock.advance(1)
    assert await archived()
    assert (await bot.call("GET", f"/guilds/{bot.guild}/threads/active")).body["threads"] == []
    listed = (await bot.call("GET", f"/channels/{bot.channel}/threads/archived/public")).body
    assert [each["id"] for each in listed["threads"]] == [thread]
    assert (await bot.call("GET", f"/channels/{bot.place('results')}/threads/archived/public")).body["threads"] == []
    await bot.say(channel=thread)
    assert not await archived()


async def test_in_an_archived_thread_nothing_changes_but_what_is_written(discord: Standin, bot: Bot) -> None:
    _, thread = await opened(bot)
    message = (await bot.say(channel=thread)).body["id"]
    path = f"/channels/{thread}/messages/{message}"
    edit = {"content": "y", "allowed_mentions": NOBODY}
    assert (await bot.call("PATCH", f"/channels/{thread}", {"archived": True})).status == 200
    assert (await bot.call("PATCH", path, edit)).outcome == (400, 50083)
    assert (await bot.call("DELETE", path)).outcome == (400, 50083)
    assert (await bot.call("PUT", path + "/reactions/%E2%9C%85/@me")).outcome == (400, 50083)
    assert (await bot.call("PATCH", f"/channels/{thread}", {"name": "other"})).outcome == (400, 50083)
    assert (await bot.call("PATCH", f"/channels/{thread}", {"archived": False})).status == 200
    assert (await bot.call("PATCH", path, edit)).status == 200


async def test_a_locked_thread_stays_shut(discord: Standin, bot: Bot) -> None:
    _, thread = await opened(bot)
    await bot.control("archive", thread=thread, locked=True)
    assert (await bot.say(channel=thread)).outcome == (400, 160005)
    assert (await bot.call("PATCH", f"/channels/{thread}", {"archived": False})).outcome == (400, 160005)


async def test_there_can_be_only_so_many(discord: Standin, bot: Bot) -> None:
    discord.settings.active_threads = 1
    await opened(bot)
    message = (await bot.say()).body["id"]
    assert (await bot.call("POST", f"/channels/{bot.channel}/messages/{message}/threads", {"name": "x"})).outcome == (
        400,
        160006,
    )


async def test_a_thread_outlives_its_message_and_not_its_channel(discord: Standin, bot: Bot) -> None:
    message, thread = await opened(bot)
    assert (await bot.call("DELETE", f"/channels/{bot.channel}/messages/{message}")).status == 204
    assert (await bot.say(channel=thread)).status == 200
    await bot.control("remove_channel", channel=bot.channel)
    assert (await bot.say(channel=thread)).outcome == (404, 10003)


async def test_the_gateway_tells_of_threads(discord: Standin, bot: Bot, wire: Wire) -> None:
    await wire.ready()
    _, thread = await opened(bot)
    created = await wire.until("THREAD_CREATE")
    assert (created["id"], created["newly_created"]) == (thread, True)
    assert (await wire.until("MESSAGE_UPDATE"))["id"] == thread
    await bot.control("archive", thread=thread)
    assert (await wire.until("THREAD_UPDATE"))["thread_metadata"]["archived"] is True
    await bot.control("remove_channel", channel=thread)
    assert (await wire.until("THREAD_DELETE"))["id"] == thread
