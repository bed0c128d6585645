"""How much is too much? Buckets, the global limit and the budget of invalid requests, with the headers that tell of them."""

from __future__ import annotations

import hashlib
import math
import time
from collections import deque
from dataclasses import dataclass, field

from .journal import Journal, Request
from .world import World


@dataclass
class Rule:
    """So many requests in so many seconds, for each channel (or guild, or webhook) on its own."""

    name: str
    limit: int
    window: float
    shared: bool = False  # of the resource, not of this bot: others use it up too, and a 429 of it counts against nobody


# By method and route. What is not named here has `other`, a bucket for each route. Discord tells its figures in headers only
# and changes them; these are of the size that has been seen.
RULES: dict[tuple[str, str], Rule] = {
    ("POST", "/channels/{channel_id}/messages"): Rule("message-create", 5, 5.0),
    ("PATCH", "/channels/{channel_id}/messages/{message_id}"): Rule("message-edit", 5, 5.0),
    ("DELETE", "/channels/{channel_id}/messages/{message_id}"): Rule("message-delete", 5, 1.0),
    ("GET", "/channels/{channel_id}/messages"): Rule("messages-read", 5, 1.0),
    ("PUT", "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me"): Rule("reaction", 1, 0.25),
    ("DELETE", "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me"): Rule("reaction", 1, 0.25),
    ("PATCH", "/channels/{channel_id}"): Rule("channel-change", 5, 15.0),
    ("PUT", "/channels/{channel_id}/messages/pins/{message_id}"): Rule("pin", 5, 4.0),
    ("POST", "/webhooks/{webhook_id}/{webhook_token}"): Rule("webhook", 5, 2.0),
    ("PATCH", "/webhooks/{webhook_id}/{webhook_token}/messages/@original"): Rule("webhook", 5, 2.0),
    ("PATCH", "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}"): Rule("webhook", 5, 2.0),
}
OTHER = Rule("other", 50, 1.0)
EXEMPT_FROM_GLOBAL = ("/interactions/", "/webhooks/")
# Where the three seconds count there is no limit, and no header that tells of one.
WITHOUT = ("/interactions/",)


@dataclass
class Bucket:
    rule: Rule
    hash: str
    used: int = 0
    resets_at: float = 0.0
    told_empty: float | None = None  # real time at which an answer said that none remains
    refused_at: float = 0.0  # real time of the last 429
    refused_until: float = 0.0


@dataclass
class Verdict:
    """What the limits say to one request, and the headers for its answer."""

    headers: dict[str, str] = field(default_factory=dict)
    refused: bool = False
    scope: str = "user"
    retry_after: float = 0.0


