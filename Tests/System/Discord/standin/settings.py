"""What can be set? Every figure that a test may want to be smaller than Discord's own."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass
class Settings:
    # Gateway
    heartbeat_interval: float = 41.25
    heartbeat_grace: float = 10.0  # real seconds in which a client must answer op 1 after the clock was moved by hand
    reconnect_patience: float = 30.0  # after op 7
    identify_total: int = 1000
    identify_window: float = 86_400.0
    identify_concurrency: int = 1
    identify_spacing: float = 5.0
    gateway_sends: int = 120
    gateway_window: float = 60.0
    resume_window: float = 180.0
    resume_events: int = 2500
    granted_intents: int = (1 << 1) | (1 << 8) | (1 << 15)  # the privileged ones that the application has been given
    # REST
    global_limit: int = 50
    invalid_limit: int = 10_000
    invalid_window: float = 600.0
    ban_seconds: float = 3600.0
    nonce_seconds: float = 180.0
    in_flight: float = 0.25  # real seconds after a 429 in which a request still counts as sent before it was read
    old_message: float = 3600.0
    old_edits: int = 30
    active_threads: int = 1000
    # Interactions
    answer_seconds: float = 3.0
    token_seconds: float = 900.0
    command_creates: int = 200
    # Content
    file_bytes: int = 10 << 20
    request_bytes: int = 25 << 20
    attachment_seconds: float = 86_400.0
    # Rules of our own house: every message says whom it may mention
    house_rules: bool = True

    def change(self, values: dict[str, object]) -> None:
        """Sets what is named; anything unknown, or of another kind, is an error."""
        known = {field.name: type(getattr(self, field.name)) for field in fields(self)}
        for name, value in values.items():
            if name not in known:
                raise ValueError(f"there is no setting {name!r}; there are: {', '.join(sorted(known))}")
            # A whole number is also a float; a boolean is neither, although Python says so.
            if type(value) is not known[name] and not (known[name] is float and type(value) is int):
                raise ValueError(f"{name} takes a {known[name].__name__}, not {value!r}")
            setattr(self, name, known[name](value))
