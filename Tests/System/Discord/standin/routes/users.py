"""The bot itself, other users, and where the gateway is."""

from __future__ import annotations

from .. import gateway_budget, views
from ..errors import error
from ..rest import Call, Reply, route


@route("GET", "/gateway", token=False)
async def gateway(call: Call) -> Reply:
    return 200, {"url": call.world.gateway_url}


@route("GET", "/gateway/bot")
async def gateway_bot(call: Call) -> Reply:
    budget = gateway_budget.view(call.world)
    return 200, {"url": call.world.gateway_url, "shards": 1, "session_start_limit": budget}


@route("GET", "/users/@me")
async def me(call: Call) -> Reply:
    return 200, views.me(call.world.user(call.me))


@route("GET", "/users/{user_id}")
async def user(call: Call) -> Reply:
    return 200, views.user(call.world.user(call.id("user")))


@route("GET", "/users/@me/guilds")
async def guilds(call: Call) -> Reply:
    after = int(call.query.get("after", 0))
    mine = sorted(
        (each for each in call.world.guilds.values() if call.me in each.members and each.id > after), key=lambda g: g.id
    )
    return 200, [
        {
            "id": str(each.id), "name": each.name, "icon": None, "banner": None, "owner": each.owner_id == call.me,
            "features": [], "permissions": views.permissions_of(call.world, each, call.me),
        }
        for each in mine[: call.number("limit", 200, 1, 200)]
    ]  # fmt: skip


@route("POST", "/users/@me/channels")
async def direct(call: Call) -> Reply:
    other = call.world.user(int(call.form.get("recipient_id") or 0))
    if other.bot:
        raise error(50007)
    return 200, views.channel(call.world, call.world.direct(call.me, other.id))


@route("GET", "/applications/@me")
@route("GET", "/oauth2/applications/@me")
async def application(call: Call) -> Reply:
    return 200, views.application(call.world, call.world.application)
