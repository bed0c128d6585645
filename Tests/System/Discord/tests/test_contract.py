"""The description: what it says of requests and answers, where it is at hand."""

from __future__ import annotations

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
