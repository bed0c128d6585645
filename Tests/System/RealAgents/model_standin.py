#!/usr/bin/env python3
"""A stand-in for the servers of models that agent programs talk to, so that these run without a network and without money.

    model_standin.py --port-file FILE --log FILE

It listens on 127.0.0.1 only, and speaks as much as the programs need of POST /v1/messages (Anthropic), /v1/responses and
/v1/chat/completions (OpenAI, xAI, Mistral), as a stream or not, and GET /v1/models.

What it answers is the MODE, which the last text of the user names: STANDIN:MODE, anywhere in it.

    ok                a fixed text; an instance of the JSON Schema where the request has one
    echo              the length and the SHA-256 of what stands between STANDIN-BEGIN and STANDIN-END, or of the whole text
    tool=COMMAND      calls the shell tool of the program with COMMAND (percent-encoded), and says "done" once it has the result
    children          gives its work to two tasks by the tools of orchd, waits for them, and answers with their results
    empty             a successful answer without text
    hang              no answer
    stall             some text, then silence
    cut               the connection ends after some text
    garbage           status 200, and a body that is no JSON
    flaky=N           N failures (503) for each key, then ok
    401 403 404 400 billing context 429=S usage=S 500 502 503 529: failures (failures.py)

Each request is a line in the log: path, mode, model, effort, the hash of the last text, and the NAME of "(case NAME)" in it.
"""

import argparse
import hashlib
import json
import re
import select
import socket
import threading
import time
import urllib.parse
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from failures import failure

TEXT = "The stand-in says: forty-two."
IN, OUT, CACHED = 1200, 34, 1000
PATHS = {"/messages": "anthropic", "/responses": "responses", "/chat/completions": "chat"}
lock = threading.Lock()
failed = {}


def identifier(prefix):
    return prefix + uuid.uuid4().hex[:20]


def sample(schema, depth=0):
    """A small instance of a JSON Schema."""
    if depth > 8 or not isinstance(schema, dict):
        return "x"
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object" or "properties" in schema:
        properties = schema.get("properties", {})
        return {name: sample(properties.get(name, {}), depth + 1) for name in schema.get("required") or list(properties)}
    if kind == "array":
        return [sample(schema.get("items", {}), depth + 1)]
    return {"integer": 7, "number": 1.5, "boolean": True, "null": None}.get(kind, "forty-two")


def texts(content):
    """The text in a content field, whatever its shape."""
    if isinstance(content, str):
        return [content]
    parts = [part for part in content or [] if isinstance(part, dict) and "text" in part]
    return [part["text"] for part in parts if part.get("type") in (None, "text", "input_text")]


def last_text(body):
    """The last text of the user that names a mode, or else the last; what a program says of a tool comes as the user's, too."""
    if isinstance(body.get("input"), str):
        return body["input"]
    said = ["\n".join(texts(message.get("content"))) for message in reversed(body.get("messages") or body.get("input") or [])
            if isinstance(message, dict) and message.get("role") == "user" and texts(message.get("content"))]
    return next((text for text in said if "STANDIN:" in text), said[0] if said else "")


