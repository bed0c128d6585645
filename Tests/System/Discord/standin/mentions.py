"""Whom does a message reach? The mentions in a text, and what `allowed_mentions` leaves of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from .errors import FormErrors
from .model import JSON, Guild
from .permissions import bits

USER = re.compile(r"<@!?(\d{15,21})>")
ROLE = re.compile(r"<@&(\d{15,21})>")
EVERYONE = re.compile(r"@(?:everyone|here)\b")
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)


@dataclass
class Reach:
    users: list[int] = field(default_factory=list)
    roles: list[int] = field(default_factory=list)
    everyone: bool = False


# Without `allowed_mentions`: a message parses all, interactions and webhooks only users.
MESSAGE_DEFAULT: JSON = {"parse": ["everyone", "roles", "users"], "replied_user": True}
INTERACTION_DEFAULT: JSON = {"parse": ["users"]}


def check(allowed: JSON, form: FormErrors) -> None:
    """The documented rules of the object: kinds, at most a hundred, and not both all and some of a kind."""
    parse = allowed.get("parse")
    for kind in parse or []:
        if kind not in ("everyone", "roles", "users"):
            form.choice("allowed_mentions.parse", kind, "('everyone', 'roles', 'users')")
    for kind in ("users", "roles"):
        named = allowed.get(kind) or []
        if len(named) > 100:
            form.add(f"allowed_mentions.{kind}", "BASE_TYPE_MAX_LENGTH", "Must be 100 or fewer in length.")
        if named and kind in (parse or []):
            form.add(
                "allowed_mentions",
                "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
                f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.',
            )


def reach(content: str, allowed: JSON | None, default: JSON, guild: Guild | None, may: int, replied_to: int | None) -> Reach:
    """Who is really mentioned by this text, sent by somebody with these permissions."""
    rule: dict[str, Any] = default if allowed is None else allowed
    parse = rule.get("parse") or []
    text = CODE.sub("", content)
    found = Reach()
    named = {int(each) for each in rule.get("users") or []}
    for user_id in map(int, USER.findall(text)):
        if ("users" in parse or user_id in named) and user_id not in found.users:
            found.users.append(user_id)
    everybody = bool(may & bits("MENTION_EVERYONE"))
    named = {int(each) for each in rule.get("roles") or []}
    for role_id in map(int, ROLE.findall(text)):
        role = guild.roles.get(role_id) if guild is not None else None
        if role is None or role_id in found.roles or not (role.mentionable or everybody):
            continue
        if "roles" in parse or role_id in named:
            found.roles.append(role_id)
    found.everyone = everybody and "everyone" in parse and EVERYONE.search(text) is not None
    if replied_to is not None and rule.get("replied_user", False) and replied_to not in found.users:
        found.users.append(replied_to)
    return found
