"""discord.py lives with the stand-in as it does with Discord."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from typing import Any

import discord
import pytest
import yarl
from clients import (
    CREATE,
    CUTS,
    answered,
    broken,
    clicks,
    hear_all,
    messages,
    notes,
    people,
    texts,
    trouble,
    until,
    until_heard,
)

from standin import Standin

QUIET = discord.AllowedMentions.none()


class Client(discord.Client):
    """A bot with a command, a form, buttons and completion, in discord.py's own way."""

    def __init__(self) -> None:
        intents = discord.Intents(guilds=True, guild_messages=True, message_content=True, guild_reactions=True)
        super().__init__(intents=intents, allowed_mentions=QUIET, guild_ready_timeout=0.05)
        self.heard: list[str] = []
        self.resumed = 0
        self.tree = discord.app_commands.CommandTree(self)
        self.tree.add_command(ask)
        self.tree.add_command(form)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Not the five seconds between two identifies, which are shorter here."""

    async def on_message(self, message: discord.Message) -> None:
        if message.author != self.user:
            self.heard.append(message.content)

    async def on_resumed(self) -> None:
        self.resumed += 1


async def complete(_: discord.Interaction, current: str) -> list[discord.app_commands.Choice[str]]:
    return [discord.app_commands.Choice(name=f"{current}{number}", value=str(number)) for number in range(3)]


@discord.app_commands.command(description="Ask something")
@discord.app_commands.autocomplete(what=complete)
async def ask(interaction: discord.Interaction, what: str) -> None:
    await interaction.response.defer()
    view = discord.ui.View()
    button: discord.ui.Button[Any] = discord.ui.Button(label="Stop", custom_id="stop")
    button.callback = stopped  # type: ignore[method-assign]
    view.add_item(button)
    await interaction.edit_original_response(content=f"asked {what}", view=view)
    await interaction.followup.send("more", ephemeral=True)


async def stopped(interaction: discord.Interaction) -> None:
    await interaction.response.edit_message(content="stopped", view=None)


class Form(discord.ui.Modal, title="Form"):
    why: discord.ui.TextInput[Any] = discord.ui.TextInput(label="Why", custom_id="why")

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"because {self.why.value}")


@discord.app_commands.command(description="Fill in a form")
async def form(interaction: discord.Interaction) -> None:
    await interaction.response.send_modal(Form())


@pytest.fixture
async def client(live: Standin, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Client]:
    monkeypatch.setattr(discord.http.Route, "BASE", live.base + "/api/v10")
    monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(live.world.gateway_url))
    async with Client() as made:
        running = asyncio.create_task(made.start(live.world.application.token))
        await asyncio.wait_for(ready(made, running), 30)
        yield made
        await made.close()
        await asyncio.gather(running, return_exceptions=True)


async def ready(made: Client, running: asyncio.Task[None]) -> None:
    while not made.is_ready():
        assert not running.done(), running
        await asyncio.sleep(0.01)


def channel(client: Client, name: str = "task-queue") -> discord.TextChannel:
    found = discord.utils.get(client.get_all_channels(), name=name)
    assert isinstance(found, discord.TextChannel)
    return found


async def test_messages_threads_files_and_reactions(live: Standin, client: Client) -> None:
    sent = await channel(client).send("task", nonce=7)
    again = await channel(client).send("task", nonce=7)
    assert again.id == sent.id
    await sent.add_reaction("⏳")
    await sent.remove_reaction("⏳", client.user or sent.author)
    thread = await sent.create_thread(name="task 1", auto_archive_duration=60)
    assert thread.id == sent.id
    card = await thread.send(embed=discord.Embed(title="Card"), file=discord.File(io.BytesIO(b"log"), "log.txt"))
    assert await card.attachments[0].read() == b"log"
    card = await card.edit(content="new", attachments=[], allowed_mentions=QUIET)
    assert (card.content, card.attachments) == ("new", [])
    await thread.edit(archived=True)
    with pytest.raises(discord.HTTPException) as refusal:
        await card.edit(content="too late", allowed_mentions=QUIET)
    assert refusal.value.code == 50083
    assert [each.content async for each in thread.history()] == ["new", ""]
    with pytest.raises(discord.HTTPException) as refusal:
        await sent.create_thread(name="again")
    assert refusal.value.code == 160004
    await sent.pin()
    assert [each.id async for each in channel(client).pins()] == [sent.id]
    await sent.delete()
    assert broken(live) == []


async def test_commands_buttons_forms_and_completion(live: Standin, client: Client) -> None:
    guild = client.guilds[0]
    client.tree.copy_global_to(guild=guild)
    assert {each.name for each in await client.tree.sync(guild=guild)} == {"ask", "form"}
    made = await clicks.autocomplete(live, "alice", "task-queue", "ask", "what", "x", wait=20)
    assert [each["name"] for each in made["callback"]["data"]["choices"]] == ["x0", "x1", "x2"]
    made = await clicks.command(live, "alice", "task-queue", "ask", {"what": "ever"}, wait=20)
    await answered(live, made, "more")
    told = (await answered(live, made, "asked ever")).original_id
    made = await clicks.click(live, "alice", str(told), "Stop", wait=20)
    assert made["state"] == "answered"
    assert texts(live) == ["stopped", "more"]
    made = await clicks.command(live, "alice", "task-queue", "form", wait=20)
    made = await clicks.submit(live, made["id"], {"why": "so"}, wait=20)
    await answered(live, made, "because so")
    assert broken(live) == []


@pytest.mark.parametrize("cut", CUTS)
async def test_nothing_is_lost_when_the_gateway_goes(live: Standin, client: Client, cut: str) -> None:
    await hear_all(live, client.heard, lambda: CUTS[cut](live))
    assert client.resumed == 1
    assert len(notes(live, "identify")) == 1
    assert broken(live) == []


async def test_a_session_that_is_gone_begins_anew(live: Standin, client: Client) -> None:
    trouble.gateway(live, "invalid_session")
    await until(live, lambda: len(notes(live, "identify")) == 2, "no second identify")
    assert broken(live) == []


async def test_an_hour_passes_in_a_moment(live: Standin, client: Client) -> None:
    await live.clock.advance(3600)
    people.say(live, "alice", "task-queue", "later")
    await until_heard(client.heard, 1)
    assert len(notes(live, "connected")) == 1
    assert broken(live) == []


async def test_its_own_limiter_keeps_to_the_headers(live: Standin, client: Client) -> None:
    live.limits.set("POST", CREATE, 3, 0.3)
    await asyncio.gather(*(channel(client).send(str(number)) for number in range(10)))
    assert sorted(texts(live)) == [str(number) for number in range(10)]
    assert [each.status for each in live.world.journal.requests if each.status == 429] == []
    assert broken(live) == []


@pytest.mark.parametrize("scope", ["user", "shared", "global"])
async def test_it_waits_as_long_as_a_429_says(live: Standin, client: Client, scope: str) -> None:
    trouble.fault(live, action="rate_limit", method="POST", scope=scope, seconds=0.4)
    await channel(client).send("late")
    refused, taken = [each for each in live.world.journal.requests if each.route == CREATE or each.fault]
    assert (refused.status, taken.status) == (429, 200)
    assert taken.at - refused.at >= 0.4
    assert broken(live) == []


async def test_a_502_is_tried_again_and_its_nonce_holds(live: Standin, client: Client) -> None:
    trouble.fault(live, action="html", method="POST", status=502, done=True)
    await channel(client).send("once", nonce=1)
    assert texts(live) == ["once"]


@pytest.mark.parametrize(
    ("trap", "error"),
    [("token", discord.LoginFailure), ("intents", discord.PrivilegedIntentsRequired), ("close", discord.ConnectionClosed)],
)
async def test_what_is_fatal_is_understood(
    live: Standin, monkeypatch: pytest.MonkeyPatch, trap: str, error: type[Exception]
) -> None:
    monkeypatch.setattr(discord.http.Route, "BASE", live.base + "/api/v10")
    monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(live.world.gateway_url))
    token = live.world.application.token
    if trap == "intents":
        live.settings.granted_intents = 0
    async with Client() as made:
        running = asyncio.create_task(made.start("wrong" if trap == "token" else token))
        if trap == "close":
            await until(live, lambda: notes(live, "identify") != [], "no identify")
            trouble.gateway(live, "close", code=4004)
        with pytest.raises(error):
            await asyncio.wait_for(running, 30)


async def test_it_sees_what_people_do(live: Standin, client: Client) -> None:
    message = people.say(live, "alice", "task-queue", "hello")["id"]
    seen = await client.wait_for("message", timeout=20) if not client.heard else client.cached_messages[-1]
    assert seen.id == message
    people.edit(live, "alice", str(message), "changed")
    _, after = await client.wait_for("message_edit", timeout=20)
    assert after.content == "changed"
    people.react(live, "bob", str(message), "✅")
    reaction, who = await client.wait_for("reaction_add", timeout=20)
    assert (str(reaction.emoji), who.name) == ("✅", "bob")
    people.delete(live, "alice", str(message))
    assert (await client.wait_for("message_delete", timeout=20)).id == message
    assert messages(live) == []
