"""Threads: made, listed, joined and left."""

from __future__ import annotations

from typing import Any

from .. import threads, views
from ..errors import error
from ..model import Channel, ChannelType
from ..permissions import bits, demand
from ..rest import Call, Reply, route


@route("POST", "/channels/{channel_id}/messages/{message_id}/threads")
async def of_message(call: Call) -> Reply:
    channel = call.world.visible(call.id("channel"), call.me, "CREATE_PUBLIC_THREADS")
    if channel.type not in (ChannelType.TEXT, ChannelType.ANNOUNCEMENT):
        raise error(50024)
    message = call.world.message(channel, call.id("message"))
    threads.check(call.form)
    thread = threads.create(call.world, channel, call.me, call.form, message)
    return 201, views.channel(call.world, thread, call.me)


@route("POST", "/channels/{channel_id}/threads")
async def alone(call: Call) -> Reply:
    channel = call.world.visible(call.id("channel"), call.me)
    if channel.type != ChannelType.TEXT:
        raise error(50024)
    threads.check(call.form)
    public = call.form.get("type") == ChannelType.PUBLIC_THREAD
    demand(call.world.may(call.me, channel), "CREATE_PUBLIC_THREADS" if public else "CREATE_PRIVATE_THREADS")
    return 201, views.channel(call.world, threads.create(call.world, channel, call.me, call.form), call.me)


def find(call: Call) -> Channel:
    channel = call.world.visible(call.id("channel"), call.me)
    if channel.thread is None:
        raise error(50024)
    return channel


@route("PUT", "/channels/{channel_id}/thread-members/@me")
async def join(call: Call) -> Reply:
    channel = find(call)
    if channel.thread is not None and channel.thread.archived:
        raise error(50083)
    threads.join(call.world, channel, call.me)
    return 204, None


@route("DELETE", "/channels/{channel_id}/thread-members/@me")
async def leave(call: Call) -> Reply:
    threads.leave(call.world, find(call), call.me)
    return 204, None


@route("PUT", "/channels/{channel_id}/thread-members/{user_id}")
async def add(call: Call) -> Reply:
    channel = find(call)
    demand(call.world.may(call.me, channel), "SEND_MESSAGES_IN_THREADS")
    guild = call.world.guild_of(channel)
    if guild is not None:
        call.world.member(guild, call.id("user"))
    threads.join(call.world, channel, call.id("user"))
    return 204, None


@route("DELETE", "/channels/{channel_id}/thread-members/{user_id}")
async def remove(call: Call) -> Reply:
    channel = find(call)
    demand(call.world.may(call.me, channel), "MANAGE_THREADS")
    threads.leave(call.world, channel, call.id("user"))
    return 204, None


@route("GET", "/channels/{channel_id}/thread-members")
async def members(call: Call) -> Reply:
    channel = find(call)
    assert channel.thread is not None
    return 200, [views.thread_member(channel, each) for each in channel.thread.members]


@route("GET", "/guilds/{guild_id}/threads/active")
async def active(call: Call) -> Reply:
    guild = call.world.guild(call.id("guild"), call.me)
    found = [each for each in call.world.threads(guild) if each.thread and not each.thread.archived]
    return 200, answer(call, sorted(found, key=lambda each: each.id, reverse=True))


@route("GET", "/channels/{channel_id}/threads/archived/public")
async def archived(call: Call) -> Reply:
    channel = call.world.visible(call.id("channel"), call.me, "READ_MESSAGE_HISTORY")
    guild = call.world.guild_of(channel)
    found = [
        each
        for each in (call.world.threads(guild) if guild is not None else [])
        if each.parent_id == channel.id and each.type == ChannelType.PUBLIC_THREAD and each.thread and each.thread.archived
    ]
    found.sort(key=lambda each: each.thread.archive_changed if each.thread else 0.0, reverse=True)
    limit = call.number("limit", 50, 2, 100)
    return 200, {**answer(call, found[:limit]), "has_more": len(found) > limit}


def answer(call: Call, found: list[Channel]) -> dict[str, Any]:
    seen = [each for each in found if call.world.may(call.me, each) & bits("VIEW_CHANNEL")]
    joined = [each for each in seen if each.thread and call.me in each.thread.members]
    return {
        "threads": [views.channel(call.world, each, call.me) for each in seen],
        "members": [views.thread_member(each, call.me) for each in joined],
        "has_more": False,
    }
