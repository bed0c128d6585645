"""Using what the application offers: its commands, buttons, menus, forms and completions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import interactions, messages, views
from ..control import Refused, verb
from ..model import JSON, Channel, Interaction, Message, User
from ..permissions import ALL, bits
from . import finding
from .people import uploads

if TYPE_CHECKING:
    from ..server import Standin

STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = range(3, 12)
KINDS = {STRING: (str,), INTEGER: (int,), BOOLEAN: (bool,), NUMBER: (int, float)}


async def outcome(standin: Standin, made: Interaction, wait: float) -> JSON:
    """The interaction, after it was answered or has failed, or after so many real seconds."""
    if wait:
        await standin.world.journal.until(lambda: made.state != "pending", float(wait))
    return interactions.view(standin.world, made)


def registered(standin: Standin, name: str, place: Channel) -> JSON:
    commands = standin.world.application.commands
    for scope in (place.guild_id, None):
        for each in commands.get(scope, {}).values():
            if each["name"] == name and each["type"] == 1:
                return each
    raise Refused(f"there is no command /{name} here")


def start(standin: Standin, user: str, command: str, channel: str) -> tuple[User, Channel, JSON, list[JSON], list[JSON]]:
    """Who, where, the command, the options that it has there, and the nest of subcommands around them."""
    place, who = finding.channel(standin, channel), finding.user(standin, user)
    words = command.removeprefix("/").split()
    found = registered(standin, words[0], place)
    may = standin.world.may(who.id, place)
    gate = found.get("default_member_permissions")
    shut = gate is not None and ((int(gate) == 0 and may != ALL) or int(gate) & ~may)
    if not may & bits("USE_APPLICATION_COMMANDS") or shut:
        raise Refused(f"Discord does not offer /{words[0]} to {who.username} here")
    options: list[JSON] = found.get("options", [])
    nest: list[JSON] = []
    for word in words[1:]:
        inner = next((each for each in options if each["name"] == word and each["type"] in (1, 2)), None)
        if inner is None:
            raise Refused(f"/{command} has no subcommand {word}")
        nest.append({"name": word, "type": inner["type"]})
        options = inner.get("options", [])
    return who, place, found, options, nest


def filled(
    standin: Standin, who: User, place: Channel, declared: list[JSON], given: JSON, data: JSON, made: list[Any]
) -> list[JSON]:
    """The options as the event has them, each of its type, and the things behind their ids under `resolved`."""
    world = standin.world
    result = []
    for each in declared:
        if each["name"] not in given:
            if each.get("required"):
                raise Refused(f"option {each['name']} is required")
            continue
        value = given[each["name"]]
        kind = each["type"]
        if kind in KINDS and (not isinstance(value, KINDS[kind]) or isinstance(value, bool) != (kind == BOOLEAN)):
            raise Refused(f"option {each['name']} does not take {value!r}")
        if each.get("choices") and value not in [choice["value"] for choice in each["choices"]]:
            raise Refused(f"option {each['name']} has no choice {value!r}")
        low, high = (each.get(f"{end}_{'length' if kind == STRING else 'value'}") for end in ("min", "max"))
        size = len(value) if kind == STRING else value
        if (low is not None and size < low) or (high is not None and size > high):
            raise Refused(f"option {each['name']} takes {low} to {high}, not {size}")
        resolved = data.setdefault("resolved", {})
        if kind == USER:
            other = finding.user(standin, value)
            value = str(other.id)
            resolved.setdefault("users", {})[value] = views.user(other)
            guild = world.guild_of(place)
            if guild is not None and other.id in guild.members:
                member = views.member(world, guild.members[other.id], with_user=False)
                resolved.setdefault("members", {})[value] = {**member, "permissions": str(world.may(other.id, place))}
        elif kind == CHANNEL:
            there = finding.channel(standin, value)
            value = str(there.id)
            resolved.setdefault("channels", {})[value] = {
                **views.channel(world, there),
                "permissions": str(world.may(who.id, there)),
            }
        elif kind == ROLE:
            role = finding.role(standin, value, world.guilds[place.guild_id or 0])
            value = str(role.id)
            resolved.setdefault("roles", {})[value] = views.role(role)
        elif kind == ATTACHMENT:
            attachment = messages.attach(world, place, {}, uploads([value]))[0]
            made.append(attachment)
            value = str(attachment.id)
            resolved.setdefault("attachments", {})[value] = {**views.attachment(world, attachment), "ephemeral": True}
        result.append({"name": each["name"], "type": kind, "value": value})
    if unknown := set(given) - {each["name"] for each in declared}:
        raise Refused(f"there is no option {', '.join(sorted(unknown))}")
    return result


def wrapped(options: list[JSON], nest: list[JSON]) -> list[JSON]:
    for each in reversed(nest):
        options = [{**each, "options": options}]
    return options


def data_of(found: JSON) -> JSON:
    data: JSON = {"id": found["id"], "name": found["name"], "type": found["type"]}
    if "guild_id" in found:
        data["guild_id"] = found["guild_id"]
    return data


@verb
async def command(
    standin: Standin, user: str, channel: str, command: str, options: JSON | None = None, wait: float = 0
) -> JSON:
    """Runs a command, `command` being its name and those of subcommands."""
    who, place, found, declared, nest = start(standin, user, command, channel)
    data, attachments = data_of(found), []  # type: ignore[var-annotated]
    filled_in = filled(standin, who, place, declared, options or {}, data, attachments)
    if not data.get("resolved"):
        data.pop("resolved", None)
    if filled_in or nest:
        data["options"] = wrapped(filled_in, nest)
    made = interactions.begin(standin.world, interactions.COMMAND, who.id, place, data)
    made.attachments = attachments
    return await outcome(standin, made, wait)


@verb
async def autocomplete(
    standin: Standin,
    user: str,
    channel: str,
    command: str,
    focused: str,
    text: str = "",
    options: JSON | None = None,
    wait: float = 0,
) -> JSON:
    """Types into an option that completes itself."""
    who, place, found, declared, nest = start(standin, user, command, channel)
    target = next((each for each in declared if each["name"] == focused), None)
    if target is None or not target.get("autocomplete"):
        raise Refused(f"option {focused} does not complete itself")
    data = data_of(found)
    others = [each for each in declared if each["name"] in (options or {})]
    entries = filled(standin, who, place, others, options or {}, data, [])
    data.pop("resolved", None)
    data["options"] = wrapped([*entries, {"name": focused, "type": target["type"], "value": text, "focused": True}], nest)
    made = interactions.begin(standin.world, interactions.AUTOCOMPLETE, who.id, place, data)
    return await outcome(standin, made, wait)


def component(message: Message, name: str) -> JSON:
    """A button or menu by its custom_id or its label."""
    waiting = list(message.components)
    while waiting:
        each = waiting.pop(0)
        waiting.extend(each.get("components", []))
        if name in (each.get("custom_id"), each.get("label")):
            return each
    raise Refused(f"message {message.id} has no component {name!r}")


def seen(standin: Standin, user: str, message: str) -> tuple[User, Message, Channel]:
    who, found = finding.user(standin, user), finding.message(standin, message)
    place = standin.world.channels[found.channel_id]
    if found.visible_to not in (None, who.id) or not standin.world.sees(who.id, place):
        raise Refused(f"{who.username} does not see message {message}")
    if found.application_id != standin.world.application.id and found.author_id != standin.world.application.bot_id:
        raise Refused(f"message {message} is not of the application")
    return who, found, place


@verb
async def click(standin: Standin, user: str, message: str, button: str, wait: float = 0) -> JSON:
    who, found, place = seen(standin, user, message)
    target = component(found, button)
    if target["type"] != 2 or "custom_id" not in target:
        raise Refused(f"{button} is no button that the application hears of")
    if target.get("disabled"):
        raise Refused(f"{button} is disabled")
    data: JSON = {"custom_id": target["custom_id"], "component_type": 2, "id": target["id"]}
    return await outcome(standin, interactions.begin(standin.world, interactions.COMPONENT, who.id, place, data, found), wait)


@verb
async def select(standin: Standin, user: str, message: str, menu: str, values: list[str], wait: float = 0) -> JSON:
    who, found, place = seen(standin, user, message)
    target = component(found, menu)
    known = [each["value"] for each in target.get("options", [])]
    if target["type"] != 3 or target.get("disabled") or not set(values) <= set(known):
        raise Refused(f"{menu} is no menu with {values}")
    if not target.get("min_values", 1) <= len(values) <= target.get("max_values", 1):
        raise Refused(f"{menu} does not take {len(values)} values")
    data: JSON = {"custom_id": target["custom_id"], "component_type": 3, "id": target["id"], "values": values, "resolved": {}}
    return await outcome(standin, interactions.begin(standin.world, interactions.COMPONENT, who.id, place, data, found), wait)


@verb
async def submit(standin: Standin, interaction: str, fields: dict[str, str], wait: float = 0) -> JSON:
    """Fills in and sends the form with which the application has answered an interaction."""
    before = standin.world.interactions.get(int(interaction))
    if before is None or before.callback is None or before.callback.get("type") != 9:
        raise Refused(f"interaction {interaction} was not answered with a form")
    form = before.callback["data"]
    rows = []
    for number, row in enumerate(form["components"]):
        nested = [row["component"]] if row.get("type") == 18 else row["components"]
        entries = []
        for place, each in enumerate(nested):
            value = fields.get(each["custom_id"], each.get("value") or "")
            low, high = each.get("min_length") or 0, each.get("max_length") or 4000
            if (each.get("required", True) and not value) or (value and not low <= len(value) <= high):
                raise Refused(f"field {each['custom_id']} does not take {value!r}")
            entries.append(
                {"type": each["type"], "id": 10 * number + place + 2, "custom_id": each["custom_id"], "value": value}
            )
        row_data: JSON = {"type": row.get("type", 1), "id": 10 * number + 1}
        rows.append({**row_data, "component": entries[0]} if row.get("type") == 18 else {**row_data, "components": entries})
    if unknown := set(fields) - {entry["custom_id"] for row in rows for entry in row.get("components", [row.get("component")])}:
        raise Refused(f"the form has no field {', '.join(sorted(unknown))}")
    data: JSON = {"custom_id": form["custom_id"], "components": rows, "resolved": {}}
    channel = standin.world.channel(before.channel_id)
    message = channel.messages.get(before.message_id) if before.message_id is not None else None
    made = interactions.begin(standin.world, interactions.MODAL, before.user_id, channel, data, message)
    return await outcome(standin, made, wait)
