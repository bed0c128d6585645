"""What the stand-ins of the agents' programs share.

A stand-in takes the arguments that the real program takes, and no others, and prints the shapes that it prints. The prompt says
what is to happen: `auth: …`, `limit: …`, `hang: …`; without such a word it is answered.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time

MODES = ["ok", "empty", "auth", "limit", "limit-unknown", "server", "noise", "stderr", "large", "invalid", "hang", "child", "crash"]


class Arguments(argparse.ArgumentParser):
    """Refuses what the program does not know, and abbreviations too."""

    def __init__(self, **more):
        super().__init__(allow_abbrev=False, **more)
        self.add_argument("--version", "-V", action="version", version=os.path.basename(sys.argv[0]) + " 1.2.3 (stand-in)")


class Prompt:
    """The prompt, and what it asks for."""

    def __init__(self, text):
        word, _, rest = text.partition(":")
        self.mode = word if word in MODES else "ok"
        self.text = rest.strip() if word in MODES else text.strip()

    def answer(self, **told):
        """The prompt again, with what the arguments said."""
        if self.mode == "empty":
            return ""
        if self.mode == "large":
            return "x" * (5 << 20)
        return " ".join(["echo", self.text] + [f"{key}={value}" for key, value in sorted(told.items()) if value is not None])

    def fails(self, *modes):
        return self.mode in modes


def stdin():
    return sys.stdin.buffer.read().decode()


def file(path):
    with open(path, encoding="utf-8") as source:
        return source.read()


def emit(prompt, text, status=0):
    """Prints a whole result as the prompt wants it, and ends."""
    data = text.encode()
    stream = sys.stderr.buffer if prompt.mode == "stderr" else sys.stdout.buffer
    if prompt.mode == "noise":
        data = b"\x1b[33mwarn\x1b[0m [1/2] {starting}\n" + data + b"\n[diagnostic] done {\n"
    if prompt.mode == "invalid":
        data = data.replace(b"echo", b"ech\xff")
    if prompt.mode == "hang":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    stream.write(data)
    stream.flush()
    if prompt.mode in ("hang", "child"):
        # A child that outlives its parent, in a session of its own.
        subprocess.Popen(["sleep", "1000"], start_new_session=True, stdout=subprocess.DEVNULL)
    while prompt.mode == "hang":
        time.sleep(1000)
    sys.exit(status)


def fail(message, status=1):
    print(message, file=sys.stderr)
    sys.exit(status)


def line(value):
    return json.dumps(value) + "\n"
