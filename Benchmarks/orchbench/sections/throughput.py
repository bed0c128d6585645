"""1. No-op commands, from submission to recorded result."""
from __future__ import annotations

from functools import partial

from .. import stats
from ..daemon import Daemon
from ..peers import installed, started
from ..peers.base import Peer
from ..place import scratch
from ..plan import Plan, calibrate, interleave

TITLE = "1. Throughput"


def run(plan: Plan) -> None:
    peers = [peer for peer in installed(plan.report, plan.only) if type(peer).batch is not Peer.batch]
    for slots in (2, 8):
        with started(peers, slots, plan.report) as running:
            batch(plan, running, slots)
            for clients in plan.pick([16], [1, 4, 16], [1, 4, 16]):
                one_by_one(plan, running, slots, clients)
    if plan.only is None or "orchd" in plan.only:
        submission(plan)


def rates(plan: Plan, title: str, work: dict[Peer, partial[float | None]]) -> dict[str, list[float]]:
    seconds = plan.pick(0.5, 1.0, 2.0)
    counts = {peer: calibrate(run, peer.most, max(seconds, peer.least)) for peer, run in work.items()}
    able = {peer: count for peer, count in counts.items() if count}
    plan.say(f"{title}: " + ", ".join(f"{peer.name} {count}" for peer, count in able.items()))

    def rate(peer: Peer, count: int) -> float:
        taken = work[peer](count)
        return count / taken if taken else 0.0

    values = interleave(plan.rounds, {peer.name: partial(rate, peer, count) for peer, count in able.items()})
    comparison = plan.report.compare(TITLE, title, "tasks/s", more_is_better=True)
    for peer, count in able.items():
        comparison.add(peer.name, values[peer.name], f"{count} a round; {peer.durable}")
    return values


def batch(plan: Plan, peers: list[Peer], slots: int) -> None:
    values = rates(plan, f"{slots} slots, one batch", {peer: partial(peer.batch) for peer in peers})
    if slots == 2 and "orchd" in values:
        # `orchd run` has no cgroup of its own to delegate; the service has, in the virtual machines of the tests.
        plan.report.budget("the same with a cgroup for each task, of the rate of C posix_spawn loop", [], 0.6, at_least=True)
        for other, limit in (("C posix_spawn loop", 0.8), ("xargs", 1.0)):
            plan.report.budget(f"durable no-ops on 2 slots, of the rate of {other}",
                               stats.ratios(values["orchd"], values.get(other, [])), limit, at_least=True)


def one_by_one(plan: Plan, peers: list[Peer], slots: int, clients: int) -> None:
    able = [peer for peer in peers if type(peer).one_by_one is not Peer.one_by_one]
    rates(plan, f"{slots} slots, one by one from {clients} client{'s' if clients > 1 else ''}",
          {peer: partial(peer.one_by_one, clients=clients) for peer in able})


def submission(plan: Plan) -> None:
    """How fast tasks are taken, when none of them starts: until the last of them is on the disk."""
    count = plan.pick(20_000, 100_000, 100_000)
    comparison = plan.report.compare(TITLE, f"{count} tasks accepted, none started", "tasks/s", more_is_better=True)
    sizes = [1000, 10_000, count]
    with scratch("submit") as directory, Daemon(directory, {"default": 0}) as daemon:
        def rate(size: int) -> float:
            accepted = daemon.submit(count, size, clients=2 if size < count else 1, wait=False)[0]
            daemon.call("task.cancel", {"all": True})
            return count / accepted

        plan.say(comparison.title)
        values = interleave(plan.pick(3, 5, 5), {str(size): partial(rate, size) for size in sizes})
    for size in sizes:
        comparison.add(f"orchd, {size} in a request", values[str(size)])
    plan.report.budget(f"submit of {count} tasks in batches of 10000, a second", values["10000"], 50_000, "tasks/s", at_least=True)
