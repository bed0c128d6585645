"""How does a channel look? As one page of HTML without scripts, near to what Discord shows, for documentation."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from .model import JSON, Channel, Flag, Message, MessageType
from .world import World

STYLE = (Path(__file__).parent / "page.css").read_text()
COLOURS = ("#5865f2", "#3ba55c", "#faa61a", "#eb459e", "#ed4245", "#747f8d")
BUTTONS = {1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "link"}
FENCE = re.compile(r"```(?:[\w+-]*\n)?(.*?)\n?```", re.DOTALL)
INLINE = re.compile(
    r"`(?P<code>[^`\n]+)`|\*\*(?P<bold>.+?)\*\*|\*(?P<italic>[^*\n]+)\*|__(?P<under>.+?)__|~~(?P<gone>.+?)~~"
    r"|&lt;@!?(?P<user>\d+)&gt;|&lt;@&amp;(?P<role>\d+)&gt;|&lt;#(?P<channel>\d+)&gt;|&lt;t:(?P<time>-?\d+)(?::\w)?&gt;"
    r"|\[(?P<label>[^\]\n]+)\]\((?P<target>https?://[^)\s]+)\)|(?P<url>https?://[^\s<]+)",
    re.DOTALL,
)


def channel(world: World, place: Channel, seen_by: int | None = None) -> str:
    name = escape(place.name or "direct message")
    entries = [each for each in place.messages.values() if each.visible_to in (None, seen_by)]
    body = "\n".join(entry(world, each) for each in sorted(entries, key=lambda each: each.id))
    topic = f"<span class=topic>{escape(place.topic)}</span>" if place.topic else ""
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>#{name}</title><style>{STYLE}</style>"
        f"<header><b>#</b> {name}{topic}</header><main>{body}</main></html>"
    )


def entry(world: World, message: Message) -> str:
    if message.type in (MessageType.PIN, MessageType.THREAD_STARTER):
        what = "pinned a message to this channel." if message.type == MessageType.PIN else "started this thread."
        return f"<p class=system>{escape(author(world, message))} {what}</p>"
    user = world.users.get(message.author_id)
    name = author(world, message)
    colour = COLOURS[sum(name.encode()) % len(COLOURS)]
    tag = "<span class=bot>APP</span>" if user is None or user.bot else ""
    edited = "<span class=edited>(edited)</span>" if message.edited_at is not None else ""
    moment = datetime.fromtimestamp(message.created_at, UTC).strftime("%H:%M")
    parts = [reply(world, message), f"<div class=name style='color:{colour}'>{escape(name)}{tag}<time>{moment}</time></div>"]
    if message.flags & Flag.LOADING:
        parts.append(f"<div class=thinking>{escape(name)} is thinking…</div>")
    elif message.content:
        parts.append(f"<div class=text>{text(world, message.content)}{edited}</div>")
    parts += [
        f"<div class=file>📄 {escape(each.filename)} <small>{len(each.data)} bytes</small></div>"
        for each in message.attachments
    ]
    parts += [embed(world, each) for each in message.embeds]
    parts += [row(each) for each in message.components]
    if message.reactions:
        chips = "".join(f"<span>{escape(key.split(':')[0])} {len(who)}</span>" for key, who in message.reactions.items())
        parts.append(f"<div class=reactions>{chips}</div>")
    if message.flags & Flag.HAS_THREAD and message.id in world.channels:
        thread = world.channels[message.id]
        parts.append(f"<div class=thread><b>{escape(thread.name)}</b> {len(thread.messages)} in it ›</div>")
    if message.visible_to is not None:
        parts.append("<div class=only>Only you can see this</div>")
    pin = " pinned" if message.pinned_at is not None else ""
    avatar = f"<div class=avatar style='background:{colour}'>{escape(name[:1].upper())}</div>"
    return f"<article class='message{pin}'>{avatar}<div class=body>{''.join(parts)}</div></article>"


def author(world: World, message: Message) -> str:
    user = world.users.get(message.author_id)
    return message.webhook_name or (user.global_name or user.username if user is not None else "somebody")


def reply(world: World, message: Message) -> str:
    if message.interaction is not None and message.type == MessageType.COMMAND:
        return f"<div class=reply>╭ {escape(message.interaction['user']['username'])} used a command</div>"
    if message.reference is None or message.type != MessageType.REPLY:
        return ""
    there = world.channels.get(int(message.reference["channel_id"]))
    original = there.messages.get(int(message.reference["message_id"])) if there is not None else None
    if original is None:
        return "<div class=reply>╭ original message was deleted</div>"
    return f"<div class=reply>╭ <b>{escape(author(world, original))}</b> {escape(original.content[:80])}</div>"


def text(world: World, content: str) -> str:
    """Discord's markdown, as far as a queue has use for it. All text is escaped before anything is put around it."""
    pieces = []
    last = 0
    for fence in FENCE.finditer(content):
        pieces.append(inline(world, content[last : fence.start()]))
        pieces.append(f"<pre>{escape(fence[1])}</pre>")
        # The line that the fence ends is not another empty one.
        last = fence.end() + content[fence.end() :].startswith("\n")
    pieces.append(inline(world, content[last:]))
    return "".join(pieces)


