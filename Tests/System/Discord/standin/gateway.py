"""How does one listen? The websocket: hello, heartbeats, identify, resume, and the ways in which it ends."""

from __future__ import annotations

import asyncio
import json
import struct
import time
import traceback
import zlib
from collections import deque
from typing import Any

from aiohttp import WSMsgType, web

from . import gateway_budget, views
from .clock import Timer
from .model import JSON
from .sessions import KNOWN_INTENTS, PRIVILEGED, Session, hears
from .world import Event, World

RESUME_PATH = "/resume"
REASONS = {
    4000: "Unknown error",
    4001: "Unknown opcode",
    4002: "Decode error",
    4003: "Not authenticated",
    4004: "Authentication failed",
    4005: "Already authenticated",
    4007: "Invalid seq",
    4008: "Rate limited",
    4009: "Session timed out",
    4010: "Invalid shard",
    4011: "Sharding required",
    4012: "Invalid API version",
    4013: "Invalid intent(s)",
    4014: "Disallowed intent(s)",
}


class Connection:
    """One websocket of one client."""

    def __init__(self, gateway: Gateway, http: web.Request, socket: web.WebSocketResponse) -> None:
        self.gateway = gateway
        self.world = gateway.world
        self.socket = socket
        self._http = http
        self.session: Session | None = None
        self.zombie = gateway.zombies  # takes everything, and answers nothing
        self.beaten = asyncio.Event()
        self._deflate = zlib.compressobj() if http.query.get("compress") == "zlib-stream" else None
        self._outbox: asyncio.Queue[bytes | str | tuple[int, str]] = asyncio.Queue()
        self._deadline: Timer | None = None
        self._received: deque[float] = deque()
        self.closing = False

    # Sending, in order and without waiting

    def send(self, payload: JSON) -> None:
        self.send_text(json.dumps(payload))

    def send_text(self, text: str) -> None:
        if self.zombie:
            return
        if self._deflate is None:
            self._outbox.put_nowait(text)
        else:
            self._outbox.put_nowait(self._deflate.compress(text.encode()) + self._deflate.flush(zlib.Z_SYNC_FLUSH))

    def close(self, code: int) -> None:
        """Ends the connection after what is on its way. 0: without a word."""
        if self.closing:
            return
        self.closing = True
        if self.session is not None:
            self.session.send = None
        if 4000 <= code < 5000:
            self.world.journal.note("closed", code=code, session=self.session.id if self.session else None)
        self._outbox.put_nowait((code, REASONS.get(code, "")))

    async def write(self) -> None:
        while True:
            item = await self._outbox.get()
            try:
                if isinstance(item, tuple):
                    await self._end(item[0], item[1])
                    return
                if self.gateway.fragment:
                    self._send_in_pieces(item)
                elif isinstance(item, bytes):
                    await self.socket.send_bytes(item)
                else:
                    await self.socket.send_str(item)
            except (ConnectionError, RuntimeError):
                return

    def _send_in_pieces(self, item: bytes | str) -> None:
        """One message in many frames, as a proxy on the way may do it; written by hand, as aiohttp never does."""
        data = item.encode() if isinstance(item, str) else item
        size = self.gateway.fragment
        pieces = [data[start : start + size] for start in range(0, len(data), size)]
        for number, piece in enumerate(pieces):
            opcode = 0 if number else 1 if isinstance(item, str) else 2
            last = 0x80 if number == len(pieces) - 1 else 0
            if self._http.transport is not None:
                self._http.transport.write(struct.pack("!BBH", last | opcode, 126, len(piece)) + piece)

    async def _end(self, code: int, reason: str) -> None:
        if code:
            await self.socket.close(code=code, message=reason.encode())
        elif self._http.transport is not None:
            self._http.transport.abort()

    # Receiving

    async def run(self) -> None:
        if not self.gateway.silent:
            self.send(
                {
                    "op": 10,
                    "s": None,
                    "t": None,
                    "d": {"heartbeat_interval": int(self.world.settings.heartbeat_interval * 1000)},
                }
            )
        self._expect_beat()
        async for message in self.socket:
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                break
            data = message.data.encode() if isinstance(message.data, str) else message.data
            self._receive(data)
        if self._deadline is not None:
            self._deadline.cancel()

    def _receive(self, data: bytes) -> None:
        now = self.world.clock.now()
        self._received.append(now)
        while self._received[0] <= now - self.world.settings.gateway_window:
            self._received.popleft()
        if len(self._received) > self.world.settings.gateway_sends:
            return self.violate("gateway_rate", 4008, "too many payloads")
        if len(data) > 4096:
            return self.violate("gateway_too_large", 4002, f"a payload of {len(data)} bytes")
        try:
            payload = json.loads(data)
            op = payload["op"]
        except (ValueError, KeyError, TypeError):
            return self.violate("gateway_protocol", 4002, "not a JSON object with an op")
        if self.zombie:
            return None
        body = payload.get("d")
        if op == 1:
            return self._beat(body)
        if op in (2, 6, 8) and not isinstance(body, dict):
            return self.violate("gateway_protocol", 4002, f"op {op} without an object")
        if op == 2:
            return self._identify(body)
        if op == 6:
            return self._resume(body)
        if self.session is None:
            return self.violate("gateway_protocol", 4003, f"op {op} before identify")
        if op == 8:
            return self.gateway.send_members(self.session, body)
        if op not in (3, 4, 31):
            return self.violate("gateway_protocol", 4001, f"op {op}")
        return None

    def violate(self, kind: str, code: int, detail: str) -> None:
        self.world.journal.violate(kind, f"{code} {REASONS.get(code, '')}: {detail}")
        self.close(code)

    def _beat(self, seq: Any) -> None:
        self.beaten.set()
        self._expect_beat()
        self.world.journal.note("heartbeat", seq=seq)
        self.send({"op": 11, "s": None, "t": None, "d": None})

    def _expect_beat(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        # Half an interval more than promised, as networks are slow.
        self._deadline = self.world.clock.after(self.world.settings.heartbeat_interval * 1.5, self._missed_beat)

    async def _missed_beat(self) -> None:
        """A client on real time cannot know that this clock was moved: it is asked, and has some real seconds."""
        if self.closing:
            return
        if self.world.clock.by_hand and not self.zombie:
            self.beaten.clear()
            self.send({"op": 1, "s": None, "t": None, "d": None})
            try:
                await asyncio.wait_for(self.beaten.wait(), self.world.settings.heartbeat_grace)
                return
            except TimeoutError:
                pass
        self.world.journal.note("no heartbeat", session=self.session.id if self.session else None)
        self.gateway.forget(self.session)
        self.close(4009)

    def _identify(self, body: JSON) -> None:
        world, properties = self.world, body.get("properties")
        if self.session is not None:
            return self.violate("gateway_protocol", 4005, "a second identify")
        if str(body.get("token", "")).removeprefix("Bot ") != world.application.token:
            return self.violate("gateway_protocol", 4004, "a wrong token")
        if not isinstance(properties, dict) or not {"os", "browser", "device"} <= {each.lstrip("$") for each in properties}:
            return self.violate("gateway_protocol", 4002, "identify without properties os, browser and device")
        if (shard := body.get("shard")) is not None and shard != [0, 1]:
            return self.violate("gateway_protocol", 4010, f"shard {shard}; here is one")
        intents = body.get("intents")
        if not isinstance(intents, int) or isinstance(intents, bool) or intents < 0 or intents & ~KNOWN_INTENTS:
            return self.violate("intents", 4013, f"intents {intents!r}")
        if intents & PRIVILEGED & ~world.settings.granted_intents:
            return self.violate("intents", 4014, f"intents {intents} of which {intents & PRIVILEGED} are privileged")
        if (refusal := gateway_budget.take(world)) is not None:
            return self._refuse_start(refusal)
        self.session = session = Session(intents)
        self.gateway.sessions[session.id] = session
        session.send = self.send
        world.journal.note("identify", session=session.id, intents=intents)
        keep = world.settings.resume_events
        session.push("READY", self.gateway.ready(session, shard), keep)
        for guild in world.guilds.values():
            if world.application.bot_id in guild.members and intents & 1:
                session.push("GUILD_CREATE", views.gateway_guild(world, guild, world.application.bot_id), keep)
        return None

    def _refuse_start(self, refusal: str) -> None:
        if refusal == "too fast":
            self.world.journal.violate("identify_too_fast", "more than one identify in five seconds")
            self.send({"op": 9, "s": None, "t": None, "d": False})
        else:
            # The real Discord resets the token, and writes an e-mail.
            self.gateway.reset_token()
            self.violate("identify_budget", 4004, "the identifies of the day are used up; the token was reset")

    def _resume(self, body: JSON) -> None:
        if self.session is not None:
            return self.violate("gateway_protocol", 4005, "resume in a session")
        if str(body.get("token", "")).removeprefix("Bot ") != self.world.application.token:
            return self.violate("gateway_protocol", 4004, "a wrong token")
        session = self.gateway.sessions.get(str(body.get("session_id")))
        seq = body.get("seq")
        if session is None or not isinstance(seq, int):
            self.world.journal.note("resume refused", session=body.get("session_id"))
            return self.send({"op": 9, "s": None, "t": None, "d": False})
        if seq > session.seq:
            self.gateway.forget(session)
            return self.violate("gateway_protocol", 4007, f"seq {seq} of {session.seq}")
        if not self._http.path.rstrip("/").endswith(RESUME_PATH):
            self.world.journal.violate("resume_elsewhere", f"session {session.id} at {self._http.path}")
        missed = session.replay(seq)
        if missed is None:
            self.gateway.forget(session)
            return self.send({"op": 9, "s": None, "t": None, "d": False})
        self.gateway.take_over(session)
        self.session = session
        session.send = self.send
        session.resumed += 1
        self.world.journal.note("resumed", session=session.id, seq=seq, missed=len(missed))
        for payload in missed:
            self.send(payload)
        return session.push("RESUMED", {"_trace": ["stand-in"]}, self.world.settings.resume_events)


class Gateway:
    def __init__(self, world: World) -> None:
        self.world = world
        self.sessions: dict[str, Session] = {}
        self.connections: set[Connection] = set()
        self.zombies = False  # whether new connections are deaf from the start
        self.silent = False  # whether new connections get no hello
        self.fragment = 0  # into pieces of how many bytes messages are cut; 0: not at all
        self.refused = 0  # how many more connections are refused
        world.listeners.append(self.hear)

    def hear(self, event: Event) -> None:
        for session in self.sessions.values():
            data = hears(self.world, session, event)
            if data is not None:
                session.push(event.name, data, self.world.settings.resume_events)

    async def handle(self, http: web.Request) -> web.StreamResponse:
        query = http.query
        if self.refused > 0:
            self.refused -= 1
            self.world.journal.note("refused")
            return web.Response(status=503, text="upstream connect error")
        socket = web.WebSocketResponse(max_msg_size=1 << 20)
        await socket.prepare(http)
        connection = Connection(self, http, socket)
        self.world.journal.note("connected", path=http.path, query=dict(query), real=time.monotonic())
        writer = asyncio.create_task(connection.write())
        self.connections.add(connection)
        try:
            if query.get("v") != "10":
                connection.violate("gateway_protocol", 4012, f"version {query.get('v')}")
            elif query.get("encoding", "json") != "json" or query.get("compress") not in (None, "zlib-stream"):
                connection.violate(
                    "gateway_protocol", 4002, f"{dict(query)}: the stand-in speaks json, plain or as zlib-stream"
                )
            await connection.run()
        except Exception:
            # It is a fault of the stand-in, and a suite has to see it.
            self.world.journal.own_faults.append(f"gateway: {traceback.format_exc()}")
        finally:
            self.connections.discard(connection)
            self._left(connection)
            # What is on its way, and the good-bye, still go out.
            if not connection.closing:
                writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
        return socket

    def _left(self, connection: Connection) -> None:
        """Nobody listens to the session now. It is kept for some time, unless the client said good-bye with 1000 or 1001."""
        session, code = connection.session, connection.socket.close_code
        self.world.journal.note("disconnected", code=code, session=session.id if session is not None else None)
        if session is None or session.send not in (None, connection.send):
            return
        session.send = None
        if code in (1000, 1001) and not connection.closing:
            self.forget(session)
        resumed = session.resumed
        self.world.clock.after(self.world.settings.resume_window, lambda: self._expire(session, resumed))

    def _expire(self, session: Session, resumed: int) -> None:
        if session.send is None and session.resumed == resumed:
            self.forget(session)

    def forget(self, session: Session | None) -> None:
        if session is not None:
            self.sessions.pop(session.id, None)
            session.send = None

    def take_over(self, session: Session) -> None:
        """A session has one connection: an older one that is still open ends."""
        for connection in self.connections:
            if connection.session is session:
                connection.close(4000)

    def reset_token(self) -> None:
        application = self.world.application
        application.token = application.token[:-8] + f"{time.monotonic_ns() % 10**8:08}"
        for connection in self.connections:
            connection.close(4004)
        self.sessions.clear()

    def ready(self, session: Session, shard: list[int] | None) -> JSON:
        world = self.world
        bot = world.application.bot_id
        view: JSON = {
            "v": 10, "user": views.me(world.users[bot]), "session_id": session.id, "session_type": "normal",
            "resume_gateway_url": world.gateway_url + RESUME_PATH, "private_channels": [], "relationships": [], "presences": [],
            "guilds": [{"id": str(each.id), "unavailable": True} for each in world.guilds.values() if bot in each.members],
            "application": {"id": str(world.application.id), "flags": world.application.flags}, "user_settings": {},
            "geo_ordered_rtc_regions": [], "auth": {}, "_trace": ["stand-in"],
        }  # fmt: skip
        if shard is not None:
            view["shard"] = shard
        return view

    def send_members(self, session: Session, body: JSON) -> None:
        guild = next((each for each in self.world.guilds.values() if str(each.id) == body.get("guild_id")), None)
        if guild is None:
            return
        ids = body.get("user_ids")
        wanted = ids if isinstance(ids, list) else [str(each) for each in guild.members] if ids is None else [ids]
        found = [views.member(self.world, each) for each in guild.members.values() if str(each.user_id) in wanted]
        data: JSON = {
            "guild_id": str(guild.id),
            "members": found,
            "chunk_index": 0,
            "chunk_count": 1,
            "not_found": [],
            "presences": [],
        }
        if body.get("nonce") is not None:
            data["nonce"] = body["nonce"]
        session.push("GUILD_MEMBERS_CHUNK", data, self.world.settings.resume_events)
