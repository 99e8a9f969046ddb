"""Lines of JSON objects -> columns of text. Pure: a line that is no such object is set apart, and kills no other."""

from collections.abc import Sequence
from typing import Any

import msgspec
import polars as pl

_ANY = msgspec.json.Decoder(dict[str, Any])


def decode_lines(lines: pl.DataFrame, fields: Sequence[str], witness: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read `fields` of every object of `lines` (LINES) as text; null where a field is missing or not a single value.

    Gives the lines with these columns added, and the lines that hold no JSON object. `witness` is a field whose value stands in
    the line as it is: polars reads a block as one list, so that two broken lines could shift all others, which it shows.
    """
    tidy = pl.col("text").str.starts_with("{") & pl.col("text").str.ends_with("}")
    likely = lines.filter(tidy)
    decoded = _decode_block(likely, fields, witness)
    if decoded is not None and likely.height == lines.height:
        return decoded, lines.clear()
    rest = lines.filter(~tidy) if decoded is not None else lines
    slow, broken = _decode_each(rest, fields)
    return slow if decoded is None else pl.concat([decoded, slow]), broken


def _decode_block(lines: pl.DataFrame, fields: Sequence[str], witness: str) -> pl.DataFrame | None:
    """Read all lines at once; None where any of them cannot be read so."""
    shape = pl.Struct(dict.fromkeys(fields, pl.String))
    try:
        objects = lines.get_column("text").str.json_decode(shape)
    except pl.exceptions.ComputeError:
        return None
    if len(objects) != lines.height or objects.null_count():
        return None
    decoded = pl.concat([lines, objects.struct.unnest()], how="horizontal")
    shifted = pl.col(witness).is_not_null() & ~pl.col("text").str.contains(pl.col(witness), literal=True)
    return None if decoded.select(shifted.any()).item() else decoded


def _decode_each(lines: pl.DataFrame, fields: Sequence[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read line by line."""
    rows = [_decode(text, fields) for text in lines.get_column("text")]
    whole = pl.Series([row is not None for row in rows], dtype=pl.Boolean)
    schema = dict.fromkeys(fields, pl.String)
    columns = pl.DataFrame([row for row in rows if row is not None], schema=schema, orient="row")
    return pl.concat([lines.filter(whole), columns], how="horizontal"), lines.filter(~whole)


def _decode(text: str, fields: Sequence[str]) -> list[str | None] | None:
    found = decode_object(text)
    return None if found is None else [_text(found.get(field)) for field in fields]


def decode_object(text: str) -> dict[str, Any] | None:
    """Read one line as a JSON object; None where it is none."""
    try:
        return _ANY.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None


def _text(value: object) -> str | None:
    """Write a single value as polars does."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None
