"""Where is everything? The one store of users, guilds, channels, messages and interactions, and who hears of changes."""

from __future__ import annotations

import base64
import secrets
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from . import permissions
from .clock import Clock
from .errors import error
from .ids import Snowflakes
from .journal import Journal
from .model import JSON, Application, Channel, ChannelType, Guild, Interaction, Member, Message, Role, User
from .settings import Settings


@dataclass
class Event:
    """Something that the gateway tells sessions that have one of the intents (0: all) and may see the channel."""

    name: str
    data: JSON
    intents: int = 0
    guild_id: int | None = None
    channel: Channel | None = None
    message: Message | None = None  # whose content only some may read


class World:
    def __init__(self, clock: Clock, settings: Settings) -> None:
        self.clock = clock
        self.settings = settings
        self.journal = Journal(clock)
        self.ids = Snowflakes(clock)
        self.users: dict[int, User] = {}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self.interactions: dict[int, Interaction] = {}
        self.deleted: list[Message] = []
        self.nonces: dict[tuple[int, int, str], tuple[float, int]] = {}
        self.starts: deque[float] = deque()  # of sessions at the gateway
        self.listeners: list[Callable[[Event], None]] = []
        self.cdn_base = ""
        self.gateway_url = ""
        self.secret = secrets.token_bytes(16)
        owner = self.add_user("owner")
        bot = self.add_user("orch", bot=True)
        head = base64.urlsafe_b64encode(str(bot.id).encode()).decode().rstrip("=")
        self.application = Application(bot.id, "orch", bot.id, owner.id, f"{head}.stand-in.{secrets.token_urlsafe(27)}")

    # People and places

    def add_user(self, username: str, bot: bool = False) -> User:
        user = User(self.ids.next(), username, bot, None if bot else username.capitalize())
        self.users[user.id] = user
        return user

    def add_guild(self, name: str, owner_id: int | None = None) -> Guild:
        guild = Guild(self.ids.next(), name, owner_id or self.application.owner_id, self.clock.now())
        guild.roles[guild.id] = Role(guild.id, "@everyone", permissions.EVERYONE)
        self.guilds[guild.id] = guild
        self.join(guild, guild.owner_id)
        return guild

    def join(self, guild: Guild, user_id: int, roles: list[int] | None = None) -> Member:
        member = Member(user_id, self.clock.now(), roles or [])
        guild.members[user_id] = member
        return member

    def add_role(self, guild: Guild, name: str, value: int = 0, mentionable: bool = False, bot_id: int | None = None) -> Role:
        role = Role(self.ids.next(), name, value, len(guild.roles), mentionable, managed=bot_id is not None, bot_id=bot_id)
        guild.roles[role.id] = role
        return role

    def add_channel(
        self, guild: Guild, name: str, kind: int = ChannelType.TEXT, topic: str | None = None, parent_id: int | None = None
    ) -> Channel:
        channel = Channel(self.ids.next(), kind, name, guild.id, parent_id, topic, position=len(guild.channels))
        guild.channels[channel.id] = self.channels[channel.id] = channel
        return channel

    def direct(self, one: int, other: int) -> Channel:
        """The channel of two people, made when they first need it."""
        for channel in self.channels.values():
            if channel.type == ChannelType.DM and set(channel.recipients) == {one, other}:
                return channel
        channel = Channel(self.ids.next(), ChannelType.DM, recipients=[one, other])
        self.channels[channel.id] = channel
        return channel

    # Looking up

    def user(self, user_id: int) -> User:
        if user_id not in self.users:
            raise error(10013)
        return self.users[user_id]

    def guild(self, guild_id: int, seen_by: int | None = None) -> Guild:
        guild = self.guilds.get(guild_id)
        if guild is None or (seen_by is not None and seen_by not in guild.members):
            raise error(10004)
        return guild

    def member(self, guild: Guild, user_id: int) -> Member:
        if user_id not in guild.members:
            raise error(10007 if user_id in self.users else 10013)
        return guild.members[user_id]

    def channel(self, channel_id: int) -> Channel:
        if channel_id not in self.channels:
            raise error(10003)
        return self.channels[channel_id]

    def message(self, channel: Channel, message_id: int, seen_by: int | None = None) -> Message:
        message = channel.messages.get(message_id)
        if message is None or (message.visible_to is not None and message.visible_to != seen_by):
            raise error(10008)
        return message

    def guild_of(self, channel: Channel) -> Guild | None:
        return self.guilds.get(channel.guild_id) if channel.guild_id is not None else None

    def threads(self, guild: Guild) -> Iterator[Channel]:
        return (channel for channel in guild.channels.values() if channel.thread is not None)

    # Who may

    def may(self, user_id: int, channel: Channel) -> int:
        """The permissions of a user in a channel; none for who has no part in it."""
        guild = self.guild_of(channel)
        if guild is None:
            return permissions.ALL if user_id in channel.recipients else 0
        member = guild.members.get(user_id)
        if member is None:
            return 0
        value = permissions.in_channel(guild, member, channel, self.clock.now())
        hidden = (
            channel.type == ChannelType.PRIVATE_THREAD and channel.thread is not None and user_id not in channel.thread.members
        )
        return 0 if hidden and not value & permissions.bits("MANAGE_THREADS") else value

    def sees(self, user_id: int, channel: Channel) -> bool:
        return bool(self.may(user_id, channel) & permissions.bits("VIEW_CHANNEL"))

    def visible(self, channel_id: int, user_id: int, *needed: str) -> Channel:
        """The channel, for one who may do this in it."""
        channel = self.channel(channel_id)
        permissions.demand(self.may(user_id, channel), *needed)
        return channel

    # Telling

    def emit(self, event: Event) -> None:
        for listener in self.listeners:
            listener(event)
        self.journal.changed()
