"""What goes wrong? Faults that a test has ordered, each for the requests that it names."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

ACTIONS = ("cut", "status", "html", "rate_limit", "slow", "hang", "redirect", "garbage")


@dataclass
class Fault:
    """What happens to the requests number `nth` to `nth + count - 1`, counted from now, that match."""

    action: str
    where: str = "rest"  # or cdn
    method: str = "*"
    path: str = "*"  # below /api/v10; * matches anything, also slashes
    nth: int = 1
    count: int = 1
    done: bool = False  # whether the request has its effect all the same
    status: int = 500
    body: Any = None
    seconds: float = 1.0  # real for `slow`; for `rate_limit` what Retry-After says
    scope: str = "user"
    location: str = ""
    id: int = 0
    seen: int = 0
    fired: list[int] = field(default_factory=list)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        if self.action not in ACTIONS:
            raise ValueError(f"there is no fault {self.action!r}; there are: {', '.join(ACTIONS)}")
        if self.where not in ("rest", "cdn"):
            raise ValueError("a fault is at `rest` or at `cdn`")
        if self.scope not in ("user", "shared", "global"):
            raise ValueError("a scope is user, shared or global")

    def view(self) -> dict[str, Any]:
        keys = ("id", "where", "action", "method", "path", "nth", "count", "done", "seen", "fired")
        return {key: getattr(self, key) for key in keys}


class Faults:
    def __init__(self) -> None:
        self.all: list[Fault] = []
        self._last = 0

    def add(self, fault: Fault) -> Fault:
        self._last += 1
        fault.id = self._last
        self.all.append(fault)
        return fault

    def clear(self) -> None:
        for fault in self.all:
            fault.released.set()
        self.all.clear()

    def release(self) -> None:
        """Lets go what hangs, now and from these faults later."""
        for fault in self.all:
            fault.released.set()

    def pick(self, where: str, method: str, path: str, request: int) -> Fault | None:
        """The fault for this request. Every fault that matches counts it; the first whose turn it is has its way."""
        chosen = None
        for fault in self.all:
            if fault.where != where or fault.method not in ("*", method) or not fnmatchcase(path, fault.path):
                continue
            fault.seen += 1
            if fault.nth <= fault.seen < fault.nth + fault.count and chosen is None:
                chosen = fault
                fault.fired.append(request)
        return chosen
