"""3. The same with few and with many tasks queued, and with many that have ended."""
from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

from .. import process, stats
from ..daemon import Daemon, program
from ..place import scratch
from ..plan import Plan, interleave
from .latency import process_time

TITLE = "3. Flatness"
#: Tasks that are claimed, and submitted, in one round.
CLAIMED = 1000
MILLION = "1 000 000 queued"


def run(plan: Plan) -> None:
    queued = plan.pick([1000, 10_000], [1000, 100_000, 1_000_000], [1000, 10_000, 100_000, 1_000_000])
    with ExitStack() as stack:
        daemons: dict[str, Daemon] = {}
        for count in queued:
            daemons[f"{count:,} queued".replace(",", " ")] = grown(plan, stack, count, 0)
        if plan.full:
            daemons["1 000 000 finished"] = grown(plan, stack, 1000, 1_000_000)
        costs(plan, daemons)
        claims(plan, daemons)
        memory(plan, daemons)
        restarts(plan, daemons, largest=f"{queued[-1]:,} queued".replace(",", " "), count=queued[-1])


def grown(plan: Plan, stack: ExitStack, queued: int, finished: int) -> Daemon:
    """A daemon with that many ready tasks of low priority in a pool that is paused; and others, with nothing to do."""
    plan.say(f"flatness: filling a daemon with {queued} queued and {finished} finished tasks")
    directory = stack.enter_context(scratch("flat"))
    daemon = stack.enter_context(Daemon(directory, {"backlog": 2, "default": 2, "parked": 0}))
    daemon.call("pool.pause", {"pool": "backlog"})
    if finished:
        fill(daemon, finished)
        daemon.call("task.cancel", {"pool": "backlog"})
    fill(daemon, queued)
    return daemon


def fill(daemon: Daemon, count: int) -> None:
    daemon.submit(count, min(count, 10_000), clients=2, wait=False, pool="backlog", priority=-10)


def costs(plan: Plan, daemons: dict[str, Daemon]) -> None:
    each = plan.pick(100, 200, 500)
    kinds: list[tuple[str, str, Callable[[Daemon], float]]] = [
        ("submit of one task", "µs",
         lambda daemon: stats.median(daemon.submit(each, 1, wait=False, pool="parked")[2]) * 1e6),
        ("submit of a batch, a task", "µs",
         lambda daemon: daemon.submit(CLAIMED, CLAIMED, wait=False, pool="parked")[0] / CLAIMED * 1e6),
        ("daemon.status", "µs",
         lambda daemon: stats.median(daemon.answers(each, "daemon.status")) * 1e6),
    ]
    for title, unit, work in kinds:
        plan.say(f"flatness: {title}")
        values = in_turn(plan, daemons, work)
        add(plan, title, unit, values)
        judge(plan, title, values)
    plan.say("flatness: orchctl status")
    command = [program("orchctl"), "status"]
    add(plan, "orchctl status, whole process", "ms", in_turn(
        plan, daemons, lambda daemon: process_time(command, {"ORCHD_SOCKET": daemon.socket}, 5)))


def claims(plan: Plan, daemons: dict[str, Daemon]) -> None:
    """CLAIMED tasks of higher priority are run before the backlog, round by round."""
    plan.say("flatness: claim")
    processor: dict[str, list[float]] = {name: [] for name in daemons}
    names = {id(daemon): name for name, daemon in daemons.items()}

    def claim(daemon: Daemon) -> float:
        daemon.submit(CLAIMED, CLAIMED, wait=False, pool="backlog", priority=10)
        ended = daemon.counts()["succeeded"]
        before = process.usage(daemon.engine)
        daemon.call("pool.resume", {"pool": "backlog"})
        seconds = daemon.until("the claimed tasks", lambda counts: counts["succeeded"] >= ended + CLAIMED)
        daemon.call("pool.pause", {"pool": "backlog"})
        daemon.until("the end of what runs", lambda counts: counts["running"] == 0)
        # Some of the backlog has run too, until the pool was paused.
        spent = (process.usage(daemon.engine) - before).total
        processor[names[id(daemon)]].append(spent / (daemon.counts()["succeeded"] - ended) * 1e6)
        return seconds / CLAIMED * 1e6

    add(plan, "claim, from resume to ended, a task", "µs", in_turn(plan, daemons, claim))
    # The first was to warm them.
    processor = {name: values[1:] for name, values in processor.items()}
    title = "claim, processor time of the engine, a task"
    add(plan, title, "µs", processor)
    judge(plan, title, processor)


def in_turn(plan: Plan, daemons: dict[str, Daemon], work: Callable[[Daemon], float]) -> dict[str, list[float]]:
    """Rounds of the same work on each of the daemons, each of them warm, and without what the last round has left."""
    def once(daemon: Daemon) -> float:
        value = work(daemon)
        daemon.call("task.cancel", {"pool": "parked"})
        return value

    for daemon in daemons.values():
        once(daemon)
    return interleave(plan.rounds, {name: partial(once, daemon) for name, daemon in daemons.items()})


def judge(plan: Plan, title: str, values: dict[str, list[float]]) -> None:
    smallest, *_, largest = [name for name in values if name.endswith("queued")]
    plan.report.budget(f"{title}: {largest} against {smallest}", stats.ratios(values[largest], values[smallest]), 1.2)


def add(plan: Plan, title: str, unit: str, values: dict[str, list[float]]) -> None:
    comparison = plan.report.compare(TITLE, title, unit)
    for name, found in values.items():
        comparison.add(name, found)


def memory(plan: Plan, daemons: dict[str, Daemon]) -> None:
    for title in ("engine", "supervisor"):
        add(plan, f"resident memory of the {title}, after all of the above", "MiB",
            {name: [process.resident(getattr(daemon, title))] for name, daemon in daemons.items()})
    if MILLION in daemons:
        plan.report.budget(f"memory of the engine, {MILLION}", [process.resident(daemons[MILLION].engine)], 96, "MiB")
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

    workers = plan.pick(100, 1000, 1000)
    plan.say(f"flatness: engine restarts with {workers} running")
    daemon = daemons[largest]
    daemon.call("pool.resize", {"pool": "default", "slots": workers})
    daemon.occupy(workers)
    values = [daemon.kill_engine() for _ in range(plan.pick(2, 5, 5))]
    add(plan, f"engine killed, until the next one answers, {workers} running", "ms", {largest: [1000 * v for v in values]})
    plan.report.budget(f"engine restart with {largest} and {workers} running", values, 1.0, "s")
