"""What every peer can be asked for."""
from __future__ import annotations

from pathlib import Path

from ..install import Unavailable

__all__ = ["Peer", "Unavailable"]


class Peer:
    """Something that runs commands. What it cannot do answers None, and the table leaves it out."""

    name = ""
    #: What is left of the queue when the machine loses power.
    durable = ""
    #: The most commands worth giving it in one round: some grow with the square of it.
    most = 20_000
    #: Seconds that a round must take at least, where the peer's own way of waiting is coarse.
    least = 0.0

    def install(self) -> None:
        """Gets it where it is missing; raises Unavailable."""

    def start(self, directory: Path, slots: int) -> None:
        """Starts what it needs, with its state in a directory."""

    def stop(self) -> None:
        """Ends what `start` started."""

    def batch(self, count: int) -> float | None:
        """Seconds from handing over `count` no-ops at once until all have ended and it is known how."""
        return None

    def one_by_one(self, count: int, clients: int) -> float | None:
        """The same, each handed over alone, from so many clients that each wait until theirs is taken."""
        return None

    def submit_command(self, *command: str) -> list[str] | None:
        """The program that a user starts to hand over one command, and its environment is `environment`."""
        return None

    def status_command(self) -> list[str] | None:
        """The program that shows what is queued."""
        return None

    @property
    def environment(self) -> dict[str, str]:
        return {}
