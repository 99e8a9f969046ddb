"""The program: its name, its help, and the panels in which its commands stand."""

from typing import Annotated

import typer

from exposure import __version__
from exposure.console import never_refuse_a_character

app = typer.Typer(
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="Find out which wallets a web3 front-end compromise exposed, what their owners did and when, and what "
    "to tell them.",
)

START, WORK, LOOK = "Start", "Work", "Look"


def main() -> None:
    """Run the program."""
    never_refuse_a_character()
    app()


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit
