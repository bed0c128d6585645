"""2. One task on an idle daemon, and the command lines as whole processes."""
from __future__ import annotations

import os
import subprocess
import time
from functools import partial
from pathlib import Path

from .. import floor, stats
from ..daemon import Daemon
from ..peers import installed, started
from ..peers.base import Peer
from ..peers.orchd import Orchd
from ..place import FLOOR, scratch
from ..plan import Plan, interleave

TITLE = "2. Latency"
MS = 1000.0


def run(plan: Plan) -> None:
    peers = installed(plan.report, plan.only)
    with scratch("latency") as directory, started(peers, 2, plan.report) as running:
        for peer in running:
            if isinstance(peer, Orchd):
                idle_daemon(plan, peer, directory)
        command_lines(plan, running)


def idle_daemon(plan: Plan, orchd: Orchd, directory: Path) -> None:
    """Rounds of the floor and of the daemon in turn; each value is the percentile of one round."""
    count = plan.pick(50, 100, 300)
    names = ("accepted", "started", "result known")
    received = "received by a warm worker"
    found: dict[str, list[float]] = {}

    def note(name: str, values: list[float]) -> None:
        for percent in (50, 99):
            found.setdefault(f"{name} p{percent}", []).append(stats.percentile(values, percent) * MS)

    plan.say(f"latency: {count} tasks a round")
    for _ in range(plan.rounds):
        syncs, spawns = floor.fsyncs(directory, count), floor.spawns(directory, count)
        note("one fsync", syncs)
        note("one spawn", spawns)
        note("one fsync + one spawn", [a + b for a, b in zip(syncs, spawns)])
        lines = floor.lines("load", orchd.daemon.socket, "latency", count, 5, directory / "stamps", FLOOR / "stamp")
        for place, name in enumerate(names):
            note(name, [line[place] / 1e9 for line in lines])
        # More slots than tasks at once, so that one of its workers is always ready.
        with Daemon(directory / "warm", {"default": 4}, worker=FLOOR / "warm") as warm:
            lines = floor.lines("load", warm.socket, "latency", count, 20, directory / "stamps", FLOOR / "stamp")
            note(received, [line[1] / 1e9 for line in lines])
    for percent in (50, 99):
        comparison = plan.report.compare(TITLE, f"idle daemon, one task, from sending it, p{percent}", "ms",
                                         reference="one fsync + one spawn")
        for name in (*reversed(names), received, "one fsync + one spawn", "one fsync", "one spawn"):
            comparison.add(name if name.startswith("one") else f"orchd: {name}", found[f"{name} p{percent}"])
    plan.report.budget("submit sent to received by a warm worker, p50, of one fsync (p50)",
                       stats.ratios(found[f"{received} p50"], found["one fsync p50"]), 1.5)
    base = found["one fsync + one spawn p50"]
    for percent, limit in ((50, 2.0), (99, 5.0)):
        plan.report.budget(f"submit sent to process started, p{percent}, of one fsync + one spawn (p50)",
                           stats.ratios(found[f"started p{percent}"], base), limit)


def process_time(command: list[str], environment: dict[str, str], count: int) -> float:
    """Milliseconds of one run of a program from its start to its end: the median of a few."""
    env = {**os.environ, **environment}
    values = []
    for _ in range(count):
        began = time.monotonic()
        subprocess.run(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        values.append((time.monotonic() - began) * MS)
    return stats.median(values)


def command_lines(plan: Plan, peers: list[Peer]) -> None:
    count = plan.pick(5, 10, 20)

    def measure(title: str, commands: dict[str, tuple[list[str], dict[str, str]]]) -> dict[str, list[float]]:
        plan.say(f"latency: {title}")
        values = interleave(plan.rounds, {
            name: partial(process_time, command, env, count) for name, (command, env) in commands.items()})
        comparison = plan.report.compare(TITLE, title, "ms")
        for name in commands:
            comparison.add(name, values[name])
        return values

    submits = {peer.name: (command, peer.environment) for peer in peers
               if type(peer).submit_command is not Peer.submit_command and (command := peer.submit_command(floor.NOOP))}
    measure("whole process: submit one task", {**submits, floor.NOOP: ([floor.NOOP], {})})
    statuses = {peer.name: (command, peer.environment) for peer in peers
                if type(peer).status_command is not Peer.status_command and (command := peer.status_command())}
    values = measure("whole process: status", {**statuses, floor.NOOP: ([floor.NOOP], {})})
    if "orchd" in values:
        limits = [3 * base + 10 for base in values[floor.NOOP]]
        plan.report.budget("`orchctl status`, whole process, of 3 × /bin/true + 10 ms", stats.ratios(values["orchd"], limits), 1.0)
