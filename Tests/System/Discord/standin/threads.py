"""What becomes of a thread? Made from a message or alone, archived by hand or when nothing happens in it, joined and left."""

from __future__ import annotations

from functools import partial

from . import notices, views
from .errors import FormErrors, error
from .model import JSON, Channel, ChannelType, Flag, Message, MessageType, Thread
from .world import Event, World

DURATIONS = (60, 1440, 4320, 10080)


def check(body: JSON) -> None:
    form = FormErrors()
    form.length("name", str(body.get("name") or ""), 1, 100)
    duration = body.get("auto_archive_duration")
    if duration is not None and duration not in DURATIONS:
        form.choice("auto_archive_duration", duration, DURATIONS)
    form.check()


def create(world: World, parent: Channel, owner_id: int, body: JSON, message: Message | None = None) -> Channel:
    """A thread of a message has the name of the message, so that there can be only one."""
    guild = world.guilds[parent.guild_id or 0]
    if message is not None and message.id in world.channels:
        raise error(160004)
    if sum(not each.thread.archived for each in world.threads(guild) if each.thread) >= world.settings.active_threads:
        raise error(160006)
    kind = ChannelType.PUBLIC_THREAD if message is not None else ChannelType(body.get("type") or ChannelType.PRIVATE_THREAD)
    channel = Channel(message.id if message is not None else world.ids.next(), kind, body["name"], guild.id, parent.id)
    now = world.clock.now()
    channel.thread = Thread(owner_id, now, now, body.get("auto_archive_duration") or 4320, last_active=now)
    channel.thread.members[owner_id] = now
    channel.slowmode = body.get("rate_limit_per_user") or 0
    guild.channels[channel.id] = world.channels[channel.id] = channel
    notices.thread(world, "THREAD_CREATE", channel, {"newly_created": True})
    if message is not None:
        start(world, channel, parent, message)
    touch(world, channel)
    return channel


def start(world: World, channel: Channel, parent: Channel, message: Message) -> None:
    """The message that a thread is about points to it, and the thread's first entry points back."""
    message.flags |= Flag.HAS_THREAD
    notices.message(world, "MESSAGE_UPDATE", parent, message)
    first = Message(world.ids.next(), channel.id, message.author_id, world.clock.now(), MessageType.THREAD_STARTER)
    first.reference = {
        "type": 0, "message_id": str(message.id), "channel_id": str(parent.id), "guild_id": str(parent.guild_id),
    }  # fmt: skip
    first.position = 0
    channel.messages[first.id] = first
    channel.last_message_id = first.id
    notices.message(world, "MESSAGE_CREATE", channel, first)


def touch(world: World, channel: Channel) -> None:
    """Something happened in it: it stays open for its time from now on."""
    assert channel.thread is not None
    channel.thread.last_active = world.clock.now()
    world.clock.after(channel.thread.auto_archive * 60.0, partial(archive_if_idle, world, channel))


def archive_if_idle(world: World, channel: Channel) -> None:
    thread = channel.thread
    if thread is None or thread.archived or channel.id not in world.channels:
        return
    # A timer of an earlier event, or the time was changed: that of the last event decides.
    if world.clock.now() - thread.last_active >= thread.auto_archive * 60.0 - 0.001:
        set_archived(world, channel, True)


def set_archived(world: World, channel: Channel, archived: bool) -> None:
    assert channel.thread is not None
    if channel.thread.archived == archived:
        return
    channel.thread.archived = archived
    channel.thread.archive_changed = world.clock.now()
    notices.thread(world, "THREAD_UPDATE", channel)
    if not archived:
        touch(world, channel)


def join(world: World, channel: Channel, user_id: int) -> None:
    assert channel.thread is not None
    if user_id in channel.thread.members:
        return
    channel.thread.members[user_id] = world.clock.now()
    _members(world, channel, {"added_members": [views.thread_member(channel, user_id)]})


def leave(world: World, channel: Channel, user_id: int) -> None:
    assert channel.thread is not None
    if channel.thread.members.pop(user_id, None) is not None:
        _members(world, channel, {"removed_member_ids": [str(user_id)]})


def _members(world: World, channel: Channel, change: JSON) -> None:
    assert channel.thread is not None
    guild = world.guild_of(channel)
    for added in change.get("added_members", []):
        if guild is not None:
            added["member"] = views.member(world, guild.members[int(added["user_id"])])
            added["presence"] = None
    data = {"id": str(channel.id), "guild_id": str(channel.guild_id), "member_count": len(channel.thread.members), **change}
    world.emit(Event("THREAD_MEMBERS_UPDATE", data, notices.GUILDS, channel.guild_id, channel))


def remove(world: World, channel: Channel) -> None:
    """Deletes any channel; with a channel go its threads."""
    guild = world.guild_of(channel)
    if guild is not None:
        for thread in [each for each in world.threads(guild) if each.parent_id == channel.id]:
            remove(world, thread)
        guild.channels.pop(channel.id, None)
    name = "THREAD_DELETE" if channel.thread is not None else "CHANNEL_DELETE"
    data = views.channel(world, channel)
    if channel.thread is not None:
        data = {key: data[key] for key in ("id", "guild_id", "parent_id", "type")}
    world.emit(Event(name, data, notices.GUILDS, channel.guild_id, channel))
    for message in channel.messages.values():
        message.deleted_at = world.clock.now()
        world.deleted.append(message)
    world.channels.pop(channel.id, None)
