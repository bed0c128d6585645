"""Permissions: the documented computation, and each request that needs one."""

from __future__ import annotations

import pytest
from support import NOBODY, Bot

from standin import Standin
from standin.permissions import ALL, EVERYONE, NAMES, bits, names

# The overwrites of a channel, and whether the bot then may send: everyone, role, member, in the order in which they count.
OVERWRITES = [
    ({}, True),
    ({"everyone": ("", "SEND_MESSAGES")}, False),
    ({"everyone": ("", "SEND_MESSAGES"), "role": ("SEND_MESSAGES", "")}, True),
    ({"role": ("", "SEND_MESSAGES")}, False),
    ({"everyone": ("SEND_MESSAGES", ""), "role": ("", "SEND_MESSAGES")}, False),
    ({"role": ("", "SEND_MESSAGES"), "member": ("SEND_MESSAGES", "")}, True),
    ({"role": ("SEND_MESSAGES", ""), "member": ("", "SEND_MESSAGES")}, False),
    # Of several roles, one that allows is enough.
    ({"role": ("", "SEND_MESSAGES"), "second": ("SEND_MESSAGES", "")}, True),
    ({"everyone": ("", "VIEW_CHANNEL")}, False),
]


@pytest.mark.parametrize(("overwrites", "may"), OVERWRITES)
async def test_overwrites_count_in_order(discord: Standin, bot: Bot, overwrites: dict[str, tuple[str, str]], may: bool) -> None:
    await bot.control("join", user="orch", roles=["orch", "operators"])
    target = {
        "everyone": {"role": "@everyone"}, "role": {"role": "orch"}, "second": {"role": "operators"},
        "member": {"user": "orch"},
    }  # fmt: skip
    for who, (allow, deny) in overwrites.items():
        await bot.control("overwrite", channel="task-queue", **target[who], allow=allow.split(), deny=deny.split())
    assert ((await bot.say()).status == 200) is may


def without(*missing: str) -> list[str]:
    return [name for name in NAMES if name not in ("ADMINISTRATOR", *missing)]


# What is taken away, the request, and the refusal.
REQUESTS = [
    ("VIEW_CHANNEL", "GET", "/channels/{c}", None, (403, 50001)),
    ("VIEW_CHANNEL", "POST", "/channels/{c}/messages", {"content": "x"}, (403, 50001)),
    ("VIEW_CHANNEL", "GET", "/channels/{c}/messages", None, (403, 50001)),
    ("SEND_MESSAGES", "POST", "/channels/{c}/messages", {"content": "x"}, (403, 50013)),
    ("SEND_MESSAGES", "POST", "/channels/{c}/typing", None, (403, 50013)),
    ("READ_MESSAGE_HISTORY", "GET", "/channels/{c}/messages/{m}", None, (403, 50013)),
    ("READ_MESSAGE_HISTORY", "PUT", "/channels/{c}/messages/{m}/reactions/%E2%9C%85/@me", None, (403, 50013)),
    ("ADD_REACTIONS", "PUT", "/channels/{c}/messages/{m}/reactions/%E2%9C%85/@me", None, (403, 50013)),
    ("MANAGE_MESSAGES", "DELETE", "/channels/{c}/messages/{m}", None, (403, 50013)),
    ("MANAGE_MESSAGES", "DELETE", "/channels/{c}/messages/{m}/reactions", None, (403, 50013)),
    ("PIN_MESSAGES", "PUT", "/channels/{c}/messages/pins/{m}", None, (403, 50013)),
    ("CREATE_PUBLIC_THREADS", "POST", "/channels/{c}/messages/{m}/threads", {"name": "x"}, (403, 50013)),
    ("CREATE_PRIVATE_THREADS", "POST", "/channels/{c}/threads", {"name": "x", "type": 12}, (403, 50013)),
    ("MANAGE_CHANNELS", "PATCH", "/channels/{c}", {"name": "x"}, (403, 50013)),
    ("MANAGE_CHANNELS", "DELETE", "/channels/{c}", None, (403, 50013)),
    ("MANAGE_CHANNELS", "POST", "/guilds/{g}/channels", {"name": "x"}, (403, 50013)),
    ("MANAGE_ROLES", "PUT", "/channels/{c}/permissions/{g}", {"type": 0}, (403, 50013)),
]


@pytest.mark.parametrize(("taken", "method", "path", "body", "refusal"), REQUESTS)
async def test_each_request_needs_its_permission(
    discord: Standin, bot: Bot, taken: str, method: str, path: str, body: object, refusal: tuple[int, int]
) -> None:
    message = (await bot.control("say", user="alice", channel="task-queue", content="hello"))["id"]
    path = path.format(c=bot.channel, m=message, g=bot.guild)
    body = {**body, "allowed_mentions": NOBODY} if isinstance(body, dict) and "content" in body else body
    await bot.control("permit", role="@everyone", permissions=[])
    await bot.control("permit", role="orch", permissions=without(taken))
    assert (await bot.call(method, path, body)).outcome == refusal
    await bot.control("permit", role="orch", permissions=without())
    assert (await bot.call(method, path, body)).status < 300


