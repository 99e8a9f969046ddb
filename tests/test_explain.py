"""One wallet's story, as a support person reads it out."""

from datetime import UTC, datetime

from exposure.amounts import NATIVE
from exposure.explain import explain
from exposure.tables import TABLES

WALLET, SINK, USDC = "0x" + "aa" * 20, "0x" + "bb" * 20, "0x" + "cc" * 20
TX = "0x" + "12" * 32


def _at(minute: int) -> datetime:
    return datetime(2026, 3, 4, 9, minute, tzinfo=UTC)


def _tables(**rows: list[dict[str, object]]) -> dict[str, object]:
    return {name: table.frame(rows.get(name, [])) for name, table in TABLES.items()}


def test_a_story_tells_what_happened_in_order_with_references() -> None:
    """A sighting, an approval and a loss come in time order, each with its log line or transaction."""
    place = {"chain_id": 1, "block_number": 5, "transaction_index": 0, "transaction_hash": TX}
    tables = _tables(
        wallets=[
            {"address": WALLET, "verdict": "compromised", "harm": "drained", "lost": "2.5 ETH", "p_exposed": 0.99}
        ],
        sightings=[
            {
                "address": WALLET,
                "time": _at(1),
                "link": "session",
                "strength": 0.9,
                "action": "entered_seed_phrase",
                "ref": "log:ab:7",
            }
        ],
        transfers=[
            place
            | {
                "timestamp": _at(9),
                "standard": "native",
                "token_address": NATIVE,
                "from_address": WALLET,
                "to_address": SINK,
            }
            | {"value": "2500000000000000000", "transaction_from": WALLET}
        ],
        approvals=[
            place
            | {"timestamp": _at(5), "log_index": 3, "standard": "erc20", "token_address": USDC, "from_address": WALLET}
            | {"to_address": SINK, "value": str(2**256 - 1), "unlimited": True}
        ],
        tokens=[
            {"chain_id": 1, "token_address": NATIVE, "symbol": "ETH", "decimals": 18},
            {"chain_id": 1, "token_address": USDC, "symbol": "USDC", "decimals": 6},
        ],
        attackers=[{"address": SINK, "role": "sink"}],
        evidence=[
            {"address": WALLET, "code": "A1", "weight": 6.0, "text": "2.5 ETH to a known attacker", "ref": f"tx:1:{TX}"}
        ],
    )
    story = explain(tables, WALLET)  # type: ignore[arg-type]
    assert story is not None
    assert [
        f"{WALLET}: compromised, harm drained",
        "  chance that the attacker holds its key or a signature: 0.99",
        "  lost: 2.5 ETH",
        "what happened (UTC):",
        "  2026-03-04 09:01:00   did entered_seed_phrase (session, strength 0.90)  [log:ab:7]",
        f"  2026-03-04 09:05:00   approved USDC to {SINK} (attacker), unlimited  [tx:1:{TX}:3]",
        f"  2026-03-04 09:09:00   sent 2.5 ETH to {SINK} (attacker)  [tx:1:{TX}]",
        "why this verdict:",
        f"  A1  +6.0  2.5 ETH to a known attacker  [tx:1:{TX}]",
    ] == story.lines()


def test_what_a_page_asks_again_and_again_is_one_line() -> None:
    """A session's polling does not bury the one request that matters; the JSON still holds every sighting."""
    seen = {"address": WALLET, "link": "direct", "strength": 0.98, "session": "c-1", "action": "viewed_balance"}
    tables = _tables(
        wallets=[{"address": WALLET, "verdict": "no_sign", "harm": "none"}],
        sightings=[
            *(seen | {"time": _at(minute), "ref": f"log:ab:{minute}"} for minute in (1, 2, 4)),
            seen | {"time": _at(3), "action": "entered_seed_phrase", "ref": "log:ab:3"},
        ],
    )
    story = explain(tables, WALLET)  # type: ignore[arg-type]
    assert story is not None
    assert [
        "  2026-03-04 09:01:00   did viewed_balance (direct, strength 0.98), 3 times until 2026-03-04 09:04:00  [log:ab:1]",
        "  2026-03-04 09:03:00   did entered_seed_phrase (direct, strength 0.98)  [log:ab:3]",
    ] == story.lines()[2:4]
    assert 4 == len(story.to_json()["moments"])  # type: ignore[arg-type]


def test_a_wallet_that_no_table_knows_has_no_story() -> None:
    """The caller then says what that does not mean."""
    assert explain(_tables(), WALLET) is None  # type: ignore[arg-type]
