"""Runs the stand-in until it is told to end: `python3 -m standin`. The first line that it prints says where everything is."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import ssl
import sys
from pathlib import Path

from . import contract
from .clock import Clock
from .server import Standin
from .settings import Settings
from .verbs import places


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="standin", description="A stand-in of Discord on 127.0.0.1.")
    parser.add_argument(
        "--port", type=int, default=0, help="of the API, the gateway and the control endpoints; 0: any that is free"
    )
    parser.add_argument("--world", choices=("empty", "furnished"), default="furnished", help="what there is at first")
    parser.add_argument("--speed", type=float, default=1.0, help="how fast its clock flows; 0: stands still")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a figure of settings.py")
    parser.add_argument(
        "--openapi", metavar="FILE", help=f"Discord's OpenAPI description; else {contract.VARIABLE}, or one that is near"
    )
    parser.add_argument("--write", metavar="FILE", type=Path, help="where to write the addresses as well, readable only by you")
    parser.add_argument("--tls", metavar="FILE", help="a certificate with its key (PEM), to speak only TLS")
    parser.add_argument(
        "--attended", action="store_true", help="end when standard input does, as it does with whoever started this"
    )
    options = parser.parse_args(arguments)
    settings = Settings()
    for each in options.set:
        name, _, value = each.partition("=")
        try:
            settings.change({name: json.loads(value)})
        except ValueError as wrong:
            parser.error(f"--set {each}: {wrong}")
    try:
        asyncio.run(serve(options, settings))
    except OSError as wrong:
        print(f"standin: {wrong}", file=sys.stderr)
        return 1
    return 0


async def serve(options: argparse.Namespace, settings: Settings) -> None:
    path = contract.find(options.openapi)
    if path is None:
        print("standin: no OpenAPI description at hand, so that nothing is checked against it", file=sys.stderr)
    description = contract.Contract(path) if path is not None else None
    tls = None
    if options.tls is not None:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(options.tls)
    standin = Standin(settings, contract=description, clock=Clock(speed=options.speed), port=options.port, tls=tls)
    if options.world == "furnished":
        places.furnish(standin)
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    if options.attended:
        # Nobody is left to whom a clean end would matter.
        asyncio.get_running_loop().add_reader(sys.stdin, lambda: os.read(0, 4096) or os._exit(0))
    async with standin:
        line = json.dumps(standin.addresses())
        if options.write is not None:
            options.write.touch(mode=0o600)
            options.write.write_text(line + "\n")
        print(line, flush=True)
        await ended.wait()


if __name__ == "__main__":
    sys.exit(main())
