"""Nothing of an endpoint's key is ever shown, wherever a provider wants it to stand."""

import pytest

from exposure.chain.redact import clean, redact, secrets_of


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://mainnet.infura.io/v3/0123456789abcdef0123456789abcdef", "https://mainnet.infura.io/…"),
        ("https://rpc.example/?apikey=sesamesesame", "https://rpc.example/…"),
        ("https://user:sesamesesame@rpc.example", "https://rpc.example/…"),
        ("https://0a1b2c3d4e5f60718293.eth.rpc.example/", "https://….eth.rpc.example"),
        ("http://127.0.0.1:8545", "http://127.0.0.1:8545"),
        ("http://[::1]:8545/", "http://[::1]:8545"),
        ("not a url", "an endpoint"),
        ("https://[broken", "an endpoint"),
        ("", "an endpoint"),
    ],
)
def test_of_a_url_only_scheme_host_and_port_are_shown(url: str, shown: str) -> None:
    """Keys stand in the path, the query, the user part or the host's first label."""
    assert shown == redact(url)


def test_a_providers_text_loses_keys_and_urls() -> None:
    """Some providers repeat the URL, or only its key, in their error's text."""
    url = "https://rpc.example/v3/sesamesesame?token=openopenopen"
    text = f"key sesamesesame is over its limit, openopenopen too; see {url} or https://other.example/a/b"
    expected = "key … is over its limit, … too; see … or https://other.example/…"
    assert expected == clean(text, secrets_of(url))


def test_a_providers_text_is_one_short_line_without_control_characters() -> None:
    """What a provider says is hostile text: it must not rewrite the terminal or fill the report."""
    assert r"red \x1b[31m and a new line" == clean("red \x1b[31m and\n a new line")
    assert "a" * 200 + "…" == clean("a" * 5_000)
