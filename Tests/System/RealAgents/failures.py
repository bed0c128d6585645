"""What servers of models answer where they fail: the status, headers and body, in the words of each API."""

import time


def anthropic(status, kind, message, headers=()):
    return status, {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_standin"}, headers


def openai(status, message, kind, code=None, headers=(), **more):
    return status, {"error": {"message": message, "type": kind, "param": None, "code": code, **more}}, headers


def anthropic_usage(at, seconds):
    """A subscription that is used up until a time."""
    limit = "anthropic-ratelimit-unified-"
    return anthropic(429, "rate_limit_error", "This request would exceed your account's rate limit. Please try again later.", [
        ("retry-after", str(seconds)), (limit + "status", "rejected"), (limit + "reset", str(at)), (limit + "5h-status", "rejected"),
        (limit + "5h-reset", str(at)), (limit + "5h-utilization", "1.0"), (limit + "representative-claim", "five_hour"),
        (limit + "overage-status", "rejected"), (limit + "overage-disabled-reason", "org_level_disabled")])


def openai_usage(at, seconds):
    return openai(429, "The usage limit has been reached", "usage_limit_reached", None, [
        ("x-codex-primary-used-percent", "100"), ("x-codex-primary-window-minutes", "300"), ("x-codex-primary-reset-at", str(at)),
        ("x-codex-primary-reset-after-seconds", str(seconds))], plan_type="plus", resets_at=at, resets_in_seconds=seconds)


def failure(api, mode, argument):
    """The answer of an API in a mode; None where it does not fail in that."""
    is_anthropic = api == "anthropic"
    seconds = int(argument) if argument.isdigit() else 0
    if mode == "usage":
        seconds = seconds or 7200
        return (anthropic_usage if is_anthropic else openai_usage)(int(time.time()) + seconds, seconds)
    if mode == "429":
        wait = [("retry-after", str(seconds or 1))]
        if is_anthropic:
            return anthropic(429, "rate_limit_error", "This request would exceed your organization's rate limit.", wait)
        return openai(429, f"Rate limit reached for requests. Please try again in {seconds or 1}s.", "requests", "rate_limit_exceeded",
                      wait)
    if mode in ("500", "502", "503", "529"):
        if is_anthropic:
            busy = mode in ("503", "529")
            return anthropic(int(mode), "overloaded_error" if busy else "api_error",
                             "Overloaded" if busy else "Internal server error")
        return openai(int(mode), "The server had an error while processing your request. Sorry about that!", "server_error",
                      "server_error" if mode == "500" else "server_is_overloaded")
    table = {
        "401": (anthropic(401, "authentication_error", "invalid x-api-key"),
                openai(401, "Incorrect API key provided: sk-stand******in.", "invalid_request_error", "invalid_api_key")),
        "403": (anthropic(403, "permission_error", "Your API key does not have permission to use the specified resource."),
                openai(403, "You do not have access to this project.", "invalid_request_error", "forbidden")),
        "404": (anthropic(404, "not_found_error", "model: no-such-model"),
                openai(404, "The model `no-such-model` does not exist or you do not have access to it.", "invalid_request_error",
                       "model_not_found")),
        "400": (anthropic(400, "invalid_request_error", "messages.0.content: Field required"),
                openai(400, "Unsupported parameter: 'x' is not supported with this model.", "invalid_request_error",
                       "unsupported_parameter")),
        "billing": (anthropic(400, "invalid_request_error", "Your credit balance is too low to access the Anthropic API."),
                    openai(429, "You exceeded your current quota, please check your plan and billing details.", "insufficient_quota",
                           "insufficient_quota")),
        "context": (anthropic(400, "invalid_request_error", "prompt is too long: 210448 tokens > 200000 maximum"),
                    openai(400, "Your input exceeds the context window of this model." if api == "responses" else
                           "This model's maximum context length is 128000 tokens. However, your messages resulted in 210448 tokens.",
                           "invalid_request_error", "context_length_exceeded")),
    }
    return table[mode][0 if is_anthropic else 1] if mode in table else None
