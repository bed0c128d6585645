"""Getting the peers: packages of Debian and of PyPI."""
from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from .place import BENCH, ROOT, VENV


class Unavailable(Exception):
    """A peer cannot be had or does not run here; the text says why."""


def program(name: str, package: str) -> str:
    """The path of a program, from its Debian package where it is missing."""
    path = shutil.which(name)
    if path is None:
        run = subprocess.run([ROOT / ".ci/apt-install", package], capture_output=True, text=True, check=False)
        path = shutil.which(name)
        if path is None:
            last = (run.stderr.strip().splitlines() or ["apt-get installed it, and it is not there"])[-1]
            raise Unavailable(f"the package {package}: {last}")
    return path


def module_from_pypi(package: str) -> Path:
    """Has a package of PyPI in a virtual environment of the benchmark's own; the answer is its Python."""
    python = VENV / "bin" / "python3"
    # Not in this directory, where a module of the same name may be.
    test = [str(python), "-c", f"import {package}"]
    if python.exists() and not subprocess.run(test, cwd=VENV, capture_output=True, check=False).returncode:
        return python
    BENCH.mkdir(parents=True, exist_ok=True)
    log = BENCH / f"install-{package}.log"
    with log.open("w", encoding="utf-8") as output:
        for command in ([sys.executable, "-m", "venv", str(VENV)], [str(VENV / "bin" / "pip"), "install", "--quiet", package]):
            if subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False).returncode:
                raise Unavailable(f"{' '.join(command)} failed; see {log}")
    return python
