r"""Lines of JSON objects -> columns of text. Pure: a line that is no such object is set apart, and kills no other.

Where a value stands is written as a path: `request.headers.User-Agent[]`. A key that is written with its dots (flattened, as in
CSV) is looked for first; `[]` is a list's first element; `params[wallet]` is the value beside the key `wallet` in a list of pairs;
`message ~ Issued At: (\S+)` is what the pattern's group finds in a text. JSON that stands in a text is entered too.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
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
    if path in item:
        return to_text(item[path])
    place, _, pattern = path.partition(" ~ ")
    value: Any = item
    for step in place.split("."):
        value = _enter(value, step)
        if value is None:
            return None
    text = to_text(value)
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


def _enter(value: Any, step: str) -> Any:
    """Go one step of a path into a value."""
    pair = _PAIR.fullmatch(step)
    name = pair[1] if pair else step.removesuffix("[]")
    if isinstance(value, str):
        value = parse_inside(value)
    if isinstance(value, list) and value:
        value = value[0]
    if not isinstance(value, dict):
        return None
    inside = value.get(name)
    return _beside(inside, pair[2]) if pair else inside


def _beside(pairs: Any, key: str) -> Any:
    """Give the value beside a key in a list of pairs: [key, value], or {key, value}, the value perhaps by its type."""
    if isinstance(pairs, str):
        pairs = parse_inside(pairs)
    if isinstance(pairs, dict):
        return pairs.get(key)
    for pair in pairs if isinstance(pairs, list) else []:
        if isinstance(pair, list) and len(pair) == 2 and pair[0] == key:
            return pair[1]
        if isinstance(pair, dict) and pair.get("key") == key:
            value = pair.get("value")
            if isinstance(value, dict):
                return next((one for one in value.values() if to_text(one) is not None), None)
            return value
    return None


def _decode(text: str) -> dict[str, Any] | None:
    r"""Read an object. nginx without escape=json writes \xHH, which is no JSON: such lines are mended and read again."""
    found = parse_inside(text) if text.startswith("{") else None
    if found is None and "\\x" in text:
        found = parse_inside(_HEXED.sub(_mend, text))
    return found if isinstance(found, dict) else None


def _mend(match: re.Match[str]) -> str:
    plain = bytes.fromhex(match[0].replace("\\x", "")).decode("utf-8", "replace")
    return json.dumps(plain)[1:-1]


def _read_each(objects: Sequence[Mapping[str, Any]], paths: Sequence[str]) -> pl.DataFrame:
    """Read object by object."""
    columns = {path: [find(one, path) for one in objects] for path in paths}
    return pl.DataFrame(columns, schema=dict.fromkeys(paths, pl.String))


def _decode_block(objects: pl.Series, paths: Sequence[str]) -> pl.DataFrame | None:
    """Read all objects at once; None where any of them, or a path, cannot be read so."""
    shape, places = _plan(tuple(paths))
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
    return decoded.select(**places)


@cache
def _plan(paths: tuple[str, ...]) -> tuple[pl.Struct | None, dict[str, pl.Expr]]:
    """Give the shape that holds all paths, and where each is in it; no shape where one path leads through another's end."""
    tree: Tree = {_NUMBER: None}
    for path in paths:
        if " ~ " in path or _PAIR.search(path):
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
