"""A phrase is known by its checksum, in every list and however it is written; a row of words is none."""

import hashlib
import json
import random
import time
import unicodedata
from collections.abc import Callable
from urllib.parse import quote

import pytest
from mnemonic import Mnemonic

from exposure.logs.secrets.encodings import decode
from exposure.logs.secrets.phrases import LANGUAGES, SIZES, composed, find_phrases, phrase_spans, word_list

SECRET = Mnemonic("english").to_mnemonic(hashlib.sha256(b"phrases").digest()[:16])
WRITTEN: dict[str, Callable[[list[str]], str]] = {
    "plus": "+".join,
    "percent": "%20".join,
    "twice": "%2520".join,
    "encoded plus": "%2B".join,
    "dashes": "-".join,
    "underscores": "_".join,
    "commas": ", ".join,
    "feeds": "%0D%0A".join,
    "escaped feeds": r"\n".join,
    "array": json.dumps,
    "array in a string": lambda words: json.dumps(json.dumps(words)),
    "fields": lambda words: "&".join(f"w{n}={word}" for n, word in enumerate(words, 1)),
    "named as a word": lambda words: "&".join(f"word{n}={word}" for n, word in enumerate(words)),
    "nested fields": lambda words: "&".join(f"seed[words][{n}]={word}" for n, word in enumerate(words)),
    "objects": lambda words: json.dumps([{"index": n, "text": word} for n, word in enumerate(words)]),
    "numbered": lambda words: " ".join(f"{n}. {word}" for n, word in enumerate(words, 1)),
    "behind words of the list": lambda words: "seed=" + "+".join(words),
    "in a sentence": lambda words: "my secret phrase " + " ".join(words) + " please help",
    "shouted": lambda words: " ".join(words).upper(),
    "every letter": lambda words: "".join(f"%{byte:02x}" for byte in " ".join(words).encode()),
    "html": lambda words: "".join(f"&#{ord(sign)};" for sign in " ".join(words)),
    "json escapes": lambda words: "".join(f"\\u{ord(sign):04x}" for sign in " ".join(words)),
    "nginx escapes": lambda words: "".join(f"\\x{byte:02X}" for byte in " ".join(words).encode()),
}


@pytest.mark.parametrize("written", WRITTEN)
def test_a_phrase_is_found_however_it_is_written(written: str) -> None:
    """Between words may stand anything, and names of fields, as long as they are the same each time."""
    text = decode(WRITTEN[written](SECRET.split()))
    assert Mnemonic.to_seed(SECRET) in [phrase.seed for phrase in find_phrases(text)]


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKD"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_all_lists_and_lengths_are_known(language: str, form: str) -> None:
    """Also with accents written as a sign of their own, percent-encoded, and in Chinese with nothing between the words."""
    known = Mnemonic(language)
    for size in SIZES:
        sentence = known.to_mnemonic(hashlib.sha256(f"{language}{size}".encode()).digest()[: size * 4 // 3])
        text = unicodedata.normalize(form, sentence)
        for written in (text, text.replace(" ", "\u3000"), text.replace(" ", "" if "chinese" in language else "-")):
            found = find_phrases(decode(quote(written)))
            assert known.to_seed(sentence) in [phrase.seed for phrase in found]
            assert phrase_spans(composed(written), 8)


def test_a_wrong_checksum_is_no_proof() -> None:
    """Of twelve words drawn by chance one row in sixteen has a right one, and opens nobody's wallet."""
    draw = random.Random(1)
    rows = [" ".join(draw.choices(word_list("english"), k=12)) for _ in range(4096)]
    assert 0.05 < sum(bool(find_phrases(row)) for row in rows) / len(rows) < 0.075


@pytest.mark.parametrize(
    "text",
    [
        "how to buy a hardware wallet and keep your recovery phrase safe from thieves who call you on the phone at night",
        "/api/prices?ids=bitcoin,ethereum,solana,cardano,ripple,polkadot,dogecoin,litecoin,uniswap,aave,maker,compound",
        " ".join(SECRET.split()[:11]),
        " ".join([*SECRET.split()[:5], "xyzzy", *SECRET.split()[5:]]),
    ],
    ids=["prose", "tickers", "eleven words", "a word between"],
)
def test_what_is_no_phrase_is_not_taken_for_one(text: str) -> None:
    """Prose, lists of names, and phrases that cannot be checked."""
    assert [] == find_phrases(text)


@pytest.mark.parametrize(
    "sentence",
    [
        "test test test test test test test test test test test junk",
        "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about",
        "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrong",
        "legal winner thank year wave sausage worth useful legal winner thank yellow",
        "letter advice cage absurd amount doctor acoustic avoid letter advice cage above",
        "myth like bonus scare over problem client lizard pioneer submit female collect",
        "ozone drill grab fiber curtain grace pudding thank cruise elder eight picnic",
        Mnemonic("english").to_mnemonic(
            bytes.fromhex("f585c11aec520db57dd353c69554b21a89b20fb0650966fa0a9d6f74fd989d8f")
        ),
        Mnemonic("japanese").to_mnemonic(bytes(16)),
    ],
)
def test_published_phrases_are_nobodys(sentence: str) -> None:
    """Of tools that print them, and the test vectors of BIP-39, in any language."""
    assert [True] == [phrase.published for phrase in find_phrases(sentence)]
    assert [False] == [phrase.published for phrase in find_phrases(SECRET)]


def test_a_phrase_does_not_show_itself() -> None:
    """An object in a traceback is printed by its name."""
    (phrase,) = find_phrases(SECRET)
    assert "Phrase()" == repr(phrase)


@pytest.mark.parametrize(
    "text",
    [
        (SECRET + "\n") * 10_000,
        (" ".join(word_list("english")) + " ") * 60,
        "的一是在不了有和人这" * 30_000,
        "w legal " * 60_000,
    ],
    ids=["phrases", "lists", "chinese", "fields"],
)
def test_hostile_text_takes_no_longer_than_its_length(text: str) -> None:
    """A line is a mebibyte at most."""
    start = time.process_time()
    find_phrases(text)
    assert time.process_time() - start < 20
