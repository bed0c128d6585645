"""Speaking as people, as other bots and as webhooks do: messages, replies, edits, reactions, threads."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from .. import messages as domain
from .. import notices, threads, views
from ..control import Refused, verb
from ..messages import Upload
from ..model import JSON, Channel, User
from ..permissions import demand
from ..world import Event
from . import finding

if TYPE_CHECKING:
    from ..server import Standin


def speaker(standin: Standin, user: str, channel: str, *needed: str) -> tuple[User, Channel]:
    who, place = finding.user(standin, user), finding.channel(standin, channel)
    demand(standin.world.may(who.id, place), *needed)
    return who, place


def uploads(files: list[dict[str, Any]] | None) -> list[Upload]:
    """Files as {name, base64 or text, type}."""
    made = []
    for index, each in enumerate(files or []):
        data = base64.b64decode(each["base64"]) if "base64" in each else str(each.get("text", "")).encode()
        made.append(Upload(index, each["name"], data, each.get("type")))
    return made


@verb
def say(
    standin: Standin,
    user: str,
    channel: str,
    content: str = "",
    reply_to: str | None = None,
    files: list[dict[str, Any]] | None = None,
    embeds: list[JSON] | None = None,
    ping: bool = True,
) -> JSON:
    """Writes a message. What a person sends has the defaults of a person: it mentions whom it names, as far as they may."""
    place = finding.channel(standin, channel)
    who, place = speaker(standin, user, channel, "SEND_MESSAGES_IN_THREADS" if place.thread is not None else "SEND_MESSAGES")
    body: JSON = {"content": content, "embeds": embeds or []}
    if reply_to is not None:
        original = finding.message(standin, reply_to)
        body["message_reference"] = {"message_id": str(original.id), "channel_id": str(original.channel_id)}
        body["allowed_mentions"] = {"parse": ["everyone", "roles", "users"], "replied_user": ping}
    files_made = uploads(files)
    domain.checked(body, len(files_made))
    return {"id": domain.send(standin.world, place, who.id, body, files_made).id}


@verb
def webhook_say(standin: Standin, channel: str, content: str, name: str = "hook") -> JSON:
    """Writes a message as a webhook, whose author is nobody."""
    place = finding.channel(standin, channel)
    number = standin.world.ids.next()
    made = domain.send(standin.world, place, number, {"content": content}, webhook_id=number, webhook_name=name)
    return {"id": made.id}


@verb
def direct(standin: Standin, user: str, content: str) -> JSON:
    """Writes to the bot alone."""
    who = finding.user(standin, user)
    place = standin.world.direct(who.id, standin.world.application.bot_id)
    made = domain.send(standin.world, place, who.id, {"content": content})
    return {"id": made.id, "channel": place.id}


@verb
def edit(standin: Standin, user: str, message: str, content: str) -> JSON:
    found, who = finding.message(standin, message), finding.user(standin, user)
    domain.demand_edit(standin.world, found, who.id, {"content": content})
    domain.checked({"content": content}, 0)
    domain.edit(standin.world, found, who.id, {"content": content})
    return {}


@verb
def delete(standin: Standin, user: str, message: str) -> JSON:
    found, who = finding.message(standin, message), finding.user(standin, user)
    domain.demand_delete(standin.world, found, who.id)
    domain.delete(standin.world, found)
    return {}


@verb
def bulk_delete(standin: Standin, messages: list[str]) -> JSON:
    found = [finding.message(standin, each) for each in messages]
    if len({each.channel_id for each in found}) != 1:
        raise Refused("messages to delete together are of one channel")
    domain.bulk_delete(standin.world, standin.world.channels[found[0].channel_id], [each.id for each in found])
    return {}


@verb
def react(standin: Standin, user: str, message: str, emoji: str) -> JSON:
    domain.react(standin.world, finding.message(standin, message), finding.user(standin, user).id, emoji)
    return {}


@verb
def unreact(standin: Standin, user: str, message: str, emoji: str) -> JSON:
    domain.unreact(standin.world, finding.message(standin, message), finding.user(standin, user).id, emoji)
    return {}


@verb
def thread(standin: Standin, user: str, name: str, message: str | None = None, channel: str | None = None) -> JSON:
    """Opens a thread, of a message or alone."""
    if (message is None) == (channel is None):
        raise Refused("a thread is of a message or in a channel")
    original = finding.message(standin, message) if message is not None else None
    place = finding.channel(standin, channel or str(original.channel_id if original else ""))
    who, place = speaker(standin, user, str(place.id), "CREATE_PUBLIC_THREADS")
    threads.check({"name": name})
    body = {"name": name, "type": 11}
    return {"id": threads.create(standin.world, place, who.id, body, original).id}


@verb
def archive(standin: Standin, thread: str, archived: bool = True, locked: bool | None = None) -> JSON:
    place = finding.channel(standin, thread)
    if place.thread is None:
        raise Refused(f"{place.name} is no thread")
    if locked is not None:
        place.thread.locked = locked
    threads.set_archived(standin.world, place, archived)
    return {}


@verb
def type_in(standin: Standin, user: str, channel: str) -> JSON:
    """Somebody is typing."""
    who, place = speaker(standin, user, channel)
    data: JSON = {"channel_id": str(place.id), "user_id": str(who.id), "timestamp": int(standin.clock.now())}
    guild = standin.world.guild_of(place)
    if guild is not None:
        data |= {"guild_id": str(guild.id), "member": views.member(standin.world, guild.members[who.id])}
    standin.world.emit(Event("TYPING_START", data, notices.TYPING, place.guild_id, place))
    return {}
