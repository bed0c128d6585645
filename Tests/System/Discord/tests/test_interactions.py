"""Interactions: three seconds to answer, each answer where it fits, fifteen minutes of the token."""

from __future__ import annotations

from typing import Any

import pytest
from support import NOBODY, Bot, Wire

from standin import Standin

ASK = {
    "name": "ask", "description": "d",
    "options": [
        {"type": 3, "name": "what", "description": "d", "autocomplete": True}, {"type": 6, "name": "who", "description": "d"},
    ],
}  # fmt: skip
GO = {"type": 1, "components": [{"type": 2, "style": 1, "label": "Go", "custom_id": "go"}]}
FIELD = {"type": 4, "style": 1, "label": "Why", "custom_id": "why", "max_length": 5}
FORM = {"type": 9, "data": {"custom_id": "form", "title": "Form", "components": [{"type": 1, "components": [FIELD]}]}}
SAY = {"type": 4, "data": {"content": "hi", "allowed_mentions": NOBODY}}


@pytest.fixture
async def app(discord: Standin, bot: Bot) -> Bot:
    await bot.call("PUT", f"/applications/{bot.application}/guilds/{bot.guild}/commands", [ASK])
    return bot


async def begun(app: Bot, kind: str) -> tuple[str, str]:
    """An interaction of a kind; its id and its token, as the event would tell them."""
    who = {"user": "alice", "channel": "task-queue", "command": "ask"}
    if kind == "component":
        message = (await app.say(components=[GO])).body["id"]
        made = await app.control("click", user="alice", message=message, button="Go")
    elif kind == "modal":
        number, token = await begun(app, "command")
        assert (await answer(app, number, token, FORM)).status == 204
        made = await app.control("submit", interaction=number, fields={"why": "so"})
    elif kind == "autocomplete":
        made = await app.control("autocomplete", **who, focused="what", text="x")
    else:
        made = await app.control("command", **who, options={"what": "x"})
    return made["id"], app.standin.world.interactions[int(made["id"])].token


async def answer(app: Bot, number: str, token: str, body: dict[str, Any], **query: Any) -> Any:
    # Without the bot's token: it has no part in this.
    return await app.call("POST", f"/interactions/{number}/{token}/callback", body, headers={"Authorization": None}, **query)


CHOICES = {"type": 8, "data": {"choices": [{"name": "a", "value": "a"}]}}
CALLBACKS: dict[str, dict[str, Any]] = {
    "message": SAY, "defer": {"type": 5}, "defer update": {"type": 6},
    "update": {"type": 7, "data": {"content": "new", "allowed_mentions": NOBODY}}, "choices": CHOICES, "form": FORM,
}  # fmt: skip
FITS = {
    "command": {"message", "defer", "form"}, "component": {"message", "defer", "defer update", "update", "form"},
    "autocomplete": {"choices"}, "modal": {"message", "defer"},
}  # fmt: skip


# A form that was opened by a command has no message to update.
PAIRS = [(kind, callback) for kind in FITS for callback in CALLBACKS if (kind, callback[-6:]) != ("modal", "update")]


@pytest.mark.parametrize(("kind", "callback"), PAIRS)
async def test_each_answer_where_it_fits(discord: Standin, app: Bot, kind: str, callback: str) -> None:
    number, token = await begun(app, kind)
    got = await answer(app, number, token, CALLBACKS[callback])
    assert got.outcome == ((204, None) if callback in FITS[kind] else (400, 50035))
    assert not [each for each in discord.world.journal.violations if each.kind == "unauthorized"]


@pytest.mark.parametrize(("after", "outcome"), [(2.9, (204, None)), (3.0, (404, 10062))])
async def test_three_seconds(discord: Standin, app: Bot, after: float, outcome: tuple[int, int | None]) -> None:
    number, token = await begun(app, "command")
    await discord.clock.advance(after)
    assert (await answer(app, number, token, {"type": 5})).outcome == outcome
    late = outcome[0] != 204
    assert [each.kind for each in discord.world.journal.violations] == ["interaction_timeout", "interaction_expired"] * late


