"""Which bodies does Discord refuse? The documented limits, of which its OpenAPI description knows only some."""

from __future__ import annotations

import re
from typing import Any

from . import mentions
from .errors import FormErrors
from .model import JSON, Flag

CONTENT = 2000
EMBED_SUM = 6000
BUTTON, SELECTS, TEXT_INPUT = 2, (3, 5, 6, 7, 8), 4
COMMAND_NAME = re.compile(r"^[-_'\w]{1,32}$")


def message(body: JSON, form: FormErrors) -> None:
    """What holds for the body of every message: created, edited, an answer to an interaction."""
    content = body.get("content")
    if content is not None and not isinstance(content, str):
        form.add("content", "BASE_TYPE_STRING", "Must be a string.")
    elif content is not None and len(content) > CONTENT:
        form.add("content", "BASE_TYPE_MAX_LENGTH", f"Must be {CONTENT} or fewer in length.")
    nonce = body.get("nonce")
    if isinstance(nonce, str) and len(nonce) > 25:
        form.add("nonce", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    if isinstance(allowed := body.get("allowed_mentions"), dict):
        mentions.check(allowed, form)
    embeds(body.get("embeds") or [], form)
    new_layout = bool((body.get("flags") or 0) & Flag.COMPONENTS_V2)
    components(body.get("components") or [], form, new_layout)
    if new_layout and (content or body.get("embeds")):
        code = "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"
        form.add("content", code, "The 'content' and 'embeds' fields cannot be used with components of the new layout.")
    if len(body.get("attachments") or []) > 10:
        form.add("attachments", "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length.")


def is_empty(body: JSON, files: int) -> bool:
    return not (
        (body.get("content") or "").strip()
        or any(body.get(name) for name in ("embeds", "components", "sticker_ids", "poll"))
        or files
        or (body.get("message_reference") or {}).get("type") == 1
    )


def embeds(given: list[JSON], form: FormErrors) -> None:
    if len(given) > 10:
        form.add("embeds", "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length.")
    total = 0
    for number, embed in enumerate(given):
        texts: list[tuple[str, Any, int]] = [
            ("title", embed.get("title"), 256),
            ("description", embed.get("description"), 4096),
        ]
        texts.append(("footer.text", (embed.get("footer") or {}).get("text"), 2048))
        texts.append(("author.name", (embed.get("author") or {}).get("name"), 256))
        fields = embed.get("fields") or []
        if len(fields) > 25:
            form.add(f"embeds.{number}.fields", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
        for place, each in enumerate(fields):
            for name, most in (("name", 256), ("value", 1024)):
                if not str(each.get(name) or "").strip():
                    form.required(f"embeds.{number}.fields.{place}.{name}")
                texts.append((f"fields.{place}.{name}", each.get(name), most))
        for path, text, most in texts:
            if text is not None:
                total += len(text)
                if len(text) > most:
                    form.add(f"embeds.{number}.{path}", "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")
    if total > EMBED_SUM:
        form.add("embeds", "MAX_EMBED_SIZE_EXCEEDED", f"Embed size exceeds maximum size of {EMBED_SUM}")


def components(given: list[JSON], form: FormErrors, new_layout: bool = False) -> None:
    """Action rows of up to five buttons, or one select; each with a name of its own that is not too long."""
    if len(given) > (40 if new_layout else 5):
        form.add("components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")
    seen: set[str] = set()
    for number, row in enumerate(given):
        path = f"components.{number}"
        if row.get("type") != 1:
            if not new_layout:
                form.choice(f"{path}.type", row.get("type"), "(1,)")
            continue
        inner = row.get("components") or []
        if not 1 <= len(inner) <= 5:
            form.add(f"{path}.components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")
        if len(inner) > 1 and any(each.get("type") != BUTTON for each in inner):
            form.add(f"{path}.components", "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "The components do not fit into one row.")
        for place, each in enumerate(inner):
            component(each, f"{path}.components.{place}", seen, form)


def component(each: JSON, path: str, seen: set[str], form: FormErrors) -> None:
    kind = each.get("type")
    if kind == BUTTON:
        style = each.get("style")
        if style not in (1, 2, 3, 4, 5, 6):
            form.choice(f"{path}.style", style, "(1, 2, 3, 4, 5, 6)")
        if (label := each.get("label")) is not None:
            form.length(f"{path}.label", label, 0, 80)
        if style == 5:
            if not each.get("url"):
                form.add(f"{path}.url", "BUTTON_COMPONENT_URL_REQUIRED", "A url is required")
            return
        if not label and not each.get("emoji") and style != 6:
            form.add(f"{path}.label", "BUTTON_COMPONENT_INVALID_LABEL", "A button needs a label or an emoji.")
    elif kind in SELECTS:
        options = each.get("options") or []
        if kind == 3 and not 1 <= len(options) <= 25:
            form.add(f"{path}.options", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 25 in length.")
        for number, option in enumerate(options):
            for name in ("label", "value"):
                form.length(f"{path}.options.{number}.{name}", str(option.get(name) or ""), 1, 100)
        form.length(f"{path}.placeholder", str(each.get("placeholder") or ""), 0, 150)
    elif kind != TEXT_INPUT:
        form.choice(f"{path}.type", kind, "(2, 3, 4, 5, 6, 7, 8)")
        return
    name = str(each.get("custom_id") or "")
    if not name:
        form.required(f"{path}.custom_id")
        return
    form.length(f"{path}.custom_id", name, 1, 100)
    if name in seen:
        form.add(f"{path}.custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated")
    seen.add(name)


def modal(data: JSON, form: FormErrors) -> None:
    for name, most in (("title", 45), ("custom_id", 100)):
        if not data.get(name):
            form.required(f"data.{name}")
        else:
            form.length(f"data.{name}", data[name], 1, most)
    rows = data.get("components") or []
    if not 1 <= len(rows) <= 5:
        form.add("data.components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")
    seen: set[str] = set()
    for number, row in enumerate(rows):
        inner = [row.get("component") or {}] if row.get("type") == 18 else row.get("components") or []
        for place, each in enumerate(inner):
            path = f"data.components.{number}.components.{place}"
            component(each, path, seen, form)
            if each.get("type") != TEXT_INPUT:
                continue
            if row.get("type") != 18:
                form.length(f"{path}.label", str(each.get("label") or ""), 1, 45)
            if each.get("style") not in (1, 2):
                form.choice(f"{path}.style", each.get("style"), "(1, 2)")
            if len(each.get("value") or "") > 4000:
                form.add(f"{path}.value", "BASE_TYPE_MAX_LENGTH", "Must be 4000 or fewer in length.")


def choices(given: Any, path: str, form: FormErrors) -> None:
    """Of an option of a command, or an answer to autocomplete."""
    if not isinstance(given, list):
        form.required(path)
        return
    if len(given) > 25:
        form.add(path, "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    for number, each in enumerate(given):
        form.length(f"{path}.{number}.name", str(each.get("name") or ""), 1, 100)
        if isinstance(each.get("value"), str):
            form.length(f"{path}.{number}.value", each["value"], 0, 100)


def command(body: JSON, path: str, form: FormErrors) -> None:
    """A command, or an option of one: the same rules hold for both."""
    name = str(body.get("name") or "")
    top = "options" not in path
    if top and body.get("type", 1) != 1:
        form.length(f"{path}name", name, 1, 32)
        return
    if not COMMAND_NAME.match(name) or name != name.lower():
        form.add(f"{path}name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    form.length(f"{path}description", str(body.get("description") or ""), 1, 100)
    options = body.get("options") or []
    if len(options) > 25:
        form.add(f"{path}options", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    names = [each.get("name") for each in options]
    if len(set(names)) < len(names):
        form.add(f"{path}options", "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", "Option name already exists")
    optional = False
    for number, each in enumerate(options):
        here = f"{path}options.{number}."
        command(each, here, form)
        if optional and each.get("required"):
            form.add(
                f"{path}options.{number}",
                "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
                "Required options must be placed before non-required options",
            )
        optional = optional or not each.get("required")
        if each.get("choices"):
            choices(each["choices"], f"{here}choices", form)
            if each.get("autocomplete"):
                form.add(
                    f"{here}autocomplete",
                    "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE",
                    "An option with choices has no autocomplete",
                )
