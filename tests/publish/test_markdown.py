"""Hostile text made inert."""

import pytest

from exposure.publish.markdown import break_host, inert, join_and, join_or, plain, plain_link, plain_mail


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("entered your recovery phrase (12 words)", "entered your recovery phrase (12 words)"),
        ("version 2.68, e.g. the new one", "version 2.68, e.g. the new one"),
        ("<b>bold</b> & co", "\\<b\\>bold\\</b\\> &amp; co"),
        ("[click](https://evil.example)", "\\[click\\](https[:]//evil[.]example)"),
        ("www.evil.com", "www[.]evil[.]com"),
        ("mail help@evil.com", "mail help(at)evil[.]com"),
        ("# heading", "\\# heading"),
        ("1. item", "1\\. item"),
        ("two\nlines\tand   more", "two lines and more"),
        ("\u202egnp.exe", "\\\\u202egnp[.]exe"),
        ("\x1b[31mred", "\\\\x1b\\[31mred"),
        ("`code` *b* _i_ ~s~ |x| $y$", "\\`code\\` \\*b\\* \\_i\\_ \\~s\\~ \\|x\\| \\$y\\$"),
    ],
)
def test_text_from_outside_shows_and_does_nothing(hostile: str, shown: str) -> None:
    """Markup is escaped, links and mentions are broken, invisible characters become visible."""
    assert inert(hostile) == shown


def test_plain_shows_what_was_written() -> None:
    """Where Markdown is not read, its escapes and emphasis go."""
    assert plain(f"**If you {inert('typed <b> & *x*')}: `0xab`**") == "If you typed <b> & *x*: 0xab"


def test_a_host_is_broken_at_every_dot() -> None:
    """app.dev.example must leave no part that a program would link."""
    assert break_host("app.dev.example") == "app[.]dev[.]example"


@pytest.mark.parametrize(
    ("link", "usable"),
    [
        ("https://status.example/incident_1?a=b#c", True),
        ("http://192.0.2.1:8080/x", True),
        ("javascript:alert(1)", False),
        ("https://safe.example@evil.example/", False),
        ("https://status.example/a b", False),
        ("https://status.example/)[x](https://evil.example", False),
        ("https://st\u0430tus.example/", False),
    ],
)
def test_a_link_is_plain_or_not_shown(link: str, usable: bool) -> None:
    """Nothing that ends the link early, hides the host or runs."""
    assert (plain_link(link) is not None) is usable


def test_a_mail_address_is_plain_or_not_shown() -> None:
    """One address, and nothing that could hold more."""
    assert plain_mail("help@team.example") == "help@team.example"
    assert plain_mail("help@team.example?cc=x@evil.example") is None


def test_words_are_joined_as_people_write() -> None:
    """One, two and three."""
    assert [join_or("a"), join_or("ab"), join_or("abc")] == ["a", "a or b", "a, b or c"]
    assert join_and("abc") == "a, b and c"
