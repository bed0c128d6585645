"""What happens to a request? From the socket through faults, token, limits and checks to its handler, and back with headers."""

from __future__ import annotations

import asyncio
import json
import re
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any
from urllib.parse import unquote

from aiohttp import BodyPartReader, web

from .contract import Contract
from .errors import ApiError, FormErrors, error, form_error, plain
from .faults import Fault, Faults
from .journal import Request
from .limits import Limits, Verdict
from .messages import Upload
from .model import JSON
from .world import World

BASE = "/api/v10"
Reply = tuple[int, Any]


@dataclass
class Call:
    """One request, as a handler sees it."""

    world: World
    request: Request
    contract: Contract | None
    params: dict[str, int | str]
    query: dict[str, str]
    body: Any = None
    files: list[Upload] = field(default_factory=list)

    @property
    def me(self) -> int:
        return self.world.application.bot_id

    def id(self, name: str) -> int:
        value = self.params[f"{name}_id"]
        assert isinstance(value, int)
        return value

    def flag(self, name: str) -> bool:
        """A switch of the query. Discord takes both ways to write it, and clients use both."""
        return self.query.get(name, "").lower() in ("true", "1")

    @property
    def form(self) -> JSON:
        """The body, which has to be an object."""
        if not isinstance(self.body, dict):
            raise (
                error(50109) if self.body is None else form_error("body", "DICT_TYPE_CONVERT", "Only dictionaries may be used.")
            )
        return self.body

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """A number of the query, which has to be in a range."""
        text = self.query.get(name)
        if text is None:
            return default
        if not text.isdigit() or not low <= int(text) <= high:
            raise form_error(name, "NUMBER_TYPE_MAX", f"int value should be between {low} and {high}.")
        return int(text)

    def house(self, kind: str) -> None:
        if self.world.settings.house_rules and "allowed_mentions" not in (self.body or {}):
            self.world.journal.violate(kind, f"{self.request.method} {self.request.path}", self.request)


Handler = Callable[[Call], Awaitable[Reply]]


@dataclass
class Route:
    method: str
    template: str
    handler: Handler
    token: bool
    pattern: re.Pattern[str]
    literals: int


ROUTES: list[Route] = []


def route(method: str, template: str, *, token: bool = True) -> Callable[[Handler], Handler]:
    """Declares the handler of an operation by the name that the OpenAPI description gives to its path."""

    def declare(handler: Handler) -> Handler:
        parts = template.split("/")[1:]
        pattern = "".join(f"/(?P<{part[1:-1]}>[^/]+)" if part.startswith("{") else f"/{re.escape(part)}" for part in parts)
        literals = sum(not part.startswith("{") for part in parts)
        ROUTES.append(Route(method, template, handler, token, re.compile(pattern + "$"), literals))
        return handler

    return declare


def match(method: str, path: str) -> tuple[Route, dict[str, int | str]]:
    """The route with the most words of its own that fits."""
    fitting = [(each, found) for each in ROUTES if (found := each.pattern.match(path)) is not None]
    if not fitting:
        raise plain(404, "Not Found")
    fitting = [each for each in fitting if each[0].method == method]
    if not fitting:
        raise plain(405, "Method Not Allowed")
    chosen, found = max(fitting, key=lambda each: each[0].literals)
    params: dict[str, int | str] = {}
    for name, text in found.groupdict().items():
        value = unquote(text)
        if name.endswith("_id"):
            if not value.isdigit() or len(value) > 20:
                raise form_error(name, "NUMBER_TYPE_COERCE", f'Value "{value}" is not snowflake.')
            params[name] = int(value)
        else:
            params[name] = value
    return chosen, params


