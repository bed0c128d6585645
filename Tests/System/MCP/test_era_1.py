"""The client of 2025-11-25, as most programs have it."""

import asyncio

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client


def test_the_older_client_uses_it(daemon):
    program, arguments = daemon.command

    async def run():
        async with asyncio.timeout(60):
            async with stdio_client(StdioServerParameters(command=program, args=arguments)) as (reader, writer):
                async with ClientSession(reader, writer) as session:
                    hello = await session.initialize()
                    assert hello.serverInfo.name == "orchd" and "submit_tasks" in hello.instructions
                    assert len((await session.list_tools()).tools) == 10
                    ran = await session.call_tool("run_task", {"command": ["echo", "hi"]})
                    assert not ran.isError and ran.structuredContent["result"] == "hi\n"
                    logs = await session.call_tool("read_logs", {"id": ran.structuredContent["id"]})
                    assert logs.structuredContent["stdout"]["text"] == "hi\n"
                    await session.send_ping()

    asyncio.run(run())
