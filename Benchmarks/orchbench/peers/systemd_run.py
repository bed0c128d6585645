"""systemd-run: each command a unit. Only where a systemd runs."""
from __future__ import annotations

from pathlib import Path

from ..floor import NOOP, spawn_loop
from ..install import program
from ..machine import has_systemd
from .base import Peer, Unavailable


class SystemdRun(Peer):
    name = "systemd-run"
    durable = "no queue; units are gone at reboot"
    most = 400

    def install(self) -> None:
        if not has_systemd():
            raise Unavailable("no systemd runs on this machine")
        self.program = program("systemd-run", "systemd")

    def start(self, directory: Path, slots: int) -> None:
        self.slots = slots

    def batch(self, count: int) -> float:
        return spawn_loop(count, self.slots, self.program, "--quiet", "--wait", "--collect", NOOP)

    def submit_command(self, *command: str) -> list[str]:
        return [self.program, "--quiet", "--collect", *command]

    def status_command(self) -> list[str]:
        return ["systemctl", "--no-pager", "list-units", "run-*"]
