"""7. What a task costs: processor time, system calls, fsyncs; and the instructions of a turn."""
from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
import time
from pathlib import Path

from .. import process
from ..daemon import Daemon
from ..daemon import program as orchd_program
from ..floor import NOOP
from ..install import Unavailable, program
from ..place import ROOT, scratch
from ..plan import Plan

TITLE = "7. Cost of a task"


def run(plan: Plan) -> None:
    count = plan.pick(2000, 10_000, 30_000)
    with scratch("costs") as directory, Daemon(directory, {"default": 2}) as daemon:
        daemon.submit(500, 500)
        processor(plan, daemon, count)
        syncs(plan, daemon, directory, count)
        calls(plan, daemon, directory, plan.pick(1000, 3000, 3000))
        one_submission(plan, daemon, plan.pick(20, 50, 100))


def processor(plan: Plan, daemon: Daemon, count: int) -> None:
    plan.say(f"costs: processor time of {count} tasks")
    found: dict[str, list[float]] = {}
    for _ in range(plan.pick(3, 5, 7)):
        pids = {"engine": daemon.engine, "supervisor": daemon.supervisor}
        before = {name: process.usage(pid) for name, pid in pids.items()}
        own = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = daemon.submit(count, count)[1]
        client = resource.getrusage(resource.RUSAGE_CHILDREN)
        for name, pid in pids.items():
            spent = process.usage(pid) - before[name]
            found.setdefault(f"{name}, user", []).append(spent.user / count * 1e6)
            found.setdefault(f"{name}, system", []).append(spent.system / count * 1e6)
            found.setdefault(f"{name}, wake-ups", []).append(spent.wakeups / count)
        found.setdefault("client (C, one batch), user", []).append((client.ru_utime - own.ru_utime) / count * 1e6)
        found.setdefault("client (C, one batch), system", []).append((client.ru_stime - own.ru_stime) / count * 1e6)
        found.setdefault("elapsed", []).append(seconds / count * 1e6)
    title = f"processor time of a no-op, {count} in a batch, 2 slots; the task's own not counted"
    time_table = plan.report.compare(TITLE, title, "µs", reference="")
    wake_table = plan.report.compare(TITLE, "thread wake-ups a task", "wake-ups", reference="")
    for name, values in found.items():
        (wake_table if name.endswith("wake-ups") else time_table).add(name, values)


def syncs(plan: Plan, daemon: Daemon, directory: Path, count: int) -> None:
    """Counted by the kernel's tracepoints, which slow nothing down: how many tasks share a turn depends on speed."""
    table = plan.report.compare(TITLE, f"fsyncs and system calls a task, {count} in a batch", "calls", reference="")
    events = ["syscalls:sys_enter_fdatasync", "syscalls:sys_enter_fsync", "raw_syscalls:sys_enter"]
    try:
        perf = program("perf", "linux-perf")
    except Unavailable as error:
        table.missing["perf"] = str(error)
        return
    plan.say(f"costs: fsyncs of {count} tasks")
    pids = {"engine": daemon.engine, "supervisor": daemon.supervisor}
    tracers = {name: subprocess.Popen(
        [perf, "stat", "--no-inherit", "-x", ",", "-e", ",".join(events), "-o", str(directory / name), "-p", str(pid)],
        stderr=subprocess.PIPE, text=True) for name, pid in pids.items()}
    # perf does not say when it has begun; a task that it has not seen is one in thousands.
    time.sleep(0.5)
    daemon.submit(count, count)
    for name, tracer in tracers.items():
        tracer.send_signal(signal.SIGINT)
        _, complaint = tracer.communicate()
        numbers = [line.split(",")[0] for line in (directory / name).read_text().splitlines() if "sys_enter" in line]
        if len(numbers) != len(events) or not all(number.isdigit() for number in numbers):
            table.missing[name] = f"perf does not count here: {complaint.strip() or numbers}"
            continue
        table.add(f"{name}: fsyncs", [(int(numbers[0]) + int(numbers[1])) / count])
        table.add(f"{name}: system calls", [int(numbers[2]) / count])


def calls(plan: Plan, daemon: Daemon, directory: Path, count: int) -> None:
    """Which they are. Under strace everything is slower, so the numbers are not quite those of a daemon left alone."""
    table = plan.report.compare(TITLE, f"system calls a task, {count} in a batch, by strace, which slows them down", "calls",
                                reference="")
    try:
        strace = program("strace", "strace")
    except Unavailable as error:
        table.missing["strace"] = str(error)
        return
    plan.say(f"costs: system calls of {count} tasks")
    pids = {"engine": daemon.engine, "supervisor": daemon.supervisor}
    tracers = {name: subprocess.Popen(
        # The engine has threads, which -f follows, and the supervisor has children, which are not what is asked for.
        [strace, "-c", *(["-f"] if name == "engine" else []), "-U", "name,calls", "-o", str(directory / name), "-p", str(pid)],
        stderr=subprocess.PIPE, text=True) for name, pid in pids.items()}
    attached = {name: (tracer.stderr.readline() if tracer.stderr else "") for name, tracer in tracers.items()}
    daemon.submit(count, count)
    for name, tracer in tracers.items():
        tracer.send_signal(signal.SIGINT)
        tracer.communicate()
        if "attached" not in attached[name]:
            table.missing[name] = f"strace does not attach: {attached[name].strip()}"
            continue
        counted = tally(directory / name)
        most = sorted(counted.items(), key=lambda item: -item[1])[:8]
        table.add(name, [sum(counted.values()) / count], ", ".join(f"{call} {number / count:.2f}" for call, number in most))


def tally(path: Path) -> dict[str, int]:
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        match = re.fullmatch(r"\s*(\w+)\s+(\d+)\s*", line)
        if match and match[1] != "total":
            found[match[1]] = int(match[2])
    return found


def one_submission(plan: Plan, daemon: Daemon, count: int) -> None:
    """A task handed over alone by `orchctl`."""
    env = {**os.environ, "ORCHD_SOCKET": daemon.socket}
    table = plan.report.compare(TITLE, "processor time of a client process, one submission", "µs")
    for name, command in (("orchctl submit", [orchd_program("orchctl"), "submit", "--", NOOP]), (NOOP, [NOOP])):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        for _ in range(count):
            subprocess.run(command, env=env, stdout=subprocess.DEVNULL, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
        table.add(name, [spent / count * 1e6])
    figure = ROOT / "Benchmarks" / "turn-cost.txt"
    if figure.exists():
        words = figure.read_text(encoding="utf-8").split()
        plan.report.compare(TITLE, "instructions of the turns of one task (committed figure; `make bench-check` counts them again)",
                            "instructions").add("engine's turn loop", [float(words[0])])