class Rest:
    def __init__(self, world: World, limits: Limits, faults: Faults, contract: Contract | None) -> None:
        self._world = world
        self._limits = limits
        self._faults = faults
        self._contract = contract

    async def handle(self, http: web.Request) -> web.StreamResponse:
        path = http.rel_url.raw_path.removeprefix(BASE)
        request = self._world.journal.arrived(http.method, path, dict(http.query))
        try:
            return await self._faulty(http, request)
        finally:
            self._world.journal.answered(request)

    async def _faulty(self, http: web.Request, request: Request) -> web.StreamResponse:
        fault = self._faults.pick("rest", http.method, request.path, request.number)
        if fault is None:
            return await self._answer(http, request)
        request.fault = fault.action
        if fault.action == "slow":
            await asyncio.sleep(fault.seconds)
            return await self._answer(http, request)
        if fault.action == "hang" and not fault.done:
            await fault.released.wait()
            return await self._answer(http, request)
        if not fault.done and fault.action != "garbage":
            await http.read()
            return self._fail(http, request, fault)
        answer = await self._answer(http, request)
        if fault.action == "hang":
            await fault.released.wait()
            return answer
        return self._fail(http, request, fault)

    def _fail(self, http: web.Request, request: Request, fault: Fault) -> web.StreamResponse:
        if fault.action == "cut":
            request.status = None
            if http.transport is not None:
                http.transport.abort()
            return web.Response(status=500)
        if fault.action == "garbage":
            return self._respond(request, 200, b'{"id": "1', {})
        if fault.action == "redirect":
            return self._respond(request, 302, b"", {"Location": fault.location})
        if fault.action == "html":
            page = f"<html><head><title>{fault.status}</title></head><body>cloudflare</body></html>".encode()
            request.status = fault.status
            return web.Response(status=fault.status, body=page, content_type="text/html")
        if fault.action == "rate_limit":
            return self._rate_limited(request, fault)
        body = fault.body if fault.body is not None else {"message": f"{fault.status}: fault", "code": 0}
        return self._respond(request, fault.status, json.dumps(body).encode(), {})

    def _rate_limited(self, request: Request, fault: Fault) -> web.StreamResponse:
        try:
            chosen, params = match(request.method, request.path)
        except ApiError as found:
            return self._respond(request, found.status, json.dumps(found.body).encode(), {})
        bucket = self._limits.bucket(request.method, chosen.template, major(chosen.template, params))
        return self._refuse(request, self._limits.refuse(bucket, fault.scope, fault.seconds))

    async def _answer(self, http: web.Request, request: Request) -> web.StreamResponse:
        if self._limits.banned_until > self._world.clock.now():
            wait = self._limits.banned_until - self._world.clock.now()
            request.status = 429
            page = b"<html><body>error code: 1015, you are being rate limited</body></html>"
            return web.Response(status=429, body=page, content_type="text/html", headers={"Retry-After": str(int(wait) + 1)})
        headers: dict[str, str] = {}
        template = None
        try:
            chosen, params = match(request.method, request.path)
            request.route = template = chosen.template
            if chosen.token:
                self._demand_agent(http, request)
                self._demand_token(http, request)
            verdict = self._limits.ask(request.method, template, major(template, params), request)
            if verdict.refused:
                return self._refuse(request, verdict)
            headers = verdict.headers
            call = Call(self._world, request, self._contract, params, dict(http.query))
            await self._read(http, call)
            self._check_body(call, template)
            status, body = await chosen.handler(call)
        except ApiError as found:
            status, body = found.status, found.body
            request.code = found.code
            if template is None:
                self._world.journal.violate("unknown_route", f"{request.method} {request.path}", request)
        except ConnectionError:
            # The client was killed while it sent: nobody reads an answer.
            return self._respond(request, 499, b"", headers)
        except Exception:
            self._world.journal.own_faults.append(f"{request.method} {request.path}: {traceback.format_exc()}")
            status, body = 500, {"message": "500: Internal Server Error", "code": 0}
        self._limits.count_invalid(status, headers.get("X-RateLimit-Scope"))
        if self._contract is not None and template is not None and status < 500:
            for wrong in self._contract.answer(request.method, template, status, body):
                self._world.journal.own_faults.append(f"answer to {request.method} {request.path}: {wrong}")
        return self._respond(request, status, b"" if body is None else json.dumps(body).encode(), headers)

    def _refuse(self, request: Request, verdict: Verdict) -> web.StreamResponse:
        body = {
            "message": "You are being rate limited.", "code": 0, "retry_after": verdict.retry_after,
            "global": verdict.scope == "global",
        }  # fmt: skip
        self._limits.count_invalid(429, verdict.scope)
        return self._respond(request, 429, json.dumps(body).encode(), verdict.headers)

    def _respond(self, request: Request, status: int, body: bytes, headers: dict[str, str]) -> web.Response:
        """`Via` is what tells clients that Discord itself has answered, and not what stands before it."""
        request.status = status
        always = {"Via": "1.1 google", "Date": formatdate(self._world.clock.now(), usegmt=True)}
        kind = {"Content-Type": "application/json"} if body else {}
        return web.Response(status=status, body=body or None, headers={**always, **kind, **headers})

    def _demand_agent(self, http: web.Request, request: Request) -> None:
        agent = http.headers.get("User-Agent", "none")
        if not re.match(r"DiscordBot \(\S+ [^)]+\)", agent):
            self._world.journal.violate("bad_user_agent", agent, request)
            raise error(40333)

    def _demand_token(self, http: web.Request, request: Request) -> None:
        if http.headers.get("Authorization") != f"Bot {self._world.application.token}":
            self._world.journal.violate("unauthorized", f"{request.method} {request.path}", request)
            raise plain(401, "Unauthorized")

    async def _read(self, http: web.Request, call: Call) -> None:
        """The JSON of the request, which with files is the part `payload_json`."""
        if int(http.headers.get("Content-Length") or 0) > self._world.settings.request_bytes:
            raise error(40005)
        if http.content_type == "multipart/form-data":
            await self._read_parts(http, call)
        elif data := await http.read():
            if http.content_type != "application/json":
                self._world.journal.violate("bad_content_type", http.headers.get("Content-Type", "none"), call.request)
                raise form_error(
                    "_content_type", "CONTENT_TYPE_INVALID", 'Expected "Content-Type" header to be application/json.'
                )
            call.body = parse(data)
        if self._world.application.token in json.dumps(call.body):
            self._world.journal.violate("token_leaked", f"{call.request.method} {call.request.path}", call.request)
        call.request.body = call.body
        call.request.files = [each.filename for each in call.files]

    async def _read_parts(self, http: web.Request, call: Call) -> None:
        total = 0
        call.body = {}
        reader = await http.multipart()
        while (part := await reader.next()) is not None:
            if not isinstance(part, BodyPartReader):
                raise error(50109)
            data = bytes(await part.read(decode=True))
            total += len(data)
            if total > self._world.settings.request_bytes:
                raise error(40005)
            if part.name == "payload_json":
                call.body = parse(data)
            elif (index := re.match(r"files\[(\d+)\]$", part.name or "")) is not None:
                kind = part.headers.get("Content-Type")
                call.files.append(Upload(int(index[1]), part.filename or "unknown", data, kind))
            elif part.name:
                call.body[part.name] = data.decode(errors="replace")

    def _check_body(self, call: Call, template: str) -> None:
        """Fields that the description does not have are noted, as Discord ignores them; what it forbids is refused."""
        if self._contract is None or call.body is None:
            return
        for name in self._contract.unknown_fields(call.request.method, template, call.body):
            self._world.journal.violate("unknown_field", f"{call.request.method} {template}: {name}", call.request)
        form = FormErrors()
        for path, wrong in self._contract.request(call.request.method, template, call.body):
            self._world.journal.violate("contract", f"{call.request.method} {template}: {path}: {wrong}", call.request)
            form.add(path, "BASE_TYPE_INVALID", wrong)
        form.check()


def parse(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        raise error(50109) from None


def major(template: str, params: dict[str, int | str]) -> str:
    """What a bucket is for: a channel, a guild, or a webhook with its token."""
    names = ("channel_id", "guild_id", "webhook_id", "webhook_token")
    return "/".join(str(params[name]) for name in names if f"{{{name}}}" in template.split("/messages/")[0])
