"""Where the benchmark keeps what it builds, installs and writes."""
from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BENCH = ROOT / "build" / "bench"
FLOOR = BENCH / "floor"
VENV = BENCH / "venv"


@contextmanager
def scratch(prefix: str) -> Iterator[Path]:
    """A directory of its own on the disk of the repository, gone afterwards."""
    BENCH.mkdir(parents=True, exist_ok=True)
    path = Path(tempfile.mkdtemp(prefix=prefix + "-", dir=BENCH))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
