"""A private `orchd run`, started and ended."""
from __future__ import annotations

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import process
from .floor import NOOP, lines
from .place import FLOOR, ROOT

#: Where the programs are; --bin sets it.
programs = ROOT / "build" / "bin"

NOOP_TASK = {"command": [NOOP]}


class Failed(Exception):
    """The daemon did not do what it was asked for."""


class Daemon:
    """A daemon of its own, with its state in a directory. To be used with `with`."""

    def __init__(self, directory: Path, pools: dict[str, int], output_limit: str = "64M",
                 worker: Path | None = None) -> None:
        """With a worker, the pools are warm ones of it."""
        self.directory = directory
        # Short, because the path of a Unix socket may have no more than 107 bytes.
        self.place = Path(tempfile.mkdtemp(prefix="orchbench-"))
        self.socket = str(self.place / "sock")
        (self.place / "pools.d").mkdir()
        # Nothing is to be removed while it is measured.
        (self.place / "orchd.toml").write_text("[retention]\ncount = 10000000\n[limits]\nqueued = 2000000\n", encoding="utf-8")
        for name, slots in pools.items():
            (self.place / "pools.d" / f"{name}.toml").write_text(
                f'slots = {slots}\noutput_limit = "{output_limit}"\n'
                + (f'kind = "warm"\ncommand = ["{worker}"]\n' if worker else ""), encoding="utf-8")
        self.launcher: subprocess.Popen[str] | None = None
        self.seconds_to_ready = 0.0

    def __enter__(self) -> Daemon:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.place, ignore_errors=True)

    def start(self) -> None:
        log = (self.place / "log").open("a", encoding="utf-8")
        began = time.monotonic()
        self.launcher = subprocess.Popen(
            [program("orchd"), "run", "--config", self.place / "orchd.toml", "--state-dir", self.directory / "state",
             "--socket", self.socket], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True)
        log.close()
        assert self.launcher.stdout is not None
        ready, _, _ = select.select([self.launcher.stdout], [], [], 120)
        line = self.launcher.stdout.readline() if ready else "nothing for two minutes"
        self.seconds_to_ready = time.monotonic() - began
        if not line.startswith("ready:"):
            text = (self.place / "log").read_text(encoding="utf-8")
            self.__exit__()
            raise Failed(f"the daemon did not become ready: {line.strip()} {text.strip()[-500:]}")

    def stop(self) -> None:
        """Ends it at once, its tasks included."""
        if self.launcher is None:
            return
        self.launcher.send_signal(signal.SIGINT)
        try:
            self.launcher.wait(60)
        except subprocess.TimeoutExpired:
            self.launcher.kill()
            self.launcher.wait()
        self.launcher = None

    def kill_engine(self) -> float:
        """Kills the engine; seconds until the next one answers, with the supervisor connected to it."""
        before = self.engine
        began = time.monotonic()
        os.kill(before, signal.SIGKILL)
        while time.monotonic() - began < 120:
            try:
                status = self.call("daemon.status")
                if status["pid"] != before and status["supervisor"]["connected"]:
                    return time.monotonic() - began
            except OSError:
                pass
            time.sleep(0.002)
        raise Failed("the engine did not come back within two minutes")

    # Its processes

    @property
    def engine(self) -> int:
        return self._child("orchd")

    @property
    def supervisor(self) -> int:
        return self._child("orchd-supervisor"[:15])

    @property
    def launcher_pid(self) -> int:
        assert self.launcher is not None
        return self.launcher.pid

    def _child(self, name: str) -> int:
        found = process.children(self.launcher_pid)
        if name not in found:
            raise Failed(f"there is no process {name}; there are {', '.join(found) or 'none'}")
        return found[name]

    def database_size(self) -> int:
        """Bytes of the database and what belongs to it."""
        return sum(path.stat().st_size for path in (self.directory / "state").glob("queue.db*"))

    # What it is asked

    def call(self, method: str, params: Any = None, patience: float = 600) -> Any:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(patience)
            connection.connect(self.socket)
            request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params if params is not None else {}}
            connection.sendall(json.dumps(request).encode() + b"\n")
            with connection.makefile("rb") as answers:
                for line in answers:
                    answer = json.loads(line)
                    if "error" in answer:
                        raise Failed(f"{method}: {answer['error']['message']}")
                    if "result" in answer:
                        return answer["result"]
        raise ConnectionError(f"{method}: the daemon closed the connection")

    def counts(self) -> dict[str, int]:
        counts: dict[str, int] = self.call("daemon.status")["counts"]
        return counts

    def busy(self) -> int:
        """How many processes run. The count of running tasks is no answer: it includes those that are about to start."""
        return sum(1 for worker in self.call("worker.list")["workers"] if worker["state"] == "busy")

    def occupy(self, count: int) -> float:
        """Has as many workers wait for a signal; seconds until all of them run."""
        task = {"command": [str(FLOOR / "sleeper")]}
        began = time.monotonic()
        self.call("task.submit", [task] * count)
        self.until(f"{count} workers", lambda _: self.busy() >= count)
        return time.monotonic() - began

    def until(self, what: str, is_so: Callable[[dict[str, int]], bool], patience: float = 300) -> float:
        """Seconds until a condition on the counts holds."""
        began = time.monotonic()
        while not is_so(self.counts()):
            if time.monotonic() - began > patience:
                raise Failed(f"waited {patience} s for {what}; the counts are {self.counts()}")
            time.sleep(0.005)
        return time.monotonic() - began

    def submit(self, count: int, batch: int, clients: int = 1, wait: bool = True, **task: Any) -> tuple[float, float, list[float]]:
        """Submits no-op tasks: seconds until all were accepted, until all had ended, and of each answer."""
        text = json.dumps({**NOOP_TASK, **task}, separators=(",", ":"))
        out = lines("load", self.socket, "submit", count, batch, clients, text, *(["wait"] if wait else []))
        return out[0][0] / 1e9, out[0][1] / 1e9, [line[0] / 1e9 for line in out[1:]]

    def answers(self, count: int, method: str, params: Any = None) -> list[float]:
        """Seconds of each of `count` requests, one after the other on one connection."""
        out = lines("load", self.socket, "call", count, method, json.dumps(params if params is not None else {}))
        return [line[0] / 1e9 for line in out]


def program(name: str) -> str:
    """The path of one of orchd's programs."""
    return str(programs / name)


def version() -> str:
    run = subprocess.run([program("orchd"), "--version"], capture_output=True, text=True, check=True)
    commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    return f"{run.stdout.strip()} ({commit.stdout.strip() or 'no git'})"
