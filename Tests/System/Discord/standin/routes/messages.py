"""Messages, reactions and pins."""

from __future__ import annotations

import re

from .. import messages, notices, views
from ..clock import iso
from ..errors import error, form_error
from ..model import JSON, Channel, Message
from ..permissions import bits, demand
from ..rest import Call, Reply, route

MESSAGE = "/channels/{channel_id}/messages/{message_id}"
REACTION = MESSAGE + "/reactions/{emoji_name}"


def view(call: Call, message: Message) -> JSON:
    """What the API answers: also here content needs the intent, which the application has been given or not."""
    shown = views.message(call.world, message, call.me)
    return views.for_bot(call.world, shown, call.world.settings.granted_intents)


def find(call: Call, *needed: str) -> tuple[Channel, Message]:
    channel = call.world.visible(call.id("channel"), call.me, *needed)
    return channel, call.world.message(channel, call.id("message"))


@route("GET", "/channels/{channel_id}/messages")
async def listing(call: Call) -> Reply:
    channel = call.world.visible(call.id("channel"), call.me)
    limit = call.number("limit", 50, 1, 100)
    if not call.world.may(call.me, channel) & bits("READ_MESSAGE_HISTORY"):
        return 200, []
    ways = [name for name in ("around", "before", "after") if name in call.query]
    if len(ways) > 1:
        raise form_error(ways[1], "MUTUALLY_EXCLUSIVE", "Only one of around, before and after.")
    known = sorted(each.id for each in channel.messages.values() if each.visible_to is None)
    if ways and not call.query[ways[0]].isdigit():
        raise form_error(ways[0], "NUMBER_TYPE_COERCE", f'Value "{call.query[ways[0]]}" is not snowflake.')
    point = int(call.query[ways[0]]) if ways else 0
    if ways == ["after"]:
        ids = [each for each in known if each > point][:limit]
    elif ways == ["around"]:
        older = [each for each in known if each < point][-(limit // 2) :]
        ids = older + [each for each in known if each >= point][: limit - len(older)]
    else:
        ids = [each for each in known if not ways or each < point][-limit:]
    # The newest first, also after a point: so does Discord.
    return 200, [view(call, channel.messages[each]) for each in reversed(ids)]


@route("POST", "/channels/{channel_id}/messages")
async def create(call: Call) -> Reply:
    world, body = call.world, call.form
    channel = world.visible(call.id("channel"), call.me)
    if not channel.takes_messages:
        raise error(50008)
    thread = channel.thread
    needed = ["SEND_MESSAGES_IN_THREADS" if thread is not None else "SEND_MESSAGES"]
    if body.get("tts"):
        needed.append("SEND_TTS_MESSAGES")
    if call.files:
        needed.append("ATTACH_FILES")
    if body.get("message_reference"):
        needed.append("READ_MESSAGE_HISTORY")
    may = world.may(call.me, channel)
    demand(may, *needed)
    if thread is not None and thread.archived and thread.locked and not may & bits("MANAGE_THREADS"):
        raise error(160005)
    call.house("create_without_allowed_mentions")
    messages.checked(body, len(call.files))
    if (known := said_before(call, channel)) is not None:
        return 200, views.message(world, world.message(channel, known), call.me)
    message = messages.send(world, channel, call.me, body, call.files)
    if message.nonce is not None:
        until = world.clock.now() + world.settings.nonce_seconds
        world.nonces[call.me, channel.id, str(message.nonce)] = (until, message.id)
    return 200, views.message(world, message, call.me)


def said_before(call: Call, channel: Channel) -> int | None:
    """The message that the same author sent with the same nonce a few minutes ago, where the nonce is to be enforced."""
    nonce = call.form.get("nonce")
    if nonce is None or not call.form.get("enforce_nonce"):
        return None
    until, message_id = call.world.nonces.get((call.me, channel.id, str(nonce)), (0.0, 0))
    return message_id if until > call.world.clock.now() else None


@route("GET", MESSAGE)
async def one(call: Call) -> Reply:
    _, message = find(call, "READ_MESSAGE_HISTORY")
    return 200, view(call, message)


@route("PATCH", MESSAGE)
async def edit(call: Call) -> Reply:
    world, body = call.world, call.form
    channel, message = find(call)
    messages.demand_edit(world, message, call.me, body)
    if call.files:
        demand(world.may(call.me, channel), "ATTACH_FILES")
    if set(body) - {"flags"}:
        call.house("edit_without_allowed_mentions")
    messages.checked(body, len(call.files), may_be_empty=True)
    if messages.empty_after(message, body, len(call.files)):
        raise error(50006)
    demand_recent(call, channel, message)
    return 200, views.message(world, messages.edit(world, message, call.me, body, call.files), call.me)


def demand_recent(call: Call, channel: Channel, message: Message) -> None:
    """Messages that are over an hour old can be edited only so often, all of a channel together."""
    world = call.world
    if message.created_at > world.clock.now() - world.settings.old_message:
        return
    recent = [
        each
        for old in channel.messages.values()
        for each in old.revisions
        if each["at"] > world.clock.now() - 3600 and each["at"] > old.created_at + world.settings.old_message
    ]
    if len(recent) >= world.settings.old_edits:
        wait = min(each["at"] for each in recent) + 3600 - world.clock.now()
        raise error(30046, retry_after=round(wait, 3), **{"global": False})


@route("DELETE", MESSAGE)
async def delete(call: Call) -> Reply:
    _, message = find(call)
    messages.demand_delete(call.world, message, call.me)
    messages.delete(call.world, message)
    return 204, None


@route("POST", "/channels/{channel_id}/messages/bulk-delete")
async def bulk_delete(call: Call) -> Reply:
    channel = call.world.visible(call.id("channel"), call.me, "MANAGE_MESSAGES")
    ids = [int(each) for each in call.form.get("messages") or []]
    if not 2 <= len(ids) <= 100:
        raise form_error("messages", "BASE_TYPE_BAD_LENGTH", "Must be between 2 and 100 in length.")
    messages.bulk_delete(call.world, channel, ids)
    return 204, None


# Reactions


def key(call: Call) -> str:
    """The emoji of the path. One that was not percent-encoded does not arrive as what it was."""
    name = str(call.params["emoji_name"])
    return re.sub(r"^a:(?=\w+:\d+$)", "", name)


@route("PUT", REACTION + "/@me")
async def react(call: Call) -> Reply:
    _, message = find(call, "READ_MESSAGE_HISTORY")
    messages.react(call.world, message, call.me, key(call))
    return 204, None


@route("DELETE", REACTION + "/@me")
async def unreact(call: Call) -> Reply:
    _, message = find(call)
    if call.me not in message.reactions.get(key(call), []):
        raise error(10014)
    messages.unreact(call.world, message, call.me, key(call))
    return 204, None


@route("DELETE", REACTION + "/{user_id}")
async def unreact_other(call: Call) -> Reply:
    _, message = find(call, "MANAGE_MESSAGES")
    messages.unreact(call.world, message, call.id("user"), key(call))
    return 204, None


@route("GET", REACTION)
async def reactors(call: Call) -> Reply:
    _, message = find(call, "READ_MESSAGE_HISTORY")
    after = int(call.query.get("after", 0))
    who = sorted(each for each in message.reactions.get(key(call), []) if each > after)
    return 200, [views.user(call.world.users[each]) for each in who[: call.number("limit", 25, 1, 100)]]


@route("DELETE", REACTION)
@route("DELETE", MESSAGE + "/reactions")
async def clear_reactions(call: Call) -> Reply:
    _, message = find(call, "MANAGE_MESSAGES")
    keys = [key(call)] if "emoji_name" in call.params else list(message.reactions)
    for each in keys:
        message.reactions.pop(each, None)
    if "emoji_name" in call.params:
        notices.reaction(call.world, "MESSAGE_REACTION_REMOVE_EMOJI", message, None, keys[0], {"burst": False, "type": 0})
    else:
        notices.reaction(call.world, "MESSAGE_REACTION_REMOVE_ALL", message, None, None, {})
    return 204, None


# Pins


@route("GET", "/channels/{channel_id}/messages/pins")
async def pins(call: Call) -> Reply:
    limit = call.number("limit", 50, 1, 50)
    found = pinned(call)
    items = [{"pinned_at": iso(each.pinned_at or 0.0), "message": view(call, each)} for each in found[:limit]]
    return 200, {"items": items, "has_more": len(found) > limit}


@route("GET", "/channels/{channel_id}/pins")
async def old_pins(call: Call) -> Reply:
    return 200, [view(call, each) for each in pinned(call)[:50]]


def pinned(call: Call) -> list[Message]:
    channel = call.world.visible(call.id("channel"), call.me, "READ_MESSAGE_HISTORY")
    found = [each for each in channel.messages.values() if each.pinned_at is not None]
    return sorted(found, key=lambda each: each.pinned_at or 0.0, reverse=True)


@route("PUT", "/channels/{channel_id}/messages/pins/{message_id}")
@route("PUT", "/channels/{channel_id}/pins/{message_id}")
async def pin(call: Call) -> Reply:
    demand_pin(call)
    _, message = find(call)
    messages.pin(call.world, message, call.me, True)
    return 204, None


@route("DELETE", "/channels/{channel_id}/messages/pins/{message_id}")
@route("DELETE", "/channels/{channel_id}/pins/{message_id}")
async def unpin(call: Call) -> Reply:
    demand_pin(call)
    _, message = find(call)
    messages.pin(call.world, message, call.me, False)
    return 204, None


def demand_pin(call: Call) -> None:
    """Since 2025 a permission of its own, which managing messages no longer includes."""
    call.world.visible(call.id("channel"), call.me, "PIN_MESSAGES")
