r"""What hides text in logs, undone: percent-encoding, HTML entities, \x and \u escapes, one in another. Pure."""

import html
import re
from urllib.parse import unquote

# Forms, links and JSON in each other hide text three times; one more is for whoever logs it.
_ROUNDS = 4
# Only entities that end: `&para=1` is a parameter, not a sign.
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|amp|quot|apos|lt|gt|nbsp);")
_ESCAPE = re.compile(r"((?:\\x[0-9a-fA-F]{2})+)|((?:\\u[0-9a-fA-F]{4})+)|\\u\{0{0,4}([0-9a-fA-F]{1,6})\}|\\[nrtbfv]")
_LAST = 0x10FFFF


def decode(text: str) -> str:
    """Undo all encodings, also where one was put into another; line feeds and tabs that were escaped become spaces."""
    for _ in range(_ROUNDS):
        plain = unquote(text, errors="replace") if "%" in text else text
        if "&" in plain:
            plain = _ENTITY.sub(lambda match: html.unescape(match[0]), plain)
        if "\\" in plain:
            plain = _ESCAPE.sub(_unescaped, plain)
        if plain == text:
            break
        text = plain
    return text


def _unescaped(match: re.Match[str]) -> str:
    if match[1]:
        return bytes.fromhex(match[1].replace("\\x", "")).decode("utf-8", "replace")
    if match[2]:  # two of them may be the halves of one character
        return bytes.fromhex(match[2].replace("\\u", "")).decode("utf-16-be", "replace")
    if match[3]:
        code = int(match[3], 16)
        return "\ufffd" if 0xD800 <= code < 0xE000 or code > _LAST else chr(code)
    return " "
