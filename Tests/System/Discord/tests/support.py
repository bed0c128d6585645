"""A bot without any library: requests, and a socket at the gateway, with nothing done for the test in secret."""

from __future__ import annotations

import asyncio
import json
import zlib
from typing import Any, Self

import aiohttp

from standin import Standin

AGENT = "DiscordBot (https://example.org, 1)"
INTENTS = 1 | 512 | 1024 | 32768
NOBODY = {"parse": []}


class Answer:
    def __init__(self, status: int, headers: Any, body: Any) -> None:
        self.status, self.headers, self.body = status, headers, body

    @property
    def code(self) -> int | None:
        return self.body.get("code") if isinstance(self.body, dict) else None

    @property
    def outcome(self) -> tuple[int, int | None]:
        return self.status, self.code if self.status >= 400 else None


class Bot:
    def __init__(self, standin: Standin) -> None:
        self.standin = standin
        self.channel = self.place("task-queue")
        self.guild = str(next(iter(standin.world.guilds)))
        self.application = str(standin.world.application.id)

    async def __aenter__(self) -> Self:
        self.http = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.close()

    def place(self, name: str) -> str:
        return next(str(each.id) for each in self.standin.world.channels.values() if each.name == name)

    def user(self, name: str) -> str:
        return next(str(each.id) for each in self.standin.world.users.values() if each.username == name)

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        files: dict[str, bytes] | None = None,
        headers: Any = None,
        **query: Any,
    ) -> Answer:
        sent = {"Authorization": f"Bot {self.standin.world.application.token}", "User-Agent": AGENT, **(headers or {})}
        sent = {name: value for name, value in sent.items() if value is not None}
        data: Any = None
        if files is not None:
            data = aiohttp.FormData(quote_fields=False)
            data.add_field("payload_json", json.dumps(body or {}), content_type="application/json")
            for index, (name, content) in enumerate(files.items()):
                data.add_field(f"files[{index}]", content, filename=name, content_type="text/plain")
        elif body is not None:
            data = json.dumps(body)
            sent.setdefault("Content-Type", "application/json")
        url = self.standin.base + "/api/v10" + path
        async with self.http.request(
            method, url, data=data, headers=sent, params=query, skip_auto_headers=("User-Agent",), allow_redirects=False
        ) as got:
            text = await got.read()
            body = json.loads(text) if got.headers.get("Content-Type") == "application/json" and text else text
            return Answer(got.status, got.headers, body)

    async def say(self, content: str = "hi", channel: str | None = None, **body: Any) -> Answer:
        path = f"/channels/{channel or self.channel}/messages"
        return await self.call("POST", path, {"content": content, "allowed_mentions": NOBODY, **body})

    async def control(self, verb: str, **arguments: Any) -> Any:
        async with self.http.post(f"{self.standin.base}/control/{verb}", json=arguments) as got:
            body = json.loads(await got.read())
            if got.status != 200:
                raise RuntimeError(body["error"])
            return body


class Wire:
    """A connection to the gateway."""

    def __init__(self, standin: Standin) -> None:
        self.standin = standin
        self.seq: int | None = None
        self.sockets: list[aiohttp.ClientWebSocketResponse] = []

    async def __aenter__(self) -> Self:
        self.http = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *_: object) -> None:
        for socket in self.sockets:
            await socket.close()
        await self.http.close()

    async def connect(self, url: str | None = None, **query: str) -> Self:
        """A new connection, beside those that there were."""
        query = {"v": "10", "encoding": "json", **query}
        self.inflate = zlib.decompressobj()
        self.socket = await self.http.ws_connect(url or self.standin.world.gateway_url, params=query, max_msg_size=0)
        self.sockets.append(self.socket)
        return self

    async def send(self, op: int, d: Any = None) -> None:
        await self.socket.send_json({"op": op, "d": d})

    async def receive(self) -> Any:
        """The next payload, or the code with which the connection ended."""
        message = await asyncio.wait_for(self.socket.receive(), 20)
        if message.type == aiohttp.WSMsgType.CLOSE:
            # Not `close_code`, which aiohttp overwrites when its own good-bye finds the connection gone.
            return message.data
        if message.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.ERROR):
            return self.socket.close_code
        text = self.inflate.decompress(message.data) if message.type == aiohttp.WSMsgType.BINARY else message.data
        payload = json.loads(text)
        if payload.get("s") is not None:
            self.seq = payload["s"]
        return payload

    async def until(self, name: str) -> Any:
        """The next event of this name."""
        while True:
            payload = await self.receive()
            assert isinstance(payload, dict), f"closed with {payload} while waiting for {name}"
            if payload.get("t") == name:
                return payload["d"]

    async def identify(self, **changes: Any) -> None:
        body = {
            "token": self.standin.world.application.token, "intents": INTENTS,
            "properties": {"os": "linux", "browser": "test", "device": "test"},
        }  # fmt: skip
        await self.send(2, {**body, **changes})

    async def ready(self, **changes: Any) -> Any:
        """Connects, identifies, and hears of the guild."""
        await self.connect()
        assert (await self.receive())["op"] == 10
        await self.identify(**changes)
        self.welcome = await self.until("READY")
        for _ in self.welcome["guilds"]:
            await self.until("GUILD_CREATE")
        return self.welcome
