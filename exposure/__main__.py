"""`python -m exposure` is the command `exposure`."""

from exposure.cli import main

main()
