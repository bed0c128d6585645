"""What is there in Discord? Users, guilds with their roles, members and channels, messages, interactions: plain records."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

JSON = dict[str, Any]


class ChannelType(IntEnum):
    TEXT = 0
    DM = 1
    VOICE = 2
    CATEGORY = 4
    ANNOUNCEMENT = 5
    PUBLIC_THREAD = 11
    PRIVATE_THREAD = 12
    FORUM = 15


class MessageType(IntEnum):
    DEFAULT = 0
    PIN = 6
    JOIN = 7
    THREAD_CREATED = 18
    REPLY = 19
    COMMAND = 20
    THREAD_STARTER = 21


class Flag(IntEnum):
    SUPPRESS_EMBEDS = 1 << 2
    HAS_THREAD = 1 << 5
    EPHEMERAL = 1 << 6
    LOADING = 1 << 7
    SUPPRESS_NOTIFICATIONS = 1 << 12
    COMPONENTS_V2 = 1 << 15


@dataclass
class User:
    id: int
    username: str
    bot: bool = False
    global_name: str | None = None


@dataclass
class Role:
    id: int
    name: str
    permissions: int = 0
    position: int = 0
    mentionable: bool = False
    managed: bool = False
    hoist: bool = False
    color: int = 0
    bot_id: int | None = None


@dataclass
class Member:
    user_id: int
    joined_at: float
    roles: list[int] = field(default_factory=list)
    nick: str | None = None
    timeout_until: float | None = None


@dataclass
class Overwrite:
    id: int
    type: int  # 0 role, 1 member
    allow: int = 0
    deny: int = 0


@dataclass
class Attachment:
    id: int
    channel_id: int
    filename: str
    data: bytes
    content_type: str | None = None
    description: str | None = None
    ephemeral: bool = False


@dataclass
class Message:
    id: int
    channel_id: int
    author_id: int
    created_at: float
    type: int = MessageType.DEFAULT
    content: str = ""
    embeds: list[JSON] = field(default_factory=list)
    components: list[JSON] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    flags: int = 0
    mentions: list[int] = field(default_factory=list)
    mention_roles: list[int] = field(default_factory=list)
    mention_everyone: bool = False
    reactions: dict[str, list[int]] = field(default_factory=dict)
    pinned_at: float | None = None
    tts: bool = False
    nonce: str | int | None = None
    reference: JSON | None = None
    webhook_id: int | None = None
    webhook_name: str | None = None
    application_id: int | None = None
    interaction: JSON | None = None
    position: int | None = None
    edited_at: float | None = None
    deleted_at: float | None = None
    visible_to: int | None = None  # of an ephemeral message, who sees it
    revisions: list[JSON] = field(default_factory=list)


@dataclass
class Thread:
    """What a channel has more when it is a thread."""

    owner_id: int
    created_at: float
    archive_changed: float
    auto_archive: int = 1440
    archived: bool = False
    locked: bool = False
    invitable: bool = True
    members: dict[int, float] = field(default_factory=dict)
    sent: int = 0
    last_active: float = 0.0


@dataclass
class Channel:
    id: int
    type: int
    name: str = ""
    guild_id: int | None = None
    parent_id: int | None = None
    topic: str | None = None
    position: int = 0
    slowmode: int = 0
    nsfw: bool = False
    overwrites: dict[int, Overwrite] = field(default_factory=dict)
    recipients: list[int] = field(default_factory=list)
    messages: dict[int, Message] = field(default_factory=dict)
    last_message_id: int | None = None
    last_pin: float | None = None
    thread: Thread | None = None

    @property
    def takes_messages(self) -> bool:
        return self.type not in (ChannelType.CATEGORY, ChannelType.FORUM)


@dataclass
class Guild:
    id: int
    name: str
    owner_id: int
    created_at: float
    roles: dict[int, Role] = field(default_factory=dict)
    members: dict[int, Member] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    available: bool = True


@dataclass
class Application:
    id: int
    name: str
    bot_id: int
    owner_id: int
    token: str
    flags: int = 1 << 19  # the limited message content intent of an application in few guilds
    # By guild, None is everywhere.
    commands: dict[int | None, dict[int, JSON]] = field(default_factory=dict)
    creates: list[tuple[int | None, float]] = field(default_factory=list)


@dataclass
class Interaction:
    id: int
    token: str
    type: int
    created_at: float
    user_id: int
    channel_id: int
    payload: JSON
    guild_id: int | None = None
    message_id: int | None = None  # of the component that was used
    state: str = "pending"  # pending, answered, deferred, failed
    callback: JSON | None = None
    original_id: int | None = None
    followups: list[int] = field(default_factory=list)
    answered_at: float | None = None
    attachments: list[Attachment] = field(default_factory=list)  # that a command was given
