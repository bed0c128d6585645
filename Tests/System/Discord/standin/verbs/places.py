"""Building: users, guilds, channels, roles, and who may what in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import notices, threads, views
from ..control import Refused, verb
from ..model import JSON, Guild, Member, Overwrite
from ..permissions import EVERYONE, bits
from ..world import Event
from . import finding

if TYPE_CHECKING:
    from ..server import Standin

# What the invitation of a careful bot asks for.
CAREFUL = [
    "VIEW_CHANNEL", "SEND_MESSAGES", "SEND_MESSAGES_IN_THREADS", "CREATE_PUBLIC_THREADS", "ADD_REACTIONS",
    "READ_MESSAGE_HISTORY", "EMBED_LINKS", "ATTACH_FILES", "PIN_MESSAGES",
]  # fmt: skip


@verb
def user(standin: Standin, username: str, bot: bool = False) -> JSON:
    """Somebody new, in no guild yet."""
    return {"id": standin.world.add_user(username, bot).id}


@verb
def guild(standin: Standin, name: str, owner: str | None = None) -> JSON:
    made = standin.world.add_guild(name, finding.user(standin, owner).id if owner is not None else None)
    return {"id": made.id}


@verb
def invite(standin: Standin, guild: str | None = None, permissions: list[str] | None = None) -> JSON:
    """Brings the bot into a guild, with a role of its own that has these permissions."""
    place = finding.guild(standin, guild)
    world = standin.world
    bot = world.application.bot_id
    if bot in place.members:
        raise Refused(f"the bot is in {place.name} already")
    role = world.add_role(place, world.application.name, bits(*(CAREFUL if permissions is None else permissions)), bot_id=bot)
    world.join(place, bot, [role.id])
    world.emit(Event("GUILD_CREATE", views.gateway_guild(world, place, bot), notices.GUILDS, place.id))
    return {"role": role.id}


@verb
def expel(standin: Standin, guild: str | None = None) -> JSON:
    """Removes the bot from a guild."""
    place = finding.guild(standin, guild)
    place.members.pop(standin.world.application.bot_id, None)
    standin.world.emit(Event("GUILD_DELETE", {"id": str(place.id)}, notices.GUILDS, place.id))
    return {}


@verb
def outage(standin: Standin, guild: str | None = None, over: bool = False) -> JSON:
    """The guild is unavailable for a while, or back again."""
    place, world = finding.guild(standin, guild), standin.world
    place.available = over
    if over:
        view = views.gateway_guild(world, place, world.application.bot_id)
        world.emit(Event("GUILD_CREATE", view, notices.GUILDS, place.id))
    else:
        world.emit(Event("GUILD_DELETE", {"id": str(place.id), "unavailable": True}, notices.GUILDS, place.id))
    return {}


@verb
def channel(
    standin: Standin, name: str, guild: str | None = None, type: int = 0, topic: str | None = None, parent: str | None = None
) -> JSON:
    place = finding.guild(standin, guild)
    parent_id = finding.channel(standin, parent).id if parent is not None else None
    made = standin.world.add_channel(place, name, type, topic, parent_id)
    notices.guild(standin.world, "CHANNEL_CREATE", place.id, views.channel(standin.world, made), channel=made)
    return {"id": made.id}


@verb
def remove_channel(standin: Standin, channel: str) -> JSON:
    threads.remove(standin.world, finding.channel(standin, channel))
    return {}


@verb
def role(
    standin: Standin, name: str, guild: str | None = None, permissions: list[str] | None = None, mentionable: bool = False
) -> JSON:
    place = finding.guild(standin, guild)
    made = standin.world.add_role(place, name, bits(*(permissions or [])), mentionable)
    notices.guild(standin.world, "GUILD_ROLE_CREATE", place.id, {"role": views.role(made)})
    return {"id": made.id}


@verb
def permit(standin: Standin, role: str, permissions: list[str], guild: str | None = None) -> JSON:
    """Sets what a role may in the whole guild; `@everyone` is a role, too."""
    place = finding.guild(standin, guild)
    found = finding.role(standin, role, place)
    found.permissions = bits(*permissions)
    notices.guild(standin.world, "GUILD_ROLE_UPDATE", place.id, {"role": views.role(found)})
    return {}


@verb
def overwrite(
    standin: Standin,
    channel: str,
    role: str | None = None,
    user: str | None = None,
    allow: list[str] | None = None,
    deny: list[str] | None = None,
) -> JSON:
    """Sets what a role or a user may in one channel."""
    place = finding.channel(standin, channel)
    guild = standin.world.guilds[place.guild_id or 0]
    if (role is None) == (user is None):
        raise Refused("an overwrite is for a role or for a user")
    target = finding.role(standin, role, guild).id if role is not None else finding.user(standin, user or "").id
    place.overwrites[target] = Overwrite(target, 0 if role is not None else 1, bits(*(allow or [])), bits(*(deny or [])))
    notices.guild(standin.world, "CHANNEL_UPDATE", guild.id, views.channel(standin.world, place), channel=place)
    return {}


@verb
def join(
    standin: Standin, user: str, guild: str | None = None, roles: list[str] | None = None, nick: str | None = None
) -> JSON:
    """Makes a user a member, or changes the roles and the name of one."""
    place, world = finding.guild(standin, guild), standin.world
    who = finding.user(standin, user)
    known = place.members.get(who.id)
    member = known or world.join(place, who.id)
    member.roles = [finding.role(standin, each, place).id for each in roles or []]
    member.nick = nick
    name = "GUILD_MEMBER_UPDATE" if known else "GUILD_MEMBER_ADD"
    notices.guild(world, name, place.id, views.member(world, member), notices.MEMBERS)
    return {}


@verb
def leave(standin: Standin, user: str, guild: str | None = None) -> JSON:
    place = finding.guild(standin, guild)
    who = finding.user(standin, user)
    place.members.pop(who.id, None)
    notices.guild(standin.world, "GUILD_MEMBER_REMOVE", place.id, {"user": views.user(who)}, notices.MEMBERS)
    return {}


@verb
def timeout(standin: Standin, user: str, seconds: float, guild: str | None = None) -> JSON:
    """Silences a member for some time of the clock."""
    place = finding.guild(standin, guild)
    member: Member = standin.world.member(place, finding.user(standin, user).id)
    member.timeout_until = standin.clock.now() + seconds
    notices.guild(standin.world, "GUILD_MEMBER_UPDATE", place.id, views.member(standin.world, member), notices.MEMBERS)
    return {}


def furnish(standin: Standin) -> Guild:
    """The guild that most tests want: three channels, Alice who works in it, Bob who is new, and the bot."""
    world = standin.world
    place = world.add_guild("orch")
    for name in ("task-queue", "results", "workers"):
        world.add_channel(place, name)
    world.add_role(place, "operators")
    for name in ("alice", "bob"):
        world.join(place, world.add_user(name).id)
    place.roles[place.id].permissions = EVERYONE & ~bits("MENTION_EVERYONE")
    invite(standin)
    return place
