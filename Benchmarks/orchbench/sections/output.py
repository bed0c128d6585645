"""5. Tasks that write much, and many who read along."""
from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from .. import floor, stats
from ..daemon import Daemon
from ..place import BENCH, FLOOR, scratch
from ..plan import Plan, interleave

TITLE = "5. Output"
WRITERS = 16
FOLLOWERS = 64


def run(plan: Plan) -> None:
    size = plan.pick(4 << 20, plan.output_size, 1 << 30)
    room = shutil.disk_usage(BENCH).free // 3
    size = min(size, room // WRITERS)
    with scratch("output") as directory, Daemon(directory, {"default": WRITERS}, output_limit="8G") as daemon:
        plan.say(f"output: {WRITERS} × {size >> 20} MiB")
        writers(plan, daemon, directory, size)
        followers(plan, daemon, min(size, 16 << 20))


def writers(plan: Plan, daemon: Daemon, directory: Path, size: int) -> None:
    def through_orchd() -> float:
        seconds = daemon.submit(WRITERS, WRITERS, command=[str(FLOOR / "writer"), str(size)])[1]
        for file in (directory / "state" / "output").rglob("*.out"):
            file.unlink()
        return WRITERS * (size >> 20) / seconds

    def to_files() -> float:
        path = directory / "direct"
        path.mkdir(exist_ok=True)
        script = f'exec "{FLOOR}/writer" {size} > "{path}/$$"'
        seconds = floor.spawn_loop(WRITERS, WRITERS, "/bin/sh", "-c", script)
        shutil.rmtree(path)
        return WRITERS * (size >> 20) / seconds

    def settled(work: Callable[[], float]) -> Callable[[], float]:
        def run() -> float:
            # What the round before has written is no longer in the way.
            subprocess.run(["sync", "-f", str(directory)], check=True)
            return work()
        return run

    values = interleave(plan.pick(3, 5, 5), {"orchd": settled(through_orchd), "straight to files": settled(to_files)})
    note = f"{WRITERS} × {size >> 20} MiB" + ("" if size == 1 << 30 else ", scaled down from 1 GiB each")
    comparison = plan.report.compare(TITLE, f"{WRITERS} tasks that write", "MiB/s", more_is_better=True)
    for name, found in values.items():
        comparison.add(name, found, note)


def followers(plan: Plan, daemon: Daemon, size: int) -> None:
    """One task writes, and many follow from its beginning to its end."""
    comparison = plan.report.compare(TITLE, f"{size >> 20} MiB of one log followed", "MiB/s to all followers", more_is_better=True)
    for clients in (1, FOLLOWERS):
        rates = []
        for _ in range(plan.pick(2, 5, 5)):
            task = daemon.call("task.submit", {"command": [str(FLOOR / "writer"), str(size)]})["id"]
            nanoseconds, received = floor.lines("load", daemon.socket, "follow", task, clients)[0]
            if received < size * clients:
                raise RuntimeError(f"{clients} followers of {size} bytes got only {received}")
            rates.append(size * clients / (1 << 20) / (nanoseconds / 1e9))
        comparison.add(f"orchd, {clients} follower{'s' if clients > 1 else ''}", rates)
    plan.say(f"output: {FOLLOWERS} followers, median {stats.median(rates):.0f} MiB/s")
