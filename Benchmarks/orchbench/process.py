"""What the kernel says of a process and of its threads."""
from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def children(pid: int) -> dict[str, int]:
    """The children of a process, by their names."""
    found: dict[str, int] = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            name = Path(f"/proc/{child}/comm").read_text().strip()
            found[name] = int(child)
    return found


@dataclass
class Usage:
    """Processor time in seconds, and how often each thread went to sleep, which is as often as something woke it."""

    user: float
    system: float
    sleeps: dict[str, int]

    def __sub__(self, other: Usage) -> Usage:
        # Threads come and go.
        sleeps = {thread: count - other.sleeps.get(thread, 0) for thread, count in self.sleeps.items()}
        return Usage(self.user - other.user, self.system - other.system, sleeps)

    @property
    def total(self) -> float:
        return self.user + self.system

    @property
    def wakeups(self) -> int:
        return sum(self.sleeps.values())


def usage(pid: int) -> Usage:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    sleeps = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        for line in (task / "status").read_text().splitlines():
            if line.startswith("voluntary_ctxt_switches"):
                sleeps[task.name] = int(line.split()[1])
    return Usage(int(fields[11]) / TICK, int(fields[12]) / TICK, sleeps)


def resident(pid: int) -> float:
    """Resident memory in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0
