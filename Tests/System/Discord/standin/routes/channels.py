"""Channels, their overwrites, and typing."""

from __future__ import annotations

from .. import notices, threads, views
from ..errors import FormErrors, error, form_error
from ..model import Channel, ChannelType, Overwrite
from ..permissions import bits, demand
from ..rest import Call, Reply, route

CHANNEL = "/channels/{channel_id}"
NOTHING = type(None)
KINDS: dict[str, tuple[type, ...]] = {
    "name": (str,), "topic": (str, NOTHING), "parent_id": (str, NOTHING), "permission_overwrites": (list, NOTHING),
    "rate_limit_per_user": (int, NOTHING), "nsfw": (bool,), "archived": (bool,), "locked": (bool,),
}  # fmt: skip


@route("GET", CHANNEL)
async def one(call: Call) -> Reply:
    return 200, views.channel(call.world, call.world.visible(call.id("channel"), call.me), call.me)


@route("PATCH", CHANNEL)
async def change(call: Call) -> Reply:
    channel = call.world.visible(call.id("channel"), call.me)
    body = call.form
    form = FormErrors()
    # Of the many things that a channel can be, the description of the API allows any body that fits one.
    for name, value in body.items():
        form.kind(name, value, *KINDS.get(name, (type(value),)))
    form.check()
    if "name" in body:
        form.length("name", body["name"], 1, 100)
    form.length("topic", body.get("topic") or "", 0, 1024)
    form.check()
    if channel.thread is not None:
        change_thread(call, channel)
        return 200, views.channel(call.world, channel, call.me)
    demand(call.world.may(call.me, channel), "MANAGE_CHANNELS")
    for name, field in (("name", "name"), ("topic", "topic"), ("rate_limit_per_user", "slowmode"), ("nsfw", "nsfw")):
        if name in body:
            setattr(channel, field, body[name])
    if "parent_id" in body:
        channel.parent_id = int(body["parent_id"]) if body["parent_id"] else None
    if "permission_overwrites" in body:
        channel.overwrites = {each.id: each for each in map(overwrite, body["permission_overwrites"] or [])}
    tell(call, channel)
    return 200, views.channel(call.world, channel, call.me)


def change_thread(call: Call, channel: Channel) -> None:
    """Who made it may change it; others need to manage threads. In an archived one only opening it works."""
    body, thread = call.form, channel.thread
    assert thread is not None
    may = call.world.may(call.me, channel)
    manages = bool(may & bits("MANAGE_THREADS"))
    opens = body.get("archived") is False
    if not manages and (thread.owner_id != call.me or "locked" in body) and not (opens and set(body) == {"archived"}):
        raise error(50013)
    if opens and thread.archived:
        if thread.locked and not manages:
            raise error(160005)
        threads.set_archived(call.world, channel, False)
    elif thread.archived and set(body) - {"archived"}:
        raise error(50083)
    duration = body.get("auto_archive_duration")
    if duration is not None:
        if duration not in threads.DURATIONS:
            form = FormErrors()
            form.choice("auto_archive_duration", duration, threads.DURATIONS)
            form.check()
        thread.auto_archive = duration
        threads.touch(call.world, channel)
    if "name" in body:
        channel.name = body["name"]
    if "rate_limit_per_user" in body:
        channel.slowmode = body["rate_limit_per_user"] or 0
    if "locked" in body:
        thread.locked = bool(body["locked"])
    if body.get("archived"):
        threads.set_archived(call.world, channel, True)
    if set(body) - {"archived"}:
        notices.thread(call.world, "THREAD_UPDATE", channel)


@route("DELETE", CHANNEL)
async def delete(call: Call) -> Reply:
    channel = call.world.visible(call.id("channel"), call.me)
    if channel.type == ChannelType.DM:
        raise error(50003)
    demand(call.world.may(call.me, channel), "MANAGE_THREADS" if channel.thread is not None else "MANAGE_CHANNELS")
    view = views.channel(call.world, channel, call.me)
    threads.remove(call.world, channel)
    return 200, view


def overwrite(given: dict[str, object]) -> Overwrite:
    text = {name: str(given.get(name) or 0) for name in ("id", "type", "allow", "deny")}
    for name, value in text.items():
        if not (value.isascii() and value.isdigit()):
            raise form_error(name, "NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
    number = {name: int(value) for name, value in text.items()}
    return Overwrite(number["id"], number["type"], number["allow"], number["deny"])


@route("PUT", CHANNEL + "/permissions/{overwrite_id}")
async def permit(call: Call) -> Reply:
    channel = call.world.visible(call.id("channel"), call.me, "MANAGE_ROLES")
    channel.overwrites[call.id("overwrite")] = overwrite({**call.form, "id": call.id("overwrite")})
    tell(call, channel)
    return 204, None


@route("DELETE", CHANNEL + "/permissions/{overwrite_id}")
async def unpermit(call: Call) -> Reply:
    channel = call.world.visible(call.id("channel"), call.me, "MANAGE_ROLES")
    if channel.overwrites.pop(call.id("overwrite"), None) is None:
        raise error(10009)
    tell(call, channel)
    return 204, None


@route("POST", CHANNEL + "/typing")
async def typing(call: Call) -> Reply:
    channel = call.world.visible(call.id("channel"), call.me)
    demand(call.world.may(call.me, channel), "SEND_MESSAGES_IN_THREADS" if channel.thread is not None else "SEND_MESSAGES")
    return 204, None


def tell(call: Call, channel: Channel) -> None:
    data = views.channel(call.world, channel)
    notices.guild(call.world, "CHANNEL_UPDATE", channel.guild_id or 0, data, channel=channel)
