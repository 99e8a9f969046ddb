"""The commands: parse, call, render. Nothing heavy is imported until a command runs."""

from exposure.cli.program import app, main

# The help lists the commands in this order.
# isort: off
from exposure.cli import start
from exposure.cli import work
from exposure.cli import look
# isort: on

__all__ = ["app", "look", "main", "start", "work"]
