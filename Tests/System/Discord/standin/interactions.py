"""What becomes of a click? Interactions from their event through the answer within three seconds to the end of their token."""

from __future__ import annotations

import secrets
from functools import partial

from . import messages, rules, views
from .errors import ApiError, FormErrors, error, form_error
from .mentions import INTERACTION_DEFAULT
from .messages import Upload
from .model import JSON, Channel, Flag, Interaction, Message, MessageType
from .world import Event, World

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 2, 3, 4, 5
# Which callback may answer which interaction.
ANSWERS = {
    COMMAND: (4, 5, 9), COMPONENT: (4, 5, 6, 7, 9), AUTOCOMPLETE: (8,), MODAL: (4, 5, 6, 7),
}  # fmt: skip


def begin(world: World, kind: int, user_id: int, channel: Channel, data: JSON, message: Message | None = None) -> Interaction:
    """Somebody did something, and the application hears of it."""
    application = world.application
    payload: JSON = {
        "id": str(world.ids.next()), "application_id": str(application.id), "type": kind, "token": secrets.token_urlsafe(48),
        "version": 1, "data": data, "channel_id": str(channel.id), "locale": "en-US", "entitlements": [],
        "entitlement_sku_ids": [], "app_permissions": str(world.may(application.bot_id, channel)), "context": 0,
        "channel": {**views.channel(world, channel), "permissions": str(world.may(user_id, channel))},
        "authorizing_integration_owners": {"0": str(channel.guild_id or 0)}, "attachment_size_limit": world.settings.file_bytes,
    }  # fmt: skip
    guild = world.guild_of(channel)
    if guild is not None:
        payload |= {
            "guild_id": str(guild.id), "guild": {"id": str(guild.id), "locale": "en-US", "features": []},
            "guild_locale": "en-US",
            "member": {**views.member(world, guild.members[user_id]), "permissions": str(world.may(user_id, channel))},
        }  # fmt: skip
    else:
        payload |= {"user": views.user(world.users[user_id]), "context": 1}
    if message is not None:
        payload["message"] = views.message(world, message, application.bot_id)
    made = Interaction(
        int(payload["id"]), payload["token"], kind, world.clock.now(), user_id, channel.id, payload, channel.guild_id
    )
    made.message_id = message.id if message is not None else None
    world.interactions[made.id] = made
    world.clock.after(world.settings.answer_seconds, partial(give_up, world, made))
    world.emit(Event("INTERACTION_CREATE", payload))
    return made


def give_up(world: World, interaction: Interaction) -> None:
    """The person now reads that the application did not respond."""
    if interaction.state == "pending":
        interaction.state = "failed"
        kind = {COMMAND: "command", COMPONENT: "component", AUTOCOMPLETE: "autocomplete", MODAL: "modal"}[interaction.type]
        world.journal.violate(
            "interaction_timeout", f"{kind} {interaction.id} was not answered in {world.settings.answer_seconds:g} s"
        )
        world.journal.changed()


def of_callback(world: World, interaction_id: int, token: str) -> Interaction:
    """The interaction that waits for its answer."""
    found = world.interactions.get(interaction_id)
    if found is None or found.token != token:
        raise error(10062)
    if found.state == "failed":
        world.journal.violate("interaction_expired", f"callback for {interaction_id} came too late")
        raise error(10062)
    if found.state != "pending":
        world.journal.violate("interaction_twice", f"second callback for {interaction_id}")
        raise error(40060)
    return found


def of_token(world: World, application_id: int, token: str) -> Interaction:
    """The interaction whose token is used as that of a webhook."""
    if application_id != world.application.id:
        raise error(10015)
    found = next((each for each in world.interactions.values() if each.token == token), None)
    if found is None:
        raise error(50027)
    if world.clock.now() > found.created_at + world.settings.token_seconds:
        world.journal.violate(
            "interaction_expired", f"the token of {found.id} was used after {world.settings.token_seconds:g} s"
        )
        raise error(50027)
    if found.state in ("pending", "failed"):
        raise error(10015)
    return found


def answer(world: World, interaction: Interaction, body: JSON, files: list[Upload]) -> Message | None:
    """Does what the callback says. The message that it made or changed, if any."""
    kind = body.get("type")
    data = body.get("data") or {}
    if kind == 1 or kind not in ANSWERS[interaction.type]:
        raise form_error(
            "type", "INTERACTION_APPLICATION_COMMAND_CALLBACK_TYPE", f"Callback {kind!r} does not answer this interaction."
        )
    if kind == 9:
        form = FormErrors()
        rules.modal(data, form)
        form.check()
    if kind == 8:
        form = FormErrors()
        rules.choices(data.get("choices"), "data.choices", form)
        form.check()
    message = None
    if kind in (4, 7):
        try:
            messages.checked(data, len(files), may_be_empty=kind == 7)
        except ApiError as wrong:
            raise wrong if "errors" not in wrong.body else error(50035, errors={"data": wrong.body["errors"]}) from None
    interaction.state = "deferred" if kind in (5, 6) else "answered"
    interaction.callback = body
    interaction.answered_at = world.clock.now()
    if kind in (4, 5):
        message = respond(world, interaction, data if kind == 4 else {"flags": data.get("flags")}, files, loading=kind == 5)
        interaction.original_id = message.id
    elif kind in (6, 7):
        interaction.original_id = interaction.message_id
        message = original(world, interaction)
        if kind == 7:
            messages.edit(
                world, message, world.application.bot_id, data, files, default=INTERACTION_DEFAULT, may=app_may(interaction)
            )
    return message


