"""Making trouble: time, limits, faults of requests, faults of the gateway."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from .. import faults as kinds
from ..control import Refused, verb
from ..model import JSON

if TYPE_CHECKING:
    from ..server import Standin


@verb
async def clock(standin: Standin, advance: float | None = None, speed: float | None = None) -> JSON:
    """Moves the clock on, sets how fast it flows (1 real, 0 stands still), and tells the time."""
    if speed is not None:
        if speed < 0:
            raise Refused("time does not go backwards")
        standin.clock.set_speed(float(speed))
    if advance is not None:
        await standin.clock.advance(float(advance))
    return {"now": standin.clock.now(), "speed": standin.clock.speed}


@verb
def settings(standin: Standin, **values: Any) -> JSON:
    """Changes figures of `settings.py`; answers all."""
    standin.settings.change(values)
    return dict(vars(standin.settings))


@verb
def limit(standin: Standin, method: str, route: str, limit: int, window: float, shared: bool = False) -> JSON:
    """Sets the limit of a route, which is named as in the description: /channels/{channel_id}/messages."""
    from ..rest import ROUTES

    if not any((each.method, each.template) == (method, route) for each in ROUTES):
        raise Refused(f"there is no route {method} {route}")
    standin.limits.set(method, route, int(limit), float(window), shared)
    return {}


@verb
def fault(standin: Standin, **about: Any) -> JSON:
    """Orders a fault; see `faults.py` for what there is."""
    if unknown := set(about) - set(kinds.Fault.__dataclass_fields__) | set(about) & {"id", "seen", "fired", "released"}:
        raise Refused(f"a fault has no {', '.join(sorted(unknown))}")
    return standin.faults.add(kinds.Fault(**about)).view()


@verb
def faults(standin: Standin) -> list[JSON]:
    """The faults that were ordered, how many requests each has counted, and for which it has fired."""
    return [each.view() for each in standin.faults.all]


@verb
def clear_faults(standin: Standin) -> JSON:
    standin.faults.clear()
    return {}


@verb
def release(standin: Standin) -> JSON:
    """Lets go what hangs."""
    standin.faults.release()
    return {}


@verb
def gateway(
    standin: Standin,
    action: str,
    code: int = 4000,
    resumable: bool = False,
    text: str = '{"op": 0, "s": ',
    events: int = 1,
    connections: int = 1,
    on: bool = True,
    size: int = 200,
) -> JSON:
    """Does something to every connection that is open, or to those that are to come.

    drop: cuts the connection. close: closes it with `code`. reconnect: op 7. invalid_session: op 9, `resumable` or not.
    heartbeat: op 1. malformed: sends `text` as a frame. zombie: from now on takes everything and answers nothing. zombies: so
    do new connections while `on`. silent: new connections get no hello while `on`. refuse: the next `connections` get a 503.
    fragment: messages come in frames of `size` bytes (126 to 65535) while `on`.
    duplicate, lose: the next `events` come twice, or get a number but never come. expire: forgets all sessions, so that no
    resume works.
    """
    here, open_ones = standin.gateway, list(standin.gateway.connections)
    if action in ("drop", "close"):
        for each in open_ones:
            each.close(0 if action == "drop" else int(code))
    elif action == "reconnect":
        for each in open_ones:
            each.send({"op": 7, "s": None, "t": None, "d": None})
            # Who stays all the same is shown the door.
            standin.clock.after(standin.settings.reconnect_patience, partial(each.close, 4000))
    elif action == "invalid_session":
        for each in open_ones:
            each.send({"op": 9, "s": None, "t": None, "d": bool(resumable)})
        if not resumable:
            for each in open_ones:
                here.forget(each.session)
                each.session = None
    elif action == "heartbeat":
        for each in open_ones:
            each.send({"op": 1, "s": None, "t": None, "d": None})
    elif action == "malformed":
        for each in open_ones:
            each.send_text(text)
    elif action == "zombie":
        for each in open_ones:
            each.zombie = True
    elif action == "zombies":
        here.zombies = on
    elif action == "silent":
        here.silent = on
    elif action == "refuse":
        here.refused = int(connections)
    elif action == "fragment":
        if not 126 <= int(size) <= 65_535:
            raise Refused("frames have 126 to 65535 bytes")
        here.fragment = int(size) if on else 0
    elif action in ("duplicate", "lose"):
        for session in here.sessions.values():
            session.twist += [action] * int(events)
    elif action == "expire":
        for session in list(here.sessions.values()):
            here.forget(session)
    else:
        raise Refused(f"there is no {action!r}; see what `gateway` does in trouble.py")
    return {"connections": len(open_ones)}


@verb
def reset_token(standin: Standin) -> JSON:
    """As somebody does who found it in a log: the old one is worth nothing from now on."""
    standin.gateway.reset_token()
    return {"token": standin.world.application.token}
