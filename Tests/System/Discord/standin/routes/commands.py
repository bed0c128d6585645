"""The commands of the application: everywhere, or of one guild."""

from __future__ import annotations

from .. import rules
from ..errors import FormErrors, error
from ..model import JSON
from ..rest import Call, Reply, route

GLOBAL = "/applications/{application_id}/commands"
LOCAL = "/applications/{application_id}/guilds/{guild_id}/commands"


def scope(call: Call) -> int | None:
    """The guild of the path, or None, for an application that is the bot's own."""
    if call.id("application") != call.world.application.id:
        raise error(20012)
    if "guild_id" not in call.params:
        return None
    guild = call.id("guild")
    if guild not in call.world.guilds or call.me not in call.world.guilds[guild].members:
        raise error(50001)
    return guild


def stored(call: Call) -> dict[int, JSON]:
    return call.world.application.commands.setdefault(scope(call), {})


def made(call: Call, body: JSON, number: int | None = None) -> JSON:
    """A command as it comes back. Names decide whether it is a new one: the same name keeps its id, and costs nothing."""
    world, guild = call.world, scope(call)
    kind = body.get("type") or 1
    same = [each for each in stored(call).values() if (each["name"], each["type"]) == (body["name"], kind)]
    if number is None and not same:
        count_creation(call, guild)
    permissions = body.get("default_member_permissions")
    command: JSON = {
        "id": str(number or (int(same[0]["id"]) if same else world.ids.next())), "application_id": str(world.application.id),
        "version": str(world.ids.next()), "type": kind, "name": body["name"], "description": body.get("description") or "",
        "name_localizations": body.get("name_localizations"),
        "description_localizations": body.get("description_localizations"),
        "default_member_permissions": None if permissions is None else str(permissions), "nsfw": bool(body.get("nsfw")),
        "integration_types": body.get("integration_types") or [0], "contexts": body.get("contexts"),
    }  # fmt: skip
    if body.get("options"):
        command["options"] = [option(each) for each in body["options"]]
    if guild is not None:
        command["guild_id"] = str(guild)
    else:
        command["dm_permission"] = body.get("dm_permission", True)
    return command


def option(given: JSON) -> JSON:
    kept = {name: value for name, value in given.items() if value not in (None, [], False)}
    if "options" in kept:
        kept["options"] = [option(each) for each in kept["options"]]
    return kept


def count_creation(call: Call, guild: int | None) -> None:
    application, now = call.world.application, call.world.clock.now()
    application.creates = [(where, when) for where, when in application.creates if when > now - 86_400]
    if sum(where == guild for where, _ in application.creates) >= call.world.settings.command_creates:
        raise error(30034, retry_after=86_400.0)
    application.creates.append((guild, now))


def check(bodies: list[JSON], many: bool) -> None:
    form = FormErrors()
    for number, body in enumerate(bodies):
        rules.command(body, f"{number}." if many else "", form)
    names = [(each.get("name"), each.get("type") or 1) for each in bodies]
    for number, name in enumerate(names):
        if name in names[:number]:
            form.add(f"{number}.name", "APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique")
    if sum(kind == 1 for _, kind in names) > 100:
        form.add("_commands", "BASE_TYPE_MAX_LENGTH", "Must be 100 or fewer in length.")
    form.check()


@route("GET", GLOBAL)
@route("GET", LOCAL)
async def listing(call: Call) -> Reply:
    return 200, list(stored(call).values())


@route("PUT", GLOBAL)
@route("PUT", LOCAL)
async def overwrite(call: Call) -> Reply:
    """What is listed is what there is from now on."""
    bodies = call.body if isinstance(call.body, list) else []
    check(bodies, many=True)
    kept = stored(call)
    commands = [made(call, body) for body in bodies]
    kept.clear()
    kept.update({int(each["id"]): each for each in commands})
    return 200, commands


@route("POST", GLOBAL)
@route("POST", LOCAL)
async def create(call: Call) -> Reply:
    check([call.form], many=False)
    before = set(stored(call))
    command = made(call, call.form)
    stored(call)[int(command["id"])] = command
    return (200 if int(command["id"]) in before else 201), command


def find(call: Call) -> JSON:
    commands = stored(call)
    if call.id("command") not in commands:
        raise error(10063)
    return commands[call.id("command")]


@route("GET", GLOBAL + "/{command_id}")
@route("GET", LOCAL + "/{command_id}")
async def one(call: Call) -> Reply:
    return 200, find(call)


@route("PATCH", GLOBAL + "/{command_id}")
@route("PATCH", LOCAL + "/{command_id}")
async def change(call: Call) -> Reply:
    body = {**find(call), **call.form}
    check([body], many=False)
    stored(call)[call.id("command")] = made(call, body, call.id("command"))
    return 200, find(call)


@route("DELETE", GLOBAL + "/{command_id}")
@route("DELETE", LOCAL + "/{command_id}")
async def delete(call: Call) -> Reply:
    find(call)
    del stored(call)[call.id("command")]
    return 204, None
