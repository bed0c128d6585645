"""Who may what? Discord's own computation of permissions, and the two ways in which it says no."""

from __future__ import annotations

from .errors import error
from .model import Channel, Guild, Member

NAMES = {
    "CREATE_INSTANT_INVITE": 0, "KICK_MEMBERS": 1, "BAN_MEMBERS": 2, "ADMINISTRATOR": 3, "MANAGE_CHANNELS": 4,
    "MANAGE_GUILD": 5, "ADD_REACTIONS": 6, "VIEW_AUDIT_LOG": 7, "PRIORITY_SPEAKER": 8, "STREAM": 9, "VIEW_CHANNEL": 10,
    "SEND_MESSAGES": 11, "SEND_TTS_MESSAGES": 12, "MANAGE_MESSAGES": 13, "EMBED_LINKS": 14, "ATTACH_FILES": 15,
    "READ_MESSAGE_HISTORY": 16, "MENTION_EVERYONE": 17, "USE_EXTERNAL_EMOJIS": 18, "VIEW_GUILD_INSIGHTS": 19, "CONNECT": 20,
    "SPEAK": 21, "MUTE_MEMBERS": 22, "DEAFEN_MEMBERS": 23, "MOVE_MEMBERS": 24, "USE_VAD": 25, "CHANGE_NICKNAME": 26,
    "MANAGE_NICKNAMES": 27, "MANAGE_ROLES": 28, "MANAGE_WEBHOOKS": 29, "MANAGE_GUILD_EXPRESSIONS": 30,
    "USE_APPLICATION_COMMANDS": 31, "REQUEST_TO_SPEAK": 32, "MANAGE_EVENTS": 33, "MANAGE_THREADS": 34,
    "CREATE_PUBLIC_THREADS": 35, "CREATE_PRIVATE_THREADS": 36, "USE_EXTERNAL_STICKERS": 37, "SEND_MESSAGES_IN_THREADS": 38,
    "USE_EMBEDDED_ACTIVITIES": 39, "MODERATE_MEMBERS": 40, "SEND_POLLS": 49, "USE_EXTERNAL_APPS": 50, "PIN_MESSAGES": 51,
}  # fmt: skip

ALL = sum(1 << place for place in NAMES.values())


def bits(*names: str) -> int:
    """The number of these names."""
    for name in names:
        if name not in NAMES:
            raise ValueError(f"there is no permission {name!r}")
    return sum(1 << NAMES[name] for name in set(names))


def names(value: int) -> list[str]:
    return [name for name, place in NAMES.items() if value >> place & 1]


# What Discord gives to everyone in a new guild, as far as it concerns text.
EVERYONE = bits(
    "VIEW_CHANNEL", "SEND_MESSAGES", "EMBED_LINKS", "ATTACH_FILES", "ADD_REACTIONS", "READ_MESSAGE_HISTORY", "MENTION_EVERYONE",
    "USE_APPLICATION_COMMANDS", "CREATE_PUBLIC_THREADS", "CREATE_PRIVATE_THREADS", "SEND_MESSAGES_IN_THREADS",
    "CHANGE_NICKNAME", "USE_EXTERNAL_EMOJIS", "CREATE_INSTANT_INVITE",
)  # fmt: skip
WHILE_TIMED_OUT = bits("VIEW_CHANNEL", "READ_MESSAGE_HISTORY")
NEEDS_SEND = bits("MENTION_EVERYONE", "SEND_TTS_MESSAGES", "ATTACH_FILES", "EMBED_LINKS")


def of_member(guild: Guild, member: Member, now: float) -> int:
    """What a member may in the guild, before any channel has its say."""
    if guild.owner_id == member.user_id:
        return ALL
    value = guild.roles[guild.id].permissions
    for role in member.roles:
        if role in guild.roles:
            value |= guild.roles[role].permissions
    if value & bits("ADMINISTRATOR"):
        return ALL
    if member.timeout_until is not None and member.timeout_until > now:
        value &= WHILE_TIMED_OUT
    return value


def in_channel(guild: Guild, member: Member, channel: Channel, now: float) -> int:
    """What a member may in a channel. A thread has the overwrites of the channel that it is in."""
    value = of_member(guild, member, now)
    if value == ALL:
        return value
    place = guild.channels[channel.parent_id] if channel.thread is not None and channel.parent_id is not None else channel
    if everyone := place.overwrites.get(guild.id):
        value = value & ~everyone.deny | everyone.allow
    allow = deny = 0
    for role in member.roles:
        if overwrite := place.overwrites.get(role):
            allow |= overwrite.allow
            deny |= overwrite.deny
    value = value & ~deny | allow
    if own := place.overwrites.get(member.user_id):
        value = value & ~own.deny | own.allow
    if member.timeout_until is not None and member.timeout_until > now:
        value &= WHILE_TIMED_OUT
    if not value & bits("VIEW_CHANNEL"):
        return 0
    if not value & bits("SEND_MESSAGES_IN_THREADS" if channel.thread is not None else "SEND_MESSAGES"):
        value &= ~NEEDS_SEND
    return value


def demand(value: int, *needed: str) -> None:
    """Refuses as Discord does: who cannot see it has no access, who sees it lacks a permission."""
    if not value & bits("VIEW_CHANNEL"):
        raise error(50001)
    if needed and bits(*needed) & ~value:
        raise error(50013)
