"""Cells are inert, and a cell that nobody touched never looks like an edit."""

import polars as pl
import pytest

from exposure.publish.sheet.text import CELL_LIMIT, QUOTE, UNQUOTE, fit, inert, quote_csv, same, unquote_csv
from exposure.tables import TIME


def test_control_and_bidi_characters_are_shown_as_escapes() -> None:
    """A log line cannot reverse, hide or break what people read."""
    assert "a\\x0bb\\u202ec\\ufffed\\ne" == inert("a\x0bb\u202ec\ufffed\ne")


def test_lines_and_joiners_that_people_type_stay() -> None:
    """A note may have lines, and a family of emoji is one character to its writer; bidi controls are escaped all the same."""
    assert "one\ntwo\t👨\u200d👩\\u202e" == inert("one\r\ntwo\t👨\u200d👩\u202e", typed=True)


def test_a_text_that_no_cell_can_hold_is_cut_and_says_so() -> None:
    """Excel counts in UTF-16 and throws away what is longer; the rest is named and stands in the other files."""
    cut = fit("😀" * 20_000)
    assert CELL_LIMIT >= len(cut.encode("utf-16-le")) // 2
    assert cut.endswith(
        "😀 … [cut: 20,000 characters are too many for Excel; whole in affected.csv and affected.parquet]"
    )
    assert "x" * CELL_LIMIT == fit("x" * CELL_LIMIT)


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", "\uff1d1", "\uff0b", "\uff0d", "\uff20", "'=1", "''@"]
)
def test_a_formula_in_the_csv_has_an_apostrophe_and_loses_it_again(text: str) -> None:
    """No spreadsheet program runs it, and reading gives back what was written."""
    column = pl.Series([text])
    assert "'" + text == quote_csv(text) == column.str.replace(QUOTE, "'${1}").item()
    assert text == unquote_csv(quote_csv(text)) == pl.Series(["'" + text]).str.replace(UNQUOTE, "${1}").item()


@pytest.mark.parametrize("text", ["it's", "'quoted'", "1+1", "a=b", ""])
def test_ordinary_text_in_the_csv_has_no_apostrophe(text: str) -> None:
    """What cannot run is left alone."""
    assert (text, text) == (quote_csv(text), unquote_csv(text))


@pytest.mark.parametrize(
    ("dtype", "written", "cell"),
    [
        (TIME, "2026-03-04T09:12:31Z", "2026-03-04 09:12:31"),
        (TIME, "2026-03-04T09:12:31Z", "3/4/2026 9:12:31"),
        (TIME, "2026-03-04T09:12:31Z", "04.03.2026 09:12"),
        (TIME, "2026-03-04T09:12:31Z", "03/04/26 9:12 AM"),
        (TIME, "2026-03-04T00:00:00Z", "2026-03-04"),
        (TIME, "2026-03-04T09:12:31Z", "46085.3836921296"),
        (pl.Float64(), "0.9312345", "0.93"),
        (pl.Float64(), "0.9312345", "93.12%"),
        (pl.Float64(), "950.0", "950"),
        (pl.Float64(), "125000.5", "125,000.50"),
        (pl.Float64(), "125000.5", "125.000,50"),
        (pl.Float64(), "1e21", "1E+21"),
        (pl.Float64(), "1234567890123456.0", "1.23457E+15"),
        (pl.Boolean(), "true", "TRUE"),
        (pl.Boolean(), "false", "no"),
        (pl.String(), "one\ntwo", "one\r\ntwo "),
        (pl.String(), "a\x0bb", "a\\x0bb"),
        (pl.String(), "007", "7"),
        (pl.String(), "4915112345678", "4.91511E+12"),
        (pl.String(), "2026-03-04 11:30", "3/4/2026 11:30:00"),
    ],
)
def test_what_programs_do_to_a_cell_is_no_edit(dtype: pl.DataType, written: str, cell: str) -> None:
    """Excel, LibreOffice and Google Sheets save the same value in their own notation."""
    assert same(dtype, written, cell)


@pytest.mark.parametrize(
    ("dtype", "written", "cell"),
    [
        (TIME, "2026-03-04T09:12:31Z", "2026-03-04T09:12:32Z"),
        (TIME, "2026-03-04T09:12:31Z", "2026-03-05 09:12:31"),
        (TIME, "2026-03-04T09:12:31Z", "unknown"),
        (TIME, "2026-03-04T09:12:31Z", ""),
        (pl.Float64(), "0.93", "0.94"),
        (pl.Float64(), "0.9312345", "1"),
        (pl.Float64(), "0.93", "high"),
        (pl.Float64(), "high", "0.93"),
        (pl.Boolean(), "true", "false"),
        (pl.Boolean(), "true", "perhaps"),
        (pl.String(), "drained", "Drained"),
        (pl.String(), "", "x"),
        (pl.String(), "3/4/2026", "4/3/2026"),
        (pl.String(), "100", "101"),
        (pl.String(), "1000000000", "1e5"),
        (pl.Float64(), "1000000000.0", "1e5"),
        (pl.String(), "1.5 ETH", "1.50 ETH"),
    ],
)
def test_what_people_do_to_a_cell_is_an_edit(dtype: pl.DataType, written: str, cell: str) -> None:
    """A changed digit, word or case is a person's."""
    assert not same(dtype, written, cell)