async def test_a_second_answer_and_a_wrong_token(discord: Standin, app: Bot) -> None:
    number, token = await begun(app, "command")
    assert (await answer(app, number, "wrong", SAY)).outcome == (404, 10062)
    assert (await answer(app, number, token, SAY)).status == 204
    assert (await answer(app, number, token, SAY)).outcome == (400, 40060)
    assert [each.kind for each in discord.world.journal.violations] == ["interaction_twice"]


async def webhook(app: Bot, method: str, token: str, rest: str = "", body: Any = None) -> Any:
    return await app.call(method, f"/webhooks/{app.application}/{token}{rest}", body, headers={"Authorization": None})


async def test_deferred_then_told(discord: Standin, app: Bot) -> None:
    number, token = await begun(app, "command")
    got = await answer(app, number, token, {"type": 5}, with_response="true")
    assert got.body["interaction"]["response_message_loading"] is True
    thinking = (await webhook(app, "GET", token, "/messages/@original")).body
    assert thinking["flags"] & 128
    told = await webhook(app, "PATCH", token, "/messages/@original", {"content": "done", "allowed_mentions": NOBODY})
    assert (told.body["id"], told.body["content"], told.body["flags"] & 128) == (thinking["id"], "done", 0)
    more = await webhook(app, "POST", token, "", {"content": "more", "allowed_mentions": NOBODY})
    assert more.body["id"] != thinking["id"]
    assert (await webhook(app, "PATCH", token, f"/messages/{more.body['id']}", {"content": "x"})).status == 200
    other = (await app.say("not of this token")).body["id"]
    assert (await webhook(app, "PATCH", token, f"/messages/{other}", {"content": "x"})).outcome == (404, 10008)
    assert (await webhook(app, "DELETE", token, "/messages/@original")).status == 204
    assert (await webhook(app, "GET", token, "/messages/@original")).outcome == (404, 10008)


async def test_the_first_follow_up_of_a_deferred_answer_is_the_answer(discord: Standin, app: Bot) -> None:
    number, token = await begun(app, "command")
    await answer(app, number, token, {"type": 5})
    first = await webhook(app, "POST", token, "", {"content": "done", "allowed_mentions": NOBODY})
    assert first.body["id"] == (await webhook(app, "GET", token, "/messages/@original")).body["id"]


@pytest.mark.parametrize(("after", "outcome"), [(899, (200, None)), (901, (401, 50027))])
async def test_fifteen_minutes(discord: Standin, app: Bot, after: float, outcome: tuple[int, int | None]) -> None:
    number, token = await begun(app, "command")
    await answer(app, number, token, {"type": 5})
    await discord.clock.advance(after)
    got = await webhook(app, "PATCH", token, "/messages/@original", {"content": "x", "allowed_mentions": NOBODY})
    assert got.outcome == outcome


async def test_nothing_before_the_answer(discord: Standin, app: Bot) -> None:
    _, token = await begun(app, "command")
    assert (await webhook(app, "POST", token, "", {"content": "x"})).outcome == (404, 10015)
    assert (await webhook(app, "POST", "wrong", "", {"content": "x"})).outcome == (401, 50027)


async def test_an_answer_for_one_is_for_nobody_else(discord: Standin, app: Bot, wire: Wire) -> None:
    await wire.ready()
    number, token = await begun(app, "command")
    assert (await wire.until("INTERACTION_CREATE"))["id"] == number
    await answer(app, number, token, {"type": 4, "data": {"content": "psst", "flags": 64, "components": [GO]}})
    (message,) = (await app.control("interaction", id=number))["messages"]
    assert message["flags"] & 64
    await app.control("say", user="bob", channel="task-queue", content="loud")
    assert (await wire.until("MESSAGE_CREATE"))["content"] == "loud"
    await app.control("delete", user="bob", message=str(max(discord.world.channels[int(app.channel)].messages)))
    assert (await app.call("GET", f"/channels/{app.channel}/messages")).body == []
    assert (await app.call("GET", f"/channels/{app.channel}/messages/{message['id']}")).outcome == (404, 10008)
    with pytest.raises(RuntimeError, match="bob does not see"):
        await app.control("click", user="bob", message=message["id"], button="Go")
    assert (await app.control("click", user="alice", message=message["id"], button="Go"))["state"] == "pending"


