"""How does the API write things? From records to the JSON of the documentation."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any
from urllib.parse import quote

from . import permissions
from .clock import iso
from .model import JSON, Application, Attachment, Channel, ChannelType, Flag, Guild, Member, Message, Role, User
from .world import World

MESSAGE_CONTENT = 1 << 15


def user(record: User) -> JSON:
    return {
        "id": str(record.id), "username": record.username, "global_name": record.global_name, "discriminator": "0",
        "avatar": None, "avatar_decoration_data": None, "banner": None, "accent_color": None, "bot": record.bot,
        "public_flags": 0, "flags": 0, "primary_guild": None, "collectibles": None,
    }  # fmt: skip


def me(record: User) -> JSON:
    return {**user(record), "mfa_enabled": False, "locale": "en-US", "premium_type": 0, "email": None, "verified": True}


def role(record: Role) -> JSON:
    view: JSON = {
        "id": str(record.id), "name": record.name, "permissions": str(record.permissions), "position": record.position,
        "color": record.color, "colors": {"primary_color": record.color, "secondary_color": None, "tertiary_color": None},
        "hoist": record.hoist, "managed": record.managed, "mentionable": record.mentionable, "icon": None,
        "unicode_emoji": None, "flags": 0,
    }  # fmt: skip
    if record.bot_id is not None:
        view["tags"] = {"bot_id": str(record.bot_id)}
    return view


def member(world: World, record: Member, with_user: bool = True) -> JSON:
    view: JSON = {
        "avatar": None, "banner": None,
        "communication_disabled_until": iso(record.timeout_until) if record.timeout_until else None,
        "flags": 0, "joined_at": iso(record.joined_at), "nick": record.nick, "pending": False, "premium_since": None,
        "roles": [str(each) for each in record.roles], "mute": False, "deaf": False,
    }  # fmt: skip
    if with_user:
        view["user"] = user(world.users[record.user_id])
    return view


def overwrites(record: Channel) -> list[JSON]:
    return [
        {"id": str(each.id), "type": each.type, "allow": str(each.allow), "deny": str(each.deny)}
        for each in record.overwrites.values()
    ]


def channel(world: World, record: Channel, seen_by: int | None = None) -> JSON:
    view: JSON = {
        "id": str(record.id), "type": int(record.type), "flags": 0,
        "last_message_id": str(record.last_message_id) if record.last_message_id else None,
    }  # fmt: skip
    if record.type == ChannelType.DM:
        view["recipients"] = [user(world.users[each]) for each in record.recipients if each != world.application.bot_id]
        return view
    view |= {
        "guild_id": str(record.guild_id), "name": record.name, "parent_id": str(record.parent_id) if record.parent_id else None,
        "rate_limit_per_user": record.slowmode,
        "last_pin_timestamp": iso(record.last_pin) if record.last_pin else None,
    }  # fmt: skip
    if record.thread is None:
        return view | {
            "topic": record.topic, "position": record.position, "nsfw": record.nsfw,
            "permission_overwrites": overwrites(record),
        }  # fmt: skip
    thread = record.thread
    view |= {
        "owner_id": str(thread.owner_id), "message_count": min(50, len(record.messages)), "total_message_sent": thread.sent,
        "member_count": min(50, len(thread.members)),
        "thread_metadata": {
            "archived": thread.archived, "archive_timestamp": iso(thread.archive_changed), "locked": thread.locked,
            "auto_archive_duration": thread.auto_archive, "create_timestamp": iso(thread.created_at),
        },
    }  # fmt: skip
    if record.type == ChannelType.PRIVATE_THREAD:
        view["thread_metadata"]["invitable"] = thread.invitable
    if seen_by is not None and seen_by in thread.members:
        view["member"] = thread_member(record, seen_by)
    return view


def thread_member(record: Channel, user_id: int) -> JSON:
    assert record.thread is not None
    return {"id": str(record.id), "user_id": str(user_id), "join_timestamp": iso(record.thread.members[user_id]), "flags": 0}


def guild(world: World, record: Guild) -> JSON:
    nothing = (
        "icon", "description", "home_header", "splash", "discovery_splash", "banner", "application_id", "afk_channel_id",
        "system_channel_id", "widget_channel_id", "vanity_url_code", "rules_channel_id", "safety_alerts_channel_id",
        "public_updates_channel_id", "incidents_data", "max_presences",
    )  # fmt: skip
    zero = (
        "system_channel_flags", "verification_level", "default_message_notifications", "mfa_level", "explicit_content_filter",
        "premium_tier", "premium_subscription_count", "nsfw_level",
    )  # fmt: skip
    return {
        **dict.fromkeys(nothing), **dict.fromkeys(zero, 0),
        "id": str(record.id), "name": record.name, "owner_id": str(record.owner_id), "region": "deprecated", "features": [],
        "afk_timeout": 300, "widget_enabled": False, "max_members": 25_000_000, "max_stage_video_channel_users": 50,
        "max_video_channel_users": 25, "preferred_locale": "en-US", "premium_progress_bar_enabled": False, "nsfw": False,
        "roles": [role(each) for each in record.roles.values()], "emojis": [], "stickers": [],
    }  # fmt: skip


def gateway_guild(world: World, record: Guild, seen_by: int) -> JSON:
    """A guild as GUILD_CREATE brings it: with its channels, threads and members."""
    here = [each for each in record.channels.values() if world.sees(seen_by, each) or each.thread is None]
    return {
        **guild(world, record),
        "joined_at": iso(record.members[seen_by].joined_at), "large": False, "unavailable": False,
        "member_count": len(record.members), "members": [member(world, each) for each in record.members.values()],
        "channels": [channel(world, each, seen_by) for each in here if each.thread is None],
        "threads": [channel(world, each, seen_by) for each in here if each.thread is not None and not each.thread.archived],
        "voice_states": [], "presences": [], "stage_instances": [], "guild_scheduled_events": [], "soundboard_sounds": [],
    }  # fmt: skip


def attachment_url(world: World, record: Attachment, base: str | None = None) -> str:
    """A link that is signed and expires, as those of the real CDN do."""
    issued = int(world.clock.now())
    until = issued + int(world.settings.attachment_seconds)
    path = f"/attachments/{record.channel_id}/{record.id}/{quote(record.filename)}"
    return f"{base or world.cdn_base}{path}?ex={until:x}&is={issued:x}&hm={signature(world, path, until, issued)}&"


def signature(world: World, path: str, until: int, issued: int) -> str:
    return hmac.new(world.secret, f"{path} {until} {issued}".encode(), hashlib.sha256).hexdigest()


def attachment(world: World, record: Attachment) -> JSON:
    url = attachment_url(world, record)
    view: JSON = {
        "id": str(record.id), "filename": record.filename, "size": len(record.data), "url": url, "proxy_url": url,
    }  # fmt: skip
    for name in ("content_type", "description"):
        if getattr(record, name) is not None:
            view[name] = getattr(record, name)
    if record.ephemeral:
        view["ephemeral"] = True
    return view


def emoji(key: str) -> JSON:
    name, _, number = key.partition(":")
    return {"id": number or None, "name": name}


def message(world: World, record: Message, seen_by: int | None = None, nested: bool = False) -> JSON:
    place = world.channels.get(record.channel_id)
    author = user(world.users[record.author_id]) if record.author_id in world.users else None
    if author is None or record.webhook_name is not None:
        author = {**user(User(record.author_id, record.webhook_name or "webhook", bot=True)), "global_name": None}
    view: JSON = {
        "id": str(record.id), "channel_id": str(record.channel_id), "author": author, "type": int(record.type),
        "content": record.content, "timestamp": iso(record.created_at), "tts": record.tts,
        "edited_timestamp": iso(record.edited_at) if record.edited_at is not None else None,
        "mentions": [user(world.users[each]) for each in record.mentions if each in world.users],
        "mention_roles": [str(each) for each in record.mention_roles], "mention_everyone": record.mention_everyone,
        "attachments": [attachment(world, each) for each in record.attachments], "embeds": record.embeds,
        "components": record.components, "flags": record.flags, "pinned": record.pinned_at is not None,
    }  # fmt: skip
    optional = {
        "nonce": record.nonce, "message_reference": record.reference, "position": record.position,
        "webhook_id": _text(record.webhook_id), "application_id": _text(record.application_id),
        "interaction_metadata": record.interaction,
    }  # fmt: skip
    view |= {name: value for name, value in optional.items() if value is not None}
    if record.reactions:
        view["reactions"] = [
            {
                "emoji": emoji(key), "count": len(who), "count_details": {"burst": 0, "normal": len(who)},
                "burst_colors": [], "me_burst": False, "me": seen_by in who, "burst_me": False, "burst_count": 0,
            }
            for key, who in record.reactions.items()
        ]  # fmt: skip
    if record.flags & Flag.HAS_THREAD and record.id in world.channels:
        view["thread"] = channel(world, world.channels[record.id], seen_by)
    if record.reference is not None and not nested and "message_id" in record.reference:
        there = world.channels.get(int(record.reference["channel_id"]))
        original = there.messages.get(int(record.reference["message_id"])) if there is not None else None
        view["referenced_message"] = message(world, original, seen_by, nested=True) if original is not None else None
    if place is not None and place.thread is None:
        view.pop("position", None)
    return view


def for_bot(world: World, view: JSON, intents: int) -> JSON:
    """A message as a bot reads it: without the intent, only what it wrote itself, what is for it alone, or mentions it."""
    bot = str(world.application.bot_id)
    if view.get("referenced_message"):
        view = {**view, "referenced_message": for_bot(world, view["referenced_message"], intents)}
    place = world.channels.get(int(view["channel_id"]))
    direct = place is not None and place.type == ChannelType.DM
    named = bot == view["author"]["id"] or bot in [each["id"] for each in view["mentions"]]
    if intents & MESSAGE_CONTENT or direct or named:
        return view
    return {**view, "content": "", "embeds": [], "attachments": [], "components": []}


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def application(world: World, record: Application) -> JSON:
    return {
        "id": str(record.id), "name": record.name, "icon": None, "description": "", "type": None,
        "bot": user(world.users[record.bot_id]),
        "bot_public": False, "bot_require_code_grant": False, "verify_key": "ab" * 32, "flags": record.flags,
        "flags_new": str(record.flags), "redirect_uris": [], "interactions_endpoint_url": None,
        "role_connections_verification_url": None, "owner": user(world.users[record.owner_id]),
        "approximate_guild_count": len(world.guilds), "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0, "explicit_content_filter": 0, "team": None, "eligible_oauth2_scopes": [],
        "integration_types_config": {"0": {"oauth2_install_params": {"scopes": ["bot"], "permissions": "0"}}}, "summary": "",
    }  # fmt: skip


def permissions_of(world: World, guild_record: Guild, user_id: int, place: Channel | None = None) -> str:
    if place is not None:
        return str(world.may(user_id, place))
    return str(permissions.of_member(guild_record, guild_record.members[user_id], world.clock.now()))
