"""No secret and no IP address passes, in whatever dress; what is no secret stays readable."""

from random import Random
from urllib.parse import quote

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exposure.logs.hints import may_hold_secret
from exposure.logs.secrets.phrases import LANGUAGES, word_list
from exposure.logs.secrets.redaction import excerpt, redact, redact_column
from tests.logs.logbook import ALICE, lines_of

KEY = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"
WORDS = ["legal", "winner", "thank", "year", "wave", "sausage", "worth", "useful", "legal", "winner", "thank", "yellow"]
EXTENDED = (
    "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi"
)


def joined(separator: str) -> str:
    """Write the phrase with something between its words."""
    return separator.join(WORDS)


@pytest.mark.parametrize(
    "target",
    [
        f"/u?key={KEY}",
        f"/u?key=0x{KEY.upper()}",
        f"/u?key={KEY[:60]}",
        f"/u/{KEY}",
        f"/u?j=%7B%22k%22%3A%22{KEY}%22%7D",
        f"/u?j=%257B%2522k%2522%253A%2522{KEY}%2522%257D",
        f"/u?key={''.join(f'%{ord(digit):02x}' for digit in KEY)}",
        f"/u?seed={KEY}{KEY}",
        f"/u?x={EXTENDED}",
        f"/u?p={joined('%20')}",
        f"/u?p={joined('%2520')}",
        f"/u?p={joined('+')}",
        f"/u/{joined('-')}",
        f"/u/{joined('_')}",
        f"/u?p={joined(',').upper()}",
        f"/u?p={joined('%0A')}",
        f"/u?p=%5B%22{joined('%22%2C%22')}%22%5D",
        "/u?" + "&".join(f"w{number}={word}" for number, word in enumerate(WORDS)),
        "/u?" + "&".join(f"word{number}={word}" for number, word in enumerate(WORDS)),
        "/u?" + "&".join(f"seed[words][{number}]={word}" for number, word in enumerate(WORDS)),
        f"/u?p={joined('%20').replace('useful', 'usefull')}",
        f"/u?p={'%20'.join(WORDS[:10])}",
    ],
)
def test_a_secret_in_a_path_is_replaced(target: str) -> None:
    """Keys as hex (also cut short) and phrases with any separator, in any encoding, typed wrong or not to the end."""
    clean, secrets = redact(target)
    assert (1, True) == (secrets, "[secret]" in clean)
    assert [] == [word for word in (*WORDS, KEY[:41], EXTENDED[4:20]) if word in clean.lower()]


@pytest.mark.parametrize(
    "target",
    [
        f"/tx/0x{KEY}",
        f"/tx/0x{KEY}?tab=logs",
        f"/api/v1/transactions/0x{KEY}/receipt",
        f"/call?hash=0x{KEY}",
        f"/static/app.{KEY}.js",
        f"/static/{KEY}.chunk.css",
        f"/wallet/{ALICE}?tab=tokens",
        f"/rpc?data=0xa9059cbb{'0' * 24}{ALICE[2:]}{'0' * 64}",
        "/blog/how-to-use-a-hardware-wallet-with-our-site",
        "/api/prices?ids=bitcoin,ethereum,solana,cardano,ripple,polkadot,dogecoin,litecoin,uniswap,aave",
        "/q?a=%7B%22b%22%3A%20%22c%22%7D",
        "/at/14:49:33",
        "/v/10.15.7-beta",
    ],
)
def test_what_is_no_secret_stays_as_it_was_sent(target: str) -> None:
    """Transaction hashes behind the words that announce them, files named by hash, call data, prose."""
    assert (target, 0) == redact(target)


def test_the_same_hex_is_a_hash_in_one_place_and_a_key_in_another() -> None:
    """Each occurrence is judged by what stands before it."""
    assert (f"/tx/0x{KEY}?key=[secret]", 1) == redact(f"/tx/0x{KEY}?key={KEY}")


