"""What runs where? The API, the gateway and the control endpoints on one port of 127.0.0.1, the CDN on another."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from typing import Self

from aiohttp import web

from . import routes
from .cdn import Cdn
from .clock import Clock
from .contract import Contract
from .control import Control
from .faults import Faults
from .gateway import RESUME_PATH, Gateway
from .limits import Limits
from .model import JSON
from .rest import BASE, Rest
from .settings import Settings
from .world import Event, World

HOST = "127.0.0.1"
assert routes  # reading them declares them


class Standin:
    """Discord, while it is started. `async with Standin() as discord:` is all that a test in the same process needs."""

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        contract: Contract | None = None,
        clock: Clock | None = None,
        port: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.clock = clock or Clock()
        self.settings = settings or Settings()
        self.world = World(self.clock, self.settings)
        self.limits = Limits(self.world)
        self.faults = Faults()
        self.contract = contract
        self.gateway = Gateway(self.world)
        self.rest = Rest(self.world, self.limits, self.faults, self.contract)
        self.base = ""
        self._port = port
        self._tls = tls
        self._runners: list[web.AppRunner] = []
        self._flow: asyncio.Task[None] | None = None
        if contract is not None:
            self._hold_events(contract)

    async def start(self) -> None:
        cdn = web.Application()
        cdn.router.add_route("*", "/{path:.*}", Cdn(self.world, self.faults).handle)
        self.world.cdn_base = await self._serve(cdn, 0)
        # Larger than Discord's own limit, so that it is the stand-in that refuses.
        api = web.Application(client_max_size=2 * self.settings.request_bytes)
        api.router.add_route("*", BASE + "/{path:.*}", self.rest.handle)
        for path in ("/gateway", "/gateway/", "/gateway" + RESUME_PATH, f"/gateway{RESUME_PATH}/"):
            api.router.add_get(path, self.gateway.handle)
        api.router.add_route("*", "/control/{verb}", Control(self).handle)
        self.base = await self._serve(api, self._port)
        self.world.gateway_url = self.base.replace("http", "ws", 1) + "/gateway"
        self._flow = asyncio.create_task(self.clock.run())

    async def stop(self) -> None:
        self.faults.clear()
        for connection in list(self.gateway.connections):
            connection.close(0)
        if self._flow is not None:
            self._flow.cancel()
            with suppress(asyncio.CancelledError):
                await self._flow
        for runner in self._runners:
            await runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def addresses(self) -> JSON:
        """What a client has to know."""
        return {
            "api": self.base + BASE, "gateway": self.world.gateway_url, "cdn": self.world.cdn_base,
            "control": self.base + "/control", "token": self.world.application.token,
            "application": str(self.world.application.id), "contract": self.contract is not None,
        }  # fmt: skip

    async def _serve(self, application: web.Application, port: int) -> str:
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        self._runners.append(runner)
        site = web.TCPSite(runner, HOST, port, ssl_context=self._tls)
        await site.start()
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://{HOST}:{runner.addresses[0][1]}"

    def _hold_events(self, contract: Contract) -> None:
        """Messages of the gateway have to be as the description says, too."""

        def hold(event: Event) -> None:
            if event.name in ("MESSAGE_CREATE", "MESSAGE_UPDATE"):
                for wrong in contract.message(event.data):
                    self.world.journal.own_faults.append(f"{event.name}: {wrong}")

        self.world.listeners.append(hold)
