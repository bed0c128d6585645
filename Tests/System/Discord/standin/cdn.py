"""Where are the files? The CDN, on a port of its own: another host than the API, which the bot's token is no business of."""

from __future__ import annotations

import asyncio

from aiohttp import web

from . import views
from .faults import Faults
from .world import World


class Cdn:
    def __init__(self, world: World, faults: Faults) -> None:
        self._world = world
        self._faults = faults

    async def handle(self, http: web.Request) -> web.StreamResponse:
        journal = self._world.journal
        request = journal.arrived(http.method, "cdn:" + http.rel_url.raw_path, dict(http.query))
        try:
            if "Authorization" in http.headers:
                journal.violate("token_to_wrong_host", f"{http.method} {request.path}", request)
            fault = self._faults.pick("cdn", http.method, http.rel_url.raw_path, request.number)
            request.fault = fault.action if fault is not None else None
            response = self._find(http)
            if fault is not None and fault.action == "cut":
                # With `done` the headers and half of the file arrive.
                if fault.done and isinstance(response.body, bytes):
                    half = web.StreamResponse(headers={"Content-Length": str(len(response.body))})
                    await half.prepare(http)
                    await half.write(response.body[: len(response.body) // 2])
                if http.transport is not None:
                    http.transport.abort()
                return response
            if fault is not None and fault.action == "slow":
                await asyncio.sleep(fault.seconds)
            elif fault is not None and fault.action == "hang":
                await fault.released.wait()
            elif fault is not None and fault.action == "redirect":
                response = web.Response(status=302, headers={"Location": fault.location})
            elif fault is not None and fault.action == "garbage":
                response = web.Response(body=b"\0" * (self._world.settings.request_bytes + 1), content_type="text/plain")
            elif fault is not None:
                response = web.Response(status=fault.status, text="error")
            request.status = response.status
            return response
        finally:
            journal.answered(request)

    def _find(self, http: web.Request) -> web.Response:
        """A file, for a link whose signature is right and whose time is not over."""
        path = http.rel_url.raw_path
        try:
            until, issued = (int(http.query[name], 16) for name in ("ex", "is"))
            channel_id, attachment_id = (int(part) for part in path.split("/")[2:4])
        except (KeyError, ValueError, IndexError):
            return web.Response(status=404, text="This content is no longer available.")
        expected = views.signature(self._world, path, until, issued)
        if until < self._world.clock.now() or http.query.get("hm") != expected:
            return web.Response(status=404, text="This content is no longer available.")
        channel = self._world.channels.get(channel_id)
        for message in channel.messages.values() if channel is not None else ():
            for each in message.attachments:
                if each.id == attachment_id:
                    return web.Response(
                        body=each.data, headers={"Content-Type": each.content_type or "application/octet-stream"}
                    )
        for interaction in self._world.interactions.values():
            for each in interaction.attachments:
                if each.id == attachment_id:
                    return web.Response(
                        body=each.data, headers={"Content-Type": each.content_type or "application/octet-stream"}
                    )
        return web.Response(status=404, text="This content is no longer available.")
