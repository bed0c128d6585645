"""The house: types, style, and that no file grows past what one reads at a sitting."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize(
    "check", [["mypy"], ["ruff", "check", "--quiet"], ["ruff", "format", "--check", "--quiet"]], ids=" ".join
)
def test_checkers_have_nothing_to_say(check: list[str]) -> None:
    done = subprocess.run([sys.executable, "-m", *check], cwd=HERE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_file_is_long() -> None:
    long = {path.name: lines for path in HERE.rglob("*.py") if (lines := len(path.read_text().splitlines())) > 400}
    assert not long


def test_everything_binds_to_this_machine_only() -> None:
    """The only place that listens is the one that names its host."""
    listening = [path.name for path in (HERE / "standin").rglob("*.py") if "TCPSite" in path.read_text()]
    assert listening == ["server.py"]
