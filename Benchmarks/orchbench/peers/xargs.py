"""xargs -P: no queue, no record but one exit status for all."""
from __future__ import annotations

import subprocess
import time
from pathlib import Path

from ..floor import NOOP
from ..install import program
from .base import Peer


class Xargs(Peer):
    name = "xargs"
    durable = "keeps nothing"

    def install(self) -> None:
        self.program = program("xargs", "findutils")

    def start(self, directory: Path, slots: int) -> None:
        self.slots = slots
        self.list = directory / "list"

    def batch(self, count: int) -> float:
        self.list.write_text("".join(f"{i}\n" for i in range(count)), encoding="utf-8")
        began = time.monotonic()
        subprocess.run([self.program, "-a", self.list, f"-P{self.slots}", "-n1", NOOP], check=True)
        return time.monotonic() - began
