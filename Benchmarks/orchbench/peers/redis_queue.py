"""rq: jobs in redis, each run in a process that a worker forks, which here runs the command. Redis appends each change to a
file and syncs it, which is the promise that orchd makes."""
from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from ..install import module_from_pypi, program
from .base import Peer, Unavailable

HELPER = Path(__file__).with_name("helpers") / "rq_jobs.py"


class Rq(Peer):
    name = "rq"
    durable = "redis, fsync of each change"
    most = 400

    def install(self) -> None:
        self.redis = program("redis-server", "redis-server")
        self.python = module_from_pypi("rq")

    def start(self, directory: Path, slots: int) -> None:
        self.socket = directory / "redis"
        self.log = (directory / "log").open("wb")
        self.processes = [subprocess.Popen(
            [self.redis, "--port", "0", "--unixsocket", str(self.socket), "--dir", str(directory), "--appendonly", "yes",
             "--appendfsync", "always", "--save", ""], stdout=self.log, stderr=self.log)]
        deadline = time.monotonic() + 10
        while not self.socket.exists():
            if time.monotonic() > deadline:
                raise Unavailable("redis did not start within 10 s")
            time.sleep(0.02)
        for _ in range(slots):
            self.processes.append(subprocess.Popen(self.helper("work"), env={**os.environ}, stdout=self.log, stderr=self.log))

    def helper(self, *arguments: str) -> list[str]:
        return [str(self.python), str(HELPER), str(self.socket), *arguments]

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.log.close()

    def batch(self, count: int) -> float:
        run = subprocess.run(self.helper("batch", str(count)), stdout=subprocess.PIPE, text=True, check=True)
        return float(run.stdout)
