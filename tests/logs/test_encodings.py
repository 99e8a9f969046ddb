"""What hides text is undone, whatever is put into whatever; what only looks like it stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exposure.logs.secrets.encodings import decode

# Each writes one character; any of them may be put into any other.
DRESSES = {
    "percent": lambda sign: "".join(f"%{byte:02X}" for byte in sign.encode()),
    "decimal": lambda sign: f"&#{ord(sign)};",
    "hexadecimal": lambda sign: f"&#x{ord(sign):x};",
    "json": lambda sign: f"\\u{ord(sign):04x}",
    "braces": lambda sign: f"\\u{{{ord(sign):x}}}",
    "nginx": lambda sign: "".join(f"\\x{byte:02X}" for byte in sign.encode()),
}


@pytest.mark.parametrize("outer", DRESSES)
@pytest.mark.parametrize("inner", DRESSES)
def test_any_encoding_in_any_other_is_undone(inner: str, outer: str) -> None:
    """An é in nginx's log, in a link, in a page."""
    dressed = "".join(DRESSES[outer](sign) for sign in DRESSES[inner]("é"))
    assert "aéb" == decode(f"a{dressed}b")


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("?a=1&amp;b=2", "?a=1&b=2"),
        ("&amp;#48;x", "0x"),
        ("%25252541", "A"),
        ("?para=1&copy=2&not=3&lt=4", "?para=1&copy=2&not=3&lt=4"),
        (r"one\ntwo\tthree", "one two three"),
        (r"\ud83d\ude00", "😀"),
        (r"\ud83d", "\ufffd"),
        (r"\u{d800}\u{110000}&#55296;", "\ufffd\ufffd\ufffd"),
        (r"C:\users", r"C:\users"),
        ("100% &# \\x \\u", "100% &# \\x \\u"),
    ],
)
def test_what_is_half_an_encoding_is_none(text: str, plain: str) -> None:
    """Parameters that are called as entities are, lone halves of characters, numbers beyond the last one."""
    assert plain == decode(text)


@given(st.text())
def test_no_text_breaks_it_and_all_can_be_written(text: str) -> None:
    """A lone surrogate could not be written to a table."""
    decode(text).encode()
