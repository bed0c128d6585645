"""A stand-in of Discord on 127.0.0.1: REST and gateway of version 10, with a clock, users and faults that a test controls."""

from .server import Standin
from .settings import Settings

__all__ = ["Settings", "Standin"]
