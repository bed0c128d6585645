"""task-spooler: a queue in the memory of one process; each submission is a process."""
from __future__ import annotations

import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ..floor import NOOP, spawn_loop
from ..install import program
from .base import Peer


class TaskSpooler(Peer):
    name = "task-spooler"
    durable = "memory"
    most = 2000

    def install(self) -> None:
        self.program = program("tsp", "task-spooler")

    def start(self, directory: Path, slots: int) -> None:
        self.slots = slots
        self.directory = directory
        self.run("-S", str(slots))

    def stop(self) -> None:
        self.run("-K")

    def run(self, *arguments: str) -> str:
        run = subprocess.run([self.program, *arguments], env={**os.environ, **self.environment}, stdout=subprocess.PIPE,
                             text=True, check=True)
        return run.stdout.strip()

    def batch(self, count: int) -> float:
        """It takes one at a time, so a batch is a loop, and the cheapest loop is one in C."""
        return self.one_by_one(count, 1)

    def one_by_one(self, count: int, clients: int) -> float:
        began = time.monotonic()
        spawn_loop(count, clients, self.program, NOOP, env=self.environment)
        # It runs them in order: once as many as run at once have followed them and ended, all have.
        last = [self.run(NOOP) for _ in range(self.slots)]
        with ThreadPoolExecutor(self.slots) as pool:
            list(pool.map(lambda job: self.run("-w", job), last))
        return time.monotonic() - began

    def submit_command(self, *command: str) -> list[str]:
        return [self.program, *command]

    def status_command(self) -> list[str]:
        return [self.program]

    @property
    def environment(self) -> dict[str, str]:
        return {"TS_SOCKET": str(self.directory / "socket"), "TMPDIR": str(self.directory)}
