"""A daemon with a pool for each agent, and the stand-in of the servers that they talk to."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.normpath(os.path.join(HERE, "../../.."))
# Nothing of a case takes longer.
PATIENCE = 240


def built_programs():
    places = [os.environ["ORCHD_BIN"]] if os.environ.get("ORCHD_BIN") else [TREE + "/build/bin", TREE + "/.build/debug"]
    for place in places:
        if os.access(place + "/orchd", os.X_OK):
            return os.path.abspath(place)
    sys.exit(f"run: there is no orchd in {' or '.join(places)}; make build")


class Daemon:
    def __init__(self, found, chosen):
        self.found = found
        self.chosen = chosen
        self.programs = built_programs()
        # Short, for the path of a socket; and not below /tmp, about which codex has something to say.
        self.home = tempfile.mkdtemp(prefix="run-", dir=os.path.expanduser("~/.cache/orchd-agents"))
        self.socket = self.home + "/socket"
        self.processes = []

    def __enter__(self):
        try:
            self.port = self.start_standin()
            self.configure()
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process, end in reversed(self.processes):
            process.send_signal(end)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.home, ignore_errors=True)

    def start_standin(self):
        port = self.home + "/port"
        self.processes.append((subprocess.Popen(
            [sys.executable, "-B", HERE + "/model_standin.py", "--port-file", port, "--log", self.home + "/requests"]), signal.SIGTERM))
        for _ in range(200):
            if os.path.exists(port) and os.path.getsize(port):
                with open(port, encoding="utf-8") as file:
                    return int(file.read())
            time.sleep(0.05)
        sys.exit("run: the stand-in does not come up")

    def write(self, name, text):
        path = os.path.join(self.home, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def configure(self):
        """The shipped definition for each agent, and again under another name for what would close the agent's gate for others."""
        self.write("orchd.toml", "")
        self.write("pools.d/default.toml", "slots = 1\n")
        self.write("pools.d/helpers.toml", "slots = 2\n")
        for case in self.chosen:
            if os.path.exists(f"{self.home}/pools.d/{case.pool}.toml"):
                continue
            with open(f"{TREE}/etc/agents/{case.agent}.toml", encoding="utf-8") as file:
                self.write(f"agents/{case.pool}.toml", file.read())
            home = f"{self.home}/homes/{case.pool}"
            os.makedirs(home)
            environment = {"HOME": home, "LANG": "C.UTF-8", **case.environment(home, f"http://127.0.0.1:{self.port}", self.write)}
            if case.agent == "llm":
                # Of several that find no database each would make it, and all but one fail.
                subprocess.run([self.found["llm"] + "/llm", "fragments"], env=os.environ | environment, capture_output=True, check=True)
            tree = ""
            if case.variant == "worktree":
                tree = f'workspace = "git-worktree"\nrepository = {json.dumps(self.repository(case.pool))}'
            door = '[spawn]\npools = ["helpers"]\nchildren = 5' if case.variant == "door" else ""
            variables = ", ".join(f"{name} = {json.dumps(value)}" for name, value in environment.items())
            self.write(f"pools.d/{case.pool}.toml", f"""
slots = 3
agent = {json.dumps(case.pool)}
timeout = "120s"
path = {json.dumps(self.found[case.agent] + ":" + self.programs + ":" + os.environ.get("PATH", "/usr/bin:/bin"))}
env = {{ {variables} }}
{tree}
{door}
""")

    def repository(self, pool):
        place = f"{self.home}/repositories/{pool}"
        os.makedirs(place)
        for words in [["init", "--quiet"], ["config", "user.name", "agent"], ["config", "user.email", "agent@localhost"],
                      ["commit", "--quiet", "--allow-empty", "--message", "the first"]]:
            subprocess.run(["git", "-C", place, *words], check=True)
        return place

    def commits(self, case):
        """What is in its repository, on all branches: those of worktrees stay."""
        return subprocess.run(["git", "-C", f"{self.home}/repositories/{case.pool}", "log", "--all", "--format=%s"],
                              capture_output=True, text=True, check=True).stdout.split("\n")

    def start(self):
        with open(self.home + "/daemon.log", "w", encoding="utf-8") as log:
            daemon = subprocess.Popen(
                [self.programs + "/orchd", "run", "--config", self.home + "/orchd.toml", "--state-dir", self.home + "/state",
                 "--socket", self.socket], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        # At once, with what runs.
        self.processes.append((daemon, signal.SIGINT))
        for _ in range(400):
            if os.path.exists(self.socket):
                return
            if daemon.poll() is not None:
                break
            time.sleep(0.05)
        with open(self.home + "/daemon.log", encoding="utf-8") as log:
            sys.exit("run: the daemon does not start:\n" + log.read())

    def ask(self, *words, check=True):
        made = subprocess.run([self.programs + "/orchctl", *words, "--socket", self.socket, "--json"], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, check=False)
        if check and made.returncode not in (0, 1):
            sys.exit(f"run: orchctl {' '.join(words)}: {made.stderr}")
        return json.loads(made.stdout) if made.stdout.strip() else None

    def submit(self, chosen):
        for case in chosen:
            prompt = self.home + "/prompt"
            self.write("prompt", case.text)
            with open(prompt, encoding="utf-8") as file:
                made = subprocess.run(
                    [self.programs + "/orchctl", "submit", "--socket", self.socket, "--json", "--pool", case.pool, *case.options(self),
                     "-"], stdin=file, capture_output=True, text=True, check=False)
            if made.returncode != 0:
                sys.exit(f"run: {case.name}: {made.stderr}")
            submitted = json.loads(made.stdout)
            case.id = str(submitted["id"] if "id" in submitted else submitted["tasks"][0]["id"])

    def wait(self, chosen):
        """Until each has ended, or waits for the end of a limit."""
        waiting = list(chosen)
        end = time.monotonic() + PATIENCE
        while waiting and time.monotonic() < end:
            for case in list(waiting):
                task = self.ask("show", case.id)
                if task["state"] in ("succeeded", "failed", "cancelled") or task.get("waiting") == "limited":
                    waiting.remove(case)
            time.sleep(1)

    def task(self, case):
        """The task as it is now, with its result."""
        return self.ask("result", case.id)

    def gate(self, case):
        gates = self.ask("status").get("gates") or []
        return next((gate for gate in gates if gate["name"].startswith(f"agent:{case.pool}/")), None)

    def requests(self, case):
        """What the stand-in was asked for it."""
        if not os.path.exists(self.home + "/requests"):
            return []
        with open(self.home + "/requests", encoding="utf-8") as log:
            return [request for request in map(json.loads, log) if request["case"] == case.slug]
