"""HyperQueue: a server and a worker. What PyPI has of it is its Python interface, which runs both in one process and keeps the
queue in memory; its command line and its journal are not there."""
from __future__ import annotations

import subprocess
from pathlib import Path

from ..install import module_from_pypi
from .base import Peer, Unavailable

HELPER = Path(__file__).with_name("helpers") / "hyperqueue_cluster.py"


class HyperQueue(Peer):
    name = "HyperQueue"
    durable = "memory; sees the end within a second"
    least = 4.0

    def install(self) -> None:
        self.python = module_from_pypi("hyperqueue")

    def start(self, directory: Path, slots: int) -> None:
        with (directory / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [self.python, str(HELPER), str(slots), str(directory)], cwd=directory, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=log, text=True)
        if self.answer() != "ready":
            self.stop()
            raise Unavailable("its server did not start")

    def answer(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def batch(self, count: int) -> float:
        assert self.process.stdin is not None
        print(count, file=self.process.stdin, flush=True)
        return float(self.answer())
