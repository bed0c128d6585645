"""The description: what it says of requests and answers, where it is at hand."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from support import NOBODY, Bot

from standin import Standin
from standin.contract import VARIABLE, Contract, find
from standin.rest import ROUTES


@pytest.fixture
def described(contract: Contract | None) -> Contract:
    if contract is None:
        pytest.skip("the OpenAPI description is not at hand")
    return contract


# A request, and what the log then says of it.
REQUESTS: list[tuple[dict[str, Any], list[str]]] = [
    ({"content": "x"}, []),
    ({"content": "x", "contents": "y"}, ["unknown_field: contents"]),
    ({"content": "x", "allowed_mentions": {"parse": [], "reply": True}}, ["unknown_field: allowed_mentions.reply"]),
    ({"embeds": [{"title": "x", "colour": 1}]}, ["unknown_field: embeds[].colour"]),
    (
        {"components": [{"type": 1, "components": [{"type": 2, "style": 1, "label": "x", "custom_id": "x", "colour": 1}]}]},
        ["unknown_field: components[].components[].colour"],
    ),
    ({"content": 5}, ["contract: content"]),
    ({"content": "x", "flags": "none"}, ["contract: flags"]),
]


@pytest.mark.parametrize(("body", "expected"), REQUESTS)
async def test_requests(discord: Standin, bot: Bot, described: Contract, body: dict[str, Any], expected: list[str]) -> None:
    await bot.call("POST", f"/channels/{bot.channel}/messages", {"allowed_mentions": NOBODY, **body})
    found = [f"{each.kind}: {each.detail.split('}/messages: ')[1].split(':')[0]}" for each in discord.world.journal.violations]
    assert found == expected


OPTION = {"type": 3, "name": "a", "description": "d"}
# A body that is right, for each request that has one.
RIGHT: list[tuple[str, str, Any]] = [
    (
        "POST",
        "/channels/{c}/messages",
        {"content": "x", "embeds": [{"title": "x"}], "nonce": "n", "flags": 4},
    ),
    ("PATCH", "/channels/{c}/messages/{m}", {"content": "x", "attachments": [], "components": [], "allowed_mentions": NOBODY}),
    ("POST", "/channels/{c}/messages/{m}/threads", {"name": "x", "auto_archive_duration": 60}),
    ("POST", "/channels/{c}/threads", {"name": "x", "type": 11, "auto_archive_duration": 60}),
    ("POST", "/channels/{c}/messages/bulk-delete", {"messages": ["1", "2"]}),
    ("PATCH", "/channels/{c}", {"name": "x", "topic": "x", "parent_id": None, "permission_overwrites": []}),
    ("PUT", "/channels/{c}/permissions/{g}", {"type": 0, "allow": "0", "deny": "0"}),
    ("POST", "/guilds/{g}/channels", {"name": "x", "type": 0, "permission_overwrites": [{"id": "1", "type": 0, "allow": "1"}]}),
    ("POST", "/users/@me/channels", {"recipient_id": "{u}"}),
    ("PUT", "/applications/{a}/guilds/{g}/commands", [{"name": "x", "description": "d", "options": []}]),
    (
        "POST",
        "/applications/{a}/commands",
        {"name": "x", "description": "d", "options": [{"type": 3, "name": "a", "description": "d"}]},
    ),
]
VALUES: list[Any] = [None, True, -1, 10**30, 1.5, "", "x", [], [1], ["x"], {}, [{}], {"a": 1}, [[]]]


def spoiled(draw: random.Random, value: Any) -> Any:
    """The value with something in it that is of another kind."""
    if draw.random() < 0.3 or not isinstance(value, (dict, list)) or not value:
        return draw.choice(VALUES)
    if isinstance(value, list):
        return [spoiled(draw, each) for each in value]
    key = draw.choice(list(value))
    return {**value, key: spoiled(draw, value[key])}


@pytest.mark.parametrize(("method", "path", "body"), RIGHT)
async def test_bodies_of_the_wrong_kind_are_refused_and_break_nothing(
    discord: Standin, bot: Bot, described: Contract, method: str, path: str, body: Any
) -> None:
    draw = random.Random(path)
    discord.settings.command_creates = 10_000
    await bot.control("permit", role="orch", permissions=["ADMINISTRATOR"])
    for _ in range(40):
        channel = discord.world.add_channel(discord.world.guilds[int(bot.guild)], "try")
        message = (await bot.say(channel=str(channel.id))).body["id"]
        names = {"c": channel.id, "m": message, "g": bot.guild, "u": bot.user("alice"), "a": bot.application}
        answer = await bot.call(method, path.format(**names), spoiled(draw, body))
        assert answer.status < 500


def test_every_route_is_one_of_discord(described: Contract) -> None:
    known = described._description["paths"]
    assert [
        f"{each.method} {each.template}" for each in ROUTES if each.method.lower() not in known.get(each.template, {})
    ] == []


def test_an_answer_that_is_wrong_is_found(described: Contract) -> None:
    assert described.answer("GET", "/users/@me", 200, {"id": "1"})
    assert described.answer("PUT", "/channels/{channel_id}/messages/pins/{message_id}", 204, {"id": "1"})
    assert described.answer("GET", "/users/@me", 302, None)
    assert not described.answer("GET", "/users/@me", 404, {"message": "x", "code": 1})


def test_where_it_is_looked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "b"))
    assert find(str(tmp_path / "a")) == tmp_path / "a"
    assert find() == tmp_path / "b"
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setattr("standin.contract.NEARBY", tmp_path / "c")
    assert find() is None
    (tmp_path / "c").touch()
    assert find() == tmp_path / "c"
