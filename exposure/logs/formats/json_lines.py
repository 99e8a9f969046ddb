r"""Lines of JSON objects -> columns of text. Pure: a line that is no such object is set apart, and kills no other.

Where a value stands is written as a path: `request.headers.User-Agent[]`. A key that is written with its dots (flattened, as in
CSV) is looked for first; `[]` is a list's first element; `params[wallet]` is the value beside the key `wallet` in a list of pairs;
`message ~ Issued At: (\S+)` is what the pattern's group finds in a text. JSON that stands in a text is entered too.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import accumulate
from typing import Any

import msgspec
import polars as pl

_ANY = msgspec.json.Decoder()
# What log collectors put before an object: the name of a container, a date, a priority.
_BEFORE = r"^[^{\[][^{]{0,255}\{"
# A line's own number, put into its object: two broken lines could shift all others of a block, which this shows.
_NUMBER = "\x1fline"
_LONGEST_INNER = 1 << 20
_DEEPEST = 200
_BRACKET = re.compile(r"[\[\]{}]")
_HEXED = re.compile(r"(?:\\x[0-9a-fA-F]{2})+")
_PAIR = re.compile(r"(.+)\[(.+)\]")

Tree = dict[str, Any]


def decode_paths(lines: pl.DataFrame, paths: Sequence[str]) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Read what stands at `paths` in every object of `lines` (LINES) as text; null where nothing or no single value does.

    Gives the lines that hold an object, a column for each path in the same order, and the lines that hold none.
    """
    text = pl.col("text").str.strip_chars(" \t\r")
    found = lines.with_columns(
        _object=pl.when(text.str.starts_with("{")).then(text).otherwise(text.str.replace(_BEFORE, "{"))
    )
    item = pl.col("_object")
    tidy = item.str.starts_with('{"') & item.str.ends_with("}") & ~item.str.contains("\\x", literal=True)
    likely = found.filter(tidy)
    block = _decode_block(likely.get_column("_object"), paths)
    if block is not None and likely.height == lines.height:
        return lines, block, lines.clear()
    rest = found if block is None else found.filter(~tidy)
    objects = [_decode(one) for one in rest.get_column("_object")]
    whole = pl.Series([one is not None for one in objects], dtype=pl.Boolean)
    slow = _read_each([one for one in objects if one is not None], paths)
    known, broken = rest.filter(whole), rest.filter(~whole).drop("_object")
    if block is not None:
        known, slow = pl.concat([likely, known]), pl.concat([block, slow])
    return known.drop("_object"), slow, broken


def decode_object(text: str) -> dict[str, Any] | None:
    """Read one line as a JSON object; None where it is none."""
    return _decode(re.sub(_BEFORE, "{", text.strip(" \t\r")))


def find(item: Mapping[str, Any], path: str) -> str | None:
    """Give the text at a path of one object; None where nothing or no single value stands there."""
    place, _, pattern = path.partition(" ~ ")
    (text,) = _read(item, _map((place,)), {place: 0}, 1)
    if text is None or not pattern:
        return text
    found: str | None = pl.Series([text]).str.extract(pattern, 1).item()
    return found


def to_text(value: object) -> str | None:
    """Write a single value, or the first of a list, as polars does."""
    if isinstance(value, list):
        return to_text(value[0]) if value else None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    return str(value) if isinstance(value, str | int | float) else None


def parse_inside(text: str) -> Any:
    """Read JSON that stands in a text; None where it is none, longer than a line may be, or nested deeper than any log is."""
    if not text.startswith(("{", "[")) or len(text) > _LONGEST_INNER or _is_deep(text):
        return None
    try:
        return _ANY.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None


def _is_deep(text: str) -> bool:
    """Tell whether brackets are nested deeper than `_DEEPEST`.

    Parsers stop at Python's limit of recursion, and a library that eth-account needs raises that to where the stack overflows.
    """
    if text.count("[") + text.count("{") <= _DEEPEST:
        return False
    outside = "".join(text.replace("\\\\", "").replace('\\"', "").split('"')[::2])
    depth = accumulate(1 if bracket in "[{" else -1 for bracket in _BRACKET.findall(outside))
    return max(depth, default=0) > _DEEPEST


def _decode(text: str) -> dict[str, Any] | None:
    r"""Read an object. nginx without escape=json writes \xHH, which is no JSON: such lines are mended and read again."""
    found = parse_inside(text) if text.startswith("{") else None
    if found is None and "\\x" in text:
        found = parse_inside(_HEXED.sub(_mend, text))
    return found if isinstance(found, dict) else None


def _mend(match: re.Match[str]) -> str:
    plain = bytes.fromhex(match[0].replace("\\x", "")).decode("utf-8", "replace")
    return json.dumps(plain)[1:-1]


@dataclass(slots=True)
class _Node:
    """Where paths lead on from a value: to columns by number, to keys below it, to keys in a list of pairs."""

    ends: list[int] = field(default_factory=list)
    below: dict[str, "_Node"] = field(default_factory=dict)
    pairs: dict[str, list[int]] = field(default_factory=dict)


def _read_each(objects: Sequence[Mapping[str, Any]], paths: Sequence[str]) -> pl.DataFrame:
    """Read object by object."""
    places = _places_of(paths)
    root = _map(tuple(places))
    flat = {place: number for number, place in enumerate(places) if "." in place}
    rows = [_read(item, root, flat, len(places)) for item in objects]
    return _match(pl.DataFrame(rows, schema=dict.fromkeys(places, pl.String), orient="row"), paths)


