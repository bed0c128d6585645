"""Commands: the whole list at once, names that are refused, ids that stay."""

from __future__ import annotations

from typing import Any

import pytest
from support import Bot

from standin import Standin

ASK = {"name": "ask", "description": "Ask something"}


def text(name: str, **more: Any) -> dict[str, Any]:
    return {"type": 3, "name": name, "description": "d", **more}


COMMANDS: list[tuple[str, Any, bool]] = [
    ("plain", ASK, True),
    ("upper case", {**ASK, "name": "Ask"}, False),
    ("with a space", {**ASK, "name": "a b"}, False),
    ("of 32", {**ASK, "name": "a" * 32}, True),
    ("of 33", {**ASK, "name": "a" * 33}, False),
    ("without description", {"name": "ask"}, False),
    ("description of 101", {**ASK, "description": "d" * 101}, False),
    ("required first", {**ASK, "options": [text("a", required=True), text("b")]}, True),
    ("required last", {**ASK, "options": [text("a"), text("b", required=True)]}, False),
    ("two of a name", {**ASK, "options": [text("a"), text("a")]}, False),
    ("26 options", {**ASK, "options": [text(f"o{n}") for n in range(26)]}, False),
    ("25 choices", {**ASK, "options": [text("a", choices=[{"name": str(n), "value": str(n)} for n in range(25)])]}, True),
    ("26 choices", {**ASK, "options": [text("a", choices=[{"name": str(n), "value": str(n)} for n in range(26)])]}, False),
    (
        "choices and completion",
        {**ASK, "options": [text("a", autocomplete=True, choices=[{"name": "x", "value": "x"}])]},
        False,
    ),
    ("subcommands", {**ASK, "options": [{"type": 1, "name": "now", "description": "d", "options": [text("a")]}]}, True),
    ("permissions as text", {**ASK, "default_member_permissions": "0"}, True),
]


@pytest.mark.parametrize(("command", "taken"), [each[1:] for each in COMMANDS], ids=[each[0] for each in COMMANDS])
async def test_commands(discord: Standin, bot: Bot, command: Any, taken: bool) -> None:
    path = f"/applications/{bot.application}/guilds/{bot.guild}/commands"
    answer = await bot.call("PUT", path, [command])
    assert answer.outcome == ((200, None) if taken else (400, 50035))
    assert len((await bot.call("GET", path)).body) == int(taken)
    assert not [each for each in discord.world.journal.violations if taken]


async def test_the_list_replaces_what_was_and_names_keep_their_ids(discord: Standin, bot: Bot) -> None:
    path = f"/applications/{bot.application}/commands"
    first = (await bot.call("PUT", path, [ASK, {**ASK, "name": "other"}])).body
    second = (await bot.call("PUT", path, [{**ASK, "description": "changed"}])).body
    assert [each["name"] for each in second] == ["ask"]
    assert (await bot.call("GET", path)).body == second
    assert second[0]["id"] == first[0]["id"]
    assert second[0]["version"] != first[0]["version"]
    assert (await bot.call("PUT", path, [])).body == []


async def test_only_so_many_are_new_in_a_day(discord: Standin, bot: Bot) -> None:
    discord.settings.command_creates = 1
    path = f"/applications/{bot.application}/commands"
    assert (await bot.call("POST", path, ASK)).status == 201
    assert (await bot.call("POST", path, ASK)).status == 200
    assert (await bot.call("POST", path, {**ASK, "name": "other"})).outcome == (400, 30034)
    await discord.clock.advance(86_401)
    assert (await bot.call("POST", path, {**ASK, "name": "other"})).status == 201


async def test_one_by_one(discord: Standin, bot: Bot) -> None:
    path = f"/applications/{bot.application}/commands"
    made = (await bot.call("POST", path, ASK)).body["id"]
    assert (await bot.call("PATCH", f"{path}/{made}", {"description": "new"})).body["description"] == "new"
    assert (await bot.call("DELETE", f"{path}/{made}")).status == 204
    assert (await bot.call("GET", f"{path}/{made}")).outcome == (404, 10063)
    assert (await bot.call("GET", f"/applications/{bot.guild}/commands")).outcome == (403, 20012)
