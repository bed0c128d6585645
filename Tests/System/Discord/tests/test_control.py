"""The strings: every verb is reachable, says no in a sentence, and the dump has everything that happened."""

from __future__ import annotations

import asyncio
import json
import signal
import ssl
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from support import NOBODY, Bot

from standin import Settings, Standin
from standin.__main__ import main
from standin.control import VERBS

HERE = Path(__file__).resolve().parent.parent

# A verb, its arguments, and a part of the sentence that it answers.
WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("sing", {}, "there is no 'sing'"),
    ("say", {"user": "alice"}, "missing a required argument: 'channel'"),
    ("say", {"user": "alice", "channel": "task-queue", "contents": "x"}, "unexpected keyword argument 'contents'"),
    ("say", {"user": "nobody", "channel": "task-queue", "content": "x"}, "there is no user 'nobody'"),
    ("say", {"user": "alice", "channel": "nowhere", "content": "x"}, "there is no channel 'nowhere'"),
    ("say", {"user": "alice", "channel": "task-queue"}, "Cannot send an empty message"),
    ("react", {"user": "alice", "message": "1", "emoji": "✅"}, "there is no message '1'"),
    ("permit", {"role": "orch", "permissions": ["FLY"]}, "there is no permission 'FLY'"),
    ("settings", {"nonce_second": 1}, "there is no setting 'nonce_second'"),
    ("settings", {"nonce_seconds": "1"}, "takes a float"),
    ("clock", {"advance": -1}, "backwards"),
    ("limit", {"method": "GET", "route": "/moon", "limit": 1, "window": 1}, "there is no route"),
    ("gateway", {"action": "dance"}, "there is no 'dance'"),
    ("invite", {}, "in orch already"),
    ("interaction", {"id": "1"}, "there is no interaction 1"),
]  # fmt: skip