def _read(item: Mapping[str, Any], root: _Node, flat: Mapping[str, int], width: int) -> list[str | None]:
    row: list[str | None] = [None] * width
    _walk(item, root, row)
    for key in flat.keys() & item.keys():
        text = to_text(item[key])
        row[flat[key]] = row[flat[key]] if text is None else text
    return row


def _walk(value: Any, node: _Node, row: list[str | None]) -> None:
    """Put what stands at the paths below a value into the row."""
    if node.ends:
        text = to_text(value)
        for number in node.ends:
            row[number] = text
    for key, inside in _pairs(value) if node.pairs else ():
        for number in node.pairs.get(key, ()) if isinstance(key, str) else ():
            row[number] = to_text(inside) if row[number] is None else row[number]
    if node.below:
        value = parse_inside(value) if isinstance(value, str) else value
        value = value[0] if isinstance(value, list) and value else value
        if isinstance(value, dict):
            for name, further in node.below.items():
                if (inside := value.get(name)) is not None:
                    _walk(inside, further, row)


def _pairs(value: Any) -> Iterator[tuple[Any, Any]]:
    """Give the pairs of a list: [key, value], or {key, value}, the value perhaps by its type."""
    pairs = parse_inside(value) if isinstance(value, str) else value
    if isinstance(pairs, dict):
        yield from pairs.items()
    for pair in pairs if isinstance(pairs, list) else ():
        if isinstance(pair, list) and len(pair) == 2:
            yield pair[0], pair[1]
        elif isinstance(pair, dict):
            inside = pair.get("value")
            if isinstance(inside, dict):
                inside = next((one for one in inside.values() if to_text(one)), None)
            yield pair.get("key"), inside


@cache
def _map(places: tuple[str, ...]) -> _Node:
    """Put places into one map, so that an object is walked through once."""
    root = _Node()
    for number, place in enumerate(places):
        node = root
        for step in place.split("."):
            pair = _PAIR.fullmatch(step)
            node = node.below.setdefault(pair[1] if pair else step.removesuffix("[]"), _Node())
            if pair:
                node.pairs.setdefault(pair[2], []).append(number)
        if not pair:
            node.ends.append(number)
    return root


def _places_of(paths: Sequence[str]) -> list[str]:
    """Give the places that paths name, without the patterns behind them, each once."""
    return list(dict.fromkeys(path.partition(" ~ ")[0] for path in paths))


def _match(values: pl.DataFrame, paths: Sequence[str]) -> pl.DataFrame:
    """Turn a column for each place into one for each path."""
    columns = []
    for path in paths:
        place, _, pattern = path.partition(" ~ ")
        column = pl.col(place)
        columns.append((column.str.extract(pattern, 1) if pattern else column).alias(path))
    return values.select(columns)


def _decode_block(objects: pl.Series, paths: Sequence[str]) -> pl.DataFrame | None:
    """Read all objects at once; None where any of them, or a path, cannot be read so."""
    shape, places = _plan(tuple(_places_of(paths)))
    if shape is None:
        return None
    numbered = objects.to_frame("text").with_row_index("n")
    inside = pl.concat_str(pl.lit('{"\\u001fline":'), "n", pl.lit(","), pl.col("text").str.slice(1))
    try:
        decoded = numbered.select(inside.str.json_decode(shape).alias("of"), "n")
    except (pl.exceptions.ComputeError, pl.exceptions.ShapeError):
        return None
    if decoded.height != len(objects):
        return None
    own = pl.col("of").struct.field(_NUMBER).cast(pl.UInt32, strict=False)
    if decoded.select((own.eq_missing(pl.col("n"))).not_().any()).item():
        return None
    return _match(decoded.select(**places), paths)


@cache
def _plan(paths: tuple[str, ...]) -> tuple[pl.Struct | None, dict[str, pl.Expr]]:
    """Give the shape that holds all paths, and where each is in it; no shape where one path leads through another's end."""
    tree: Tree = {_NUMBER: None}
    for path in paths:
        if any(_PAIR.fullmatch(step) for step in path.split(".")):
            return None, {}
        ways = [path.split("."), [path]] if "." in path else [[path]]
        if not all(_grow(tree, way) for way in ways):
            return None, {}
    places = {path: pl.coalesce(_places(path)) for path in paths}
    return pl.Struct(_fields(tree)), places


def _grow(tree: Tree, way: Sequence[str]) -> bool:
    for step in way[:-1]:
        tree = tree.setdefault(step, {})
        if not isinstance(tree, dict):
            return False
    name, listed = way[-1].removesuffix("[]"), way[-1].endswith("[]")
    end: list[None] | None = [] if listed else None
    return bool(tree.setdefault(name, end) == end)


def _fields(tree: Tree) -> dict[str, pl.DataType]:
    return {name: _type(below) for name, below in tree.items()}


def _type(below: Any) -> pl.DataType:
    """Give the type of what stands at a name: more names, a list, or a single value."""
    if isinstance(below, dict):
        return pl.Struct(_fields(below))
    return pl.String() if below is None else pl.List(pl.String)


def _places(path: str) -> Iterator[pl.Expr]:
    for way in ([path], path.split(".")) if "." in path else ([path],):
        place = pl.col("of")
        for step in way:
            place = place.struct.field(step.removesuffix("[]"))
        yield place.list.first() if path.endswith("[]") else place
