"""Tables (CSV, Parquet) and lists of JSON objects -> lines of JSON objects, as a stream, so that one way of reading follows.

A row's line is its number in the file, and a CSV's header is line 1. A header, and a row that does not fit it, become a list of
texts: no row is lost, and whoever reads the lines refuses or sets them aside.
"""

import codecs
import csv
import re
import tempfile
from collections.abc import Iterator, Sequence
from itertools import chain

import msgspec
import polars as pl

from exposure.errors import ExposureError
from exposure.incident import LogSource
from exposure.logs.formats.known import FORMATS, detect
from exposure.logs.reading.lines import LONGEST_LINE

# So many bytes show whether a file is a table.
TELLING = 256 << 10
_PARQUET = b"PAR1"
_LIST = re.compile(rb"\s*\[\s*\{")
_DELIMITERS = ",;\t|"
# What names of columns do not hold, and the first lines of server logs do.
_NO_NAME = ('"', "://", " - ")
_SAMPLE = 50
_ROWS = 16_384
# A field may hold line feeds. One that never ends would swallow the rest of the file.
_LONGEST_ROW = 1_000
# Broken objects of one buffer that are looked behind, each by reading to the buffer's end.
_MOST_BROKEN = 64
_BETWEEN = re.compile(r"[\s,\[\]]*")
# A whole text, else a quote that opens one; possessive, so that nothing is tried twice.
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|["{}\[\]]', re.DOTALL)
_NEXT = re.compile(r"\}\s*,\s*(?=\{)")


def as_objects(content: Iterator[bytes], log: LogSource, shown: str) -> Iterator[bytes]:
    """Give a file's content in chunks of lines: tables and lists become objects, all else stays as it is.

    Raises ExposureError for Parquet that cannot be read.
    """
    table, whole = table_in(content, log)
    return to_objects(whole, table, shown)


def table_in(content: Iterator[bytes], log: LogSource) -> tuple[str, Iterator[bytes]]:
    """Tell by its start what a content is (see `table_of`), and give it again."""
    first: list[bytes] = []
    while sum(map(len, first)) < TELLING and (chunk := next(content, b"")):
        first.append(chunk)
    head = b"".join(first)
    return table_of(head, log), chain([head], content) if head else content


def table_of(head: bytes, log: LogSource) -> str:
    """Tell by its first bytes (TELLING of them) what a content is, never by a file's name.

    `parquet`, `list`, what separates the columns of a CSV; nothing where its lines are its own.
    """
    if head.startswith(_PARQUET):
        return "parquet"
    if _LIST.match(head.removeprefix(codecs.BOM_UTF8)):
        return "list"
    return _delimiter(head, log) or ""


def to_objects(content: Iterator[bytes], table: str, shown: str) -> Iterator[bytes]:
    """Turn what `table_in` told into lines of objects. Raises ExposureError for Parquet that cannot be read."""
    if table == "parquet":
        return _parquet_lines(content, shown)
    if table == "list":
        return _list_lines(content)
    return _csv_lines(content, table) if table else content


def _delimiter(head: bytes, log: LogSource) -> str | None:
    """Tell what separates a CSV's columns; None where the content is no CSV, or one that no format knows."""
    rows = head[: head.rfind(b"\n") + 1] or head
    header = rows.removeprefix(codecs.BOM_UTF8).lstrip().split(b"\n", 1)[0].decode("utf-8", "replace")
    if not header or "{" in header or "\0" in header:
        return None
    delimiter = max(_DELIMITERS, key=lambda one: len(_fields(header, one) or ()))
    if any(mark in name for name in _fields(header, delimiter) or [header] for mark in _NO_NAME):
        return None
    named = log.format in FORMATS and FORMATS[log.format].objects
    if named or (log.format == "auto" and (log.fields or log.kind == "events")):
        return delimiter
    if log.format != "auto" or delimiter not in header:
        return None
    lines = b"".join(_csv_lines(iter([rows]), delimiter)).decode("utf-8", "replace").split("\n")[1 : _SAMPLE + 1]
    found = detect([line for line in lines if line.startswith("{")])
    return delimiter if found is not None and found.objects else None


def _fields(row: str, delimiter: str) -> list[str] | None:
    """Split one row; None where it breaks the rules of CSV."""
    try:
        return next(csv.reader([row], delimiter=delimiter), [])
    except csv.Error:
        return None


def _csv_lines(chunks: Iterator[bytes], delimiter: str) -> Iterator[bytes]:
    """Turn the rows of a CSV into objects of texts."""
    csv.field_size_limit(LONGEST_LINE)
    names: list[str] = []
    for rows in _csv_rows(chunks):
        lines = []
        for row in rows:
            for values in _row_values(row, delimiter, len(names)):
                if not names:
                    names = [name.strip() for name in values]
                    lines.append(msgspec.json.encode(names))
                elif not values:
                    lines.append(b"")
                elif len(values) == len(names):
                    lines.append(msgspec.json.encode(dict(zip(names, values, strict=True))))
                else:
                    lines.append(msgspec.json.encode(values))
        if lines:
            yield b"\n".join(lines) + b"\n"


def _row_values(row: Sequence[str], delimiter: str, width: int) -> Iterator[list[str]]:
    """Give a row's values; of one over several lines that is no row after all, those of each of its lines."""
    values = _fields("\n".join(row), delimiter)
    if len(row) == 1 or (values is not None and (not width or len(values) == width)):
        yield row[:1] if values is None else values  # type: ignore[misc]
        return
    for line in row:
        yield _fields(line, delimiter) or [line]


def _csv_rows(chunks: Iterator[bytes]) -> Iterator[list[list[str]]]:
    """Give the rows of each chunk, each as its lines: a row goes on while a quote is open."""
    rest = b""
    row: list[str] = []
    held, opened = 0, False
    first = True
    for chunk in chain(chunks, [None]):
        rows: list[list[str]] = []
        block = rest if chunk is None else rest + chunk
        if first:
            block, first = block.removeprefix(codecs.BOM_UTF8), False
        lines = block.split(b"\n")
        rest = lines.pop() if chunk is not None else b""
        if chunk is None and lines[-1] == b"":
            lines.pop()
        for line in lines:
            row.append(line.removesuffix(b"\r").decode("utf-8", "replace"))
            held += len(line)
            opened ^= line.count(b'"') % 2 == 1
            if not opened:
                rows.append(row)
                row, held = [], 0
            elif len(row) > _LONGEST_ROW or held > LONGEST_LINE:
                rows += [[one] for one in row]
                row, held, opened = [], 0, False
        if chunk is None:
            rows += [[one] for one in row]
        yield rows


def _parquet_lines(chunks: Iterator[bytes], shown: str) -> Iterator[bytes]:
    """Turn the rows of a Parquet file into objects. It is kept aside for that: its list of contents stands at its end."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with tempfile.TemporaryFile() as file:
        for chunk in chunks:
            file.write(chunk)
        file.seek(0)
        try:
            for batch in pq.ParquetFile(file).iter_batches(batch_size=_ROWS):
                rows = pl.DataFrame(pl.from_arrow(batch))
                yield rows.with_columns(_texts(rows.schema)).write_ndjson().encode()
        except (pa.ArrowException, OSError, pl.exceptions.PolarsError):
            raise ExposureError(
                f"{shown} could not be read to its end",
                "this Parquet file is damaged, or holds a type of column that is not known",
                "export it again, as CSV or JSON lines",
            ) from None


def _texts(schema: pl.Schema) -> Iterator[pl.Expr]:
    """Write as text what JSON has no type for. Times keep whether they name a zone."""
    for name, dtype in schema.items():
        column = pl.col(name)
        if isinstance(dtype, pl.Datetime):
            utc = column if dtype.time_zone is None else column.dt.convert_time_zone("UTC")
            yield utc.dt.strftime("%Y-%m-%dT%H:%M:%S%.6f" + ("" if dtype.time_zone is None else "Z"))
        elif dtype == pl.Binary:
            yield pl.concat_str(pl.lit("0x"), column.bin.encode("hex")).alias(name)
        elif dtype.is_decimal() or dtype.is_temporal():
            yield column.cast(pl.String)
        elif not _has_json(dtype):
            yield column.map_elements(_as_json, return_dtype=pl.String, skip_nulls=True)


def _has_json(dtype: pl.DataType) -> bool:
    """Tell whether polars writes a type as JSON, with all that is nested in it."""
    if isinstance(dtype, pl.Struct):
        return all(_has_json(pl.Field(field.name, field.dtype).dtype) for field in dtype.fields)  # type: ignore[arg-type]
    if isinstance(dtype, pl.List):
        return _has_json(dtype.inner)  # type: ignore[arg-type]
    return dtype.is_numeric() or dtype in (pl.String, pl.Boolean, pl.Null, pl.Categorical, pl.Enum)


def _as_json(value: object) -> str:
    """Write a nested value; whoever reads fields enters JSON in a text as well."""
    plain = value.to_list() if isinstance(value, pl.Series) else value
    return msgspec.json.encode(plain, enc_hook=str).decode()


def _list_lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Turn a list of objects, written over any number of lines, into a line for each."""
    decode = codecs.getincrementaldecoder("utf-8-sig")("replace").decode
    text = ""
    for chunk in chain(chunks, [None]):
        text += decode(b"", final=True) if chunk is None else decode(chunk)
        items, rest = _items(text, ended=chunk is None)
        text = text[rest:]
        if items:
            yield "".join(item.replace("\r", " ").replace("\n", " ") + "\n" for item in items).encode(
                "utf-8", "replace"
            )


def _items(text: str, *, ended: bool) -> tuple[list[str], int]:
    """Cut what is whole out of a list's text; gives also where the rest begins, which is read again with more behind it."""
    items: list[str] = []
    broken = 0
    at = 0
    while (at := _skip(text, at)) < len(text):
        end = _end(text, at)
        if end is None:
            if not ended and len(text) - at <= LONGEST_LINE:
                break
            broken += 1
            after = _NEXT.search(text, at) if broken <= _MOST_BROKEN else None
            end = after.end() if after else len(text)
        items.append(text[at:end])
        at = end
    return items, at


def _end(text: str, at: int) -> int | None:
    """Find where the object or other item that begins at `at` ends; None where the text ends first.

    Brackets are counted, not entered: a parser that enters them can be made to overflow its stack.
    """
    if text[at] != "{":
        after = text.find("{", at)
        return None if after < 0 else after
    depth = 0
    for match in _TOKEN.finditer(text, at):
        found = match[0]
        if found == '"':  # a text without end
            return None
        depth += (found in "{[") - (found in "}]")
        if depth == 0 and len(found) == 1:
            return match.end()
    return None


def _skip(text: str, at: int) -> int:
    between = _BETWEEN.match(text, at)
    return between.end() if between else at
