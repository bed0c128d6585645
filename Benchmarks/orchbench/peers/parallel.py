"""GNU parallel, with its record of how each job ended, which is what makes it comparable."""
from __future__ import annotations

import subprocess
import time
from pathlib import Path

from ..floor import NOOP
from ..install import program
from .base import Peer


class Parallel(Peer):
    name = "GNU parallel"
    durable = "a job log, no fsync"
    most = 2000

    def install(self) -> None:
        self.program = program("parallel", "parallel")

    def start(self, directory: Path, slots: int) -> None:
        self.slots = slots
        self.list = directory / "list"
        self.log = directory / "log"

    def batch(self, count: int) -> float:
        self.list.write_text("".join(f"{i}\n" for i in range(count)), encoding="utf-8")
        self.log.unlink(missing_ok=True)
        began = time.monotonic()
        subprocess.run([self.program, "--will-cite", "-a", self.list, f"-j{self.slots}", "--joblog", self.log, NOOP],
                       check=True, stderr=subprocess.DEVNULL)
        return time.monotonic() - began
