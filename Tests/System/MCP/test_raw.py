"""What no well-behaved client does, and what clients do at the worst of times."""

import os
import subprocess
import threading
import time

from conftest import Server

TASKS = "io.modelcontextprotocol/tasks"
MODERN = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {"extensions": {TASKS: {}}},
}


def test_it_ends_with_its_input(server):
    server.call(1, "wait_tasks", ids=[1])
    assert server.next()["result"]["isError"]
    assert server.end() < 1


def test_a_bad_line_is_answered_and_passed_over(server):
    for line, code in [
        (b"garbage", -32700), (b'{"jsonrpc":"2.0"', -32700), (b'{"id":1}', -32600), (b"[]", -32600), (b"\xff\xfe", -32700),
        (b'{"jsonrpc":"2.0","id":null,"method":"ping"}', -32600), (b'{"jsonrpc":"2.0","id":7,"method":"no/such"}', -32601),
        (b'{"jsonrpc":"2.0","id":7,"method":"tools/call","params":[]}', -32602),
        (b'{"jsonrpc":"2.0","id":7,"method":"server/discover"}', -32602),
        (b'{"jsonrpc":"2.0","id":7,"method":"tasks/get","params":{"taskId":"1-x"}}', -32021),
    ]:
        server.send(line)
        assert server.next()["error"]["code"] == code, line
    server.send(b"")
    server.send(b"x" * (17 << 20))
    assert server.next()["error"]["code"] == -32700
    wrong = {**MODERN, "io.modelcontextprotocol/protocolVersion": "2027-01-01"}
    server.request(8, "tools/list", _meta=wrong)
    assert server.next()["error"]["data"]["supported"] == ["2026-07-28"]
    server.request("s", "ping")
    assert server.next() == {"jsonrpc": "2.0", "id": "s", "result": {}}


def test_a_long_prompt_arrives_whole(server, daemon):
    text = "ä" * (1 << 20)
    server.call(1, "run_task", command=["wc", "-c"], env={"A": "b"}, wait=0)
    server.result(1)
    server.call(2, "submit_tasks", tasks=[{"command": ["true"], "name": "n", "labels": {"x": "y" * 200}}] * 500)
    assert len(server.result(2)["structuredContent"]["ids"]) == 500
    server.call(3, "run_task", prompt=text)
    assert server.result(3)["isError"]


def test_a_call_that_is_cancelled_is_not_answered(server):
    server.call(1, "run_task", command=["sleep", "600"], wait=300)
    server.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}})
    server.call(2, "list_tasks", states=["running", "queued"])
    # The task itself goes on.
    answer = server.next()
    assert answer["id"] == 2 and len(answer["result"]["structuredContent"]["tasks"]) <= 1
    server.call(3, "cancel_tasks", ids=[1])
    assert server.next()["id"] == 3


def test_a_hundred_calls_at_once(server):
    for number in range(100):
        server.call(number, "run_task", command=["echo", str(number)])
    seen = {}
    for _ in range(100):
        message = server.next()
        seen[message["id"]] = message["result"]["structuredContent"]["result"]
    assert seen == {number: f"{number}\n" for number in range(100)}


def test_a_daemon_that_comes_back_is_found_again(daemon, server):
    daemon.orchctl("submit", "--", "sleep", "2")
    server.call(1, "wait_tasks", ids=[1], timeout=60)
    time.sleep(0.3)
    pid = int(subprocess.check_output(["pgrep", "-P", str(daemon.process.pid), "-f", "orchd serve"]))
    os.kill(pid, 9)
    assert server.next()["result"]["structuredContent"]["ended"][0]["state"] == "succeeded"


def test_without_a_daemon_it_says_how_to_start_one(daemon, server):
    daemon.stop()
    server.request(1, "initialize", protocolVersion="2025-06-18")
    assert server.next()["result"]["protocolVersion"] == "2025-06-18"
    server.call(2, "queue_status")
    answer = server.next()["result"]
    assert answer["isError"] and "systemctl start orchd" in answer["content"][0]["text"]


