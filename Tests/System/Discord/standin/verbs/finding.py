"""Whom and what does a test mean? Users, guilds, channels and roles by their id or by their name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..control import Refused
from ..model import Channel, Guild, Message, Role, User

if TYPE_CHECKING:
    from ..server import Standin


def user(standin: Standin, name: str) -> User:
    users = standin.world.users
    if name.isdigit() and int(name) in users:
        return users[int(name)]
    for each in users.values():
        if each.username == name.removeprefix("@"):
            return each
    raise Refused(f"there is no user {name!r}")


def guild(standin: Standin, name: str | None) -> Guild:
    """Without a name, the first one."""
    guilds = standin.world.guilds
    if name is None and guilds:
        return next(iter(guilds.values()))
    for each in guilds.values():
        if name in (str(each.id), each.name):
            return each
    raise Refused(f"there is no guild {name!r}")


def channel(standin: Standin, name: str) -> Channel:
    channels = standin.world.channels
    if name.isdigit() and int(name) in channels:
        return channels[int(name)]
    for each in channels.values():
        if each.name == name.removeprefix("#"):
            return each
    raise Refused(f"there is no channel {name!r}")


def message(standin: Standin, name: str) -> Message:
    for each in standin.world.channels.values():
        if name.isdigit() and int(name) in each.messages:
            return each.messages[int(name)]
    raise Refused(f"there is no message {name!r}")


def role(standin: Standin, name: str, place: Guild) -> Role:
    for each in place.roles.values():
        if name in (str(each.id), each.name):
            return each
    raise Refused(f"there is no role {name!r} in {place.name}")
