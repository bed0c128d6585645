"""How does a test pull the strings? Every function of `verbs` is an endpoint `/control/NAME` with its arguments."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aiohttp import web

from .errors import ApiError
from .model import Attachment

if TYPE_CHECKING:
    from .server import Standin

Verb = Callable[..., Any]
VERBS: dict[str, Verb] = {}
SAFE = 1 << 53


class Refused(Exception):
    """What was asked for cannot be, and why."""


def verb(function: Verb) -> Verb:
    VERBS[function.__name__] = function
    return function


class Control:
    def __init__(self, standin: Standin) -> None:
        from . import verbs

        assert verbs  # reading it declares them
        self._standin = standin

    async def handle(self, http: web.Request) -> web.StreamResponse:
        """Arguments come as a JSON object, or in the query of a GET. Answers JSON, but for pages."""
        if "Authorization" in http.headers:
            self._standin.world.journal.violate("token_to_wrong_host", f"{http.method} {http.path}")
        name = http.match_info["verb"]
        function = VERBS.get(name)
        if function is None:
            return self._error(404, f"there is no {name!r}; there are: {', '.join(sorted(VERBS))}")
        try:
            arguments = dict(http.query) if http.method == "GET" else json.loads(await http.read() or b"{}")
            inspect.signature(function).bind(self._standin, **arguments)
            result = function(self._standin, **arguments)
            if inspect.isawaitable(result):
                result = await result
        except ApiError as refusal:
            return self._error(409, f"Discord would answer: {refusal}")
        except (Refused, ValueError, TypeError, KeyError) as wrong:
            return self._error(400, f"{name}: {wrong}")
        if isinstance(result, str):
            return web.Response(text=result, content_type="text/html")
        return web.json_response(plain(result))

    def _error(self, status: int, sentence: str) -> web.Response:
        return web.json_response({"error": sentence}, status=status)


def plain(value: Any) -> Any:
    """A value as JSON that every reader reads rightly: large numbers are names, and so strings."""
    if isinstance(value, bool) or value is None or isinstance(value, (str, float)):
        return value
    if isinstance(value, int):
        return str(value) if value >= SAFE else int(value)
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, bytes):
        return {"bytes": len(value)}
    if isinstance(value, Attachment):
        return {"id": str(value.id), "filename": value.filename, "size": len(value.data), "content_type": value.content_type}
    return plain({name: getattr(value, name) for name in value.__dataclass_fields__})
