"""Messages: what is refused, what a nonce does, whom a text mentions, what an edit keeps, how lists go."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from support import AGENT, NOBODY, Bot

from standin import Standin, messages

BUTTON = {"type": 2, "style": 1, "label": "Go", "custom_id": "go"}


def row(*inner: dict[str, Any]) -> dict[str, Any]:
    return {"components": [{"type": 1, "components": list(inner)}]}


# A body, and the code of the refusal; None: it is taken.
BODIES: list[tuple[str, dict[str, Any], int | None]] = [
    ("nothing", {}, 50006),
    ("spaces", {"content": "  \n"}, 50006),
    ("2000", {"content": "x" * 2000}, None),
    ("2001", {"content": "x" * 2001}, 50035),
    ("2000 outside of the plane", {"content": "😀" * 2000}, None),
    ("nonce of 25", {"content": "x", "nonce": "n" * 25}, None),
    ("nonce of 26", {"content": "x", "nonce": "n" * 26}, 50035),
    ("10 embeds", {"embeds": [{"title": "x"}] * 10}, None),
    ("11 embeds", {"embeds": [{"title": "x"}] * 11}, 50035),
    ("title of 257", {"embeds": [{"title": "x" * 257}]}, 50035),
    ("description of 4096", {"embeds": [{"description": "x" * 4096}]}, None),
    ("description of 4097", {"embeds": [{"description": "x" * 4097}]}, 50035),
    ("6000 in all", {"embeds": [{"description": "x" * 4000}, {"description": "y" * 2000}]}, None),
    ("6001 in all", {"embeds": [{"description": "x" * 4000}, {"description": "y" * 2001}]}, 50035),
    ("26 fields", {"embeds": [{"fields": [{"name": "a", "value": "b"}] * 26}]}, 50035),
    ("empty value", {"embeds": [{"fields": [{"name": "a", "value": ""}]}]}, 50035),
    ("footer of 2049", {"embeds": [{"footer": {"text": "x" * 2049}}]}, 50035),
    ("button", row(BUTTON), None),
    ("button without a name", row({"type": 2, "style": 1, "label": "Go"}), 50035),
    ("name of 101", row({**BUTTON, "custom_id": "x" * 101}), 50035),
    ("two of a name", row(BUTTON, BUTTON), 50035),
    ("six buttons", row(*({**BUTTON, "custom_id": str(n)} for n in range(6))), 50035),
    ("label of 81", row({**BUTTON, "label": "x" * 81}), 50035),
    ("link without a target", row({"type": 2, "style": 5, "label": "Go"}), 50035),
    ("six rows", {"components": [row({**BUTTON, "custom_id": str(n)})["components"][0] for n in range(6)]}, 50035),
    ("menu", row({"type": 3, "custom_id": "m", "options": [{"label": "a", "value": "a"}]}), None),
    ("menu beside a button", row(BUTTON, {"type": 3, "custom_id": "m", "options": [{"label": "a", "value": "a"}]}), 50035),
    ("new layout", {"flags": 1 << 15, "components": [{"type": 10, "content": "x"}]}, None),
    ("new layout and text", {"content": "x", "flags": 1 << 15, "components": [{"type": 10, "content": "x"}]}, 50035),
    ("menu of nothing", row({"type": 3, "custom_id": "m", "options": []}), 50035),
    ("all and some mentions", {"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1" * 18]}}, 50035),
    ("mentions of no kind", {"content": "x", "allowed_mentions": {"parse": ["cats"]}}, 50035),
]


@pytest.mark.parametrize(("body", "code"), [each[1:] for each in BODIES], ids=[each[0] for each in BODIES])
async def test_bodies(discord: Standin, bot: Bot, body: dict[str, Any], code: int | None) -> None:
    """The same rules hold for a message, an edit of one and an answer to an interaction."""
    sent = {"allowed_mentions": NOBODY, **body}
    answer = await bot.call("POST", f"/channels/{bot.channel}/messages", sent)
    assert answer.outcome == ((200, None) if code is None else (400, code))
    if code == 50035:
        assert answer.body["errors"]
    message = (await bot.say()).body["id"]
    edit = await bot.call("PATCH", f"/channels/{bot.channel}/messages/{message}", sent)
    # An edit of nothing changes nothing; one that would leave nothing is refused.
    assert edit.status == (200 if code is None or not body else 400)


@pytest.mark.parametrize(
    ("after", "enforced", "same"), [(0, True, True), (179, True, True), (181, True, False), (0, False, False)]
)
async def test_a_nonce_is_remembered_for_minutes(discord: Standin, bot: Bot, after: float, enforced: bool, same: bool) -> None:
    first = await bot.say("one", nonce="n1", enforce_nonce=enforced)
    await discord.clock.advance(after)
    second = await bot.say("two", nonce="n1", enforce_nonce=enforced)
    assert (first.body["id"] == second.body["id"]) is same
    assert second.body["content"] == ("one" if same else "two")
    assert second.body["nonce"] == "n1"
    elsewhere = await bot.say("three", channel=bot.place("results"), nonce="n1", enforce_nonce=True)
    assert elsewhere.body["content"] == "three"


async def test_a_nonce_of_a_message_that_was_deleted_finds_nothing(discord: Standin, bot: Bot) -> None:
    first = await bot.say(nonce="n1", enforce_nonce=True)
    await bot.call("DELETE", f"/channels/{bot.channel}/messages/{first.body['id']}")
    assert (await bot.say(nonce="n1", enforce_nonce=True)).outcome == (404, 10008)
    channel = (await bot.call("GET", f"/channels/{bot.channel}")).body
    assert channel["last_message_id"] == first.body["id"]


# What allowed_mentions is, and whom the same text then mentions: user, role, everyone. The bot may mention everyone here.
ALLOWED: list[tuple[Any, tuple[bool, bool, bool]]] = [
    (None, (True, True, True)),
    ({"parse": []}, (False, False, False)),
    ({}, (False, False, False)),
    ({"parse": ["users"]}, (True, False, False)),
    ({"parse": ["roles"]}, (False, True, False)),
    ({"parse": ["everyone"]}, (False, False, True)),
    ({"parse": [], "users": ["USER"]}, (True, False, False)),
    ({"parse": [], "roles": ["ROLE"]}, (False, True, False)),
]


@pytest.mark.parametrize(("allowed", "expected"), ALLOWED)
@pytest.mark.parametrize("way", ["create", "edit"])
async def test_whom_a_text_mentions(discord: Standin, bot: Bot, allowed: Any, expected: tuple[bool, ...], way: str) -> None:
    await bot.control("permit", role="orch", permissions=["ADMINISTRATOR"])
    role = next(str(each.id) for each in discord.world.guilds[int(bot.guild)].roles.values() if each.name == "operators")
    body: dict[str, Any] = {"content": f"@everyone <@{bot.user('alice')}> <@&{role}> `@here`"}
    if allowed is not None:
        names = {"USER": bot.user("alice"), "ROLE": role}
        body["allowed_mentions"] = {key: [names.get(each, each) for each in value] for key, value in allowed.items()}
    if way == "create":
        answer = await bot.call("POST", f"/channels/{bot.channel}/messages", body)
    else:
        message = (await bot.say("x")).body["id"]
        answer = await bot.call("PATCH", f"/channels/{bot.channel}/messages/{message}", body)
    got = answer.body
    assert (bool(got["mentions"]), bool(got["mention_roles"]), got["mention_everyone"]) == expected
    kinds = [each.kind for each in discord.world.journal.violations if each.law == "house"]
    assert kinds == ([f"{way}_without_allowed_mentions"] if allowed is None else [])


@pytest.mark.parametrize("text", ["`{}`", "```\n{}\n```", "{}x"])
async def test_what_is_no_mention(discord: Standin, bot: Bot, text: str) -> None:
    """In code it is text, and so is a word that only begins like one."""
    await bot.control("permit", role="orch", permissions=["ADMINISTRATOR"])
    named = "@everyone" if text == "{}x" else f"@everyone <@{bot.user('alice')}>"
    answer = await bot.call("POST", f"/channels/{bot.channel}/messages", {"content": text.format(named)})
    assert (answer.body["mentions"], answer.body["mention_everyone"]) == ([], False)


async def test_an_edit_without_allowed_mentions_mentions_anew(discord: Standin, bot: Bot) -> None:
    """The trap: the text was harmless when it was sent, and an edit of something else wakes it."""
    text = f"hello <@{bot.user('alice')}>"
    message = await bot.say(text)
    assert message.body["mentions"] == []
    edited = await bot.call("PATCH", f"/channels/{bot.channel}/messages/{message.body['id']}", {"embeds": [{"title": "x"}]})
    assert [each["username"] for each in edited.body["mentions"]] == ["alice"]


@pytest.mark.parametrize("mentionable", [True, False])
async def test_who_may_not_mention_everyone_reaches_only_roles_that_allow_it(
    discord: Standin, bot: Bot, mentionable: bool
) -> None:
    role = (await bot.control("role", name="crew", mentionable=mentionable))["id"]
    body = {"content": f"@everyone <@&{role}>"}
    answer = await bot.call("POST", f"/channels/{bot.channel}/messages", body)
    assert answer.body["mention_everyone"] is False
    assert answer.body["mention_roles"] == ([role] if mentionable else [])


async def test_files_come_back_from_another_host(discord: Standin, bot: Bot) -> None:
    path = f"/channels/{bot.channel}/messages"
    made = await bot.call("POST", path, {"allowed_mentions": NOBODY}, files={"a b.txt": b"hello", "b.txt": b"there"})
    files = made.body["attachments"]
    assert [each["filename"] for each in files] == ["a_b.txt", "b.txt"]
    assert not files[0]["url"].startswith(discord.base)
    async with bot.http.get(files[0]["url"]) as got:
        assert (got.status, await got.read()) == (200, b"hello")
    async with bot.http.get(files[0]["url"].replace("hm=", "hm=0")) as got:
        assert got.status == 404
    async with bot.http.get(files[0]["url"], headers={"Authorization": "Bot x"}) as got:
        assert got.status == 200
    assert [each.kind for each in discord.world.journal.violations] == ["token_to_wrong_host"]
    await discord.clock.advance(86_401)
    async with bot.http.get(files[0]["url"]) as got:
        assert got.status == 404
    again = await bot.call("GET", f"{path}/{made.body['id']}")
    async with bot.http.get(again.body["attachments"][0]["url"]) as got:
        assert got.status == 200


@pytest.mark.parametrize(
    ("attachments", "files", "left"),
    [
        (None, None, ["a.txt", "b.txt"]),
        ([], None, []),
        (["a.txt"], None, ["a.txt"]),
        (["a.txt", 0], {"c.txt": b"c"}, ["a.txt", "c.txt"]),
        (None, {"c.txt": b"c"}, ["a.txt", "b.txt", "c.txt"]),
        ([0], {"c.txt": b"c"}, ["c.txt"]),
    ],
)
async def test_an_edit_keeps_the_files_that_it_lists(
    discord: Standin, bot: Bot, attachments: list[Any] | None, files: dict[str, bytes] | None, left: list[str]
) -> None:
    path = f"/channels/{bot.channel}/messages"
    made = (
        await bot.call("POST", path, {"content": "x", "allowed_mentions": NOBODY}, files={"a.txt": b"a", "b.txt": b"b"})
    ).body
    ids = {each["filename"]: each["id"] for each in made["attachments"]}
    body: dict[str, Any] = {"allowed_mentions": NOBODY}
    if attachments is not None:
        body["attachments"] = [{"id": ids.get(each, each)} for each in attachments]
    edited = await bot.call("PATCH", f"{path}/{made['id']}", body, files=files)
    assert [each["filename"] for each in edited.body["attachments"]] == left


async def test_files_that_are_too_large(discord: Standin, bot: Bot) -> None:
    discord.settings.file_bytes, discord.settings.request_bytes = 10, 2000
    path = f"/channels/{bot.channel}/messages"
    assert (await bot.call("POST", path, {"content": "x"}, files={"a": b"x" * 11})).outcome == (413, 40005)
    assert (await bot.call("POST", path, {"content": "x"}, files={"a": b"x" * 10})).status == 200
    assert (await bot.call("POST", path, {"content": "x"}, files={f"{n}": b"x" * 3000 for n in range(2)})).outcome == (
        413,
        40005,
    )


async def test_a_request_that_does_not_say_how_long_it_is(discord: Standin, bot: Bot) -> None:
    discord.settings.request_bytes = 2000
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("files[0]", b"x" * 3000, filename="a")
    writer = form()

    async def pieces() -> AsyncIterator[bytes]:
        yield await writer.as_bytes()

    sent = {"Authorization": f"Bot {discord.world.application.token}", "User-Agent": AGENT, **writer.headers}
    url = f"{discord.base}/api/v10/channels/{bot.channel}/messages"
    async with bot.http.post(url, data=pieces(), headers=sent) as got:
        assert (got.status, (await got.json())["code"]) == (413, 40005)


async def test_lists_go_back_from_the_newest(discord: Standin, bot: Bot) -> None:
    ids = [(await bot.say(str(number))).body["id"] for number in range(10)]
    path = f"/channels/{bot.channel}/messages"

    async def listed(**query: Any) -> list[int]:
        return [ids.index(each["id"]) for each in (await bot.call("GET", path, **query)).body]

    assert await listed(limit=3) == [9, 8, 7]
    assert await listed(before=ids[5], limit=2) == [4, 3]
    assert await listed(after=ids[5], limit=2) == [7, 6]
    assert await listed(after=ids[9]) == []
    assert await listed(around=ids[5], limit=3) == [6, 5, 4]
    for wrong in ({"limit": 0}, {"limit": 101}, {"after": "x"}, {"after": ids[0], "before": ids[1]}):
        assert (await bot.call("GET", path, **wrong)).outcome == (400, 50035)


async def test_only_its_author_edits_a_message(discord: Standin, bot: Bot) -> None:
    message = (await bot.control("say", user="alice", channel="task-queue", content="mine"))["id"]
    path = f"/channels/{bot.channel}/messages/{message}"
    assert (await bot.call("PATCH", path, {"content": "yours", "allowed_mentions": NOBODY})).outcome == (403, 50005)
    assert (await bot.call("DELETE", path)).outcome == (403, 50013)


async def test_old_messages_can_be_edited_only_so_often(discord: Standin, bot: Bot) -> None:
    discord.settings.old_edits = 2
    message = (await bot.say()).body["id"]
    await discord.clock.advance(3601)
    path = f"/channels/{bot.channel}/messages/{message}"
    body = {"content": "y", "allowed_mentions": NOBODY}
    assert [(await bot.call("PATCH", path, body)).outcome for _ in range(3)] == [(200, None), (200, None), (429, 30046)]


async def test_reactions(discord: Standin, bot: Bot) -> None:
    message = (await bot.say()).body["id"]
    path = f"/channels/{bot.channel}/messages/{message}"
    reaction = f"{path}/reactions/%E2%9C%85"
    for _ in range(2):
        assert (await bot.call("PUT", reaction + "/@me")).status == 204
    await bot.control("react", user="alice", message=message, emoji="✅")
    await bot.control("react", user="alice", message=message, emoji="👀")
    assert [each["username"] for each in (await bot.call("GET", reaction)).body] == ["orch", "alice"]
    shown = (await bot.call("GET", path)).body["reactions"]
    assert [(each["count"], each["me"]) for each in shown] == [(2, True), (1, False)]
    assert (await bot.call("PUT", f"{path}/reactions/done/@me")).outcome == (400, 10014)
    assert (await bot.call("DELETE", reaction + "/@me")).status == 204
    discord.world.channels[int(bot.channel)].messages[int(message)].reactions.update({str(n): [1] for n in range(18)})
    assert (await bot.call("PUT", f"{path}/reactions/%E2%9D%8C/@me")).outcome == (400, 30010)


async def test_pins(discord: Standin, bot: Bot) -> None:
    message = (await bot.say()).body["id"]
    path = f"/channels/{bot.channel}/messages/pins"
    assert (await bot.call("PUT", f"{path}/{message}")).status == 204
    pinned = (await bot.call("GET", path)).body
    assert ([each["message"]["id"] for each in pinned["items"]], pinned["has_more"]) == ([message], False)
    newest = (await bot.call("GET", f"/channels/{bot.channel}/messages", limit=1)).body[0]
    assert newest["type"] == 6
    assert (await bot.call("DELETE", f"{path}/{message}")).status == 204
    assert (await bot.call("GET", f"/channels/{bot.channel}/pins")).body == []


async def test_only_so_many_pins(discord: Standin, bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "PINS", 1)
    first, second = [(await bot.say()).body["id"] for _ in range(2)]
    path = f"/channels/{bot.channel}/messages/pins"
    for _ in range(2):
        assert (await bot.call("PUT", f"{path}/{first}")).status == 204
    assert (await bot.call("PUT", f"{path}/{second}")).outcome == (400, 30003)


@pytest.mark.parametrize(
    ("age", "count", "outcome"), [(0, 2, (204, None)), (0, 1, (400, 50035)), (15 * 86_400, 2, (400, 50034))]
)
async def test_many_are_deleted_at_once_while_they_are_new(
    discord: Standin, bot: Bot, age: float, count: int, outcome: tuple[int, int | None]
) -> None:
    await bot.control("permit", role="orch", permissions=["ADMINISTRATOR"])
    ids = [(await bot.say()).body["id"] for _ in range(count)]
    await discord.clock.advance(age)
    answer = await bot.call("POST", f"/channels/{bot.channel}/messages/bulk-delete", {"messages": ids})
    assert answer.outcome == outcome
    left = len((await bot.call("GET", f"/channels/{bot.channel}/messages")).body)
    assert left == (0 if outcome[0] == 204 else count)


async def test_a_reply_needs_its_message_unless_told_otherwise(discord: Standin, bot: Bot) -> None:
    original = (await bot.control("say", user="alice", channel="task-queue", content="q"))["id"]
    answer = await bot.say(
        "a", message_reference={"message_id": original}, allowed_mentions={"parse": [], "replied_user": True}
    )
    assert answer.body["referenced_message"]["content"] == "q"
    assert [each["username"] for each in answer.body["mentions"]] == ["alice"]
    assert (await bot.say("b", message_reference={"message_id": original})).body["mentions"] == []
    await bot.control("delete", user="alice", message=original)
    assert (await bot.say("a", message_reference={"message_id": original})).outcome == (400, 50035)
    assert (await bot.say("a", message_reference={"message_id": original, "fail_if_not_exists": False})).status == 200


async def test_a_token_in_a_text_is_noticed(discord: Standin, bot: Bot) -> None:
    await bot.say(f"my token is {discord.world.application.token}")
    assert [each.kind for each in discord.world.journal.violations] == ["token_leaked"]


@pytest.mark.parametrize("size", [1, 7, 100])
async def test_reading_on_from_the_last_finds_each_once(discord: Standin, bot: Bot, size: int) -> None:
    """What a bridge does after it was down: page by page, the pages newest first, with more coming in between."""
    for number in range(30):
        await bot.control("say", user="alice", channel="task-queue", content=str(number))
    path, last, found = f"/channels/{bot.channel}/messages", "0", []
    while page := (await bot.call("GET", path, after=last, limit=size)).body:
        found += [each["content"] for each in reversed(page)]
        last = page[0]["id"]
        if len(found) == 7:
            await bot.control("say", user="alice", channel="task-queue", content="30")
    assert found == [str(number) for number in range(31 if size in (1, 7) else 30)]


# Requests that never get to a handler.
REFUSED: list[tuple[str, str, dict[str, Any], tuple[int, int | None], str]] = [
    ("GET", "/nowhere", {}, (404, 0), "unknown_route"),
    ("PATCH", "/users/@me/channels", {}, (405, 0), "unknown_route"),
    ("GET", "/channels/abc", {}, (400, 50035), "unknown_route"),
    ("GET", "/users/@me", {"Authorization": None}, (401, 0), "unauthorized"),
    ("GET", "/users/@me", {"Authorization": "wrong"}, (401, 0), "unauthorized"),
    ("GET", "/users/@me", {"User-Agent": "curl/8"}, (403, 40333), "bad_user_agent"),
    ("POST", "/users/@me/channels", {"Content-Type": "text/plain"}, (400, 50035), "bad_content_type"),
]


@pytest.mark.parametrize(("method", "path", "headers", "outcome", "kind"), REFUSED)
async def test_requests_that_are_no_use(
    discord: Standin, bot: Bot, method: str, path: str, headers: Any, outcome: tuple[int, int], kind: str
) -> None:
    answer = await bot.call(method, path, {} if method == "POST" else None, headers=headers)
    assert answer.outcome == outcome
    assert [each.kind for each in discord.world.journal.violations] == [kind]