class Limits:
    def __init__(self, world: World) -> None:
        self._world = world
        self._rules = dict(RULES)
        self._buckets: dict[tuple[str, str], Bucket] = {}
        self._global: deque[float] = deque()
        self._global_refused = (0.0, 0.0)
        self._invalid: deque[float] = deque()
        self.banned_until = 0.0

    @property
    def _journal(self) -> Journal:
        return self._world.journal

    def set(self, method: str, route: str, limit: int, window: float, shared: bool = False) -> None:
        """Another figure for a route, from now on; what was used of the old one is forgotten."""
        old = self._rules.get((method, route))
        name = old.name if old is not None else f"{method} {route}"
        for key, rule in list(self._rules.items()):
            if rule.name == name:
                self._rules[key] = Rule(name, limit, window, shared)
        self._rules[method, route] = Rule(name, limit, window, shared)
        for place in [each for each in self._buckets if each[0] == name]:
            del self._buckets[place]

    def bucket(self, method: str, route: str, major: str) -> Bucket:
        rule = self._rules.get((method, route)) or Rule(f"{method} {route}", OTHER.limit, OTHER.window)
        key = (rule.name, major)
        if key not in self._buckets:
            digest = hashlib.sha256(f"{rule.name} {rule.limit}".encode()).hexdigest()[:32]
            self._buckets[key] = Bucket(rule, digest)
        return self._buckets[key]

    def ask(self, method: str, route: str, major: str, request: Request) -> Verdict:
        """Counts a request that has a route and a token, or refuses it."""
        now, real = self._world.clock.now(), time.monotonic()
        if route.startswith(WITHOUT):
            return Verdict()
        bucket = self.bucket(method, route, major)
        self._notice_ignored(bucket, request, now, real)
        if not route.startswith(EXEMPT_FROM_GLOBAL) and (refusal := self._ask_global(request, now, real)):
            return refusal
        if now >= bucket.resets_at:
            bucket.used, bucket.resets_at, bucket.told_empty = 0, now + bucket.rule.window, None
        if bucket.used >= bucket.rule.limit:
            wait = bucket.resets_at - now
            if bucket.told_empty is not None and real - bucket.told_empty > self._world.settings.in_flight:
                self._journal.violate(
                    "avoidable_429", f"{method} {request.path}: no request was left for {wait:.3f} s", request
                )
            scope = "shared" if bucket.rule.shared else "user"
            return self.refuse(bucket, scope, wait)
        bucket.used += 1
        if bucket.used == bucket.rule.limit:
            bucket.told_empty = real
        return Verdict(self._headers(bucket, now))

    def refuse(self, bucket: Bucket, scope: str, wait: float) -> Verdict:
        """A 429, as the limits or a fault want it."""
        now, real = self._world.clock.now(), time.monotonic()
        wait = max(wait, 0.001)
        headers = self._headers(bucket, now) if scope != "global" else {"X-RateLimit-Global": "true"}
        if scope == "user":
            # A shared limit is none of the bucket's; this one says that the bucket is empty.
            told = {"Remaining": "0", "Reset": f"{now + wait:.3f}", "Reset-After": f"{wait:.3f}"}
            headers |= {f"X-RateLimit-{name}": value for name, value in told.items()}
        headers |= {"Retry-After": str(math.ceil(wait)), "X-RateLimit-Scope": scope}
        if scope == "global":
            self._global_refused = (real, now + wait)
        else:
            bucket.refused_at, bucket.refused_until = real, now + wait
        return Verdict(headers, True, scope, round(wait, 3))

    def count_invalid(self, status: int, scope: str | None) -> None:
        """Ten thousand answers 401, 403 and 429 in ten minutes, and the address is banned; those of a shared limit are free."""
        if status not in (401, 403, 429) or scope == "shared":
            return
        now, settings = self._world.clock.now(), self._world.settings
        self._invalid.append(now)
        while self._invalid and self._invalid[0] <= now - settings.invalid_window:
            self._invalid.popleft()
        if len(self._invalid) >= settings.invalid_limit and self.banned_until <= now:
            self.banned_until = now + settings.ban_seconds
            self._invalid.clear()
            self._journal.violate("banned", f"{settings.invalid_limit} invalid requests in {settings.invalid_window:.0f} s")

    @property
    def invalid(self) -> int:
        return len(self._invalid)

    def _ask_global(self, request: Request, now: float, real: float) -> Verdict | None:
        while self._global and self._global[0] <= now - 1.0:
            self._global.popleft()
        if len(self._global) < self._world.settings.global_limit:
            self._global.append(now)
            return None
        self._journal.violate("global_429", f"more than {self._world.settings.global_limit} requests in a second", request)
        return self.refuse(Bucket(OTHER, ""), "global", self._global[0] + 1.0 - now)

    def _notice_ignored(self, bucket: Bucket, request: Request, now: float, real: float) -> None:
        """A request before the time that a 429 named, by a client that had read it."""
        exempt = request.route is not None and request.route.startswith(EXEMPT_FROM_GLOBAL)
        refusals = [(bucket.refused_at, bucket.refused_until, "its bucket")]
        if not exempt:
            refusals.append((*self._global_refused, "all routes"))
        for at, until, what in refusals:
            # A client rounds, and its clock is not this one: a hundredth of a second is forgiven.
            if now < until - 0.01 and real - at > self._world.settings.in_flight:
                detail = f"{request.method} {request.path}: {what} had to wait another {until - now:.3f} s"
                self._journal.violate("ignored_429", detail, request)

    def _headers(self, bucket: Bucket, now: float) -> dict[str, str]:
        wait = max(0.0, bucket.resets_at - now)
        return {
            "X-RateLimit-Limit": str(bucket.rule.limit),
            "X-RateLimit-Remaining": str(max(0, bucket.rule.limit - bucket.used)),
            "X-RateLimit-Reset": f"{now + wait:.3f}",
            "X-RateLimit-Reset-After": f"{wait:.3f}",
            "X-RateLimit-Bucket": bucket.hash,
        }
