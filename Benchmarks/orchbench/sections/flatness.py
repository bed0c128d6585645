"""3. The same with few and with many tasks queued, and with many that have ended."""
from __future__ import annotations

from contextlib import ExitStack
from functools import partial

from .. import process, stats
from ..daemon import Daemon
from ..place import scratch
from ..plan import Plan, interleave
from .latency import process_time
from ..peers.orchd import Orchd

TITLE = "3. Flatness"
#: Tasks that are claimed, and submitted, in one round.
CLAIMED = 1000


def run(plan: Plan) -> None:
    queued = plan.pick([1000, 10_000], [1000, 100_000, 1_000_000], [1000, 10_000, 100_000, 1_000_000])
    with ExitStack() as stack:
        daemons: dict[str, Daemon] = {}
        for count in queued:
            daemons[f"{count:,} queued".replace(",", " ")] = grown(plan, stack, count, 0)
        if plan.full:
            daemons["1 000 000 finished"] = grown(plan, stack, 1000, 1_000_000)
        costs(plan, daemons)
        memory(plan, daemons)
        restarts(plan, daemons, largest=f"{queued[-1]:,} queued".replace(",", " "), count=queued[-1])


def grown(plan: Plan, stack: ExitStack, queued: int, finished: int) -> Daemon:
    """A daemon with that many ready tasks of low priority in a pool that is paused; and another pool, with nothing to do."""
    plan.say(f"flatness: filling a daemon with {queued} queued and {finished} finished tasks")
    directory = stack.enter_context(scratch("flat"))
    daemon = stack.enter_context(Daemon(directory, {"backlog": 2, "default": 2}))
    daemon.call("pool.pause", {"pool": "backlog"})
    for left, then in ((finished, "task.cancel"), (queued, "")):
        if left:
            daemon.submit(left, min(left, 10_000), clients=2, wait=False, pool="backlog", priority=-10)
        if left and then:
            daemon.call(then, {"pool": "backlog"})
    return daemon


def claim(daemon: Daemon) -> float:
    """Microseconds a task, when CLAIMED tasks of higher priority are run before the backlog."""
    daemon.submit(CLAIMED, CLAIMED, wait=False, pool="backlog", priority=10)
    goal = daemon.counts()["succeeded"] + CLAIMED
    before = process.usage(daemon.engine)
    daemon.call("pool.resume", {"pool": "backlog"})
    seconds = daemon.until("the claimed tasks", lambda counts: counts["succeeded"] >= goal)
    daemon.call("pool.pause", {"pool": "backlog"})
    daemon.until("the end of what runs", lambda counts: counts["running"] == 0)
    done = daemon.counts()["succeeded"] - goal + CLAIMED
    spent = process.usage(daemon.engine) - before
    daemon.claimed_cpu = spent.total / done * 1e6
    return seconds / CLAIMED * 1e6


def costs(plan: Plan, daemons: dict[str, Daemon]) -> None:
    each = plan.pick(100, 200, 500)

    def submit_one(daemon: Daemon) -> float:
        return stats.median(daemon.submit(each, 1, wait=False, pool="default")[2]) * 1e6

    def submit_batch(daemon: Daemon) -> float:
        seconds = daemon.submit(CLAIMED, CLAIMED, wait=False, pool="default")[0]
        return seconds / CLAIMED * 1e6

    def status(daemon: Daemon) -> float:
        return stats.median(daemon.answers(each, "daemon.status")) * 1e6

    def program(daemon: Daemon) -> float:
        peer = Orchd()
        peer.daemon = daemon
        return process_time(peer.status_command(), peer.environment, 5)

    kinds = {
        "submit of one task": ("µs", submit_one, True), "submit of a batch, a task": ("µs", submit_batch, True),
        "claim, from resume to ended, a task": ("µs", claim, True), "daemon.status": ("µs", status, True),
        "orchctl status, whole process": ("ms", program, False),
    }
    smallest, largest = list(daemons)[0], [name for name in daemons if name.endswith("queued")][-1]
    for title, (unit, work, judged) in kinds.items():
        plan.say(f"flatness: {title}")
        for daemon in daemons.values():
            work(daemon)
        processor: dict[str, list[float]] = {name: [] for name in daemons}

        def measured(name: str) -> float:
            value = work(daemons[name])
            processor[name].append(getattr(daemons[name], "claimed_cpu", 0.0))
            daemons[name].until("idleness", lambda counts: counts["running"] == 0)
            return value

        values = interleave(plan.rounds, {name: partial(measured, name) for name in daemons})
        add(plan, title, unit, values)
        if work is claim:
            add(plan, "claim, processor time of the engine, a task", unit, processor)
            values = processor
            title += " (processor time of the engine)"
        if judged:
            plan.report.budget(f"{title}: {largest} against {smallest}", stats.ratios(values[largest], values[smallest]), 1.2)


def add(plan: Plan, title: str, unit: str, values: dict[str, list[float]]) -> None:
    comparison = plan.report.compare(TITLE, title, unit)
    for name, found in values.items():
        comparison.add(name, found)


def memory(plan: Plan, daemons: dict[str, Daemon]) -> None:
    for title, pick in (("engine", lambda d: d.engine), ("supervisor", lambda d: d.supervisor)):
        add(plan, f"resident memory of the {title}, after all of the above", "MiB",
            {name: [process.resident(pick(daemon))] for name, daemon in daemons.items()})
    add(plan, "database on disk", "MiB", {name: [daemon.database_size() / (1 << 20)] for name, daemon in daemons.items()})


def restarts(plan: Plan, daemons: dict[str, Daemon], largest: str, count: int) -> None:
    """From the start of `orchd run` to READY; then with many running."""
    plan.say("flatness: starts")

    def again(daemon: Daemon) -> float:
        daemon.stop()
        daemon.start()
        return daemon.seconds_to_ready * 1000

    rounds = plan.pick(2, 3, 5)
    add(plan, "start to READY", "ms", interleave(rounds, {name: partial(again, daemon) for name, daemon in daemons.items()}))
    add(plan, "resident memory of the engine, just started", "MiB", {n: [process.resident(d.engine)] for n, d in daemons.items()})
    if "1 000 000 queued" in daemons:
        plan.report.budget("engine memory with 1 000 000 queued", [process.resident(daemons["1 000 000 queued"].engine)], 96, "MiB")

    workers = plan.pick(100, 1000, 1000)
    plan.say(f"flatness: engine restarts with {workers} running")
    daemon = daemons[largest]
    daemon.call("pool.resize", {"pool": "default", "slots": workers})
    from ..floor import FLOOR
    daemon.submit(workers, workers, wait=False, command=[str(FLOOR / "sleeper")], pool="default")
    daemon.until("the workers", lambda counts: daemon.busy() >= workers)
    values = [daemon.kill_engine() for _ in range(plan.pick(2, 5, 5))]
    add(plan, f"engine killed, until the next one answers, {workers} running", "ms", {largest: [1000 * v for v in values]})
    plan.report.budget(f"engine restart with {largest} and {workers} running", values, 1.0, "s")
