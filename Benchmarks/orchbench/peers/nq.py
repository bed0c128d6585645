"""nq: a directory of locked files is the queue; one job at a time in each, so two slots are two queues."""
from __future__ import annotations

import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ..floor import NOOP, spawn_loop
from ..install import program
from .base import Peer


class Nq(Peer):
    name = "nq"
    durable = "files, no fsync"
    # Each job looks at the files of all before it.
    most = 400

    def install(self) -> None:
        self.program = program("nq", "nq")

    def start(self, directory: Path, slots: int) -> None:
        self.queues = [directory / str(number) for number in range(slots)]

    def batch(self, count: int) -> float:
        for queue in self.queues:
            queue.mkdir(exist_ok=True)
            for file in queue.iterdir():
                file.unlink()
        began = time.monotonic()
        with ThreadPoolExecutor(len(self.queues)) as pool:
            list(pool.map(lambda queue: self.work(queue, count // len(self.queues)), self.queues))
        return time.monotonic() - began

    def work(self, queue: Path, count: int) -> None:
        spawn_loop(count, 1, self.program, "-q", NOOP, env={"NQDIR": str(queue)})
        subprocess.run([self.program, "-w"], env={**os.environ, "NQDIR": str(queue)}, stdout=subprocess.DEVNULL, check=True)

    def submit_command(self, *command: str) -> list[str]:
        self.queues[0].mkdir(exist_ok=True)
        return [self.program, "-q", *command]

    @property
    def environment(self) -> dict[str, str]:
        return {"NQDIR": str(self.queues[0])}
