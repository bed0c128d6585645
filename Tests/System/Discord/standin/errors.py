"""How does Discord say no? The codes of its documentation that the stand-in uses, each with its status and sentence."""

from __future__ import annotations

from typing import Any

# code: (status, message)
TABLE: dict[int, tuple[int, str]] = {
    10002: (404, "Unknown Application"),
    10003: (404, "Unknown Channel"),
    10004: (404, "Unknown Guild"),
    10007: (404, "Unknown Member"),
    10008: (404, "Unknown Message"),
    10009: (404, "Unknown permission overwrite"),
    10011: (404, "Unknown Role"),
    10013: (404, "Unknown User"),
    10014: (400, "Unknown Emoji"),
    10015: (404, "Unknown Webhook"),
    10062: (404, "Unknown interaction"),
    10063: (404, "Unknown application command"),
    20012: (403, "You are not authorized to perform this action on this application"),
    30003: (400, "Maximum number of pins reached"),
    30010: (400, "Maximum number of reactions reached (20)"),
    30034: (400, "Max number of daily application command creates has been reached (200)"),
    30046: (429, "Maximum number of edits to messages older than 1 hour reached. Try again later."),
    40005: (413, "Request entity too large"),
    40060: (400, "Interaction has already been acknowledged."),
    40333: (403, "internal network error"),
    50001: (403, "Missing Access"),
    50003: (403, "Cannot execute action on a DM channel"),
    50005: (403, "Cannot edit a message authored by another user"),
    50006: (400, "Cannot send an empty message"),
    50007: (403, "Cannot send messages to this user"),
    50008: (400, "Cannot send messages in a non-text channel"),
    50013: (403, "Missing Permissions"),
    50019: (400, "A message can only be pinned to the channel it was sent in"),
    50021: (403, "Cannot execute action on a system message"),
    50024: (400, "Cannot execute action on this channel type"),
    50027: (401, "Invalid Webhook Token"),
    50034: (400, "You can only bulk delete messages that are under 14 days old."),
    50035: (400, "Invalid Form Body"),
    50083: (400, "Thread is archived"),
    50109: (400, "The request body contains invalid JSON."),
    160004: (400, "A thread has already been created for this message"),
    160005: (400, "Thread is locked"),
    160006: (400, "Maximum number of active threads reached"),
}


class ApiError(Exception):
    """An answer of Discord's that is an error."""

    def __init__(self, status: int, code: int, message: str, extra: dict[str, Any] | None = None) -> None:
        super().__init__(f"{status} {code} {message} {extra or ''}".rstrip())
        self.status = status
        self.code = code
        self.body: dict[str, Any] = {"message": message, "code": code, **(extra or {})}


def error(code: int, **extra: Any) -> ApiError:
    status, message = TABLE[code]
    return ApiError(status, code, message, extra)


def plain(status: int, message: str) -> ApiError:
    """What comes from before the API proper: no such route, no token."""
    return ApiError(status, 0, f"{status}: {message}")


class FormErrors:
    """Collects what is wrong with a form, field by field, as `Invalid Form Body` lists it."""

    def __init__(self) -> None:
        self._found: dict[str, Any] = {}

    def add(self, path: str, code: str, message: str) -> None:
        place = self._found
        for part in path.split("."):
            place = place.setdefault(part, {})
        place.setdefault("_errors", []).append({"code": code, "message": message})

    def length(self, path: str, value: str, low: int, high: int) -> None:
        # Discord counts code points.
        if not low <= len(value) <= high:
            self.add(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {low} and {high} in length.")

    def kind(self, path: str, value: object, *kinds: type) -> None:
        if type(value) not in kinds:
            self.add(path, "BASE_TYPE_INVALID", f"Must be one of {', '.join(each.__name__ for each in kinds)}.")

    def required(self, path: str) -> None:
        self.add(path, "BASE_TYPE_REQUIRED", "This field is required")

    def choice(self, path: str, value: object, choices: object) -> None:
        self.add(path, "BASE_TYPE_CHOICES", f"Value must be one of {choices}, not {value!r}.")

    def check(self) -> None:
        if self._found:
            raise self.refusal()

    def refusal(self) -> ApiError:
        return error(50035, errors=self._found)


def form_error(path: str, code: str, message: str) -> ApiError:
    """The refusal of a form for one thing."""
    form = FormErrors()
    form.add(path, code, message)
    return form.refusal()
