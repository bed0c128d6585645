"""6. What it costs to have it run while nothing happens."""
from __future__ import annotations

import time
from contextlib import ExitStack

from .. import process
from ..daemon import Daemon
from ..place import scratch
from ..plan import Plan

TITLE = "6. Idle"


def run(plan: Plan) -> None:
    with ExitStack() as stack:
        daemons = {}
        for running in (0, plan.pick(100, 1000, 1000)):
            directory = stack.enter_context(scratch("idle"))
            daemons[running] = stack.enter_context(Daemon(directory, {"default": max(running, 2)}))
            if running:
                daemons[running].occupy(running)
        watch(plan, daemons, plan.pick(10, 60, 60))


def watch(plan: Plan, daemons: dict[int, Daemon], seconds: int) -> None:
    """All at once: they do nothing."""
    plan.say(f"idle: {seconds} s")
    # Until what the start has left to do is done.
    time.sleep(plan.pick(3, 10, 10))
    pids = {(name, running): getattr(daemon, name) for name in ("engine", "supervisor", "launcher_pid")
            for running, daemon in daemons.items()}
    before = {key: process.usage(pid) for key, pid in pids.items()}
    time.sleep(seconds)
    spent = {key: process.usage(pid) - before[key] for key, pid in pids.items()}
    wakeups = plan.report.compare(TITLE, "thread wake-ups", "wake-ups/min", reference="")
    processor = plan.report.compare(TITLE, "processor time", "ms/min", reference="")
    memory = plan.report.compare(TITLE, "resident memory", "MiB", reference="")
    minute = 60 / seconds
    for (name, running), pid in pids.items():
        subject = f"{name.removesuffix('_pid')}, {running} running"
        usage = spent[name, running]
        wakeups.add(subject, [usage.wakeups * minute])
        processor.add(subject, [usage.total * 1000 * minute])
        memory.add(subject, [process.resident(pid)])
    # The engine shows its watchdog every 15 s that it is alive, half of what `orchd run` and the unit allow.
    for name, watchdog, limit in (("engine", 4, 48), ("supervisor", 0, 8)):
        plan.report.budget(f"wake-ups of the {name} in a minute, idle, its watchdog's included",
                           [spent[name, 0].wakeups * minute], watchdog, "wake-ups")
        plan.report.budget(f"memory of the {name}, idle", [process.resident(pids[name, 0])], limit, "MiB")
