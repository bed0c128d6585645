"""What is measured: one module for each section of the table."""
from __future__ import annotations

from types import ModuleType

from . import costs, flatness, idle, latency, output, throughput, width

ALL: dict[str, ModuleType] = {
    "throughput": throughput, "latency": latency, "flatness": flatness, "width": width, "output": output, "idle": idle,
    "costs": costs,
}
QUICK = ["throughput", "latency", "costs"]
