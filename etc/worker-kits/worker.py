#!/usr/bin/env python3
"""A warm worker for orchd, with Python's standard library only. Copy it, and put your own work into do_task.

The protocol: worker-protocol.md, installed beside this file, or in docs of the sources.
"""
import json
import os
import sys

# Put slow start-up here: before "ready", and so before there is a task.

channel = os.fdopen(int(os.environ["ORCH_WORKER_FD"]), "rb", buffering=0)


def do_task(task):
    """Returns the result as text; an exception is a failure."""
    progress(50, "thinking")
    return task.get("prompt") or " ".join(task["command"])


def say(**message):
    data = json.dumps(message, ensure_ascii=False).encode(errors="replace") + b"\n"
    while data:
        data = data[os.write(channel.fileno(), data) :]


def progress(percent, text):
    say(type="progress", percent=percent, text=text)


def messages():
    """Each line that is JSON. Another line is the rest of an incomplete message, which the daemon sends again."""
    rest = b""
    while chunk := os.read(channel.fileno(), 65536):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            try:
                yield json.loads(line)
            except ValueError:
                pass


def next_task():
    """The first task, whatever follows; None if there will be none."""
    for message in messages():
        if message.get("type") == "exit":
            return None
        if message.get("type") == "task":
            return message
    return None


def main():
    say(type="ready", version="worker.py 1")
    task = next_task()
    if task is None:
        return
    say(type="accepted")
    try:
        output = do_task(task)
        # A result that is too long for a message goes into the result file.
        if len(output) > 10_000:
            with open(os.environ["ORCH_RESULT_FILE"], "w", encoding="utf-8") as file:
                file.write(output)
            output = None
        say(type="result", status="success", output=output)
    except Exception as error:
        print(repr(error), file=sys.stderr)
        say(type="result", status="failure", reason=(str(error) or repr(error))[:1000])


main()
