"""The choke point of RPC URLs: what may be shown of an endpoint, and foreign text without its secrets. Pure.

Providers put the API key into the path (most), the query, the user part or the host's first label (a few), and some repeat
the URL that was asked in their error's text.
"""

import re
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

from exposure.console import escape

# Long enough for every suggestion that a provider gives, short enough for one line of a report.
SHOWN_CHARACTERS = 200
_URL = re.compile(r"(?:https?|wss?)://[^\s\"'<>\\)\]}]+", re.IGNORECASE)
# Words of a path such as `mainnet` are no secrets; from this length on a segment may be a key.
_SECRET_LENGTH = 8
_BINARY_LENGTH = 16


def redact(url: str) -> str:
    """Show an endpoint without its secrets: scheme and host, with `…` for what was left out.

    Text that is no URL gives `an endpoint`, since nobody knows what part of it is secret.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "an endpoint"
    if not host or not parts.scheme:
        return "an endpoint"
    shown = ".".join("…" if _looks_like_key(label) else label for label in host.split("."))
    if ":" in host:
        shown = f"[{host}]"
    rest = "/…" if parts.path.strip("/") or parts.query or parts.fragment or parts.username or parts.password else ""
    return escape(f"{parts.scheme}://{shown}{f':{port}' if port else ''}{rest}")


def _looks_like_key(label: str) -> bool:
    return len(label) >= 20 or (len(label) >= _BINARY_LENGTH and any(letter.isdigit() for letter in label))


def secrets_of(url: str) -> tuple[str, ...]:
    """Give the parts of a URL that must never be shown, longest first."""
    try:
        parts = urlsplit(url)
        found = {url, parts.username or "", parts.password or "", parts.query}
        found.update(parts.path.split("/"))
        found.update(value for pair in parts.query.split("&") for value in pair.split("=", 1)[1:])
        found.update(label for label in (parts.hostname or "").split(".") if _looks_like_key(label))
    except ValueError:
        found = {url}
    found |= {unquote(secret) for secret in found}
    return tuple(sorted((secret for secret in found if len(secret) >= _SECRET_LENGTH), key=len, reverse=True))


def clean(text: str, secrets: Iterable[str] = ()) -> str:
    """Make a provider's text fit to be shown: secrets and URLs replaced, control characters escaped, one line, cut."""
    for secret in secrets:
        text = text.replace(secret, "…")
    text = _URL.sub(lambda match: redact(match[0]), text)
    text = " ".join(escape(text.replace("\n", " ")).split())
    return text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "…"
