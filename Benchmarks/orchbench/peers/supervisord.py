"""supervisord: no queue, so only its command line is compared: status, and the start of a program it knows."""
from __future__ import annotations

import subprocess
import time
from pathlib import Path

from ..install import program
from .base import Peer, Unavailable


class Supervisor(Peer):
    name = "supervisord"
    durable = "no queue"

    def install(self) -> None:
        self.program = program("supervisord", "supervisor")
        self.control = program("supervisorctl", "supervisor")

    def start(self, directory: Path, slots: int) -> None:
        self.file = directory / "supervisord.conf"
        socket = directory / "socket"
        self.file.write_text(
            f"[unix_http_server]\nfile={socket}\n[supervisord]\nnodaemon=true\nuser=root\nlogfile={directory}/log\n"
            f"pidfile={directory}/pid\n[rpcinterface:supervisor]\n"
            "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n"
            f"[supervisorctl]\nserverurl=unix://{socket}\n[program:sleeper]\ncommand=/bin/sleep 1000\n", encoding="utf-8")
        self.process = subprocess.Popen([self.program, "-c", str(self.file)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while not socket.exists():
            if time.monotonic() > deadline:
                raise Unavailable("it did not start within 20 s")
            time.sleep(0.05)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()

    def status_command(self) -> list[str]:
        return [self.control, "-c", str(self.file), "status"]