async def test_an_update_changes_the_message_of_the_button(discord: Standin, app: Bot) -> None:
    number, token = await begun(app, "component")
    await answer(app, number, token, {"type": 7, "data": {"content": "done", "components": [], "allowed_mentions": NOBODY}})
    (message,) = (await app.call("GET", f"/channels/{app.channel}/messages")).body
    assert (message["content"], message["components"]) == ("done", [])


async def test_mentions_of_answers_are_users_only_unless_told(discord: Standin, app: Bot) -> None:
    await app.control("permit", role="orch", permissions=["ADMINISTRATOR"])
    number, token = await begun(app, "command")
    await answer(app, number, token, {"type": 4, "data": {"content": f"@everyone <@{app.user('bob')}>"}})
    (message,) = (await app.control("interaction", id=number))["messages"]
    assert (message["mention_everyone"], len(message["mentions"])) == (False, 1)
    assert [each.kind for each in discord.world.journal.violations] == ["create_without_allowed_mentions"]


async def test_events_carry_what_was_chosen(discord: Standin, app: Bot, wire: Wire) -> None:
    await wire.ready(intents=1)
    await app.control("command", user="alice", channel="task-queue", command="ask", options={"what": "x", "who": "bob"})
    event = await wire.until("INTERACTION_CREATE")
    assert event["member"]["user"]["username"] == "alice"
    assert event["data"]["options"] == [
        {"name": "what", "type": 3, "value": "x"}, {"name": "who", "type": 6, "value": app.user("bob")},
    ]  # fmt: skip
    assert event["data"]["resolved"]["users"][app.user("bob")]["username"] == "bob"
    await app.control("autocomplete", user="alice", channel="task-queue", command="ask", focused="what", text="fo")
    event = await wire.until("INTERACTION_CREATE")
    assert event["data"]["options"] == [{"name": "what", "type": 3, "value": "fo", "focused": True}]


# What a person cannot do, because Discord does not let it come to it.
IMPOSSIBLE: list[tuple[str, dict[str, Any], str]] = [
    ("command", {"command": "other"}, "no command"),
    ("command", {"command": "ask", "options": {"what": 1}}, "does not take"),
    ("command", {"command": "ask", "options": {"odd": "x"}}, "no option odd"),
    ("autocomplete", {"command": "ask", "focused": "who"}, "does not complete"),
]


@pytest.mark.parametrize(("verb", "arguments", "sentence"), IMPOSSIBLE)
async def test_what_discord_does_not_offer(
    discord: Standin, app: Bot, verb: str, arguments: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(RuntimeError, match=sentence):
        await app.control(verb, user="alice", channel="task-queue", **arguments)


async def test_a_disabled_button_and_a_wrong_form(discord: Standin, app: Bot) -> None:
    off = {"type": 1, "components": [{**GO["components"][0], "disabled": True}]}  # type: ignore[index]
    message = (await app.say(components=[off])).body["id"]
    with pytest.raises(RuntimeError, match="disabled"):
        await app.control("click", user="alice", message=message, button="go")
    number, token = await begun(app, "command")
    await answer(app, number, token, FORM)
    for fields, sentence in (
        ({}, "why does not take"),
        ({"why": "too long"}, "why does not take"),
        ({"why": "x", "y": ""}, "no field y"),
    ):
        with pytest.raises(RuntimeError, match=sentence):
            await app.control("submit", interaction=number, fields=fields)
