"""Amounts are exact, however large."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exposure import amounts


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 2**256 - 1)), max_size=40))
def test_sums_equal_those_of_whole_numbers(rows: list[tuple[str, int]]) -> None:
    """A sum by group is the sum that Python's integers give, for small and for huge amounts alike."""
    frame = pl.DataFrame(
        [(key, str(value)) for key, value in rows], schema={"k": pl.String, "value": pl.String}, orient="row"
    )
    expected = [(key, str(sum(v for k, v in rows if k == key))) for key in sorted({k for k, _ in rows})]
    assert expected == amounts.sum_by(frame, ["k"]).rows()


def test_many_amounts_near_the_limit_of_decimals_do_not_wrap() -> None:
    """A hundred amounts of 37 digits add up exactly, though a 38-digit decimal could not hold their sum."""
    value = "9" * 37
    frame = pl.DataFrame({"k": ["a"] * 100, "value": [value] * 100})
    assert [("a", str(int(value) * 100))] == amounts.sum_by(frame, ["k"]).rows()


def test_a_broken_amount_is_an_error_and_not_nothing() -> None:
    """Text that is no number is never counted as zero."""
    with pytest.raises(ValueError, match="not a whole number"):
        amounts.sum_by(pl.DataFrame({"k": ["a"], "value": ["1e5"]}), ["k"])


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [
        (10**18 + 5, 18, "1.000000000000000005 ETH"),
        (12_500_000, 6, "12.5 ETH"),
        (0, 18, "0 ETH"),
        (100, 0, "100 ETH"),
        (2**256 - 1, 0, f"{2**256 - 1} ETH"),
        (7, None, "7 base units of ETH"),
    ],
)
def test_amounts_are_shown_without_rounding(value: int, decimals: int | None, expected: str) -> None:
    """What people read is the exact amount in whole tokens."""
    assert expected == amounts.show(value, decimals, "ETH")
