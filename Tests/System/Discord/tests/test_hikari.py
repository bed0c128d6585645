"""hikari lives with the stand-in as it does with Discord. Its reader of events is the strictest."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import hikari
import pytest
from clients import CREATE, CUTS, answered, broken, clicks, hear_all, notes, people, texts, trouble, until, until_heard

from standin import Standin

QUIET: dict[str, Any] = {"mentions_everyone": False, "user_mentions": False, "role_mentions": False}


class Client:
    """A bot with a command, a form, a button and completion, in hikari's own way."""

    def __init__(self, standin: Standin) -> None:
        intents = hikari.Intents.GUILDS | hikari.Intents.GUILD_MESSAGES | hikari.Intents.MESSAGE_CONTENT
        self.bot = hikari.GatewayBot(
            standin.world.application.token, rest_url=standin.base + "/api/v10", intents=intents, banner=None, logs=None
        )
        self.rest = self.bot.rest
        self.heard: list[str] = []
        self.resumed = 0
        self.failed: list[str] = []
        self.bot.listen(hikari.GuildMessageCreateEvent)(self.on_message)
        self.bot.listen(hikari.ShardResumedEvent)(self.on_resumed)
        self.bot.listen(hikari.InteractionCreateEvent)(self.on_interaction)
        self.bot.listen(hikari.ExceptionEvent)(self.on_exception)

    async def on_message(self, event: hikari.GuildMessageCreateEvent) -> None:
        if event.is_human:
            self.heard.append(event.content or "")

    async def on_resumed(self, _: hikari.ShardResumedEvent) -> None:
        self.resumed += 1

    async def on_exception(self, event: hikari.ExceptionEvent[Any]) -> None:
        self.failed.append(repr(event.exception))

    async def on_interaction(self, event: hikari.InteractionCreateEvent) -> None:
        interaction = event.interaction
        if isinstance(interaction, hikari.AutocompleteInteraction):
            await interaction.create_response([hikari.impl.AutocompleteChoiceBuilder("one", "1")])
        elif isinstance(interaction, hikari.CommandInteraction) and interaction.command_name == "form":
            row = self.rest.build_modal_action_row().add_text_input("why", "Why")
            await interaction.create_modal_response("Form", "form", component=row)
        elif isinstance(interaction, hikari.CommandInteraction):
            await interaction.create_initial_response(hikari.ResponseType.DEFERRED_MESSAGE_CREATE)
            row = self.rest.build_message_action_row().add_interactive_button(hikari.ButtonStyle.DANGER, "stop", label="Stop")
            await interaction.edit_initial_response("asked", component=row, **QUIET)
            await interaction.execute("more", flags=hikari.MessageFlag.EPHEMERAL, **QUIET)
        elif isinstance(interaction, hikari.ComponentInteraction):
            await interaction.create_initial_response(hikari.ResponseType.MESSAGE_UPDATE, "stopped", components=[], **QUIET)
        elif isinstance(interaction, hikari.ModalInteraction):
            await interaction.create_initial_response(hikari.ResponseType.MESSAGE_CREATE, "because so", **QUIET)


@pytest.fixture
async def client(live: Standin) -> AsyncIterator[Client]:
    made = Client(live)
    await made.bot.start(check_for_updates=False)
    await until(live, lambda: notes(live, "identify") != [], "no identify")
    yield made
    await made.bot.close()
    assert made.failed == []


def channel(standin: Standin) -> int:
    return next(each.id for each in standin.world.channels.values() if each.name == "task-queue")


async def test_messages_threads_files_and_reactions(live: Standin, client: Client) -> None:
    sent = await client.rest.create_message(channel(live), "task", **QUIET)
    await sent.add_reaction("⏳")
    await sent.remove_reaction("⏳")
    thread = await client.rest.create_message_thread(channel(live), sent, "task 1")
    assert thread.id == sent.id
    card = await client.rest.create_message(
        thread, embed=hikari.Embed(title="Card"), attachment=hikari.Bytes(b"log", "log.txt"), **QUIET
    )
    assert await card.attachments[0].read() == b"log"
    card = await card.edit("new", attachment=None, **QUIET)
    assert (card.content, list(card.attachments)) == ("new", [])
    await client.rest.edit_channel(thread, archived=True)
    with pytest.raises(hikari.BadRequestError) as refusal:
        await card.edit("too late", **QUIET)
    assert refusal.value.code == 50083
    assert [each.content for each in await client.rest.fetch_messages(channel(live))] == ["task"]
    await client.rest.delete_message(channel(live), sent)
    assert broken(live) == []
    assert live.world.journal.violations == []


async def test_commands_buttons_forms_and_completion(live: Standin, client: Client) -> None:
    application = await client.rest.fetch_application()
    guild = next(iter(live.world.guilds))
    option = hikari.CommandOption(
        type=hikari.OptionType.STRING, name="what", description="What", is_required=True, autocomplete=True
    )
    builders = [
        client.rest.slash_command_builder("ask", "Ask something").add_option(option),
        client.rest.slash_command_builder("form", "Fill in a form"),
    ]
    await client.rest.set_application_commands(application, builders, guild=guild)
    made = await clicks.autocomplete(live, "alice", "task-queue", "ask", "what", "x", wait=20)
    assert made["callback"]["data"]["choices"][0]["name"] == "one"
    made = await clicks.command(live, "alice", "task-queue", "ask", {"what": "ever"}, wait=20)
    await answered(live, made, "more")
    told = (await answered(live, made, "asked")).original_id
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


async def test_an_hour_passes_in_a_moment(live: Standin, client: Client) -> None:
    await live.clock.advance(3600)
    people.say(live, "alice", "task-queue", "later")
    await until_heard(client.heard, 1)
    assert len(notes(live, "connected")) == 1
    assert broken(live) == []


async def test_its_own_limiter_keeps_to_the_headers(live: Standin, client: Client) -> None:
    live.limits.set("POST", CREATE, 3, 0.3)
    await client.rest.create_message(channel(live), "first", **QUIET)
    await asyncio.gather(*(client.rest.create_message(channel(live), str(number), **QUIET) for number in range(9)))
    assert sorted(texts(live)) == [*(str(number) for number in range(9)), "first"]
    assert broken(live) == []


async def test_it_waits_as_long_as_a_429_says(live: Standin, client: Client) -> None:
    """Of a shared limit. After one of its bucket or a global one this version asks again sooner, by its own reckoning."""
    trouble.fault(live, action="rate_limit", method="POST", scope="shared", seconds=0.4)
    await client.rest.create_message(channel(live), "late", **QUIET)
    refused, taken = [each for each in live.world.journal.requests if each.route == CREATE or each.fault]
    assert (refused.status, taken.status) == (429, 200)
    assert taken.at - refused.at >= 0.4
    assert broken(live) == []


async def test_it_sees_what_people_do(live: Standin, client: Client) -> None:
    heard: list[Any] = []

    async def keep(event: Any) -> None:
        heard.append(event)

    for kind in (hikari.GuildMessageUpdateEvent, hikari.GuildMessageDeleteEvent, hikari.GuildThreadCreateEvent):
        client.bot.subscribe(kind, keep)
    message = people.say(live, "alice", "task-queue", "hello", files=[{"name": "a.txt", "text": "x"}])["id"]
    people.edit(live, "alice", str(message), "changed")
    people.thread(live, "alice", "thread", message=str(message))
    people.delete(live, "alice", str(message))

    async def wait() -> None:
        while len(heard) < 4:
            await asyncio.sleep(0.01)

    await asyncio.wait_for(wait(), 20)
    assert [type(each).__name__ for each in heard] == [
        "GuildMessageUpdateEvent", "GuildThreadCreateEvent", "GuildMessageUpdateEvent", "GuildMessageDeleteEvent",
    ]  # fmt: skip
