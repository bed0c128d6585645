"""Where it was measured: processor, memory, kernel, disk."""
from __future__ import annotations

import os
import platform
import subprocess
import time
from pathlib import Path


def first_match(path: str, key: str) -> str:
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == key:
            return value.strip()
    return "?"


def disk(directory: Path) -> str:
    """The file system below a directory, as `df` knows it."""
    run = subprocess.run(["df", "--output=source,fstype,avail", "-h", str(directory)], capture_output=True, text=True, check=False)
    lines = run.stdout.splitlines()
    return " ".join(lines[1].split()) + " free" if len(lines) > 1 else "?"


def cgroups() -> str:
    """Whether a cgroup of version 2 with controllers can be used."""
    root = Path("/sys/fs/cgroup/cgroup.controllers")
    return "version 2" if root.exists() and root.read_text(encoding="utf-8").strip() else "no version 2 with controllers"


def has_systemd() -> bool:
    return Path("/run/systemd/system").is_dir()


def taken_by_others(seconds: float = 1.0) -> float:
    """The share of the processors that is busy while nothing of ours runs, so that nobody trusts figures of a busy machine."""
    def ticks() -> tuple[int, int]:
        fields = [int(word) for word in Path("/proc/stat").read_text(encoding="utf-8").splitlines()[0].split()[1:9]]
        # idle and iowait
        return sum(fields), fields[3] + fields[4]

    total, idle = ticks()
    time.sleep(seconds)
    total_after, idle_after = ticks()
    return 1 - (idle_after - idle) / max(total_after - total, 1)


def describe(directory: Path, version: str) -> dict[str, str]:
    release = platform.freedesktop_os_release().get("PRETTY_NAME", "?")
    virtual = " (virtual)" if "hypervisor" in first_match("/proc/cpuinfo", "flags").split() else ""
    memory = int(first_match("/proc/meminfo", "MemTotal").split()[0]) >> 20
    return {
        "orchd": version,
        "machine": f"{os.cpu_count()} × {first_match('/proc/cpuinfo', 'model name')}{virtual}, {memory} GiB",
        "system": f"{release}, Linux {platform.release()}, cgroups: {cgroups()}, systemd: {'yes' if has_systemd() else 'no'}",
        "disk": disk(directory),
    }
