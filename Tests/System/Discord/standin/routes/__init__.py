"""What can be asked for? Every operation of the REST API that the stand-in has, declared when these modules are read."""

from . import channels, commands, guilds, messages, threads, users, webhooks

__all__ = ["channels", "commands", "guilds", "messages", "threads", "users", "webhooks"]
