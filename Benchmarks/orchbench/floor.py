"""The C programs: the floor that nobody can be below, and the client that makes the load."""
from __future__ import annotations

import os
import subprocess
from pathlib import Path

from .place import FLOOR

NOOP = "/bin/true"


def build() -> None:
    source = Path(__file__).resolve().parents[1] / "floor"
    subprocess.run(["make", "--silent", "-C", str(source), f"OUT={FLOOR}"], check=True)


def lines(program: str, *arguments: object, env: dict[str, str] | None = None) -> list[list[int]]:
    """What a program of the floor prints: lines of numbers."""
    run = subprocess.run([FLOOR / program, *map(str, arguments)], stdout=subprocess.PIPE, text=True, check=True,
                         env=None if env is None else {**os.environ, **env})
    return [[int(word) for word in line.split()] for line in run.stdout.splitlines()]


def spawn_loop(count: int, width: int, *command: str, env: dict[str, str] | None = None) -> float:
    """Seconds that `count` runs of a command take, `width` at once."""
    return lines("spawnloop", count, width, *(command or (NOOP,)), env=env)[0][0] / 1e9


def fsyncs(directory: Path, count: int = 200, size: int = 4096) -> list[float]:
    """Seconds of single writes that reach the disk."""
    return [line[0] / 1e9 for line in lines("fsyncs", directory / "fsyncs", count, size)]


def spawns(directory: Path, count: int = 200) -> list[float]:
    """Seconds from posix_spawn until the program runs."""
    return [line[0] / 1e9 for line in lines("spawns", FLOOR / "stamp", directory / "stamps", count)]