def test_rights_can_be_taken_away(daemon):
    reader = Server(daemon, "--read-only")
    reader.request(1, "tools/list")
    names = [tool["name"] for tool in reader.next()["result"]["tools"]]
    assert names == ["wait_tasks", "get_task", "list_tasks", "read_logs", "read_file", "queue_status"]
    reader.call(2, "run_task", command=["true"])
    assert reader.next()["error"]["code"] == -32602
    reader.end()
    narrow = Server(daemon, "--pool", "default", "--label", "source=mcp", "--tools", "run_task")
    narrow.call(1, "run_task", command=["true"], pool="other")
    assert narrow.next()["result"]["isError"]
    narrow.call(2, "run_task", command=["true"])
    assert narrow.next()["result"]["structuredContent"]["labels"] == {"source": "mcp"}
    narrow.end()


def test_an_answer_has_a_bound_and_says_how_to_go_on(daemon):
    server = Server(daemon, "--max-output", "2000")
    server.call(1, "run_task", command=["seq", "100000"])
    answer = server.next()["result"]["structuredContent"]
    assert len(answer["result"]) < 2200 and "bytes more; read_logs" in answer["result"]
    whole, offset = "", 0
    while True:
        server.call(2, "read_logs", id=1, stream="stdout", offset=offset)
        part = server.next()["result"]["structuredContent"]["stdout"]
        whole += part["text"]
        offset = part["next_offset"]
        if offset == part["total"] or len(whole) > 40_000:
            break
    assert whole == "".join(f"{n}\n" for n in range(1, 100_001))[: len(whole)] and len(whole) > 40_000
    server.call(3, "read_logs", id=1, tail=3)
    assert server.next()["result"]["structuredContent"]["stdout"]["text"] == "99998\n99999\n100000\n"
    server.call(4, "read_logs", id=1, grep="9999", tail=2)
    assert server.next()["result"]["structuredContent"]["stdout"]["text"].split() == ["99998", "99999"]
    server.end()


def test_a_handle_leads_to_its_task_and_no_other_does(server):
    server.request(1, "tools/call", name="run_task", arguments={"command": ["sh", "-c", "exit 3"]}, _meta=MODERN)
    handle = server.result(1)
    assert handle["resultType"] == "task" and handle["status"] == "working"
    task = handle["taskId"]
    while True:
        server.request(2, "tasks/get", taskId=task, _meta=MODERN)
        answer = server.result(2)
        if answer["status"] != "working":
            break
    assert answer["status"] == "completed" and answer["result"]["isError"] and answer["result"]["structuredContent"]["id"] == 1
    for other in ["1", "1-", "1-" + "0" * 25, "x", task + "0", ""]:
        server.request(3, "tasks/get", taskId=other, _meta=MODERN)
        assert server.next()["error"]["code"] == -32602, other
    server.request(4, "tools/call", name="run_task", arguments={"command": ["sleep", "600"]}, _meta=MODERN)
    task = server.result(4)["taskId"]
    server.request(5, "tasks/cancel", taskId=task, _meta=MODERN)
    assert server.result(5)["resultType"] == "complete"


def test_a_listener_hears_of_its_tasks(server, daemon):
    daemon.orchctl("submit", "--hold", "--", "true")
    daemon.orchctl("submit", "--hold", "--", "true")
    server.request(
        "l", "subscriptions/listen", _meta=MODERN, notifications={"resourceSubscriptions": ["orchd://task/1", "x:"]})
    first = server.next()
    assert first["method"] == "notifications/subscriptions/acknowledged"
    assert first["params"]["notifications"]["resourceSubscriptions"] == ["orchd://task/1"]
    heard = threading.Event()

    def listen():
        message = server.next()
        assert message["method"] == "notifications/resources/updated" and message["params"]["uri"] == "orchd://task/1"
        heard.set()

    thread = threading.Thread(target=listen)
    thread.start()
    while not heard.wait(0.2):
        daemon.orchctl("release", "2")
        daemon.orchctl("hold", "1")
        daemon.orchctl("release", "1")
    thread.join()
