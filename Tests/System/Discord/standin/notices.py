"""Who hears of it? The events of the gateway about messages, reactions and threads, and the intents that they need."""

from __future__ import annotations

from . import views
from .model import JSON, Channel, Message
from .world import Event, World

GUILDS, MEMBERS = 1 << 0, 1 << 1
MESSAGES, REACTIONS, TYPING = 1 << 9, 1 << 10, 1 << 11
DIRECT_MESSAGES, DIRECT_REACTIONS = 1 << 12, 1 << 13


def message(world: World, name: str, channel: Channel, record: Message | None, data: JSON | None = None) -> None:
    guild = world.guild_of(channel)
    intent = MESSAGES if guild is not None else DIRECT_MESSAGES
    body: JSON = dict(data or {})
    if record is not None:
        body |= views.message(world, record, world.application.bot_id)
        if guild is not None and record.author_id in guild.members and record.webhook_name is None:
            body["member"] = views.member(world, guild.members[record.author_id], with_user=False)
        for mention in body["mentions"]:
            if guild is not None and int(mention["id"]) in guild.members:
                mention["member"] = views.member(world, guild.members[int(mention["id"])], with_user=False)
        body["channel_type"] = int(channel.type)
    body["channel_id"] = str(channel.id)
    if guild is not None:
        body["guild_id"] = str(guild.id)
    world.emit(Event(name, body, intent, channel.guild_id, channel, record))


def reaction(world: World, name: str, record: Message, user_id: int | None, key: str | None, more: JSON) -> None:
    channel = world.channels[record.channel_id]
    data: JSON = {"channel_id": str(channel.id), "message_id": str(record.id), **more}
    if user_id is not None:
        data["user_id"] = str(user_id)
    if key is not None:
        data["emoji"] = views.emoji(key)
    if channel.guild_id is not None:
        data["guild_id"] = str(channel.guild_id)
    intent = REACTIONS if channel.guild_id is not None else DIRECT_REACTIONS
    world.emit(Event(name, data, intent, channel.guild_id, channel))


def thread(world: World, name: str, channel: Channel, more: JSON | None = None) -> None:
    data = {**views.channel(world, channel, world.application.bot_id), **(more or {})}
    world.emit(Event(name, data, GUILDS, channel.guild_id, channel))


def guild(world: World, name: str, guild_id: int, data: JSON, intent: int = GUILDS, channel: Channel | None = None) -> None:
    """Something about a guild: its roles, members and channels."""
    world.emit(Event(name, {**data, "guild_id": str(guild_id)}, intent, guild_id, channel))
