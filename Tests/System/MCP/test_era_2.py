"""The client of 2026-07-28, which also speaks what came before."""

import asyncio
import json

import pytest
from mcp import Client, StdioServerParameters


def use(daemon, mode, body):
    program, arguments = daemon.command

    async def run():
        async with asyncio.timeout(60):
            async with Client(StdioServerParameters(command=program, args=arguments), mode=mode) as client:
                await body(client)

    asyncio.run(run())


@pytest.mark.parametrize("mode", ["auto", "legacy", "2026-07-28"])
def test_children_are_submitted_waited_for_and_read(daemon, mode):
    async def body(client):
        tools = (await client.list_tools()).tools
        names = [tool.name for tool in tools]
        assert "submit_tasks" in names and all(len(tool.description) < 2048 for tool in tools)
        assert all(tool.annotations.destructive_hint is not None for tool in tools)
        made = await client.call_tool("submit_tasks", {"tasks": [{"command": ["echo", str(n)]} for n in range(3)]})
        ids = made.structured_content["ids"]
        assert len(ids) == 3 and json.loads(made.content[0].text) == made.structured_content
        ended = await client.call_tool("wait_tasks", {"ids": ids, "timeout": 30})
        assert ended.structured_content["open"] == []
        texts = [(await client.call_tool("get_task", {"id": it})).structured_content["result"] for it in ids]
        assert texts == ["0\n", "1\n", "2\n"]

    use(daemon, mode, body)


@pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
def test_a_failure_is_a_result_that_can_be_read(daemon, mode):
    async def body(client):
        failed = await client.call_tool("run_task", {"command": ["sh", "-c", "echo oh >&2; exit 3"]})
        assert failed.is_error and "oh" in failed.structured_content["stderr_tail"]
        unknown = await client.call_tool("run_task", {"command": ["true"], "pool": "gpu"})
        assert unknown.is_error and 'there is no pool "gpu"' in unknown.content[0].text
        misspelt = await client.call_tool("wait_tasks", {"id": [1]})
        assert misspelt.is_error and 'did you mean "ids"' in misspelt.content[0].text
        with pytest.raises(Exception, match="no tool"):
            await client.call_tool("drop_tables", {})

    use(daemon, mode, body)


def test_a_wait_says_how_far_it_is(daemon):
    heard = []

    async def progress(done, total, message):
        heard.append((done, total, message))

    async def body(client):
        made = await client.call_tool("submit_tasks", {"tasks": [{"command": ["true"]}, {"command": ["sleep", "600"]}]})
        ids = made.structured_content["ids"]
        result = await client.call_tool("wait_tasks", {"ids": ids, "timeout": 6}, progress_callback=progress)
        assert [task["id"] for task in result.structured_content["ended"]] == ids[:1]
        assert result.structured_content["open"] == ids[1:]
        assert heard and heard[0][0] < heard[0][1] and "1 open" in heard[0][2]
        await client.call_tool("cancel_tasks", {"ids": ids})

    use(daemon, "2026-07-28", body)


def test_tasks_are_resources(daemon):
    daemon.orchctl("run", "--", "echo", "text")

    async def body(client):
        listed = (await client.list_resources()).resources
        assert [str(it.uri) for it in listed] == ["orchd://task/1"]
        read = await client.read_resource("orchd://task/1/stdout")
        assert read.contents[0].text == "text\n"
        with pytest.raises(Exception, match="no task 99"):
            await client.read_resource("orchd://task/99")

    use(daemon, "2026-07-28", body)
