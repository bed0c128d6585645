"""What has the client done, and what of it was wrong? The log of requests and of violations that suites assert on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from .clock import Clock

# Every kind of violation, and whose rule it breaks: Discord's documentation, or the rules of this house.
KINDS = {
    "unknown_field": "discord",  # a field that the API does not know: Discord ignores it in silence
    "contract": "discord",  # a body that the OpenAPI description does not allow
    "bad_content_type": "discord",
    "bad_user_agent": "discord",
    "unauthorized": "discord",
    "token_to_wrong_host": "discord",  # the bot's token at the CDN or the control port
    "token_leaked": "discord",  # the bot's token inside of what the bot sends
    "unknown_route": "discord",
    "ignored_429": "discord",  # the same again before the time that a 429 named
    "avoidable_429": "discord",  # a request although the headers had said that none remained
    "global_429": "discord",
    "banned": "discord",  # so many invalid requests that Discord bans the address
    "identify_too_fast": "discord",
    "identify_budget": "discord",  # the token would have been reset
    "gateway_protocol": "discord",  # anything that closes the gateway with a 4xxx code
    "gateway_too_large": "discord",
    "gateway_rate": "discord",
    "resume_elsewhere": "discord",  # a resume that does not go to the address that READY named
    "intents": "discord",
    "interaction_timeout": "discord",  # no answer within three seconds
    "interaction_twice": "discord",
    "interaction_expired": "discord",
    "edit_without_allowed_mentions": "house",  # an edit without it mentions whom the first message did not
    "create_without_allowed_mentions": "house",
}


@dataclass
class Request:
    number: int
    at: float
    real: float
    method: str
    path: str
    route: str | None = None
    query: dict[str, str] = field(default_factory=dict)
    body: Any = None
    files: list[str] = field(default_factory=list)
    status: int | None = None  # None: the connection was cut
    code: int | None = None
    fault: str | None = None
    done: bool = False


@dataclass
class Violation:
    at: float
    kind: str
    law: str
    detail: str
    request: int | None = None


class Journal:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.requests: list[Request] = []
        self.violations: list[Violation] = []
        self.own_faults: list[str] = []  # answers of the stand-in itself that the description does not allow
        self.gateway: list[dict[str, Any]] = []
        self._waiting: list[asyncio.Future[None]] = []

    def arrived(self, method: str, path: str, query: dict[str, str]) -> Request:
        request = Request(len(self.requests) + 1, self._clock.now(), time.monotonic(), method, path, query=query)
        self.requests.append(request)
        return request

    def answered(self, request: Request) -> None:
        request.done = True
        self.changed()

    def violate(self, kind: str, detail: str, request: Request | None = None) -> None:
        self.violations.append(
            Violation(self._clock.now(), kind, KINDS[kind], detail, request.number if request is not None else None)
        )

    def note(self, what: str, **more: Any) -> None:
        """Something that happened at the gateway."""
        self.gateway.append({"at": self._clock.now(), "what": what, **more})
        self.changed()

    def changed(self) -> None:
        """Wakes who waits for something: a request was answered, an interaction ended, a client came or went."""
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Waits, in real time, until something is so."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while not condition():
            future: asyncio.Future[None] = loop.create_future()
            self._waiting.append(future)
            try:
                await asyncio.wait_for(future, end - loop.time())
            except TimeoutError:
                return condition()
        return True

    def dump(self) -> dict[str, Any]:
        return {
            "requests": [asdict(request) for request in self.requests],
            "violations": [asdict(violation) for violation in self.violations],
            "own_faults": self.own_faults,
            "gateway": self.gateway,
        }
