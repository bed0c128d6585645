"""Answers to interactions: the callback, and the messages that their token allows. None of these takes the bot's token."""

from __future__ import annotations

from .. import interactions, messages, views
from ..model import Interaction
from ..rest import Call, Reply, route

WEBHOOK = "/webhooks/{webhook_id}/{webhook_token}"
ORIGINAL = WEBHOOK + "/messages/@original"
MESSAGE = WEBHOOK + "/messages/{message_id}"


@route("POST", "/interactions/{interaction_id}/{interaction_token}/callback", token=False)
async def callback(call: Call) -> Reply:
    world = call.world
    interaction = interactions.of_callback(world, call.id("interaction"), str(call.params["interaction_token"]))
    if call.form.get("type") in (4, 7) and "allowed_mentions" not in (call.form.get("data") or {}):
        call.house("create_without_allowed_mentions" if call.form["type"] == 4 else "edit_without_allowed_mentions")
    message = interactions.answer(world, interaction, call.form, call.files)
    world.journal.changed()
    if call.flag("with_response"):
        return 200, interactions.callback_view(world, interaction, message)
    return 204, None


def find(call: Call) -> Interaction:
    return interactions.of_token(call.world, call.id("webhook"), str(call.params["webhook_token"]))


@route("POST", WEBHOOK, token=False)
async def follow_up(call: Call) -> Reply:
    interaction = find(call)
    call.house("create_without_allowed_mentions")
    message = interactions.follow_up(call.world, interaction, call.form, call.files)
    return 200, views.message(call.world, message, call.me)


@route("GET", ORIGINAL, token=False)
async def original(call: Call) -> Reply:
    return 200, views.message(call.world, interactions.original(call.world, find(call)), call.me)


@route("PATCH", ORIGINAL, token=False)
async def edit_original(call: Call) -> Reply:
    interaction = find(call)
    call.house("edit_without_allowed_mentions")
    message = interactions.original(call.world, interaction)
    return 200, views.message(call.world, interactions.edit(call.world, interaction, message, call.form, call.files), call.me)


@route("DELETE", ORIGINAL, token=False)
async def delete_original(call: Call) -> Reply:
    messages.delete(call.world, interactions.original(call.world, find(call)))
    return 204, None


@route("GET", MESSAGE, token=False)
async def one(call: Call) -> Reply:
    return 200, views.message(call.world, interactions.of_interaction(call.world, find(call), call.id("message")), call.me)


@route("PATCH", MESSAGE, token=False)
async def edit(call: Call) -> Reply:
    interaction = find(call)
    call.house("edit_without_allowed_mentions")
    message = interactions.of_interaction(call.world, interaction, call.id("message"))
    return 200, views.message(call.world, interactions.edit(call.world, interaction, message, call.form, call.files), call.me)


@route("DELETE", MESSAGE, token=False)
async def delete(call: Call) -> Reply:
    messages.delete(call.world, interactions.of_interaction(call.world, find(call), call.id("message")))
    return 204, None
