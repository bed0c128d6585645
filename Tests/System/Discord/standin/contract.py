"""Is it as Discord's OpenAPI description says? Requests and our own answers, where the file is at hand."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from .model import JSON

VARIABLE = "DISCORD_OPENAPI"
# Beside the checkout, where it is not part of the project but can be found.
NEARBY = Path(__file__).resolve().parents[4].parent / "shared" / "facts" / "discord-openapi.json"

# The description has numbers where the documentation has words: the codes of single fields.
ALLOWED_ANSWER = re.compile(r"errors(?:\..*)?")
# Where the description and the documentation differ, the documentation is right. What the description wrongly forbids:
# permissions and overwrites as strings, `nsfw` of a guild's command, numbers as ids of files that come along, flags of embeds.
ALLOWED_REQUEST = re.compile(
    r"(?:.*\b)?(?:default_member_permissions|dm_permission|nsfw|allow|deny|attachments\.\d+\.id|embeds\[\]\.flags)"
)


def find(path: str | None = None) -> Path | None:
    """The description: what an option names, else the environment, else what lies beside the checkout."""
    for candidate in (path, os.environ.get(VARIABLE)):
        if candidate:
            return Path(candidate)
    return NEARBY if NEARBY.is_file() else None


class Contract:
    """The schemas of all operations, compiled when they are first needed."""

    def __init__(self, path: Path) -> None:
        import jsonschema_rs

        self._jsonschema: Any = jsonschema_rs
        self._description: JSON = json.loads(path.read_text())
        self._shared = {"components": self._description["components"]}
        self._compiled: dict[str, Any] = {}

    def request(self, method: str, template: str, body: Any) -> list[tuple[str, str]]:
        """What is wrong with the body of a request: where, and a sentence."""
        schema = self._request_schema(method, template)
        return [] if schema is None else self._errors(schema, body, ALLOWED_REQUEST)

    def unknown_fields(self, method: str, template: str, body: Any) -> list[str]:
        """Fields that no schema of this request has. Discord ignores them in silence, so that a typing error goes unseen."""
        schema = self._request_schema(method, template)
        return [] if schema is None else sorted(self._unknown([schema], body, ""))

    def answer(self, method: str, template: str, status: int, body: Any) -> list[str]:
        operation = self._operation(method, template)
        if operation is None:
            return []
        responses = operation["responses"]
        response = responses.get(str(status)) or responses.get(f"{status // 100}XX")
        if response is None:
            return [f"{method} {template} has no answer {status}"]
        response = self._resolve(response)
        content = response.get("content", {}).get("application/json")
        if content is None:
            return [] if body is None else [f"{method} {template} answers {status} without a body"]
        return self._sentences(content["schema"], body)

    def message(self, body: Any) -> list[str]:
        """A message that the gateway brings is the same as one that REST answers, with more around it."""
        return self._sentences({"$ref": "#/components/schemas/MessageResponse"}, body)

    def _operation(self, method: str, template: str) -> JSON | None:
        found: JSON | None = self._description["paths"].get(template, {}).get(method.lower())
        return found

    def _request_schema(self, method: str, template: str) -> JSON | None:
        operation = self._operation(method, template) or {}
        found: JSON | None = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
        return found

    def _sentences(self, schema: JSON, body: Any) -> list[str]:
        return [f"{path}: {wrong}" for path, wrong in self._errors(schema, body, ALLOWED_ANSWER)]

    def _errors(self, schema: JSON, body: Any, allowed: re.Pattern[str]) -> list[tuple[str, str]]:
        key = json.dumps(schema, sort_keys=True)
        if key not in self._compiled:
            self._compiled[key] = self._jsonschema.validator_for({**schema, **self._shared})
        found = []
        for each in self._compiled[key].iter_errors(body):
            path = ".".join(str(part) for part in each.instance_path)
            if not allowed.fullmatch(path):
                found.append((path or "body", str(each.message)[:300]))
        return found

    def _resolve(self, schema: JSON) -> JSON:
        while "$ref" in schema:
            place: Any = self._description
            for part in schema["$ref"].removeprefix("#/").split("/"):
                place = place[part]
            schema = place
        return schema

    def _unknown(self, schemas: list[JSON], value: Any, path: str) -> set[str]:
        flat = self._branches(schemas)
        if isinstance(value, list):
            items = [each["items"] for each in flat if isinstance(each.get("items"), dict)]
            return set().union(*(self._unknown(items, each, f"{path}[]") for each in value)) if items else set()
        if not isinstance(value, dict):
            return set()
        if any(each.get("additionalProperties") for each in flat):
            return set()
        known: dict[str, list[JSON]] = {}
        for each in flat:
            for name, inner in each.get("properties", {}).items():
                known.setdefault(name, []).append(inner)
        if not known:
            return set()
        found: set[str] = set()
        for name, inner_value in value.items():
            here = f"{path}.{name}".lstrip(".")
            if name not in known:
                if not ALLOWED_REQUEST.fullmatch(here):
                    found.add(here)
            else:
                found |= self._unknown(known[name], inner_value, here)
        return found

    def _branches(self, schemas: list[JSON]) -> list[JSON]:
        """The schemas and all that they are made of, without references and alternatives."""
        flat: list[JSON] = []
        waiting = list(schemas)
        while waiting:
            schema = self._resolve(waiting.pop())
            flat.append(schema)
            for name in ("oneOf", "anyOf", "allOf"):
                waiting.extend(schema.get(name, []))
        return flat