def inline(world: World, content: str) -> str:
    def replace(found: re.Match[str]) -> str:
        kind, inside = found.lastgroup or "", found[found.lastgroup or 0]
        if kind in ("bold", "italic", "under", "gone"):
            tag = {"bold": "b", "italic": "i", "under": "u", "gone": "s"}[kind]
            return f"<{tag}>{INLINE.sub(replace, inside)}</{tag}>"
        if kind == "code":
            return f"<code>{inside}</code>"
        if kind == "user":
            user = world.users.get(int(inside))
            return f"<span class=mention>@{escape(user.global_name or user.username) if user else inside}</span>"
        if kind == "role":
            names = [each.roles[int(inside)].name for each in world.guilds.values() if int(inside) in each.roles]
            return f"<span class=mention>@{escape(names[0]) if names else inside}</span>"
        if kind == "channel":
            place = world.channels.get(int(inside))
            return f"<span class=mention>#{escape(place.name) if place else 'unknown'}</span>"
        if kind == "time":
            return f"<code>{datetime.fromtimestamp(int(inside), UTC):%Y-%m-%d %H:%M}</code>"
        if kind == "target":
            return f"<a>{found['label']}</a>"
        return f"<a>{inside}</a>"

    return INLINE.sub(replace, escape(content, quote=False)).replace("\n", "<br>")


def embed(world: World, given: JSON) -> str:
    colour = f"#{given.get('color') or 0x4F545C:06x}"
    parts = []
    if head := (given.get("author") or {}).get("name"):
        parts.append(f"<div class=author>{escape(head)}</div>")
    if given.get("title"):
        parts.append(f"<div class=title>{inline(world, given['title'])}</div>")
    if given.get("description"):
        parts.append(f"<div>{text(world, given['description'])}</div>")
    if given.get("fields"):
        fields = "".join(field(world, each) for each in given["fields"])
        parts.append(f"<div class=fields>{fields}</div>")
    if foot := (given.get("footer") or {}).get("text"):
        parts.append(f"<footer>{escape(foot)}</footer>")
    return f"<div class=embed style='border-color:{colour}'>{''.join(parts)}</div>"


def field(world: World, given: JSON) -> str:
    wide = "" if given.get("inline") else " wide"
    return f"<div class='field{wide}'><b>{inline(world, given['name'])}</b>{text(world, given['value'])}</div>"


def button(given: JSON) -> str:
    emoji = escape((given.get("emoji") or {}).get("name") or "")
    style = BUTTONS.get(given.get("style", 2), "secondary")
    off = " off" if given.get("disabled") else ""
    return f"<span class='button {style}{off}'>{emoji} {escape(given.get('label') or '')}</span>"


def row(given: JSON) -> str:
    if given.get("type") == 10:
        return f"<div class=text>{escape(given.get('content', ''))}</div>"
    inner = []
    for each in given.get("components", []):
        if each.get("type") == 2:
            inner.append(button(each))
        elif "components" in each:
            inner.append(row(each))
        else:
            inner.append(f"<span class=menu>{escape(each.get('placeholder') or 'Select')} ▾</span>")
    return f"<div class=row>{''.join(inner)}</div>"
