"""The floor: a C loop of posix_spawn and wait."""
from __future__ import annotations

from pathlib import Path

from ..floor import spawn_loop
from .base import Peer


class Loop(Peer):
    name = "C posix_spawn loop"
    durable = "keeps nothing"

    def start(self, directory: Path, slots: int) -> None:
        self.slots = slots

    def batch(self, count: int) -> float:
        return spawn_loop(count, self.slots)
