"""6. What it costs to have it run while nothing happens."""
from __future__ import annotations

import time

from .. import process
from ..daemon import Daemon
from ..floor import FLOOR
from ..place import scratch
from ..plan import Plan

TITLE = "6. Idle"


def run(plan: Plan) -> None:
    seconds = plan.pick(10, 60, 60)
    tables = {
        unit: plan.report.compare(TITLE, title, unit, reference="") for unit, title in (
            ("wake-ups/min", "thread wake-ups"), ("ms/min", "processor time"), ("MiB", "resident memory"))}
    # All at once: they do nothing.
    for running in (0, plan.pick(100, 1000, 1000)):
        with scratch("idle") as directory, Daemon(directory, {"default": max(running, 2)}) as daemon:
            if running:
                daemon.submit(running, running, wait=False, command=[str(FLOOR / "sleeper")])
                daemon.until("all workers", lambda counts: daemon.busy() == running)
            plan.say(f"idle: {seconds} s with {running} running")
            # Until what the start has left to do is done.
            time.sleep(plan.pick(3, 10, 10))
            pids = {"engine": daemon.engine, "supervisor": daemon.supervisor, "launcher": daemon.launcher.pid if daemon.launcher else 0}
            before = {name: process.usage(pid) for name, pid in pids.items()}
            time.sleep(seconds)
            for name, pid in pids.items():
                spent = process.usage(pid) - before[name]
                minute = 60 / seconds
                subject = f"{name}, {running} running"
                tables["wake-ups/min"].add(subject, [spent.wakeups * minute])
                tables["ms/min"].add(subject, [spent.total * 1000 * minute])
                tables["MiB"].add(subject, [process.resident(pid)])
                if running == 0 and name != "launcher":
                    plan.report.budget(f"wake-ups of the {name} in a minute, idle (there is no watchdog here)",
                                       [spent.wakeups * minute], 0, "wake-ups")
                    plan.report.budget(f"memory of the {name}, idle", [process.resident(pid)],
                                       48 if name == "engine" else 8, "MiB")
