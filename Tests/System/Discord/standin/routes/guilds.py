"""Guilds with their channels, roles and members."""

from __future__ import annotations

from .. import notices, permissions, views
from ..errors import FormErrors, error
from ..model import ChannelType, Guild
from ..permissions import demand
from ..rest import Call, Reply, route
from .channels import overwrite

GUILD = "/guilds/{guild_id}"
MEMBER = GUILD + "/members/{user_id}"


def find(call: Call, *needed: str) -> Guild:
    guild = call.world.guild(call.id("guild"), call.me)
    if needed:
        may = permissions.of_member(guild, guild.members[call.me], call.world.clock.now())
        demand(may | permissions.bits("VIEW_CHANNEL"), *needed)
    return guild


@route("GET", GUILD)
async def one(call: Call) -> Reply:
    guild = find(call)
    view = views.guild(call.world, guild)
    if call.flag("with_counts"):
        view |= {"approximate_member_count": len(guild.members), "approximate_presence_count": len(guild.members)}
    return 200, view


@route("GET", GUILD + "/channels")
async def channels(call: Call) -> Reply:
    guild = find(call)
    return 200, [views.channel(call.world, each) for each in guild.channels.values() if each.thread is None]


@route("POST", GUILD + "/channels")
async def add_channel(call: Call) -> Reply:
    guild, body = find(call, "MANAGE_CHANNELS"), call.form
    form = FormErrors()
    form.length("name", str(body.get("name") or ""), 1, 100)
    form.check()
    kind = ChannelType(body.get("type") or 0)
    name = body["name"] if kind == ChannelType.CATEGORY else body["name"].lower().replace(" ", "-")
    parent = int(body["parent_id"]) if body.get("parent_id") else None
    channel = call.world.add_channel(guild, name, kind, body.get("topic"), parent)
    channel.overwrites = {each.id: each for each in map(overwrite, body.get("permission_overwrites") or [])}
    view = views.channel(call.world, channel)
    notices.guild(call.world, "CHANNEL_CREATE", guild.id, view, channel=channel)
    return 201, view


@route("GET", GUILD + "/roles")
async def roles(call: Call) -> Reply:
    return 200, [views.role(each) for each in find(call).roles.values()]


@route("GET", GUILD + "/members")
async def members(call: Call) -> Reply:
    """Only for applications that have been given the intent."""
    guild = find(call)
    if not call.world.settings.granted_intents & notices.MEMBERS:
        raise error(50001)
    after = int(call.query.get("after", 0))
    found = sorted(each for each in guild.members if each > after)[: call.number("limit", 1, 1, 1000)]
    return 200, [views.member(call.world, guild.members[each]) for each in found]


@route("GET", MEMBER)
async def member(call: Call) -> Reply:
    guild = find(call)
    return 200, views.member(call.world, call.world.member(guild, call.id("user")))


@route("PUT", MEMBER + "/roles/{role_id}")
@route("DELETE", MEMBER + "/roles/{role_id}")
async def member_role(call: Call) -> Reply:
    """Gives or takes a role that stands below the highest one of the bot."""
    guild = find(call, "MANAGE_ROLES")
    member = call.world.member(guild, call.id("user"))
    role = guild.roles.get(call.id("role"))
    if role is None:
        raise error(10011)
    highest = max((guild.roles[each].position for each in guild.members[call.me].roles), default=0)
    if role.position >= highest and guild.owner_id != call.me:
        raise error(50013)
    if call.request.method == "PUT" and role.id not in member.roles:
        member.roles.append(role.id)
    elif call.request.method == "DELETE" and role.id in member.roles:
        member.roles.remove(role.id)
    notices.guild(call.world, "GUILD_MEMBER_UPDATE", guild.id, views.member(call.world, member), notices.MEMBERS)
    return 204, None
