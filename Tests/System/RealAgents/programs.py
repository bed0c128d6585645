"""The real programs: where they come from, and where they are kept."""

import fcntl
import glob
import os
import shutil
import subprocess
import sys

CACHE = os.path.expanduser("~/.cache/orchd-agents")


class Unavailable(Exception):
    """A program that cannot be had here, and why."""


class Program:
    """A package of PyPI, with the version of Python that it needs, and where its program is in it."""

    def __init__(self, package, program, dependencies=True, python=(3, 10)):
        self.package = package
        self.program = program
        self.dependencies = dependencies
        self.python = python


# Two of the packages bundle a program that needs nothing else of them.
PROGRAMS = {
    "claude": Program("claude-agent-sdk==0.2.189", "lib/python3*/site-packages/claude_agent_sdk/_bundled/claude", dependencies=False),
    "codex": Program("openai-codex-cli-bin==0.163.0", "lib/python3*/site-packages/codex_cli_bin/bin/codex", dependencies=False),
    "llm": Program("llm==0.36", "bin/llm"),
    "aider": Program("aider-chat==0.86.2", "bin/aider"),
    "grok": Program("grok-cli-bin==0.2.111", "lib/python3*/site-packages/grok_cli_bin/bin/grok", dependencies=False),
    "vibe": Program("mistral-vibe==3.0.2", "bin/vibe", python=(3, 12)),
}


def interpreter(version):
    """A Python that is new enough."""
    if sys.version_info[:2] >= version:
        return sys.executable
    newer = [f"python{version[0]}.{minor}" for minor in range(version[1], version[1] + 4)]
    places = newer + sorted(glob.glob(os.path.expanduser("~/.pyenv/versions/3.*/bin/python3")))
    for place in places:
        found = shutil.which(place)
        test = f"import sys; sys.exit(sys.version_info[:2] < {version})"
        if found and subprocess.run([found, "-c", test], capture_output=True, check=False).returncode == 0:
            return found
    raise Unavailable(f"it needs Python {version[0]}.{version[1]}")


def install(name):
    """The directory that holds the program under its own name, made if it is not there."""
    program = PROGRAMS[name]
    home = os.path.join(CACHE, program.package.replace("==", "-"))
    os.makedirs(CACHE, exist_ok=True)
    with open(home + ".lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(home + "/done"):
            shutil.rmtree(home, ignore_errors=True)
            print(f"installing {program.package}", flush=True)
            python = interpreter(program.python)
            pip = [home + "/bin/python3", "-m", "pip", "install", "-q", "--disable-pip-version-check", program.package]
            for command in [[python, "-m", "venv", home], pip + ([] if program.dependencies else ["--no-deps"])]:
                made = subprocess.run(command, capture_output=True, text=True, check=False)
                if made.returncode != 0:
                    raise Unavailable(f"{' '.join(command)}: {(made.stderr.strip().splitlines() or ['failed'])[-1]}")
            found = glob.glob(os.path.join(home, program.program))
            if not found:
                raise Unavailable(f"{program.package} has no {program.program}")
            os.makedirs(home + "/programs")
            os.symlink(found[0], f"{home}/programs/{name}")
            with open(home + "/done", "w", encoding="utf-8"):
                pass
    return home + "/programs"