@pytest.mark.parametrize("ip", ["203.0.113.7", "2001:db8::7", "2001:db8:1:2:3:4:5:6", "::1", "2001%3Adb8%3A%3A7"])
def test_an_ip_address_in_a_path_is_replaced(ip: str) -> None:
    """Some pages pass the visitor's address on."""
    assert ("/geo?ip=[ip]&x=1", 0) == redact(f"/geo?ip={ip}&x=1")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f'203.0.113.7 - - [x] "GET /u?key={KEY[:50]}', '[ip] - - [x] "GET /u?key=[secret]'),
        (f'2001:db8::7 - - "GET /u?p={"+".join(WORDS[:6])}+thank+ye', '[ip] - - "GET /u?p=[secret]'),
        (f'{{"u":"\\u0022{KEY}\\u0022"', '{"u":""[secret]""'),
        ('"GET /\\x6c\\x65gal+winner+thank+year+wave+s', '"GET /[secret]'),
        ("\x1b[31mred\u202e\0", "\\x1b[31mred\\u202e\\x00"),
        ("x" * 500, "x" * 200 + " …"),
    ],
    ids=["cut key", "cut phrase", "json escapes", "hex escapes", "controls", "long"],
)
def test_the_excerpt_of_a_broken_line_is_redacted_and_harmless(line: str, expected: str) -> None:
    """A line that breaks off within a secret holds most of it: parts go, too, and four letters are a whole word."""
    assert expected == excerpt(line)[0]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("separator", [" ", "\u3000", "-", ", "])
def test_a_phrase_of_any_list_is_replaced(language: str, separator: str) -> None:
    """Also with a word that is typed wrong, and percent-encoded."""
    words = [*Random(language).sample(word_list(language), 12), "wxyzzy"]
    for text in (separator.join(words), separator.join([*words[:5], words[12], *words[5:12]])):
        clean, secrets = redact(quote(f"/u?p={text}"))
        assert secrets
        assert [] == [word for word in words[:12] if len(word) > 4 and word in clean]


def test_chinese_needs_nothing_between_its_words() -> None:
    """Each character is a word; a short sentence is none of a phrase's length."""
    sentence = "".join(word_list("chinese_simplified")[:12])
    assert ("/u?p=[secret]", 1) == redact(f"/u?p={sentence}")
    assert (f"/u?p={sentence[:11]}", 0) == redact(f"/u?p={sentence[:11]}")


@pytest.mark.parametrize(
    "target", ["/?q=%D0%BA%D0%B0%D0%BA+%D0%BA%D1%83%D0%BF%D0%B8%D1%82%D1%8C", "/?q=ｆｕｌｌ ｗｉｄｔｈ", "/a\\nb&amp;c"]
)
def test_other_scripts_stay_as_they_were_sent(target: str) -> None:
    """What is only read in another form is not written in it."""
    assert (target, 0) == redact(target)


@settings(deadline=None, max_examples=200)
@given(st.text(), st.sampled_from(["", "f" * 20 + "%66" + "f" * 20, "legal%20winner thank&#32;year", "1.2.3.4"]))
def test_the_quick_look_never_overlooks_a_secret(text: str, more: str) -> None:
    """What it passes over is written as it is."""
    rows = pl.DataFrame({"text": [text + more]})
    assert rows.select(may_hold_secret("text")).item() or redact(text + more) == (text + more, 0)


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(sorted(word_list("english"))), min_size=12, max_size=24),
    st.sampled_from(["%20", "+", "-", "%2C", "."]),
)
def test_any_phrase_is_found(words: list[str], separator: str) -> None:
    """Whatever twelve words of the list they are."""
    assert ("/u?p=[secret]", 1) == redact(f"/u?p={separator.join(words)}")


@pytest.mark.parametrize(
    "text",
    [
        ("f" * 64 + " ") * (1 << 14),
        (" ".join(WORDS) + " zzz qqq yyy ") * (1 << 14),
        "%" * (1 << 19),
        "%25" * (1 << 18),
        "1:" * (1 << 19),
        "1." * (1 << 19),
        "\\x22" * (1 << 18),
    ],
    ids=["keys", "phrases", "percent", "double percent", "colons", "points", "escapes"],
)
def test_hostile_text_takes_no_longer_than_its_length(text: str) -> None:
    """A mebibyte of secrets or of what nearly is one; a search that starts again at each would be stopped."""
    for clean, _ in (redact(text), excerpt(text)):
        assert (False, False) == (WORDS[0] in clean, "f" * 41 in clean)


def test_a_column_is_redacted_row_by_row() -> None:
    """The quick look over all rows finds the same rows as the close one; secrets are counted by line."""
    rows = lines_of(f"/u?key={KEY}", "/", f"/tx/0x{KEY}", f"/u?p={joined('+')}&k={KEY}", "/geo?ip=203.0.113.7")
    clean, secrets = redact_column(rows, "text")
    assert ["/u?key=[secret]", "/", f"/tx/0x{KEY}", "/u?p=[secret]&k=[secret]", "/geo?ip=[ip]"] == clean[
        "text"
    ].to_list()
    assert [(0, 1, 1), (0, 4, 2)] == secrets.rows()
