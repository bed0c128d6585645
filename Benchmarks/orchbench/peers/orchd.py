"""orchd itself."""
from __future__ import annotations

from pathlib import Path

from ..daemon import Daemon, program
from .base import Peer


class Orchd(Peer):
    name = "orchd"
    durable = "fsync before the answer"

    def start(self, directory: Path, slots: int) -> None:
        self.daemon = Daemon(directory, {"default": slots})
        self.daemon.start()

    def stop(self) -> None:
        self.daemon.__exit__()

    def batch(self, count: int) -> float:
        return self.daemon.submit(count, count)[1]

    def one_by_one(self, count: int, clients: int) -> float:
        return self.daemon.submit(count, 1, clients)[1]

    def submit_command(self, *command: str) -> list[str]:
        return [program("orchctl"), "submit", "--", *command]

    def status_command(self) -> list[str]:
        return [program("orchctl"), "status"]

    @property
    def environment(self) -> dict[str, str]:
        return {"ORCHD_SOCKET": self.daemon.socket}