async def test_without_history_a_list_is_empty_and_not_refused(discord: Standin, bot: Bot) -> None:
    await bot.say()
    await bot.control("permit", role="@everyone", permissions=["VIEW_CHANNEL"])
    await bot.control("permit", role="orch", permissions=["VIEW_CHANNEL"])
    answer = await bot.call("GET", f"/channels/{bot.channel}/messages")
    assert (answer.status, answer.body) == (200, [])


async def test_a_thread_has_the_permissions_of_its_channel(discord: Standin, bot: Bot) -> None:
    message = (await bot.say()).body["id"]
    thread = (await bot.call("POST", f"/channels/{bot.channel}/messages/{message}/threads", {"name": "t"})).body["id"]
    assert (await bot.say(channel=thread)).status == 200
    await bot.control("overwrite", channel="task-queue", role="orch", deny=["SEND_MESSAGES_IN_THREADS"])
    await bot.control("overwrite", channel="task-queue", role="@everyone", deny=["SEND_MESSAGES_IN_THREADS"])
    assert (await bot.say(channel=thread)).outcome == (403, 50013)
    assert (await bot.say()).status == 200


@pytest.mark.parametrize(
    ("denied", "lost"),
    [
        ("VIEW_CHANNEL", ALL),
        ("SEND_MESSAGES", bits("SEND_MESSAGES", "MENTION_EVERYONE", "ATTACH_FILES", "EMBED_LINKS", "SEND_TTS_MESSAGES")),
    ],
)
async def test_what_goes_with_what(discord: Standin, bot: Bot, denied: str, lost: int) -> None:
    """Who does not see a channel may nothing in it; who may not send may not send files either."""
    await bot.control("permit", role="orch", permissions=without())
    channel, me = discord.world.channels[int(bot.channel)], int(bot.application)
    before = discord.world.may(me, channel)
    await bot.control("overwrite", channel="task-queue", user="orch", deny=[denied])
    assert discord.world.may(me, channel) == before & ~lost


async def test_roles_are_given_below_ones_own(discord: Standin, bot: Bot) -> None:
    await bot.control("permit", role="orch", permissions=without())
    above = (await bot.control("role", name="above"))["id"]
    below = next(str(each.id) for each in discord.world.guilds[int(bot.guild)].roles.values() if each.name == "operators")
    path = f"/guilds/{bot.guild}/members/{bot.user('alice')}"
    assert (await bot.call("PUT", f"{path}/roles/{above}")).outcome == (403, 50013)
    assert (await bot.call("PUT", f"{path}/roles/{below}")).status == 204
    assert (await bot.call("GET", path)).body["roles"] == [below]
    assert (await bot.call("DELETE", f"{path}/roles/{below}")).status == 204
    assert (await bot.call("GET", path)).body["roles"] == []
    assert (await bot.call("PUT", f"{path}/roles/1")).outcome == (404, 10011)


async def test_overwrites_come_and_go(discord: Standin, bot: Bot) -> None:
    await bot.control("permit", role="orch", permissions=without())
    path = f"/channels/{bot.channel}/permissions/{bot.user('alice')}"
    assert (await bot.call("PUT", path, {"type": 1, "deny": str(bits("SEND_MESSAGES"))})).status == 204
    with pytest.raises(RuntimeError, match="Missing Permissions"):
        await bot.control("say", user="alice", channel="task-queue", content="x")
    assert (await bot.call("DELETE", path)).status == 204
    await bot.control("say", user="alice", channel="task-queue", content="x")
    assert (await bot.call("DELETE", path)).outcome == (404, 10009)


@pytest.mark.parametrize(("granted", "outcome"), [(1 << 1, (200, None)), (0, (403, 50001))])
async def test_members_are_listed_for_who_has_the_intent(
    discord: Standin, bot: Bot, granted: int, outcome: tuple[int, int | None]
) -> None:
    discord.settings.granted_intents = granted
    answer = await bot.call("GET", f"/guilds/{bot.guild}/members", limit=10)
    assert answer.outcome == outcome
    assert granted == 0 or [each["user"]["username"] for each in answer.body] == ["owner", "orch", "alice", "bob"]


async def test_a_member_who_is_timed_out_reads_only(discord: Standin, bot: Bot) -> None:
    await bot.control("timeout", user="orch", seconds=60)
    assert (await bot.say()).outcome == (403, 50013)
    assert (await bot.call("GET", f"/channels/{bot.channel}/messages")).status == 200
    await discord.clock.advance(60)
    assert (await bot.say()).status == 200


def test_names_and_numbers_are_the_same() -> None:
    assert bits(*names(EVERYONE)) == EVERYONE
    assert names(ALL) == list(NAMES)
    assert bits("VIEW_CHANNEL", "SEND_MESSAGES") == 0xC00
