"""What orchd is measured beside. One module each."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ..place import scratch
from ..report import Report
from .base import Peer, Unavailable
from .hyperqueue import HyperQueue
from .loop import Loop
from .nq import Nq
from .orchd import Orchd
from .parallel import Parallel
from .redis_queue import Rq
from .supervisord import Supervisor
from .systemd_run import SystemdRun
from .tsp import TaskSpooler
from .xargs import Xargs

ALL: list[type[Peer]] = [Orchd, Loop, Xargs, Parallel, TaskSpooler, Nq, HyperQueue, Rq, SystemdRun, Supervisor]


def installed(report: Report, only: set[str] | None = None) -> list[Peer]:
    """The peers that are to be had here; of the others the report says loudly why not."""
    found = []
    for kind in ALL:
        peer = kind()
        if only is not None and peer.name not in only:
            continue
        try:
            peer.install()
            found.append(peer)
        except Unavailable as error:
            report.absent[peer.name] = str(error)
            print(f"NOT MEASURED: {peer.name}: {error}", flush=True)
    return found


@contextmanager
def started(peers: list[Peer], slots: int, report: Report) -> Iterator[list[Peer]]:
    """All of them started, each with a directory of its own. They wait while others are measured."""
    with ExitStack() as stack:
        running = []
        for peer in peers:
            directory: Path = stack.enter_context(scratch("peer"))
            try:
                peer.start(directory, slots)
            except Unavailable as error:
                report.absent[peer.name] = str(error)
                continue
            stack.callback(peer.stop)
            running.append(peer)
        yield running
