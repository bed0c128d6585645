"""What is asked of each program, and what has to come of it."""

import hashlib
import json
import os
import re
import time
from datetime import datetime

from model_standin import CACHED, IN, OUT, TEXT

SCHEMA = {"type": "object", "properties": {"town": {"type": "string"}, "people": {"type": "integer"}}, "required": ["town", "people"],
          "additionalProperties": False}
# What a shell, a line or a program could stumble over.
HOSTILE = "-x --help $(id) `id` 'a' \"b\" \\ \t% {model} ünï 😀\n\n[x] @file #tag\n" + "long " * 20_000


def environments(agent, variant, home, url, write):
    """The variables that lead a program to the stand-in, and its settings."""
    name = os.path.relpath(home, os.path.dirname(os.path.dirname(home)))
    if agent == "claude":
        variables = {"ANTHROPIC_BASE_URL": url, "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "TZ": "America/New_York"}
        if variant != "as root":
            variables["IS_SANDBOX"] = "1"
        # With a key it has no usage limits; those are of a subscription.
        is_subscription = variant.startswith("limit")
        return variables | ({"CLAUDE_CODE_OAUTH_TOKEN": "sk-ant-oat01-standin"} if is_subscription
                            else {"ANTHROPIC_API_KEY": "sk-ant-standin"})
    if agent == "codex":
        server = "http://127.0.0.1:1/v1" if variant == "no network" else url + "/v1"
        write(f"{name}/config.toml", f"""
model_provider = "standin"
[model_providers.standin]
name = "standin"
base_url = "{server}"
wire_api = "responses"
env_key = "CODEX_API_KEY"
supports_websockets = false
""")
        return {"CODEX_HOME": home, "CODEX_API_KEY": "sk-standin"}
    if agent == "llm":
        return {"OPENAI_API_KEY": "sk-standin", "OPENAI_BASE_URL": url + "/v1", "LLM_USER_PATH": home}
    if agent == "aider":
        return {"OPENAI_API_BASE": url + "/v1", "OPENAI_API_KEY": "sk-standin"}
    if agent == "grok":
        write(f"{name}/.grok/config.toml", f"""
[models]
default = "standin"
[model.standin]
model = "standin-1"
base_url = "{url}/v1"
env_key = "XAI_API_KEY"
api_backend = "chat_completions"
""")
        return {"XAI_API_KEY": "sk-standin"}
    write(f"{name}/config.toml", f"""
active_model = "standin"
[[providers]]
name = "standin"
api_base = "{url}/v1"
api_key_env_var = "MISTRAL_API_KEY"
[[models]]
name = "standin-1"
provider = "standin"
alias = "standin"
""")
    return {"VIBE_HOME": home, "MISTRAL_API_KEY": "sk-standin"}


class Case:
    """A prompt for an agent, and what is expected of it."""

    def __init__(self, agent, name, prompt="STANDIN:ok", variant="", timeout=None, model=None, thinking=None, schema=False, **expected):
        self.agent = agent
        self.name = name
        self.slug = re.sub("[^a-z0-9]+", "-", f"{agent} {name}")
        # A pool, and an agent, of its own where there is a variant.
        self.variant = variant
        self.pool = re.sub("[^a-z0-9]+", "-", f"{agent} {variant}".strip())
        self.text = f"{prompt} (case {self.slug})"
        self.timeout, self.model, self.thinking, self.schema = timeout, model, thinking, schema
        self.expected = expected
        self.submitted_at = time.time()
        self.seconds = 0.0
        self.id = None

    def environment(self, home, url, write):
        return environments(self.agent, self.variant, home, url, write)

    def options(self, daemon):
        words = []
        for name, value in [("--timeout", self.timeout), ("--model", self.model), ("--thinking", self.thinking)]:
            words += [name, value] if value else []
        if self.schema:
            daemon.write("schema.json", json.dumps(SCHEMA))
            words += ["--result-schema", daemon.home + "/schema.json"]
        return words

    def problems(self, daemon):
        """What is not as expected."""
        task = daemon.task(self)
        attempts = task.get("attempts") or [{}]
        attempt = attempts[-1]
        outcome, usage, expected = attempt.get("outcome") or {}, attempt.get("usage") or {}, dict(self.expected)
        if attempt.get("started_at") and attempt.get("ended_at"):
            self.seconds = (moment(attempt["ended_at"]) - moment(attempt["started_at"])).total_seconds()
        requests = daemon.requests(self)
        last = requests[-1] if requests else {}
        actual = {
            "state": task.get("waiting") if task.get("waiting") == "limited" else task["state"],
            "kind": outcome.get("kind"), "failure": outcome.get("failure"), "answer": (task.get("result") or {}).get("text"),
            "tokens": tuple(usage.get(name) for name in ("tokens_in", "tokens_cached", "tokens_out")), "cost": usage.get("cost_micros"),
            "uses": last.get("model"), "effort": last.get("effort"),
        }
        wrong = []
        for name in expected.keys() & actual.keys():
            if actual[name] != expected[name]:
                wrong.append(f"{name} is {actual[name]!r:.300}, not {expected[name]!r:.300}; {task.get('reason')}")
        if "reason" in expected and not re.search(expected["reason"], task.get("reason") or ""):
            wrong.append(f"the reason {task.get('reason')!r} has no {expected['reason']!r}")
        if "within" in expected and self.seconds > expected["within"]:
            wrong.append(f"it took {self.seconds:.1f} s, and not {expected['within']} at the most")
        if "ends_in" in expected:
            wrong += self.wrong_end(daemon.gate(self), expected["ends_in"])
        if expected.get("document") and (json.loads(actual["answer"] or "null") or {}).keys() != SCHEMA["properties"].keys():
            wrong.append(f"the result is {actual['answer']!r:.300}")
        if "commits" in expected and expected["commits"] not in daemon.commits(self):
            wrong.append(f"its repository has {daemon.commits(self)}")
        if "asks" in expected and bool(requests) != expected["asks"]:
            wrong.append(f"the model was asked {len(requests)} times")
        return wrong

    def wrong_end(self, gate, seconds):
        """Whether the gate opens a minute after the end of the limit."""
        if gate is None or not gate.get("until"):
            return ["its gate is open, or does not say until when"]
        wait = moment(gate["until"]).timestamp() - self.submitted_at
        # From the submission, which is up to so much before the answer.
        return [] if seconds + 60 - 61 <= wait <= seconds + 60 + 240 else [f"the gate opens in {wait:.0f} s, and not in {seconds + 60}"]


def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def digest(text):
    return f"len={len(text)} sha256={hashlib.sha256(text.encode()).hexdigest()}"


def good(**more):
    return {"state": "succeeded", "kind": "exited", **more}


def bad(failure, **more):
    return {"state": "failed", "kind": "failed", "failure": failure, **more}


def limited(**more):
    return {"state": "limited", "kind": "limited", **more}


NOTHING = {"state": "failed", "kind": "no_result"}
ECHO = "STANDIN:echo STANDIN-BEGIN" + HOSTILE + "STANDIN-END"
HOUR = 5400
COMMIT = "echo%20x%3Ea.txt;git%20add%20a.txt;git%20commit%20-qm%20%27by%20an%20agent%27"

CASES = [
    Case("claude", "answers", model="claude-opus-5-5", thinking="high",
         **good(answer=TEXT, tokens=(IN + CACHED, CACHED, OUT), cost=5680, uses="claude-opus-5-5", effort="high")),
    Case("claude", "thinks harder", thinking="xhigh", **good(effort="xhigh")),
    Case("claude", "a hostile prompt arrives", ECHO, **good(answer=digest(HOSTILE))),
    Case("claude", "a schema", schema=True, **good(document=True)),
    Case("claude", "runs a command", "STANDIN:tool=echo%20x", **good(answer="done")),
    Case("claude", "commits in a worktree", f"STANDIN:tool={COMMIT}", variant="worktree", **good(answer="done", commits="by an agent")),
    Case("claude", "gives its work to others through its door", "STANDIN:children", variant="door", **good(answer="child 1 and child 2")),
    Case("claude", "a prompt like a command of its own", "/help STANDIN:ok", **good(answer=TEXT, asks=True)),
    Case("claude", "another one", "/compact STANDIN:ok", **good(answer=TEXT, asks=True)),
    Case("claude", "a wrong key", "STANDIN:401", **bad("auth", reason="Invalid API key", within=60)),
    Case("claude", "not allowed", "STANDIN:403", **bad("auth", reason="403")),
    Case("claude", "no such model", "STANDIN:404", **bad("config", reason="selected model")),
    Case("claude", "an invalid request", "STANDIN:400", **bad("config", reason="400")),
    Case("claude", "a context too long", "STANDIN:context", **bad("context_too_long", reason="too long")),
    Case("claude", "a failing server", "STANDIN:500", **bad("server", reason="500", within=90)),
    Case("claude", "an overloaded server", "STANDIN:529", **bad("server", reason="529", within=90)),
    Case("claude", "an empty answer", "STANDIN:empty", **NOTHING),
    Case("claude", "a server that hangs", "STANDIN:hang", timeout="8s", state="failed", kind="run_timeout"),
    Case("claude", "a rate limit", "STANDIN:429=1", variant="rate", **limited(reason="limited until")),
    Case("claude", "a credit used up", "STANDIN:billing", variant="billing", **limited(reason="limited until")),
    Case("claude", "a usage limit", f"STANDIN:usage={HOUR}", variant="limit", **limited(ends_in=HOUR)),
    Case("claude", "a limit of days", "STANDIN:usage=200000", variant="limit of days", **limited(ends_in=86_400)),

    Case("codex", "answers", model="gpt-5.1-codex", thinking="high",
         **good(answer=TEXT, tokens=(IN, CACHED, OUT), uses="gpt-5.1-codex", effort="high")),
    Case("codex", "thinks less", model="gpt-5.1-codex", thinking="low", **good(effort="low")),
    Case("codex", "a hostile prompt arrives", ECHO, **good(answer=digest(HOSTILE))),
    Case("codex", "a schema", schema=True, **good(document=True)),
    Case("codex", "runs a command with a network", "STANDIN:tool=python3%20-c%20%27import%20socket;socket.socket()%27",
         model="gpt-5.1-codex", **good(answer="done")),
    Case("codex", "commits in a worktree", f"STANDIN:tool={COMMIT}", variant="worktree", model="gpt-5.1-codex",
         **good(answer="done", commits="by an agent")),
    Case("codex", "gives its work to others through its door", "STANDIN:children", variant="door", model="gpt-5.1-codex",
         **good(answer="child 1 and child 2")),
    Case("codex", "a wrong key", "STANDIN:401", **bad("auth", reason="401")),
    Case("codex", "not allowed", "STANDIN:403", **bad("auth", reason="403")),
    Case("codex", "no such model", "STANDIN:404", **bad("config", reason="404")),
    Case("codex", "an invalid request", "STANDIN:400", **bad("config")),
    Case("codex", "a context too long", "STANDIN:context", **bad("context_too_long")),
    Case("codex", "a failing server", "STANDIN:500", **bad("server", reason="high demand")),
    Case("codex", "an answer that breaks off", "STANDIN:cut", **bad("network")),
    Case("codex", "no network", variant="no network", **bad("network", within=90)),
    Case("codex", "an empty answer", "STANDIN:empty", **NOTHING),
    Case("codex", "a server that hangs", "STANDIN:hang", timeout="8s", state="failed", kind="run_timeout"),
    Case("codex", "a rate limit", "STANDIN:429=1", variant="rate", **limited(reason="limited until")),
    Case("codex", "a quota used up", "STANDIN:billing", variant="billing", **limited(reason="limited until")),
    Case("codex", "a usage limit", f"STANDIN:usage={HOUR}", variant="limit", **limited(ends_in=HOUR)),

    Case("llm", "answers", model="gpt-5", thinking="high",
         **good(answer=TEXT, tokens=(IN, None, OUT), uses="gpt-5", effort="high")),
    Case("llm", "a hostile prompt arrives", ECHO, **good(answer=digest(HOSTILE))),
    Case("llm", "a schema", schema=True, **good(document=True)),
    Case("llm", "a wrong key", "STANDIN:401", **bad("auth", reason="401")),
    Case("llm", "not allowed", "STANDIN:403", **bad("auth", reason="403")),
    Case("llm", "no such model", "STANDIN:404", **bad("config", reason="404")),
    Case("llm", "an unknown model", model="no-such-model", **bad("config", asks=False)),
    Case("llm", "an invalid request", "STANDIN:400", **bad("config", reason="400")),
    Case("llm", "a context too long", "STANDIN:context", **bad("context_too_long")),
    Case("llm", "a failing server", "STANDIN:500", **bad("server", reason="500")),
    Case("llm", "an overloaded server", "STANDIN:503", **bad("server", reason="503")),
    Case("llm", "an empty answer", "STANDIN:empty", **NOTHING),
    Case("llm", "a server that hangs", "STANDIN:hang", timeout="8s", state="failed", kind="run_timeout"),
    Case("llm", "a rate limit", "STANDIN:429=1", variant="rate", **limited(reason="limited until")),
    Case("llm", "a quota used up", "STANDIN:billing", variant="billing", **limited(reason="limited until")),

    Case("aider", "answers", model="openai/gpt-4o", tokens=(IN, None, OUT), state="succeeded"),
    Case("aider", "tries again by itself", "STANDIN:flaky=2", variant="flaky", model="openai/gpt-4o", state="succeeded"),
    Case("aider", "an answer about errors", "STANDIN:ok What does litellm.BadRequestError mean?", model="openai/gpt-4o", state="succeeded"),
    Case("aider", "a prompt like a command of its own", "!touch /tmp/never STANDIN:ok", model="openai/gpt-4o", state="succeeded", asks=True),
    Case("aider", "a wrong key", "STANDIN:401", model="openai/gpt-4o", **bad("auth")),
    Case("aider", "no such model", "STANDIN:404", model="openai/gpt-4o", **bad("config")),
    Case("aider", "a context too long", "STANDIN:context", model="openai/gpt-4o", **bad("context_too_long")),
    Case("aider", "an empty answer", "STANDIN:empty", model="openai/gpt-4o", **NOTHING),
    Case("aider", "a quota used up", "STANDIN:billing", variant="billing", model="openai/gpt-4o", **limited()),

    Case("grok", "answers", thinking="low", **good(answer=TEXT, tokens=(IN, CACHED, OUT))),
    Case("grok", "a prompt like a command of its own", "/help STANDIN:ok", **good(answer=TEXT, asks=True)),
    Case("grok", "a schema", schema=True, **good(document=True)),
    Case("grok", "a wrong key", "STANDIN:401", **bad("auth")),
    Case("grok", "not allowed", "STANDIN:403", **bad("auth", reason="403 Forbidden")),
    Case("grok", "an invalid request", "STANDIN:400", **bad("config")),

    Case("vibe", "answers", **good(answer=TEXT)),
    Case("vibe", "a prompt like a command of its own", "/help STANDIN:ok", **good(answer=TEXT, asks=True)),
    Case("vibe", "a wrong key", "STANDIN:401", **bad("auth")),
    Case("vibe", "an invalid request", "STANDIN:400", **bad("config")),
]

# Only root is refused by it.
if os.geteuid() == 0:
    CASES.append(Case("claude", "as root", variant="as root", **bad("config", reason="root")))
