"""Looking: everything that there is, what the client did, what it did wrong, and waiting for it to do something."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from .. import interactions as domain
from .. import render, views
from ..control import Refused, verb
from ..model import JSON, Message
from . import finding

if TYPE_CHECKING:
    from ..server import Standin


@verb
def addresses(standin: Standin) -> JSON:
    return standin.addresses()


@verb
def dump(standin: Standin) -> JSON:
    """Everything: people, places, messages with their revisions, deleted ones, interactions, commands, requests, violations."""
    world = standin.world
    return {
        "now": standin.clock.now(), "users": list(world.users.values()),
        "guilds": [_guild(each) for each in world.guilds.values()],
        "channels": [_channel(each) for each in world.channels.values()], "deleted": world.deleted,
        "interactions": [domain.view(world, each) for each in world.interactions.values()],
        "commands": [each for scope in world.application.commands.values() for each in scope.values()],
        "gateway": {"starts": list(world.starts), "sessions": [_session(each) for each in standin.gateway.sessions.values()]},
        "limits": {"invalid": standin.limits.invalid, "banned_until": standin.limits.banned_until},
        "journal": world.journal.dump(),
    }  # fmt: skip


def _guild(each: Any) -> JSON:
    return {
        **vars(each),
        "channels": list(each.channels),
        "members": list(each.members.values()),
        "roles": list(each.roles.values()),
    }


def _channel(each: Any) -> JSON:
    return {**vars(each), "overwrites": list(each.overwrites.values()), "messages": list(each.messages.values())}


def _session(each: Any) -> JSON:
    return {
        "id": each.id,
        "seq": each.seq,
        "intents": each.intents,
        "resumed": each.resumed,
        "connected": each.send is not None,
    }


@verb
def messages(standin: Standin, channel: str) -> list[JSON]:
    """The messages of a channel, the oldest first, as the bot sees them; ephemeral ones, too."""
    place = finding.channel(standin, channel)
    return [views.message(standin.world, each, standin.world.application.bot_id) for each in place.messages.values()]


@verb
def requests(standin: Standin, since: int = 0) -> list[Any]:
    return list(standin.world.journal.requests[int(since) :])


@verb
def violations(standin: Standin, law: str | None = None, kind: str | None = None) -> list[Any]:
    """What the client did against a law, `discord` or `house`, or of one kind."""
    return [each for each in standin.world.journal.violations if law in (None, each.law) and kind in (None, each.kind)]


@verb
def own_faults(standin: Standin) -> list[str]:
    """What the stand-in itself did wrong. A suite that finds something here has found a fault of the stand-in."""
    return standin.world.journal.own_faults


@verb
def forget(standin: Standin) -> JSON:
    """Empties the log of requests, violations and the gateway; for a test that wants its own."""
    journal = standin.world.journal
    for each in (journal.requests, journal.violations, journal.gateway):
        each.clear()
    return {}


@verb
def interaction(standin: Standin, id: str) -> JSON:
    found = standin.world.interactions.get(int(id))
    if found is None:
        raise Refused(f"there is no interaction {id}")
    return domain.view(standin.world, found)


@verb
async def wait_requests(
    standin: Standin,
    method: str = "*",
    path: str = "*",
    count: int = 1,
    since: int = 0,
    status: int | None = None,
    seconds: float = 10,
) -> JSON:
    """Waits until so many requests that match were answered."""

    def found() -> list[Any]:
        return [
            each
            for each in standin.world.journal.requests[int(since) :]
            if each.done and method in ("*", each.method) and fnmatchcase(each.path, path) and status in (None, each.status)
        ]

    ok = await standin.world.journal.until(lambda: len(found()) >= int(count), float(seconds))
    return {"ok": ok, "requests": found()}


@verb
async def wait_message(
    standin: Standin, channel: str, contains: str = "", author: str | None = None, count: int = 1, seconds: float = 10
) -> JSON:
    """Waits until so many messages of a channel have this in their text, their embeds or their components."""
    writer = finding.user(standin, author).id if author is not None else None

    def found() -> list[Message]:
        try:
            place = finding.channel(standin, channel)
        except Refused:
            return []
        return [each for each in place.messages.values() if writer in (None, each.author_id) and contains in _text(each)]

    ok = await standin.world.journal.until(lambda: len(found()) >= int(count), float(seconds))
    seen_by = standin.world.application.bot_id
    return {"ok": ok, "messages": [views.message(standin.world, each, seen_by) for each in found()]}


def _text(message: Message) -> str:
    return "\n".join([message.content, *map(str, message.embeds), *map(str, message.components)])


@verb
async def wait_gateway(standin: Standin, what: str, count: int = 1, seconds: float = 10) -> JSON:
    """Waits until something has happened at the gateway so often: connected, identify, resumed, heartbeat, disconnected, …"""

    def found() -> list[JSON]:
        return [each for each in standin.world.journal.gateway if each["what"] == what]

    ok = await standin.world.journal.until(lambda: len(found()) >= int(count), float(seconds))
    return {"ok": ok, "notes": found()}


@verb
def page(standin: Standin, channel: str, user: str | None = None) -> str:
    """How a channel looks to somebody, as HTML."""
    who = finding.user(standin, user).id if user is not None else None
    return render.channel(standin.world, finding.channel(standin, channel), who)
