"""The declarations hold together."""

import polars as pl
import pytest

from exposure.tables import TABLES, Table


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_every_column_says_what_it_means(table: Table) -> None:
    """A column without a meaning cannot be explained in the sheet's legend, and keys are columns."""
    assert [] == [column.name for column in table.columns if not column.meaning]
    assert [] == [name for name in table.key if name not in table.schema]


def test_the_same_name_has_the_same_type_everywhere() -> None:
    """A join of two tables never needs a cast. Two names stand for different things, as the design has them."""
    two_meanings = {"status", "at_risk"}  # HTTP status and a person's word; what is left to save and whether it is
    types: dict[str, set[str]] = {}
    for table in TABLES.values():
        for column in table.columns:
            types.setdefault(column.name, set()).add(str(column.dtype))
    assert {} == {name: kinds for name, kinds in types.items() if len(kinds) > 1 and name not in two_meanings}


def test_rows_come_out_in_one_order() -> None:
    """Two runs that find the same rows write them in the same order."""
    table = TABLES["sightings"]
    rows = [{"address": "0xb", "ref": "2"}, {"address": "0xa", "ref": "1"}, {"address": "0xa", "ref": "0"}]
    assert table.frame(rows).equals(table.frame(rows[::-1]))
    assert ["0", "1", "2"] == table.frame(rows).get_column("ref").to_list()


def test_a_frame_that_does_not_fit_is_refused_by_name() -> None:
    """A fault of the program says which column is wrong."""
    frame = (
        TABLES["attackers"]
        .empty()
        .drop("role")
        .with_columns(pl.lit(1).alias("rolle"), pl.col("address").cast(pl.Binary))
    )
    with pytest.raises(
        ValueError, match=r"missing \['role'\], unknown \['rolle'\], wrong type \['address is Binary, not String'\]"
    ):
        TABLES["attackers"].check(frame)
