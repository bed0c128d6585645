"""What can be done with messages? Write, edit, delete, react and pin, by whoever may: bot and people alike."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from . import mentions, notices, rules, views
from .errors import FormErrors, error, form_error
from .ids import moment
from .model import JSON, Attachment, Channel, Flag, Message, MessageType
from .permissions import bits, demand
from .threads import set_archived, touch
from .world import Event, World

SETTABLE = Flag.SUPPRESS_EMBEDS | Flag.EPHEMERAL | Flag.SUPPRESS_NOTIFICATIONS | Flag.COMPONENTS_V2
PINS = 250


@dataclass
class Upload:
    """A file of a request: `index` is the n of its part `files[n]`."""

    index: int
    filename: str
    data: bytes
    content_type: str | None = None


def checked(body: JSON, files: int, *, may_be_empty: bool = False) -> None:
    form = FormErrors()
    rules.message(body, form)
    form.check()
    if not may_be_empty and rules.is_empty(body, files):
        raise error(50006)


def attach(world: World, channel: Channel, body: JSON, files: list[Upload], ephemeral: bool = False) -> list[Attachment]:
    """Makes attachments of uploads. Where the body lists attachments, each upload has to be among them by its index."""
    listed = {str(each.get("id")): each for each in body.get("attachments") or []}
    made = []
    for upload in files:
        if len(upload.data) > world.settings.file_bytes:
            raise error(40005)
        about = listed.get(str(upload.index))
        if listed and about is None:
            raise form_error("attachments", "ATTACHMENT_NOT_FOUND", f"files[{upload.index}] is not listed in attachments.")
        name = re.sub(r"[^\w.\-]", "_", (about or {}).get("filename") or upload.filename) or "unknown"
        description = (about or {}).get("description")
        kind = upload.content_type
        made.append(Attachment(world.ids.next(), channel.id, name, upload.data, kind, description, ephemeral))
    return made


def send(
    world: World,
    channel: Channel,
    author_id: int,
    body: JSON,
    files: list[Upload] | None = None,
    *,
    default: JSON = mentions.MESSAGE_DEFAULT,
    may: int | None = None,
    **fields: Any,
) -> Message:
    """Puts a message that has been checked into a channel, and tells who listens. `fields` go into the record as they are."""
    guild = world.guild_of(channel)
    may = world.may(author_id, channel) if may is None else may
    if channel.thread is not None and channel.thread.archived:
        set_archived(world, channel, False)
    message = Message(world.ids.next(), channel.id, author_id, world.clock.now())
    message.attachments = attach(world, channel, body, files or [], bool((body.get("flags") or 0) & Flag.EPHEMERAL))
    message.content = body.get("content") or ""
    message.embeds = [embed(each) for each in body.get("embeds") or []]
    message.components = numbered(body.get("components") or [])
    message.flags = (body.get("flags") or 0) & SETTABLE
    message.tts = bool(body.get("tts"))
    message.nonce = body.get("nonce")
    replied_to = None
    if reference := body.get("message_reference"):
        replied_to = reply(world, channel, message, reference)
    for name, value in fields.items():
        setattr(message, name, value)
    apply_reach(world, message, body.get("allowed_mentions"), default, may, replied_to)
    if channel.thread is not None:
        message.position = channel.thread.sent
        channel.thread.sent += 1
        if author_id in world.users and guild is not None:
            channel.thread.members.setdefault(author_id, world.clock.now())
        touch(world, channel)
    channel.messages[message.id] = message
    if message.visible_to is None:
        channel.last_message_id = message.id
        notices.message(world, "MESSAGE_CREATE", channel, message)
    return message


def reply(world: World, channel: Channel, message: Message, reference: JSON) -> int | None:
    there = int(reference.get("channel_id") or channel.id)
    original = world.channels[there].messages.get(int(reference["message_id"])) if there in world.channels else None
    if original is None:
        if reference.get("fail_if_not_exists", True):
            raise form_error("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
        return None
    message.type = MessageType.REPLY
    message.reference = {"type": 0, "message_id": str(original.id), "channel_id": str(there)}
    if channel.guild_id is not None:
        message.reference["guild_id"] = str(channel.guild_id)
    return original.author_id


def apply_reach(
    world: World, message: Message, allowed: JSON | None, default: JSON, may: int, replied_to: int | None = None
) -> None:
    guild = world.guild_of(world.channels[message.channel_id])
    reach = mentions.reach(message.content, allowed, default, guild, may, replied_to)
    message.mentions, message.mention_roles, message.mention_everyone = reach.users, reach.roles, reach.everyone


def embed(given: JSON) -> JSON:
    """An embed as it comes back."""
    return {**{name: value for name, value in given.items() if value is not None}, "type": "rich"}


def numbered(given: list[JSON]) -> list[JSON]:
    """Components as they come back: each with a number of its own, in the order of the tree."""
    count = 0

    def walk(each: JSON) -> JSON:
        nonlocal count
        count += 1
        kept = {name: value for name, value in each.items() if value is not None}
        kept.setdefault("id", count)
        if kept.get("type") in rules.SELECTS:
            kept = {"min_values": 1, "max_values": 1, **kept}
        if "components" in kept:
            kept["components"] = [walk(inner) for inner in kept["components"]]
        return kept

    return [walk(each) for each in given]


def edit(
    world: World,
    message: Message,
    editor_id: int,
    body: JSON,
    files: list[Upload] | None = None,
    *,
    default: JSON = mentions.MESSAGE_DEFAULT,
    may: int | None = None,
) -> Message:
    """Changes what the body names. What it leaves out stays, but not whom the message mentions: that is worked out anew."""
    channel = world.channels[message.channel_id]
    if channel.thread is not None and channel.thread.archived:
        raise error(50083)
    message.revisions.append(
        {
            "at": world.clock.now(),
            "content": message.content,
            "embeds": message.embeds,
            "components": message.components,
            "attachments": [each.filename for each in message.attachments],
        }
    )
    if "content" in body:
        message.content = body["content"] or ""
    if "embeds" in body:
        message.embeds = [embed(each) for each in body["embeds"] or []]
    if "components" in body:
        message.components = numbered(body["components"] or [])
    if body.get("flags") is not None:
        kept = message.flags & ~Flag.SUPPRESS_EMBEDS
        message.flags = kept | body["flags"] & (Flag.SUPPRESS_EMBEDS | Flag.COMPONENTS_V2)
    if "attachments" in body:
        keep = {str(each.get("id")) for each in body["attachments"] or []}
        message.attachments = [each for each in message.attachments if str(each.id) in keep]
    ephemeral = message.visible_to is not None
    message.attachments += attach(world, channel, body, files or [], ephemeral)
    may = world.may(editor_id, channel) if may is None else may
    apply_reach(world, message, body.get("allowed_mentions"), default, may)
    message.edited_at = world.clock.now()
    if message.visible_to is None:
        notices.message(world, "MESSAGE_UPDATE", channel, message)
    return message


def empty_after(message: Message, body: JSON, files: int) -> bool:
    """Whether this edit would leave nothing of the message."""
    kept = {str(each.get("id")) for each in body.get("attachments") or []}
    return not (
        (body.get("content", message.content) or "").strip()
        or body.get("embeds", message.embeds)
        or body.get("components", message.components)
        or files
        or ("attachments" not in body and message.attachments)
        or any(str(each.id) in kept for each in message.attachments)
    )


def demand_edit(world: World, message: Message, editor_id: int, body: JSON) -> None:
    """Only its author changes a message; others who may manage messages can hide its embeds, and nothing else."""
    if message.author_id == editor_id:
        if message.type not in (MessageType.DEFAULT, MessageType.REPLY, MessageType.COMMAND):
            raise error(50021)
        return
    if set(body) <= {"flags"} and world.may(editor_id, world.channels[message.channel_id]) & bits("MANAGE_MESSAGES"):
        return
    raise error(50005)


def delete(world: World, message: Message) -> None:
    channel = world.channels[message.channel_id]
    channel.messages.pop(message.id, None)
    message.deleted_at = world.clock.now()
    world.deleted.append(message)
    # The channel still names it as its last one, if it was that: so does Discord.
    if message.visible_to is None:
        notices.message(world, "MESSAGE_DELETE", channel, None, {"id": str(message.id)})


def demand_delete(world: World, message: Message, actor_id: int) -> None:
    channel = world.channels[message.channel_id]
    if channel.thread is not None and channel.thread.archived:
        raise error(50083)
    if message.author_id != actor_id:
        demand(world.may(actor_id, channel), "MANAGE_MESSAGES")
    elif message.type == MessageType.THREAD_STARTER:
        raise error(50021)


def bulk_delete(world: World, channel: Channel, ids: list[int]) -> None:
    if any(moment(each) < world.clock.now() - 14 * 86_400 for each in ids):
        raise error(50034)
    gone = [channel.messages.pop(each) for each in ids if each in channel.messages]
    for message in gone:
        message.deleted_at = world.clock.now()
        world.deleted.append(message)
    notices.message(world, "MESSAGE_DELETE_BULK", channel, None, {"ids": [str(each.id) for each in gone]})


# A regional indicator or anything of the planes and blocks that emoji are from; a digit with a keycap.
UNICODE_EMOJI = re.compile(r"^(?:[\u00a9\u00ae\u200d\u203c-\u3299\ufe0f\U0001f000-\U000e007f]+|[0-9#*]\ufe0f?\u20e3)$")
CUSTOM_EMOJI = re.compile(r"^\w{2,32}:\d{15,21}$")


def react(world: World, message: Message, user_id: int, key: str) -> None:
    """Adds a reaction; the same again changes nothing, and nobody hears of it."""
    channel = world.channels[message.channel_id]
    if not UNICODE_EMOJI.match(key) and not CUSTOM_EMOJI.match(key):
        raise error(10014)
    if channel.thread is not None and channel.thread.archived:
        raise error(50083)
    if key not in message.reactions:
        demand(world.may(user_id, channel), "ADD_REACTIONS")
        if len(message.reactions) >= 20:
            raise error(30010)
    who = message.reactions.setdefault(key, [])
    if user_id in who:
        return
    who.append(user_id)
    data: JSON = {"type": 0, "burst": False, "message_author_id": str(message.author_id)}
    guild = world.guild_of(channel)
    if guild is not None:
        data["member"] = views.member(world, guild.members[user_id])
    notices.reaction(world, "MESSAGE_REACTION_ADD", message, user_id, key, data)


def unreact(world: World, message: Message, user_id: int, key: str) -> None:
    who = message.reactions.get(key, [])
    if user_id not in who:
        return
    who.remove(user_id)
    if not who:
        del message.reactions[key]
    notices.reaction(world, "MESSAGE_REACTION_REMOVE", message, user_id, key, {"type": 0, "burst": False})


def pin(world: World, message: Message, actor_id: int, pinned: bool) -> None:
    channel = world.channels[message.channel_id]
    if pinned and message.pinned_at is None:
        if sum(each.pinned_at is not None for each in channel.messages.values()) >= PINS:
            raise error(30003)
        message.pinned_at = channel.last_pin = world.clock.now()
        reference = {"type": 0, "message_id": str(message.id), "channel_id": str(channel.id), "guild_id": str(channel.guild_id)}
        send(world, channel, actor_id, {}, type=MessageType.PIN, reference=reference)
    elif not pinned and message.pinned_at is not None:
        message.pinned_at = None
    else:
        return
    notices.message(world, "MESSAGE_UPDATE", channel, message)
    data: JSON = {"channel_id": str(channel.id), "last_pin_timestamp": views.channel(world, channel).get("last_pin_timestamp")}
    if channel.guild_id is not None:
        data["guild_id"] = str(channel.guild_id)
    world.emit(Event("CHANNEL_PINS_UPDATE", data, notices.GUILDS, channel.guild_id, channel))