def digest(text):
    found = re.search(r"STANDIN-BEGIN(.*)STANDIN-END", text, re.S)
    text = found.group(1) if found else text
    return f"len={len(text)} sha256={hashlib.sha256(text.encode()).hexdigest()}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    # Plumbing

    def reply(self, status, body, headers=(), kind="application/json"):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in [("Content-Type", kind), ("Content-Length", str(len(data))), ("request-id", "req_standin"), *headers]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def begin(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def event(self, value, name=None):
        text = (f"event: {name}\n" if name else "") + "data: " + (value if isinstance(value, str) else json.dumps(value)) + "\n\n"
        self.wfile.write(b"%x\r\n%s\r\n" % (len(text.encode()), text.encode()))
        self.wfile.flush()

    def end(self):
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

    def wait_for_hangup(self):
        self.close_connection = True
        while True:
            ready, _, _ = select.select([self.connection], [], [], 1)
            if ready and not self.connection.recv(1, socket.MSG_PEEK):
                return
            if ready:
                time.sleep(0.5)

    # Requests

    def do_HEAD(self):
        self.reply(200, b"")

    def do_GET(self):
        if "/models" not in self.path:
            return self.reply(404, {"error": {"message": "not found"}})
        models = [{"id": name, "object": "model", "type": "model", "created": 1, "owned_by": "standin", "display_name": name}
                  for name in ["standin-1", "gpt-5"]]
        self.reply(200, {"object": "list", "has_more": False, "data": models})

    def body(self):
        if self.headers.get("Content-Length"):
            data = self.rfile.read(int(self.headers["Content-Length"]))
        else:
            data = b""
            while size := int(self.rfile.readline().split(b";")[0] or b"0", 16):
                data += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        try:
            return json.loads(data)
        except ValueError:
            return {}

    def do_POST(self):
        body = self.body()
        self.text = last_text(body)
        modes = re.findall(r"STANDIN:([a-z0-9]+(?:=[^\s\"'<>]+)?)", self.text)
        self.mode, _, self.argument = urllib.parse.unquote(modes[-1] if modes else "ok").partition("=")
        path = self.path.split("?")[0]
        self.note(path, body)
        api = next((api for end, api in PATHS.items() if path.endswith(end)), None)
        try:
            if path.endswith("/count_tokens"):
                self.reply(200, {"input_tokens": max(1, len(self.text) // 4)})
            elif api is None:
                self.reply(404, {"error": {"type": "not_found_error", "message": "not found"}})
            else:
                self.answer(api, body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def note(self, path, body):
        effort = ((body.get("output_config") or {}).get("effort") or (body.get("reasoning") or {}).get("effort")
                  or body.get("reasoning_effort"))
        case = re.findall(r"\(case ([a-z0-9-]+)\)", self.text)
        entry = {"case": case[-1] if case else None, "path": path, "mode": self.mode, "model": body.get("model"), "effort": effort, "text": digest(self.text)}
        with lock, open(self.server.log, "a", encoding="utf-8") as log:
            log.write(json.dumps(entry) + "\n")

    def answer(self, api, body):
        if self.mode == "flaky":
            key = self.headers.get("x-api-key") or self.headers.get("authorization")
            with lock:
                failed[key] = failed.get(key, 0) + 1
                self.mode = "503" if failed[key] <= int(self.argument or 2) else "ok"
        if self.mode == "hang":
            return self.wait_for_hangup()
        if self.mode == "garbage":
            return self.reply(200, b"<html>a proxy says hello</html>", kind="text/html")
        if refusal := failure(api, self.mode, self.argument):
            return self.reply(*refusal)
        text, calls = TEXT, []
        if self.mode == "echo":
            text = digest(self.text)
        elif self.mode == "empty":
            text = ""
        elif self.mode == "children":
            text, calls = self.manage(body)
        elif self.mode == "tool":
            text, calls = ("done", []) if self.had_tool(body) else ("", [self.shell_call(body)])
        getattr(self, "answer_" + api)(body, text, calls)

    def pieces(self, text):
        """The text in two pieces; of the modes that do not get to its end the first."""
        half = len(text) // 2
        return [text[:half]] if self.mode in ("stall", "cut") else [piece for piece in [text[:half], text[half:]] if piece]

    def is_interrupted(self):
        if self.mode == "cut":
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        elif self.mode == "stall":
            self.wait_for_hangup()
        return self.mode in ("cut", "stall")

    # Tools

    def shell_call(self, body):
        """The name and arguments of the program's own tool for commands."""
        for tool in body.get("tools") or []:
            tool = tool.get("function") or tool
            schema = tool.get("input_schema") or tool.get("parameters") or {}
            properties = schema.get("properties") or {}
            for key in ("command", "cmd"):
                if key in properties and re.search("bash|shell|exec|command|terminal", tool.get("name") or "", re.I):
                    words = ["bash", "-c", self.argument]
                    given = {key: words if properties[key].get("type") == "array" else self.argument}
                    return tool["name"], {**{name: sample(properties.get(name, {})) for name in schema.get("required", [])}, **given}
        return "none", {}

    @staticmethod
    def had_tool(body):
        last = json.dumps((body.get("messages") or body.get("input") or [])[-3:])
        return any(word in last for word in ('"tool_result"', '"function_call_output"', '"role": "tool"'))

    def manage(self, body):
        """The next step of a model that gives its work to others: an answer, or a call."""
        results = self.tool_results(body)
        try:
            # Some programs say which tools there are only when asked.
            if not results and (search := self.tool(body, "ToolSearch")):
                names = [f"mcp__orchd__{name}" for name in ("submit_tasks", "wait_tasks", "get_task")]
                return "", [(search, {"query": "select:" + ",".join(names), "max_results": 5})]
            documents = [json.loads(result[result.index("{"):result.rindex("}") + 1]) for result in results if "{" in result]
            if not documents:
                tasks = [{"command": ["echo", f"child {number}"], "pool": "helpers"} for number in (1, 2)]
                return "", [self.orchd_call(body, "submit_tasks", {"tasks": tasks})]
            ids = documents[0]["ids"]
            if len(documents) == 1:
                return "", [self.orchd_call(body, "wait_tasks", {"ids": ids, "timeout": 60})]
            if len(documents) < 2 + len(ids):
                return "", [self.orchd_call(body, "get_task", {"id": ids[len(documents) - 2]})]
            return " and ".join(document["result"].strip() for document in documents[2:]), []
        except (ValueError, LookupError) as fault:
            return f"{type(fault).__name__} {fault}: {results}", []

    def orchd_call(self, body, name, given):
        """A call of a tool of orchd, by the name that the program has for it."""
        own = self.tool(body, "mcp__orchd__" + name) or self.tool(body, "mcp__orchd")
        return (own, given) if own != "mcp__orchd" else ((own, name), given)

    @staticmethod
    def tool(body, name):
        names = [(tool.get("function") or tool).get("name") for tool in body.get("tools") or []]
        # One that is loaded when it is searched for is not always in the list.
        return name if name in names or "ToolSearch" in names and name.startswith("mcp__orchd__") else None

    @staticmethod
    def tool_results(body):
        """The texts of all results of tools, the first of them first."""
        found = []
        for message in body.get("messages") or body.get("input") or []:
            if message.get("type") == "function_call_output":
                found.append(message)
            elif message.get("role") == "tool":
                found.append({"output": message.get("content")})
            elif isinstance(message.get("content"), list):
                found += [{"output": part.get("content")} for part in message["content"] if part.get("type") == "tool_result"]
        return ["\n".join(texts(result["output"])) for result in found]

    # Anthropic

    def answer_anthropic(self, body, text, calls):
        structured = next((tool for tool in body.get("tools") or [] if tool.get("name") == "StructuredOutput"), None)
        if structured and self.mode == "ok" and not self.had_tool(body):
            calls = [("StructuredOutput", sample(structured["input_schema"]))]
        usage = {"input_tokens": IN, "cache_creation_input_tokens": 0, "cache_read_input_tokens": CACHED, "output_tokens": OUT}
        stop = "tool_use" if calls else "end_turn"
        message = {"id": identifier("msg_"), "type": "message", "role": "assistant", "model": body.get("model"), "stop_sequence": None,
                   "usage": usage}
        blocks = ([{"type": "text", "text": text}] if text else []) + [
            {"type": "tool_use", "id": identifier("toolu_"), "name": name, "input": given} for name, given in calls]
        if not body.get("stream"):
            return self.reply(200, {**message, "content": blocks, "stop_reason": stop})
        self.begin()
        self.event({"type": "message_start", "message": {**message, "content": [], "stop_reason": None}}, "message_start")
        for index, block in enumerate(blocks):
            is_text = block["type"] == "text"
            first = {**block, "text": ""} if is_text else {**block, "input": {}}
            self.event({"type": "content_block_start", "index": index, "content_block": first}, "content_block_start")
            pieces = ([{"type": "text_delta", "text": piece} for piece in self.pieces(text)] if is_text
                      else [{"type": "input_json_delta", "partial_json": json.dumps(block["input"])}])
            for piece in pieces:
                self.event({"type": "content_block_delta", "index": index, "delta": piece}, "content_block_delta")
            if is_text and self.is_interrupted():
                return
            self.event({"type": "content_block_stop", "index": index}, "content_block_stop")
        self.event({"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None}, "usage": usage}, "message_delta")
        self.event({"type": "message_stop"}, "message_stop")
        self.end()

    # OpenAI

    def answer_responses(self, body, text, calls):
        wanted = (body.get("text") or {}).get("format") or {}
        if wanted.get("type") == "json_schema" and self.mode == "ok":
            text = json.dumps(sample(wanted.get("schema", {})))
        usage = {"input_tokens": IN, "input_tokens_details": {"cached_tokens": CACHED}, "output_tokens": OUT,
                 "output_tokens_details": {"reasoning_tokens": 10}, "total_tokens": IN + OUT}
        items = [{"type": "message", "id": identifier("msg_"), "role": "assistant", "status": "completed",
                  "content": [{"type": "output_text", "text": text, "annotations": []}]}] if text else []
        for name, given in calls:
            # One of several tools in a namespace has two names.
            names = {"name": name} if isinstance(name, str) else {"namespace": name[0], "name": name[1]}
            items.append({"type": "function_call", "id": identifier("fc_"), "call_id": identifier("call_"), **names,
                          "arguments": json.dumps(given), "status": "completed"})
        response = {"id": identifier("resp_"), "object": "response", "created_at": int(time.time()), "status": "completed",
                    "model": body.get("model"), "output": items, "usage": usage, "error": None, "incomplete_details": None,
                    "parallel_tool_calls": True, "tool_choice": "auto", "tools": []}
        if not body.get("stream"):
            return self.reply(200, response)
        self.begin()

        def event(kind, **more):
            self.event({"type": kind, **more}, kind)

        event("response.created", response={**response, "status": "in_progress", "output": [], "usage": None})
        for index, item in enumerate(items):
            event("response.output_item.added", output_index=index, item={**item, "status": "in_progress"})
            if item["type"] == "message":
                for piece in self.pieces(text):
                    event("response.output_text.delta", item_id=item["id"], output_index=index, content_index=0, delta=piece)
                if self.is_interrupted():
                    return
            event("response.output_item.done", output_index=index, item=item)
        event("response.completed", response=response)
        self.end()

    def answer_chat(self, body, text, calls):
        wanted = body.get("response_format") or {}
        if wanted.get("type") == "json_schema" and self.mode == "ok":
            text = json.dumps(sample((wanted.get("json_schema") or {}).get("schema", {})))
        usage = {"prompt_tokens": IN, "completion_tokens": OUT, "total_tokens": IN + OUT,
                 "prompt_tokens_details": {"cached_tokens": CACHED}}
        made = [{"index": index, "id": identifier("call"), "type": "function",
                 "function": {"name": name, "arguments": json.dumps(given)}} for index, (name, given) in enumerate(calls)]
        finish = "tool_calls" if made else "stop"
        base = {"id": identifier("chatcmpl-"), "created": int(time.time()), "model": body.get("model")}
        if not body.get("stream"):
            message = {"role": "assistant", "content": text, **({"tool_calls": made} if made else {})}
            return self.reply(200, {**base, "object": "chat.completion", "usage": usage,
                                    "choices": [{"index": 0, "message": message, "finish_reason": finish}]})
        self.begin()

        def chunk(delta, finish=None, **more):
            self.event({**base, "object": "chat.completion.chunk", **more,
                        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})

        chunk({"role": "assistant", "content": ""})
        for piece in self.pieces(text):
            chunk({"content": piece})
        if self.is_interrupted():
            return
        if made:
            chunk({"tool_calls": made})
        chunk({}, finish, usage=usage)
        if (body.get("stream_options") or {}).get("include_usage"):
            self.event({**base, "object": "chat.completion.chunk", "choices": [], "usage": usage})
        self.event("[DONE]")
        self.end()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port-file", required=True)
    parser.add_argument("--log", required=True)
    given = parser.parse_args()
    server = Server(("127.0.0.1", 0), Handler)
    server.log = given.log
    with open(given.port_file, "w", encoding="utf-8") as file:
        file.write(str(server.server_address[1]))
    server.serve_forever()


if __name__ == "__main__":
    main()
