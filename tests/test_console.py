"""Hostile text cannot rewrite what a person sees."""

from exposure.console import escape


def test_control_and_invisible_characters_are_shown_as_escapes() -> None:
    """ANSI escapes, bidirectional overrides, zero-width characters and new lines do nothing on a terminal."""
    hostile = "a\x1b[2Jb\u202ec\u200bd\r\ne\x9b1m\ufeff"
    assert r"a\x1b[2Jb\u202ec\u200bd\r\ne\x9b1m\ufeff" == escape(hostile)


def test_ordinary_text_stays_as_it_is() -> None:
    """Letters of any language are no danger."""
    assert "Zürich 東京 → 5 €" == escape("Zürich 東京 → 5 €")
