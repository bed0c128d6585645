"""Rate limits: buckets by channel, the headers, the global limit, and what counts as not having listened."""

from __future__ import annotations

import asyncio

import pytest
from support import Bot

from standin import Standin


async def test_headers_count_down_and_name_the_bucket(limited: Standin, bot: Bot) -> None:
    left, buckets = [], set()
    for _ in range(5):
        answer = await bot.say()
        left.append(answer.headers["X-RateLimit-Remaining"])
        buckets.add(answer.headers["X-RateLimit-Bucket"])
        assert answer.headers["X-RateLimit-Limit"] == "5"
        assert 0 < float(answer.headers["X-RateLimit-Reset-After"]) <= 5
        assert answer.headers["Content-Type"] == "application/json"
    assert left == ["4", "3", "2", "1", "0"]
    assert len(buckets) == 1


async def test_a_429_says_when_and_that_it_is_from_discord_itself(limited: Standin, bot: Bot) -> None:
    answers = [await bot.say() for _ in range(6)]
    refusal = answers[5]
    assert refusal.status == 429
    assert refusal.body["retry_after"] == 5.0
    assert refusal.body["global"] is False
    assert refusal.headers["Retry-After"] == "5"
    assert refusal.headers["X-RateLimit-Scope"] == "user"
    assert "Via" in refusal.headers
    await limited.clock.advance(5)
    assert (await bot.say()).status == 200


async def test_channels_do_not_share_and_reactions_of_both_ways_do(limited: Standin, bot: Bot) -> None:
    message = (await bot.say()).body["id"]
    for _ in range(4):
        await bot.say()
    assert (await bot.say(channel=bot.place("results"))).status == 200
    path = f"/channels/{bot.channel}/messages/{message}/reactions/%E2%8F%B3/@me"
    assert (await bot.call("PUT", path)).status == 204
    assert (await bot.call("DELETE", path)).status == 429


async def test_the_global_limit_has_a_scope_of_its_own_and_spares_interactions(limited: Standin, bot: Bot) -> None:
    limited.settings.global_limit = 3
    answers = [await bot.call("GET", "/users/@me") for _ in range(4)]
    assert [each.status for each in answers] == [200, 200, 200, 429]
    assert answers[3].headers["X-RateLimit-Global"] == "true"
    assert answers[3].headers["X-RateLimit-Scope"] == "global"
    assert answers[3].body["global"] is True
    # Not refused for the limit, but because there is no such token.
    assert (await bot.call("POST", f"/webhooks/{bot.application}/none", {"content": "x"})).status == 401
    assert [each.kind for each in limited.world.journal.violations][:1] == ["global_429"]


@pytest.mark.parametrize(("wait", "expected"), [(0.0, []), (4.0, ["avoidable_429", "ignored_429"]), (5.0, [])])
async def test_who_asks_again_too_early_is_named(limited: Standin, bot: Bot, wait: float, expected: list[str]) -> None:
    """At once counts as sent before the refusal was read; in the time that was named it does not; after it, all is well."""
    limited.settings.in_flight = 0.0 if wait else 60.0
    for _ in range(5):
        await bot.say()
    limited.world.journal.violations.clear()
    limited.settings.in_flight = 60.0
    assert (await bot.say()).status == 429
    limited.settings.in_flight = 0.0 if wait else 60.0
    await limited.clock.advance(wait)
    await bot.say()
    assert sorted({each.kind for each in limited.world.journal.violations}) == expected


async def test_a_shared_limit_counts_against_nobody(limited: Standin, bot: Bot) -> None:
    limited.limits.set("POST", "/channels/{channel_id}/messages", 1, 5.0, shared=True)
    await bot.say()
    refusal = await bot.say()
    assert refusal.headers["X-RateLimit-Scope"] == "shared"
    assert limited.limits.invalid == 0


async def test_a_limit_that_is_changed_begins_anew(limited: Standin, bot: Bot) -> None:
    answers = [await bot.say() for _ in range(6)]
    await bot.control("limit", method="POST", route="/channels/{channel_id}/messages", limit=2, window=9)
    answers += [await bot.say() for _ in range(3)]
    assert [each.status for each in answers] == [200] * 5 + [429] + [200] * 2 + [429]
    assert answers[0].headers["X-RateLimit-Bucket"] != answers[6].headers["X-RateLimit-Bucket"]


async def test_too_many_invalid_requests_end_in_a_ban(limited: Standin, bot: Bot) -> None:
    limited.settings.invalid_limit = 3
    wrong = {"Authorization": "Bot wrong"}
    for _ in range(3):
        assert (await bot.call("GET", "/users/@me", headers=wrong)).status == 401
    banned = await bot.call("GET", "/users/@me")
    assert banned.status == 429
    assert "Via" not in banned.headers
    assert banned.headers["Content-Type"].startswith("text/html")
    await limited.clock.advance(3600)
    assert (await bot.call("GET", "/users/@me")).status == 200
    assert [each.kind for each in limited.world.journal.violations].count("banned") == 1


async def test_a_429_counts_among_the_invalid(limited: Standin, bot: Bot) -> None:
    answers = [await bot.say() for _ in range(8)]
    assert [each.status for each in answers].count(429) == limited.limits.invalid == 3
    await limited.clock.advance(600)
    await bot.call("GET", "/users/@me", headers={"Authorization": "Bot wrong"})
    assert limited.limits.invalid == 1


async def test_many_at_once_get_exactly_what_is_left(limited: Standin, bot: Bot) -> None:
    answers = await asyncio.gather(*(bot.say(str(number)) for number in range(20)))
    assert sorted(each.status for each in answers) == [200] * 5 + [429] * 15
    assert len(limited.world.channels[int(bot.channel)].messages) == 5
