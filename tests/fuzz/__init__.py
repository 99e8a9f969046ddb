"""Hostile bytes against the readers of logs: `make fuzz` looks for new ones, pytest tries those that were found."""
