"""A daemon of its own for each test, and `orchctl mcp` for it."""

import json
import os
import pathlib
import subprocess
import time

import pytest

PROGRAMS = pathlib.Path(os.environ["ORCHD_PROGRAMS"]).resolve()


class Daemon:
    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.socket = folder / "sock"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        return {"HOME": str(self.folder), "PATH": f"{PROGRAMS}:{os.environ['PATH']}"}

    def start(self) -> None:
        self.process = subprocess.Popen(
            ["orchd", "run", "--state-dir", self.folder / "state", "--socket", self.socket],
            env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )
        assert b"ready" in self.process.stdout.readline()

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            assert self.process.wait(60) == 0
            self.process = None

    def orchctl(self, *arguments: str) -> str:
        command = ["orchctl", *arguments[:1], "--socket", str(self.socket), *arguments[1:]]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False).stdout

    @property
    def command(self) -> tuple[str, list[str]]:
        return str(PROGRAMS / "orchctl"), ["mcp", "--socket", str(self.socket)]


class Server:
    """A client that writes whatever a test wants to write."""

    def __init__(self, daemon: Daemon, *arguments: str) -> None:
        program, own = daemon.command
        self.process = subprocess.Popen(
            [program, *own, *arguments], env=daemon.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )

    def send(self, message: object) -> None:
        line = message if isinstance(message, bytes) else json.dumps(message).encode()
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()

    def request(self, number: object, method: str, **parameters: object) -> None:
        self.send({"jsonrpc": "2.0", "id": number, "method": method, "params": parameters})

    def call(self, number: object, tool: str, **arguments: object) -> None:
        self.request(number, "tools/call", name=tool, arguments=arguments)

    def next(self) -> dict:
        line = self.process.stdout.readline()
        assert line, "the server has ended"
        message = json.loads(line)
        assert message["jsonrpc"] == "2.0"
        return message

    def result(self, number: object) -> dict:
        while (message := self.next()).get("id") != number:
            pass
        return message["result"]

    def end(self) -> float:
        began = time.monotonic()
        self.process.stdin.close()
        assert self.process.wait(10) == 0
        return time.monotonic() - began


@pytest.fixture
def daemon(tmp_path):
    it = Daemon(tmp_path)
    it.start()
    yield it
    it.stop()


@pytest.fixture
def server(daemon):
    it = Server(daemon)
    yield it
    if it.process.poll() is None:
        it.process.kill()
