"""Sums of losses are exact, whatever their size, and stand once for each way to group them."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from exposure.amounts import NATIVE
from exposure.assess.takings import fact_table, takings
from exposure.tables import TABLES
from tests.assess.stories import KNOWN_WINDOW, Story, address, at

AMOUNT = st.integers(min_value=0, max_value=2**256 - 1)
LOSS = st.tuples(st.sampled_from("ab"), st.sampled_from("xy"), st.sampled_from([NATIVE, "0x" + "c" * 40]), AMOUNT)


def losses(rows: list[tuple[str, str, str, int]], **more: object) -> pl.DataFrame:
    """Give table losses: wallet, attacker, token, amount; an hour apart."""
    return TABLES["losses"].frame([
        {"address": address(who), "attacker": address(taker), "token": token, "amount": str(amount), "chain_id": 1, "amount_f64": 0.0,
         "transaction_hash": f"0x{number:064x}", "time": at(f"{number % 24:02}:30")} | more
        for number, (who, taker, token, amount) in enumerate(rows)
    ])  # fmt: skip


@given(st.lists(LOSS, max_size=12))
def test_every_sum_is_exact(rows: list[tuple[str, str, str, int]]) -> None:
    """A uint256 has 78 digits: sums neither wrap nor round, and those by wallet, attacker and hour agree with the whole."""
    found = takings(losses(rows), TABLES["tokens"].empty())
    for token in {row[2] for row in rows}:
        whole = sum(amount for _, _, other, amount in rows if other == token)
        mine = found.filter(pl.col("token") == token)
        for by in (["attacker"], ["address"], ["attacker", "address"], ["hour"], []):
            given_ = [
                pl.col(name).is_not_null() if name in by else pl.col(name).is_null()
                for name in ("attacker", "address", "hour")
            ]
            group = mine.filter(given_)
            assert whole == sum(int(amount) for amount in group.get_column("amount"))
            assert sum(1 for row in rows if row[2] == token) == group.get_column("losses").sum()


def test_no_losses_give_no_sums() -> None:
    """Nothing was lost so far."""
    assert 0 == takings(TABLES["losses"].empty(), TABLES["tokens"].empty()).height


def test_items_are_counted_apart_from_units() -> None:
    """An NFT is no base unit of a token that shares its contract."""
    plain = losses([("a", "x", "0x" + "c" * 40, 5)])
    item = losses([("a", "x", "0x" + "c" * 40, 1)], token_id="77")
    rows = takings(pl.concat([plain, item]), TABLES["tokens"].empty())
    whole = rows.filter(pl.all_horizontal(pl.col("attacker", "address", "hour").is_null()))
    assert [(False, "5"), (True, "1")] == whole.select("items", "amount").rows()


def test_the_twin_is_in_whole_tokens() -> None:
    """By the token's decimals; where nobody knows them, in base units; also for the largest number that there is."""
    rows = losses(
        [
            ("a", "x", NATIVE, 15 * 10**17),
            ("b", "x", "0x" + "c" * 40, 2_500_000),
            ("c", "x", "0x" + "d" * 40, 2**256 - 1),
        ]
    )
    tokens = TABLES["tokens"].frame([{"chain_id": 1, "token_address": "0x" + "c" * 40, "decimals": 6}])
    found = takings(rows, tokens).filter(pl.all_horizontal(pl.col("attacker", "address", "hour").is_null()))
    assert [2.5, float(2**256 - 1), 1.5] == found.get_column("amount_f64").to_list()


def test_a_worth_is_only_given_where_every_part_has_one() -> None:
    """A sum of dollars that leaves out what has no price would be too small."""
    rows = pl.concat([losses([("a", "x", NATIVE, 1)], usd=2.5), losses([("b", "x", NATIVE, 1)])])
    found = takings(rows, TABLES["tokens"].empty())
    by_wallet = found.filter(pl.col("address").is_not_null() & pl.col("attacker").is_null())
    whole = found.filter(pl.all_horizontal(pl.col("attacker", "address", "hour").is_null()))
    assert {2.5, None} == set(by_wallet.get_column("usd"))
    assert [None] == whole.get_column("usd").to_list()


def test_facts_become_a_table(story: Story) -> None:
    """So that a question in SQL can ask when the public was told."""
    rows = fact_table(story.incident()).select("kind", "time", "source").rows()
    assert sorted((fact.kind, fact.time, fact.source) for fact in KNOWN_WINDOW) == sorted(rows)
