"""The page: what is in a channel is on it, and nothing that a text says becomes markup of ours."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from support import NOBODY, Bot

from standin import Standin, render


class Reader(HTMLParser):
    """The elements and the text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(page.partition("</style>")[2])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text += data


async def test_a_channel_with_everything(discord: Standin, bot: Bot) -> None:
    message = (await bot.control("say", user="alice", channel="task-queue", content=f"**do** `it` <@{bot.user('bob')}>"))["id"]
    await bot.call("PUT", f"/channels/{bot.channel}/messages/{message}/reactions/%E2%8F%B3/@me")
    await bot.call("POST", f"/channels/{bot.channel}/messages/{message}/threads", {"name": "task 1"})
    button = {"type": 1, "components": [{"type": 2, "style": 4, "label": "Cancel", "custom_id": "c", "disabled": True}]}
    embed = {
        "title": "Card",
        "color": 0x3BA55C,
        "fields": [{"name": "Pool", "value": "default", "inline": True}],
        "footer": {"text": "f"},
    }
    body = {"content": "```py\nprint(1)\n```", "embeds": [embed], "components": [button], "allowed_mentions": NOBODY}
    await bot.call("POST", f"/channels/{bot.channel}/messages", body, files={"log.txt": b"log"})
    async with bot.http.get(f"{discord.base}/control/page", params={"channel": "task-queue"}) as got:
        assert got.headers["Content-Type"].startswith("text/html")
        page = Reader(await got.text())
    for part in ("do", "it", "@Bob", "⏳ 1", "task 1", "Card", "Pool", "default", "Cancel", "print(1)", "log.txt", "APP"):
        assert part in page.text
    assert {"b", "code", "pre", "article", "footer"} <= set(page.tags)
    assert "script" not in page.tags


HOSTILE = [
    "<script>alert(1)</script>",
    "**<b onclick=x>**",
    "`<i>` ```<u>```",
    '[<x>](https://e.example/"><script>)',
    '<@&1"><img src=x>',
    "'\"><svg onload=x>",
    "&lt;script&gt; &amp;",
    "```\n```</pre><script>",
]


@pytest.mark.parametrize("text", HOSTILE)
async def test_text_is_text(discord: Standin, bot: Bot, text: str) -> None:
    plain = Reader(render.channel(discord.world, discord.world.channels[int(bot.channel)])).tags
    await bot.control("say", user="alice", channel="task-queue", content=text)
    page = Reader(render.channel(discord.world, discord.world.channels[int(bot.channel)]))
    assert set(page.tags) - set(plain) <= {"article", "div", "time", "span", "b", "code", "pre", "a", "br"}
    kept = re.sub(r"[*`\n]|\]\(.*", "", text).lstrip("[")
    assert re.sub(r"[*`\n]", "", kept)[:10] in page.text.replace("\n", "")


async def test_who_looks_sees_what_is_only_for_them(discord: Standin, bot: Bot) -> None:
    await bot.call("PUT", f"/applications/{bot.application}/commands", [{"name": "ask", "description": "d"}])
    made = await bot.control("command", user="alice", channel="task-queue", command="ask")
    token = discord.world.interactions[int(made["id"])].token
    body = {"type": 4, "data": {"content": "psst", "flags": 64}}
    await bot.call("POST", f"/interactions/{made['id']}/{token}/callback", body)
    for user, sees in (("alice", True), ("bob", False)):
        async with bot.http.get(f"{discord.base}/control/page", params={"channel": "task-queue", "user": user}) as got:
            assert ("psst" in await got.text()) is sees
