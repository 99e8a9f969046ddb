"""What every page of ours is filled by: all values escaped, and of scripts and styles only its own allowed. Pure."""

import base64
import hashlib

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from exposure.console import escape


def page_environment(package: str) -> Environment:
    """Give the environment of the templates beside `package`: a value that is missing is an error, and what is odd is visible."""
    return Environment(
        loader=PackageLoader(package),
        undefined=StrictUndefined,
        autoescape=select_autoescape(default=True),
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def csp_hash(text: str) -> str:
    """Give the hash by which a page's Content-Security-Policy allows a style or script of its own."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _visible(value: object) -> object:
    """Show control, invisible and direction-changing characters of every value as escapes."""
    return escape(value) if isinstance(value, str) and not isinstance(value, Markup) else value