@pytest.mark.parametrize(("verb", "arguments", "sentence"), WRONG)
async def test_what_cannot_be_is_said(discord: Standin, bot: Bot, verb: str, arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(RuntimeError) as refusal:
        await bot.control(verb, **arguments)
    assert sentence in str(refusal.value)


async def test_people_have_permissions_too(discord: Standin, bot: Bot) -> None:
    await bot.control("overwrite", channel="results", role="@everyone", deny=["SEND_MESSAGES"])
    with pytest.raises(RuntimeError, match="Missing Permissions"):
        await bot.control("say", user="alice", channel="results", content="x")
    message = (await bot.say()).body["id"]
    with pytest.raises(RuntimeError, match="another user"):
        await bot.control("edit", user="alice", message=message, content="x")


async def test_the_dump_has_who_said_what_when(discord: Standin, bot: Bot) -> None:
    said = await bot.control("say", user="alice", channel="task-queue", content="one", files=[{"name": "a", "text": "x"}])
    await discord.clock.advance(10)
    await bot.control("edit", user="alice", message=said["id"], content="two")
    await bot.say("three", nonce="n")
    await bot.control("delete", user="alice", message=said["id"])
    await bot.call("GET", "/users/@me", headers={"Authorization": "Bot wrong"})
    async with bot.http.get(f"{discord.base}/control/dump") as got:
        dump = json.loads(await got.read())
    (gone,) = dump["deleted"]
    assert (gone["id"], gone["content"], [each["content"] for each in gone["revisions"]]) == (said["id"], "two", ["one"])
    assert (gone["edited_at"] - gone["created_at"], gone["deleted_at"]) == (10, dump["now"])
    (place,) = [each for each in dump["channels"] if each["name"] == "task-queue"]
    assert [(each["content"], each["author_id"], each["nonce"]) for each in place["messages"]] == [
        ("three", bot.application, "n")
    ]
    journal = dump["journal"]
    assert [(each["method"], each["status"]) for each in journal["requests"]] == [("POST", 200), ("GET", 401)]
    assert journal["requests"][0]["body"] == {"content": "three", "allowed_mentions": NOBODY, "nonce": "n"}
    assert [each["kind"] for each in journal["violations"]] == ["unauthorized"]
    assert discord.world.application.token not in json.dumps(dump)


async def test_waiting_ends_when_it_happens_and_when_it_does_not(discord: Standin, bot: Bot) -> None:
    waiting = asyncio.create_task(bot.control("wait_requests", method="POST", path="/channels/*/messages", count=2))
    await bot.say()
    assert not waiting.done()
    await bot.say()
    assert (await waiting)["ok"] is True
    assert (await bot.control("wait_message", channel="task-queue", contains="nothing", seconds=0.01))["ok"] is False


async def test_other_authors_look_as_they_do(discord: Standin, bot: Bot) -> None:
    await bot.control("webhook_say", channel="task-queue", content="from a hook")
    await bot.control("user", username="robot", bot=True)
    await bot.control("join", user="robot")
    await bot.control("say", user="robot", channel="task-queue", content="from a bot")
    hook, robot = reversed((await bot.call("GET", f"/channels/{bot.channel}/messages")).body)
    assert (hook["author"]["bot"], "webhook_id" in hook) == (True, True)
    assert (robot["author"]["bot"], "webhook_id" in robot) == (True, False)


async def test_a_direct_message_comes_to_the_bot(discord: Standin, bot: Bot) -> None:
    said = await bot.control("direct", user="alice", content="psst")
    assert (await bot.call("GET", f"/channels/{said['channel']}")).body["type"] == 1
    assert (await bot.say("yes?", channel=said["channel"])).status == 200


async def test_verbs_are_documented(discord: Standin) -> None:
    readme = (HERE / "README.md").read_text()
    assert [name for name in VERBS if f"`{name}`" not in readme] == []


async def test_the_program_says_where_it_is_and_ends_when_told(tmp_path: Path) -> None:
    where = tmp_path / "where.json"
    command = [sys.executable, "-m", "standin", "--speed", "0", "--set", "global_limit=7", "--write", str(where)]
    running = await asyncio.create_subprocess_exec(*command, cwd=HERE, stdout=asyncio.subprocess.PIPE)
    assert running.stdout is not None
    addresses = json.loads(await asyncio.wait_for(running.stdout.readline(), 60))
    assert json.loads(where.read_text()) == addresses
    assert where.stat().st_mode & 0o777 == 0o600
    assert all("//127.0.0.1:" in addresses[name] for name in ("api", "gateway", "cdn", "control"))
    async with aiohttp.ClientSession() as http, http.get(addresses["control"] + "/settings") as got:
        assert (await got.json())["global_limit"] == 7
    running.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(running.wait(), 30) == 0


async def test_it_speaks_tls_when_told(tmp_path: Path) -> None:
    pem = tmp_path / "pem"
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    make += " -subj /CN=x -addext subjectAltName=IP:127.0.0.1"
    made = await asyncio.create_subprocess_exec(
        *make.split(), "-keyout", pem, "-out", f"{pem}.crt", stderr=asyncio.subprocess.DEVNULL
    )
    assert await made.wait() == 0
    server, trusting = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context(cafile=f"{pem}.crt")
    server.load_cert_chain(f"{pem}.crt", pem)
    async with Standin(tls=server) as discord, aiohttp.ClientSession() as http:
        addresses = discord.addresses()
        async with http.get(addresses["api"] + "/gateway", ssl=trusting) as got:
            url = (await got.json())["url"]
        assert url.startswith("wss://127.0.0.1:")
        async with http.ws_connect(url + "?v=10", ssl=trusting) as socket:
            assert (await socket.receive_json(timeout=5))["op"] == 10


@pytest.mark.parametrize("wrong", [["--set", "nonsense=1"], ["--set", "global_limit=x"], ["--world", "moon"]])
def test_the_program_refuses_what_it_does_not_know(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(wrong)
    assert ended.value.code == 2
    assert wrong[1] in capsys.readouterr().err


def test_settings_take_their_own_kind() -> None:
    settings = Settings()
    settings.change({"house_rules": False, "nonce_seconds": 1})
    assert (settings.house_rules, settings.nonce_seconds) == (False, 1.0)
    for wrong in ({"house_rules": 1.5}, {"global_limit": True}, {"global_limit": 1.5}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            settings.change(wrong)