def app_may(interaction: Interaction) -> int:
    return int(interaction.payload["app_permissions"])


def respond(world: World, interaction: Interaction, data: JSON, files: list[Upload], loading: bool = False) -> Message:
    """A message in the name of the application, for all to see or only for who asked."""
    channel = world.channel(interaction.channel_id)
    flags = data.get("flags") or 0
    owners = interaction.payload["authorizing_integration_owners"]
    metadata: JSON = {
        "id": str(interaction.id), "type": interaction.type, "user": views.user(world.users[interaction.user_id]),
        "authorizing_integration_owners": owners,
    }  # fmt: skip
    if interaction.original_id is not None:
        metadata["original_response_message_id"] = str(interaction.original_id)
    if interaction.type == COMPONENT:
        metadata["interacted_message_id"] = str(interaction.message_id)
    if interaction.type == MODAL:
        metadata["triggering_interaction_metadata"] = {**metadata, "type": COMMAND}
    application = world.application
    first = interaction.type == COMMAND and interaction.original_id is None
    return messages.send(
        world, channel, application.bot_id, data, files,
        default=INTERACTION_DEFAULT, may=app_may(interaction), interaction=metadata,
        application_id=application.id, webhook_id=application.id, nonce=None,
        type=MessageType.COMMAND if first else MessageType.DEFAULT,
        visible_to=interaction.user_id if flags & Flag.EPHEMERAL else None,
        flags=flags & messages.SETTABLE | (Flag.LOADING if loading else 0),
    )  # fmt: skip


def original(world: World, interaction: Interaction) -> Message:
    channel = world.channel(interaction.channel_id)
    if interaction.original_id is None:
        raise error(10008)
    return world.message(channel, interaction.original_id, seen_by=interaction.user_id)


def of_interaction(world: World, interaction: Interaction, message_id: int) -> Message:
    """A message that this token may touch: the original or a follow-up of it."""
    if message_id not in (interaction.original_id, *interaction.followups):
        raise error(10008)
    return world.message(world.channel(interaction.channel_id), message_id, seen_by=interaction.user_id)


def follow_up(world: World, interaction: Interaction, body: JSON, files: list[Upload]) -> Message:
    """One more message. Where the answer was deferred, the first one is that answer."""
    messages.checked(body, len(files))
    if interaction.state == "deferred" and interaction.callback is not None and interaction.callback["type"] == 5:
        return edit(world, interaction, original(world, interaction), body, files)
    message = respond(world, interaction, body, files)
    interaction.followups.append(message.id)
    return message


def edit(world: World, interaction: Interaction, message: Message, body: JSON, files: list[Upload]) -> Message:
    messages.checked(body, len(files), may_be_empty=True)
    if messages.empty_after(message, body, len(files)):
        raise error(50006)
    if message.id == interaction.original_id:
        interaction.state = "answered"
    message.flags &= ~Flag.LOADING
    return messages.edit(
        world, message, world.application.bot_id, body, files, default=INTERACTION_DEFAULT, may=app_may(interaction)
    )


def view(world: World, interaction: Interaction) -> JSON:
    """An interaction, for who looks from outside: what has become of it."""
    ids = [each for each in (interaction.original_id, *interaction.followups) if each is not None]
    channel = world.channels.get(interaction.channel_id)
    found = [channel.messages[each] for each in ids if channel is not None and each in channel.messages]
    return {
        "id": str(interaction.id), "type": interaction.type, "state": interaction.state, "user": str(interaction.user_id),
        "channel": str(interaction.channel_id), "created_at": interaction.created_at, "answered_at": interaction.answered_at,
        "data": interaction.payload["data"], "callback": interaction.callback,
        "messages": [views.message(world, each, interaction.user_id) for each in found],
    }  # fmt: skip


def callback_view(world: World, interaction: Interaction, message: Message | None) -> JSON:
    """What `with_response=true` answers."""
    about: JSON = {"id": str(interaction.id), "type": interaction.type}
    answer_body: JSON = {"interaction": about}
    if message is not None and interaction.callback is not None:
        about |= {
            "response_message_id": str(message.id), "response_message_loading": bool(message.flags & Flag.LOADING),
            "response_message_ephemeral": message.visible_to is not None,
        }  # fmt: skip
        kind = interaction.callback["type"]
        answer_body["resource"] = {"type": kind, "message": views.message(world, message, world.application.bot_id)}
        if kind in (5, 6):
            del answer_body["resource"]
    return answer_body
