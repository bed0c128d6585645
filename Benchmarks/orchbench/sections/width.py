"""4. Many workers at once that do nothing."""
from __future__ import annotations

import resource
import time

from .. import process, stats
from ..daemon import Daemon
from ..place import scratch
from ..plan import Plan

TITLE = "4. Width"
#: Seconds that a round may take in a run that is not a full one.
LONGEST = 60


def run(plan: Plan) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    widths = plan.pick([200], [1000, 5000], [1000, 5000])
    names = ["memory of the engine for each worker [KiB]", "memory of the supervisor for each worker [KiB]",
             "start of all [ms]", "stop of all [ms]", "daemon.status meanwhile, p50 [ms]", "daemon.status meanwhile, p99 [ms]"]
    found: dict[str, dict[str, list[float]]] = {name: {} for name in names}
    skipped: dict[str, str] = {}
    slowest = 0.0
    for before, width in zip([widths[0], *widths], widths):
        # Were each worker to cost in proportion to how many there are, it would take so long.
        expected = slowest * (width / before) ** 2
        if expected > LONGEST and not plan.full:
            skipped[f"{width} workers"] = f"left out: from {before} to judge, a round may take {expected:.0f} s; FULL=1 has it"
            continue
        for _ in range(plan.pick(1, 3, 3)):
            began = time.monotonic()
            for name, value in zip(names, once(plan, width)):
                found[name].setdefault(f"{width} workers", []).append(value)
            slowest = max(slowest, time.monotonic() - began)
    for name in names:
        title, _, unit = name.rpartition(" ")
        comparison = plan.report.compare(TITLE, title, unit.strip("[]"))
        comparison.missing = skipped
        for subject, values in found[name].items():
            comparison.add(subject, values)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def once(plan: Plan, width: int) -> list[float]:
    plan.say(f"width: {width} workers")
    with scratch("width") as directory, Daemon(directory, {"default": width}) as daemon:
        pids = daemon.engine, daemon.supervisor
        before = [process.resident(pid) for pid in pids]
        began = daemon.occupy(width)
        after = [process.resident(pid) for pid in pids]
        answers = daemon.answers(plan.pick(50, 200, 500), "daemon.status")
        asked = time.monotonic()
        daemon.call("task.cancel", {"all": True})
        daemon.until("the end of all workers", lambda counts: counts["running"] == 0)
        ended = time.monotonic() - asked
        return [*((high - low) * 1024 / width for low, high in zip(before, after)), began * 1000, ended * 1000,
                stats.percentile(answers, 50) * 1000, stats.percentile(answers, 99) * 1000]
