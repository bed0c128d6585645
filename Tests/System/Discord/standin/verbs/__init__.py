"""What can a test do? To say and click as people, to build places, to make trouble, and to look."""

from . import clicks, look, people, places, trouble

__all__ = ["clicks", "look", "people", "places", "trouble"]
