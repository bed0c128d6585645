"""What does a session remember? Its numbered events, for a client that comes back, and what it may hear."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from . import views
from .model import JSON
from .world import Event, World

PRIVILEGED = (1 << 1) | (1 << 8) | (1 << 15)
KNOWN_INTENTS = sum(1 << place for place in (*range(17), 20, 21, 24, 25))


@dataclass
class Session:
    """One start of a client, over as many connections as it resumes."""

    intents: int
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    seq: int = 0
    events: deque[tuple[int, JSON]] = field(default_factory=deque)
    first_kept: int = 1
    send: Callable[[JSON], None] | None = None  # None while nobody is connected
    resumed: int = 0
    twist: list[str] = field(default_factory=list)  # what is to go wrong with the next events, one each

    def push(self, name: str, data: JSON, keep: int) -> None:
        """Numbers an event, keeps it for a resume, and sends it where somebody listens."""
        self.seq += 1
        payload = {"op": 0, "s": self.seq, "t": name, "d": data}
        self.events.append((self.seq, payload))
        while len(self.events) > keep:
            self.events.popleft()
        self.first_kept = self.events[0][0]
        if self.send is None:
            return
        twist = self.twist.pop(0) if self.twist else ""
        if twist != "lose":
            self.send(payload)
        if twist == "duplicate":
            self.send(payload)

    def replay(self, after: int) -> list[JSON] | None:
        """What was missed after this number; None where it is no longer known."""
        if after > self.seq or after + 1 < self.first_kept:
            return None
        return [payload for number, payload in self.events if number > after]


def hears(world: World, session: Session, event: Event) -> JSON | None:
    """The event as this session gets it, or None where it does not."""
    bot = world.application.bot_id
    if event.intents and not event.intents & session.intents:
        return None
    if event.guild_id is not None:
        guild = world.guilds.get(event.guild_id)
        if guild is None or (bot not in guild.members and event.name != "GUILD_DELETE"):
            return None
    # Of a channel that is gone all hear.
    if event.channel is not None and event.channel.id in world.channels and not world.sees(bot, event.channel):
        return None
    return event.data if event.message is None else views.for_bot(world, event.data, session.intents)
