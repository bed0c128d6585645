"""How much is measured, and the interleaving of rounds."""
from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from .report import Report

T = TypeVar("T")


@dataclass
class Plan:
    """What a section is told."""

    report: Report
    quick: bool = False
    full: bool = False
    rounds: int = 7
    only: set[str] | None = None
    #: Bytes that each of the writing tasks writes.
    output_size: int = 64 << 20

    def pick(self, quick: T, usual: T, full: T) -> T:
        return quick if self.quick else full if self.full else usual

    def say(self, text: str) -> None:
        print(f"[{time.strftime('%H:%M:%S')}] {text}", flush=True)


def interleave(rounds: int, work: Mapping[str, Callable[[], float]]) -> dict[str, list[float]]:
    """A B C A B C …: what the machine does to one it does to all."""
    values: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, run in work.items():
            values[name].append(run())
    return values


def calibrate(run: Callable[[int], float | None], most: int, seconds: float, first: int = 50) -> int:
    """How many commands of this kind fill a round; the run also warms what is measured."""
    count = first
    while True:
        taken = run(count)
        if taken is None:
            return 0
        if taken > seconds * 0.7 or count >= most:
            return max(first, min(most, int(count * seconds / taken)))
        # By steps, because many are slow until they are warm.
        count = min(most, count * 2 if taken > seconds / 4 else count * 4)
